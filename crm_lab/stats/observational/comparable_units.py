"""The difference of two groups that nobody drew by lot, among units that are alike in what is known of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, need_columns
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Interval
from crm_lab.stats.intervals import normal_interval
from crm_lab.stats.observational.balancing import Estimand, balance_of, design_of, entropy_weights, propensity
from crm_lab.stats.observational.e_value import EValue, e_value, e_value_of_difference

FEWEST = 20  # units of a group, and its effective units after the weighting, below which nothing is said


@dataclass(frozen=True)
class Comparison:
    """What two groups differ by, as they are and among comparable units.

    >>> rng = np.random.default_rng(1)
    >>> past = rng.gamma(2, 50, 2_000)
    >>> member = rng.random(2_000) < past / (past + 100)
    >>> frame = pd.DataFrame({"member": member, "before": past, "spend": past * rng.gamma(9, 1 / 9, 2_000)})
    >>> found = compare(frame, treated="member", outcome="spend", covariates=["before"])
    >>> found.plain > 40, found.interval.lo < 0 < found.interval.hi
    (True, True)

    Attributes:
        estimand: Among whom: ``overlap`` (units that could be in either group), ``all``, or ``treated``.
        plain: Difference of the means as they are.
        value: Difference among comparable units.
        se: Its standard error.
        interval: Its interval.
        control: Mean of the untreated, weighted.
        balance: Standardised differences before and after, as `balance_of` gives them.
        overlap: One row a group: units, effective units after the weighting, quantiles of the propensity.
        e_value: Of the difference among comparable units.
    """

    estimand: Estimand
    plain: float
    value: float
    se: float
    interval: Interval
    control: float
    balance: pd.DataFrame
    overlap: pd.DataFrame
    e_value: EValue


def compare(
    frame: pd.DataFrame,
    *,
    treated: str,
    outcome: str,
    covariates: Sequence[str],
    estimand: Estimand = "overlap",
    level: float = 0.95,
) -> Comparison:
    """Difference of two groups among comparable units: weighted, and corrected by a regression within each group.

    ``overlap`` weights each unit by its propensity to be in the other group: means of the covariates are then equal
    exactly and no weight is extreme. ``all`` weights by the inverse propensity (AIPW); ``treated`` gives the untreated
    the moments of the treated (entropy balancing). It is an association: what is not among the covariates is not
    adjusted for.

    >>> frame = pd.DataFrame({"member": [0, 1] * 30, "spend": [1.0, 2.0, 2.0, 4.0] * 15, "age": [1, 2, 3] * 20})
    >>> compare(frame, treated="member", outcome="spend", covariates=["age"]).plain
    1.5

    Args:
        frame: One row per unit, no gaps.
        treated: Column with 0 and 1, or true and false.
        outcome: Numeric column.
        covariates: Numeric columns of what was known before.
        estimand: Among whom.
        level: Confidence level.

    Returns:
        The difference with its interval, balance, overlap and E-value.

    Raises:
        BadInput: If a column is missing, has gaps, or `treated` is not 0 and 1.
        CannotAnswer: If a group is too small, or the groups do not overlap.

    Source:
        Li, Morgan & Zaslavsky (2018), Balancing covariates via propensity score weighting; Robins, Rotnitzky & Zhao
        (1994) for the augmented estimate; Hainmueller (2012).
    """
    group, y = _checked(frame, treated, outcome, covariates)
    x = design_of(frame, covariates)
    p = propensity(x, group)
    h, w = _weights(estimand, x, p, group)
    effective = {side: _effective(w[group == side]) for side in (False, True)}
    if min(effective.values()) < FEWEST:
        few = " and ".join(f"{n:,.0f}" for n in effective.values())
        raise cannot_answer("hardly_overlap", few=few, least=FEWEST)
    means = _augmented(y, group, x, h, w)
    plain = float(y[group].mean() - y[~group].mean())
    value, se = means.contrast(np.array([-1.0, 1.0]))
    strength = _strength(y, group, means, level)
    overlap = pd.DataFrame([_overlap(p, group, side, effective[side]) for side in (False, True)])
    interval, control = normal_interval(value, se, level), float(means.mean[0])
    balance = balance_of(frame, group, covariates, w)
    return Comparison(estimand, plain, value, se, interval, control, balance, overlap, strength)


@dataclass(frozen=True)
class _Means:
    """Means of the untreated and the treated, shape (2,), and what each unit moves them by, shape (2, n)."""

    mean: Floats
    influence: Floats

    def contrast(self, weights: Floats) -> tuple[float, float]:
        """A weighted sum of the two and its standard error."""
        moved = weights @ self.influence
        return float(weights @ self.mean), float(moved.std(ddof=1) / math.sqrt(len(moved)))


def _checked(
    table: pd.DataFrame, treated: str, outcome: str, covariates: Sequence[str]
) -> tuple[NDArray[np.bool_], Floats]:
    need_columns(table.columns, [treated, outcome, *covariates], "The frame")
    if not covariates:
        raise BadInput("Without covariates nothing makes two groups comparable; name what was known of the units.")
    numbers = table[[treated, outcome, *covariates]].to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        gaps = table[[treated, outcome, *covariates]].isna().sum()
        raise BadInput(f"Values are missing ({', '.join(f'{c} {n:,}' for c, n in gaps[gaps > 0].items())}); fill them.")
    if not np.isin(numbers[:, 0], (0.0, 1.0)).all():
        raise BadInput(f"{treated} is not 0 or 1 for every unit; it says who is in the group.")
    group = numbers[:, 0] == 1
    sizes = int((~group).sum()), int(group.sum())
    if min(sizes) < FEWEST:
        raise cannot_answer("groups_too_small", first=sizes[0], second=sizes[1], least=FEWEST)
    return group, np.asarray(numbers[:, 1], dtype=float)


def _weights(estimand: Estimand, x: Floats, p: Floats, group: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Whom the estimate is of (shape (n,)), and each unit's weight within its group (shape (n,))."""
    if estimand == "all":
        return np.ones(len(p)), np.where(group, 1 / p, 1 / (1 - p))
    if estimand == "treated":
        return group.astype(float), entropy_weights(x, group)
    return p * (1 - p), np.where(group, 1 - p, p)


