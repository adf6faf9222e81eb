"""All rows of a file as text in SQL, for counting."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from crm_lab.data.quoting import name_of, path_of, text_of
from crm_lab.data.sources.dates_and_times import moment
from crm_lab.data.sources.lines.several_files import OVERLAP, joined, read_stacked
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.sql import PRICE, filled, latin, number_in
from crm_lab.data.sources.written_dates import dated

_ROWS = "from looked_rows"
_IN_MEMORY = 2**22  # bytes of files whose rows fit into memory many times over, even where they are packed
_numbers = count()
_NAMES = re.compile(r"\blab_reading_[0-9a-f]{16}\b")
_said_of: dict[tuple[Any, ...], dict[Any, Any]] = {}  # of the last files that fit into memory: what SQL said of them


@dataclass(frozen=True, slots=True)
class WholeFile:
    """The rows of a file, counted by SQL.

    What is asked of a column again and again, such as its numbers or its days, is read once a file (`once`): it is
    kept as a column of its own beside the rows, and joined to them by place in the queries that name it. A question
    that was put before is not put again, not even when small files are opened anew after the user's answer.

    Attributes:
        connection: Holds the view ``looked``.
        header: Its columns.
        folder: Where its rows are kept while it is looked at; ``None`` keeps them in memory.
        says: How further files were joined.
        names: Of the files that are read as one, or of the sheets.
        kept: SQL of which rows count, where some do not.
        readings: The names of columns that are read once to the SQL of what is read.
        held: The names of those that were read to the SQL of what holds them.
        said: What was asked of which rows, and what SQL said.
        changes: SQL of what became of the rows (`rewrite`).
        once_a_query: Nothing is kept beside the rows: a reading is worked out in each query that names it.
    """

    connection: duckdb.DuckDBPyConnection
    header: tuple[str, ...]
    folder: Path | None
    says: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    kept: str = ""
    readings: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    said: dict[Any, Any] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    once_a_query: bool = False

    def row(self, expressions: str, where: str = "true", **words: str) -> tuple[Any, ...]:
        """One row of aggregates over the rows that could be taken apart; words stand as ``$name`` in the SQL."""
        found = self._said(f"select {expressions} from looked where broken_row is null and ({where})", **words)
        return found[0] if found else ()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query over ``looked``."""
        return list(self._said(sql))

    def _said(self, sql: str, **words: str) -> list[tuple[Any, ...]]:
        question = (*self.changes, sql, *sorted(words.items()))
        if question not in self.said:
            self.said[question] = self.connection.execute(self._with_readings(sql), words or None).fetchall()
        found: list[tuple[Any, ...]] = self.said[question]
        return found

    def text(self, column: str) -> str:
        """Name of the column that holds a column's text (`filled`)."""
        return self.once(filled(column))

    def number(self, column: str, decimal: str, *, without: str = "") -> str:
        """Name of the column that holds a column's numbers; signs beside them, as ``%``, may be left out first."""
        text = name_of(column)
        for sign in without:
            text = f"replace({text}, {text_of(sign)}, '')"
        return self.once(number_in(text, decimal, PRICE))

    def date_text(self, columns: Mapping[str, str]) -> str:
        """Name of the column that holds the text of each row's day and time."""
        text = dated(name_of(columns["date"]))
        time = f"({text} || ' ' || trim({latin(name_of(columns['time']))}))" if "time" in columns else text
        return self.once(time)

    def moment(self, columns: Mapping[str, str], date_format: str) -> str:
        """SQL of each row's day and time."""
        return moment(self.date_text(columns), date_format, plain="time" not in columns)

    def day(self, columns: Mapping[str, str], date_format: str) -> str:
        """Name of the column that holds each row's day."""
        return self.once(f"{self.moment(columns, date_format)}::date")

    def once(self, sql: str) -> str:
        """Name of a column that holds what an expression over ``looked`` gives of each row."""
        if self.once_a_query:
            return sql
        name = f"lab_reading_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
        self.readings[name] = sql
        return name

    def _with_readings(self, sql: str) -> str:
        """A query over ``looked`` as one over its rows with the readings that the query names."""
        rows = self._rows_with_readings(sql)
        return sql if rows == _ROWS else f"with looked as not materialized ({rows}{self.kept}) {sql}"

    def _rows_with_readings(self, sql: str) -> str:
        named = dict.fromkeys(_NAMES.findall(sql))
        return _ROWS + "".join(f" positional join {self._held(name)}" for name in named if name in self.readings)

    def _held(self, name: str) -> str:
        """SQL of what holds a reading, which is made when it is first asked for."""
        if name not in self.held:
            sql = self.readings[name]
            query = f"select {sql} as {name} {self._rows_with_readings(sql)}"
            self.held[name] = _kept(self.connection, query, self.folder)
        return self.held[name]

    def rewrite(self, change: Callable[[str], str]) -> None:
        """Put other rows in the place of those of ``looked``: what SQL makes of the SQL that reads them."""
        query = change("from looked")
        held = _kept(self.connection, query, self.folder)
        _look_at(self.connection, f"from {held}", self.kept)
        self.changes.append(query)
        self.readings.clear()
        self.held.clear()

    def counts(self, column: str, most: int = 200) -> list[tuple[str, int]]:
        """The values of a column with their rows, the most frequent first."""
        return self.rows(
            f"select {self.text(column)} as v, count(*) as n from looked where broken_row is null and v is not null"
            f" group by 1 order by n desc, v limit {int(most)}"
        )


