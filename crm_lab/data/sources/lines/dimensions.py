"""Tables of products and customers from the columns of the purchases: the most frequent value, the mean cost."""

from __future__ import annotations

from crm_lab.data.sources.lines.line_mapping import LineReading
from crm_lab.data.sources.sql import MONEY, PRICE, filled, number


def dimensions_of(reading: LineReading) -> dict[str, str]:
    """SQL of the further tables that a file of purchases holds, by name."""
    columns, made = reading.columns, {}
    cost = _unit_cost(reading)
    if columns.product_id and (columns.category or cost):
        made["products"] = _most_frequent(
            filled(columns.product_id),
            "product_id",
            filled(columns.category) if columns.category else "null",
            "category",
            cost,
        )
    if columns.region:
        made["customers"] = _most_frequent(reading.who(), "customer_id", filled(columns.region), "region", "")
    return made


def _unit_cost(reading: LineReading) -> str:
    columns = reading.columns
    if columns.line_cost:
        line = number(columns.line_cost, reading.decimal)
        units = number(columns.quantity, reading.decimal, PRICE) if columns.quantity else f"1::{PRICE}"
        return f"(sum(abs({line})) / nullif(sum(abs({units})) filter ({line} is not null), 0))::{MONEY}"
    return f"(avg({number(columns.cost, reading.decimal)}))::{MONEY}" if columns.cost else ""


def _most_frequent(key: str, name: str, value: str, said: str, cost: str) -> str:
    """One row a key with its most frequent value, the first by alphabet among equally frequent ones."""
    costs = f", {cost} as unit_cost" if cost else ""
    rows = f"select {key} as lab_key, {value} as lab_value, * from raw where broken_row is null"
    counted = f"select lab_key, lab_value, count(*) as n from ({rows}) where lab_value is not null group by 1, 2"
    best = f"select lab_key, arg_min(lab_value, (-n, lab_value)) as lab_value from ({counted}) group by 1"
    return f"""
        select k.lab_key as {name}, best.lab_value as {said}{", unit_cost" if cost else ""}
        from (select lab_key{costs} from ({rows}) where lab_key is not null group by 1) k
        left join ({best}) best on best.lab_key = k.lab_key"""
