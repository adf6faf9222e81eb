"""A segment by rule as SQL over a warehouse's tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from sqlglot import exp

from crm_lab.activation.warehouse.sql_dialects import portable
from crm_lab.activation.warehouse.warehouse_names import text_value
from crm_lab.activation.warehouse.warehouse_tables import WarehouseTables
from crm_lab.data.rule_segments import CustomerCondition, LineCondition, RuleSegment
from crm_lab.data.rule_segments.segment_sql import OF_PRODUCTS, segment_sql

_TABLES: Final = ("transactions", "products", "stores", "customers", "tiers")
_ANY_DAY: Final = date(9876, 5, 4)  # stands for the day of each run until `_of_each_run` puts that there
_NEEDS: Final = {
    "hours": "hour", "weekdays": "weekday", "discounted": "discount_amount", "product": "product_id",
    "store": "store_id", "channel": "store_id",
}  # fmt: skip


def rule_sql(segment: RuleSegment, shop: WarehouseTables, as_of: date | None, window_days: int | None) -> str:
    """Whether each customer is in a segment by rule: the query that the lab runs, over the warehouse's tables.

    >>> segment = RuleSegment("regulars", CustomerCondition(orders_at_least=3), date(2024, 6, 30), 365)
    >>> query = rule_sql(segment, WarehouseTables("shop.sales"), segment.as_of, None)
    >>> "k.orders >= 3" in query, "FILTER" in query
    (True, False)

    Args:
        segment: Its name and condition.
        shop: Names of the warehouse.
        as_of: Day on which membership is known; ``None`` for that of each run.
        window_days: Days that end with it; the segment's own unless given.

    Returns:
        A query of DuckDB's SQL: ``customer_id``, ``member`` (missing where it cannot be told), ``segment`` (its name,
        for members).

    Raises:
        BadInput: If a name is hostile, or a column is needed that the warehouse is said not to have.
    """
    rule = replace(segment, as_of=as_of or _ANY_DAY, window_days=window_days or segment.window_days)
    have = [*(f"products.{name}" for name in OF_PRODUCTS), "stores"]
    inner = portable(segment_sql(rule.condition, rule.as_of, rule.window_days, have, "tiers"))
    inner.set("order", None)
    for table in inner.find_all(exp.Table):
        if table.name in _TABLES:
            table.set("this", exp.to_identifier(f"lab_{table.name}"))
    if as_of is None:
        inner = inner.transform(_of_each_run, rule.window_days)
    named = ", ".join(f"lab_{table} as ({query})" for table, query in _sources(rule, shop))
    return f"""with {named}, lab_members as ({inner.sql(dialect="duckdb")})
select customer_id, member, case when member then {text_value(rule.name)} end as segment
from lab_members order by customer_id"""


def _of_each_run(node: exp.Expr, window_days: int) -> exp.Expr:
    """The stand-in's day as that of each run, and its window as days up to it."""
    if isinstance(node, exp.GT) and _day(node.expression) == (_ANY_DAY - timedelta(days=window_days)).isoformat():
        ago = exp.DateDiff(this=exp.CurrentDate(), expression=node.this.copy(), unit=exp.Var(this="DAY"))
        return exp.LT(this=ago, expression=exp.Literal.number(window_days))
    return exp.CurrentDate() if _day(node) == _ANY_DAY.isoformat() else node


def _day(node: exp.Expr) -> str:
    return str(node.this.this) if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) else ""


def _sources(segment: RuleSegment, shop: WarehouseTables) -> Iterator[tuple[str, str]]:
    """The tables that the conditions read, with the columns that they read."""
    leaves = list(segment.condition.leaves())
    chosen = {name for leaf in leaves if isinstance(leaf, LineCondition) for name in leaf.choices()}
    lists = [name for leaf in leaves if isinstance(leaf, CustomerCondition) for name in leaf.lists()]
    products = [name for name in OF_PRODUCTS if name in chosen]
    products += ["launched_on"] if "new_within_days" in chosen else []
    needed = ["order_id", "kind", "net_amount", *sorted({_NEEDS[name] for name in chosen if name in _NEEDS})]
    yield "transactions", shop.lines([*needed, *(["product_id"] if products else [])])
    if products:
        yield "products", shop.rows("products", ["product_id", *products])
    if "channel" in chosen:
        yield "stores", shop.rows("stores", ["store_id", "channel"])
    groups = [name for name in dict.fromkeys(lists) if name != "tier"]
    if groups:
        yield "customers", shop.rows("customers", ["customer_id", *groups])
    if "tier" in lists:
        yield "tiers", shop.rows("tiers", ["customer_id", "tier", "valid_from", "valid_to"])
