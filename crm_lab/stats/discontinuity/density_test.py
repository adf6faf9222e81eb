"""Whether units sort themselves to one side of a threshold: does their density jump there?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, check_settings, negative, not_inside
from crm_lab.stats.discontinuity.heaping import heap_period, places
from crm_lab.stats.discontinuity.local_polynomial import Side, kernel, local_fit, powers
from crm_lab.stats.discontinuity.optimal_bandwidth import Bandwidths, optimal_bandwidths
from crm_lab.stats.intervals import z_value

BINS = 50  # a side
FEWEST_BINS = 12  # a side, below which heaps leave nothing to test
FEWEST = 100  # units a side
POWER = 0.8
BLIND = math.log(2.0)  # a jump by this factor must be seen with that power
_SPARED = 10  # part of the reach at the threshold in which no heaps are looked for


@dataclass(frozen=True)
class DensityJump:
    """The density of a running variable just above a threshold against that just below.

    >>> rng = np.random.default_rng(1)
    >>> spend = rng.gamma(2.5, 120, 20_000)
    >>> even = DensityTest(threshold=500).fit(spend)
    >>> pushed = (spend > 475) & (spend < 500) & (rng.random(20_000) < 0.3)
    >>> sorted_ = DensityTest(threshold=500).fit(np.where(pushed, 500 + rng.exponential(10, 20_000), spend))

    Attributes:
        below: Density just below, units per unit of the running variable.
        above: Density just above.
        z: Difference by its standard error, bias taken off.
        log_se: Standard error of the logarithm of their ratio if there were no jump.
        period: Period with which values are heaped; 0 where they are not.
        width: Width of a bin.
        bandwidths: How far from the threshold was looked.
        n_left: Units below within the reach of the histogram.
        n_right: Units at or above within it.
        bins: The histogram: ``at`` (middle), ``n``, ``fitted``.
        level: Confidence level.
    """

    below: float
    above: float
    z: float
    log_se: float
    period: float
    width: float
    bandwidths: Bandwidths
    n_left: int
    n_right: int
    bins: pd.DataFrame
    level: float

    @property
    def pvalue(self) -> float:
        """Of no jump.

        >>> even.pvalue > 0.05, sorted_.pvalue < 0.001
        (True, True)
        """
        return float(2 * stats.norm.sf(abs(self.z)))

    @property
    def seen(self) -> bool:
        """Whether the density is shown to jump.

        >>> even.seen, sorted_.seen
        (False, True)
        """
        return self.pvalue < 1 - self.level

    @property
    def smallest(self) -> float:
        """The factor by which the density would have to jump to be seen with 80 % power.

        >>> 1.1 < even.smallest < 1.6
        True
        """
        return math.exp((z_value(self.level) + float(stats.norm.isf(1 - POWER))) * self.log_se)

    @property
    def refused(self) -> str:
        """Why sorting cannot be ruled out although no jump is seen, or nothing.

        ``few`` units on a side, ``rounding`` (heaps as wide as the neighbourhood), or ``blind``: a doubling of the
        density would not have been seen.

        >>> even.refused, DensityTest(threshold=500).fit(spend[:150]).refused
        ('', 'few')
        """
        if min(self.n_left, self.n_right) < FEWEST:
            return "few"
        if math.isnan(self.z):
            return "rounding"
        return "blind" if math.log(self.smallest) > BLIND else ""

    @property
    def clean(self) -> bool:
        """Whether sorting is neither seen nor beyond what could be seen.

        >>> even.clean, sorted_.clean
        (True, False)
        """
        return not self.seen and not self.refused


@dataclass(frozen=True, kw_only=True)
class DensityTest:
    """How the density is tested: local linear fits to a histogram whose bins are aligned at the threshold.

    Bins are as wide as a period of heaps, or a multiple, so that each holds one of every kind: rounded amounts and
    prices that end in .99 are no sorting.

    >>> spend = np.random.default_rng(1).gamma(2.5, 120, 20_000)
    >>> DensityTest(threshold=500).fit(np.floor(spend) + 0.99).period
    1.0

    Attributes:
        threshold: Where the density may jump.
        level: Confidence level.
        period: Period of heaps; found in the data unless given, 0 for none.

    Source:
        McCrary (2008), J. of Econometrics 142, 698-714, with the bias correction of Calonico, Cattaneo & Titiunik
        (2014), as Cattaneo, Jansson & Ma (2020), JASA 115, have it for their own estimate.
    """

    threshold: float = 0.0
    level: float = 0.95
    period: float | None = None

    def __post_init__(self) -> None:
        given = ("period",) if self.period is not None else ()
        check_settings(self, not_inside(self, "level"), negative(self, *given))

    def fit(self, running: ArrayLike) -> DensityJump:
        """Test the values of a running variable.

        >>> DensityTest(threshold=500).fit(spend).seen
        False

        Args:
            running: What the threshold is applied to, shape (n,).

        Returns:
            The densities on both sides; see `DensityJump.refused`.

        Raises:
            BadInput: If values are missing or all are on one side.
        """
        x = _checked(running, self.threshold)
        low, high = x[x < self.threshold], x[x >= self.threshold]
        reach = reach_of(low, high, self.threshold)
        period = self.period if self.period is not None else heap_period(x, self.threshold, reach, reach / _SPARED)
        width = reach / BINS if period < reach / BINS and not period else _multiple(period, reach / BINS)
        bins = histogram(x, self.threshold, reach, width)
        sizes = (int(bins["n"][bins["at"] < self.threshold].sum()), int(bins["n"][bins["at"] > self.threshold].sum()))
        if len(bins) < 2 * FEWEST_BINS or min(sizes) < FEWEST:
            return DensityJump(
                *(math.nan,) * 4, period, width, Bandwidths(math.nan, math.nan), *sizes, bins, self.level
            )
        return _jump(bins, self.threshold, period, width, sizes, self.level)


def reach_of(low: Floats, high: Floats, threshold: float) -> float:
    """How far both sides are looked at: twice the nearer median, and no further than either side goes.

    Args:
        low: Values below, shape (n,).
        high: Values at or above, shape (m,).
        threshold: Where they part.

    Returns:
        Distance on each side, in the unit of the running variable.
    """
    apart = (threshold - low, high - threshold)
    return float(min(2 * min(np.median(side) for side in apart), *(side.max() for side in apart)))


def _multiple(period: float, least: float) -> float:
    """The smallest multiple of a period that is as wide as a bin should be."""
    return period * max(1, math.ceil(least / period - 1e-9))


def histogram(x: Floats, threshold: float, reach: float, width: float) -> pd.DataFrame:
    """Counts in bins aligned at a threshold, as many whole ones on each side as the reach holds.

    >>> histogram(np.array([-1.5, -0.5, 0.0, 0.2]), 0.0, 2.0, 1.0)["n"].tolist()
    [1, 1, 2, 0]

    Args:
        x: Values, shape (n,).
        threshold: Where bins are aligned.
        reach: How far to both sides.
        width: Of a bin.

    Returns:
        One row a bin: ``at`` (middle), ``n``.
    """
    half = max(int(reach / width + 1e-9), 1)
    at = places(x, threshold, width)
    counts = np.bincount(at[(at >= -half) & (at < half)] + half, minlength=2 * half)
    return pd.DataFrame({"at": threshold + (np.arange(-half, half) + 0.5) * width, "n": counts})


def _checked(running: ArrayLike, threshold: float) -> Floats:
    x = np.asarray(running, dtype=float)
    problems = Problems("The density test")
    wrong = int((~np.isfinite(x)).sum())
    problems.unless(not wrong, f"{wrong} of {x.size} values are missing or infinite; leave them out.")
    problems.unless((x >= threshold).any() and (x < threshold).any(), f"All values are on one side of {threshold:g}.")
    problems.raise_any()
    return x


def _jump(
    bins: pd.DataFrame, threshold: float, period: float, width: float, sizes: tuple[int, int], level: float
) -> DensityJump:
    """Local linear densities of both sides, bias taken off; counts are their own variance (Poisson)."""
    x, n = bins["at"].to_numpy() - threshold, bins["n"].to_numpy(dtype=float)
    sides = [Side.of(x[x < 0], n[x < 0]), Side.of(x[x > 0], n[x > 0])]
    widths = optimal_bandwidths(sides[0], sides[1])
    heights, variances, fitted = [], [], []
    for side in sides:
        near = side.within(max(widths.h, widths.b))
        row = _row(near, widths)
        heights.append(float(row @ near.y[:, 0]))
        variances.append(float((row**2) @ near.y[:, 0]))
        line = local_fit(near, 1, widths.h)
        fitted.append(np.where(np.abs(side.x) < widths.h, (powers(side.x, 1) @ line.beta)[:, 0], np.nan))
    below, above = heights
    se, middle = math.sqrt(sum(variances)), max((below + above) / 2, 1e-12)
    z = (above - below) / se if se else math.nan
    table = bins.assign(fitted=np.concatenate(fitted))
    return DensityJump(below / width, above / width, z, se / middle, period, width, widths, *sizes, table, level)


def _row(near: Side, widths: Bandwidths) -> Floats:
    """Weights of the bins in the height at the threshold, bias taken off."""
    linear, square = local_fit(near, 1, widths.h), local_fit(near, 2, widths.b)
    row = linear.inverse[0] @ (linear.design * kernel(near.x, widths.h)[:, None]).T
    curve = square.inverse[2] @ (square.design * square.weights[:, None]).T
    return np.asarray(row - float(row @ near.x**2) * curve)
