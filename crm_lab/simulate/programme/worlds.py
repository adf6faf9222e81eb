"""All orders that could be made in a block, without and with the programme, and those that were."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import TypeVar, cast

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Booleans, Integers
from crm_lab.simulate.customers.needed_days import on_needed_days
from crm_lab.simulate.customers.people import People
from crm_lab.simulate.customers.persona_people import on_their_days, people_of
from crm_lab.simulate.customers.timing import Purchases, draw_purchases
from crm_lab.simulate.orders import baskets
from crm_lab.simulate.orders.basket_shelf import BasketShelf
from crm_lab.simulate.orders.baskets import OrderLines, Orders, Returned
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.programme import contacts
from crm_lab.simulate.programme import programme_effects as programme
from crm_lab.simulate.programme.shown_products import with_products
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK, stream

_Arrays = TypeVar("_Arrays", Orders, OrderLines, Returned)


class Cause(IntEnum):
    """Why an order or a line is there."""

    BASE = 0
    PROGRAMME = 1
    PULLED_FORWARD = 2
    MESSAGE = 3
    SAVE_OFFER = 4
    ADD_ON = 5
    PILOT = 6
    TIER = 7
    NEAR_REWARD = 8
    AFTER_REWARD = 9
    TOP_UP = 10


ORIGINS = tuple(cause.name.lower() for cause in Cause)
_YEAR = 365


@dataclass(frozen=True)
class World:
    """Every order and line that could exist, with the days they are made in either world.

    Attributes:
        orders: All of them, those without any influence first.
        day0: Day without the programme; `NEVER` where the order is not made.
        day1: Day if the customer is offered it.
        actual: The one that happened.
        origin: Number in `ORIGINS` of why the order is there.
        lines: Lines of all orders.
        add_on: Lines that are there only because of the programme's effect on spend.
        cost: Cost of goods of each line, in cents.
        returned: Lines that come back.
    """

    orders: Orders
    day0: Integers
    day1: Integers
    actual: Integers
    origin: Integers
    lines: OrderLines
    add_on: Booleans
    cost: Integers
    returned: Returned


@dataclass(frozen=True)
class Batch:
    """Orders with their lines and returns."""

    orders: Orders
    lines: OrderLines
    returned: Returned


@dataclass(frozen=True)
class Deeds:
    """What is done to the customers of a block, and what it changes."""

    draw: programme.Draw
    edits: programme.Edits
    exposures: contacts.Exposures
    offer: contacts.Offer


@dataclass(frozen=True)
class Life:
    """Everything that is true of one block."""

    people: People
    purchases: Purchases
    tier: Integers
    draw: programme.Draw
    exposures: contacts.Exposures
    offer: contacts.Offer
    world: World


def live(common: Common, block: int, people: People | None = None) -> Life:
    """Simulate one block, of its own people or given ones: what they do by themselves, then what is done to them."""
    scenario, seed = common.scenario, common.seed
    people = people or people_of(scenario, seed, block)
    purchases = draw_purchases(
        scenario.timing, people.habits, people.joined, common.clock, stream(seed, "timing", block), people.city
    )
    people, purchases = on_their_days(scenario, seed, block, people, purchases)
    people, purchases = on_needed_days(scenario, seed, block, people, purchases)
    day = purchases.day
    near = day >= -_YEAR
    base = baskets.make_orders(scenario, people, purchases.customer[near], day[near], stream(seed, "orders", block))
    shelved = _with_day(base, programme.shelf_days(scenario, base.day))
    lines = baskets.make_lines(common, people, shelved, stream(seed, "lines", block))
    own = Batch(base, lines, baskets.make_returns(scenario, base, lines, stream(seed, "returns", block)))
    tier = tiers_on(scenario, base.customer[lines.order], base.day[lines.order], lines.net, scenario.programme.start)
    draw = programme.draw_test(scenario, people, base, tier, stream(seed, "test", block))
    edits = programme.make_edits(scenario, draw, base, stream(seed, "edits", block))
    exposures = contacts.make_exposures(scenario, people, base, stream(seed, "contacts", block))
    if people.needs is not None:
        rng = stream(seed, "basket_slots", block)
        exposures = with_products(scenario.baskets, people.needs, exposures, scenario.days, rng)
    offer = contacts.make_offer(scenario, purchases.left, base, stream(seed, "save_offer", block))
    done = Deeds(draw, edits, exposures, offer)
    world = _join(common, people, own, done, block)
    if scenario.pilot.on:
        world = _with_pilot(common, people, world, base, block)
    return Life(people, purchases, tier, draw, exposures, offer, world)


def _with_day(orders: Orders, day: Integers) -> Orders:
    return Orders(orders.customer, day, orders.online, orders.hour, orders.value)


def tiers_on(scenario: Scenario, customer: Integers, day: Integers, net: Integers, on: int) -> Integers:
    """Tier of each customer on a day (BLOCK,): thresholds on net spend of the 365 days before, in cents."""
    counted = (day >= on - _YEAR) & (day < on)
    spent = np.bincount(customer[counted], weights=net[counted], minlength=BLOCK)
    cuts = np.rint(100 * np.array(scenario.tiers.thresholds))
    tier: Integers = np.searchsorted(cuts, spent, side="right")
    return tier


def _caused_orders(common: Common, people: People, base: Orders, done: Deeds, block: int) -> tuple[Orders, Integers]:
    """Orders that are made because of the programme, a message or an offer, with their origin."""
    edits, exposures, offer = done.edits, done.exposures, done.offer
    saved = np.flatnonzero(offer.responds)
    customer = np.concatenate([base.customer[edits.extra_of], exposures.caused_customer, saved])
    day = np.concatenate([edits.extra_day, exposures.caused_day, offer.day[saved]])
    origin = np.repeat(
        [Cause.PROGRAMME, Cause.MESSAGE, Cause.SAVE_OFFER], [edits.extra_of.size, exposures.caused_day.size, saved.size]
    )
    rng = stream(common.seed, "caused", block)
    return baskets.make_orders(common.scenario, people, customer, day, rng), origin


def _caused_lines(
    common: Common, people: People, extra: Orders, sent: contacts.Exposures, rng: Generator
) -> OrderLines:
    """Lines of orders that are caused; in planted baskets the one product that the message shows."""
    if people.needs is None:
        return baskets.make_lines(common, people, extra, rng)
    place = cast("BasketShelf", common.shelf).place
    return baskets.undiscounted(common, np.arange(extra.day.size), place[sent.caused_product])


def _days(done: Deeds, orders: Orders, origin: Integers) -> tuple[Integers, Integers]:
    """Day of each order without and with the programme; `NEVER` where it is not made."""
    edits, never = done.edits, programme.NEVER
    n = edits.lost.size
    day0, day1 = orders.day.copy(), orders.day.copy()
    day1[:n] = np.where(edits.lost, never, np.where(edits.pulled_to < never, edits.pulled_to, day1[:n]))
    not_offered = (origin == Cause.SAVE_OFFER) & ~done.offer.treated[orders.customer]
    day0[(origin == Cause.PROGRAMME) | not_offered] = never
    day1[not_offered] = never
    return day0, day1


def _join(common: Common, people: People, own: Batch, done: Deeds, block: int) -> World:
    """All orders in one: the customers' own first, then those caused, then the add-on lines to either."""
    scenario, draw, n = common.scenario, done.draw, own.orders.day.size
    rng = stream(common.seed, "caused_lines", block)
    extra, extra_origin = _caused_orders(common, people, own.orders, done, block)
    orders = stack(own.orders, extra)
    pulled = (done.edits.pulled_to < programme.NEVER) & draw.enrolled[own.orders.customer]
    origin = np.concatenate([np.where(pulled, Cause.PULLED_FORWARD, Cause.BASE), extra_origin])
    day0, day1 = _days(done, orders, origin)
    inside = (day1 >= draw.enrol_day[orders.customer]) & (day1 < programme.test_end(scenario.programme))
    more = _caused_lines(common, people, extra, done.exposures, rng)
    shelved = _with_day(orders, programme.shelf_days(scenario, orders.day))
    effect = np.where(inside, draw.spend_effect[orders.customer], 0.0)
    add_ons = baskets.make_add_ons(common, people, shelved, effect, rng)
    late = stack(replace(more, order=more.order + n), add_ons)
    back = baskets.make_returns(scenario, orders, late, rng)
    back = replace(back, line=back.line + own.lines.order.size)
    lines = stack(own.lines, late)
    return World(
        orders=orders,
        day0=day0,
        day1=day1,
        actual=np.where(draw.enrolled[orders.customer], day1, day0),
        origin=origin,
        lines=lines,
        add_on=np.arange(lines.order.size) >= lines.order.size - add_ons.order.size,
        cost=common.shelf.cost[lines.product] * lines.quantity,
        returned=stack(own.returned, back),
    )


