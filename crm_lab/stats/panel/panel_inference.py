"""Permutation of the assignment: the p value of any estimator, and the interval that inverts the same test."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import Problems
from crm_lab.results import Interval
from crm_lab.stats.panel.assignments import Assignments
from crm_lab.stats.panel.estimators.panel_fit import PanelEstimator, check_start

Form = Literal["additive", "multiplicative"]
_TIE = 1e-9  # of the largest effect: two effects this near are equal
_HALVINGS = 24
_NEAR = 1e-3  # of the spread of effects: how exactly ends are searched for that have no closed form
_DOUBLINGS = 12


@dataclass(frozen=True, eq=False)
class PermutationResult:
    """The permutation test of an effect, with the interval that it gives.

    Attributes:
        name: Of the estimator.
        effect: As estimated, in the form's unit: mean per treated unit and treated period, or the share of what the
            treated cells would be without it.
        pvalue: Two-sided p value of the null.
        null: The effect tested.
        form: Whether effects are amounts that are added or shares by which untreated values grow.
        interval: All effects of that form between the smallest and the largest that the test does not reject; with
            infinite ends where the design cannot reject any. Its level is 1 - `attainable`.
        attainable: The level that a test at alpha really has; 0 where the floor is above alpha.
        floor: The smallest p value that the design can give.
        alpha: The level aimed at.
        assignments: How many the test goes through.
        exact: Whether these are all that the design can draw.
        effects: The effect under each assignment with the null taken off, the observed one first, shape (A,).
    """

    name: str
    effect: float
    pvalue: float
    null: float
    form: Form
    interval: Interval
    attainable: float
    floor: float
    alpha: float
    assignments: int
    exact: bool
    effects: Floats

    @property
    def can_decide(self) -> bool:
        """Whether the design can reject anything at alpha.

        >>> from crm_lab.stats.panel import DifferenceInDifferences, complete
        >>> values = np.random.default_rng(1).normal(9, 1, (6, 8))
        >>> permutation_test(values, 6, DifferenceInDifferences(), complete(np.arange(6) < 3)).can_decide
        False
        """
        return self.floor <= self.alpha

    def to_frame(self) -> pd.DataFrame:
        """The test as one row.

        >>> from crm_lab.stats.panel import DifferenceInDifferences, complete
        >>> values = np.random.default_rng(1).normal(9, 1, (6, 8))
        >>> permutation_test(values, 6, DifferenceInDifferences(), complete(np.arange(6) < 3)).to_frame()[
        ...     "floor"
        ... ].item()
        0.1

        Returns:
            Columns ``method``, ``effect``, ``form``, ``null``, ``pvalue``, ``lo``, ``hi``, ``level``, ``floor``,
            ``attainable``, ``assignments``.
        """
        ends = {"lo": self.interval.lo, "hi": self.interval.hi, "level": self.interval.level}
        row = {"method": self.name, "effect": self.effect, "form": self.form, "null": self.null, "pvalue": self.pvalue}
        design = {"floor": self.floor, "attainable": self.attainable, "assignments": self.assignments}
        return pd.DataFrame([row | ends | design])


def permutation_test(
    values: Floats,
    first: int,
    estimator: PanelEstimator,
    assignments: Assignments,
    *,
    null: float = 0.0,
    form: Form = "additive",
    alpha: float = 0.05,
) -> PermutationResult:
    """The two-sided permutation test of an effect over a design's assignments, and its inversion.

    The null takes the effect off the observed treated cells and re-estimates under each assignment; the p value is the
    share of assignments whose effect is as large in size, ties included. The interval holds every effect whose own
    test gives a p value above alpha.

    >>> from crm_lab.stats.panel.assignments import complete
    >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
    >>> treated = np.arange(10) < 5
    >>> values = np.random.default_rng(1).normal(100, 3, (10, 8)) + 20 * np.outer(treated, np.arange(8) >= 5)
    >>> found = permutation_test(values, 5, DifferenceInDifferences(), complete(treated))
    >>> round(found.pvalue, 4), round(found.interval.level, 4), found.interval.lo < 20 < found.interval.hi
    (0.0079, 0.9524, True)

    Args:
        values: Shape (n, T).
        first: Column of the first treated period.
        estimator: Any estimator of the room.
        assignments: The design's assignments, the observed one first.
        null: The effect tested.
        form: ``additive`` (an amount per unit and period) or ``multiplicative`` (a share of the untreated value).
        alpha: Level of the test whose acceptance is the interval.

    Returns:
        The result.

    Raises:
        BadInput: If nobody is treated or everybody, there are too few periods, or a multiplicative null is -1 or less.
    """
    check_start(values, assignments.observed, first, estimator.fewest_before)
    problems = Problems("The permutation test")
    problems.unless(form in get_args(Form), f"form is {form!r}; it must be one of {', '.join(get_args(Form))}.")
    problems.unless(0 <= alpha < 1, f"alpha is {alpha}; it must lie in [0, 1).")
    problems.unless(math.isfinite(null), f"null is {null}; it must be a number.")
    problems.unless(
        form == "additive" or null > -1, f"a multiplicative effect of {null} leaves nothing; -1 is the end."
    )
    problems.raise_any()
    test = _Test(np.asarray(values, dtype=float), first, estimator, assignments, form)
    effects = test.under(null)
    attainable = assignments.attainable(alpha)
    ends = test.interval(alpha) if attainable > 0 else (-math.inf, math.inf)
    return PermutationResult(
        name=estimator.name,
        effect=test.estimate(),
        pvalue=_pvalue(effects),
        null=null,
        form=form,
        interval=Interval(*ends, 1 - attainable),
        attainable=attainable,
        floor=assignments.floor(),
        alpha=alpha,
        assignments=len(assignments),
        exact=assignments.exact,
        effects=effects,
    )


def effects_under(
    values: Floats,
    first: int,
    estimator: PanelEstimator,
    assignments: Assignments,
    *,
    null: float = 0.0,
    form: Form = "additive",
) -> Floats:
    """What is left of the effect under each assignment of a permutation test when a null is taken off; no interval.

    >>> from crm_lab.stats.panel.assignments import complete
    >>> from crm_lab.stats.panel.estimators import DifferenceInDifferences
    >>> treated = np.arange(4) < 2
    >>> values = 100 + 20.0 * np.outer(treated, np.arange(8) >= 5)
    >>> effects_under(values, 5, DifferenceInDifferences(), complete(treated), null=20.0).tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]

    Args:
        values: Shape (n, T).
        first: Column of the first treated period.
        estimator: Any estimator of the room.
        assignments: The design's assignments, the observed one first.
        null: The effect that is taken off.
        form: As in `permutation_test`.

    Returns:
        Shape (A,), the observed assignment first.
    """
    return _Test(np.asarray(values, dtype=float), first, estimator, assignments, form).under(null)


def _pvalue(effects: Floats) -> float:
    size = np.abs(effects)
    return float((size >= size[0] - _TIE * size.max()).mean())


@dataclass(frozen=True)
class _Test:
    """One test for every null: effects under each assignment with a null taken off the observed treated cells."""

    values: Floats
    first: int
    estimator: PanelEstimator
    assignments: Assignments
    form: Form

    @property
    def _cells(self) -> Floats:
        """What one unit of the null takes off: shape (n, T)."""
        cells = np.zeros_like(self.values)
        cells[self.assignments.observed, self.first :] = 1.0
        return cells if self.form == "additive" else cells * self.values

    def _taken(self, null: float) -> float:
        """How many times `_cells` is taken off: y - τ, or y / (1 + τ) = y - y τ / (1 + τ)."""
        return null if self.form == "additive" else null / (1 + null)

    def _null_of(self, taken: float) -> float:
        if self.form == "additive" or not math.isfinite(taken):
            return taken
        return taken / (1 - taken) if taken < 1 else math.inf

    def under(self, null: float) -> Floats:
        moved = self.values - self._taken(null) * self._cells
        return self.estimator.effects(moved, self.assignments.masks, self.first)

    def interval(self, alpha: float) -> tuple[float, float]:
        if self.estimator.affine:
            lo, hi = _accepted(*self._lines(), alpha, 1.0 if self.form == "multiplicative" else math.inf)
            return self._null_of(lo), self._null_of(hi)
        return _searched(lambda null: _pvalue(self.under(null)), self.estimate(), self._reach(), alpha, self._least)

    def _lines(self) -> tuple[Floats, Floats]:
        """Effects under each assignment, and how much of one unit of the null each takes over, both of shape (A,)."""
        masks, cells = self.assignments.masks, self._cells
        base = self.estimator.effects(self.values, masks, self.first)
        unit = float(np.abs(self.values).max() / max(np.abs(cells).max(), 1e-300)) or 1.0
        return base, (self.estimator.effects(self.values + unit * cells, masks, self.first) - base) / unit

    @property
    def _least(self) -> float:
        return -1.0 if self.form == "multiplicative" else -math.inf

    def estimate(self) -> float:
        """The null with which nothing is left of the observed effect: the effect itself, or the share it is."""
        observed = self.assignments.observed
        effect = self.estimator.effect(self.values, observed, self.first)
        if self.form == "additive":
            return effect
        left = self.estimator.effect(self.values - self._cells, observed, self.first)
        return self._null_of(effect / (effect - left)) if effect != left else math.nan

    def _reach(self) -> float:
        effects = self.under(self.estimate())
        spread = float(effects.std()) or 1e-12
        level = abs(float(self.values[self.assignments.observed, self.first :].mean()))
        return spread if self.form == "additive" else spread / max(level, 1e-300)


def _accepted(base: Floats, share: Floats, alpha: float, top: float) -> tuple[float, float]:
    """Ends of {s < top : share of assignments with |base - s share| >= |base_0 - s share_0| is above alpha}.

    The spans in which an assignment is at least as extreme as the observed one have known ends, the roots of
    (base - base_0) - s (share - share_0) and (base + base_0) - s (share + share_0); what is left is to count spans.
    """
    starts, ends = _spans(base, share)
    ends = np.where(ends >= top, math.inf, ends)[starts < top]
    starts, ends = np.sort(starts[starts < top]), np.sort(ends)
    least = alpha * len(base) * (1 + 1e-12)

    def often(at: Floats) -> Booleans:
        found: Booleans = np.searchsorted(starts, at, "right") - np.searchsorted(ends, at, "left") > least
        return found

    lows, highs = starts[often(starts)], ends[often(ends)]
    return (float(lows[0]), float(highs[-1])) if len(lows) and len(highs) else (math.nan, math.nan)


def _spans(base: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Closed spans in which each assignment is at least as extreme as the observed one, a hair widened for ties."""
    near = _TIE * float(np.abs(base).max())
    heights = np.array([base - base[0], base + base[0]])
    slopes = np.array([share - share[0], share + share[0]])
    flat = np.abs(slopes) <= _TIE * float(np.abs(share).max())
    at = np.divide(heights, slopes, out=np.full_like(heights, np.nan), where=~flat)
    hair = near / abs(float(share[0]))
    low, high = np.fmin(*at) - hair, np.fmax(*at) + hair
    still = np.where(np.abs(heights) <= near, 0.0, np.sign(heights))  # of the factor that does not move
    both, one = ~flat.any(axis=0), flat.sum(axis=0) == 1
    inner = both & (slopes[0] * slopes[1] < 0)
    outer = both & ~inner
    sign = np.where(flat[0], still[0] * -np.sign(slopes[1]), still[1] * -np.sign(slopes[0]))  # towards +inf
    rising, falling = one & (sign > 0), one & (sign < 0)
    whole = (flat.all(axis=0) & (still[0] * still[1] >= 0)) | (one & (sign == 0))
    infinite = np.full_like(base, math.inf)
    starts = [low[inner], high[outer] - 2 * hair, -infinite[outer], low[rising], -infinite[falling], -infinite[whole]]
    ends = [high[inner], infinite[outer], low[outer] + 2 * hair, infinite[rising], high[falling], infinite[whole]]
    return np.concatenate(starts), np.concatenate(ends)


def _searched(
    pvalue: Callable[[float], float], centre: float, reach: float, alpha: float, least: float
) -> tuple[float, float]:
    """Ends of the nulls around the estimate that are not rejected, by doubling and halving."""
    return _end(pvalue, centre, -reach, alpha, least), _end(pvalue, centre, reach, alpha, math.inf)


def _end(pvalue: Callable[[float], float], centre: float, step: float, alpha: float, bound: float) -> float:
    kept, lost = centre, centre + step
    for _ in range(_DOUBLINGS):
        if lost <= bound < math.inf:
            return bound
        if pvalue(lost) <= alpha:
            break
        kept, lost = lost, lost + (lost - kept) * 2
    else:
        return math.copysign(math.inf, step)
    for _ in range(_HALVINGS):
        middle = (kept + lost) / 2
        if abs(lost - kept) < _NEAR * abs(step):
            break
        kept, lost = (middle, lost) if pvalue(middle) > alpha else (kept, middle)
    return lost
