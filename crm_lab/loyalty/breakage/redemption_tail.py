"""The tail: what is redeemed at ages that no points have reached yet, by their expiry or by a curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crm_lab.arrays import Floats

Curve = Literal["expiry", "exponential", "inverse_power"]
CURVES: tuple[Curve, ...] = ("exponential", "inverse_power")
FEWEST = 6  # ages from which a curve can be told


@dataclass(frozen=True)
class Tail:
    """What is redeemed after the last age seen, per point issued.

    >>> rates = 0.1 * 0.8 ** np.arange(12)
    >>> tail = tail_of(rates, np.full(12, 1000.0), None)
    >>> tail.curve, round(tail.share, 4)
    ('exponential', 0.0344)

    Attributes:
        curve: ``expiry``: none, all points reach their last day within the ages seen; else the curve that fits better.
        share: Points redeemed later, as a share of those issued; NaN where no curve tells.
        other: The same by the other curve; NaN where it has no end.
        error: Weighted squared error of the logarithms, of the curve taken.
    """

    curve: Curve
    share: float
    other: float = math.nan
    error: float = math.nan

    @property
    def known(self) -> bool:
        """Whether there is a share.

        >>> tail.known
        True
        """
        return math.isfinite(self.share)


def tail_of(rates: Floats, weights: Floats, until: int | None) -> Tail:
    """The tail behind rates by age.

    An exponential and an inverse power curve (Sherman 1984) are fitted to the logarithms of the rates from their peak
    on, weighted by the points redeemed; the one with the smaller error is taken.

    >>> tail_of(np.array([0.2, 0.1, 0.05]), np.ones(3), until=2).curve
    'expiry'

    Args:
        rates: Points redeemed at each age, per point issued, shape (J,).
        weights: Points redeemed at each age, shape (J,).
        until: Last age at which points can be redeemed; ``None`` without expiry.

    Returns:
        The tail.
    """
    seen = len(rates)
    if until is not None and until < seen:
        return Tail("expiry", 0.0)
    start = _start(rates, weights)
    used = (np.arange(seen) >= start) & (rates > 0)
    if used.sum() < FEWEST:
        return Tail("exponential", math.nan)
    fits = {curve: tails(rates[None], weights, until, curve, start) for curve in CURVES}
    known = [curve for curve in CURVES if math.isfinite(float(fits[curve][0][0]))]
    if not known:
        return Tail("exponential", math.nan)
    best = min(known, key=lambda curve: float(fits[curve][1][0]))
    other = CURVES[1 - CURVES.index(best)]
    return Tail(best, float(fits[best][0][0]), float(fits[other][0][0]), float(fits[best][1][0]))


def tails(
    rates: Floats, weights: Floats, until: int | None, curve: Curve, start: int | None = None
) -> tuple[Floats, Floats]:
    """Tails of many sets of rates by one curve.

    >>> share, error = tails(0.1 * 0.8 ** np.arange(12)[None], np.ones(12), 13, "exponential")
    >>> share.round(4).tolist()
    [0.0124]

    Args:
        rates: Points redeemed at each age, per point issued, shape (draws, J).
        weights: Of the ages, shape (J,).
        until: As in `tail_of`.
        curve: Which curve.
        start: First age that is fitted.

    Returns:
        Share redeemed later and weighted squared error, each shape (draws,); NaN where the curve does not fall.
    """
    seen = rates.shape[1]
    if curve == "expiry":
        return np.zeros(len(rates)), np.zeros(len(rates))
    start = _start(rates.mean(axis=0), weights) if start is None else start
    age = np.arange(seen)
    x = age.astype(float) if curve == "exponential" else np.log1p(age)
    w = np.where((age >= start) & (rates > 0), weights, 0.0)
    y = np.log(np.where(rates > 0, rates, 1.0))
    mass = np.maximum(w.sum(axis=1), 1e-300)
    x_mean, y_mean = (w * x).sum(axis=1) / mass, (w * y).sum(axis=1) / mass
    dx, dy = x - x_mean[:, None], y - y_mean[:, None]
    slope = (w * dx * dy).sum(axis=1) / np.maximum((w * dx**2).sum(axis=1), 1e-300)
    level = y_mean - slope * x_mean
    error = (w * (dy - slope[:, None] * dx) ** 2).sum(axis=1) / mass
    return _later(level, slope, seen, until, curve), error


def _start(rates: Floats, weights: Floats) -> int:
    """First age that is fitted: where most points are redeemed in a month, or a third of the ages if that is later."""
    smooth = np.convolve(rates, np.ones(3) / 3, mode="same") if len(rates) >= 3 else rates
    peak = int(np.argmax(np.where(weights > 0, smooth, 0)))
    return min(max(peak, len(rates) // 3), max(len(rates) - FEWEST, 0))


def _later(level: Floats, slope: Floats, seen: int, until: int | None, curve: Curve) -> Floats:
    """Sum of a curve over the ages from `seen` on."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if until is not None:
            age = np.arange(seen, until + 1)
            x = age if curve == "exponential" else np.log1p(age)
            total: Floats = np.exp(level[:, None] + slope[:, None] * x).sum(axis=1)
        elif curve == "exponential":
            total = np.exp(level + slope * seen) / (1 - np.exp(slope))
        else:  # Euler-Maclaurin of the sum of a power from `seen` on
            p, a = -slope, float(seen + 1)
            total = np.exp(level) * (a ** (1 - p) / (p - 1) + a**-p / 2 + p * a ** (-p - 1) / 12)
    ends = slope < (0 if until is not None or curve == "exponential" else -1)
    return np.where(ends, total, np.nan)
