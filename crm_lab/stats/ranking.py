"""How good a ranking or a probability is, on arrays: AUC, average precision, lift, calibration, paired bootstrap.

Ranking measures are computed from counts per distinct score (`Ranking`), so equal scores are treated
equally whatever the order of the rows, and a bootstrap resample is a re-weighting of those counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crm_lab.arrays import Floats
from crm_lab.stats.bootstrap import resamples

Measure = Callable[[Floats, Floats], float]
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows of a score grouped by equal value, highest first.

    >>> ranking = Ranking.of([0, 1, 1, 0], [0.1, 0.9, 0.4, 0.4])

    Attributes:
        order: (n,) rows from the highest score to the lowest.
        starts: (k,) where in `order` each distinct score begins.
        event: (n,) 1 where the event happened, else 0, in the order of the rows.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    event: Floats

    @classmethod
    def of(cls, event: ArrayLike, score: ArrayLike) -> Ranking:
        """Group rows by score.

        >>> Ranking.of([0, 1], [0.1, 0.9]).order.tolist()
        [1, 0]

        Args:
            event: (n,) zeros and ones.
            score: (n,) higher means the event is more likely; no missing values.

        Returns:
            The grouped rows.

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

    def counts(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Events and non-events at each distinct score, highest first.

        >>> [part.tolist() for part in ranking.counts()]
        [[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]

        Args:
            weights: (n,) how often each row counts; once each by default.

        Returns:
            Two arrays of shape (k,).
        """
        w = np.ones_like(self.event) if weights is None else weights
        total = np.add.reduceat(w[self.order], self.starts)
        events = np.add.reduceat((w * self.event)[self.order], self.starts)
        return events, total - events


def auc_from_counts(events: Floats, others: Floats) -> float:
    """Area under the ROC curve: the chance that an event outranks a non-event, ties counting half.

    >>> auc_from_counts(np.array([1.0, 1.0]), np.array([0.0, 2.0]))
    0.75

    Args:
        events: (k,) events at each distinct score, highest first.
        others: (k,) non-events likewise.

    Returns:
        A number in [0, 1]; NaN without an event or without a non-event.
    """
    pairs = events.sum() * others.sum()
    below = others.sum() - np.cumsum(others)
    return float((events * (below + 0.5 * others)).sum() / pairs) if pairs > 0 else float("nan")


def average_precision_from_counts(events: Floats, others: Floats) -> float:
    """Area under the precision-recall step curve (the sum of precision times the step in recall).

    >>> average_precision_from_counts(np.array([2.0, 0.0]), np.array([0.0, 2.0]))
    1.0

    Args:
        events: (k,) events at each distinct score, highest first.
        others: (k,) non-events likewise.

    Returns:
        A number in [0, 1].
    """
    found, seen = np.cumsum(events), np.cumsum(events + others)
    total = found[-1]
    precision = found / np.maximum(seen, TINY)
    return float((precision * events).sum() / total) if total > 0 else float("nan")


def precision_at(events: Floats, others: Floats, capacity: float) -> float:
    """Share of events among the highest-ranked share `capacity` of rows; ties at the cut-off count in proportion.

    >>> precision_at(np.array([2.0, 0.0]), np.array([0.0, 2.0]), 0.5)
    1.0

    Args:
        events: (k,) events at each distinct score, highest first.
        others: (k,) non-events likewise.
        capacity: Share of rows (0-1).

    Returns:
        A share (0-1).
    """
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

    Args:
        capacity: Share of rows (0-1).

    Returns:
        A function of (events, others).
    """

    def lift(events: Floats, others: Floats) -> float:
        base = events.sum() / max((events + others).sum(), TINY)
        return float(precision_at(events, others, capacity) / base) if base > 0 else float("nan")

    return lift


def auc(event: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve of one score.

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75

    Args:
        event: (n,) zeros and ones.
        score: (n,) higher means the event is more likely.

    Returns:
        A number in [0, 1].
    """
    return auc_from_counts(*Ranking.of(event, score).counts())


def average_precision(event: ArrayLike, score: ArrayLike) -> float:
    """Average precision (PR-AUC) of one score; a constant score has the base rate.

    >>> average_precision([0, 1, 0, 0], [1, 1, 1, 1])
    0.25

    Args:
        event: (n,) zeros and ones.
        score: (n,) higher means the event is more likely.

    Returns:
        A number in [0, 1].
    """
    return average_precision_from_counts(*Ranking.of(event, score).counts())


def point_measures(
    event: ArrayLike, scores: Mapping[str, ArrayLike], measures: Mapping[str, Measure]
) -> dict[str, dict[str, float]]:
    """Each measure of each score, as a dict of dicts.

    >>> point_measures([0, 1, 1, 0], {"mine": [0.1, 0.9, 0.4, 0.2]}, {"auc": auc_from_counts})
    {'mine': {'auc': 1.0}}

    Args:
        event: (n,) zeros and ones.
        scores: Name to (n,) score.
        measures: Name to a function of (events, others).

    Returns:
        Score to measure to number.
    """
    counts = {name: Ranking.of(event, score).counts() for name, score in scores.items()}
    return {name: {what: measure(*c) for what, measure in measures.items()} for name, c in counts.items()}


def bootstrap_measures(
    event: ArrayLike,
    scores: Mapping[str, ArrayLike],
    measures: Mapping[str, Measure],
    *,
    draws: int,
    rng: np.random.Generator | int,
    groups: ArrayLike | None = None,
) -> Floats:
    """Ranking measures in paired bootstrap resamples: every score sees the same resampled customers.

    >>> draws = bootstrap_measures([0, 1] * 20, {"mine": range(40)}, {"auc": auc_from_counts}, draws=10, rng=0)
    >>> draws.shape
    (10, 1, 1)

    Args:
        event: (n,) zeros and ones.
        scores: Name to (n,) score.
        measures: Name to a function of (events, others) per distinct score.
        draws: Number of resamples B.
        rng: Generator or seed.
        groups: (n,) sampling unit of each row (customer); each row by itself when left out.

    Returns:
        Floats (B, number of scores, number of measures). A difference between two scores taken within a draw is paired.
    """
    rankings = [Ranking.of(event, score) for score in scores.values()]
    n = len(rankings[0].event)
    unit = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    size = int(unit.max()) + 1
    out = np.empty((draws, len(rankings), len(measures)))
    for b, times in enumerate(resamples(size, draws, rng)):
        weights = times[unit]
        for i, ranking in enumerate(rankings):
            counts = ranking.counts(weights)
            out[b, i] = [measure(*counts) for measure in measures.values()]
    return out
