"""Whether two traits of a customer go together: one seen in some periods, the other in other periods.

Lines of one basket share an hour, and one product has a category and a price; so traits that are seen in the same
lines go together without any taste behind them. Seen in different periods they do so only where a customer's tastes
last. What comes from the number of lines and orders is taken out first: both traits are compared with what customers
with as many lines and orders have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats, Integers
from crm_lab.stats.intervals import z_value
from crm_lab.stats.multiplicity.false_discovery import benjamini_yekutieli

_BIN = 75  # customers a cell


@dataclass(frozen=True)
class Halves:
    """Traits in two sets of periods, and what customers with as many lines and orders have.

    Attributes:
        first: Whether a trait is seen in the first periods, shape (n, m).
        second: The same in the second.
        usual_first: Share of customers with as many lines and orders who have it, shape (n, m).
        usual_second: The same in the second.
        cells: Cell of each customer in both, shape (2, n).
    """

    first: Floats
    second: Floats
    usual_first: Floats
    usual_second: Floats
    cells: Integers

    @classmethod
    def of(cls, first: Floats, second: Floats, cells: Integers) -> Halves:
        """Traits with what is usual in each cell.

        >>> Halves.of(np.eye(2), np.eye(2), np.zeros((2, 2), dtype=int)).usual_first.tolist()
        [[0.5, 0.5], [0.5, 0.5]]
        """
        return cls(first, second, mean_of_cells(first, cells[0]), mean_of_cells(second, cells[1]), cells)

    def joined(self, *traits: int) -> Halves:
        """One trait: all of some traits."""
        first, second = (part[:, list(traits)].min(axis=1, keepdims=True) for part in (self.first, self.second))
        return Halves.of(first, second, self.cells)


def mean_of_cells(values: Floats, cells: Integers) -> Floats:
    """Mean of each column over the customers of a cell, given to each of them.

    >>> mean_of_cells(np.array([[1.0], [0.0], [4.0]]), np.array([0, 0, 1])).ravel().tolist()
    [0.5, 0.5, 4.0]
    """
    sizes = np.bincount(cells)
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, cells, values)
    return (sums / np.maximum(sizes, 1)[:, None])[cells]


def cells_of(lines: Floats, orders: Floats) -> Integers:
    """Cells of customers with about as many lines, and among them about as many orders; some 75 customers each.

    >>> len(set(cells_of(np.arange(300.0), np.ones(300)).tolist()))
    4
    """
    n = len(lines)
    many = max(n // _BIN, 1)
    by_lines = max(int(np.sqrt(many) * 1.5), 1) if len(np.unique(orders)) > 1 else many
    outer = _ranked(lines, by_lines)
    frame = pd.DataFrame({"outer": outer, "rank": pd.Series(orders).groupby(outer).rank(pct=True, method="average")})
    inner = max(many // by_lines, 1)
    cell = frame["outer"] * (inner + 1) + np.ceil(frame["rank"] * inner).clip(1, inner)
    return np.unique(cell.to_numpy(dtype=np.int64), return_inverse=True)[1].astype(np.int64)


def _ranked(values: Floats, bins: int) -> Integers:
    rank = pd.Series(values).rank(pct=True, method="average").to_numpy()
    return np.clip(np.ceil(rank * bins), 1, bins).astype(np.int64)


def z_of_pairs(one: Halves, other: Halves) -> Floats:
    """How far each trait of one goes with each trait of the other beyond what is usual, in standard errors.

    Both ways are summed in each customer, so that the customer is the sampling unit.

    >>> rng = np.random.default_rng(0)
    >>> trait = (rng.random((2000, 1)) < 0.2).astype(float)
    >>> halves = Halves.of(trait, trait, np.zeros((2, 2000), dtype=int))
    >>> z_of_pairs(halves, halves).item() > 10
    True

    Args:
        one: Traits, m.
        other: Traits of the same customers, k.

    Returns:
        Shape (m, k); 0 where nothing varies.
    """
    r1, r2 = one.first - one.usual_first, one.second - one.usual_second
    s1, s2 = other.first - other.usual_first, other.second - other.usual_second
    total = r1.T @ s2 + r2.T @ s1
    square = (r1**2).T @ s2**2 + (r2**2).T @ s1**2 + 2 * (r1 * r2).T @ (s1 * s2)
    z: Floats = np.divide(total, np.sqrt(square), out=np.zeros_like(total), where=square > 1e-9)
    return z


@dataclass(frozen=True, slots=True)
class Lift:
    """How often traits go together against what is usual.

    Attributes:
        value: Observed over usual.
        lo: Lower end.
        hi: Upper end.
        p: One-sided p value of no more than usual, the largest of the conditions.
        seen: Customers who have it all, a period pair each.
    """

    value: float
    lo: float
    hi: float
    p: float
    seen: float


def lift_of(halves: Halves, traits: tuple[int, ...], level: float = 0.95) -> Lift:
    """Lift of some traits: each with all the others, seen in other periods; observed over usual.

    The interval is that of a ratio of sums over customers (delta method, on the log scale); the p value is that of the
    condition that adds least.

    >>> rng = np.random.default_rng(0)
    >>> trait = (rng.random((2000, 1)) < 0.2).astype(float)
    >>> halves = Halves.of(np.hstack([trait, trait]), np.hstack([trait, trait]), np.zeros((2, 2000), dtype=int))
    >>> 4 < lift_of(halves, (0, 1)).value < 6
    True

    Args:
        halves: The traits.
        traits: Two or three of them.
        level: Confidence level.

    Returns:
        The lift with its interval.
    """
    ups, downs, zs = [], [], []
    for trait in traits if len(traits) > 2 else traits[:1]:
        rest, alone = halves.joined(*(t for t in traits if t != trait)), halves.joined(trait)
        zs.append(float(z_of_pairs(rest, alone).item()))
        ups.append(rest.first * alone.second + rest.second * alone.first)
        downs.append(_usual(rest, alone) + _usual(alone, rest))
    up, down = np.mean(ups, axis=0).ravel(), np.mean(downs, axis=0).ravel()
    p = float(stats.norm.sf(min(zs)))
    return Lift(*_ratio(up, down, level), p, float(np.mean(ups, axis=0).sum() / 2))


def _usual(one: Halves, other: Halves) -> Floats:
    """What is usual of one first and the other second, with each customer's part in what was usual.

    The sum is that of the products; the customer's part matters to its variance (von Mises' expansion).
    """
    a, b = one.usual_first, other.usual_second
    mine = (one.first - a) * mean_of_cells(b, one.cells[0]) + (other.second - b) * mean_of_cells(a, other.cells[1])
    return a * b + mine


def _ratio(up: Floats, down: Floats, level: float) -> tuple[float, float, float]:
    total, usual = float(up.sum()), float(down.sum())
    if total <= 0 or usual <= 0:
        return (0.0 if usual > 0 else float("nan")), 0.0, float("inf")
    value = total / usual
    se = float(np.sqrt(((up - value * down) ** 2).sum())) / total
    half = z_value(level) * se
    return value, value * float(np.exp(-half)), value * float(np.exp(half))


def by_threshold(p: Floats, alpha: float) -> float:
    """Largest p value that Benjamini and Yekutieli's procedure calls found; below 0 where none is.

    >>> by_threshold(np.array([0.001, 0.2, 0.9]), 0.05)
    0.001
    >>> by_threshold(np.array([0.2, 0.9]), 0.05)
    -1.0

    Args:
        p: All p values that were looked at, dependent in any way.
        alpha: Share of false ones among those found.

    Returns:
        A p value.

    Source:
        Benjamini & Yekutieli (2001), The control of the false discovery rate under dependency.
    """
    found = p[benjamini_yekutieli(p) <= alpha]
    return float(found.max(initial=-1.0))
