"""Bootstrap of customers: resampling weights and percentile intervals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from crm_lab.arrays import Floats, Integers


def resamples(customers: int, draws: int, rng: np.random.Generator | int) -> Iterator[Floats]:
    """Bootstrap weights: how often each customer is in each of `draws` samples; one array (customers,) per sample.

    Measures that use the same sample are paired: their difference within it has the interval of a difference.

    >>> [float(times.sum()) for times in resamples(5, 2, 0)]
    [5.0, 5.0]

    Args:
        customers: Number of customers.
        draws: Number of samples.
        rng: Seed or generator.

    Yields:
        Weights, shape (customers,), that sum to the number of customers.
    """
    rng = np.random.default_rng(rng)
    for _ in range(draws):
        yield np.bincount(rng.integers(0, customers, customers), minlength=customers).astype(float)


def copies(customers: int, draws: int, rng: np.random.Generator | int) -> Integers:
    """Poisson bootstrap weights of each customer, shape (draws, customers): a fast `resamples` for large bases.

    >>> copies(1000, 2, 0).shape
    (2, 1000)

    Args:
        customers: Number of customers.
        draws: Number of samples.
        rng: Seed or generator.

    Returns:
        Whole numbers, shape (draws, customers).
    """
    return np.random.default_rng(rng).poisson(1.0, (draws, customers))


def percentile_interval(draws: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap draws; missing draws are left out, nan if all are missing.

    >>> percentile_interval(np.arange(101), 0.5)
    (25.0, 75.0)

    Args:
        draws: Bootstrap draws.
        level: Confidence level.

    Returns:
        Lower and upper end.
    """
    values = np.asarray(draws, float)
    if np.isnan(values).all():
        return float("nan"), float("nan")
    lo, hi = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(lo), float(hi)