@contextmanager
def opened(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    paths: tuple[Path, ...],
    further: tuple[tuple[Reading, str], ...],
    folder: Path,
    keep: Path | None = None,
) -> Iterator[WholeFile]:
    """The whole of some files of one form, joined to further ones by a key, while inside.

    Args:
        connection: May read the folder.
        reading: How the files are read.
        paths: The files.
        further: Files that add columns, each with the column it is joined by.
        folder: Empty, for what SQL reads.
        keep: Where the rows of each file stay for the next time.
    """
    every = (*paths, *(other.path for other, _ in further))
    few = sum(path.stat().st_size for path in every) <= _IN_MEMORY
    before = _contents(every) if few else ()
    with connection.cursor() as own:  # what is kept in memory goes with it
        raw, header = read_stacked(own, replace(reading, path=paths[0]), paths, folder, keep)
        says = []
        for other, key in further:
            rows = joined(own, raw, header, other, key, folder)
            raw, header = rows.sql, rows.header
            says.append(rows.says)
        columns = [row[0] for row in own.execute(f"describe {raw}").fetchall()]
        if few or says or OVERLAP in columns:  # joins and overlaps are found once
            raw = f"from {_kept(own, raw, None if few else folder)}"
        own.execute(f"create or replace temp view looked_at_all as {raw}")
        kept = f" where not {OVERLAP}" if OVERLAP in columns else ""
        _look_at(own, raw, kept)
        names = reading.sheets if len(reading.sheets) > 1 else tuple(path.name for path in paths)
        same = few and before == _contents(every)  # nobody wrote to them while they were read
        said = _said_before((before, repr((reading, paths, further)))) if same else {}
        yield WholeFile(own, tuple(header), None if few else folder, tuple(says), names, kept, said=said)


def _contents(paths: tuple[Path, ...]) -> tuple[str, ...]:
    return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def _said_before(files: tuple[Any, ...]) -> dict[Any, Any]:
    """What SQL said of small files, if they are the last that were looked at, with nothing in them changed since."""
    if files not in _said_of:
        _said_of.clear()
        _said_of[files] = {}
    return _said_of[files]


def _kept(connection: duckdb.DuckDBPyConnection, query: str, folder: Path | None) -> str:
    """Keep the rows of a query in their order, in a folder or in memory, and give the SQL of what holds them."""
    name = f"lab_kept_{next(_numbers)}"
    if folder is None:
        connection.execute(f"create temp table {name} as {query}")
        return name
    target = folder / f"{name}.parquet"
    connection.execute(f"copy ({query}) to {text_of(str(target))}")
    return f"read_parquet({path_of(target)})"


def _look_at(connection: duckdb.DuckDBPyConnection, rows: str, kept: str) -> None:
    """Make the views ``looked_rows``, of rows that are kept, and ``looked``, of those that count."""
    connection.execute(f"create or replace temp view looked_rows as {rows}")
    connection.execute(f"create or replace temp view looked as {_ROWS}{kept}")
