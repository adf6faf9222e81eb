"""The points of enrolled members: earned at orders, redeemed in rewards, expired with the test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.programme.programme_effects import Draw, test_end
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK

KINDS = ("earn", "redeem", "expire")


@dataclass(frozen=True)
class Ledger:
    """Events in order within customers, each array (events,).

    Attributes:
        customer: Number within the block.
        day: Day of the window.
        kind: Number in `KINDS`.
        points: Positive when earned, negative otherwise.
        order: The order at which it happened, by its place; -1 for expiry.
        cost: What it costs the retailer, in cents.
    """

    customer: Integers
    day: Integers
    kind: Integers
    points: Integers
    order: Integers
    cost: Integers


def make_ledger(
    scenario: Scenario, draw: Draw, customer: Integers, day: Integers, net: Integers, rng: Generator
) -> tuple[Ledger, Floats]:
    """The ledger, and each customer's chance of redeeming at an order where that is possible (BLOCK,).

    Args:
        scenario: The truth.
        draw: The test.
        customer: Who made each order (orders,), in time order within customers.
        day: When (orders,).
        net: Net value in cents (orders,).
        rng: Random stream.
    """
    given = scenario.programme
    mean = np.clip(given.redemption, 1e-6, 1 - 1e-6)
    readiness = rng.beta(2 * mean, 2 * (1 - mean), BLOCK)
    last = test_end(given) - 1
    enrol = np.where(draw.enrolled, draw.enrol_day, last + 1)
    place = np.flatnonzero((day >= enrol[customer]) & (day <= last))
    who, chance = customer[place], rng.random(place.size)
    points = np.floor(np.maximum(net[place], 0) * given.points / 100).astype(np.int64)
    redeems, balance = _redeem(who, points, chance < readiness[who], given.reward_points)
    left = np.flatnonzero(balance > 0)
    cost = round(100 * given.reward_value)
    paid = place[redeems]
    parts = (
        Ledger(who, day[place], np.zeros_like(who), points, place, np.zeros_like(who)),
        Ledger(who[redeems], day[paid], np.ones_like(paid), np.full(paid.size, -given.reward_points), paid,
               np.full(paid.size, cost)),
        Ledger(left, np.full(left.size, last), np.full(left.size, 2), -balance[left], np.full(left.size, -1),
               np.zeros_like(left)),
    )  # fmt: skip
    joined = [np.concatenate([getattr(p, name) for p in parts]) for name in Ledger.__dataclass_fields__]
    order = np.where(joined[4] < 0, np.iinfo(np.int64).max, joined[4])
    rank = np.lexsort((joined[2] != 1, order, joined[1], joined[0]))  # an order redeems before it earns
    return Ledger(*(column[rank] for column in joined)), readiness


def _redeem(
    who: Integers, points: Integers, willing: npt.NDArray[np.bool_], price: int
) -> tuple[npt.NDArray[np.bool_], Integers]:
    """Which orders redeem one reward, from the balance before them, and what is left at the end (BLOCK,)."""
    starts = np.searchsorted(who, np.arange(BLOCK))
    counts = np.bincount(who, minlength=BLOCK)
    balance = np.zeros(BLOCK, dtype=np.int64)
    redeems = np.zeros(who.size, dtype=bool)
    for step in range(counts.max(initial=0)):
        member = np.flatnonzero(counts > step)
        place = starts[member] + step
        now = willing[place] & (balance[member] >= price)
        redeems[place] = now
        balance[member] += points[place] - price * now
    return redeems, balance