def _augmented(y: Floats, group: NDArray[np.bool_], x: Floats, h: Floats, w: Floats) -> _Means:
    """Augmented weighted means of both groups, with their influence functions."""
    full = np.column_stack([np.ones(len(y)), x])
    found, moved = [], []
    for side in (~group, group):
        said = full @ np.linalg.lstsq(full[side], y[side], rcond=None)[0]
        own = np.where(side, w, 0.0)
        left = own * (y - said)
        mean = float(h @ said / h.sum() + left.sum() / own.sum())
        dearer = math.sqrt(side.sum() / max(side.sum() - full.shape[1], 1))  # what the regression takes
        found.append(mean)
        moved.append(h / h.mean() * (said - mean) + dearer * left / own.mean())
    return _Means(np.array(found), np.array(moved))


def _strength(y: Floats, group: NDArray[np.bool_], means: _Means, level: float) -> EValue:
    """The E-value: of the ratio of two shares where the outcome is 0 or 1, else of the standardised difference."""
    control, treatment = means.mean
    if np.isin(y, (0.0, 1.0)).all() and control > 0 and treatment > 0:
        log_ratio = math.log(treatment / control)
        _, se = means.contrast(np.array([-1 / control, 1 / treatment]))
        ends = normal_interval(log_ratio, se, level)
        return e_value(*map(math.exp, (log_ratio, ends.lo, ends.hi)))
    pooled = math.sqrt((y[group].var(ddof=1) + y[~group].var(ddof=1)) / 2)
    return e_value_of_difference(*means.contrast(np.array([-1.0, 1.0])), pooled, level)


def _effective(w: Floats) -> float:
    """Units that would say as much with equal weights (Kish)."""
    return float(w.sum() ** 2 / (w**2).sum())


def _overlap(p: Floats, group: NDArray[np.bool_], side: bool, effective: float) -> dict[str, object]:
    own = p[group == side]
    low, middle, high = np.quantile(own, [0.05, 0.5, 0.95])
    return {"treated": side, "units": len(own), "effective": effective, "p05": low, "median": middle, "p95": high}
