"""A gamma-distributed rate of purchases, as customers of every purchase model have it while they are there."""

from __future__ import annotations

import numpy as np
from scipy.stats import nbinom

from crm_lab.arrays import Floats

_MOST = 1e9  # mean up to which counts are drawn


def draw_counts(mean: Floats, rng: np.random.Generator) -> Floats:
    """Poisson counts of that mean, one draw each.

    >>> draw_counts(np.array([0.0, 1e12]), np.random.default_rng(0)).shape
    (2,)
    """
    drawn: Floats = rng.poisson(np.minimum(mean, _MOST)).astype(np.float64)
    return drawn


def count_pmf(n: int, shape: Floats, scale: Floats, ahead: Floats) -> Floats:
    """Probability of exactly n purchases within `ahead` at a rate λ ~ Gamma(shape, scale): negative binomial.

    >>> count_pmf(0, np.array([1.0]), np.array([10.0]), np.array([10.0])).round(6).tolist()
    [0.5]
    """
    return np.asarray(nbinom.pmf(n, shape, scale / (scale + ahead)))


def first_wait(silent: Floats, shape: Floats, scale: Floats) -> Floats:
    """Time without a purchase with probability `silent` at a rate λ ~ Gamma(shape, scale): Pareto type II.

    >>> first_wait(np.array([0.5]), np.array([1.0]), np.array([10.0])).round(6).tolist()
    [10.0]
    """
    wait: Floats = scale * np.expm1(-np.log(silent) / shape)
    return wait
