"""An export of a ledger of points as the contract's table `rewards`, for a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from crm_lab.data.quoting import path_of, text_of
from crm_lab.data.sources.point_ledgers.ledger_meaning import LedgerMeaning, contract_sql, events_sql

_SHOWN = 5
_OPTIONAL = ("expires_on", "channel", "counterpart_id")


def typed_ledger(
    connection: duckdb.DuckDBPyConnection, raw: str, meaning: LedgerMeaning, decimal: str, date_format: str, made: Path
) -> Iterator[str]:
    """Write the rows of the contract, unless something cannot be read: what that is.

    Args:
        connection: May write there.
        raw: SQL of the raw rows.
        meaning: Of columns and words.
        decimal: Decimal mark.
        date_format: Of the dates.
        made: Parquet file to write.
    """
    taken_apart = made.with_suffix(".events")  # once, for the checks and the table
    connection.execute(
        f"copy ({events_sql(raw, meaning, decimal, date_format)}) to {text_of(str(taken_apart))} (format parquet)"
    )
    events = f"select * from read_parquet({path_of(taken_apart)})"
    left_out = ", ".join(name for name in _OPTIONAL if name not in meaning.roles)
    rows = contract_sql(events, meaning)
    columns = f"* {f'exclude ({left_out})' if left_out else ''} replace (points::bigint as points)"
    problems = [*_unreadable(connection, raw, events), *_unknown(connection, events, meaning)]
    if problems:
        yield from problems
        return
    connection.execute(
        f"copy (select {columns} from ({rows}) order by customer_id, event) to {text_of(str(made))} (format parquet)"
    )
    taken_apart.unlink()


def _unreadable(connection: duckdb.DuckDBPyConnection, raw: str, events: str) -> Iterator[str]:
    broken = connection.execute(f"select count(broken_row) from ({raw})").fetchone() or (0,)
    if broken[0]:
        yield f"{broken[0]:,} rows have the wrong number of fields."
    tests = {
        "have no customer": ("customer_id is null", "date_text"),
        "have no date that can be read": ("stamp is null", "date_text"),
        "have no points that can be read": ("number is null", "written"),
        "have points whose way the running balance does not say": ("number is not null and given is null", "written"),
        "have a last day that cannot be read": ("last_day_unread is not null", "last_day_unread"),
        "have points that are no whole number": ("number <> floor(number)", "written"),
    }
    counts = ", ".join(f"count(*) filter ({test}), min({shown}) filter ({test})" for test, shown in tests.values())
    rows, *found = connection.execute(f"select count(*), {counts} from ({events})").fetchone() or (0,)
    if not rows:
        yield "has column names but no rows."
    for says, n, example in zip(tests, found[::2], found[1::2], strict=True):
        if n:
            yield f"{n:,} of {rows:,} rows {says}{f', e.g. {example!r}' if example else ''}."


def _unknown(connection: duckdb.DuckDBPyConnection, events: str, meaning: LedgerMeaning) -> Iterator[str]:
    """Words that were not there when the ledger was described: nobody said what they mean."""
    known = contract_sql(events, meaning, also="said, sign")
    words = connection.execute(
        f"select said, sign, count(*) from ({known}) where kind is null group by said, sign order by 3 desc, 1, 2"
    ).fetchall()
    if words:
        shown = ", ".join(f"{word + sign!r} ({n:,})" for word, sign, n in words[:_SHOWN])
        yield (
            f"{sum(n for *_, n in words):,} rows have a kind that nobody has said the meaning of: {shown}; write it "
            "into ledger.kinds, or run crm-lab init again."
        )
