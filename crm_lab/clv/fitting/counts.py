"""Compressed counts: the distinct (x, t_x, T) of a base with their multiplicities.

A likelihood of one million customers has some hundred thousand distinct terms; customers without a
repeat purchase need only a histogram of T, gamma functions only the histogram of x, and logarithms of
alpha + t only the table of distinct times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from crm_lab.arrays import Floats, Positions
from crm_lab.checks import Problems

_STEPS = (1.0, 1 / 7, 12 / 365.25, 1 / 365.25)


@dataclass(frozen=True, slots=True)
class Counts:
    """A purchase summary as sufficient statistics.

    Attributes:
        times: Table of times that `at_last`, `at_end` and `zero_end` point into, in units of time, shape (K,).
        x: Repeat purchases of the distinct triples with x > 0, shape (U,).
        at_last: Place of t_x in `times`, shape (U,).
        at_end: Place of T in `times`, shape (U,).
        weight: Customers with that triple, shape (U,).
        zero_end: Place of T of customers with x = 0, shape (Z,).
        zero_weight: Customers with that T, shape (Z,).
        by_x: Customers per number of repeat purchases, shape (max x + 1,).
    """

    times: Floats
    x: Positions
    at_last: Positions
    at_end: Positions
    weight: Floats
    zero_end: Positions
    zero_weight: Floats
    by_x: Floats

    @property
    def n(self) -> float:
        """Customers."""
        return float(self.by_x.sum())

    @property
    def mean_age(self) -> float:
        """Mean time under observation, at least a hair above zero."""
        total = self.weight @ self.times[self.at_end] + self.zero_weight @ self.times[self.zero_end]
        return max(float(total) / self.n, 1e-9)

    @property
    def mean_x(self) -> float:
        """Mean number of repeat purchases."""
        return self.repeats / self.n

    @property
    def repeats(self) -> float:
        """Repeat purchases of all customers."""
        return float(self.by_x @ np.arange(len(self.by_x)))

    def thinned(self, size: int) -> Counts:
        """Every so many-th distinct triple, and customers with x = 0 in proportion; the same where there are few.

        >>> compress([1, 2, 3], [1.0, 2.0, 3.0], [5.0, 9.0, 9.0]).thinned(2).by_x
        array([0., 1., 0., 1.])

        Args:
            size: Triples to keep at the most.
        """
        every = -(-len(self.x) // size)
        if every < 2:
            return self
        x, weight = self.x[::every], self.weight[::every]
        zero = self.zero_weight / every
        by_x = np.bincount(x, weights=weight, minlength=len(self.by_x)).astype(float)
        by_x[0] = zero.sum()
        return replace(
            self, x=x, at_last=self.at_last[::every], at_end=self.at_end[::every], weight=weight, zero_weight=zero,
            by_x=by_x,
        )  # fmt: skip

    def reweighted(self, rng: np.random.Generator) -> Counts:
        """The same table with Poisson multiplicities: one bootstrap sample of customers."""
        weight, zero = rng.poisson(self.weight).astype(float), rng.poisson(self.zero_weight).astype(float)
        by_x = np.bincount(self.x, weights=weight, minlength=len(self.by_x)).astype(float)
        by_x[0] = zero.sum()
        return replace(self, weight=weight, zero_weight=zero, by_x=by_x)


def compress(frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Counts:
    """Count the distinct triples.

    Args:
        frequency: Repeat purchases, whole numbers ≥ 0, shape (n,).
        recency: Time of the last purchase since the first, shape (n,).
        T: Time under observation since the first purchase, shape (n,).

    Raises:
        BadInput: If a row is impossible; all rules broken are named with their row counts.

    >>> compress([0, 2, 2], [0.0, 3.0, 3.0], [5.0, 9.0, 9.0]).weight
    array([2.])
    """
    x, t, T = (np.asarray(v, dtype=np.float64) for v in (frequency, recency, T))
    check_summary(x, t, T)
    times, at_last, at_end = _time_table(t, T)
    xi, size = x.astype(np.int64), len(times)
    some = xi > 0
    by_x = np.bincount(xi).astype(float)
    zero = np.bincount(at_end[~some], minlength=size)
    zero_end = np.flatnonzero(zero)
    key = (xi[some] * size + at_last[some]) * size + at_end[some]
    key.sort()
    start = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.empty(0, int)
    weight = np.diff(np.append(start, len(key))).astype(float)
    pair, at_end = np.divmod(key[start], size)
    xu, at_last = np.divmod(pair, size)
    return Counts(times, xu, at_last, at_end, weight, zero_end, zero[zero_end].astype(float), by_x)


def check_summary(x: Floats, t_x: Floats, T: Floats) -> None:
    """Refuse rows that no customer can have.

    Raises:
        BadInput: Naming every rule that is broken, with the number of rows.
    """
    problems = Problems("The purchase summary")
    problems.unless(len(x), "it has no rows; at least one customer is needed.")
    problems.unless(len(x) == len(t_x) == len(T), "frequency, recency and T differ in length.")
    problems.raise_any()
    for words, count in broken_rules(x, t_x, T).items():
        problems.unless(not count, f"{count:,} rows {words}.")
    problems.raise_any()


def broken_rules(x: Floats, t_x: Floats, T: Floats) -> dict[str, int]:
    """How many rows no customer can have, by what is wrong with them; nothing where all is well.

    >>> broken_rules(np.array([1.0]), np.array([-2.0]), np.array([5.0]))
    {'have recency < 0; it is the time from first to last purchase': 1}
    """
    if not len(x) or _plausible(x, t_x, T):
        return {}
    slack = 1e-9 * max(1.0, float(np.max(T, initial=1.0, where=np.isfinite(T))))
    rules = (
        (~(np.isfinite(x) & np.isfinite(t_x) & np.isfinite(T)), "hold missing or infinite values; drop them"),
        ((x < 0) | (x != np.floor(x)), "have a frequency that is no whole number ≥ 0; count repeat purchases"),
        (t_x < 0, "have recency < 0; it is the time from first to last purchase"),
        (t_x > T + slack, "have recency > T; the as-of date lies before their last purchase"),
        ((x == 0) & (t_x != 0), "have recency > 0 without a repeat purchase; recency is 0 there"),
        ((x > 0) & (t_x == 0), "have repeat purchases at recency 0; merge purchases of one day"),
    )
    return {words: int(broken.sum()) for broken, words in rules if broken.any()}


def _plausible(x: Floats, t_x: Floats, T: Floats) -> bool:
    """Whether all is well, in few passes: the usual case."""
    return bool(
        x.min() >= 0
        and t_x.min() >= 0
        and np.isfinite(T.max())
        and (t_x <= T).all()
        and (x == np.floor(x)).all()
        and ((x > 0) == (t_x > 0)).all()
    )


def _time_table(t_x: Floats, T: Floats) -> tuple[Floats, Positions, Positions]:
    """Times as places in a table: a day grid where they lie on one, the distinct values otherwise."""
    for step in _STEPS:
        at_end = np.rint(T / step)
        if at_end.max() < 1e6 and np.abs(at_end * step - T).max() < 1e-7 * step:
            at_last = np.rint(t_x / step)
            if np.abs(at_last * step - t_x).max() < 1e-7 * step:
                places = at_end.astype(np.int64)
                grid = step * np.arange(int(places.max()) + 1, dtype=np.float64)
                return grid, at_last.astype(np.int64), places
    times, places = np.unique(np.concatenate([t_x, T]), return_inverse=True)
    return times, places[: len(t_x)], places[len(t_x) :]
