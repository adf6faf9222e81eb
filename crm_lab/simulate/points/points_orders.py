"""Members as invited, and every order that tiers, a near reward, a reward received or a tier's threshold could add."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.customers.people import People, make_people
from crm_lab.simulate.customers.timing import draw_purchases
from crm_lab.simulate.orders import baskets
from crm_lab.simulate.orders.baskets import OrderLines, Orders, Returned
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.points.invitations_net import Network, Scheme, age_factor, make_network
from crm_lab.simulate.programme.worlds import Cause, Life, World, live, stack
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK, stream

_FRAUD_ORDER = 24.0  # mean order of accounts that are there for the reward
_TOP_UPS = (0.3, 0.55, 0.8, 1.05)  # sizes of the orders that somebody may top up with, in units of the widest gap
_TOP_UP_DAYS = 5  # at the year's end
_SECOND_ACCOUNTS_RETURN = 0.4


@dataclass(frozen=True)
class PointsLife:
    """A block with every order that could be made.

    Attributes:
        life: The block; `life.world` holds all orders, of which the walk says which are made.
        net: Who invited whom.
        mark: Chance of each order (orders,): for those that tiers add, the effect it takes for them to be made.
        years: First days of calendar years from the window's start on (years,), beyond the tail.
        sorter: Who tops up at the year's end where a tier is near (BLOCK,).
    """

    life: Life
    net: Network
    mark: Floats
    years: Integers
    sorter: np.ndarray


def live_points(common: Common, block: int) -> PointsLife:
    """Simulate one block with all orders that points could cause."""
    scenario, seed = common.scenario, common.seed
    own = make_people(scenario, seed, block)
    net = make_network(scenario, own, stream(seed, "referrals", block))
    people = _as_invited(scenario, own, net)
    life = live(common, block, people)
    n_own = life.world.orders.day.size
    years = year_starts(scenario)
    rng = stream(seed, "points_orders", block)
    sorter = rng.random(BLOCK) < scenario.points.sorters
    orders, origin, mark = _extra_orders(common, people, rng)
    topped, top_origin = _top_ups(scenario, life, sorter, years, rng)
    orders, origin = stack(orders, topped), np.concatenate([origin, top_origin])
    world = _with_orders(common, life, orders, origin, block)
    world = replace(world, returned=_returned(scenario, net, world, rng))
    marks = np.concatenate([np.zeros(n_own), mark, np.zeros(topped.day.size)])
    left = np.where(life.purchases.left < scenario.days - 1, life.purchases.left, np.inf)
    life = replace(life, world=world, purchases=replace(life.purchases, left=left))
    return PointsLife(life, net, marks, years, sorter)


def year_starts(scenario: Scenario) -> Integers:
    """Days of the window on which calendar years begin, from the first to one beyond the tail."""
    last = scenario.days + scenario.points.tail_days
    starts = [(scenario.start.replace(year=scenario.start.year + k) - scenario.start).days for k in range(12)]
    return np.array([day for day in starts if day <= last + 366], dtype=np.int64)


def _as_invited(scenario: Scenario, people: People, net: Network) -> People:
    """The people with the days, homes, ages and rates that invitations give them."""
    given, stores = scenario.referrals, scenario.stores
    invited = (net.inviter >= 0) & (net.scheme == Scheme.NONE)
    fake = net.scheme > Scheme.NONE
    fake &= (net.role == 2) | (net.scheme != Scheme.SELF_REFERRAL)
    rate = people.habits.rate * age_factor(scenario, net.age) * np.where(invited, 1 + given.value, 1.0)
    habits = replace(
        people.habits, rate=np.where(fake, 1e-9, rate), lifetime_days=np.where(fake, 0.5, people.habits.lifetime_days)
    )
    return replace(
        people,
        joined=net.joined.astype(np.float64),
        habits=habits,
        mean_order=np.where(fake, _FRAUD_ORDER, people.mean_order),
        age=net.age,
        city=net.city,
        store=net.city * stores.per_city + people.store % stores.per_city,
    )


def _extra_orders(common: Common, people: People, rng: Generator) -> tuple[Orders, Integers, Floats]:
    """Orders by the same clock and rates that a tier, a near reward or a reward received may add."""
    scenario = common.scenario
    rates = np.array(scenario.points.extra_rates)
    whole = float(rates.sum())
    habits = replace(people.habits, rate=people.habits.rate * whole)
    drawn = draw_purchases(
        replace(scenario.timing, regularity=1), habits, people.joined, common.clock, rng, people.city
    )
    first = np.append(True, drawn.customer[1:] != drawn.customer[:-1])
    kept = ~first & (drawn.day >= 0)
    u = rng.random(drawn.day.size) * whole
    edges = np.cumsum(rates)
    place = np.minimum(np.searchsorted(edges, u, side="right"), 2)
    customer, day = drawn.customer[kept], drawn.day[kept]
    orders = baskets.make_orders(scenario, people, customer, day, rng)
    origin = np.array([Cause.TIER, Cause.NEAR_REWARD, Cause.AFTER_REWARD])[place[kept]]
    return orders, origin, u[kept]


def _top_ups(
    scenario: Scenario, life: Life, sorter: np.ndarray, years: Integers, rng: Generator
) -> tuple[Orders, Integers]:
    """Orders of a few sizes at the year's end, of those whose own spend alone may bring them near the threshold."""
    given, names = scenario.points, scenario.tiers.names
    u = rng.random((years.size, BLOCK))
    if not given.sorted_tier or not given.sorters:
        none = np.zeros(0, dtype=np.int64)
        return Orders(none, none, none.astype(bool), none, none.astype(float)), none
    threshold = scenario.tiers.thresholds[names.index(given.sorted_tier) - 1]
    world = life.world
    net = np.bincount(world.lines.order, weights=world.lines.net, minlength=world.orders.day.size) / 100
    parts = []
    for year, (first, after) in enumerate(pairwise(years)):
        inside = (world.orders.day >= first) & (world.orders.day < after)
        spent = np.bincount(world.orders.customer[inside], weights=net[inside], minlength=BLOCK)
        day = after - _TOP_UP_DAYS + (u[year] * _TOP_UP_DAYS).astype(np.int64)
        near = sorter & (spent > 0.55 * threshold) & (spent < threshold + given.sorting_gap)
        who = np.flatnonzero(near & (life.purchases.left > day) & (life.people.joined < day))
        parts.append((np.repeat(who, len(_TOP_UPS)), np.repeat(day[who], len(_TOP_UPS))))
    customer, day = (np.concatenate(part) for part in zip(*parts, strict=True))
    orders = baskets.make_orders(scenario, life.people, customer, day, rng)
    value = given.sorting_gap * np.tile(_TOP_UPS, customer.size // len(_TOP_UPS))
    return replace(orders, value=value), np.full(customer.size, int(Cause.TOP_UP))


def _with_orders(common: Common, life: Life, orders: Orders, origin: Integers, block: int) -> World:
    """The world with these orders; which of them are made is not known yet."""
    world, n = life.world, life.world.orders.day.size
    rng = stream(common.seed, "points_lines", block)
    lines = baskets.make_lines(common, life.people, orders, rng)
    back = baskets.make_returns(common.scenario, orders, lines, rng)
    return World(
        orders=stack(world.orders, orders),
        day0=np.concatenate([world.day0, orders.day]),
        day1=np.concatenate([world.day1, orders.day]),
        actual=np.concatenate([world.actual, orders.day]),
        origin=np.concatenate([world.origin, origin]),
        lines=stack(world.lines, replace(lines, order=lines.order + n)),
        add_on=np.concatenate([world.add_on, np.zeros(lines.order.size, dtype=bool)]),
        cost=np.concatenate([world.cost, common.shelf.cost[lines.product] * lines.quantity]),
        returned=stack(world.returned, replace(back, line=back.line + world.lines.order.size)),
    )


def _returned(scenario: Scenario, net: Network, world: World, rng: Generator) -> Returned:
    """Lines that come back: all of those who buy for the reward alone, none of those who top up."""
    u = rng.random((2, BLOCK))
    second = (net.scheme == Scheme.SELF_REFERRAL) & (net.role == 2) & (u[0] < _SECOND_ACCOUNTS_RETURN)
    everything = (net.scheme == Scheme.RETURN_AFTER_REWARD) | second
    who, lines = world.orders.customer[world.lines.order], world.lines
    own = ~everything[who[world.returned.line]]
    own &= world.origin[lines.order[world.returned.line]] != Cause.TOP_UP
    back = np.flatnonzero(everything[who])
    lag = scenario.referrals.reward_after + 1 + (u[1][who[back]] * 9).astype(np.int64)
    return stack(Returned(world.returned.line[own], world.returned.lag[own]), Returned(back, lag))


def lines_of(lines: OrderLines, orders: int) -> Integers:
    """Net value of each order in cents (orders,)."""
    return np.bincount(lines.order, weights=lines.net, minlength=orders).astype(np.int64)
