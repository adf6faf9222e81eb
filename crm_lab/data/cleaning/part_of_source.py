"""One part of a source, such as a store or a city: ``complete_journey,store_id=367``, cut from the tables of the whole.

A part has the lines, customers and stores of one value. Lines without the value are in no part. Its books begin with
the whole source, so that what was left out is a step like any other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crm_lab.checks import BadInput
from crm_lab.data.cleaning.build import ledger_sql
from crm_lab.data.cleaning.cleaning_rules import Rule
from crm_lab.data.cleaning.persons_of_source import MARK, step_sql
from crm_lab.data.connection import write_private
from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.base import Action
from crm_lab.data.stored_tables import columns_of, store, stored

_FORM = re.compile(r"(?P<whole>.+?),(?!customers=|seed=|persons=)(?P<by>[A-Za-z_]\w*)=(?P<value>.+)", re.DOTALL)
_SHORT = {"store": "store_id"}
_HOLDERS = {"stores": "store_id", "customers": "customer_id"}
_CUT_ELSEWHERE = ("raw", "judged", "transactions", "quarantine", "ledger")
WHOLE, ELSEWHERE = "whole", "elsewhere"


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of which source.

    Attributes:
        whole: Name of the whole source.
        by: Column that tells the parts apart: ``store_id``, or a text column of ``stores`` or ``customers``.
        value: Its value in this part.
    """

    whole: str
    by: str
    value: str

    @property
    def name(self) -> str:
        """As a notebook's ``source`` says it.

        >>> Part("shop.toml", "city", "Bonn").name
        'shop.toml,city=Bonn'
        """
        return f"{self.whole},{self.by}={self.value}"

    def key(self, of_whole: str) -> str:
        """The key of its tables, from that of the whole."""
        return hashlib.sha256(f"{of_whole},{self.by}={self.value}".encode()).hexdigest()[:12]


def part_named(source: str) -> Part | None:
    """The part that a source's name means; ``None`` for a whole source or a sample of its customers.

    >>> part_named("complete_journey,store=367")
    Part(whole='complete_journey', by='store_id', value='367')
    >>> part_named("complete_journey,customers=300,seed=7") is None
    True

    Raises:
        BadInput: If a map of persons comes after the part.
    """
    found = _FORM.fullmatch(source)
    if found and ",persons=" in found["value"]:
        value, _, file = found["value"].partition(",persons=")
        raise BadInput(f"Persons come before the part: {found['whole']},persons={file},{found['by']}={value}.")
    return Part(found["whole"], full_name(found["by"]), found["value"]) if found else None


def full_name(by: str) -> str:
    """The column that a short word means: ``store`` is ``store_id``."""
    return _SHORT.get(by, by)


def values_of(connection: duckdb.DuckDBPyConnection, folder: Path, by: str) -> list[str]:
    """The parts there are: values of a column with at least one clean line, in order.

    Args:
        connection: May read the folder.
        folder: The tables of the whole source.
        by: The column.

    Raises:
        BadInput: If no table tells parts apart by it; it names the columns that do.
    """
    of_line = _of_line(connection, folder, full_name(by))
    found = connection.execute(f"select distinct {of_line} from {stored(folder, 'transactions')} as s order by 1")
    return [value for (value,) in found.fetchall() if value is not None]


def cut_part(
    connection: duckdb.DuckDBPyConnection, whole: Path, part: Part, folder: Path, actions: Mapping[Rule, Action]
) -> None:
    """Write the tables of a part into an empty folder.

    Args:
        connection: May read and write both folders.
        whole: The tables of the whole source.
        part: Which part.
        folder: Of the part.
        actions: The rules of the whole with what was done about them.

    Raises:
        BadInput: If there is no such part.
    """
    of_line = _of_line(connection, whole, part.by)
    here = f"select source_row from {stored(whole, 'judged')} as s where {of_line} = {text_of(part.value)}"
    cut_rows(
        connection, whole, folder, actions, here, lambda path: _rows_of_part(connection, path, whole, folder, part),
        f"There is no line with {part.by} {part.value!r} in {part.whole}.",
    )  # fmt: skip


