"""Fraud that is planted among honest referrals: rings, self-referrals and bursts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crm_lab.arrays import Integers
from crm_lab.loyalty.referral.planted.planted_tables import Accounts

_MARKS = {  # share of a scheme's accounts that carry its common mark
    "ring": {"device": 0.85, "card": 0.6, "ip": 0.8, "address": 0.5, "phone": 0.25},
    "self_referral": {"device": 0.9, "card": 0.8, "ip": 0.9, "address": 0.8, "phone": 0.7},
    "burst": {"ip": 0.3},
}
_SPAN = {"ring": 20, "self_referral": 30, "burst": 2}  # days over which a scheme's accounts are made
_COMMON = 7 * 10**9


@dataclass(frozen=True)
class FraudSizes:
    """How much is planted: see `PlantedReferrals`."""

    rings: int
    ring_size: tuple[int, int]
    self_referrers: int
    bursts: int
    returns: float


def plant_fraud(
    rng: np.random.Generator, sizes: FraudSizes, honest: Accounts, days: int
) -> tuple[Accounts, dict[str, Any]]:
    """All accounts with those of the schemes, and the invitations among them."""
    low, high = sizes.ring_size
    counts = {
        "ring": rng.integers(low, high + 1, sizes.rings),
        "self_referral": rng.integers(1, 3, sizes.self_referrers),
        "burst": rng.integers(15, 41, sizes.bursts),
    }
    accounts, rows, group = honest, [], 0
    for scheme, made in counts.items():
        for n in made:
            start = int(rng.integers(20, max(days - 150, 21)))
            more, sent = _scheme(rng, scheme, int(n), start, len(accounts.joined), group, sizes.returns)
            accounts, group = accounts.joined_by(more), group + 1
            rows.append(sent)
    empty: dict[str, Any] = {name: np.zeros(0, np.int64) for name in ("inviter", "sent", "joined", "invited")}
    return accounts, {name: np.concatenate([empty[name], *(part[name] for part in rows)]) for name in empty}


def _scheme(
    rng: np.random.Generator, scheme: str, n: int, start: int, first: int, group: int, returns: float
) -> tuple[Accounts, dict[str, Any]]:
    """A head and its made-up accounts: one hub that invites all, or a tree in which they invite one another."""
    tree = scheme == "ring" and rng.random() < 0.5
    inviter = rng.integers(0, np.arange(1, n + 1)) if tree else np.zeros(n, np.int64)
    joined = start + np.sort(rng.integers(0, _SPAN[scheme], n))
    days = np.concatenate([[start - 15], joined])
    marks = _marks(rng, scheme, n + 1, first, group)
    goes = rng.random(n + 1) < returns
    orders = np.where(goes | (rng.random(n + 1) < 0.5), 1.0, 0.0)
    orders[0], goes[0] = 3.0, False
    more = Accounts(
        joined=days, inviter=np.concatenate([[-1], inviter + first]), scheme=np.full(n + 1, scheme, dtype=object),
        group=np.full(n + 1, group), household=np.zeros(n + 1, bool), marks=marks, orders=orders,
        back=np.zeros(n + 1), late=goes,
    )  # fmt: skip
    sent = {"inviter": inviter + first, "sent": joined, "joined": joined, "invited": first + 1 + np.arange(n)}
    return more, sent


def _marks(rng: np.random.Generator, scheme: str, n: int, first: int, group: int) -> dict[str, Integers]:
    made: dict[str, Integers] = {}
    for k, kind in enumerate(("address", "ip", "device", "card", "phone")):
        common = rng.random(n) < _MARKS[scheme].get(kind, 0.0)
        own = first + np.arange(n) + (k + 1) * 10**9 + 5 * 10**8
        made[kind] = np.where(common, _COMMON + 10 * group + k, own)
    return made
