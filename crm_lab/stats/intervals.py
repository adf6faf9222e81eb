"""Intervals for shares, ratios and smooth functions of estimates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput
from crm_lab.results import Interval


def z_value(level: float = 0.95) -> float:
    """The two-sided standard normal quantile of a confidence level.

    >>> round(z_value(0.95), 4)
    1.96

    Args:
        level: Confidence level, e.g. 0.95.

    Returns:
        The quantile, e.g. 1.96.

    Raises:
        BadInput: If the level is not strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise BadInput(f"level is {level!r}; a confidence level lies between 0 and 1, e.g. 0.95.")
    return float(stats.norm.isf((1 - level) / 2))


def wilson(successes: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Score interval of a share (Wilson 1927): inside [0, 1], and sensible for 0 or n successes.

    Args:
        successes: Counts, any shape.
        n: Trials, same shape; 0 trials give (0, 1).
        level: Confidence level.

    Returns:
        Lower and upper ends, shares, same shape.

    Raises:
        BadInput: If a count is negative or larger than its number of trials.

    >>> lo, hi = wilson(12, 100)
    >>> round(float(lo), 4), round(float(hi), 4)
    (0.07, 0.1981)
    """
    k, trials = np.asarray(successes, dtype=float), np.asarray(n, dtype=float)
    if np.any(k < 0) or np.any(k > trials):
        raise BadInput("successes must lie between 0 and the number of trials; check the two counts.")
    z2 = z_value(level) ** 2
    share = np.divide(k, trials, out=np.full(np.broadcast(k, trials).shape, 0.5), where=trials > 0)
    centre = (share * trials + z2 / 2) / (trials + z2)
    half = np.sqrt(z2 * share * (1 - share) * trials + z2**2 / 4) / (trials + z2)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def wilson_interval(successes: float, n: float, level: float = 0.95) -> Interval:
    """Wilson's interval of one share.

    >>> wilson_interval(8, 10).lo.__round__(3)
    0.49

    Args:
        successes: Count.
        n: Trials.
        level: Confidence level.

    Returns:
        The interval of the share.
    """
    lo, hi = wilson(successes, n, level)
    return Interval(float(lo), float(hi), level)


def normal_interval(value: float, se: float, level: float = 0.95) -> Interval:
    """The normal interval around an estimate.

    >>> normal_interval(0, 1).hi.__round__(2)
    1.96

    Args:
        value: The estimate.
        se: Its standard error.
        level: Confidence level.

    Returns:
        The interval.
    """
    half = z_value(level) * se
    return Interval(value - half, value + half, level)


def ratio_by_customer(up: ArrayLike, down: ArrayLike, level: float = 0.95, *, ddof: int = 1) -> tuple[float, Interval]:
    """A share of sums over customers, such as answers per message, with the customer as the sampling unit.

    Linearised (delta method; Cochran 1977, section 6.3); the interval ends at 0 and 1.

    >>> ratio_by_customer([1, 0, 2, 1], [2, 3, 3, 2])[0]
    0.4

    Args:
        up: Per customer, how many, shape (n,).
        down: Per customer, of how many, shape (n,).
        level: Confidence level.
        ddof: Degrees of freedom taken off n, as in `numpy.var`.

    Returns:
        The share (0-1) and its interval.
    """
    y, x = np.asarray(up, dtype=float), np.asarray(down, dtype=float)
    n, total = len(x), float(x.sum())
    share = float(y.sum()) / total
    se = math.sqrt(float(((y - share * x) ** 2).sum()) * n / (n - ddof)) / total
    ci = normal_interval(share, se, level)
    return share, Interval(max(ci.lo, 0.0), min(ci.hi, 1.0), level)


@dataclass(frozen=True, slots=True)
class RatioSet:
    """A confidence set of a ratio (Fieller 1954).

    >>> ratio = fieller(150_000, 100_000, 20_000**2, 5_000**2)

    Attributes:
        kind: ``bounded``: from `lo` to `hi`; ``outside``: everything but what lies between `lo` and
            `hi`; ``all``: every number. The last two mean that the denominator may be zero.
        lo: Lower end.
        hi: Upper end.
        level: Confidence level.
    """

    kind: Literal["bounded", "outside", "all"]
    lo: float
    hi: float
    level: float

    def contains(self, value: float) -> bool:
        """Whether a ratio lies in the set.

        >>> ratio.contains(1.5), ratio.contains(3.0)
        (True, False)

        Args:
            value: A ratio.
        """
        if self.kind == "all":
            return True
        inside = self.lo <= value <= self.hi
        return inside if self.kind == "bounded" else not self.lo < value < self.hi

    def interval(self) -> Interval | None:
        """The set as an interval, or ``None`` if it is unbounded.

        >>> ratio.interval().level
        0.95
        """
        return Interval(self.lo, self.hi, self.level) if self.kind == "bounded" else None


def fieller(
    numerator: float,
    denominator: float,
    var_numerator: float,
    var_denominator: float,
    cov: float = 0.0,
    level: float = 0.95,
) -> RatioSet:
    """Confidence set of the ratio of two jointly normal estimates (Fieller 1954).

    All r with (numerator - r denominator)² <= z² Var(numerator - r denominator).

    >>> ratio = fieller(150_000, 100_000, 20_000**2, 5_000**2)
    >>> round(ratio.lo, 4), round(ratio.hi, 4)
    (1.0936, 1.9355)
    >>> fieller(5.0, 0.1, 1.0, 1.0).kind
    'outside'

    Args:
        numerator: Estimate above the line.
        denominator: Estimate below the line.
        var_numerator: Its squared standard error.
        var_denominator: The same for the denominator.
        cov: Covariance of the two estimates.
        level: Confidence level.

    Returns:
        The set; it may be unbounded.
    """
    z2 = z_value(level) ** 2
    a = denominator**2 - z2 * var_denominator
    b = numerator * denominator - z2 * cov
    c = numerator**2 - z2 * var_numerator
    root2 = b**2 - a * c
    if a > 0:
        root = math.sqrt(max(root2, 0.0))
        return RatioSet("bounded", (b - root) / a, (b + root) / a, level)
    if root2 <= 0 or a == 0:
        return RatioSet("all", -math.inf, math.inf, level)
    root = math.sqrt(root2)
    return RatioSet("outside", (b + root) / a, (b - root) / a, level)


def delta_ratio(
    numerator: float, denominator: float, var_numerator: float, var_denominator: float, cov: float = 0.0
) -> tuple[float, float]:
    """Ratio and its standard error by the delta method (first-order expansion).

    >>> ratio, se = delta_ratio(150_000, 100_000, 20_000**2, 5_000**2)
    >>> round(ratio - z_value() * se, 4), round(ratio + z_value() * se, 4)
    (1.0814, 1.9186)

    Args:
        numerator: Estimate above the line.
        denominator: Estimate below the line.
        var_numerator: Its squared standard error.
        var_denominator: The same for the denominator.
        cov: Covariance of the two estimates.

    Returns:
        The ratio and its standard error; both nan where the denominator is 0.
    """
    if denominator == 0:
        return math.nan, math.nan
    ratio = numerator / denominator
    variance = (var_numerator - 2 * ratio * cov + ratio**2 * var_denominator) / denominator**2
    return ratio, math.sqrt(max(variance, 0.0))


def delta_se(gradient: ArrayLike, covariance: ArrayLike) -> float:
    """Standard error of a smooth function of estimates, from its gradient (p,) and their covariance (p, p).

    >>> delta_se([1, -1], [[4, 0], [0, 5]])
    3.0

    Args:
        gradient: Derivatives, shape (p,).
        covariance: Of the estimates, shape (p, p).

    Returns:
        The standard error.
    """
    g, v = np.asarray(gradient, dtype=float), np.asarray(covariance, dtype=float)
    return math.sqrt(max(float(g @ v @ g), 0.0))