def cut_rows(
    connection: duckdb.DuckDBPyConnection,
    whole: Path,
    folder: Path,
    actions: Mapping[Rule, Action],
    here: str,
    rows_of: Callable[[Path], str],
    nothing: str,
) -> None:
    """Write the tables that some rows of a source make into an empty folder.

    Args:
        connection: May read and write both folders.
        whole: The tables of the whole source.
        folder: Of the part.
        actions: The rules of the whole with what was done about them.
        here: SQL of the part's `source_row`.
        rows_of: SQL of the part's rows of a further table.
        nothing: What is said where no clean line is left.

    Raises:
        BadInput: If no clean line is left.
    """
    connection.execute(f"create or replace temp table here as {here}")
    mine = "source_row in (from here)"
    lines = f"select * from {stored(whole, 'transactions')} where {mine}"
    if connection.execute(f"select count(*) from ({lines})").fetchone() == (0,):
        raise BadInput(nothing)
    write_private(connection, f"from {stored(whole, 'raw')} where {mine} order by source_row", folder / "raw.parquet")
    store(connection, f"from {stored(whole, 'judged')} where {mine} order by source_row", folder / "judged.parquet")
    store(connection, f"{_within(connection, lines)} order by line_id", folder / "transactions.parquet")
    aside = f"from {stored(whole, 'quarantine')} where {mine} order by source_row"
    store(connection, aside, folder / "quarantine.parquet")
    for path in sorted(whole.glob("*.parquet")):
        if path.stem not in _CUT_ELSEWHERE:
            store(connection, rows_of(path), folder / path.name)
    store(connection, _books(connection, whole, folder, actions), folder / "ledger.parquet")


def _of_line(connection: duckdb.DuckDBPyConnection, folder: Path, by: str) -> str:
    """SQL of a line's value, over ``s``."""
    known = ["store_id"] if "store_id" in columns_of(connection, stored(folder, "transactions")) else []
    if by in known:
        return f"s.{by}"
    for name, key in _HOLDERS.items():
        if (folder / f"{name}.parquet").exists():
            columns = columns_of(connection, stored(folder, name))
            known += [column for column, kind in columns.items() if kind == "VARCHAR" and column != key]
            if by in known:
                return f"(select any_value(h.{name_of(by)}) from {stored(folder, name)} as h where h.{key} = s.{key})"
    raise BadInput(f"Parts cannot be told by {by!r}; these data have {', '.join(dict.fromkeys(known)) or 'no column'}.")


def _within(connection: duckdb.DuckDBPyConnection, lines: str) -> str:
    """Lines of which none returns a line that is not among them."""
    if "return_of" not in columns_of(connection, f"({lines})"):
        return lines
    return f"""select * replace (case when return_of in (select line_id from ({lines})) then return_of end as return_of)
               from ({lines})"""


def _rows_of_part(connection: duckdb.DuckDBPyConnection, path: Path, whole: Path, folder: Path, part: Part) -> str:
    """A further table without the rows of customers and stores of other parts."""
    columns = columns_of(connection, stored(whole, path.stem))
    wanted = []
    for key in ("customer_id", "store_id"):
        if key in columns:
            own = f"select {key} from {stored(folder, 'transactions')}"
            if _is_of(connection, whole, part.by, key):
                holder = next(name for name, its in _HOLDERS.items() if its == key)
                own = f"select {key} from {stored(whole, holder)} where {name_of(part.by)} = {text_of(part.value)}"
            wanted.append(f"({key} is null or {key} in ({own}))")
    return f"from {stored(whole, path.stem)} where {' and '.join(wanted) or 'true'} order by all"


def _is_of(connection: duckdb.DuckDBPyConnection, whole: Path, by: str, key: str) -> bool:
    """Whether the parts are told by a column of the table with this key: then its rows without lines count, too."""
    if by in _HOLDERS.values():
        return False
    tables = [name for name in _HOLDERS if (whole / f"{name}.parquet").exists()]
    holder = next(name for name in tables if by in columns_of(connection, stored(whole, name)))
    return _HOLDERS[holder] == key


def _books(connection: duckdb.DuckDBPyConnection, whole: Path, folder: Path, actions: Mapping[Rule, Action]) -> str:
    """The ledger of the part: the steps on its own lines, before them the whole and what was left out of it."""
    for name in ("raw", "judged"):
        connection.execute(f"create or replace temp view {name} as from {stored(folder, name)}")
    everything, left_out = stored(whole, "judged"), "where source_row not in (from here)"
    before = " union all ".join(
        f"select {position}, '{item}', '{action}', count(*), coalesce(sum(net_amount), 0), 0, 0 from {rows}"
        for position, item, action, rows in (
            (-2, WHOLE, "total", everything),
            (-1, ELSEWHERE, ELSEWHERE, f"{everything} {left_out}"),
        )
    )
    steps = f"from ({ledger_sql(actions, folder)}) union all {before}"
    if MARK in columns_of(connection, everything):
        steps = f"{steps} union all by name {step_sql('judged')}"
    return f"from ({steps}) order by position"
