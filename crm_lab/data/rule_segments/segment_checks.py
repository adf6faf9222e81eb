"""What a segment asks of the data that they do not have: columns, and values that occur nowhere."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Final

from crm_lab.data.quoting import name_of
from crm_lab.data.rule_segments.built_tables import TablesOfADay
from crm_lab.data.rule_segments.condition_tree import Condition
from crm_lab.data.rule_segments.customer_conditions import CustomerCondition
from crm_lab.data.rule_segments.line_conditions import LineCondition
from crm_lab.data.rule_segments.segment_sql import COLUMN_OF, columns_of

_HOLDER: Final = {
    "hours": ("transactions", "hour"), "discounted": ("transactions", "discount_amount"),
    "new_within_days": ("products", "launched_on"), "store": ("transactions", "store_id"),
    "product": ("transactions", "product_id"), "channel": ("stores", "channel"), "kind": ("transactions", "kind"),
    "weekdays": ("transactions", "weekday"),
}  # fmt: skip
_SHOWN: Final = 3


def tier_table(tables: TablesOfADay) -> str:
    """The table that says who was in which tier, if there is one."""
    return next((name for name in ("tiers", "tier_history") if name in tables), "")


def missing_in(condition: Condition, tables: TablesOfADay) -> Iterator[str]:
    """A sentence for each column and each value that the data do not have."""
    said: set[str] = set()
    for leaf in condition.leaves():
        for sentence in _of_leaf(leaf, tables):
            if sentence not in said:
                said.add(sentence)
                yield sentence


def _of_leaf(leaf: Condition, tables: TablesOfADay) -> Iterator[str]:
    if isinstance(leaf, LineCondition):
        for name, value in leaf.choices().items():
            table, column = _HOLDER.get(name, ("products", COLUMN_OF.get(name, name)))
            yield from _unmet(tables, table, column, value, name)
    if isinstance(leaf, CustomerCondition):
        for name, values in leaf.lists().items():
            table = (tier_table(tables) or "tiers") if name == "tier" else "customers"
            yield from _unmet(tables, table, name, values, name)


def _unmet(tables: TablesOfADay, table: str, column: str, value: Any, name: str) -> Iterator[str]:
    known = columns_of(tables, table)
    if column not in known:
        known_ones = f"; {table} has {', '.join(known)}" if known and table == "customers" else ""
        yield f"These data have no {column} of {table}{known_ones}; leave the condition out or bring the table {table}."
    elif _is_texts(value):
        yield from _unknown_values(tables, table, column, value)
    else:
        test = {"discounted": f"({column} > 0) = {str(value).lower()}", "eco": f"{column} = {str(value).lower()}"}
        found = tables.sql(f"select 1 as x from {table} where {test.get(name, f'{column} is not null')} limit 1")
        if found.empty:
            which = f"{name} = {str(value).lower()}" if name in test else f"a known {column}"
            yield f"No row of {table} has {which}; leave the condition out."


def _is_texts(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], str)


def _unknown_values(tables: TablesOfADay, table: str, column: str, values: tuple[str, ...]) -> Iterator[str]:
    quoted = name_of(column)
    found = tables.sql(f"select distinct cast({quoted} as varchar) as x from {table} where {quoted} is not null")
    there = sorted(found["x"].astype(str))
    for value in values:
        if value not in there:
            near = difflib.get_close_matches(value, there, n=_SHOWN, cutoff=0.5) or there[:_SHOWN]
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "it has no value at all."
            yield f"{value!r} occurs nowhere in {column} of {table}; {hint}"
