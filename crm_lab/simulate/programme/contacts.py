"""Campaign messages, the fatigue they cause, and the offer to silent customers with its hold-out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.simulate.customers.people import People
from crm_lab.simulate.orders.baskets import Orders
from crm_lab.simulate.programme.programme_effects import NEVER, first_and_last
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK

_MEMORY_DAYS = 28
_RECENCY_SCALE = 90.0  # days after which a customer is much less likely to be written to


@dataclass(frozen=True)
class Exposures:
    """Messages, each array (messages,), and the orders they caused, each (caused,).

    Attributes:
        customer: Number within the block.
        day: Day of the window.
        channel: Number of the channel.
        delivered: Whether it arrived.
        opened: Whether it was opened.
        recent: Messages to this customer in the 28 days before.
        opted_out: Day of opting out of each customer (BLOCK,); `NEVER` for the others.
        caused_customer: Who made an extra order.
        caused_day: When.
        product: Number of the product shown in the plan of planted baskets; this and the next are empty without.
        propensity: Chance that it was the one.
        clicked: Whether it was clicked.
        caused_product: Number of the product of each extra order (caused,).
    """

    customer: Integers
    day: Integers
    channel: Integers
    delivered: Booleans
    opened: Booleans
    recent: Integers
    opted_out: Integers
    caused_customer: Integers
    caused_day: Integers
    product: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    propensity: Floats = field(default_factory=lambda: np.zeros(0))
    clicked: Booleans = field(default_factory=lambda: np.zeros(0, dtype=bool))
    caused_product: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def make_exposures(scenario: Scenario, people: People, orders: Orders, rng: Generator) -> Exposures:
    """All campaigns of the window, one after the other: fatigue and opting out depend on what came before."""
    given = scenario.contacts
    days = range(given.every, scenario.days, given.every) if given.every else range(0)
    opted_out = np.full(BLOCK, NEVER)
    sent_at = np.full((len(days), BLOCK), fill_value=False)
    parts: list[tuple[Integers, ...]] = []
    last = _last_orders(orders, days)
    for number, day in enumerate(days):
        u = rng.random((6, BLOCK))
        since = day - last[number]
        keen = np.exp(-since / _RECENCY_SCALE)
        sent = (since < NEVER) & (opted_out > day) & (u[0] < np.clip(given.reach * (0.5 + 1.5 * keen), 0, 1))
        memory = -(-_MEMORY_DAYS // given.every)
        recent = sent_at[max(0, number - memory) : number].sum(axis=0)
        sent_at[number] = sent
        arrives = u[1] < given.delivered
        opened = arrives & (u[2] < people.opens * (1 - given.fatigue) ** recent)
        causes = opened & (u[3] < given.effect)
        when = day + (u[4] * given.effect_days).astype(np.int64)
        leaves = sent & arrives & (u[5] < given.opt_out * recent)
        opted_out = np.where(leaves, day, opted_out)
        who = np.flatnonzero(sent)
        parts.append(
            (who, np.full(who.size, day), arrives[who], opened[who], recent[who], np.where(causes, when, NEVER)[who])
        )
    customer, day_, delivered, opened_, recent_, caused = (
        np.concatenate([p[i] for p in parts]) if parts else np.zeros(0, dtype=np.int64) for i in range(6)
    )
    made = caused < scenario.days
    channel = rng.integers(0, len(given.channels), customer.size)
    rank = np.lexsort((day_, customer))
    return Exposures(
        customer[rank], day_[rank], channel[rank], delivered[rank].astype(bool), opened_[rank].astype(bool),
        recent_[rank], opted_out, customer[made], caused[made],
    )  # fmt: skip


def _last_orders(orders: Orders, days: range) -> list[Integers]:
    """Last order day of each customer before each of the days."""
    last, before = np.full(BLOCK, -NEVER), -NEVER
    rows = []
    for day in days:
        now = (orders.day >= before) & (orders.day < day)
        np.maximum.at(last, orders.customer[now], orders.day[now])
        rows.append(last.copy())
        before = day
    return rows


@dataclass(frozen=True)
class Offer:
    """The offer to silent customers; every array is (BLOCK,).

    Attributes:
        eligible: Silent long enough, and not for too long.
        treated: Whether the offer was sent; the other eligible are the hold-out.
        chance: Chance that it causes an order.
        responds: Whether it would.
        day: Day of that order.
    """

    eligible: Booleans
    treated: Booleans
    chance: Floats
    responds: Booleans
    day: Integers


def make_offer(scenario: Scenario, left: Floats, orders: Orders, rng: Generator) -> Offer:
    """Draw the hold-out and what the offer would do.

    Args:
        scenario: The truth.
        left: When each customer left (BLOCK,); infinite for the others.
        orders: The orders made.
        rng: Random stream.
    """
    given = scenario.save_offer
    u = rng.random((3, BLOCK))
    readiness = 2 * rng.beta(1.0, 1.0, BLOCK)  # who can be persuaded has nothing to do with who is at risk
    _, last = first_and_last(orders, given.start)
    silent = given.start - last
    eligible = (silent >= given.silent_days) & (silent <= given.silent_most) & given.on
    chance = np.where(left < given.start, given.effect_lost, given.effect) * readiness
    chance = np.where(eligible, np.clip(chance, 0, 1), 0.0)
    day = given.start + 1 + (u[2] * (given.effect_days - 1)).astype(np.int64)
    return Offer(eligible, eligible & (u[0] < given.treatment), chance, u[1] < chance, day)
