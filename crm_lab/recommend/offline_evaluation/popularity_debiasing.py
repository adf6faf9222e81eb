"""Recall with what is seldom bought counted as much as what is bought by all: weights by popularity stratum."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Floats, Integers


def stratum_weights(buyers: Integers, customers: int, strata: int = 10) -> Floats:
    """Inverse propensity of each product: one over the mean share of buyers in its stratum of popularity.

    Products are ordered by buyers and cut where each stratum holds an equal part of all pairs of customers and
    products, so that no stratum is thin; products with equally many buyers are in one stratum.

    >>> stratum_weights(np.array([1, 1, 8]), 10, strata=2).round(4).tolist()
    [10.0, 10.0, 1.25]

    Args:
        buyers: Customers of the past with each product, shape (products,).
        customers: Number of customers.
        strata: How many.

    Returns:
        Weights, shape (products,).

    Source:
        L. Yang et al. (2018). Unbiased offline recommender evaluation for missing-not-at-random implicit feedback.
        RecSys; their power of popularity is replaced by strata.
    """
    level = np.unique(buyers, return_inverse=True)[1]
    pairs = np.bincount(level, weights=buyers)
    middle = np.cumsum(pairs) - pairs / 2
    stratum = np.minimum((strata * middle / pairs.sum()).astype(int), strata - 1)[level]
    share = np.bincount(stratum, weights=buyers, minlength=strata) / np.maximum(
        np.bincount(stratum, minlength=strata), 1
    )
    return np.asarray(customers / share[stratum], dtype=np.float64)
