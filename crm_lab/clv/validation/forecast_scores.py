"""Scores of purchase forecasts: bias, error, ranking, calibration."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Floats


def bias(actual: Floats, predicted: Floats) -> float:
    """Predicted over actual total, minus one."""
    return float(predicted.sum() / actual.sum() - 1)


def poisson_deviance(actual: Floats, predicted: Floats) -> float:
    """Mean Poisson deviance, 2 (a log(a/p) - a + p), 0 at best: it rewards the right mean, not a low one.

    Predictions are floored at 1 % of what the base brings on average, since a forecast of nothing at all that proves
    wrong would weigh without limit.

    >>> poisson_deviance(np.array([2.0, 0.0]), np.array([2.0, 0.0])) < 0.05
    True
    """
    mean = np.maximum(predicted, 0.01 * max(float(actual.mean()), 1e-9))
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.where(actual > 0, actual * np.log(actual / mean), 0.0)
    return float(2 * (surprise - actual + mean).mean())


def mean_absolute_error(actual: Floats, predicted: Floats) -> float:
    """Mean of the absolute errors, one a customer."""
    return float(np.abs(actual - predicted).mean())


def ranking_gini(actual: Floats, predicted: Floats) -> float:
    """Gini of what happened in the order predicted, over that in the best order: 1 perfect, 0 random.

    Customers with equal predictions share what happened to them, so ties cannot flatter.

    >>> ranking_gini(np.array([0.0, 1.0, 3.0]), np.array([0.1, 0.2, 0.9]))
    1.0
    >>> ranking_gini(np.array([0.0, 1.0, 3.0]), np.array([1.0, 1.0, 1.0]))
    0.0
    """
    best = _concentration(actual, actual)
    return float(_concentration(actual, predicted) / best) if best > 0 else float("nan")


def _concentration(actual: Floats, order: Floats) -> float:
    _, group, size = np.unique(-order, return_inverse=True, return_counts=True)
    total = np.bincount(group, weights=actual)
    people = np.concatenate(([0.0], np.cumsum(size) / len(actual)))
    share = np.concatenate(([0.0], np.cumsum(total) / total.sum()))
    return float(2 * np.trapezoid(share, people) - 1)


def decile_error(actual: Floats, predicted: Floats, groups: int = 10) -> float:
    """Mean absolute gap between predicted and actual means over groups by prediction, over the mean.

    Args:
        actual: What happened, shape (n,).
        predicted: What was expected, shape (n,).
        groups: Groups of equal size, by rank of the prediction.
    """
    place = np.argsort(np.argsort(predicted, kind="stable"), kind="stable") * groups // len(actual)
    size = np.bincount(place, minlength=groups)
    gap = np.bincount(place, weights=predicted - actual, minlength=groups) / np.maximum(size, 1)
    return float(np.abs(gap).mean() / actual.mean())


SCORES = {
    "bias": bias,
    "deviance": poisson_deviance,
    "mae": mean_absolute_error,
    "gini": ranking_gini,
    "decile_error": decile_error,
}
