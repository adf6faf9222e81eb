"""Calibration of probabilities: calibration line and bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crm_lab.arrays import Floats


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """Logistic regression of what happened on the log-odds of the stated probability (Cox 1958).

    >>> line = calibration_line([0, 1, 0, 1, 1, 0], [0.2, 0.7, 0.4, 0.6, 0.5, 0.5])
    >>> round(line.in_the_large, 3)
    -0.017

    Attributes:
        intercept: 0 when calibrated.
        slope: 1 when calibrated; below 1 the probabilities are too extreme.
        intercept_se: Standard error of the intercept.
        slope_se: Standard error of the slope.
        in_the_large: Mean probability minus the observed share.
    """

    intercept: float
    slope: float
    intercept_se: float
    slope_se: float
    in_the_large: float


def calibration_line(event: ArrayLike, probability: ArrayLike, groups: ArrayLike | None = None) -> CalibrationLine:
    """Calibration intercept and slope of stated probabilities, by Newton's method.

    >>> stated, happened = [0.2, 0.4, 0.6, 0.8] * 10, [0, 0, 1, 1] * 5 + [0, 1, 0, 1] * 5
    >>> calibration_line(happened, stated).slope > 0
    True

    Args:
        event: (n,) zeros and ones, both present.
        probability: (n,) in [0, 1]; clipped to [1e-6, 1 - 1e-6] for the log-odds.
        groups: (n,) sampling unit of each row; errors are then clustered (sandwich).

    Returns:
        The line; slope and errors are NaN where probabilities do not vary.

    Source:
        Cox (1958), Two further applications of a model for binary regression.
    """
    y = np.asarray(event, float)
    p = np.clip(np.asarray(probability, float), 1e-6, 1 - 1e-6)
    large = float(np.mean(np.asarray(probability, float)) - y.mean())
    x = np.column_stack([np.ones_like(p), np.log(p / (1 - p))])
    if np.ptp(x[:, 1]) < 1e-9 or y.min() == y.max():
        return CalibrationLine(float("nan"), float("nan"), float("nan"), float("nan"), large)
    beta = np.zeros(2)  # from the origin: a start at slope 1 can overshoot when chances are far too sure
    for _ in range(50):
        mu = 1 / (1 + np.exp(-np.clip(x @ beta, -35, 35)))
        information = (x * (mu * (1 - mu))[:, None]).T @ x
        step = np.linalg.solve(information, x.T @ (y - mu))
        while _log_likelihood(x @ (beta + step), y) < _log_likelihood(x @ beta, y) - 1e-9:
            step = step / 2
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    covariance = np.linalg.inv(information)
    if groups is not None:
        unit = np.unique(np.asarray(groups), return_inverse=True)[1]
        score = np.column_stack([np.bincount(unit, column * (y - mu)) for column in x.T])
        covariance = covariance @ (score.T @ score) @ covariance
    se = np.sqrt(np.diag(covariance))
    return CalibrationLine(float(beta[0]), float(beta[1]), float(se[0]), float(se[1]), large)


def _log_likelihood(log_odds: Floats, y: Floats) -> float:
    return float((y * log_odds - np.logaddexp(0, log_odds)).sum())


@dataclass(frozen=True, slots=True)
class CalibrationBins:
    """Stated probability and observed share in bins of equal size, each of shape (k,).

    >>> bins = calibration_bins([0, 1, 0, 1], [0.2, 0.2, 0.6, 0.6], bins=2)
    >>> bins.n.tolist(), bins.stated.tolist()
    ([2, 2], [0.2, 0.6])

    Attributes:
        n: Cases per bin.
        stated: Mean stated probability.
        observed: Observed share.
        events: Number of events.
    """

    n: NDArray[np.int64]
    stated: Floats
    observed: Floats
    events: NDArray[np.int64]


def calibration_bins(event: ArrayLike, probability: ArrayLike, bins: int = 10) -> CalibrationBins:
    """Mean stated probability and observed share in `bins` bins of equal size; equal probabilities share a bin.

    >>> calibration_bins([0, 1, 0, 1], [0.2, 0.2, 0.6, 0.6], bins=2).observed.tolist()
    [0.5, 0.5]

    Args:
        event: (n,) zeros and ones.
        probability: (n,) stated probabilities.
        bins: Number of bins.

    Returns:
        Arrays of length at most `bins`, in order of the stated probability.
    """
    y, p = np.asarray(event, float), np.asarray(probability, float)
    edges = np.unique(np.quantile(p, np.arange(1, bins) / bins, method="inverted_cdf"))
    which = np.searchsorted(edges, p, side="left")
    n = np.bincount(which)
    keep = n > 0
    events = np.bincount(which, y)[keep]
    size = n[keep]
    return CalibrationBins(
        size.astype(np.int64), np.bincount(which, p)[keep] / size, events / size, events.astype(np.int64)
    )
