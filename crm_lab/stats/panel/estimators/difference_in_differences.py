"""Difference in differences: how much more the treated units changed than the others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import check_settings, not_among
from crm_lab.stats.panel.estimators.panel_fit import Claim, Course, PanelEstimator, check_start

Errors = Literal["cr2", "cr1"]
DRAWS = 9_999
_FEW = 12  # units up to which Webb's six weights replace Rademacher's two
_MOST_SIGNS = 14  # units up to which all signs are gone through
_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))


@dataclass(frozen=True)
class DifferenceInDifferences(PanelEstimator):
    """Change of the treated units less the change of the others (unit and period means taken off).

    >>> values = np.array([[1.0, 1, 4], [2.0, 2, 3], [0.0, 2, 2]])
    >>> DifferenceInDifferences().effect(values, np.array([True, False, False]), 2)
    2.0

    Attributes:
        errors: Of the claim, clustered by unit: ``cr2`` is unbiased with few units and has the degrees of freedom that
            they leave; ``cr1`` is what most packages print, too small with few units (with two treated of twenty by
            a quarter).

    Source:
        Equal to OLS with unit and period effects, and to the difference of mean change scores. CR2: Bell & McCaffrey
        (2002), Imbens & Kolesar (2016), here the difference of two means with its own variances. CR1: Liang & Zeger
        (1986), correction G/(G-1) (N-1)/(N-4) of the regression on treated, after and their product, G-1 degrees.
    """

    errors: Errors = "cr2"

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, errors=get_args(Errors)))

    @property
    def name(self) -> str:
        """The estimator's name in tables.

        >>> DifferenceInDifferences().name
        'difference_in_differences'
        """
        return "difference_in_differences"

    def course(self, values: Floats, treated: Booleans, first: int) -> Course:
        """The mean of the untreated, moved to the level of the treated before the start.

        >>> values, treated = np.array([[1.0, 2, 1, 9], [2.0, 3, 2, 3], [0.0, 1, 1, 2]]), np.arange(3) < 1
        >>> DifferenceInDifferences().course(values, treated, 3).weights.tolist()
        [0.0, 0.5, 0.5]

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            The course, with equal weights.
        """
        ours, others = values[treated].mean(axis=0), values[~treated].mean(axis=0)
        weights = np.where(treated, 0.0, 1 / (~treated).sum())
        return Course(others + (ours - others)[:first].mean(), weights)

    def effects(self, values: Floats, treated: Booleans, first: int) -> Floats:
        """The effect under each of many assignments, shape (A,).

        >>> values = np.array([[1.0, 4], [2.0, 3], [0.0, 0]])
        >>> DifferenceInDifferences().effects(values, np.eye(3, dtype=bool), 1).round(9).tolist()
        [2.5, -0.5, -2.0]

        Args:
            values: Shape (n, T).
            treated: Shape (A, n).
            first: Column of the first treated period.

        Returns:
            Shape (A,).
        """
        change = change_scores(values, first)
        change = change - change.mean()  # exact ties stay ties
        k = treated.sum(axis=1)
        found: Floats = (treated @ change) * (1 / k + 1 / (treated.shape[1] - k))
        return found

    def effect(self, values: Floats, treated: Booleans, first: int) -> float:
        """Mean effect per treated unit and treated period.

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
        return float(self.effects(values, np.asarray(treated)[None], first)[0])

    def claim(self, values: Floats, treated: Booleans, first: int) -> Claim:
        """The effect with its cluster-robust standard error by unit; NaN with fewer than two units on a side.

        >>> values, treated = np.random.default_rng(1).normal(9, 1, (6, 8)), np.arange(6) < 2
        >>> found = [DifferenceInDifferences(errors).claim(values, treated, 6) for errors in ("cr2", "cr1")]
        >>> [(round(claim.se, 2), round(claim.df, 2)) for claim in found]
        [(0.38, 2.08), (0.36, 5)]

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            The effect, its standard error and degrees of freedom.
        """
        effect, (n, t), k = self.effect(values, treated, first), values.shape, int(treated.sum())
        if min(k, n - k) < 2:
            return Claim(effect)
        factor = (n * t - 1) / (n * t - 4) if self.errors == "cr1" else None
        variance = covariance_of_difference(change_scores(values, first)[:, None], treated, factor)[0, 0]
        return Claim(effect, math.sqrt(variance), n - 1 if self.errors == "cr1" else units_df(k, n - k))


