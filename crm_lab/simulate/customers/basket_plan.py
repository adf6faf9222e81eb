"""What is planted in baskets: popular products, pairs with their lift, staples with their gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.scenario.basket_settings import BasketSettings
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import stream

_LEAST, _MOST = 0.002, 0.12  # chance of a product in an order of the mean customer
_PAIRED = (0.02, 0.06)  # the same of products of a planted pair


@dataclass(frozen=True)
class BasketPlan:
    """Products by number: staples first, then complements and substitutes pair by pair, then the others.

    Attributes:
        popularity: Chance of each product in an order of the mean customer; 0 for staples (products,).
        first: First product of each pair (pairs,); the second is the next one.
        lift: Lift of each pair, first the complements (pairs,).
        gap: Days between two purchases of each staple, of the median customer (staples,).
        regularity: k of its gamma gaps (staples,).
        shown: Products that messages show (shown,).
        appeal: Chance that the mean customer clicks on each product (products,).
    """

    popularity: Floats
    first: Integers
    lift: Floats
    gap: Floats
    regularity: Floats
    shown: Integers
    appeal: Floats

    @property
    def staples(self) -> int:
        """How many staples there are."""
        return len(self.gap)


def plan_baskets(scenario: Scenario, seed: int) -> BasketPlan:
    """What is planted in the baskets of a retailer.

    Args:
        scenario: The truth.
        seed: The chance that plays.

    Returns:
        The plan: the same for all blocks of customers.
    """
    given, count, rng = scenario.baskets, scenario.products.count, stream(seed, "basket_plan")
    lift = np.concatenate(
        [_between(given.lifts, given.complements, rng), _between(given.substitute_lifts, given.substitutes, rng)]
    )
    gap = given.gap * np.exp(given.gap_spread * rng.standard_normal(given.staples))
    regularity = _between(given.regularity, given.staples, rng)
    others = given.staples + given.paired
    first = given.staples + 2 * np.arange(len(lift))
    popularity = _popularity(given, count, scenario.spend.lines, rng)
    appeal = given.click * rng.gamma(4.0, 0.25, count)
    shown = others + rng.permutation(count - others)[: given.shown]
    return BasketPlan(
        popularity, first, np.ones_like(lift) if given.alike else lift, gap, regularity, np.sort(shown), appeal
    )


def _between(limits: tuple[float, ...], n: int, rng: Generator) -> Floats:
    """Numbers between the least and the most (n,)."""
    least, most = limits
    return rng.uniform(least, most, n)


def _popularity(given: BasketSettings, count: int, lines: float, rng: Generator) -> Floats:
    """Chance of each product in an order: those of pairs within limits, the others so that all make up the lines."""
    out = np.zeros(count)
    others = given.staples + given.paired
    out[given.staples : others] = rng.uniform(*_PAIRED, given.paired)
    drawn = rng.gamma(1.5, 1.0, count - others)
    rest = max(lines - out.sum(), 0.0)
    out[others:] = np.clip(drawn / drawn.sum() * rest, _LEAST, _MOST)
    return out
