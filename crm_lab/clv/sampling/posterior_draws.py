"""Predictive draws: parameters from their sampling distribution, customers from their posterior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Floats, Positions
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.spend.spend_model import SpendFit, drawn_spend
from crm_lab.results import Interval

_BLOCK = 20_000  # customers at a time: 400 draws of them are 32 MB


@dataclass(frozen=True, slots=True)
class Base:
    """The customers to draw for: arrays of shape (n,), and what a drawn unit of spend is worth."""

    frequency: Floats
    recency: Floats
    T: Floats
    monetary_value: Floats
    factor: Floats

    def part(self, where: slice) -> Base:
        """Some of the customers."""
        return Base(*(getattr(self, name)[where] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Predictive draws.

    Attributes:
        purchases: Group totals of purchases, shape (draws, groups).
        value: Group totals of spend times factor, shape (draws, groups).
        lo: Lower end of each customer's value, shape (n,).
        hi: Upper end, shape (n,).
    """

    purchases: Floats
    value: Floats
    lo: Floats
    hi: Floats


def draw(
    fit: PurchaseFit,
    spend: SpendFit,
    base: Base,
    window: tuple[float, float],
    group: Positions,
    *,
    draws: int,
    level: float,
    seed: int,
) -> Drawn:
    """Draw the future `draws` times.

    Args:
        fit: Purchase model.
        spend: Spend model.
        base: Customers.
        window: Start and end of the future counted, in the model's unit after T.
        group: Number of each customer's group, shape (n,).
        draws: How many futures.
        level: Of the customers' central intervals.
        seed: Same seed, same draws.
    """
    rng = np.random.default_rng(seed)
    fits, spends = fit.drawn(draws, rng), drawn_spend(spend, draws, rng)
    groups, n = int(group.max()) + 1, len(group)
    purchases, value = np.zeros((draws, groups)), np.zeros((draws, groups))
    lo, hi = np.zeros(n), np.zeros(n)
    tail = (1 - level) / 2
    for first in range(0, n, _BLOCK):
        where = slice(first, first + _BLOCK)
        part, of = base.part(where), group[where]
        worth = np.empty((draws, len(of)), dtype=np.float32)
        for i, (one, money) in enumerate(zip(fits, spends, strict=True)):
            count = one.draw_purchases(window, part.frequency, part.recency, part.T, rng)
            drawn = part.factor * money.draw_spend(count, part.frequency, part.monetary_value, rng)
            purchases[i] += np.bincount(of, weights=count, minlength=groups)
            value[i] += np.bincount(of, weights=drawn, minlength=groups)
            worth[i] = drawn
        lo[where], hi[where] = np.quantile(worth, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return Drawn(purchases, value, lo, hi)


def exact_interval(drawn: Floats, level: float) -> Interval:
    """Central interval of a drawn total, of exact level for any number of draws."""
    lo, hi = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], method="weibull")
    return Interval(float(lo), float(hi), level)


def seed_of(rng: np.random.Generator | int) -> int:
    """A seed as it is, or one from a generator."""
    return int(rng.integers(2**31)) if isinstance(rng, np.random.Generator) else int(rng)
