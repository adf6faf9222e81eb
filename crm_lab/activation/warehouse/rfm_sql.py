"""RFM segments and value tiers of every customer as SQL over the receipt lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from crm_lab.activation.warehouse.sql_dialects import day_sql
from crm_lab.activation.warehouse.warehouse_names import text_value
from crm_lab.activation.warehouse.warehouse_tables import WarehouseTables
from crm_lab.checks import BadInput, Problems
from crm_lab.segmentation.rfm.scoring_file import DIMENSIONS, RFMScoring
from crm_lab.segmentation.rfm.segment_rules import LEVELS, SegmentRule
from crm_lab.segmentation.tiers.tiers import TIER_NAMES, Tiers

_CENTS: Final = Decimal("0.0001")
_SCORES: Final = ("r_score", "f_score", "m_score")


def values_sql(shop: WarehouseTables, as_of: date | None, window_days: int | None) -> str:
    """Recency, orders and revenue of each customer with a sale up to the day, as two named queries of DuckDB's SQL.

    Returns lower revenue and are no orders; fees do not count.

    >>> values_sql(WarehouseTables(), date(2024, 6, 30), 365).count("select")
    2

    Args:
        shop: Names of the warehouse.
        as_of: Last day that counts; ``None`` for that of each run.
        window_days: Days that end with it; all of them unless given.

    Returns:
        ``lab_lines`` and ``lab_customers``, to stand after ``with``.
    """
    day = day_sql(as_of)
    ago = f"date_diff('day', date, {day})"
    recent = "" if window_days is None else f" and {ago} < {window_days}"
    return f"""lab_lines as ({shop.lines(["order_id", "kind", "net_amount"])}),
lab_customers as (
  select customer_id,
    date_diff('day', max(case when kind = 'sale' then date end), {day}) as recency_days,
    count(distinct case when kind = 'sale' then order_id end) as n_orders,
    round(sum(net_amount), 4) as revenue
  from lab_lines where kind <> 'fee' and date <= {day}{recent}
  group by customer_id having count(case when kind = 'sale' then 1 end) > 0)"""


def rfm_sql(scoring: RFMScoring, shop: WarehouseTables, as_of: date | None, window_days: int | None) -> str:
    """Scores and segment of each customer by a saved RFM scoring, as DuckDB's SQL.

    Cut points are compared as decimal numbers, never as binary ones: a value on a cut point falls where it falls here.

    >>> from crm_lab.segmentation import THREE_SEGMENTS
    >>> cuts = {"recency_days": (30.0, 90.0), "n_orders": (1.0, 4.0), "revenue": (20.0, 80.0)}
    >>> scoring = RFMScoring(cuts, THREE_SEGMENTS, 3, "fixed", date(2024, 6, 30), 365)
    >>> "when recency_days > 90 then 1" in rfm_sql(scoring, WarehouseTables(), scoring.as_of, None)
    True

    Args:
        scoring: Cut points and rules.
        shop: Names of the warehouse.
        as_of: Last day that counts; ``None`` for that of each run.
        window_days: Days that end with it; all of them unless given.

    Returns:
        A query: ``customer_id``, the three values, the three scores, ``segment``.

    Raises:
        BadInput: If a cut point is no finite number.
    """
    problems = Problems("RFM scoring")
    for name in DIMENSIONS:
        cuts = scoring.cut_points[name]
        problems.unless(all(map(math.isfinite, cuts)), f"The cut points for {name} are {list(cuts)}; each is a number.")
    problems.raise_any()
    scores = ", ".join(
        f"{_score(name, scoring.cut_points[name])} as {score}" for name, score in zip(DIMENSIONS, _SCORES, strict=True)
    )
    boxes = " ".join(_box(rule, scoring.bins) for rule in scoring.rules.rules)
    values = ", ".join(DIMENSIONS)
    return f"""with {values_sql(shop, as_of, window_days)},
lab_scores as (select customer_id, {values}, {scores} from lab_customers)
select customer_id, {values}, {", ".join(_SCORES)}, case {boxes} end as segment
from lab_scores order by customer_id"""


def _score(name: str, cuts: Sequence[float]) -> str:
    """``case`` over the cut points, highest first; equal ones and those that nothing can exceed make no branch."""
    reverse, most = name == "recency_days", len(cuts) + 1
    branches, seen = [], set()
    for place in reversed(range(len(cuts))):
        if cuts[place] not in seen:
            seen.add(cuts[place])
            score = most - place - 1 if reverse else place + 2
            branches.append(f"when {name} > {_cut(name, cuts[place])} then {score}")
    return f"case {' '.join(branches)} else {most if reverse else 1} end" if branches else str(1)


def _cut(name: str, cut: float) -> str:
    """The largest number of the column's places that is not above the cut: the same values exceed it."""
    if name == "revenue":
        return amount_sql(cut, ROUND_FLOOR)
    return str(math.floor(cut))


