"""Rewards that nobody got: what each member would have redeemed with another balance to begin with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.loyalty.tier_economics.member_days import MemberDays

_HABIT = 2.0  # orders at the mean readiness that a member's own share is weighed with


@dataclass(frozen=True, eq=False)
class FalseRewards:
    """Balances and rewards of members who begin with up to half a reward more or less, by lot.

    They earn what they earned, at the orders they placed, and redeem as readily; only the days of the rewards are
    others. So whatever follows from redeeming at orders, and from reaching a price by orders, is in them, and nothing
    else is.

    Attributes:
        days: The members' days.
        price: What each member's reward costs: the median of what the member redeemed.
        readiness: Chance that a member who can redeem does so at an order.
    """

    days: MemberDays
    price: Floats
    readiness: Floats

    @classmethod
    def of(cls, days: MemberDays, price: float | None = None) -> FalseRewards:
        """Take prices and readiness from the rewards that were redeemed.

        Args:
            days: The members' days.
            price: Of everybody's reward, if given.
        """
        return cls._at(days, _usual_price(days) if price is None else np.full(days.members, price))

    @classmethod
    def _at(cls, days: MemberDays, price: Floats) -> FalseRewards:
        """Readiness at known prices."""
        chances = days.after_order & (_before(days, days.balance) >= price[days.member])
        could, did = np.bincount(days.member, chances, days.members), np.bincount(days.member, days.paid > 0)
        could, did = np.maximum(could, did), did.astype(float)
        mean = did.sum() / max(could.sum(), 1.0)
        return cls(days, price, (did + _HABIT * mean) / (could + _HABIT))

    def draw(self, rng: np.random.Generator) -> tuple[Floats, Booleans]:
        """Balance in each span, and whether a false reward began it, both of shape (spans,).

        Args:
            rng: Where the lot comes from.
        """
        days = self.days
        gained = days.balance - _before(days, days.balance) + days.paid
        starts = np.flatnonzero(_first(days))
        counts = np.diff(np.append(starts, len(days.day)))
        longest = np.argsort(-counts, kind="stable")  # so that each step is a head of the members
        starts, counts = starts[longest], counts[longest]
        price, ready = self.price[days.member[starts]], self.readiness[days.member[starts]]
        held = price * rng.uniform(-0.5, 0.5, len(starts))
        balance, redeemed = np.zeros(len(days.day)), np.zeros(len(days.day), dtype=bool)
        for step in range(int(counts.max(initial=0))):
            n = int(np.searchsorted(-counts, -step, side="left"))
            at = starts[:n] + step
            gets = days.after_order[at] & (held[:n] >= price[:n]) & (rng.random(n) < ready[:n])
            held[:n] += gained[at] - np.where(gets, price[:n], 0.0)
            balance[at], redeemed[at] = held[:n], gets
        return balance, redeemed


def _first(days: MemberDays) -> Booleans:
    """Whether a span is its member's first."""
    return np.append(True, days.member[1:] != days.member[:-1])[: len(days.member)]


def _before(days: MemberDays, values: Floats) -> Floats:
    """Values of the span before, 0 at a member's first."""
    return np.where(_first(days), 0.0, np.append(0.0, values[:-1])[: len(values)])


def _usual_price(days: MemberDays) -> Floats:
    """Median of what each member redeemed; those who never did have the prices of those who did, in turn."""
    got: Integers = np.flatnonzero(days.paid > 0)
    order = got[np.lexsort((days.paid[got], days.member[got]))]
    count = np.bincount(days.member[order], minlength=days.members)
    middle = np.cumsum(count) - count + (count - 1) // 2
    known = days.paid[order][middle[count > 0]]
    price = np.resize(known, days.members)
    price[count > 0] = known
    return price
