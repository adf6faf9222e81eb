"""Who the customers of a block are: what drives them, and what the retailer can see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.customers.basket_needs import Needs
from crm_lab.simulate.customers.persona_tastes import PersonaTastes
from crm_lab.simulate.customers.timing import Habits, draw_habits
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK, stream


@dataclass(frozen=True)
class People:
    """The customers of one block; every array is (BLOCK,).

    Attributes:
        first: Number of the block's first customer.
        joined: Time of the first purchase, a whole day of the window.
        habits: Timing.
        frequency: Log purchase rate, standardised by its distribution.
        mean_order: Mean value of an order before discounts, in currency.
        city: Number of the home city.
        store: Number of the home store.
        online: Share of orders placed online.
        channel: Number of the acquisition channel.
        style: Number of the favourite style.
        scene: Number of the favourite scene.
        eco: Taste for eco products (log-odds).
        coupons: Share of lines bought with a coupon.
        opens: Chance of opening a first message.
        age: Number of the age band.
        tastes: Planted kinds of shoppers; none in most scenarios.
        household: Numbers of the income band and of the household's size, where kinds are planted.
        needs: Tastes and needs of planted baskets; none in most scenarios.
    """

    first: int
    joined: Floats
    habits: Habits
    frequency: Floats
    mean_order: Floats
    city: Integers
    store: Integers
    online: Floats
    channel: Integers
    style: Integers
    scene: Integers
    eco: Floats
    coupons: Floats
    opens: Floats
    age: Integers
    tastes: PersonaTastes | None = None
    household: Mapping[str, Integers] = field(default_factory=dict)
    needs: Needs | None = None


AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
AGE_SHARES = (0.11, 0.22, 0.22, 0.18, 0.15, 0.12)


def make_people(scenario: Scenario, seed: int, block: int) -> People:
    """The customers of a block of a scenario."""
    from scipy.special import digamma, polygamma

    timing, spend, stores, products = scenario.timing, scenario.spend, scenario.stores, scenario.products
    habits = draw_habits(timing, BLOCK, stream(seed, "habits", block))
    rng = stream(seed, "traits", block)
    log_rate = np.log(np.maximum(habits.rate * 7 * timing.alpha, 1e-300))
    frequency = np.clip((log_rate - digamma(timing.r)) / np.sqrt(polygamma(1, timing.r)), -4, 4)
    city = _choice(rng, list(stores.cities.values()))
    return People(
        first=block * BLOCK,
        joined=_joining_times(scenario, rng),
        habits=habits,
        frequency=frequency,
        mean_order=_mean_orders(spend, habits.rate * 7 * timing.alpha / timing.r, rng),
        city=city,
        store=city * stores.per_city + rng.integers(0, stores.per_city, BLOCK),
        online=_beta(rng, stores.online, 2.0),
        channel=_choice(rng, list(scenario.acquisition.channels.values())),
        style=rng.integers(0, len(products.styles), BLOCK),
        scene=rng.integers(0, len(products.scenes), BLOCK),
        eco=rng.normal(0, 1, BLOCK),
        coupons=_beta(rng, scenario.discounts.coupon_share, 2.0),
        opens=_beta(rng, scenario.contacts.opened, 4.0),
        age=_choice(rng, AGE_SHARES),
    )


def _joining_times(scenario: Scenario, rng: Generator) -> Floats:
    """Even over the days before the window for some customers, over the (first days of the) window for the others."""
    given = scenario.acquisition
    old = rng.random(BLOCK) < given.before
    place = rng.random(BLOCK)
    during = given.during_days or scenario.days
    joined: Floats = np.floor(np.where(old, -given.before_days * (1 - place), during * place))
    return joined


def _mean_orders(spend: Any, relative_rate: Floats, rng: Generator) -> Floats:
    """Mean order values: inverse-gamma across customers (Gamma-Gamma), times the link to frequency."""
    values = spend.mean * (spend.q - 1) / rng.gamma(spend.q, 1.0, BLOCK)
    link: Floats = np.maximum(relative_rate, 1e-6) ** spend.frequency_link
    means: Floats = values * link
    return means


def _beta(rng: Generator, mean: float, size: float) -> Floats:
    """Shares that differ between customers around a mean; all alike at 0 and 1."""
    draws = rng.beta(np.clip(mean, 1e-6, 1 - 1e-6) * size, (1 - np.clip(mean, 1e-6, 1 - 1e-6)) * size, BLOCK)
    return draws if 0 < mean < 1 else np.full(BLOCK, float(mean))


def _choice(rng: Generator, weights: Any) -> Integers:
    """Numbers drawn in proportion to weights."""
    cumulative = np.cumsum(np.asarray(weights, dtype=float))
    drawn: Integers = np.searchsorted(cumulative / cumulative[-1], rng.random(BLOCK), side="right")
    return np.minimum(drawn, cumulative.size - 1)
