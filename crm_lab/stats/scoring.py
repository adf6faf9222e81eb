"""How good a ranking or a probability is, on arrays: AUC, average precision, lift, calibration, paired bootstrap.

Ranking measures are computed from counts per distinct score (`Ranking`), so equal scores are treated
equally whatever the order of the rows, and a bootstrap resample is a re-weighting of those counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Measure = Callable[[Array, Array], float]
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows of a score grouped by equal value, highest first.

    Attributes:
        order: (n,) rows from the highest score to the lowest.
        starts: (k,) where in `order` each distinct score begins.
        event: (n,) 1 where the event happened, else 0, in the order of the rows.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    event: Array

    @classmethod
    def of(cls, event: ArrayLike, score: ArrayLike) -> Ranking:
        """Group rows by score.

        Args:
            event: (n,) zeros and ones.
            score: (n,) higher means the event is more likely; no missing values.

        Raises:
            ValueError: If the lengths differ, an event is not 0 or 1, or a score is missing.
        """
        y, s = np.asarray(event, dtype=float), np.asarray(score, dtype=float)
        if y.shape != s.shape or y.ndim != 1:
            raise ValueError(f"event has shape {y.shape} and score {s.shape}; both must be (n,).")
        if not np.isin(y, (0.0, 1.0)).all():
            raise ValueError("event holds values other than 0 and 1; it must say whether the event happened.")
        if np.isnan(s).any():
            raise ValueError(f"{int(np.isnan(s).sum())} scores are missing; every row needs one.")
        order = np.argsort(-s, kind="stable")
        starts = np.flatnonzero(np.diff(s[order], prepend=np.nan) != 0)
        return cls(order, starts, y)

    def counts(self, weights: Array | None = None) -> tuple[Array, Array]:
        """Events and non-events at each distinct score, highest first.

        Args:
            weights: (n,) how often each row counts; once each by default.

        Returns:
            Two arrays of shape (k,).
        """
        w = np.ones_like(self.event) if weights is None else weights
        total = np.add.reduceat(w[self.order], self.starts)
        events = np.add.reduceat((w * self.event)[self.order], self.starts)
        return events, total - events


def auc_from_counts(events: Array, others: Array) -> float:
    """Area under the ROC curve: the chance that an event outranks a non-event, ties counting half.

    Args:
        events: (k,) events at each distinct score, highest first.
        others: (k,) non-events likewise.

    Returns:
        A number in [0, 1]; NaN without an event or without a non-event.
    """
    pairs = events.sum() * others.sum()
    below = others.sum() - np.cumsum(others)
    return float((events * (below + 0.5 * others)).sum() / pairs) if pairs > 0 else float("nan")


def average_precision_from_counts(events: Array, others: Array) -> float:
    """Area under the precision-recall step curve (the sum of precision times the step in recall)."""
    found, seen = np.cumsum(events), np.cumsum(events + others)
    total = found[-1]
    precision = found / np.maximum(seen, TINY)
    return float((precision * events).sum() / total) if total > 0 else float("nan")


def precision_at(events: Array, others: Array, capacity: float) -> float:
    """Share of events among the highest-ranked share `capacity` of rows; a tie at the line is entered in part."""
    size = events + others
    room = capacity * size.sum()
    if room <= 0:
        return float("nan")
    taken = np.clip(room - (np.cumsum(size) - size), 0, size)
    return float((events * taken / np.maximum(size, TINY)).sum() / room)


def lift_at(capacity: float) -> Measure:
    """The measure "lift at this capacity": precision among the top share over the base rate.

    >>> lift_at(0.5)(np.array([2.0, 0.0]), np.array([0.0, 2.0]))
    2.0
    """

    def lift(events: Array, others: Array) -> float:
        base = events.sum() / max((events + others).sum(), TINY)
        return float(precision_at(events, others, capacity) / base) if base > 0 else float("nan")

    return lift


def auc(event: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve of one score.

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return auc_from_counts(*Ranking.of(event, score).counts())


def average_precision(event: ArrayLike, score: ArrayLike) -> float:
    """Average precision (PR-AUC) of one score; a constant score has the base rate.

    >>> average_precision([0, 1, 0, 0], [1, 1, 1, 1])
    0.25
    """
    return average_precision_from_counts(*Ranking.of(event, score).counts())


def brier(event: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared difference between what happened and the stated probability (Brier 1950).

    >>> brier([1, 0], [0.5, 0.5])
    0.25
    """
    return float(np.mean((np.asarray(event, float) - np.asarray(probability, float)) ** 2))


