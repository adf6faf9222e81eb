"""Columns of numbers put in words: the contract's tables, and the key's, as Arrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from crm_lab.arrays import Columns
from crm_lab.simulate.customers.people import AGES
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.output.block import Block
from crm_lab.simulate.programme.programme_effects import NEVER
from crm_lab.simulate.programme.simulated_rewards import KINDS
from crm_lab.simulate.programme.worlds import ORIGINS
from crm_lab.simulate.scenario.actions import DIRT_KINDS

LOYALTY, SAVE_OFFER = "loyalty", "save_offer"
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so multiplying by it is one-to-one modulo any power of two
_ORDER_BITS = np.uint64(2**44 - 1)
_ORDERS_EACH = 100_000
Array = Any  # pyarrow ships no types


def customer_ids(customer: npt.NDArray[Any]) -> Array:
    """``C0000017`` for customer 17; null for -1."""
    unique, place = np.unique(customer, return_inverse=True)
    words = np.array([f"C{c:07d}" if c >= 0 else None for c in unique.tolist()], dtype=object)
    return _spell(place, words)


def order_ids(customer: npt.NDArray[Any], number: npt.NDArray[Any], returned: npt.NDArray[Any]) -> Array:
    """Order numbers that tell nothing about the customer; returns carry the order's with an ``R``."""
    mixed = ((customer * _ORDERS_EACH + number).astype(np.uint64) * _MIX) & _ORDER_BITS
    digits = pc.utf8_lpad(pc.cast(pa.array(mixed.astype(np.int64)), pa.string()), 14, "0")
    tail = _spell(returned.astype(np.int64), np.array(["", "R"], dtype=object))
    return pc.binary_join_element_wise("O", digits, tail, "")


def _spell(place: npt.NDArray[Any], words: npt.NDArray[Any]) -> Array:
    """Words by their places, null for -1."""
    indices = pa.array(place.astype(np.int32), mask=place < 0)
    return pc.take(pa.array(words, type=pa.string()), indices)


def money(cents: npt.NDArray[Any]) -> Array:
    """Cents as exact DECIMAL(18,4)."""
    low = (np.asarray(cents, dtype=np.int64) * 100)[:, None]
    words = np.concatenate([low, low >> 63], axis=1)
    return pa.Decimal128Array.from_buffers(pa.decimal128(18, 4), len(low), [None, pa.py_buffer(words.tobytes())])


def _dates(common: Common, day: npt.NDArray[Any]) -> Array:
    """Days of the window as dates; null for `NEVER`."""
    missing = ~(day < NEVER)
    days = (np.ceil(np.where(missing, 0, day)) + common.scenario.first_day).astype(np.int32)
    return pa.array(days, mask=missing).cast(pa.date32())


def _words(*words: str) -> npt.NDArray[Any]:
    return np.array(words, dtype=object)


def contract_tables(common: Common, block: Block, lines_before: int) -> dict[str, pa.Table]:
    """The contract's tables of a block; its lines are numbered on from `lines_before`."""
    made = {name: pa.table(make(common, block.tables[name])) for name, make in _TABLES.items()}
    return {"transactions": pa.table(_transactions(common, block.tables["transactions"], lines_before)), **made}


def key_tables(common: Common, block: Block, lines_before: int) -> dict[str, pa.Table]:
    """The key's tables of a block."""
    return {
        "customers": _key_customers(common, block.key["customers"]),
        "lines": _key_lines(block.key["lines"], lines_before),
        "dirt": pa.table(_key_dirt(common, block.key["dirt"], lines_before)),
    }


def _transactions(common: Common, columns: Columns, before: int) -> dict[str, Array]:
    returns, day = columns["returns"], columns["day"] + common.scenario.first_day
    line = np.arange(1, day.size + 1) + before
    return {
        "line_id": line,
        "source_row": line,
        "order_id": order_ids(columns["owner"], columns["number"], returns >= 0),
        "customer_id": customer_ids(columns["customer"]),
        "product_id": _product_ids(common, columns["product"]),
        "store_id": _spell(columns["store"], common.branches.store_id.astype(object)),
        "day": day,
        "date": pa.array(day.astype(np.int32)).cast(pa.date32()),
        "hour": columns["hour"],
        "weekday": (day + 3) % 7 + 1,  # 1970-01-01 was a Thursday
        "kind": _spell((returns >= 0).astype(np.int64), _words("sale", "return")),
        "return_of": pa.array(returns + before, mask=returns < 0),
        "quantity": columns["quantity"].astype(np.float64),
        "gross_amount": money(columns["gross"]),
        "discount_amount": money(columns["discount"]),
        "net_amount": money(columns["net"]),
    }


def _product_ids(common: Common, product: npt.NDArray[Any]) -> Array:
    """Products by their places; -1 minus the place is a product that no list knows."""
    names = common.shelf.product_id.astype(object)
    return _spell(np.where(product < 0, names.size - 1 - product, product), np.concatenate([names, "X" + names]))


def _customers(common: Common, columns: Columns) -> dict[str, Array]:
    scenario = common.scenario
    costs = np.rint(100 * np.array([scenario.acquisition.costs[c] for c in scenario.acquisition.channels]))
    return {
        "customer_id": customer_ids(columns["customer"]),
        "age_group": _spell(columns["age"], _words(*AGES)),
        "city": _spell(columns["city"], _words(*scenario.stores.cities)),
        "joined_on": _dates(common, columns["joined"]),
        "acquisition_channel": _spell(columns["channel"], _words(*scenario.acquisition.channels)),
        "acquisition_cost": money(costs[columns["channel"]]),
        "opted_out_on": _dates(common, columns["opted_out"]),
    }


