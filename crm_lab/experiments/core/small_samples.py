"""Effects where normal theory does not hold: small or very unequal arms, heavy tails, whole stores."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.experiments.core.estimate import Column, Difference
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.stats.intervals import RatioSet, wilson
from crm_lab.stats.permutation import DRAWS, Shifts, Splits, Statistic, shifts, splits_of
from crm_lab.stats.permutation_power import chosen_statistic

FEWEST = 100  # units of an arm from which normal theory may hold
FEWEST_EVENTS = 10  # of a share: events, and units without, below which it is read exactly
_MOST_SKEW = 355**-0.5  # of the difference: a single mean needs 355 units per squared skewness (Kohavi et al. 2014)
_ENOUGH = 5_000  # units of the smaller arm that are enough whatever the tails
_FEW = 10  # units of the smaller arm below which no standard error is read
_UNEQUAL = 2  # times as many units in the larger arm from which the smaller one's tails rule the test
_ALLOWANCE = 1.2  # on p values of such arms: tails of the smaller one that the pooled data do not show (docs)
_RATIO_STEPS = 4  # of the search for an end of a ratio's interval: the net is nearly linear in the ratio
_SEED = 20_240_101  # of the redrawn splits: the same test gives the same interval


@dataclass(frozen=True, eq=False)
class Pair:
    """Two arms of a test, in the rows that were assigned.

    Attributes:
        experiment: The test, a row per unit or per cluster.
        rows: Rows of the two arms, shape (N,).
        treated: Which of these are treated, shape (n,).
    """

    experiment: Experiment
    rows: NDArray[np.bool_]
    treated: NDArray[np.bool_]

    @classmethod
    def of(cls, experiment: Experiment, arm: str) -> Pair:
        """The control and one treatment."""
        groups = experiment.frame[experiment.arm].to_numpy()
        rows = (groups == experiment.control) | (groups == arm)
        return cls(experiment, rows, groups[rows] == arm)

    def values(self, column: str) -> Floats:
        """A column of the two arms, shape (n,)."""
        found: Floats = self.experiment.frame[column].to_numpy(dtype=float)[self.rows]
        return found

    @cached_property
    def splits(self) -> Splits:
        """The redrawn splits, the same for every metric."""
        return splits_of(self.treated, DRAWS, _SEED)

    @cached_property
    def statistic(self) -> Statistic:
        """Fixed before any outcome: by the sizes (a standard error needs ten units), and by power on the past."""
        small, past = min(self.treated.sum(), (~self.treated).sum()), self._past
        if small < _FEW:
            return "raw"
        return "studentised" if past is None or small >= FEWEST else chosen_statistic(past, self.splits)

    @property
    def _past(self) -> Floats | None:
        """What was measured before the assignment, of units: the first such column that is no flag."""
        rows = () if self.experiment.size else self.experiment.past_of(self.experiment.outcomes[:1])
        columns = (self.values(name) for name in rows)
        return next((x for x in columns if len(np.unique(x)) > 2), None)

    def normal_holds(self, values: Floats) -> bool:
        """Whether a normal interval of the difference of means is as wide as it says (measured in docs/experiments.md).

        What counts is the skewness of the difference itself: arms of equal size cancel each other's.
        """
        if self.experiment.size:
            return False
        small, large = sorted((int(self.treated.sum()), int((~self.treated).sum())))
        if small < FEWEST:
            return False
        if small >= _ENOUGH or np.ptp(values) == 0:
            return True
        uneven = (1 / small**2 - 1 / large**2) / (1 / small + 1 / large) ** 1.5
        return bool(abs(_skewness(values)) * uneven <= _MOST_SKEW)

    def adjusted(self, values: Floats, past: tuple[str, ...]) -> Floats:
        """Values without what the past explains, by one slope for all units, which no redrawn split changes."""
        if not past:
            return values
        w = self.values(self.experiment.size) if self.experiment.size else np.ones(len(values))
        x = np.column_stack([self.values(name) for name in past])
        x = x - np.average(x, axis=0, weights=w)
        root = np.sqrt(w)
        design = root[:, None] * np.column_stack([np.ones(len(w)), x])
        slopes = np.linalg.lstsq(design, values / np.maximum(root, 1e-12), rcond=1e-10)[0][1:]
        left: Floats = values - w * (x @ slopes)
        return left

    @property
    def allowance(self) -> float:
        """What the p value of units in arms of unlike size is multiplied by: their spread may be unlike, too."""
        small, large = sorted((int(self.treated.sum()), int((~self.treated).sum())))
        return 1.0 if self.experiment.size or large < _UNEQUAL * small else _ALLOWANCE

    def shifts(self, values: Floats, weights: Floats | None) -> Shifts:
        """The permutation test of values, and its inversion."""
        return replace(shifts(values, self.splits, weights, self.statistic), allowance=self.allowance)


def _skewness(values: Floats) -> float:
    """Third moment over the second's power (scipy's takes ten times as long for a few thousand values)."""
    left = values - values.mean()
    squares = left * left
    return float((squares * left).mean() / squares.mean() ** 1.5)


def permuted(pair: Pair, found: Difference, mean: Column, past: tuple[str, ...], level: float) -> Difference:
    """The difference with the permutation's p value and interval in place of normal ones.

    Args:
        pair: The two arms.
        found: By normal theory.
        mean: The column, and what its total is divided by.
        past: Covariates; a ratio of an outcome to another is not adjusted.
        level: Confidence level.
    """
    column, denominator = mean
    weights = pair.values(denominator) if denominator else None
    values = pair.values(column)
    if denominator in (None, pair.experiment.size or None):
        values = pair.adjusted(values, past)
    result = pair.shifts(values, weights)
    lo, hi = result.interval(level)
    w = np.ones(len(values)) if weights is None else weights
    control = float(values[~pair.treated].sum() / w[~pair.treated].sum())
    return replace(
        found,
        control=control,
        treatment=control + result.effect,
        effect=result.effect,
        lo=lo,
        hi=hi,
        pvalue=result.pvalue,
        method="permutation",
    )


def permuted_ratio(net: Callable[[float], Shifts], ratio: float, denominator: float, level: float) -> RatioSet:
    """Ratios of two effects that a permutation does not reject.

    Args:
        net: Permutation of numerator less a ratio times denominator: an effect of 0 is that ratio.
        ratio: The estimate, where the search begins.
        denominator: The effect that divides, above 0.
        level: Confidence level.

    Returns:
        The set; without bounds where there is no ratio.
    """
    ends = []
    for side in (0, 1):
        end = ratio
        for _ in range(_RATIO_STEPS):
            end += net(end).interval(level)[side] / denominator if np.isfinite(end) else 0.0
        ends.append(end)
    if not np.isfinite(ends).all() or not denominator > 0:
        return RatioSet("all", -math.inf, math.inf, level)
    return RatioSet("bounded", min(ends), max(ends), level)


def exact_share(pair: Pair, found: Difference, column: str, level: float) -> Difference:
    """A difference of two shares with few events: Fisher's exact test, Newcombe's interval from Wilson's.

    Source:
        Newcombe (1998), Interval estimation for the difference between independent proportions, method 10.
    """
    events = pair.values(column)
    (k0, n0), (k1, n1) = ((events[side].sum(), side.sum()) for side in (~pair.treated, pair.treated))
    p0, p1 = k0 / n0, k1 / n1
    (l0, u0), (l1, u1) = (wilson(k, n, level) for k, n in ((k0, n0), (k1, n1)))
    lo = p1 - p0 - np.hypot(p1 - l1, u0 - p0)
    hi = p1 - p0 + np.hypot(u1 - p1, p0 - l0)
    table = np.array([[k1, n1 - k1], [k0, n0 - k0]]).astype(int)
    pvalue = float(stats.fisher_exact(table).pvalue)
    return replace(
        found, control=float(p0), treatment=float(p1), effect=float(p1 - p0), lo=float(lo), hi=float(hi), pvalue=pvalue,
        method="exact",
    )  # fmt: skip


def few_events(pair: Pair, column: str) -> bool:
    """Whether an arm has so few events, or so few units without one, that a share is read exactly."""
    events = pair.values(column)
    counts = [n for side in (~pair.treated, pair.treated) for n in (events[side].sum(), (1 - events[side]).sum())]
    return bool(min(counts) < FEWEST_EVENTS)
