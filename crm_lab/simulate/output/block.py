"""One block of customers as columns of the retailer's tables and of the answer key.

Columns hold numbers (days of the window, cents, places); `crm_lab.simulate.output.columns` puts them in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Columns
from crm_lab.simulate.accounts.account_plan import AccountPlan, account_columns, live_accounts
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.output import file_rows as records
from crm_lab.simulate.output.basket_columns import basket_key
from crm_lab.simulate.output.faults import draw_faults
from crm_lab.simulate.output.persona_columns import count_months, persona_state
from crm_lab.simulate.points.points_tables import member_tables, points_key, points_tables
from crm_lab.simulate.points.points_worlds import happen
from crm_lab.simulate.programme import members
from crm_lab.simulate.programme import true_effects as truth
from crm_lab.simulate.programme.pilot import weekly_outcomes
from crm_lab.simulate.programme.simulated_rewards import make_ledger
from crm_lab.simulate.programme.worlds import live
from crm_lab.simulate.scenario.streams import stream


@dataclass(frozen=True)
class Block:
    """Columns of one block.

    Attributes:
        tables: The contract's tables, money in cents; `customer` counts from the first of all customers, `owner` is
            whose row it is, also where the file no longer says so; lines are numbered from 1 within the block.
        key: The key's tables.
        lines: How many lines there are.
    """

    tables: Mapping[str, Columns]
    key: Mapping[str, Columns]
    lines: int


def make_block(common: Common, block: int, n_customers: int, *, keyed: bool = True) -> Block:
    """Simulate a block and keep those of its customers that are among the first `n_customers`.

    Where it is not `keyed`, what only the key needs and takes long is left out; the tables are the same.
    """
    scenario, seed = common.scenario, common.seed
    happened = happen(common, block, keyed=keyed) if scenario.points.on else None
    plan: AccountPlan | None = None
    if scenario.accounts.on:
        life, plan = live_accounts(common, block)
    else:
        life = happened.lived.life if happened else live(common, block)
    seen = records.visits(common, life)
    ledger, readiness = make_ledger(
        scenario, life.draw, seen["customer"], seen["day"], seen["net"], stream(seed, "rewards", block)
    )
    rows = records.rows(common, life, seen)
    faults = draw_faults(scenario.dirt, rows["returns"] < 0, stream(seed, "dirt", block))
    file, dirt = records.as_filed(rows, faults, scenario)
    tables = {
        "transactions": file,
        "customers": members.customers(life),
        "tiers": members.tiers(scenario, life),
        "assignments": members.assignments(common, life),
        "enrolments": members.enrolments(life),
        "rewards": members.rewards(ledger, seen),
        "exposures": members.exposures(scenario, life),
    }
    points = truth.Points(ledger, happened.traits.readiness if happened else readiness, seen["place"])
    key = {"customers": truth.customers(scenario, life, points), "lines": truth.caused_lines(file), "dirt": dirt}
    if scenario.pilot.on:
        key["pilot"] = weekly_outcomes(common, life)
    key |= basket_key(common, life, key["customers"])
    if life.people.tastes is not None:
        key["customers"] = persona_state(key["customers"], life.people.tastes)
        key["persona_months"] = count_months(common, rows)
    if happened:
        tables |= member_tables(common, block, happened)
        tables["rewards"], tables["rewards_other_system"], wrong = points_tables(common, block, happened, seen)
        key |= points_key(scenario, happened, wrong, tables["referrals"])
    if plan:
        key |= account_columns(plan, life, rows)
    first = life.people.first
    tables = {name: _first(columns, n_customers - first, first) for name, columns in tables.items()}
    key = {name: _first(columns, n_customers - first, first) for name, columns in key.items()}
    return Block(tables, key, tables["transactions"]["customer"].size)


def _first(columns: Columns, keep: int, first: int) -> Columns:
    """Rows of the customers below `keep`, whose numbers then count from the first of all customers."""
    kept = columns["owner"] < keep
    out = {name: values[kept] for name, values in columns.items()}
    for name in {"customer", "owner", "invited", "inviter", "home", "other", "leader", "head"} & set(out):
        out[name] = np.where(out[name] >= 0, out[name] + first, -1)
    return out
