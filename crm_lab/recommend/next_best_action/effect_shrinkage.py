"""Noisy effects drawn to the mean of their group, so that the highest estimates are not taken at their word."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from crm_lab.arrays import Floats, Integers

FEWEST = 30  # estimates of a group that has a mean and a spread of its own


@dataclass(frozen=True, eq=False)
class ShrunkEffects:
    """Expected true effects, given their estimates.

    Attributes:
        mean: Expected effect of each row; the estimate where it has no standard error, shape (rows,).
        sd: Standard deviation of the true effect about it, nan where there is no standard error, shape (rows,).
        pull: How far each row is drawn to the mean of its group, from 0 to 1, shape (rows,).
        centre_se: Standard error of the mean of the row's group, shape (rows,).
    """

    mean: Floats
    sd: Floats
    pull: Floats
    centre_se: Floats


def shrunk_effects(estimate: Floats, se: Floats, group: Integers) -> ShrunkEffects:
    """Empirical Bayes: true effects of a group scatter normally about its mean, estimates about them.

    The group's mean is weighted by what each estimate says of it, the spread of true effects is that at which the
    estimates scatter as they should (Paule and Mandel). Of the highest of many estimates much is luck: it is
    expected to be as high as it looks only where estimates hardly err.

    >>> rng = np.random.default_rng(1)
    >>> true = rng.normal(0.02, 0.01, 4_000)
    >>> found = shrunk_effects(true + rng.normal(0, 0.02, 4_000), np.full(4_000, 0.02), np.zeros(4_000, dtype=int))
    >>> best = np.argsort(-found.mean)[:100]
    >>> round(float(found.mean[best].mean()), 3), round(float(true[best].mean()), 3)
    (0.029, 0.031)

    Args:
        estimate: Effects as estimated, shape (rows,).
        se: Their standard errors; effects without one (nan) or exact ones (0) stay as they are, shape (rows,).
        group: Group of each row, shape (rows,).

    Returns:
        Expected effects with their standard deviations.

    Source:
        R. C. Paule & J. Mandel (1982). Consensus values and weighting factors. J. Res. Nat. Bur. Stand. 87;
        B. Efron (2011). Tweedie's formula and selection bias. JASA 106.
    """
    known = np.isfinite(se)
    mean, sd, pull = estimate.astype(float), np.where(known, 0.0, np.nan), np.zeros(len(se))
    centre_se = np.zeros(len(se))
    order = np.argsort(group, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        mine = rows[known[rows] & (se[rows] > 0)]
        if len(mine) < 2:
            sd[mine] = se[mine]
            continue
        x, variance = estimate[mine], se[mine] ** 2
        between = _between(x, variance)
        weight = 1 / (variance + between)
        centre = float(weight @ x / weight.sum())
        pull[mine] = variance * weight
        mean[mine] = x + pull[mine] * (centre - x)
        sd[mine] = np.sqrt(pull[mine] * between)
        centre_se[mine] = 1 / math.sqrt(weight.sum())
    return ShrunkEffects(mean, sd, pull, centre_se)


def _between(x: Floats, variance: Floats) -> float:
    """Variance of true effects at which estimates scatter by as much as they err and differ."""

    def excess(between: float) -> float:
        weight = 1 / (variance + between)
        centred = x - weight @ x / weight.sum()
        return float(weight @ centred**2) - (len(x) - 1)

    spread = float(np.var(x))
    least = 1e-12 * max(spread, float(np.finfo(float).tiny) * 1e12)
    if spread == 0 or excess(least) <= 0:
        return 0.0
    high = spread
    while excess(high) > 0:
        high *= 2
    return float(brentq(excess, least, high, rtol=1e-8))
