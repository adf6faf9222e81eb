"""Points, tiers and invitations put in words: the contract's tables, and the key's, as Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from crm_lab.arrays import Columns
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.output.spelling import customer_ids, dates_of, money, order_ids, spell, words
from crm_lab.simulate.points.account_marks import MARKS
from crm_lab.simulate.points.invitations_net import ROLES, SCHEMES
from crm_lab.simulate.points.points_events import LEDGER_KINDS, MISMATCHES, SYSTEMS
from crm_lab.simulate.points.points_tables import INVITED_BY

POINTS_TABLES = ("referrals", "account_marks", "tier_history", "rewards_other_system")
"""Tables of the contract that only a retailer with points for everybody has."""

LOT_KINDS = ("earn", "pending", "adjust", "transfer")
_MIX = np.uint64(0x9E3779B97F4A7C15)
_BITS = np.uint64(2**60 - 1)
Array = Any


def ledger_columns(common: Common, columns: Columns) -> dict[str, Array]:
    """The ledger of points in words."""
    number = columns["number"]
    orders = order_ids(columns["customer"], number, np.zeros(number.size, dtype=bool))
    return {
        "customer_id": customer_ids(columns["customer"]),
        "event": columns["event"],
        "date": dates_of(common, columns["day"]),
        "kind": spell(columns["kind"], words(*LEDGER_KINDS)),
        "points": columns["points"],
        "order_id": pc.if_else(pa.array(number > 0), orders, None),
        "cost_amount": money(columns["cost"]),
        "expires_on": dates_of(common, columns["expires"]),
        "channel": spell(columns["channel"], words(*SYSTEMS)),
        "counterpart_id": customer_ids(columns["other"]),
    }


def _referrals(common: Common, columns: Columns) -> dict[str, Array]:
    reward = money(columns["reward"])
    return {
        "referral": referral_ids(columns["customer"], columns["number"]),
        "customer_id": customer_ids(columns["customer"]),
        "invited_id": customer_ids(columns["invited"]),
        "invited_on": dates_of(common, columns["invited_on"]),
        "joined_on": dates_of(common, columns["joined_on"]),
        "rewarded_on": dates_of(common, columns["rewarded_on"]),
        "reward_amount": pc.if_else(pa.array(columns["reward"] > 0), reward, None),
        "channel": spell(columns["channel"], words(*INVITED_BY)),
    }


def referral_ids(customer: npt.NDArray[Any], number: npt.NDArray[Any]) -> Array:
    """``R0000017-02`` for the second invitation of customer 17."""
    texts = [f"R{c:07d}-{n:02d}" for c, n in zip(customer.tolist(), number.tolist(), strict=True)]
    return pa.array(texts, pa.string())


def _marks(common: Common, columns: Columns) -> dict[str, Array]:
    mixed = ((columns["owner_of"] * 8 + columns["mark"]) * 32 + columns["number"]).astype(np.uint64)
    mixed = (mixed + np.uint64(common.seed) * np.uint64(1_000_003)) * _MIX & _BITS
    return {
        "customer_id": customer_ids(columns["customer"]),
        "kind": spell(columns["mark"], words(*MARKS)),
        "mark": pa.array([f"{value:015x}" for value in mixed.tolist()], pa.string()),
        "first_seen": dates_of(common, columns["day"]),
    }


def _tier_history(common: Common, columns: Columns) -> dict[str, Array]:
    counted = columns["counted"]
    return {
        "customer_id": customer_ids(columns["customer"]),
        "tier": spell(columns["tier"], words(*common.scenario.tiers.names)),
        "since": dates_of(common, columns["since"]),
        "qualifying_amount": pc.if_else(pa.array(counted >= 0), money(counted), None),
    }


_CONTRACT = {
    "referrals": _referrals,
    "account_marks": _marks,
    "tier_history": _tier_history,
    "rewards_other_system": ledger_columns,
}


def points_contract(common: Common, tables: Mapping[str, Columns]) -> dict[str, pa.Table]:
    """The contract's tables of a block that only points for everybody bring; none without them."""
    return {name: pa.table(make(common, tables[name])) for name, make in _CONTRACT.items() if name in tables}


