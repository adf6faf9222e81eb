"""Planted kinds of shoppers in the contract's tables and the key's: who is which, and what they bought by month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from crm_lab.arrays import Booleans, Columns, Integers
from crm_lab.simulate.customers.persona_tastes import FOREVER, PersonaTastes
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.output.spelling import customer_ids, dates_of, spell, words
from crm_lab.simulate.programme.programme_effects import NEVER
from crm_lab.simulate.scenario.clock import month_starts
from crm_lab.simulate.scenario.persona_settings import BANDS, LAUNCH_EVERY
from crm_lab.simulate.scenario.scenario import Scenario

PERSONA_KEYS = ("persona_months",)
"""Tables of the answer key that only planted kinds of shoppers bring."""

_UNTRUE = ("mean_order_value", "coupon_share", "eco_taste", "style", "scene")
Array = Any


def persona_traits(common: Common, columns: Columns) -> dict[str, Array]:
    """Age, income and household of customers in words."""
    given = common.scenario.personas
    return {
        "age_group": spell(columns["age"], words(*given.ages)),
        "income_group": spell(columns["income"], words(*given.incomes)),
        "household_size": spell(columns["household"], words(*given.households)),
    }


def persona_state(customers: Columns, tastes: PersonaTastes) -> Columns:
    """Latent states with the kind of each customer; without those that planted kinds take the place of."""
    changed = tastes.since < FOREVER
    kept = {name: values for name, values in customers.items() if name not in _UNTRUE}
    return {
        **kept,
        "persona": tastes.after,
        "persona_before": np.where(changed, tastes.before, -1),
        "persona_since": np.where(changed, tastes.since, NEVER),
    }


def spelled_state(common: Common, name: str, values: Any) -> dict[str, Array]:
    """A column of `persona_state` in words."""
    if name == "persona_since":
        return {name: dates_of(common, values)}
    return {name: spell(values, words(*common.scenario.personas.names))}


def months_table(common: Common, columns: Columns) -> pa.Table:
    """Counts by customer and month, with ids and dates."""
    rest = {name: values for name, values in columns.items() if name not in {"owner", "customer", "month"}}
    month = dates_of(common, columns["month"])
    return pa.table({"customer_id": customer_ids(columns["customer"]), "month": month, **rest})


def count_months(common: Common, rows: Columns) -> Columns:
    """Sale lines and orders of each customer and month by what is planted in them."""
    starts = month_starts(common.scenario)
    sale = rows["returns"] < 0
    sold = {name: values[sale] for name, values in rows.items()}
    first = np.append(True, np.diff(sold["owner"]) | np.diff(sold["number"]))[: sold["owner"].size].astype(bool)
    month = np.searchsorted(starts, sold["day"], side="right") - 1
    cell = sold["owner"] * starts.size + month
    there, at = np.unique(cell, return_inverse=True)
    marks = _marks(common, sold, first)
    sums = {name: np.bincount(at[mark], minlength=there.size) for name, mark in marks.items()}
    owner = there // starts.size
    return {"owner": owner, "customer": owner, "month": starts[there % starts.size], **sums}


def _marks(common: Common, sold: Columns, first: Booleans) -> Mapping[str, Booleans]:
    """Which lines count for what; for hours and weekends the first line of each order."""
    scenario, shelf, place = common.scenario, common.shelf, sold["product"]
    given, products = scenario.personas, scenario.products
    weekday = (sold["day"] + scenario.start.weekday()) % 7
    values = {
        "hours": (given.hours, _bands(scenario, sold["hour"])),
        "categories": (products.categories, shelf.category[place]),
        "styles": (products.styles, shelf.style[place]),
        "scenes": (products.scenes, shelf.scene[place]),
    }
    is_of = {f"{mix}:{name}": has == n for mix, (names, has) in values.items() for n, name in enumerate(names)}
    nothing = np.zeros(first.size, dtype=bool)
    at_hours = is_of.get(f"hours:{given.rule_hours}", nothing)
    in_category = is_of.get(f"categories:{given.rule_category}", nothing)
    return {
        "orders": first,
        "lines": ~nothing,
        **{name: mark & first if name.startswith("hours:") else mark for name, mark in is_of.items()},
        "weekend": first & (weekday >= 5),
        "discounted": sold["discount"] > 0,
        "new": sold["day"] - shelf.launch[place] < LAUNCH_EVERY,
        "eco": shelf.eco[place],
        "rule_hours": at_hours,
        "rule_category": in_category,
        "rule": at_hours & in_category,
    }


def _bands(scenario: Scenario, hour: Integers) -> Integers:
    """Number of the part of the day of each hour."""
    table = np.zeros(24, dtype=np.int64)
    for n, name in enumerate(scenario.personas.hours):
        table[list(BANDS[name])] = n
    return table[hour]