def _with_pilot(common: Common, people: People, world: World, base: Orders, block: int) -> World:
    """The world with the orders that a programme of whole cities adds; they are made where it is."""
    scenario, seed, n = common.scenario, common.seed, world.orders.day.size
    rng = stream(seed, "pilot_orders", block)
    customer, day = programme.pilot_orders(scenario, base, rng)
    orders = baskets.make_orders(scenario, people, customer, day, rng)
    rng = stream(seed, "pilot_lines", block)
    lines = baskets.make_lines(common, people, orders, rng)
    back = baskets.make_returns(scenario, orders, lines, rng)
    made = np.where(common.piloted[people.city[customer]], day, programme.NEVER)
    return World(
        orders=stack(world.orders, orders),
        day0=np.concatenate([world.day0, made]),
        day1=np.concatenate([world.day1, made]),
        actual=np.concatenate([world.actual, made]),
        origin=np.concatenate([world.origin, np.full(day.size, Cause.PILOT)]),
        lines=stack(world.lines, replace(lines, order=lines.order + n)),
        add_on=np.concatenate([world.add_on, np.zeros(lines.order.size, dtype=bool)]),
        cost=np.concatenate([world.cost, common.shelf.cost[lines.product] * lines.quantity]),
        returned=stack(world.returned, replace(back, line=back.line + world.lines.order.size)),
    )


