"""Limits of a test that is looked at several times: alpha spending, and the chance of crossing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import optimize, stats

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput

Spending = Literal["obrien_fleming", "pocock"]
_NODES = 160  # of each look's integral
_FAR = 9.0  # standard deviations that count as all of them


def spent(share: Floats, alpha: float, spending: Spending) -> Floats:
    """Type I error that may be spent up to each share of the information (Lan & DeMets 1983).

    >>> spent(np.array([0.5, 1.0]), 0.05, "obrien_fleming").round(4).tolist()
    [0.0056, 0.05]

    Args:
        share: Shares of the planned information, shape (K,), rising to 1.
        alpha: Type I error in all, both sides together.
        spending: ``obrien_fleming`` (little early) or ``pocock`` (evenly).

    Returns:
        The error up to each share, shape (K,), ending at `alpha`.
    """
    if spending == "pocock":
        return np.asarray(alpha * np.log(1 + (math.e - 1) * share), dtype=float)
    return np.asarray(2 - 2 * stats.norm.cdf(stats.norm.isf(alpha / 2) / np.sqrt(share)), dtype=float)


class _Walk:
    """The paths of a standard Brownian motion that have not left the limits at the looks so far."""

    def __init__(self, two_sided: bool) -> None:
        self.two_sided = two_sided
        self.at, self.mass, self.share = np.zeros(1), np.ones(1), 0.0

    def crossing(self, limit: float, share: float) -> float:
        """Chance of leaving at a look with this limit on z, not having left before."""
        spread, edge = math.sqrt(share - self.share), limit * math.sqrt(share)
        above = stats.norm.sf((edge - self.at) / spread)
        below = stats.norm.cdf((-edge - self.at) / spread) if self.two_sided else 0.0
        return float(self.mass @ (above + below))

    def stay(self, limit: float, share: float) -> None:
        """Go on to a look with the paths that stay within its limit."""
        spread, far = math.sqrt(share - self.share), _FAR * math.sqrt(share)
        high = min(limit * math.sqrt(share), far)
        low = -high if self.two_sided else -far
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        at = (high - low) / 2 * nodes + (high + low) / 2
        dense = stats.norm.pdf((at[:, None] - self.at[None, :]) / spread) / spread
        self.mass = (high - low) / 2 * weights * (dense @ self.mass)
        self.at, self.share = at, share


def limits(
    share: Sequence[float], alpha: float = 0.05, spending: Spending = "obrien_fleming", *, two_sided: bool = True
) -> Floats:
    """Limits on z at each look that spend the type I error as planned.

    >>> limits([0.2, 0.4, 0.6, 0.8, 1.0]).round(3).tolist()
    [4.383, 3.1, 2.553, 2.254, 2.064]

    Args:
        share: Share of the planned information at each look, rising; the last may be below 1.
        alpha: Type I error in all.
        spending: How it is spent.
        two_sided: Whether both sides count, or the upper one alone.

    Returns:
        Shape (K,).

    Raises:
        BadInput: If the shares do not rise within (0, 1].

    Source:
        Lan & DeMets (1983); integrals by Armitage, McPherson & Rowe (1969).
    """
    t = np.asarray(share, dtype=float)
    if not len(t) or t[0] <= 0 or t[-1] > 1 or (np.diff(t) <= 0).any():
        raise BadInput(f"Shares of information at the looks are {list(share)}; they rise within 0 and 1.")
    steps = np.diff(spent(t, alpha, spending), prepend=0.0)
    walk, found = _Walk(two_sided), np.empty(len(t))
    for k, (at, step) in enumerate(zip(t, steps, strict=True)):
        found[k] = math.inf
        if walk.crossing(_FAR, at) < step:
            found[k] = optimize.brentq(lambda z, a=at, s=step: walk.crossing(z, a) - s, 0.0, _FAR, xtol=1e-10)
        walk.stay(found[k], at)
    return found


def type_one(limit: Sequence[float], share: Sequence[float]) -> float:
    """Chance that a null crosses two-sided limits at some look.

    >>> round(type_one([1.96] * 5, [0.2, 0.4, 0.6, 0.8, 1.0]), 4)
    0.1417

    Args:
        limit: Limits on z, shape (K,).
        share: Shares of the information, shape (K,).

    Returns:
        The chance, both sides together.
    """
    walk, found = _Walk(two_sided=True), 0.0
    for z, at in zip(limit, share, strict=True):
        found += walk.crossing(z, at)
        walk.stay(z, at)
    return found


def classical(looks: int, kind: Spending, alpha: float = 0.05) -> Floats:
    """Limits of the classical designs with looks evenly spaced.

    >>> classical(5, "pocock").round(4).tolist()
    [2.4132, 2.4132, 2.4132, 2.4132, 2.4132]

    Args:
        looks: Number of looks.
        kind: ``obrien_fleming`` (falling with the square root of the information) or ``pocock`` (constant).
        alpha: Type I error, both sides together.

    Returns:
        The limit on the size of z at each look, shape (looks,).

    Source:
        Pocock (1977); O'Brien & Fleming (1979).
    """
    share = np.arange(1, looks + 1) / looks
    shape = np.ones(looks) if kind == "pocock" else 1 / np.sqrt(share)
    constant = optimize.brentq(lambda c: type_one(list(c * shape), list(share)) - alpha, 1.0, 6.0, xtol=1e-10)
    return np.asarray(constant * shape, dtype=float)


def permuted_limits(z: Floats, spend: Floats) -> Floats:
    """Limits on the size of z at each look by the redrawn splits: those that have left spend the type I error.

    The test's own split counts as one of them, so that no limit is crossed by chance more often than spent.

    >>> z = np.random.default_rng(1).standard_normal((999, 1))
    >>> round(float(permuted_limits(z, np.array([0.05]))[0]), 1)
    2.0

    Args:
        z: Statistic of each split at each look, shape (R, K).
        spend: Type I error that may be spent up to each look, shape (K,).

    Returns:
        Shape (K,); infinite where there are too few splits to spend so little.
    """
    rows, left = len(z) + 1, np.zeros(len(z), dtype=bool)
    found = np.full(z.shape[1], math.inf)
    for k, share in enumerate(spend):
        free = math.floor(share * rows + 1e-9) - 1 - int(left.sum())
        if free < 0:
            continue
        inside = np.sort(np.abs(z[~left, k]))[::-1]
        found[k] = inside[free] if free < len(inside) else 0.0
        left |= np.abs(z[:, k]) > found[k]
    return found