def _key_members(common: Common, columns: Columns) -> dict[str, Array]:
    who = {name: customer_ids(columns[name]) for name in ("customer", "inviter", "home")}
    rewards = list(common.scenario.points.rewards)
    return {
        "customer_id": who["customer"],
        "redeems": columns["redeems"],
        "readiness": columns["readiness"],
        "reward": spell(columns["reward"], words(*rewards)),
        "sorter": columns["sorter"],
        "would_leave": columns["would_leave"],
        "inviter_id": who["inviter"],
        "depth": columns["depth"],
        "fraud": spell(columns["scheme"], words(*SCHEMES)),
        "role": spell(columns["role"], words(*ROLES)),
        "scheme": _scheme_ids(columns),
        "home": who["home"],
        "invitations_expected": columns["expected"],
        "followed": columns["followed"],
    }


def _scheme_ids(columns: Columns) -> Array:
    """``F00003-02`` for the third scheme of the fourth block: a scheme lies within a block."""
    from crm_lab.simulate.scenario.streams import BLOCK

    block = columns["customer"] // BLOCK
    texts = [
        f"F{b:05d}-{g:02d}" if g >= 0 else None for b, g in zip(block.tolist(), columns["group"].tolist(), strict=True)
    ]
    return pa.array(texts, pa.string())


def _key_lots(common: Common, columns: Columns) -> dict[str, Array]:
    counts = ("points", "reversed", "reversed_later", "redeemed", "redeemed_later", "expired", "taken")
    return {
        "customer_id": customer_ids(columns["customer"]),
        "issued_on": dates_of(common, columns["issued"]),
        "expires_on": dates_of(common, columns["expires"]),
        "kind": spell(columns["kind"], words(*LOT_KINDS)),
        "tier": spell(columns["tier"], words(*common.scenario.tiers.names)),
        **{name: columns[name] for name in counts},
    }


def _key_years(common: Common, columns: Columns) -> dict[str, Array]:
    amounts = ("counted", "spend", "margin", "spend_without", "margin_without", "rewards_cost")
    return {
        "customer_id": customer_ids(columns["customer"]),
        "year": columns["year"] + common.scenario.start.year,
        "tier": spell(columns["tier"], words(*common.scenario.tiers.names)),
        **{name: money(columns[name]) for name in amounts},
        "points_issued": columns["points_issued"],
        "months": columns["months"],
        "topped_up": columns["topped_up"],
        "left_after_miss": columns["left_after_miss"],
    }


def _key_thresholds(common: Common, columns: Columns) -> dict[str, Array]:
    return {
        "customer_id": customer_ids(columns["customer"]),
        "year": columns["year"] + common.scenario.start.year,
        "tier": spell(columns["threshold"] + 1, words(*common.scenario.tiers.names)),
        "qualifying_amount": money(columns["counted"]),
        "spend_below": money(columns["below"]),
        "spend_above": money(columns["above"]),
    }


def _key_mismatches(common: Common, columns: Columns) -> dict[str, Array]:
    return {
        "customer_id": customer_ids(columns["customer"]),
        "event": columns["event"],
        "date": dates_of(common, columns["day"]),
        "points": columns["points"],
        "mismatch": spell(columns["mismatch"], words(*MISMATCHES)),
        "change": columns["change"],
    }


def _key_referrals(_: Common, columns: Columns) -> dict[str, Array]:
    return {
        "referral": referral_ids(columns["customer"], columns["number"]),
        "customer_id": customer_ids(columns["customer"]),
        "invited_id": customer_ids(columns["invited"]),
        "days_after": columns["after"],
        "fraud": spell(columns["scheme"], words(*SCHEMES)),
        "scheme": _scheme_ids(columns),
    }


_KEY = {
    "points_members": _key_members,
    "points_lots": _key_lots,
    "points_years": _key_years,
    "points_thresholds": _key_thresholds,
    "points_mismatches": _key_mismatches,
    "referral_labels": _key_referrals,
}
POINTS_KEYS = tuple(_KEY)
"""Tables of the answer key that only points for everybody bring."""


def points_key_tables(common: Common, tables: Mapping[str, Columns]) -> dict[str, pa.Table]:
    """The key's tables of a block that only points for everybody bring; none without them."""
    return {name: pa.table(make(common, tables[name])) for name, make in _KEY.items() if name in tables}
