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
from crm_lab.simulate.output.account_columns import account_key_tables
from crm_lab.simulate.output.basket_columns import basket_key_tables, shown_columns
from crm_lab.simulate.output.block import Block
from crm_lab.simulate.output.persona_columns import months_table, persona_traits, spelled_state
from crm_lab.simulate.output.points_columns import ledger_columns, points_contract, points_key_tables
from crm_lab.simulate.output.spelling import customer_ids, dates_of, money, order_ids, spell, words
from crm_lab.simulate.programme.pilot import PILOT_SUMS
from crm_lab.simulate.programme.programme_effects import NEVER
from crm_lab.simulate.programme.simulated_rewards import KINDS
from crm_lab.simulate.programme.worlds import ORIGINS
from crm_lab.simulate.scenario.actions import DIRT_KINDS

LOYALTY, SAVE_OFFER, PILOT = "loyalty", "save_offer", "pilot"
Array = Any  # pyarrow ships no types


def contract_tables(common: Common, block: Block, lines_before: int) -> dict[str, pa.Table]:
    """The contract's tables of a block; its lines are numbered on from `lines_before`."""
    made = {name: pa.table(make(common, block.tables[name])) for name, make in _TABLES.items()}
    lines = pa.table(_transactions(common, block.tables["transactions"], lines_before))
    return {"transactions": lines, **made, **points_contract(common, block.tables)}


def key_tables(common: Common, block: Block, lines_before: int) -> dict[str, pa.Table]:
    """The key's tables of a block; that of a programme of whole cities where there is one."""
    pilot = {"pilot": _key_pilot(common, block.key["pilot"])} if "pilot" in block.key else {}
    months = (
        {"persona_months": months_table(common, block.key["persona_months"])} if common.scenario.personas.on else {}
    )
    return {
        **pilot,
        **months,
        "customers": _key_customers(common, block.key["customers"]),
        "lines": _key_lines(block.key["lines"], lines_before),
        "dirt": pa.table(_key_dirt(common, block.key["dirt"], lines_before)),
        **points_key_tables(common, block.key),
        **account_key_tables(common, block.key),
        **basket_key_tables(common, block.key),
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
        "store_id": spell(columns["store"], common.branches.store_id.astype(object)),
        "day": day,
        "date": pa.array(day.astype(np.int32)).cast(pa.date32()),
        "hour": columns["hour"],
        "weekday": (day + 3) % 7 + 1,  # 1970-01-01 was a Thursday
        "kind": spell((returns >= 0).astype(np.int64), words("sale", "return")),
        "return_of": pa.array(returns + before, mask=returns < 0),
        "quantity": columns["quantity"].astype(np.float64),
        "gross_amount": money(columns["gross"]),
        "discount_amount": money(columns["discount"]),
        "net_amount": money(columns["net"]),
    }


def _product_ids(common: Common, product: npt.NDArray[Any]) -> Array:
    """Products by their places; -1 minus the place is a product that no list knows."""
    names = common.shelf.product_id.astype(object)
    return spell(np.where(product < 0, names.size - 1 - product, product), np.concatenate([names, "X" + names]))


def _customers(common: Common, columns: Columns) -> dict[str, Array]:
    scenario = common.scenario
    costs = np.rint(100 * np.array([scenario.acquisition.costs[c] for c in scenario.acquisition.channels]))
    return {
        "customer_id": customer_ids(columns["customer"]),
        **_traits(common, columns),
        "city": spell(columns["city"], words(*scenario.stores.cities)),
        "joined_on": dates_of(common, columns["joined"]),
        "acquisition_channel": spell(columns["channel"], words(*scenario.acquisition.channels)),
        "acquisition_cost": money(costs[columns["channel"]]),
        "opted_out_on": dates_of(common, columns["opted_out"]),
    }


def _traits(common: Common, columns: Columns) -> dict[str, Array]:
    ages = {"age_group": spell(columns["age"], words(*AGES))}
    return persona_traits(common, columns) if common.scenario.personas.on else ages


