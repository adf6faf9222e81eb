"""Which days can be days of trade: none after today, none before shops had tills, none far off by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

FIRST = date(1980, 1, 1)
"""Earlier days are birthdays, zeros and slips of the pen."""

_FAR = 366
_FEW = 0.002
_ENOUGH = 10


def latest_possible() -> date:
    """Tomorrow in UTC: today somewhere on earth."""
    return datetime.now(UTC).date() + timedelta(days=1)


def days_of_trade_sql(lines: str) -> str:
    """SQL of one row, ``earliest`` and ``latest``, over a relation with a column ``moment``.

    A few lines (one, or 2 in 1,000) beyond a gap of more than a year that is longer than all the trade on its other
    side are no trade; each end gives way by itself.

    Args:
        lines: Name of the relation.
    """
    return f"""
        with days as (select moment::date as day, count(*) as n from {lines}
                      where moment::date between date '{FIRST}' and date '{latest_possible()}' group by 1),
        whole as (select sum(n) as n, quantile_disc(day, 0.02) as low, quantile_disc(day, 0.98) as high,
                         min(day) as first, max(day) as last from days),
        placed as (select day, lag(day) over (order by day) as before, lead(day) over (order by day) as after,
                          sum(n) over (order by day) as up_to, sum(n) over (order by day desc) as from_here from days),
        far as (select * from placed, whole where whole.n >= {_ENOUGH})
        select coalesce((select max(after) from far where up_to <= greatest(1, {_FEW} * n)
                         and after - day > greatest({_FAR}, high - after)), first, date '{FIRST}') as earliest,
               coalesce((select min(before) from far where from_here <= greatest(1, {_FEW} * n)
                         and day - before > greatest({_FAR}, before - low)), last, date '{FIRST}') as latest
        from whole"""