def change_scores(values: Floats, first: int) -> Floats:
    """Each unit's mean from a period on less its mean before.

    >>> change_scores(np.array([[1.0, 3, 5, 7]]), 2).tolist()
    [4.0]

    Args:
        values: Shape (n, T).
        first: Column of the first period after.

    Returns:
        Shape (n,).
    """
    change: Floats = values[:, first:].mean(axis=1) - values[:, :first].mean(axis=1)
    return change


def wild_bootstrap(values: Floats, treated: Booleans, first: int, draws: int = DRAWS, seed: int = 0) -> float:
    """P value of no effect by the wild cluster bootstrap of the difference in differences, the null imposed.

    All signs are gone through where there are 14 units or fewer and more than 12; up to 12 units the weights are
    Webb's six, since the two signs leave too few different draws; Rademacher's two beyond.

    >>> rng = np.random.default_rng(1)
    >>> wild_bootstrap(rng.normal(0, 1, (20, 6)), np.arange(20) < 10, 3) > 0.05
    True

    Args:
        values: Shape (n, T).
        treated: Shape (n,).
        first: Column of the first treated period.
        draws: How many.
        seed: Of the draws.

    Returns:
        Two-sided p value; NaN where a side has fewer than two units.

    Raises:
        BadInput: If nobody is treated or everybody, or there is no period before or after.

    Source:
        Cameron, Gelbach & Miller (2008); Webb (2023) for few clusters.
    """
    check_start(values, treated, first, 1)
    k, n = int(treated.sum()), len(treated)
    if min(k, n - k) < 2:
        return math.nan
    change = change_scores(values, first)
    left = change - change.mean()
    signs = _signs(n, draws, np.random.default_rng(seed))
    drawn = np.vstack([left, signs * left])
    ours, others = drawn[:, treated], drawn[:, ~treated]
    gap = ours.mean(axis=1) - others.mean(axis=1)
    variance = ours.var(axis=1) / k + others.var(axis=1) / (n - k)
    size = np.abs(np.divide(gap, np.sqrt(variance), out=np.zeros_like(gap), where=variance > 0))
    beyond = int((size[1:] >= size[0] * (1 - 1e-9)).sum())
    exact = len(signs) == 2**n
    return beyond / len(signs) if exact else (1 + beyond) / (1 + len(signs))


def covariance_of_difference(rows: Floats, treated: Booleans, factor: float | None) -> Floats:
    """Covariance of the treated rows' mean less the others', clustered by row.

    >>> rows, treated = np.array([[1.0], [3.0], [0.0], [0.0]]), np.array([True, True, False, False])
    >>> [covariance_of_difference(rows, treated, factor).round(3).item() for factor in (None, 1.0)]
    [1.0, 0.667]

    Args:
        rows: Shape (n, p).
        treated: Shape (n,).
        factor: None for CR2, unbiased; else CR1 with this factor times n / (n - 1).

    Returns:
        Shape (p, p).
    """
    n, found = len(rows), np.zeros((rows.shape[1], rows.shape[1]))
    for side in (treated, ~treated):
        left, size = rows[side] - rows[side].mean(axis=0), int(side.sum())
        found += left.T @ left / size / (size - 1 if factor is None else size)
    return found if factor is None else found * factor * n / (n - 1)


def units_df(treated: int, others: int) -> float:
    """Degrees of freedom that units leave a difference of two means with its own variances (Bell & McCaffrey).

    >>> round(units_df(5, 5), 2), round(units_df(2, 18), 2)
    (8.0, 1.23)

    Args:
        treated: Units on one side.
        others: Units on the other.

    Returns:
        Degrees of freedom of t.
    """
    sides = [1 / size**2 / (size - 1) for size in (treated, others)]
    return (1 / treated + 1 / others) ** 2 / sum(sides)


def _signs(n: int, draws: int, rng: np.random.Generator) -> Floats:
    if n <= _FEW:
        webb: Floats = rng.choice(np.concatenate([-_WEBB, _WEBB]), (draws, n))
        return webb
    if n <= _MOST_SIGNS:
        bits: NDArray[np.int64] = np.arange(2**n)[:, None] >> np.arange(n) & 1
        return np.asarray(2 * bits - 1, dtype=float)
    return np.asarray(2 * rng.integers(0, 2, (draws, n)) - 1, dtype=float)
