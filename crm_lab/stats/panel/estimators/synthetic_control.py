"""Synthetic control: the weighted mean of other units that went like the treated ones before the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Booleans, Floats
from crm_lab.stats.panel.estimators.panel_fit import Course, PanelEstimator
from crm_lab.stats.panel.estimators.simplex_weights import simplex_weights


@dataclass(frozen=True)
class SyntheticControl(PanelEstimator):
    """The treated units' mean against a weighted mean of the others, weights 0 or more with sum 1.

    >>> values = np.array([[10.0, 12, 11, 15], [0.0, 2, 1, 2], [5.0, 3, 4, 9]])
    >>> SyntheticControl().effect(values, np.array([True, False, False]), 3)
    3.0

    Attributes:
        demean: Whether each unit's own mean before the start is taken off first, so that units need to move alike
            rather than be as large.

    Source:
        Abadie, Diamond & Hainmueller (2010); demeaned: Doudchenko & Imbens (2016), Ferman & Pinto (2021); the same as
        augsynth and GeoLift with ``fixedeff`` and no prognostic function.
    """

    demean: bool = True

    @property
    def name(self) -> str:
        """The estimator's name in tables.

        >>> SyntheticControl(demean=False).name
        'synthetic_control_levels'
        """
        return "synthetic_control" if self.demean else "synthetic_control_levels"

    def course(self, values: Floats, treated: Booleans, first: int) -> Course:
        """The synthetic control's values, on the level of the treated where levels are taken off.

        >>> values, treated = np.array([[1.0, 2, 1, 9], [2.0, 3, 2, 3], [0.0, 1, 1, 2]]), np.arange(3) < 1
        >>> SyntheticControl().course(values, treated, 3).weights.round(3).tolist()
        [0.0, 1.0, 0.0]

        Args:
            values: Shape (n, T).
            treated: Shape (n,).
            first: Column of the first treated period.

        Returns:
            The course and the weights.
        """
        ours, others = values[treated].mean(axis=0), values[~treated]
        level = ours[:first].mean() if self.demean else 0.0
        levels = others[:, :first].mean(axis=1, keepdims=True) if self.demean else 0.0
        found = simplex_weights(others[:, :first] - levels, ours[:first] - level)
        weights = np.zeros(len(values))
        weights[~treated] = found
        return Course(found @ (others - levels) + level, weights, levels=not self.demean)


def investment(values: Floats, treated: Booleans, first: int, lift: float, cost: float) -> float:
    """Budget of a test that is to show a lift: what it costs to buy the additional units of the outcome.

    >>> investment(np.array([[10.0, 10], [5.0, 5]]), np.array([True, False]), 1, lift=0.1, cost=7.5)
    7.5

    Args:
        values: Untreated values, shape (n, T).
        treated: Shape (n,).
        first: Column of the first treated period.
        lift: Share by which the outcome is to grow.
        cost: Of one additional unit of the outcome (GeoLift's cpic).

    Returns:
        cost * lift * the untreated sum of the treated units from the start on.
    """
    return float(cost * lift * values[treated, first:].sum())