def stack(one: _Arrays, other: _Arrays) -> _Arrays:
    """Two sets of arrays of the same kind, one behind the other."""
    names = [f.name for f in fields(one)]
    return type(one)(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in names))


@dataclass(frozen=True)
class CustomerTotals:
    """Orders, net spend and margin (cents) of each customer in a span of days; every array is (BLOCK,)."""

    orders: Integers
    spend: Integers
    margin: Integers


def outcome(world: World, day: Integers, add_ons: Booleans, since: Integers, until: Integers) -> CustomerTotals:
    """What customers did in [since, until) if orders are made on `day`, returns netted on their own days.

    Args:
        world: All orders and lines.
        day: Day of each order (orders,).
        add_ons: Whether a customer's add-on lines count (BLOCK,).
        since: First day of each customer (BLOCK,).
        until: Day after the last (BLOCK,).
    """
    customer = world.orders.customer
    made = (day >= since[customer]) & (day < until[customer])
    who = customer[world.lines.order]
    there = ~world.add_on | add_ons[who]
    net, cost = world.lines.net, world.cost
    sold = made[world.lines.order] & there
    line = world.returned.line
    back_day = day[world.lines.order[line]] + world.returned.lag
    back = there[line] & (back_day >= since[who[line]]) & (back_day < until[who[line]])
    line = line[back]
    spend = _sums(who[sold], net[sold]) - _sums(who[line], net[line])
    costs = _sums(who[sold], cost[sold]) - _sums(who[line], cost[line])
    return CustomerTotals(np.bincount(customer[made], minlength=BLOCK), spend, spend - costs)


def _sums(customer: Integers, cents: Integers) -> Integers:
    """Exact sums by customer: doubles hold whole cents up to 9e15."""
    return np.bincount(customer, weights=cents, minlength=BLOCK).astype(np.int64)
