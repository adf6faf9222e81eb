"""A segment as one SQL query over the tables: who is in it, who is not, of whom it is not known."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, Final

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.rule_segments.built_tables import TablesOfADay
from crm_lab.data.rule_segments.condition_tree import AllOf, AnyOf, Condition, NotThat
from crm_lab.data.rule_segments.customer_conditions import CustomerCondition
from crm_lab.data.rule_segments.line_conditions import LineCondition

OF_PRODUCTS: Final = ("department", "category", "brand", "style", "scene", "eco", "launched_on")
COLUMN_OF: Final = {"product": "product_id", "store": "store_id"}
_SIGN: Final = {"at_least": ">=", "at_most": "<="}


def columns_of(tables: TablesOfADay, table: str) -> list[str]:
    """Columns of a table; none where it is not there."""
    return [str(c) for c in tables.sql(f"select * from {table} limit 0")] if table in tables else []


def segment_sql(
    condition: Condition, as_of: date, window_days: int, have: Collection[str], tier_table: str = ""
) -> str:
    """One row per customer with a sale line up to the day: `customer_id`, `member`, `n_lines`, `revenue`, `known_…`.

    `member` is missing where a share cannot be told; `known_i` counts the lines of which condition `i` is known.

    Args:
        condition: The tree.
        as_of: The day.
        window_days: Days that end with it.
        have: Columns of `products`, as ``products.NAME``, and the tables there are.
        tier_table: ``tiers`` or ``tier_history``, where a tier is asked for.

    Returns:
        DuckDB SQL.
    """
    leaves = list(condition.leaves())
    lines = [leaf for leaf in leaves if isinstance(leaf, LineCondition)]
    window = f"l.date > date '{as_of - timedelta(days=window_days)}'"
    per_leaf = "".join(_counts(number, leaf, window) for number, leaf in enumerate(lines))
    known = "".join(f", k.known_{number}, k.of_{number}" for number in range(len(lines)))
    sale = "l.kind = 'sale'"
    return f"""with line as ({lines_sql(lines, as_of, have)}),
counted as (
  select l.customer_id,
    date '{as_of}' as day_of_segment,
    count(*) filter ({sale} and {window}) as n_lines,
    count(distinct l.order_id) filter ({sale} and {window}) as orders,
    cast(coalesce(sum(l.net_amount) filter (l.kind <> 'fee' and {window}), 0) as double) as revenue,
    date '{as_of}' - max(l.date) filter ({sale}) as recency_days,
    date '{as_of}' - min(l.date) filter ({sale}) as tenure_days{per_leaf}
  from line as l group by 1 having count(*) filter ({sale}) > 0)
