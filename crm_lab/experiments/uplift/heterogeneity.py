"""Whether units respond differently at all, and by how much groups of them do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.experiments.uplift.cross_fitting import Ints, OutOfFold, Units, learned
from crm_lab.experiments.uplift.effect_learners import Base
from crm_lab.stats.intervals import z_value


@dataclass(frozen=True)
class LinearPredictor:
    """The best linear prediction of effects by a learner's out-of-fold effects.

    Attributes:
        effect: Mean effect.
        effect_se: Its standard error.
        slope: By how much effects rise with predicted ones: 1 where predictions are right, 0 where they say nothing.
        slope_se: Its standard error, of a given prediction.
        covariance: Of mean effect and slope.
    """

    effect: float
    effect_se: float
    slope: float
    slope_se: float
    covariance: float = 0.0


def best_linear_predictor(found: OutOfFold, arm: int = 1) -> LinearPredictor:
    """Regress the scores of an effect on its out-of-fold predictions, errors by HC3.

    Args:
        found: Effects and scores out of fold.
        arm: Which treatment.

    Returns:
        Mean effect and slope; a slope of 0 where the predictions do not vary.

    Source:
        Chernozhukov, Demirer, Duflo & Fernández-Val (2025), Econometrica 93, section 2.
    """
    gains = found.gains(arm)
    centred = found.centred(arm)
    slope, se = _slope(centred, gains)
    n, spread, mean = len(gains), float(centred @ centred), float(gains.mean())
    both = float(centred @ (gains - mean - slope * centred) ** 2) / (n * spread) if se > 0 else 0.0
    return LinearPredictor(mean, float(gains.std(ddof=1) / np.sqrt(n)), slope, se, both)


def _slope(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope of a line through values, x having mean 0, and its error by HC3."""
    n, spread = len(x), float(x @ x)
    if spread <= 1e-18 * max(1.0, n):
        return 0.0, 0.0
    slope = float(x @ y) / spread
    left = (y - y.mean() - slope * x) / (1 - 1 / n - x**2 / spread)
    return slope, float(np.sqrt((x**2 * left**2).sum())) / spread


def heterogeneity_pvalue(units: Units, folds: Ints, learner: str, base: Base, arm: int = 1) -> float:
    """P value, one-sided, of effects that have nothing to do with what was known before.

    Each fold is predicted by the folds before it alone. The slopes of the folds are then independent where there is
    nothing to find; with models of all other folds they are not, and too many tests find something (measured: 7 to
    11 % at a level of 5). Dealing the arms anew would test another thing: that nothing works at all.

    Args:
        units: The test.
        folds: Fold of each unit, numbered from 0.
        learner: A name of `LEARNERS`.
        base: What it stands on.
        arm: Which treatment.

    Returns:
        The p value; 1 where no prediction varies.

    Source:
        Wager (2024), Sequential validation of treatment heterogeneity; slopes as in `best_linear_predictor`.
    """
    z = []
    for fold in range(1, int(folds.max()) + 1):
        asked = units.rows(folds == fold)
        means, effects = learned(units.rows(folds < fold), asked.features, learner, base)
        one = np.zeros(len(asked.dealt), dtype=int)
        seen = OutOfFold(asked.dealt, asked.shares, asked.outcome, one, means, effects)
        slope, se = _slope(seen.centred(arm), seen.gains(arm))
        z += [slope / se] if se > 0 else [0.0]
    return float(stats.norm.sf(sum(z) / np.sqrt(len(z))))


def sorted_groups(found: OutOfFold, arm: int = 1, groups: int = 10, level: float = 0.95) -> pd.DataFrame:
    """Effects by groups of the predicted effect, the highest first (GATES).

    Groups are made within each fold, since each fold has a model of its own.

    Args:
        found: Effects and scores out of fold.
        arm: Which treatment.
        groups: How many.
        level: Confidence level.

    Returns:
        One row a group: group, units, predicted, effect, lo, hi.
    """
    order = pd.Series(-found.effects[:, arm - 1]).groupby(found.folds).rank(method="first", pct=True)
    place = np.minimum((order.to_numpy() * groups - 1e-9).astype(int), groups - 1)
    gains = found.gains(arm)
    table = pd.DataFrame({"group": place + 1, "predicted": found.effects[:, arm - 1], "gain": gains}).groupby("group")
    effect = table["gain"].mean()
    half: pd.Series = z_value(level) * table["gain"].std() / np.sqrt(table.size())
    frame = pd.DataFrame({"units": table.size(), "predicted": table["predicted"].mean(), "effect": effect})
    return frame.assign(lo=effect - half, hi=effect + half).reset_index()


def calibrated(found: OutOfFold, arm: int = 1) -> Floats:
    """Predicted effects drawn to the mean by the slope that the other folds show, shape (n,).

    A slope below 0 counts as 0 and one above 1 as 1.
    """
    effects = np.empty(len(found.dealt))
    for fold in np.unique(found.folds):
        inside = found.folds == fold
        seen = best_linear_predictor(part_of(found, ~inside), arm)
        effects[inside] = seen.effect + np.clip(seen.slope, 0, 1) * found.centred(arm)[inside]
    return effects


def part_of(found: OutOfFold, rows: np.ndarray) -> OutOfFold:
    """Some units alone, their folds numbered anew."""
    _, folds = np.unique(found.folds[rows], return_inverse=True)
    return OutOfFold(
        found.dealt[rows], found.shares, found.outcome[rows], folds, found.means[rows], found.effects[rows]
    )