def _tiers(common: Common, columns: Columns) -> dict[str, Array]:
    return {
        "customer_id": customer_ids(columns["customer"]),
        "valid_from": dates_of(common, columns["valid_from"]),
        "valid_to": dates_of(common, columns["valid_to"]),
        "tier": spell(columns["tier"], words(*common.scenario.tiers.names)),
    }


def _assignments(common: Common, columns: Columns) -> dict[str, Array]:
    return {
        "experiment": spell(columns["experiment"], words(LOYALTY, SAVE_OFFER, PILOT)),
        "customer_id": customer_ids(columns["customer"]),
        "arm": spell(columns["treated"].astype(np.int64), words("control", "treatment")),
        "assigned_on": dates_of(common, columns["day"]),
        "tier": spell(columns["tier"], words(*common.scenario.tiers.names)),
    }


def _enrolments(common: Common, columns: Columns) -> dict[str, Array]:
    return {
        "customer_id": customer_ids(columns["customer"]),
        "programme": spell(np.zeros_like(columns["customer"]), words(LOYALTY)),
        "enrolled_on": dates_of(common, columns["day"]),
    }


def _rewards(common: Common, columns: Columns) -> dict[str, Array]:
    if common.scenario.points.on:
        return ledger_columns(common, columns)
    number = columns["number"]
    orders = order_ids(columns["customer"], number, np.zeros(number.size, dtype=bool))
    return {
        "customer_id": customer_ids(columns["customer"]),
        "event": columns["event"],
        "date": dates_of(common, columns["day"]),
        "kind": spell(columns["kind"], words(*KINDS)),
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
        "campaign": spell(number, words(SAVE_OFFER, *(f"campaign_{i + 1:03d}" for i in range(number.max(initial=0))))),
        "date": dates_of(common, day),
        "channel": spell(columns["channel"], words(*given.channels)),
        "delivered": columns["delivered"],
        "opened": columns["opened"],
        "cost_amount": money(cost),
        **shown_columns(common, columns),
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
            "category": spell(shelf.category, words(*given.categories)),
            "style": spell(shelf.style, words(*given.styles)),
            "scene": spell(shelf.scene, words(*given.scenes)),
            "eco": shelf.eco,
            "launched_on": dates_of(common, np.where(shelf.is_new, shelf.launch, NEVER)),
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
            out[f"{name}_on"] = dates_of(common, values)
            out[f"{name}_time"] = values
        elif name.startswith("persona"):
            out |= spelled_state(common, name, values)
        elif name in named:
            out[name] = spell(values, words(*named[name]))
        elif name.startswith(("spend_", "margin_", "rewards_")) and name != "spend_effect":
            out[name] = money(values)
        elif name not in {"owner", "customer"}:
            out[name] = values
    return pa.table(out)


def _key_lines(columns: Columns, before: int) -> pa.Table:
    return pa.table({"line_id": columns["row"] + 1 + before, "origin": spell(columns["origin"], words(*ORIGINS))})


def _key_pilot(common: Common, columns: Columns) -> pa.Table:
    sums = {name: money(columns[name]) for name in PILOT_SUMS}
    return pa.table(
        {
            "customer_id": customer_ids(columns["customer"]),
            "city": spell(columns["city"], words(*common.scenario.stores.cities)),
            "week": dates_of(common, columns["week"]),
            **sums,
        }
    )


def _key_dirt(common: Common, columns: Columns, before: int) -> dict[str, Array]:
    return {
        "line_id": columns["row"] + 1 + before,
        "fault": spell(columns["kind"], words(*DIRT_KINDS)),
        "customer_id": customer_ids(columns["customer"]),
        "product_id": _product_ids(common, columns["product"]),
        "quantity": columns["quantity"].astype(np.float64),
        "date": dates_of(common, columns["day"]),
    }
