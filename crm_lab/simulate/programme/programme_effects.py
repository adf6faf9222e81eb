"""The loyalty programme's test: who is drawn, who enrols, and what enrolling changes.

What a customer would do without and with the programme is made for everyone, so the key holds both outcomes
and the effect of the programme is known exactly; the data show the one that happened.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.simulate.customers.people import People
from crm_lab.simulate.orders.baskets import Orders
from crm_lab.simulate.scenario.actions import ProgrammeSettings
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK

NEVER = 10**6
"""A day that does not come."""


@dataclass(frozen=True)
class Draw:
    """The test, customer by customer; every array is (BLOCK,).

    Attributes:
        eligible: Whether the customer takes part.
        assigned: Day of assignment; `NEVER` for the others.
        treated: Whether drawn for the treatment arm.
        late: Whether the first order came during the test, so that there is no pre-period.
        enrol_chance: Chance of enrolling when offered.
        enrols: Whether the customer enrols if offered.
        enrol_day: When; `NEVER` for those who do not.
        contaminated: Control member who gets the programme all the same.
        recorded: Whether the record of the assignment survives.
        orders_effect: Own relative effect of being enrolled on orders, before novelty.
        spend_effect: Own relative effect on the value of an order.
    """

    eligible: Booleans
    assigned: Integers
    treated: Booleans
    late: Booleans
    enrol_chance: Floats
    enrols: Booleans
    enrol_day: Integers
    contaminated: Booleans
    recorded: Booleans
    orders_effect: Floats
    spend_effect: Floats

    @property
    def enrolled(self) -> Booleans:
        """Whether the customer is in the programme in the end."""
        inside: Booleans = self.enrols & (self.treated | self.contaminated)
        return inside


def test_end(programme: ProgrammeSettings) -> int:
    """The day after the test's last."""
    return programme.start + programme.days


test_end.__test__ = False  # type: ignore[attr-defined]  # a name that pytest would take for a test


def draw_test(scenario: Scenario, people: People, orders: Orders, tier: Integers, rng: Generator) -> Draw:
    """Draw the lots: arms by a fair coin of the scenario's weight, enrolment by own choice.

    Args:
        scenario: The truth.
        people: The block.
        orders: Orders without the programme.
        tier: Value tier on the first day of the test (BLOCK,).
        rng: Random stream.
    """
    given = scenario.programme
    u = rng.random((4, BLOCK))
    lag = rng.exponential(given.enrol_lag, BLOCK).astype(np.int64)
    spread = rng.gamma(1 / given.spread**2, given.spread**2, BLOCK) if given.spread else np.ones(BLOCK)
    first, recent = first_and_last(orders, given.start)
    known = (recent >= given.start - given.recent_days) & given.on
    late = (first >= given.start) & (first < test_end(given)) & given.late_joiners & given.on
    eligible = known | late
    assigned = np.where(known, given.start, np.where(late, first, NEVER))
    treated = eligible & (u[0] < given.treatment)
    chance = _enrol_chance(given, people.frequency)
    enrols = eligible & (u[1] < chance)
    enrol_day = np.where(enrols, assigned + lag, NEVER)
    enrols &= enrol_day < test_end(given)
    names = scenario.tiers.names
    return Draw(
        eligible=eligible,
        assigned=assigned,
        treated=treated,
        late=late,
        enrol_chance=np.where(eligible, chance, 0.0),
        enrols=enrols,
        enrol_day=np.where(enrols, enrol_day, NEVER),
        contaminated=eligible & ~treated & (u[2] < given.contamination),
        recorded=eligible & ~(treated & (u[3] < given.lost_records)),
        orders_effect=np.array([given.orders.get(t, 0.0) for t in names])[tier] * spread,
        spend_effect=np.array([given.spend.get(t, 0.0) for t in names])[tier],
    )


def _enrol_chance(given: ProgrammeSettings, frequency: Floats) -> Floats:
    if not given.selection:
        return np.full(frequency.size, given.take_up)
    odds = np.log(given.take_up / (1 - given.take_up)) + given.selection * frequency
    chance: Floats = 1 / (1 + np.exp(-odds))
    return chance


def first_and_last(orders: Orders, before: int) -> tuple[Integers, Integers]:
    """First order day of each customer (`NEVER` without one), and last one earlier than `before` (-`NEVER`)."""
    first, last = np.full(BLOCK, NEVER), np.full(BLOCK, -NEVER)
    np.minimum.at(first, orders.customer, orders.day)
    earlier = orders.day < before
    np.maximum.at(last, orders.customer[earlier], orders.day[earlier])
    return first, last


@dataclass(frozen=True)
class Edits:
    """What enrolling changes in the orders without the programme.

    Attributes:
        lost: Orders that would not be made (orders,).
        pulled_to: Day an order is pulled forward to, `NEVER` where it is not (orders,).
        extra_of: For each extra order, the order beside which it is made, by its place (extra,).
        extra_day: Its day (extra,).
    """

    lost: Booleans
    pulled_to: Integers
    extra_of: Integers
    extra_day: Integers


def make_edits(scenario: Scenario, draw: Draw, orders: Orders, rng: Generator) -> Edits:
    """Orders lost, pulled forward and added if each customer who would enrol were offered the programme."""
    given = scenario.programme
    end, n = test_end(given), orders.day.size
    enrol = draw.enrol_day[orders.customer]
    during = (orders.day >= enrol) & (orders.day < end)
    effect = draw.orders_effect[orders.customer] * (
        1 + given.novelty * np.exp(-np.maximum(orders.day - enrol, 0) / given.novelty_days)
    )
    counts = rng.poisson(np.where(during, np.maximum(effect, 0.0), 0.0))
    lost = during & (rng.random(n) < -effect)
    back = rng.random(n)
    after = (orders.day >= end) & (orders.day < end + given.pull_days) & (enrol < end)
    pulled = after & (rng.random(n) < given.pull_forward)
    reach = np.minimum(given.pull_days, np.maximum(end - enrol, 1))
    extra_of = np.repeat(np.arange(n), counts)
    extra_day = np.minimum(orders.day[extra_of] + rng.integers(1, 7, extra_of.size), end - 1)
    return Edits(lost, np.where(pulled, end - 1 - (back * reach).astype(np.int64), NEVER), extra_of, extra_day)


def pilot_orders(scenario: Scenario, orders: Orders, rng: Generator) -> tuple[Integers, Integers]:
    """Orders that a programme of whole cities adds in any of them (extra,): whose, and on which day.

    They are made beside the customers' own, in the same week, so that sales rise by its lift from the first week on.
    """
    given = scenario.pilot
    during = np.flatnonzero((orders.day >= given.start) & (orders.day < given.end))
    beside = np.repeat(during, rng.poisson(given.lift, during.size))
    monday = orders.day[beside] - (orders.day[beside] - given.start) % 7
    return orders.customer[beside], monday + rng.integers(0, 7, beside.size)


def shelf_days(scenario: Scenario, day: Integers) -> Integers:
    """The day whose shelf an order is filled from: early enough for orders that may be pulled forward."""
    given = scenario.programme
    end = test_end(given)
    movable = given.on and given.pull_forward > 0
    return np.where(movable & (day >= end) & (day < end + given.pull_days), end - given.pull_days, day)
