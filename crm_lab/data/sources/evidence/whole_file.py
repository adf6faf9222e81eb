"""All rows of a file as text in SQL, for counting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from crm_lab.data.quoting import path_of, text_of
from crm_lab.data.sources.lines.several_files import OVERLAP, joined, read_stacked
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.sql import filled


@dataclass(frozen=True, slots=True)
class WholeFile:
    """The rows of a file, counted by SQL.

    Attributes:
        connection: Holds the view ``looked``.
        header: Its columns.
        folder: Where its rows are kept while it is looked at.
        says: How further files were joined.
        names: Of the files that are read as one, or of the sheets.
    """

    connection: duckdb.DuckDBPyConnection
    header: tuple[str, ...]
    folder: Path
    says: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def row(self, expressions: str, where: str = "true", **words: str) -> tuple[Any, ...]:
        """One row of aggregates over the rows that could be taken apart; words stand as ``$name`` in the SQL."""
        sql = f"select {expressions} from looked where broken_row is null and ({where})"
        return self.connection.execute(sql, words or None).fetchone() or ()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query over ``looked``."""
        found: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
        return found

    def rewrite(self, change: Callable[[str], str]) -> None:
        """Put other rows in the place of those of ``looked``: what SQL makes of the SQL that reads them."""
        target = self.folder / f"looked-{len(list(self.folder.glob('looked*')))}.parquet"
        self.connection.execute(f"copy ({change('from looked')}) to {text_of(str(target))}")
        self.connection.execute(f"create or replace temp view looked as from read_parquet({path_of(target)})")

    def counts(self, column: str, most: int = 200) -> list[tuple[str, int]]:
        """The values of a column with their rows, the most frequent first."""
        return self.rows(
            f"select {filled(column)} as v, count(*) as n from looked where broken_row is null and v is not null"
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
    raw, header = read_stacked(connection, replace(reading, path=paths[0]), paths, folder, keep)
    says = []
    for other, key in further:
        rows = joined(connection, raw, header, other, key, folder)
        raw, header = rows.sql, rows.header
        says.append(rows.says)
    columns = [row[0] for row in connection.execute(f"describe {raw}").fetchall()]
    if says or OVERLAP in columns:  # joins and overlaps are found once
        target = folder / "looked.parquet"
        connection.execute(f"copy ({raw}) to {text_of(str(target))}")
        raw = f"from read_parquet({path_of(target)})"
    connection.execute(f"create or replace temp view looked_at_all as {raw}")
    once = f" where not {OVERLAP}" if OVERLAP in columns else ""
    connection.execute(f"create or replace temp view looked as from ({raw}){once}")
    names = reading.sheets if len(reading.sheets) > 1 else tuple(path.name for path in paths)
    yield WholeFile(connection, tuple(header), folder, tuple(says), names)
