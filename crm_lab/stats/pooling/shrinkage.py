"""Estimates of one kind (arms, past tests) drawn to their mean by as much as chance spreads them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Floats

_TIMES = np.tan(np.pi / 2 * (np.arange(100) + 0.5) / 100)  # quantiles of the half-Cauchy distribution


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is known of several true values after all of them were seen.

    Attributes:
        mean: Shape (k,).
        sd: Shape (k,). Standard deviation of each true value about its mean.
        keep: How much of a difference is kept, from 0 to 1.
        next_mean: Expected true value of a further one of the same kind.
        next_sd: Standard deviation of that about its mean.
    """

    mean: Floats
    sd: Floats
    keep: float
    next_mean: float
    next_sd: float


def shrunk(value: Floats, cov: Floats) -> Shrunk:
    """Posterior of true values that scatter normally about an unknown mean, by a standard deviation that is not known.

    That standard deviation has a half-Cauchy prior with the usual standard error as its scale: proper for two values
    as for twenty, and neither all nor none of a difference is kept. What all estimates share (the error of one
    control) moves them together and shrinks nothing.

    >>> found = shrunk(np.array([1.0, 2.0, 6.0]), np.eye(3))
    >>> found.mean.round(2).tolist(), round(found.keep, 2)
    ([1.49, 2.24, 5.27], 0.76)

    Args:
        value: Estimates, shape (k,).
        cov: Their sampling covariance, shape (k, k).

    Returns:
        Means, standard deviations, and what may be expected of a further one.

    Source:
        Gelman (2006), Prior distributions for variance parameters; Polson & Scott (2012), On the half-Cauchy prior.
    """
    k = len(value)
    centred = np.eye(k) - 1 / k
    own = np.linalg.pinv(centred @ cov @ centred, rcond=1e-10, hermitian=True)
    if k < 2 or not np.trace(own) > 0:
        sd = np.sqrt(np.diag(cov))
        return Shrunk(value, sd, 1.0, float(np.mean(value)), math.inf)
    between = (k - 1) / float(np.trace(own)) * _TIMES**2
    inverse = np.linalg.inv(cov + between[:, None, None] * np.eye(k))  # shape (T, k, k), T standard deviations
    ones = inverse.sum(axis=1)
    precision = ones.sum(axis=1)
    centre = ones @ value / precision
    left = value - centre[:, None]
    pulled = np.einsum("tij,tj->ti", inverse, left)
    logs = 0.5 * (np.linalg.slogdet(inverse)[1] - np.log(precision) - (left * pulled).sum(axis=1))
    weight = np.exp(logs - logs.max())
    weight /= weight.sum()
    means = centre[:, None] + between[:, None] * pulled
    kept = between[:, None] * np.diagonal(inverse, axis1=1, axis2=2)
    variances = between[:, None] * (1 - kept) + (1 - between[:, None] * ones) ** 2 / precision[:, None]
    mean, following = weight @ means, float(weight @ centre)
    variance = weight @ (variances + (means - mean) ** 2)
    next_variance = float(weight @ (between + 1 / precision + (centre - following) ** 2))
    keep = float(weight @ (_TIMES**2 / (1 + _TIMES**2)))
    return Shrunk(mean, np.sqrt(variance), keep, following, math.sqrt(next_variance))
