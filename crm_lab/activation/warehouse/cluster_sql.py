"""The most probable shopper segment of every customer as SQL over the receipt lines."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Final

from crm_lab.activation.warehouse.sql_dialects import day_sql
from crm_lab.activation.warehouse.warehouse_names import identifier, text_value
from crm_lab.activation.warehouse.warehouse_tables import WarehouseTables
from crm_lab.checks import BadInput
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import ClusterScoring
from crm_lab.segmentation.personas.shopper_tags.shopper_features import HOURS_SQL, LAUNCH_DAYS, NAMED

_UNDERFLOW: Final = -700  # below it Postgres refuses exp(), and the others give 0


def cluster_sql(scoring: ClusterScoring, shop: WarehouseTables, as_of: date | None, window_days: int | None) -> str:
    """Segment and probability of each customer by saved centres, as DuckDB's SQL.

    The counts of each block are divided by their design effect and weigh the logarithms of the centres' shares, as in
    `ClusterScoring.score`; of segments that fit alike the first is named.

    >>> from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import scoring_of
    >>> centres = {"s1": {"price_share": 0.2}, "s2": {"price_share": 0.7}}
    >>> scoring = scoring_of(centres, (("price_share",),), {"s1": 0.6, "s2": 0.4}, (0.05,), as_of=date(2024, 6, 30))
    >>> "discount_amount > 0" in cluster_sql(scoring, WarehouseTables(), scoring.as_of, 365)
    True

    Args:
        scoring: The saved segments.
        shop: Names of the warehouse.
        as_of: Last day that counts; ``None`` for that of each run.
        window_days: Days that end with it; all of them unless given.

    Returns:
        A query: ``customer_id``, ``segment``, ``p``.

    Raises:
        BadInput: If a feature is none that receipt lines tell, or a column is needed that the warehouse does not have.
    """
    asked = [_feature(name) for name in scoring.features]
    numbers = {name: k for k, name in enumerate(scoring.features)}
    counted = ", ".join(
        f"count(case when {yes} then 1 end) as k{k}, count(case when {known} then 1 end) as n{k}"
        for k, (yes, known) in enumerate(asked)
    )
    blocks = [[numbers[name] for name in group] for group in scoring.groups]
    rests = ", ".join(f"{_rest(block)} as r{b}" for b, block in enumerate(blocks))
    worth = ", ".join(
        f"1.0 / (1.0 + cast({float(rho)!r} as double) * cast(greatest({_total(b, block)} - 1, 0) as double)) as w{b}"
        for b, (block, rho) in enumerate(zip(blocks, scoring.mixture.correlation, strict=True))
    )
    fits = [_fit(scoring, s, blocks) for s in range(scoring.mixture.k)]
    places = range(len(fits))
    best = f"greatest({', '.join(f'e{s}' for s in places)})" if len(fits) > 1 else "e0"
    named = " ".join(f"when e{s} = best then {text_value(scoring.segments[s])}" for s in places)
    share = " + ".join(f"exp(greatest(e{s} - best, {_UNDERFLOW}))" for s in places)
    return f"""with {_lines(scoring, shop, as_of, window_days)},
lab_counts as (select customer_id, {counted} from lab_lines group by customer_id),
lab_rests as (select *, {rests} from lab_counts),
lab_worth as (select *, {worth} from lab_rests),
lab_fits as (select customer_id, {", ".join(f"{fit} as e{s}" for s, fit in enumerate(fits))} from lab_worth),
lab_best as (select *, {best} as best from lab_fits)
select customer_id, case {named} end as segment, 1.0 / ({share}) as p
from lab_best order by customer_id"""


def _rest(block: list[int]) -> str:
    own = " + ".join(f"k{k}" for k in block)
    return f"greatest(n{block[0]} - ({own}), 0)"


def _total(number: int, block: list[int]) -> str:
    return " + ".join([*(f"k{k}" for k in block), f"r{number}"])


def _fit(scoring: ClusterScoring, segment: int, blocks: list[list[int]]) -> str:
    shares, at, parts = scoring.mixture.shares[segment], 0, []
    for number, block in enumerate(blocks):
        columns = [*(f"k{k}" for k in block), f"r{number}"]
        logs = [math.log(share) for share in shares[at : at + len(columns)]]
        terms = " + ".join(f"{c} * cast({log!r} as double)" for c, log in zip(columns, logs, strict=True))
        parts.append(f"w{number} * ({terms})")
        at += len(columns)
    return " + ".join([*parts, f"cast({math.log(scoring.mixture.weights[segment])!r} as double)"])


def _feature(name: str) -> tuple[str, str]:
    """SQL of the lines that have a feature, and of those of which it is known."""
    launched = f"launched_on is not null and date_diff('day', launched_on, date) between 0 and {LAUNCH_DAYS - 1}"
    plain = {
        "price_share": ("discount_amount > 0", "true"),
        "weekend_share": ("weekday >= 6", "true"),
        "new_product_share": (launched, "in_products"),
        "eco_share": ("eco", "eco is not null"),
        **{hours: (sql, "hour is not null") for hours, sql in HOURS_SQL.items()},
    }
    column, mark, value = name.partition(":")
    if mark and column in NAMED:
        return f"{column} = {text_value(value)}", f"{column} is not null"
    if name not in plain:
        raise BadInput(f"The segments rest on {name}, which SQL over receipt lines cannot tell.")
    return plain[name]


def _needs(scoring: ClusterScoring) -> Iterator[str]:
    """Columns that the features read: of lines, and of products with the table's name before."""
    of_lines = {"price_share": "discount_amount", "weekend_share": "weekday", **dict.fromkeys(HOURS_SQL, "hour")}
    of_products = {"new_product_share": "launched_on", "eco_share": "eco"}
    for name in scoring.features:
        if name in of_lines:
            yield of_lines[name]
        else:
            yield f"products.{of_products.get(name, name.partition(':')[0])}"


def _lines(scoring: ClusterScoring, shop: WarehouseTables, as_of: date | None, window_days: int | None) -> str:
    """``lab_lines``: sale lines of the window, with what is known of their products."""
    day, needs = day_sql(as_of), list(dict.fromkeys(_needs(scoring)))
    products = [name.removeprefix("products.") for name in needs if name.startswith("products.")]
    lines = [name for name in needs if not name.startswith("products.")]
    ago = f"date_diff('day', l.date, {day})"
    inside = f"l.kind = 'sale' and l.date <= {day}" + ("" if window_days is None else f" and {ago} < {window_days}")
    if not products:
        return f"""lab_sales as ({shop.lines(["kind", *lines])}),
lab_lines as (select l.* from lab_sales as l where {inside})"""
    chosen = ", ".join(f"p.{identifier(name).sql()}" for name in products)
    return f"""lab_sales as ({shop.lines(["kind", "product_id", *lines])}),
lab_products as ({shop.rows("products", ["product_id", *products])}),
lab_lines as (
  select l.*, {chosen}, p.product_id is not null as in_products
  from lab_sales as l left join lab_products as p on p.product_id = l.product_id where {inside})"""
