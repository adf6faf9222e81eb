"""When customers buy: the processes whose parameters the CLV models estimate.

Each customer has a purchase rate, lambda ~ Gamma(r, alpha), and one way of leaving. An Erlang-k process with
that rate is every k-th event of a Poisson process that is k times as fast, so one vectorised draw serves all.

Sources: Schmittlein, Morrison & Colombo (1987), Pareto/NBD; Fader, Hardie & Lee (2005), BG/NBD; Batislam,
Denizel & Filiztekin (2007), MBG/NBD; Platzer & Reutterer (2016), Erlang-k gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.scenario.clock import Clock
from crm_lab.simulate.scenario.settings import Timing

DAYS_PER_WEEK = 7


@dataclass(frozen=True)
class Habits:
    """What drives each customer's timing; every array is (customers,).

    Attributes:
        rate: Purchases a day of demand 1 while active.
        dropout: Drop-out rate a day (``pareto_nbd``) or chance of leaving after a purchase; NaN where nobody leaves.
        lifetime_days: Days from the first purchase until the customer leaves; infinite unless ``pareto_nbd``.
        lifetime_orders: Repeat purchases made before leaving; infinite unless ``bg_nbd`` or ``mbg_nbd``.
    """

    rate: Floats
    dropout: Floats
    lifetime_days: Floats
    lifetime_orders: Floats


@dataclass(frozen=True)
class Purchases:
    """Purchases in time order within customers.

    Attributes:
        customer: Whose (purchases,).
        time: When, in days of the window (purchases,); the first one of each customer is at the start.
        day: The day of each (purchases,).
        left: When each customer left (customers,); infinite where not before the clock's end.
    """

    customer: Integers
    time: Floats
    day: Integers
    left: Floats


def draw_habits(timing: Timing, n: int, rng: Generator) -> Habits:
    """Habits of `n` customers."""
    rate = rng.gamma(timing.r, 1 / timing.alpha, n) / DAYS_PER_WEEK
    forever = np.full(n, np.inf)
    if timing.process == "nbd":
        return Habits(rate, np.full(n, np.nan), forever, forever)
    if timing.process == "pareto_nbd":
        mu = np.maximum(rng.gamma(timing.s, 1 / timing.beta, n) / DAYS_PER_WEEK, 1e-12)
        return Habits(rate, mu, rng.exponential(1.0, n) / mu, forever)
    p = np.clip(rng.beta(timing.a, timing.b, n), 1e-9, 1.0)
    deaths = np.ceil(np.log1p(-rng.random(n)) / np.log1p(-np.minimum(p, 1 - 1e-12)))  # geometric: 1, 2, ...
    counted = np.maximum(deaths, 1.0)
    return Habits(rate, p, forever, counted - 1 if timing.process == "mbg_nbd" else counted)


def draw_purchases(
    timing: Timing, habits: Habits, joined: Floats, clock: Clock, rng: Generator, city: Integers | None = None
) -> Purchases:
    """The purchases of each customer from the first, at `joined`, to the clock's end.

    Args:
        timing: The process.
        habits: Drives of n customers.
        joined: Time of each first purchase in days of the window (n,), within the clock.
        clock: Demand by day.
        rng: Random stream; how much is drawn depends on the other arguments only.
        city: City of each (n,), where the clock tells cities apart.
    """
    n, regularity = joined.size, timing.regularity
    began = clock.demand_until(joined, city)
    span = clock.demand_at_end(city) - began
    counts = rng.poisson(habits.rate * regularity * span)
    customer = np.repeat(np.arange(n), counts)
    place = np.sort(customer + rng.random(customer.size))  # sorted within customers, whose numbers lead
    share = place - customer
    order = np.arange(customer.size) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    repeat = order // regularity
    time = clock.time_of(began[customer] + share * span[customer], None if city is None else city[customer])
    stays = (repeat <= habits.lifetime_orders[customer]) & (time < (joined + habits.lifetime_days)[customer])
    kept = (order % regularity == 0) & stays
    left = _left(habits, joined, customer[kept], time[kept])
    customer, time = np.concatenate([np.arange(n), customer[kept]]), np.concatenate([joined, time[kept]])
    rank = np.lexsort((time, customer))
    customer, time = customer[rank], time[rank]
    day = np.ceil(time).astype(np.int64)
    if not timing.same_day:
        day = _one_a_day(customer, day)
    return Purchases(customer, time, day, np.where(left < clock.end, left, np.inf))


def _one_a_day(customer: Integers, day: Integers) -> Integers:
    """Days on which nobody buys twice: a second purchase waits for the next free day."""
    place = np.arange(day.size)
    apart = int(day.max(initial=0) - day.min(initial=0)) + day.size + 1  # customers far from each other
    free: Integers = np.maximum.accumulate(day - place + customer * apart)
    return free + place - customer * apart


def _left(habits: Habits, joined: Floats, customer: Integers, time: Floats) -> Floats:
    """When each customer left: with the repeat purchase that was the last, or at the end of the lifetime."""
    made = np.bincount(customer, minlength=joined.size)
    last = joined.copy()
    np.maximum.at(last, customer, time)
    return np.where(made >= habits.lifetime_orders, last, joined + habits.lifetime_days)
