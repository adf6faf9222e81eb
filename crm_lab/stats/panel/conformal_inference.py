"""Conformal tests over time: are the periods after the start odder than any others, once the effect is taken off?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.checks import check_settings, not_among, not_inside, not_positive, too_small
from crm_lab.results import Interval
from crm_lab.stats.panel.estimators.panel_fit import PanelEstimator, check_start

Scheme = Literal["exchangeable", "blocks"]
DRAWS = 9_999
_TIE = 1e-9
_GRID = 33  # nulls that are tried around the estimate
_REACH = 4.0  # times the size of the residuals: how far the first grid goes to either side
_WIDER = 6  # times that it is doubled before an end counts as infinite
_HALVINGS = 14


@dataclass(frozen=True)
class ConformalResult:
    """The conformal test of a constant effect, with the interval that it gives.

    Attributes:
        name: Of the estimator.
        scheme: ``exchangeable`` (residuals of periods change places freely) or ``blocks`` (the series is turned as a
            whole, so that what follows each other stays together).
        effect: Mean effect per treated unit and treated period, as estimated.
        pvalue: P value of the null.
        null: The constant effect tested.
        interval: Constant effects between the smallest and the largest that are not rejected; infinite where the floor
            is above alpha, NaN where every constant effect is rejected.
        attainable: The level that a test at alpha really has.
        floor: The smallest p value that the scheme can give.
        draws: Arrangements of the periods that were gone through, the observed one among them.
    """

    name: str
    scheme: Scheme
    effect: float
    pvalue: float
    null: float
    interval: Interval
    attainable: float
    floor: float
    draws: int

    def to_frame(self) -> pd.DataFrame:
        """The test as one row.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> values = np.random.default_rng(1).normal(9, 1, (6, 20))
        >>> ConformalTest("blocks").run(values, np.arange(6) < 1, 16, DifferenceInDifferences()).to_frame()[
        ...     "scheme"
        ... ].item()
        'blocks'

        Returns:
            Columns ``method``, ``scheme``, ``effect``, ``null``, ``pvalue``, ``lo``, ``hi``, ``level``, ``floor``.
        """
        row = {"method": self.name, "scheme": self.scheme, "effect": self.effect, "null": self.null}
        ends = {"lo": self.interval.lo, "hi": self.interval.hi, "level": self.interval.level, "floor": self.floor}
        return pd.DataFrame([row | {"pvalue": self.pvalue} | ends])


@dataclass(frozen=True)
class ConformalTest:
    """Settings of the conformal test over time.

    The null is taken off the treated cells, the estimator is refitted on all periods as if none were treated, and the
    mean size of the residuals after the start is compared with what it is when the periods change places.

    >>> from crm_lab.stats.panel.estimators import SyntheticControl
    >>> values = np.random.default_rng(1).normal(100, 2, (8, 40)) + np.random.default_rng(2).normal(0, 3, 40)
    >>> values[0, 34:] += 12
    >>> found = ConformalTest().run(values, np.arange(8) < 1, 34, SyntheticControl())
    >>> found.pvalue < 0.01, found.interval.lo < 12 < found.interval.hi
    (True, True)

    Attributes:
        scheme: ``exchangeable`` or ``blocks``.
        q: Power of the residuals whose mean size is the statistic.
        signed: Whether the statistic is the size of the mean instead of the mean of the sizes: it tests the average
            effect and has an interval where effects differ from period to period, which no constant effect explains.
        alpha: Level of the test whose acceptance is the interval.
        draws: Random arrangements of exchangeable periods; blocks are all gone through.
        seed: Of the draws.

    Source:
        Chernozhukov, Wüthrich & Zhu (2021), An exact and robust conformal inference method for counterfactual and
        synthetic controls.
    """

    scheme: Scheme = "exchangeable"
    q: float = 1.0
    signed: bool = False
    alpha: float = 0.05
    draws: int = DRAWS
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_among(self, scheme=get_args(Scheme)),
            not_positive(self, "q"),
            not_inside(self, "alpha"),
            too_small(self, draws=1),
        )

    def pvalue(
        self, values: Floats, treated: Booleans, first: int, estimator: PanelEstimator, null: float = 0.0
    ) -> float:
        """P value of one constant effect.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> values = np.random.default_rng(1).normal(9, 1, (6, 20))
        >>> ConformalTest("blocks").pvalue(values, np.arange(6) < 1, 16, DifferenceInDifferences(), null=9.0)
        0.05

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.
            estimator: One that treats all periods alike.
            null: The effect per treated unit and treated period.

        Returns:
            The share of arrangements whose statistic is as large, the observed one included.

        Raises:
            BadInput: If nobody is treated or everybody, there are too few periods, or the estimator weighs periods.
        """
        check_start(values, treated, first, estimator.fewest_before)
        moved = np.array(values, dtype=float)
        moved[np.ix_(treated, np.arange(values.shape[1]) >= first)] -= null
        return self._share(estimator.residuals(moved, treated), first)

    def run(
        self, values: Floats, treated: Booleans, first: int, estimator: PanelEstimator, null: float = 0.0
    ) -> ConformalResult:
        """The test with its interval.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> values = np.random.default_rng(1).normal(9, 1, (6, 20))
        >>> found = ConformalTest("blocks").run(values, np.arange(6) < 1, 16, DifferenceInDifferences())
        >>> found.floor, found.interval.lo < 0 < found.interval.hi
        (0.05, True)

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.
            estimator: One that treats all periods alike.
            null: The effect per treated unit and treated period that is tested.

        Returns:
            The result.

        Raises:
            BadInput: If nobody is treated or everybody, there are too few periods, or the estimator weighs periods.
        """
        pvalue = self.pvalue(values, treated, first, estimator, null)
        effect, t = estimator.effect(values, treated, first), values.shape[1]
        floor = self._floor(t, first)
        attainable = math.floor(self.alpha / floor * (1 + 1e-12)) * floor
        scale = float(np.abs(estimator.residuals(values, treated)).mean())
        ends = (-math.inf, math.inf)
        if attainable > 0 and scale > 0:
            ends = _kept(lambda at: self.pvalue(values, treated, first, estimator, at), effect, scale, self.alpha)
        count = t if self.scheme == "blocks" else self.draws + 1
        interval = Interval(*ends, 1 - attainable)
        return ConformalResult(estimator.name, self.scheme, effect, pvalue, null, interval, attainable, floor, count)

    def _floor(self, t: int, first: int) -> float:
        if self.scheme == "blocks":
            return 1 / t
        return max(1 / (self.draws + 1), 1 / math.comb(t, t - first))

    def _share(self, residuals: Floats, first: int) -> float:
        size = residuals if self.signed else np.abs(residuals) ** self.q
        sums = np.abs(size[_places(len(size), first, self.scheme, self.draws, self.seed)].sum(axis=1))
        own = abs(float(size[first:].sum()))
        beyond = int((sums >= own - _TIE * float(np.abs(size).sum())).sum())
        return beyond / len(sums) if self.scheme == "blocks" else (1 + beyond) / (1 + len(sums))


@lru_cache(maxsize=4)
def _places(t: int, first: int, scheme: Scheme, draws: int, seed: int) -> Integers:
    """Which periods stand after the start in each arrangement, shape (draws, T - first)."""
    if scheme == "blocks":
        found: Integers = (np.arange(t)[:, None] + np.arange(first, t)) % t
    else:
        order = np.random.default_rng(seed).random((draws, t))
        found = np.argpartition(order, t - first - 1, axis=1)[:, : t - first]
    found.flags.writeable = False
    return found


def _kept(pvalue: Callable[[float], float], centre: float, scale: float, alpha: float) -> tuple[float, float]:
    """Ends of the nulls that are not rejected: a grid that is widened until it covers them, then halving."""
    known = cache(pvalue)
    reach = _REACH * scale
    for _ in range(_WIDER):
        grid = centre + np.linspace(-reach, reach, _GRID)
        kept = np.array([known(float(at)) > alpha for at in grid])
        if not (kept[0] or kept[-1]):
            break
        reach *= 2
    if not kept.any():
        return math.nan, math.nan
    low, high = (int(i) for i in np.flatnonzero(kept)[[0, -1]])
    return (
        -math.inf if low == 0 else _edge(known, float(grid[low]), float(grid[low - 1]), alpha),
        math.inf if high == len(grid) - 1 else _edge(known, float(grid[high]), float(grid[high + 1]), alpha),
    )


def _edge(pvalue: Callable[[float], float], kept: float, lost: float, alpha: float) -> float:
    for _ in range(_HALVINGS):
        middle = (kept + lost) / 2
        kept, lost = (middle, lost) if pvalue(middle) > alpha else (kept, middle)
    return lost