def amount_sql(amount: float, rounding: str) -> str:
    """An amount as an exact decimal literal with four places, rounded up or down.

    >>> amount_sql(20.35, ROUND_FLOOR), amount_sql(0.00001, ROUND_CEILING)
    ("cast('20.35' as decimal(18, 4))", "cast('0.0001' as decimal(18, 4))")

    Args:
        amount: In currency.
        rounding: `decimal.ROUND_FLOOR` or `decimal.ROUND_CEILING`.

    Returns:
        DuckDB SQL.
    """
    exact = Decimal(repr(float(amount))).quantize(_CENTS, rounding=rounding)
    plain = f"{exact:f}".rstrip("0").rstrip(".")
    return f"cast('{plain if plain not in ('', '-0') else '0'}' as decimal(18, 4))"


def _box(rule: SegmentRule, bins: int) -> str:
    """``when`` of a rule; nothing where no score of so few bins falls into it."""
    asked = []
    for score, (lo, hi) in zip(_SCORES, (rule.r, rule.f, rule.m), strict=True):
        inside = [s for s in range(1, bins + 1) if lo <= level_of(s, bins) <= hi]
        if not inside:
            return ""
        if len(inside) < bins:
            asked.append(f"{score} between {inside[0]} and {inside[-1]}")
    return f"when {' and '.join(asked) or 'true'} then {text_value(rule.segment)}"


def level_of(score: int, bins: int) -> int:
    """The level 1 to 5 on which rules read a score of so many bins, as `SegmentRules.assign` does.

    >>> [level_of(s, 3) for s in (1, 2, 3)]
    [1, 3, 5]

    Args:
        score: 1 to `bins`.
        bins: The highest score.

    Returns:
        The level.
    """
    return (2 * (LEVELS - 1) * (score - 1) + bins - 1) // (2 * (bins - 1)) + 1


def tiers_sql(tiers: Tiers, shop: WarehouseTables, as_of: date | None, window_days: int | None) -> str:
    """The value tier of each customer, as DuckDB's SQL.

    >>> query = tiers_sql(Tiers("fixed", (500, 100)), WarehouseTables(), date(2024, 6, 30), None)
    >>> "when revenue < cast('100' as decimal(18, 4)) then 'C'" in query
    True

    Args:
        tiers: How tiers are cut.
        shop: Names of the warehouse.
        as_of: Last day that counts; ``None`` for that of each run.
        window_days: Days that end with it; all of them unless given.

    Returns:
        A query: ``customer_id``, ``revenue``, ``segment`` (A, B or C).

    Raises:
        BadInput: If a cut is no finite number.
    """
    if not all(map(math.isfinite, tiers.cuts)):
        raise BadInput(f"The cuts of the tiers are {tiers.cuts}; each is a number.")
    values = values_sql(shop, as_of, window_days)
    first, second = tiers.cuts
    if tiers.method == "fixed":
        branches = [f"when revenue < {amount_sql(second, ROUND_CEILING)} then '{TIER_NAMES[2]}'",
                    f"when revenue < {amount_sql(first, ROUND_CEILING)} then '{TIER_NAMES[1]}'"]  # fmt: skip
        return f"""with {values}
select customer_id, revenue, case {" ".join(branches)} else '{TIER_NAMES[0]}' end as segment
from lab_customers order by customer_id"""
    if tiers.method == "percentile":
        order, sign, near = "asc", "<=", 0.0
        place = (
            "(cast(upto as double) - cast(n as double) + (cast(n as double) + 1.0) / 2.0) / cast(everybody as double)"
        )
    else:
        order, sign, near = "desc", ">=", 1e-12
        place = "cast(held - n * revenue as double) / cast(nullif(total, 0) as double)"
    branches = [f"when place {sign} cast({cut - near!r} as double) then '{name}'"
                for cut, name in ((second, TIER_NAMES[2]), (first, TIER_NAMES[1]))]  # fmt: skip
    so_far = f"over (order by revenue {order} rows between unbounded preceding and current row)"
    return f"""with {values},
lab_amounts as (select revenue, count(*) as n from lab_customers group by revenue),
lab_sums as (
  select revenue, n, sum(n) {so_far} as upto, sum(n * revenue) {so_far} as held,
    (select sum(n) from lab_amounts) as everybody, (select sum(n * revenue) from lab_amounts) as total
  from lab_amounts),
lab_places as (select revenue, {place} as place from lab_sums)
select c.customer_id, c.revenue,
  case when p.place is null then null {" ".join(branches)} else '{TIER_NAMES[0]}' end as segment
from lab_customers as c join lab_places as p on p.revenue = c.revenue order by c.customer_id"""
