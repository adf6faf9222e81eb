"""Time-based regression: the treated total on the control total before the start, carried on after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crm_lab.arrays import Booleans, Floats
from crm_lab.stats.panel.estimators.panel_fit import Claim, Course, PanelEstimator


@dataclass(frozen=True)
class TimeBasedRegression(PanelEstimator):
    """The treated units' total less what the regression on the others' total foretells.

    >>> values = np.array([[2.0, 4, 6, 12], [1.0, 2, 3, 4]])
    >>> round(TimeBasedRegression().effect(values, np.array([True, False]), 3), 9)
    4.0

    Its standard error takes periods as independent: where shocks last (autocorrelation .6), its 95 % interval misses in
    a quarter of placebos. Hold it against `PlaceboBench`, or test by permutation.

    Source:
        Kerman, Wang & Vaver (2017), Estimating ad effectiveness using geo experiments in a time-based regression
        framework.
    """

    fewest_before: ClassVar[int] = 3

    @property
    def name(self) -> str:
        """The estimator's name in tables.

        >>> TimeBasedRegression().name
        'time_based_regression'
        """
        return "time_based_regression"

    def course(self, values: Floats, treated: Booleans, first: int) -> Course:
        """What the regression foretells, per treated unit.

        >>> values, treated = np.random.default_rng(1).normal(9, 1, (6, 8)), np.arange(6) < 2
        >>> TimeBasedRegression().course(values, treated, 6).counterfactual.round(1).tolist()
        [9.3, 9.1, 9.1, 9.1, 9.1, 9.2, 8.9, 9.1]

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            The course, without weights.
        """
        rows = np.asarray(treated)[None]
        ours, others, slope = _lines(values, rows, first)
        told = ours[:, :first].mean(axis=1, keepdims=True) + slope * (
            others - others[:, :first].mean(axis=1, keepdims=True)
        )
        return Course(told[0] / treated.sum())

    def effects(self, values: Floats, treated: Booleans, first: int) -> Floats:
        """The effect under each of many assignments.

        >>> values, treated = np.random.default_rng(1).normal(9, 1, (6, 8)), np.arange(6) < 2
        >>> TimeBasedRegression().effects(values, np.array([treated, ~treated]), 6).round(2).tolist()
        [0.05, 0.7]

        Args:
            values: Shape (n, T).
            treated: Shape (A, n).
            first: Column of the first treated period.

        Returns:
            Shape (A,).
        """
        ours, others, slope = _lines(values, treated, first)
        change = _change(ours, first) - slope[:, 0] * _change(others, first)
        found: Floats = change / treated.sum(axis=1)
        return found

    def claim(self, values: Floats, treated: Booleans, first: int) -> Claim:
        """The effect with the t standard error of the cumulated effect, scaled to a unit and period.

        >>> values, treated = np.random.default_rng(1).normal(9, 1, (6, 8)), np.arange(6) < 2
        >>> found = TimeBasedRegression().claim(values, treated, 6)
        >>> round(found.effect, 2), round(found.se, 2), found.df
        (0.05, 0.41, 4)

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            With T0 - 2 degrees of freedom, T0 periods before the start.
        """
        effect = float(self.effects(values, np.asarray(treated)[None], first)[0])
        ours, others, slope = (part[0] for part in _lines(values, np.asarray(treated)[None], first))
        x, after = others[:first] - others[:first].mean(), values.shape[1] - first
        left = ours[:first] - ours[:first].mean() - slope[0] * x
        variance = float(left @ left) / (first - 2)
        moved = float(_change(others[None], first)[0])
        leverage = moved**2 / float(x @ x) if float(x @ x) > 0 else 0.0
        cumulated = after * variance + after**2 * variance * (1 / first + leverage)
        return Claim(effect, math.sqrt(cumulated) / after / float(treated.sum()), first - 2)


def _lines(values: Floats, treated: Booleans, first: int) -> tuple[Floats, Floats, Floats]:
    """Totals of the treated and of the others, shape (A, T), and the slope before the start, shape (A, 1)."""
    ours = treated @ values
    others = values.sum(axis=0) - ours
    x = others[:, :first] - others[:, :first].mean(axis=1, keepdims=True)
    y = ours[:, :first] - ours[:, :first].mean(axis=1, keepdims=True)
    spread = (x * x).sum(axis=1, keepdims=True)
    slope = np.divide((x * y).sum(axis=1, keepdims=True), spread, out=np.zeros_like(spread), where=spread > 0)
    return ours, others, slope


def _change(totals: Floats, first: int) -> Floats:
    change: Floats = totals[:, first:].mean(axis=1) - totals[:, :first].mean(axis=1)
    return change
