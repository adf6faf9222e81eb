"""How many units pile up at a threshold, against the number that a smooth curve through the rest would have there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import BadInput, Problems, check_settings, not_inside, not_positive, too_small
from crm_lab.results import Interval
from crm_lab.stats.bootstrap import percentile_interval
from crm_lab.stats.discontinuity.density_test import BINS, histogram, reach_of
from crm_lab.stats.discontinuity.heaping import heap_period

_PART = 10  # of the reach that is left out at the threshold unless a window is given
_BINS_PER_COEFFICIENT = 3


@dataclass(frozen=True)
class BunchingEstimate:
    """Excess mass at a threshold.

    >>> rng = np.random.default_rng(1)
    >>> spend = rng.gamma(2.5, 120, 20_000)
    >>> pushed = (spend > 475) & (spend < 500) & (rng.random(20_000) < 0.3)
    >>> moved = np.where(pushed, 500 + rng.exponential(10, 20_000), spend)
    >>> bunched = Bunching(threshold=500, window=40).fit(moved)

    Attributes:
        excess: Units just above beyond those of the smooth curve.
        interval: Its bootstrap interval.
        missing: Units that the curve has just below and the data do not.
        missing_interval: Its bootstrap interval.
        expected: Units that the curve has just above.
        window: How far above and below is counted.
        bins: The histogram: ``at``, ``n``, ``expected``.
        n: Units within the reach.
    """

    excess: float
    interval: Interval
    missing: float
    missing_interval: Interval
    expected: float
    window: float
    bins: pd.DataFrame
    n: int

    @property
    def share(self) -> float:
        """Excess by what the curve has just above.

        >>> round(bunched.share, 1), int(pushed.sum())
        (0.3, 144)
        """
        return self.excess / self.expected if self.expected > 0 else math.nan

    @property
    def seen(self) -> bool:
        """Whether units pile up above the threshold.

        >>> bunched.seen
        True
        """
        return self.interval.lo > 0


@dataclass(frozen=True, kw_only=True)
class Bunching:
    """How excess mass is counted: a polynomial through the bins outside a window, and units drawn again.

    >>> rng = np.random.default_rng(1)
    >>> spend = rng.gamma(2.5, 120, 20_000)
    >>> pushed = (spend > 475) & (spend < 500) & (rng.random(20_000) < 0.3)
    >>> moved = np.where(pushed, 500 + rng.exponential(10, 20_000), spend)
    >>> round(Bunching(threshold=500, window=40).fit(spend).share, 2)
    0.03

    Attributes:
        threshold: Where units may pile up.
        window: How far above and below they are counted; a tenth of the reach unless given.
        degree: Of the polynomial.
        draws: Bootstrap samples.
        seed: Of the draws.
        level: Confidence level.

    Source:
        Chetty, Friedman, Olsen & Pistaferri (2011), QJE 126, 749-804; Kleven (2016), Annual Review of Economics 8.
    """

    threshold: float = 0.0
    window: float | None = None
    degree: int = 5
    draws: int = 400
    seed: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        given = ("window",) if self.window is not None else ()
        check_settings(self, not_inside(self, "level"), not_positive(self, *given), too_small(self, degree=1, draws=20))

    def fit(self, running: ArrayLike) -> BunchingEstimate:
        """Count the excess of a running variable.

        >>> found = Bunching(threshold=500, window=40).fit(moved)
        >>> found.interval.lo < int(pushed.sum()) < found.interval.hi
        True

        Args:
            running: What the threshold is applied to, shape (n,).

        Returns:
            Excess above and missing mass below.

        Raises:
            BadInput: If values are missing, all are on one side, or too few bins lie outside the window.
        """
        x = np.asarray(running, dtype=float)
        problems = Problems("The bunching estimate")
        wrong = int((~np.isfinite(x)).sum())
        problems.unless(not wrong, f"{wrong} of {x.size} values are missing or infinite; leave them out.")
        low, high = x[x < self.threshold], x[x >= self.threshold]
        problems.unless(low.size and high.size, f"All values are on one side of {self.threshold:g}.")
        problems.raise_any()
        reach = reach_of(low, high, self.threshold)
        window = reach / _PART if self.window is None else self.window
        period = heap_period(x, self.threshold, reach, window)
        width = period * max(1, math.ceil(reach / BINS / period - 1e-9)) if period else min(reach / BINS, window / 2)
        window = max(math.ceil(window / width - 1e-9), 1) * width
        return self._count(histogram(x, self.threshold, reach, width), window)

    def _count(self, bins: pd.DataFrame, window: float) -> BunchingEstimate:
        at = bins["at"].to_numpy() - self.threshold
        counts = bins["n"].to_numpy(dtype=float)
        outside = np.abs(at) > window
        if outside.sum() < _BINS_PER_COEFFICIENT * (self.degree + 1):
            raise BadInput(
                f"Only {int(outside.sum())} bins lie outside the window of {window:g}; a polynomial of degree "
                f"{self.degree} needs {_BINS_PER_COEFFICIENT * (self.degree + 1)}. Take a shorter window."
            )
        shape = np.polynomial.legendre.legvander(at / np.abs(at).max(), self.degree)
        through = shape @ np.linalg.pinv(shape[outside])
        above, below = ~outside & (at > 0), ~outside & (at < 0)
        draws = np.random.default_rng(self.seed).poisson(counts, (self.draws, len(counts)))
        own = _masses(counts[None, :], through, outside, above, below)[0]
        drawn = _masses(draws.astype(float), through, outside, above, below)
        ends = [Interval(*percentile_interval(drawn[:, k], self.level), self.level) for k in (0, 1)]
        expected = through @ counts[outside]
        return BunchingEstimate(
            float(own[0]), ends[0], float(own[1]), ends[1], float(expected[above].sum()), window,
            bins.assign(expected=expected), int(counts.sum()),
        )  # fmt: skip


def _masses(counts: Floats, through: Floats, outside: Booleans, above: Booleans, below: Booleans) -> Floats:
    """Excess above and missing below of each row of counts, shape (draws, 2)."""
    curve = counts[:, outside] @ through.T
    excess = (counts - curve)[:, above].sum(axis=1)
    missing = (curve - counts)[:, below].sum(axis=1)
    return np.column_stack([excess, missing])
