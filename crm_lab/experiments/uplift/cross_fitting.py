"""Effects and scores of units from models that were fitted to other units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, StratifiedKFold

from crm_lab.arrays import Floats
from crm_lab.experiments.uplift.effect_learners import LEARNERS, Base, Bools, TLearner, doubly_robust, mean_of

Ints = NDArray[np.int_]


@dataclass(frozen=True, eq=False)
class Units:
    """Units of a test as arrays.

    Attributes:
        features: What was known before, shape (n, p).
        dealt: Arm of each, 0 being the control, shape (n,).
        outcome: What was measured, shape (n,).
        shares: Chance of each arm, shape (A,).
    """

    features: Floats
    dealt: Ints
    outcome: Floats
    shares: Floats

    def rows(self, which: Bools) -> Units:
        """Some of them."""
        return Units(self.features[which], self.dealt[which], self.outcome[which], self.shares)


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What models of the other folds say of each unit.

    Attributes:
        dealt: Arm of each unit, 0 being the control, shape (n,).
        shares: Chance of each arm, shape (A,).
        outcome: What was measured, shape (n,).
        folds: Fold of each unit, shape (n,).
        means: Expected outcome in each arm, shape (n, A).
        effects: Expected effect of each treatment against the control, shape (n, A - 1).
    """

    dealt: Ints
    shares: Floats
    outcome: Floats
    folds: Ints
    means: Floats
    effects: Floats

    @cached_property
    def scores(self) -> Floats:
        """Doubly robust scores, shape (n, A): their means are the arms' means, whatever the models."""
        arms = range(len(self.shares))
        one = [doubly_robust(self.outcome, self.dealt == a, self.shares[a], self.means[:, a]) for a in arms]
        return np.column_stack(one)

    def gains(self, arm: int = 1) -> Floats:
        """Doubly robust scores of one treatment's effect, shape (n,)."""
        found: Floats = self.scores[:, arm] - self.scores[:, 0]
        return found

    def centred(self, arm: int = 1) -> Floats:
        """Expected effects less their mean in the fold, since each fold has a model of its own, shape (n,)."""
        effects = self.effects[:, arm - 1]
        means = np.bincount(self.folds, effects) / np.bincount(self.folds)
        found: Floats = effects - means[self.folds]
        return found


def folds_of(dealt: Ints, outcome: Floats, k: int, seed: int, groups: Sequence[object] | None = None) -> Ints:
    """A fold for each unit: whole groups together, else arms and buyers spread evenly, shape (n,).

    Args:
        dealt: Arm of each unit.
        outcome: What was measured.
        k: How many folds.
        seed: Of the deal.
        groups: What must not be parted: the customer, household or store of each unit.

    Returns:
        Numbers from 0 to k - 1.
    """
    folds = np.empty(len(dealt), dtype=int)
    if groups is not None:
        parts = GroupKFold(k, shuffle=True, random_state=seed).split(dealt, groups=groups)
    else:
        parts = StratifiedKFold(k, shuffle=True, random_state=seed).split(dealt, 2 * dealt + (outcome > 0))
    for i, (_, inside) in enumerate(parts):
        folds[inside] = i
    return folds


def out_of_fold(units: Units, folds: Ints, learner: str, base: Base) -> OutOfFold:
    """Fit one learner a treatment to all folds but one, and ask it about that one.

    >>> rng = np.random.default_rng(1)
    >>> x, dealt = rng.normal(size=(2_000, 2)), rng.integers(0, 2, 2_000)
    >>> y = x[:, 1] + dealt * (1 + x[:, 0]) + rng.normal(size=2_000)
    >>> units = Units(x, dealt, y, np.array([0.5, 0.5]))
    >>> found = out_of_fold(units, folds_of(dealt, y, 5, seed=1), "t", "linear")
    >>> round(float(found.gains().mean()), 1), round(float(np.corrcoef(found.effects[:, 0], x[:, 0])[0, 1]), 2)
    (1.0, 1.0)

    Args:
        units: The test.
        folds: Fold of each unit.
        learner: A name of `LEARNERS`.
        base: What the learner and the scores' models stand on.

    Returns:
        Effects, means and scores of all units.
    """
    means, effects = np.empty((len(folds), len(units.shares))), np.empty((len(folds), len(units.shares) - 1))
    for fold in np.unique(folds):
        asked = folds == fold
        means[asked], effects[asked] = learned(units.rows(~asked), units.features[asked], learner, base)
    return OutOfFold(units.dealt, units.shares, units.outcome, folds, means, effects)


def learned(units: Units, features: Floats, learner: str, base: Base) -> tuple[Floats, Floats]:
    """What units teach about others: expected outcomes, shape (n, A), and effects, shape (n, A - 1)."""
    arms = len(units.shares)
    means, effects = np.empty((len(features), arms)), np.empty((len(features), arms - 1))
    for arm in range(1, arms):
        pair = units.rows(np.isin(units.dealt, (0, arm)))
        treated, share = pair.dealt == arm, float(units.shares[arm] / (units.shares[0] + units.shares[arm]))
        given = (pair.features, treated, pair.outcome, share)
        two = TLearner(base).fit(*given)
        means[:, 0], means[:, arm] = (mean_of(m, features) for m in (two.control_, two.treated_))
        fitted = two if learner == "t" else LEARNERS[learner](base).fit(*given)
        effects[:, arm - 1] = fitted.effect(features)
    return means, effects
