"""Planted baskets in the contract's tables and the key's: products shown, cycles, and what is bought afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pyarrow as pa

from crm_lab.arrays import Columns
from crm_lab.simulate.orders.basket_shelf import BasketShelf
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.output.spelling import customer_ids, dates_of, spell
from crm_lab.simulate.programme.programme_effects import NEVER
from crm_lab.simulate.programme.worlds import Life

BASKET_KEYS = ("basket_cycles", "basket_next")
"""Tables of the answer key that only planted baskets bring."""

_UNTRUE = ("mean_order_value", "coupon_share", "eco_taste", "style", "scene")
Array = Any


def shown_columns(common: Common, columns: Columns) -> dict[str, Array]:
    """The product that each message shows, its chance and whether it was clicked; nothing without planted baskets."""
    if not common.scenario.baskets.on:
        return {}
    nothing = np.zeros(0)
    return {
        "product_id": _names(common, columns.get("product", nothing.astype(np.int64))),
        "propensity": pa.array(columns.get("propensity", nothing), pa.float64()),
        "clicked": pa.array(columns.get("clicked", nothing.astype(bool)), pa.bool_()),
    }


def basket_key(common: Common, life: Life, customers: Columns) -> dict[str, Columns]:
    """Cycles of customers and staples with their next day, and all that is bought in the days after the window."""
    needs, days = life.people.needs, common.scenario.days
    if needs is None:
        return {}
    upcoming = np.full(needs.customer.size, NEVER)
    after = needs.day >= days
    np.minimum.at(upcoming, needs.pair[after], needs.day[after])
    cycles = {
        "owner": needs.customer, "customer": needs.customer, "product": needs.product, "mean_gap": needs.gap,
        "regularity": needs.plan.regularity[needs.product], "ended": needs.ended, "next_day": upcoming,
    }  # fmt: skip
    world = life.world
    later = np.flatnonzero((world.actual >= days) & (world.actual < days + common.scenario.baskets.after))
    line = np.flatnonzero(np.isin(world.lines.order, later))
    order = world.lines.order[line]
    who, day = world.orders.customer[order], world.actual[order]
    bought = {"owner": who, "customer": who, "day": day, "place": world.lines.product[line]}
    known = {name: values for name, values in customers.items() if name not in _UNTRUE}
    return {"customers": known, "basket_cycles": cycles, "basket_next": bought}


def basket_key_tables(common: Common, tables: Mapping[str, Columns]) -> dict[str, pa.Table]:
    """The key's tables of a block that only planted baskets bring; none without them."""
    if "basket_cycles" not in tables:
        return {}
    cycles, bought = tables["basket_cycles"], tables["basket_next"]
    return {
        "basket_cycles": pa.table({
            "customer_id": customer_ids(cycles["customer"]), "product_id": _names(common, cycles["product"]),
            "mean_gap": cycles["mean_gap"], "regularity": cycles["regularity"], "ended": cycles["ended"],
            "next_day": dates_of(common, cycles["next_day"]),
        }),
        "basket_next": pa.table({
            "customer_id": customer_ids(bought["customer"]), "date": dates_of(common, bought["day"]),
            "product_id": spell(bought["place"], common.shelf.product_id.astype(object)),
        }),
    }  # fmt: skip


def _names(common: Common, number: Any) -> Array:
    """Ids of products by their numbers in the plan."""
    place = cast("BasketShelf", common.shelf).place
    return spell(place[number], common.shelf.product_id.astype(object))