def log_loss(event: ArrayLike, probability: ArrayLike) -> float:
    """Mean negative log-likelihood of what happened, in nats.

    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    y = np.asarray(event, float)
    p = np.clip(np.asarray(probability, float), TINY, 1 - TINY)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log1p(-p)))


def delong_variance(event: ArrayLike, score: ArrayLike) -> float:
    """Variance of the AUC by DeLong, DeLong & Clarke-Pearson (1988), from placement values.

    Returns:
        The variance; NaN with fewer than two events or two non-events.
    """
    ranking = Ranking.of(event, score)
    events, others = ranking.counts()
    m, n = events.sum(), others.sum()
    if min(m, n) < 2:
        return float("nan")
    beaten = (others.sum() - np.cumsum(others) + 0.5 * others) / n  # of an event at this score
    beating = (np.cumsum(events) - 0.5 * events) / m  # of a non-event at this score
    area = auc_from_counts(events, others)
    return float(
        (events * (beaten - area) ** 2).sum() / (m * (m - 1)) + (others * (beating - area) ** 2).sum() / (n * (n - 1))
    )


def bootstrap_measures(
    event: ArrayLike,
    scores: Mapping[str, ArrayLike],
    measures: Mapping[str, Measure],
    *,
    draws: int,
    rng: np.random.Generator | int,
    groups: ArrayLike | None = None,
) -> Array:
    """Ranking measures in paired bootstrap resamples: every score sees the same resampled customers.

    Args:
        event: (n,) zeros and ones.
        scores: Name to (n,) score.
        measures: Name to a function of (events, others) per distinct score.
        draws: Number of resamples B.
        rng: Generator or seed.
        groups: (n,) sampling unit of each row (customer); each row by itself when left out.

    Returns:
        Array (B, number of scores, number of measures). A difference between two scores taken within a draw is paired.
    """
    rng = np.random.default_rng(rng)
    rankings = [Ranking.of(event, score) for score in scores.values()]
    n = len(rankings[0].event)
    unit = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    size = int(unit.max()) + 1
    out = np.empty((draws, len(rankings), len(measures)))
    for b in range(draws):
        times = np.bincount(rng.integers(0, size, size), minlength=size).astype(float)
        weights = times[unit]
        for i, ranking in enumerate(rankings):
            counts = ranking.counts(weights)
            out[b, i] = [measure(*counts) for measure in measures.values()]
    return out


def percentile_interval(draws: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """The middle `level` of bootstrap draws; draws without a value (no event among them) are left out.

    >>> percentile_interval(np.arange(101), 0.5)
    (25.0, 75.0)
    """
    lo, hi = np.nanquantile(np.asarray(draws, float), [(1 - level) / 2, (1 + level) / 2])
    return float(lo), float(hi)


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """Logistic regression of what happened on the log-odds of the stated probability (Cox 1958).

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
    """Calibration intercept and slope by Newton's method.

    Args:
        event: (n,) zeros and ones, both present.
        probability: (n,) in [0, 1]; clipped to [1e-6, 1 - 1e-6] for the log-odds.
        groups: (n,) sampling unit of each row; errors are then clustered (sandwich).

    Returns:
        The line; slope and errors are NaN where probabilities do not vary.
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


def _log_likelihood(log_odds: Array, y: Array) -> float:
    return float((y * log_odds - np.logaddexp(0, log_odds)).sum())


@dataclass(frozen=True, slots=True)
class CalibrationBins:
    """Stated against observed in bins of equal size, each (k,)."""

    n: NDArray[np.int64]
    stated: Array
    observed: Array
    events: NDArray[np.int64]


def calibration_bins(event: ArrayLike, probability: ArrayLike, bins: int = 10) -> CalibrationBins:
    """Mean stated probability and observed share in `bins` bins of equal size; equal probabilities share a bin.

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
