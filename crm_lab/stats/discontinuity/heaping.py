"""How values are rounded or heaped: the lattice they lie on, and the period with which some of it is fuller."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, stats

from crm_lab.arrays import Booleans, Floats

_STEPS = tuple(digit * 10.0**power for power in range(-2, 6) for digit in (1, 2, 5))
_EXACT = 1e-6  # of a step
_DIGITS = 1e-9  # of the largest value: what sums of cents lose in floats
_REPEATED = 0.02  # share of repeated values below which values are not on a lattice
_SURE = 1e-4  # p value from which a lattice is unevenly filled
_FEWEST = 5  # values a class of the lattice needs on average
_MOST_BINS = 2_000_000


def lattice_step(values: Floats) -> float:
    """The step of the lattice that all values lie on, 0 where values hardly repeat.

    >>> lattice_step(np.array([5.0, 10, 10, 25])), lattice_step(np.array([0.1234, 2.7182, 3.1415]))
    (5.0, 0.0)

    Args:
        values: Shape (n,).

    Returns:
        Step, in the unit of the values; 0 where there is none.
    """
    if np.unique(values).size > (1 - _REPEATED) * len(values):
        return 0.0
    within = _DIGITS * max(1.0, float(np.abs(values).max()))
    for step in reversed(_STEPS):
        if (np.abs(values - step * np.round(values / step)) < within).all():
            return step
    return 0.0


def heap_period(values: Floats, threshold: float, reach: float, spared: float) -> float:
    """The longest period with which the lattice near a threshold is unevenly filled; its step where it is even.

    Sums of prices that end in .99 lie just below whole numbers: their period is 1, or a multiple of 5 where prices
    are 4.99, 9.99 and so on. What lies at the threshold itself is left out, since sorting there is no heap.

    >>> rng = np.random.default_rng(1)
    >>> spend = np.ceil(rng.uniform(0, 200, 40_000)) - 0.01 * rng.integers(1, 9, 40_000)
    >>> heap_period(spend, 100.0, 100.0, 10.0)
    1.0

    Args:
        values: Shape (n,).
        threshold: Where bins are aligned.
        reach: How far from it is looked.
        spared: How near to it nothing is looked at.

    Returns:
        A length in units of the values; 0 where they hardly repeat.
    """
    near = values[np.abs(values - threshold) <= reach]
    period = lattice_step(near)
    if not period:
        return 0.0
    for step in _STEPS:
        if step > reach / 2:
            break
        classes = round(step / period)
        if classes > 1 and abs(step / period - classes) < _EXACT and _uneven(near, threshold, period, classes, spared):
            period = step
    return period


def places(values: Floats, threshold: float, width: float) -> np.ndarray:
    """Number of the bin that each value lies in; bin 0 begins at the threshold."""
    return np.floor((values - threshold) / width + 1e-7).astype(np.int64)


def _uneven(near: Floats, threshold: float, period: float, classes: int, spared: float) -> bool:
    """Whether bins differ by their place in a longer period, trends taken off."""
    at = places(near, threshold, period)
    first, span = int(at.min()), int(np.ptp(at)) + 1
    if span > _MOST_BINS or span < 3 * classes or len(near) < _FEWEST * classes:
        return False
    counts = np.bincount(at - first, minlength=span).astype(float)
    window = np.ones(classes) if classes % 2 else np.r_[0.5, np.ones(classes - 1), 0.5]
    trend = ndimage.correlate1d(counts, window / classes, mode="nearest")
    number = np.arange(first, first + span)
    half = classes // 2 + 1
    middle: Booleans = (np.arange(span) >= half) & (np.arange(span) < span - half)
    middle &= np.abs((number + 0.5) * period) > spared + half * period
    kind = number[middle] % classes
    apart = np.bincount(kind, (counts - trend)[middle], classes)
    variance = np.bincount(kind, trend[middle], classes)
    if variance.min() < _FEWEST:
        return False
    return bool(stats.chi2.sf(float((apart**2 / variance).sum()), classes - 1) < _SURE)