select k.customer_id, {_tree(condition, lines)} as member, k.n_lines, k.revenue{known}
from counted as k{_joins(leaves, as_of, tier_table)}
order by 1"""


def lines_sql(lines: Iterable[LineCondition], as_of: date, have: Collection[str]) -> str:
    """SQL of the lines up to a day, with the columns of products and stores that some conditions choose by.

    Args:
        lines: The conditions.
        as_of: The day.
        have: As of `segment_sql`.

    Returns:
        DuckDB SQL.
    """
    chosen = {name for leaf in lines for name in leaf.choices()}
    wanted = chosen | ({"launched_on"} if "new_within_days" in chosen else set())
    products = [c for c in OF_PRODUCTS if c in wanted and f"products.{c}" in have]
    stores = "channel" in wanted and "stores" in have
    columns = "".join(f", p.{c}" for c in products) + (", s.channel" if stores else "")
    columns += ", p.in_products" if products else ""
    joins = " left join (select *, true as in_products from products) as p using (product_id)" if products else ""
    joins += " left join stores as s using (store_id)" if stores else ""
    return f"""
  select t.*{columns} from transactions as t{joins}
  where t.customer_id is not null and t.date <= date '{as_of}'"""


def _counts(number: int, leaf: LineCondition, window: str) -> str:
    chosen = leaf.choices()
    kinds = "l.kind in " + _texts(leaf.kind or ("sale",))
    base = window if leaf.kind else f"{window} and {kinds}"
    known = " and ".join([base, *(f"{_column(name)} is not null" for name in chosen)])
    those = " and ".join([base, kinds, those_lines(leaf)])
    return f""",
    count(*) filter ({those}) as lines_{number}, count(*) filter ({known}) as known_{number},
    count(*) filter ({base}) as of_{number},
    count(distinct l.order_id) filter ({those}) as orders_{number}, max(l.date) filter ({those}) as last_{number},
    cast(coalesce(sum(l.net_amount) filter ({those}), 0) as double) as spend_{number},
    cast(coalesce(sum(l.net_amount) filter ({known}), 0) as double) as spend_known_{number}"""


def those_lines(leaf: LineCondition) -> str:
    """SQL that is true of the lines that a condition chooses, over ``l`` of `lines_sql`; all of them without a choice.

    Args:
        leaf: The condition.

    Returns:
        DuckDB SQL.
    """
    return " and ".join(_chooses(name, value) for name, value in leaf.choices().items()) or "true"


def _texts(values: Iterable[str]) -> str:
    return f"({', '.join(text_of(value) for value in values)})"


def _column(name: str) -> str:
    special = {
        "hours": "hour",
        "weekdays": "weekday",
        "discounted": "discount_amount",
        "new_within_days": "in_products",
    }
    return f"l.{special.get(name, COLUMN_OF.get(name, name))}"


def _chooses(name: str, value: Any) -> str:
    column = _column(name)
    if name == "hours":
        start, end = value
        return f"({column} >= {start} {'and' if start < end else 'or'} {column} < {end})"
    if name == "weekdays":
        return f"{column} in ({', '.join(map(str, value))})"
    if name == "discounted":
        return f"({column} > 0) = {str(value).lower()}"
    if name == "eco":
        return f"{column} = {str(value).lower()}"
    if name == "new_within_days":
        return f"l.launched_on is not null and l.date - l.launched_on between 0 and {value}"
    return f"{column} in {_texts(value)}"


def _tree(condition: Condition, lines: list[LineCondition]) -> str:
    if isinstance(condition, NotThat):
        return f"not ({_tree(condition.part, lines)})"
    if isinstance(condition, AllOf | AnyOf):
        word = " and " if isinstance(condition, AllOf) else " or "
        return f"({word.join(_tree(part, lines) for part in condition.parts)})"
    if isinstance(condition, LineCondition):
        number = next(n for n, leaf in enumerate(lines) if leaf is condition)
        return _all(f"{_measure(m, number)} {_SIGN[end]} {value!r}" for m, end, value in condition.measures())
    if not isinstance(condition, CustomerCondition):
        raise TypeError(f"{type(condition).__name__} is no condition that has SQL.")
    bounds = [f"k.{m} {_SIGN[end]} {value!r}" for m, end, value in condition.measures()]
    groups = [f"{_group(name)} in {_texts(values)}" for name, values in condition.lists().items()]
    return _all([*bounds, *groups])


def _all(parts: Iterable[str]) -> str:
    return f"({' and '.join(parts)})"


def _measure(measure: str, number: int) -> str:
    if measure == "share":
        return f"k.lines_{number} / nullif(k.known_{number}, 0)"
    if measure == "spend_share":
        return f"k.spend_{number} / case when k.spend_known_{number} > 0 then k.spend_known_{number} end"
    if measure == "days_since":
        return f"(k.day_of_segment - k.last_{number})"
    return f"k.{measure}_{number}"


def _group(name: str) -> str:
    return "v.tier" if name == "tier" else f"c.{name_of(name)}"


def _joins(leaves: list[Condition], as_of: date, tier_table: str) -> str:
    asked = [name for leaf in leaves if isinstance(leaf, CustomerCondition) for name in leaf.lists()]
    joins = " left join customers as c on c.customer_id = k.customer_id" if set(asked) - {"tier"} else ""
    if "tier" not in asked:
        return joins
    since, until = ("valid_from", f"(valid_to is null or valid_to >= date '{as_of}')")
    if tier_table == "tier_history":
        since, until = "since", "true"
    held = f"select customer_id, arg_max(tier, {since}) as tier from {tier_table}"
    held += f" where {since} <= date '{as_of}' and {until} group by 1"
    return f"{joins} left join ({held}) as v on v.customer_id = k.customer_id"
