"""Synthetic difference in differences: weights for units and for periods, then the difference of changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar, Literal, get_args

import numpy as np

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import check_settings, not_among, too_small
from crm_lab.stats.panel.estimators.panel_fit import Claim, Course, PanelEstimator
from crm_lab.stats.panel.estimators.simplex_weights import frank_wolfe, simplex_weights

Search = Literal["exact", "frank_wolfe"]
_STOP = 1e-5  # of the noise, squared per row: where the published search ends
_ROUNDS = 100, 10_000  # its steps before and after small weights are left out
_HARDLY = 1e-6  # of the noise: the ridge of the period weights, which only makes them unique


@dataclass(frozen=True)
class SyntheticDifference(PanelEstimator):
    """Change of the treated units less that of a weighted mean of the others, from a weighted mean of earlier periods.

    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(50, 1, (12, 10)) + rng.normal(0, 5, (12, 1))
    >>> values[:3, 7:] += 8
    >>> round(SyntheticDifference().effect(values, np.arange(12) < 3, 7), 1)
    7.9

    Attributes:
        placebos: Sets of untreated units that the placebo standard error goes through, all where there are no more.
        seed: Of the draws of these sets.
        search: ``exact`` solves for the weights; ``frank_wolfe`` takes the published package's steps, which end before
            (on the Proposition 99 data by .0016 of the effect) and take fifty times as long.

    Source:
        Arkhangelsky, Athey, Hirshberg, Imbens & Wager (2021), Synthetic difference-in-differences, algorithms 1 and 4;
        regularisation as there: (treated units x treated periods)^(1/4) times the sd of first differences.
    """

    affine: ClassVar[bool] = False
    timeless: ClassVar[bool] = False
    fewest_before: ClassVar[int] = 2

    placebos: int = 200
    seed: int = 0
    search: Search = "exact"

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, search=get_args(Search)), too_small(self, placebos=2))

    @property
    def name(self) -> str:
        """The estimator's name in tables.

        >>> SyntheticDifference().name
        'synthetic_difference'
        """
        return "synthetic_difference"

    def course(self, values: Floats, treated: Booleans, first: int) -> Course:
        """The weighted others, moved so that the weighted earlier periods show no difference.

        >>> values, treated = np.random.default_rng(1).normal(9, 1, (6, 8)), np.arange(6) < 2
        >>> SyntheticDifference().course(values, treated, 6).weights.round(2).tolist()
        [0.0, 0.0, 0.33, 0.14, 0.26, 0.28]

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            The course and the weights.
        """
        ours, others = values[treated].mean(axis=0), values[~treated]
        omega, lam = _weights(others, ours, first, int(treated.sum()), self.search)
        synthetic = omega @ others
        weights = np.zeros(len(values))
        weights[~treated] = omega
        return Course(synthetic + lam @ (ours - synthetic)[:first], weights)

    def period_weights(self, values: Floats, treated: Booleans, first: int) -> Floats:
        """Weight of each period before the start, shape (first,).

        >>> values, treated = np.random.default_rng(1).normal(9, 1, (6, 8)), np.arange(6) < 2
        >>> SyntheticDifference().period_weights(values, treated, 6).round(2).tolist()
        [0.18, 0.0, 0.0, 0.1, 0.72, 0.0]

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            Weights with sum 1.
        """
        ours = values[treated].mean(axis=0)
        return _weights(values[~treated], ours, first, int(treated.sum()), self.search)[1]

    def claim(self, values: Floats, treated: Booleans, first: int) -> Claim:
        """The effect with its placebo standard error: the sd of effects on sets of untreated units, as many at a time.

        >>> values, treated = np.random.default_rng(1).normal(9, 1, (6, 8)), np.arange(6) < 2
        >>> found = SyntheticDifference().claim(values, treated, 6)
        >>> round(found.effect, 2), round(found.se, 2)
        (-0.72, 0.97)

        NaN where there are no more untreated units than treated ones.

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            The effect and its standard error.
        """
        k, others = int(treated.sum()), values[~treated]
        sets = _placebo_sets(len(others), k, self.placebos, self.seed)
        effects = self.effects(others, sets, first)
        return Claim(self.effect(values, treated, first), float(effects.std()) if len(effects) > 1 else math.nan)


def _weights(others: Floats, ours: Floats, first: int, k: int, search: Search) -> tuple[Floats, Floats]:
    """Weights of the untreated units, and of the periods before the start."""
    before, after = others[:, :first], others[:, first:]
    noise = float(np.diff(before, axis=1).std(ddof=1)) if before[:, 1:].size > 1 else 0.0
    units = before - before.mean(axis=1, keepdims=True)
    ridge = math.sqrt(k * after.shape[1]) * noise**2 * first
    periods, goal = before - before.mean(axis=0), after.mean(axis=1)
    unit_task = (units, ours[:first] - ours[:first].mean(), ridge)
    period_task = (periods.T, goal - goal.mean(), (_HARDLY * noise) ** 2 * len(others))
    if search == "exact":
        return simplex_weights(*unit_task), simplex_weights(*period_task)
    stop = (_STOP * noise) ** 2
    return _published(*unit_task, stop * first), _published(*period_task, stop * len(others))


def _published(points: Floats, target: Floats, ridge: float, stop: float) -> Floats:
    """The published package's steps: a short search, weights up to a quarter of the largest left out, a long one."""
    short = frank_wolfe(points, target, ridge, stop, _ROUNDS[0])
    sparse = np.where(short <= short.max() / 4, 0.0, short)
    return frank_wolfe(points, target, ridge, stop, _ROUNDS[1], sparse / sparse.sum())


def _placebo_sets(n: int, k: int, draws: int, seed: int) -> Booleans:
    """Sets of k of n untreated units, each once: all of them, or random ones."""
    if k >= n:
        return np.zeros((0, n), dtype=bool)
    if math.comb(n, k) <= draws:
        chosen = np.array(list(combinations(range(n), k)), dtype=np.int64)
    else:
        chosen = np.argsort(np.random.default_rng(seed).random((draws, n)), axis=1)[:, :k]
    sets = np.zeros((len(chosen), n), dtype=bool)
    np.put_along_axis(sets, chosen, True, axis=1)
    return sets
