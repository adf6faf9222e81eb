"""Ledgers larger than memory: a Parquet file or a DuckDB relation is read member by member, without pandas."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crm_lab.arrays import Integers
from crm_lab.calendar import day_date
from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.data.connection import connect
from crm_lab.loyalty.points.ledger_rows import NEEDED, sign_problems, unknown_kinds
from crm_lab.loyalty.points.lots.point_events import PointEvents
from crm_lab.loyalty.points.lots.point_kinds import KINDS, NEVER

_ROWS = 4_000_000  # allocated at a time
_BATCH = 500_000
_WHAT = "The ledger of points"
Part = tuple[PointEvents, pa.Array]
"""Events of some members, and their ids."""


class _NotInOrder(Exception):  # noqa: N818 - a turn of the reading, nobody's error
    """The rows of a member do not stand together."""


class LedgerFile:
    """A ledger in a Parquet file or a DuckDB relation.

    Attributes:
        first: First day, days since 1970-01-01.
        later: Rows after the last day that counts.
        kinds: Rows of each kind.
        dated: Rows with a last day.

    Args:
        source: Path of a Parquet file, or a relation, with the columns of the contract's table ``rewards``.
        end: Last day that counts, days since 1970-01-01.

    Raises:
        BadInput: With everything that keeps rows from being events, and counts.
    """

    def __init__(self, source: Path | str | duckdb.DuckDBPyRelation, end: int) -> None:
        if isinstance(source, duckdb.DuckDBPyRelation):
            self._source = source
        else:
            path = Path(source).resolve()
            if not path.is_file():
                raise BadInput(f"There is no file {path}.")
            self._source = connect(beside=(path.parent,)).cursor().read_parquet(str(path))
        need_columns(self._source.columns, NEEDED, _WHAT)
        self._known = self._source.filter(f"date <= date '{day_date(end)}' or date is null")
        self._check(end)

    def _check(self, end: int) -> None:
        problems = Problems(_WHAT)
        types = dict(zip(self._source.columns, map(str, self._source.types), strict=True))
        for name in ("points", "event"):
            problems.unless(
                "INT" in types[name], f"{name} is {types[name]}; it must be whole numbers (an integer column)."
            )
        problems.unless(types["date"] == "DATE", f"date is {types['date']}; it must be a DATE column.")
        problems.raise_any()
        nulls = ", ".join(f"count(*) filter ({name} is null)" for name in NEEDED)
        has_expiry = "expires_on" in types
        found = self._known.aggregate(
            f"trim(kind) as kind, count(*), count(*) filter (points > 0), count(*) filter (points < 0), min(date), "
            f"{'count(expires_on)' if has_expiry else '0'}, {nulls}",
            "trim(kind)",
        ).fetchall()  # fmt: skip
        total = self._source.aggregate("count(*)").fetchall()[0][0]
        rows = sum(row[1] for row in found)
        problems.unless(rows, f"it has no rows up to {day_date(end)}; {total:,} lie after it.")
        for place, name in enumerate(NEEDED):
            missing = sum(row[6 + place] for row in found)
            problems.unless(not missing, f"{missing:,} of {rows:,} rows have no {name}.")
        problems.extend(unknown_kinds({row[0]: row[1] for row in found if row[0] is not None and row[0] not in KINDS}))
        problems.extend(sign_problems({row[0]: (row[2], row[3]) for row in found if row[0] in KINDS}))
        problems.raise_any()
        self.later = int(total - rows)
        self.kinds = {row[0]: int(row[1]) for row in found}
        self.dated = sum(int(row[5]) for row in found)
        self.first = (min(row[4] for row in found) - day_date(0)).days
        self._columns = self._selected(types)

    def _selected(self, types: dict[str, str]) -> str:
        codes = " ".join(f"when '{kind}' then {code}" for code, kind in enumerate(KINDS))
        order = "-1::bigint"
        if "order_id" in types and {"reverse", "activate"} & set(self.kinds):  # who else asks for lots of an order?
            order = "case when order_id is null then -1 else (hash(order_id) >> 2)::bigint end"
        expires = (
            f"coalesce(date_diff('day', date '1970-01-01', expires_on::date), {NEVER})"
            if "expires_on" in types
            else f"{NEVER}::bigint"
        )
        columns = {
            "customer_id": "customer_id::varchar",
            "day": "date_diff('day', date '1970-01-01', date)",
            "event": "event::bigint",
            "kind": f"(case trim(kind) {codes} end)::bigint",
            "points": "points::bigint",
            "order_id": order,
            "expires": expires,
        }
        return ", ".join(f"{sql} as {name}" for name, sql in columns.items())

    def monthly_medians(self) -> pd.DataFrame:
        """Typical points of the events by month.

        Returns:
            One row per month and kind, as `scale_change` takes them.
        """
        some = self._known.filter("trim(kind) in ('earn', 'redeem') and points <> 0")
        rows = some.aggregate(
            "(year(date) - 1970) * 12 + month(date) - 1 as month, trim(kind) as kind, count(*) as rows, "
            "approx_quantile(abs(points), 0.5)::double as median",
            "1, 2",
        ).fetchall()
        return pd.DataFrame(rows, columns=["month", "kind", "rows", "median"])

    def parts(self) -> Iterator[Part]:
        """The events of some members after the others, and the ids of these members.

        A file whose rows of a member stand together, as the workspace writes it, is read as it is; another is sorted.

        Raises:
            BadInput: If a member has a number of event twice.
        """
        relation, passed = self._known.select(self._columns), 0
        try:
            for part in _members_together(relation, check=True):
                passed += 1
                yield part
        except _NotInOrder:
            if passed:
                raise BadInput(
                    "The rows of a member do not stand together in the ledger, though they do at its start; sort the "
                    "file by customer_id, or give a relation that is sorted by it."
                ) from None
            yield from _members_together(relation.order("customer_id"), check=False)


def ahead(parts: Iterator[Part]) -> Iterator[Part]:
    """The same, the next one being read while the one before is worked on.

    Args:
        parts: To go through.
    """
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = reader.submit(next, parts, None)
            yield part


def _members_together(relation: duckdb.DuckDBPyRelation, *, check: bool) -> Iterator[Part]:
    waiting: list[Any] = []
    rows = 0
    for batch in relation.to_arrow_reader(_BATCH):
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= _ROWS:
            table = pa.Table.from_batches(waiting).combine_chunks()
            starts = _starts(table, check=check)
            if len(starts) > 1:
                cut = int(starts[-1])
                yield _events(table.slice(0, cut), starts[:-1])
                table = table.slice(cut)
            waiting, rows = table.to_batches(), table.num_rows
    if rows:
        table = pa.Table.from_batches(waiting).combine_chunks()
        yield _events(table, _starts(table, check=check))


def _starts(table: pa.Table, *, check: bool) -> Integers:
    """Where members begin.

    Raises:
        _NotInOrder: If ids go down.
    """
    who = table.column("customer_id").chunk(0)
    before, after = who.slice(0, len(who) - 1), who.slice(1)
    if check and pc.any(pc.less(after, before)).as_py():
        raise _NotInOrder
    new = pc.not_equal(before, after).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.flatnonzero(new) + 1])


def _events(table: pa.Table, starts: Integers) -> Part:
    column = {name: table.column(name).to_numpy() for name in table.column_names if name != "customer_id"}
    member = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, table.num_rows)))
    ids = table.column("customer_id").combine_chunks().take(pa.array(starts))
    day, event = column["day"], column["event"]
    same = member[1:] == member[:-1]
    if (same & (event[1:] <= event[:-1])).any():
        rank = np.lexsort((event, member))
        twice = int(((np.diff(event[rank]) == 0) & (np.diff(member[rank]) == 0)).sum())
        if twice:
            raise BadInput(
                f"{twice:,} or more rows of the ledger have the number of another event of the same customer."
            )
    arrays = {
        "member": member, "day": day, "event": event, "kind": column["kind"], "points": column["points"],
        "order": column["order_id"], "expires": column["expires"],
    }  # fmt: skip
    if not (same & ((day[1:] < day[:-1]) | ((day[1:] == day[:-1]) & (event[1:] < event[:-1])))).any():
        return PointEvents(**arrays, row=np.arange(len(member)), members=len(starts)), ids
    return PointEvents.sorted(**arrays, members=len(starts)), ids
