"""Scores on arrays: cut points, and how many of them a value exceeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crm_lab.arrays import Floats, Integers

BREAKS_SAMPLE = 2_000  # distinct values that natural breaks are searched among
LLOYD_STEPS = 100


def quantile_cuts(values: Floats, bins: int) -> Floats:
    """The inverted-CDF quantiles k/bins, k = 1 … bins - 1: values that occur, never averages of two.

    The k-th cut is the smallest value with at least k/bins of all values at or below it (Hyndman & Fan
    1996, definition 1). Ranks are counted in integers, so no rounding decides.

    >>> quantile_cuts(np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 5)
    array([2., 4., 6., 8.])

    Args:
        values: Shape (n,), any order, finite.
        bins: How many scores are wanted.

    Returns:
        Shape (bins - 1,), ascending; equal cuts stay, so a score can be skipped.

    Source:
        Hyndman & Fan (1996), Sample quantiles in statistical packages, definition 1.
    """
    ordered = np.sort(values)
    k = np.arange(1, bins, dtype=np.int64)
    ranks = -(-k * len(ordered) // bins)
    return ordered[ranks - 1]


def natural_breaks(values: Floats, bins: int) -> Floats:
    """The cut points with the least squared distance to class means (Fisher 1958, Jenks 1967).

    Exact by dynamic programming over distinct values. Where there are more than `BREAKS_SAMPLE` of
    them, that many groups of equal count are cut exactly, and Lloyd's steps on all values settle the rest.

    Args:
        values: Shape (n,), any order, finite.
        bins: How many classes are wanted.

    Returns:
        Shape (min(bins, distinct values) - 1,): the largest value of each class but the last.

    >>> natural_breaks(np.array([1.0, 2, 3, 50, 51, 52, 900, 901]), 3)
    array([ 3., 52.])
    """
    top, mass, total, square = _groups(values)
    ends = _best_ends(mass, total, square, min(bins, len(top)))
    return _settled(np.sort(values), top[ends]) if len(top) == BREAKS_SAMPLE else top[ends]


def _best_ends(mass: Floats, total: Floats, square: Floats, classes: int) -> Integers:
    """The last group of each class but the last one, by Fisher's dynamic programme."""
    g = len(mass)
    W, S, Q = (np.concatenate([[0.0], np.cumsum(a)]) for a in (mass, total, square))

    def within(starts: Integers, end: int) -> Floats:
        """Squared distance inside the classes that hold the groups starts … end - 1."""
        s = S[end] - S[starts]
        return np.asarray(Q[end] - Q[starts] - s * s / (W[end] - W[starts]))

    best = np.array([0.0, *(within(np.array([0]), j)[0] for j in range(1, g + 1))])
    choice = np.zeros((classes + 1, g + 1), dtype=np.int64)
    for k in range(2, classes + 1):
        previous, best = best, np.full(g + 1, np.inf)
        for j in range(k, g + 1):
            starts = np.arange(k - 1, j)
            cost = previous[starts] + within(starts, j)
            pick = int(np.argmin(cost))
            best[j], choice[k, j] = cost[pick], starts[pick]
    ends, end = [], g
    for k in range(classes, 1, -1):
        end = int(choice[k, end])
        ends.append(end - 1)
    return np.array(ends[::-1], dtype=np.int64)


def _settled(ordered: Floats, cuts: Floats) -> Floats:
    """Cut points moved until every value is in the class whose mean is nearest (Lloyd 1982)."""
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    ends = np.searchsorted(ordered, cuts, side="right")
    for _ in range(LLOYD_STEPS):
        edges = np.concatenate([[0], ends, [len(ordered)]])
        means = np.diff(sums[edges]) / np.diff(edges)
        moved = np.searchsorted(ordered, (means[1:] + means[:-1]) / 2, side="right")
        if (moved == ends).all():
            break
        ends = moved
    return ordered[ends - 1]


def _groups(values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Per group of equal or neighbouring values: largest value, count, sum, sum of squares (centred)."""
    distinct, counts = np.unique(values, return_counts=True)
    centre = distinct.mean()
    scale = float(np.ptp(distinct)) or 1.0
    x, mass = (distinct - centre) / scale, counts.astype(np.float64)
    if len(distinct) <= BREAKS_SAMPLE:
        return distinct, mass, mass * x, mass * x * x
    group = ((np.cumsum(counts) - 1) * BREAKS_SAMPLE // counts.sum()).astype(np.int64)
    ends = np.flatnonzero(np.diff(group, append=group[-1] + 1))
    starts = np.concatenate([[0], ends[:-1] + 1])
    mass, total, square = (np.add.reduceat(a, starts) for a in (mass, mass * x, mass * x * x))
    return distinct[ends], mass, total, square


def score(values: Floats, cuts: Sequence[float] | Floats, *, reverse: bool = False) -> Integers:
    """One plus the number of cut points that a value exceeds.

    Equal values get equal scores, whatever their order. With `reverse` small values are the good ones:
    the score is counted from the top, 1 + len(cuts) - exceeded.

    Args:
        values: Shape (n,).
        cuts: Ascending cut points, shape (bins - 1,).
        reverse: Whether small is good (days since the last purchase).

    Returns:
        Shape (n,), integers 1 … len(cuts) + 1.

    >>> score(np.array([1.0, 2.0, 2.5]), [2.0, 3.0]).tolist()
    [1, 1, 2]
    >>> score(np.array([1.0, 2.0, 2.5]), [2.0, 3.0], reverse=True).tolist()
    [3, 3, 2]
    """
    exceeded = np.searchsorted(np.asarray(cuts, dtype=np.float64), values, side="left").astype(np.int64)
    return len(cuts) + 1 - exceeded if reverse else exceeded + 1
