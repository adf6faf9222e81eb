"""The bootstrap of customers: who is drawn how often, and the middle of what comes out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from crm_lab.arrays import Floats, Integers


def resamples(customers: int, draws: int, rng: np.random.Generator | int) -> Iterator[Floats]:
    """How often each customer is in each of `draws` samples with replacement, (customers,) a sample.

    Measures that use the same sample are paired: their difference within it has the interval of a difference.

    >>> [float(times.sum()) for times in resamples(5, 2, 0)]
    [5.0, 5.0]
    """
    rng = np.random.default_rng(rng)
    for _ in range(draws):
        yield np.bincount(rng.integers(0, customers, customers), minlength=customers).astype(float)


def copies(customers: int, draws: int, rng: np.random.Generator | int) -> Integers:
    """Poisson copies of each customer, (draws, customers): `resamples` for large bases, each customer by itself.

    >>> copies(1000, 2, 0).shape
    (2, 1000)
    """
    return np.random.default_rng(rng).poisson(1.0, (draws, customers))


def percentile_interval(draws: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """The middle `level` of bootstrap draws; draws without a value are left out, and none with one has no interval.

    >>> percentile_interval(np.arange(101), 0.5)
    (25.0, 75.0)
    """
    values = np.asarray(draws, float)
    if np.isnan(values).all():
        return float("nan"), float("nan")
    lo, hi = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(lo), float(hi)
