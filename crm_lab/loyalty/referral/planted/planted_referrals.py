"""Invitations whose truth is known: honest chains and households, with fraud planted among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.calendar import day_number
from crm_lab.checks import check_settings, not_shares, too_small
from crm_lab.loyalty.referral.invitation_log.referral_log import ReferralLog
from crm_lab.loyalty.referral.planted.planted_fraud import FraudSizes, plant_fraud
from crm_lab.loyalty.referral.planted.planted_tables import Accounts, tables_of

_START = day_number("2024-01-01")
_KEEN = 0.6  # shape of how unlike members are in inviting
_DELAY, _ANSWER = 40.0, 6.0  # mean days to an invitation, and from it to joining
_GENERATIONS = 12


@dataclass(frozen=True, kw_only=True)
class PlantedReferrals:
    """A programme of referrals with planted fraud, whose arguments are the truth.

    >>> planted = PlantedReferrals(members=2_000, rings=3, seed=1).make()
    >>> planted.truth.loc[planted.truth["scheme"] == "ring", "group"].nunique()
    3

    Attributes:
        members: Honest members who came by themselves; the referred are added to them.
        invitations: Mean invitations of a member, in the long run.
        conversion: Chance that an invitation brings a member.
        decay: By what each generation's conversion is multiplied.
        home: Share of honest conversions that are of the inviter's own household.
        wifi: Members seen on one shop's device and address: a hub that means nothing.
        days: Length of the programme.
        buys: Chance that an honest account buys at all in its first months.
        reward: Paid to the inviter for a referral.
        pays_on: When it is paid: on ``joining`` or on the first ``purchase``.
        rings: Rings of made-up accounts.
        ring_size: Fewest and most made-up accounts of a ring.
        self_referrers: Members with one or two made-up accounts.
        bursts: Inviters of many made-up accounts without common marks.
        returns: Chance that a made-up account returns what it bought, after the reward.
        seed: Of the draw.
    """

    members: int = 20_000
    invitations: float = 1.2
    conversion: float = 0.2
    decay: float = 0.9
    home: float = 0.3
    wifi: int = 400
    days: int = 540
    buys: float = 0.7
    reward: float = 10.0
    pays_on: Literal["joining", "purchase"] = "purchase"
    rings: int = 10
    ring_size: tuple[int, int] = (4, 15)
    self_referrers: int = 20
    bursts: int = 4
    returns: float = 0.7
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_shares(self, "conversion", "decay", "home", "buys", "returns"),
            too_small(self, members=10, days=200, rings=0, self_referrers=0, bursts=0, wifi=0),
        )

    def true_k(self, first_days: int, answer_days: int) -> float:
        """New members that a member brings in its first days, if conversion does not decay.

        >>> round(PlantedReferrals(invitations=1.0, conversion=0.2).true_k(90, 30), 3)
        0.178

        Args:
            first_days: Days of a member in which invitations count.
            answer_days: Days from an invitation in which joining counts.

        Returns:
            New members per member.
        """
        within = (1 - np.exp(-first_days / _DELAY)) * (1 - np.exp(-answer_days / _ANSWER))
        return float(self.invitations * self.conversion * within)

    def make(self) -> Planted:
        """Draw it.

        >>> PlantedReferrals(members=500, seed=1).make().customers.shape[1]
        3
        """
        rng = np.random.default_rng(self.seed)
        honest, sent = _honest(self, rng)
        sizes = FraudSizes(self.rings, self.ring_size, self.self_referrers, self.bursts, self.returns)
        accounts, extra = plant_fraud(rng, sizes, honest, self.days)
        rows = {name: np.concatenate([sent[name], extra[name]]) for name in sent}
        _own_lines(self, rng, accounts)
        return Planted(*tables_of(rng, accounts, rows, _START, self.days, self.reward, self.pays_on), spec=self)


@dataclass(frozen=True, eq=False)
class Planted:
    """The drawn tables and their key.

    Attributes:
        referrals: The contract's `referrals`.
        customers: The contract's `customers`.
        marks: The contract's `account_marks`.
        transactions: Lines: ``customer_id``, ``date``, ``kind``, ``net_amount``.
        truth: One row per account: ``customer_id``, ``scheme`` (honest, ring, self_referral, burst), ``group`` and
            ``household`` (whether it shares marks honestly).
        spec: What was drawn.
    """

    referrals: pd.DataFrame
    customers: pd.DataFrame
    marks: pd.DataFrame
    transactions: pd.DataFrame
    truth: pd.DataFrame
    spec: PlantedReferrals

    def log(self, as_of: str = "") -> ReferralLog:
        """The log of it.

        >>> PlantedReferrals(members=500, seed=1).make().log().simulated
        True

        Args:
            as_of: Last day known; the last of the programme unless given.

        Returns:
            The log.
        """
        last = as_of or str(np.datetime64(_START + self.spec.days - 1, "D"))
        return ReferralLog.of(
            self.referrals, self.customers, last, marks=self.marks, transactions=self.transactions, simulated=True
        )


def _honest(spec: PlantedReferrals, rng: np.random.Generator) -> tuple[Accounts, dict[str, Any]]:
    """Members who came by themselves and whom they brought, generation by generation; and invitations sent."""
    joined = rng.integers(0, spec.days, spec.members)
    home = _homes(rng, spec.members)
    parts, sent = [(joined, home, np.full(spec.members, -1))], []
    first, chance, top = 0, spec.conversion, int(home.max()) + 1
    for _ in range(_GENERATIONS):
        days = parts[-1][0]
        invitations, came = _generation(spec, rng, days, chance)
        start = first + len(days)
        invitations["invited"] = np.where(came, start + np.cumsum(came) - 1, -1)
        invitations["inviter"] += first
        sent.append(invitations)
        if not came.any():
            break
        inviter = invitations["inviter"][came]
        own = rng.random(len(inviter)) < spec.home
        fresh = top + np.arange(len(inviter))
        known = np.concatenate([part[1] for part in parts])
        parts.append((invitations["joined"][came], np.where(own, known[inviter], fresh), inviter))
        first, chance, top = start, chance * spec.decay, top + len(inviter)
    joined, homes, inviter = (np.concatenate([part[i] for part in parts]) for i in range(3))
    rows = {name: np.concatenate([part[name] for part in sent]) for name in sent[0]}
    return Accounts.honest(joined, homes, inviter, spec.wifi, rng), rows


def _homes(rng: np.random.Generator, n: int) -> Integers:
    """Household of each member: a fifth share one with the member before."""
    return np.cumsum(rng.random(n) >= 0.2).astype(np.int64)


def _generation(
    spec: PlantedReferrals, rng: np.random.Generator, joined: Integers, chance: float
) -> tuple[dict[str, Any], Any]:
    """Invitations that members of one generation send, and which of them bring somebody."""
    sends = rng.poisson(spec.invitations * rng.gamma(_KEEN, 1 / _KEEN, len(joined)))
    inviter = np.repeat(np.arange(len(joined)), sends)
    day = joined[inviter] + np.floor(rng.exponential(_DELAY, len(inviter))).astype(np.int64)
    answer = day + np.floor(rng.exponential(_ANSWER, len(inviter))).astype(np.int64)
    came = (rng.random(len(inviter)) < chance) & (answer < spec.days)
    kept = day < spec.days
    rows = {"inviter": inviter[kept], "sent": day[kept], "joined": np.where(came, answer, -1)[kept]}
    return rows, came[kept]


def _own_lines(spec: PlantedReferrals, rng: np.random.Generator, accounts: Accounts) -> None:
    """How often and for how much each honest account buys, and what it returns."""
    honest = accounts.scheme == "honest"
    n = len(honest)
    orders: Floats = np.where(rng.random(n) < spec.buys, 1 + rng.poisson(2 * rng.gamma(1, 1, n)), 0)
    accounts.orders = np.where(honest, orders, accounts.orders)
    accounts.back = np.where(honest, 0.06, accounts.back)
