"""What every estimator of a treated set from one start has in common: its question, its checks, its result."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import BadInput, Problems
from crm_lab.results import Interval
from crm_lab.stats.panel.panel import Panel, Period


@dataclass(frozen=True, slots=True)
class Claim:
    """An effect with the standard error that the method's own model claims for it.

    Attributes:
        effect: Mean effect per treated unit and treated period.
        se: Its standard error; NaN where the method has none for these data.
        df: Degrees of freedom of t; inf for the normal distribution.
    """

    effect: float
    se: float = math.nan
    df: float = math.inf

    @property
    def pvalue(self) -> float:
        """Two-sided p value of no effect; NaN without a standard error.

        >>> round(Claim(2.0, 1.0, 18).pvalue, 4)
        0.0608
        """
        return float(2 * stats.t.sf(abs(self.effect) / self.se, self.df)) if self.se > 0 else math.nan

    def interval(self, level: float = 0.95) -> Interval | None:
        """The interval of the effect; None without a standard error.

        >>> found = Claim(2.0, 1.0, 18).interval()
        >>> round(found.lo, 3), round(found.hi, 3)
        (-0.101, 4.101)

        Args:
            level: Confidence level.

        Returns:
            Its ends, or None.
        """
        if not self.se > 0:
            return None
        half = float(stats.t.ppf((1 + level) / 2, self.df)) * self.se
        return Interval(self.effect - half, self.effect + half, level)


@dataclass(frozen=True, slots=True)
class Course:
    """What the treated units did on average, and what they are held to have done untreated.

    Attributes:
        counterfactual: Mean of the treated units without treatment, shape (T,).
        weights: Weight of each unit in it, shape (n,), 0 for the treated; None where there are no weights.
        levels: Whether units' levels are compared, too, rather than taken off.
    """

    counterfactual: Floats
    weights: Floats | None = None
    levels: bool = False


@dataclass(frozen=True)
class PanelFit:
    """The effect on a treated set by one estimator.

    Attributes:
        name: Of the estimator.
        effect: Mean effect per treated unit and treated period.
        rel_effect: The same as a share of the counterfactual; NaN unless that is above 0.
        cumulated: Effect over all treated units and periods.
        claim: The effect with the standard error that the method's model claims.
        path: One row per period: ``period``, ``treated`` (whether treatment runs), ``observed`` and ``counterfactual``
            (means of the treated units), ``difference``, ``cumulated`` (sum over units from the start).
        weights: Columns ``unit``, ``weight`` of the units not treated, largest first; empty without weights.
        imbalance: Length of the vector of differences before the start (L2).
        scaled_imbalance: The same as a share of what equal weights leave; NaN where these leave nothing.
        outside: Share of the periods before the start in which the treated mean lies above or below all other units,
            levels taken off where the method does: no weights can reach it there.
        treated_units: How many.
        treated_periods: How many.
    """

    name: str
    effect: float
    rel_effect: float
    cumulated: float
    claim: Claim
    path: pd.DataFrame
    weights: pd.DataFrame
    imbalance: float
    scaled_imbalance: float
    outside: float
    treated_units: int
    treated_periods: int

    def interval(self, level: float = 0.95) -> Interval | None:
        """Interval of the effect by the method's own standard error; None where it has none.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> panel = Panel(np.array([[1.0, 2, 9], [2.0, 3, 3], [0.0, 1, 2], [1.0, 1, 1]]), tuple("abcd"), (1, 2, 3))
        >>> DifferenceInDifferences().fit(panel, ["a", "b"], 3).interval(0.5).level
        0.5

        Args:
            level: Confidence level.

        Returns:
            Its ends, or None.
        """
        return self.claim.interval(level)

    def cumulated_interval(self, level: float = 0.95) -> Interval | None:
        """Interval of the cumulated effect by the method's own standard error; None where it has none.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> panel = Panel(np.array([[1.0, 2, 9], [2.0, 3, 3], [0.0, 1, 2], [1.0, 1, 1]]), tuple("abcd"), (1, 2, 3))
        >>> found = DifferenceInDifferences().fit(panel, ["a", "b"], 3)
        >>> found.cumulated_interval().hi == found.interval().hi * 2
        True

        Args:
            level: Confidence level.

        Returns:
            Its ends, or None.
        """
        found, cells = self.claim.interval(level), self.treated_units * self.treated_periods
        return found and Interval(found.lo * cells, found.hi * cells, level)

    def to_frame(self) -> pd.DataFrame:
        """The estimate as one row, with its 95 % interval by the method's own standard error.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> panel = Panel(np.array([[1.0, 2, 9], [2.0, 3, 3], [0.0, 1, 2], [1.0, 1, 1]]), tuple("abcd"), (1, 2, 3))
        >>> DifferenceInDifferences().fit(panel, ["a"], 3).to_frame()["effect"].round(6).item()
        6.833333
        """
        own = self.interval()
        row = {"method": self.name, "effect": self.effect, "rel_effect": self.rel_effect, "cumulated": self.cumulated}
        ends = {"se": self.claim.se, "lo": own.lo if own else math.nan, "hi": own.hi if own else math.nan}
        fit = {"imbalance": self.imbalance, "scaled_imbalance": self.scaled_imbalance, "outside": self.outside}
        return pd.DataFrame([row | ends | fit])


@dataclass(frozen=True)
class PanelEstimator(ABC):
    """An estimator of the mean effect on treated units from one start on.

    Attributes:
        affine: Whether the estimate moves in proportion with what is added to periods from the start on: intervals
            by permutation then need two passes only.
        timeless: Whether all periods before the start count alike, so that `residuals` can be permuted over time.
    """

    affine: ClassVar[bool] = True
    timeless: ClassVar[bool] = True
    fewest_before: ClassVar[int] = 1

    @property
    @abstractmethod
    def name(self) -> str:
        """The estimator's name in tables.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> DifferenceInDifferences().name
        'difference_in_differences'
        """

    @abstractmethod
    def course(self, values: Floats, treated: Booleans, first: int) -> Course:
        """Counterfactual of the treated units' mean, from the periods before ``first``.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> values, treated = np.array([[1.0, 2, 1, 9], [2.0, 3, 2, 3], [0.0, 1, 1, 2]]), np.arange(3) < 1
        >>> DifferenceInDifferences().course(values, treated, 3).counterfactual.round(3).tolist()
        [0.833, 1.833, 1.333, 2.333]

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period; T where there is none.

        Returns:
            The course.
        """

    def effect(self, values: Floats, treated: Booleans, first: int) -> float:
        """Mean effect per treated unit and treated period.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> values, treated = np.array([[1.0, 2, 1, 9], [2.0, 3, 2, 3], [0.0, 1, 1, 2]]), np.arange(3) < 1
        >>> round(DifferenceInDifferences().effect(values, treated, 3), 6)
        6.666667

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            The effect.
        """
        gap = values[treated].mean(axis=0) - self.course(values, treated, first).counterfactual
        return float(gap[first:].mean())

    def effects(self, values: Floats, treated: Booleans, first: int) -> Floats:
        """The effect under each of many assignments.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> values, treated = np.array([[1.0, 2, 1, 9], [2.0, 3, 2, 3], [0.0, 1, 1, 2]]), np.arange(3) < 1
        >>> DifferenceInDifferences().effects(values, np.eye(3, dtype=bool), 3).round(2).tolist()
        [6.67, -3.83, -2.83]

        Args:
            values: Shape (n, T).
            treated: Shape (A, n).
            first: Column of the first treated period.

        Returns:
            Shape (A,).
        """
        return np.array([self.effect(values, row, first) for row in treated])

    def residuals(self, values: Floats, treated: Booleans) -> Floats:
        """What the method leaves of the treated mean when all periods are taken as untreated, shape (T,).

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> values, treated = np.array([[1.0, 2, 1, 9], [2.0, 3, 2, 3], [0.0, 1, 1, 2]]), np.arange(3) < 1
        >>> DifferenceInDifferences().residuals(values, treated).round(3).tolist()
        [-1.5, -1.5, -2.0, 5.0]

        Args:
            values: Shape (n, T).
            treated: Shape (n,).

        Returns:
            Shape (T,).

        Raises:
            BadInput: If the method does not treat all periods alike.
        """
        if not self.timeless:
            raise BadInput(f"{self.name} does not treat all periods alike; permute them with a synthetic control.")
        left: Floats = values[treated].mean(axis=0) - self.course(values, treated, values.shape[1]).counterfactual
        return left

    def claim(self, values: Floats, treated: Booleans, first: int) -> Claim:
        """The effect with the standard error of the method's own model, if it has one.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> values, treated = np.random.default_rng(1).normal(9, 1, (6, 8)), np.arange(6) < 2
        >>> found = DifferenceInDifferences().claim(values, treated, 6)
        >>> round(found.effect, 2), round(found.se, 2), round(found.df, 2)
        (-0.86, 0.38, 2.08)

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            The effect, its standard error and degrees of freedom.
        """
        return Claim(self.effect(values, treated, first))

    def fit(self, panel: Panel, treated: Sequence[str] | Booleans, first: Period) -> PanelFit:
        """The effect with its path, weights and fit before the start.

        >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
        >>> panel = Panel(np.array([[1.0, 2, 9], [2.0, 3, 3], [0.0, 1, 2], [1.0, 1, 1]]), tuple("abcd"), (1, 2, 3))
        >>> round(DifferenceInDifferences().fit(panel, ["a"], 3).effect, 6)
        6.833333

        Args:
            panel: The panel.
            treated: Names of the treated units, or which of the panel's units they are, shape (n,).
            first: First treated period, one of the panel's.

        Returns:
            The result.

        Raises:
            BadInput: If nobody is treated or everybody, or there are too few periods before the start.
        """
        mask, start = chosen_units(panel, treated), panel.index(first)
        check_start(panel.values, mask, start, self.fewest_before)
        course = self.course(panel.values, mask, start)
        return _fit(self.name, panel, mask, start, course, self.claim(panel.values, mask, start))


def chosen_units(panel: Panel, treated: Sequence[str] | Booleans) -> Booleans:
    """Which units of a panel are meant, by name or by mask.

    >>> panel = Panel(np.eye(2), ("a", "b"), (1, 2))
    >>> chosen_units(panel, ["b"]).tolist(), chosen_units(panel, np.array([True, False])).tolist()
    ([False, True], [True, False])

    Args:
        panel: The panel.
        treated: Names, or a mask of shape (n,).

    Returns:
        Shape (n,).

    Raises:
        BadInput: If a name is unknown or the mask has another length.
    """
    if isinstance(treated, np.ndarray) and treated.dtype == bool:
        if treated.shape != (len(panel.units),):
            raise BadInput(f"The mask of treated units has shape {treated.shape}; the panel has {len(panel.units)}.")
        return treated
    return panel.mask([treated] if isinstance(treated, str) else [str(name) for name in treated])


def check_start(values: Floats, treated: Booleans, first: int, fewest_before: int) -> None:
    """Refuse a treated set or start with which nothing can be compared.

    >>> check_start(np.ones((3, 4)), np.array([True, False, False]), 0, 1)
    Traceback (most recent call last):
    crm_lab.checks.BadInput: The treated units and their start:
      - 0 periods lie before the start; the method needs 1 or more.

    Args:
        values: Shape (n, T).
        treated: Shape (n,).
        first: Column of the first treated period.
        fewest_before: Periods that the method needs before it.

    Raises:
        BadInput: With all that is wrong.
    """
    problems = Problems("The treated units and their start")
    n, k = len(treated), int(treated.sum())
    problems.unless(0 < k < n, f"{k} of {n} units are treated; some must be, and some not.")
    enough = first >= fewest_before
    problems.unless(enough, f"{max(first, 0)} periods lie before the start; the method needs {fewest_before} or more.")
    after = values.shape[1] - first
    problems.unless(after > 0, "no period lies after the start.")
    unknown = int((~np.isfinite(values)).sum())
    problems.unless(not unknown, f"{unknown} of {values.size} values are no finite number.")
    problems.raise_any()


def _fit(name: str, panel: Panel, treated: Booleans, first: int, course: Course, claim: Claim) -> PanelFit:
    values: Floats = np.asarray(panel.values)
    k = int(treated.sum())
    observed = values[treated].mean(axis=0)
    gap, after = observed - course.counterfactual, values.shape[1] - first
    effect, base = float(gap[first:].mean()), float(course.counterfactual[first:].mean())
    runs = np.arange(len(gap)) >= first
    path = pd.DataFrame(
        {
            "period": list(panel.periods),
            "treated": runs,
            "observed": observed,
            "counterfactual": course.counterfactual,
            "difference": gap,
            "cumulated": np.cumsum(np.where(runs, gap, 0.0)) * k,
        }
    )
    own, equal = float(np.linalg.norm(gap[:first])), _equal_weights(values, treated, first, course.levels)
    return PanelFit(
        name=name,
        effect=effect,
        rel_effect=effect / base if base > 0 else math.nan,
        cumulated=effect * k * after,
        claim=claim,
        path=path,
        weights=_weights(panel, treated, course),
        imbalance=own,
        scaled_imbalance=own / equal if equal > 0 else math.nan,
        outside=_outside(values, treated, first, course.levels),
        treated_units=k,
        treated_periods=after,
    )


def _equal_weights(values: Floats, treated: Booleans, first: int, levels: bool) -> float:
    """Imbalance before the start of the plain mean of all others; unless levels count, on the treated units' level."""
    gap = values[treated, :first].mean(axis=0) - values[~treated, :first].mean(axis=0)
    return float(np.linalg.norm(gap if levels else gap - gap.mean()))


def _outside(values: Floats, treated: Booleans, first: int, levels: bool) -> float:
    """Share of the periods before the start in which the treated mean is beyond all others."""
    ours, others = values[treated, :first].mean(axis=0), values[~treated, :first]
    if not levels:
        ours, others = ours - ours.mean(), others - others.mean(axis=1, keepdims=True)
    return float(((ours > others.max(axis=0)) | (ours < others.min(axis=0))).mean())


def _weights(panel: Panel, treated: Booleans, course: Course) -> pd.DataFrame:
    if course.weights is None:
        return pd.DataFrame({"unit": pd.Series(dtype=object), "weight": pd.Series(dtype=float)})
    units = np.array(panel.units, dtype=object)[~treated]
    frame = pd.DataFrame({"unit": units, "weight": course.weights[~treated]})
    return frame.sort_values("weight", ascending=False, kind="stable", ignore_index=True)