def _tiers(common: Common, columns: Columns) -> dict[str, Array]:
    return {
        "customer_id": customer_ids(columns["customer"]),
        "valid_from": _dates(common, columns["valid_from"]),
        "valid_to": _dates(common, columns["valid_to"]),
        "tier": _spell(columns["tier"], _words(*common.scenario.tiers.names)),
    }


def _assignments(common: Common, columns: Columns) -> dict[str, Array]:
    return {
        "experiment": _spell(columns["experiment"], _words(LOYALTY, SAVE_OFFER)),
        "customer_id": customer_ids(columns["customer"]),
        "arm": _spell(columns["treated"].astype(np.int64), _words("control", "treatment")),
        "assigned_on": _dates(common, columns["day"]),
        "tier": _spell(columns["tier"], _words(*common.scenario.tiers.names)),
    }


def _enrolments(common: Common, columns: Columns) -> dict[str, Array]:
    return {
        "customer_id": customer_ids(columns["customer"]),
        "programme": _spell(np.zeros_like(columns["customer"]), _words(LOYALTY)),
        "enrolled_on": _dates(common, columns["day"]),
    }


def _rewards(common: Common, columns: Columns) -> dict[str, Array]:
    number = columns["number"]
    orders = order_ids(columns["customer"], number, np.zeros(number.size, dtype=bool))
    return {
        "customer_id": customer_ids(columns["customer"]),
        "event": columns["event"],
        "date": _dates(common, columns["day"]),
        "kind": _spell(columns["kind"], _words(*KINDS)),
        "points": columns["points"],
        "order_id": pc.if_else(pa.array(number > 0), orders, None),
        "cost_amount": money(columns["cost"]),
    }


def _exposures(common: Common, columns: Columns) -> dict[str, Array]:
    given = common.scenario.contacts
    offer, day = columns["offer"], columns["day"]
    costs = np.rint(100 * np.array([*given.channels.values()])).astype(np.int64)
    cost = np.where(offer, round(100 * common.scenario.save_offer.cost), costs[columns["channel"]])
    number = np.where(offer, 0, day // given.every if given.every else 0)
    return {
        "customer_id": customer_ids(columns["customer"]),
        "campaign": _spell(
            number, _words(SAVE_OFFER, *(f"campaign_{i + 1:03d}" for i in range(number.max(initial=0))))
        ),
        "date": _dates(common, day),
        "channel": _spell(columns["channel"], _words(*given.channels)),
        "delivered": columns["delivered"],
        "opened": columns["opened"],
        "cost_amount": money(cost),
    }


_TABLES = {
    "customers": _customers,
    "tiers": _tiers,
    "assignments": _assignments,
    "enrolments": _enrolments,
    "rewards": _rewards,
    "exposures": _exposures,
}


TABLES_MADE = ("transactions", *_TABLES, "products", "stores", "costs")
"""The tables of the contract that a simulated retailer has."""


def products_table(common: Common) -> pa.Table:
    """The products, by their ids."""
    shelf, given = common.shelf, common.scenario.products
    table = pa.table(
        {
            "product_id": pa.array(shelf.product_id.astype(object), pa.string()),
            "category": _spell(shelf.category, _words(*given.categories)),
            "style": _spell(shelf.style, _words(*given.styles)),
            "scene": _spell(shelf.scene, _words(*given.scenes)),
            "eco": shelf.eco,
            "launched_on": _dates(common, np.where(shelf.is_new, shelf.launch, NEVER)),
            "list_price": money(shelf.price),
            "unit_cost": money(shelf.cost),
        }
    )
    return table.sort_by("product_id")


def stores_table(common: Common) -> pa.Table:
    """The stores and the online shop."""
    branches = common.branches
    columns = {
        "store_id": pa.array(branches.store_id.astype(object), pa.string()),
        "city": pa.array([c or None for c in branches.city.tolist()], pa.string()),
        "channel": pa.array(branches.channel.astype(object), pa.string()),
    }
    return pa.table(columns)


def _key_customers(common: Common, columns: Columns) -> pa.Table:
    scenario = common.scenario
    named = {
        "style": scenario.products.styles,
        "scene": scenario.products.scenes,
        "tier_at_start": scenario.tiers.names,
    }
    out: dict[str, Array] = {"customer_id": customer_ids(columns["customer"])}
    for name, values in columns.items():
        if name in {"joined", "left"}:
            out[f"{name}_on"] = _dates(common, values)
            out[f"{name}_time"] = values
        elif name in named:
            out[name] = _spell(values, _words(*named[name]))
        elif name.startswith(("spend_", "margin_", "rewards_")) and name != "spend_effect":
            out[name] = money(values)
        elif name not in {"owner", "customer"}:
            out[name] = values
    return pa.table(out)


def _key_lines(columns: Columns, before: int) -> pa.Table:
    return pa.table({"line_id": columns["row"] + 1 + before, "origin": _spell(columns["origin"], _words(*ORIGINS))})


def _key_dirt(common: Common, columns: Columns, before: int) -> dict[str, Array]:
    return {
        "line_id": columns["row"] + 1 + before,
        "fault": _spell(columns["kind"], _words(*DIRT_KINDS)),
        "customer_id": customer_ids(columns["customer"]),
        "product_id": _product_ids(common, columns["product"]),
        "quantity": columns["quantity"].astype(np.float64),
        "date": _dates(common, columns["day"]),
    }
