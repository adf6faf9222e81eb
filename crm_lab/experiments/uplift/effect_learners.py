"""Learners of the effect of a treatment given what was known before: T, X, DR and transformed outcome."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crm_lab.arrays import Floats

Base = Literal["linear", "boosting"]
Bools = NDArray[np.bool_]

_INNER = 5  # folds inside a DR-learner


def outcome_model(base: Base, binary: bool) -> BaseEstimator:
    """A scikit-learn model of a mean: of a chance where the outcome is 0 or 1.

    >>> outcome_model("boosting", binary=False).__class__.__name__
    'HistGradientBoostingRegressor'

    Args:
        base: Logistic or ridge regression on standardised features, or boosted trees of few leaves.
        binary: Whether the outcome is 0 or 1.

    Returns:
        An estimator that is not fitted yet.
    """
    if base == "boosting":
        few = {"max_iter": 60, "learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 100}
        few |= {"early_stopping": False, "random_state": 0}
        return HistGradientBoostingClassifier(**few) if binary else HistGradientBoostingRegressor(**few)
    return make_pipeline(StandardScaler(), LogisticRegression() if binary else Ridge(alpha=1.0))


def mean_of(model: Any, features: Floats) -> Floats:
    """What a fitted model expects: the chance of 1 from a classifier, else its prediction, shape (n,)."""
    chances = getattr(model, "predict_proba", None)
    found: Floats = model.predict(features) if chances is None else chances(features)[:, -1]
    return found


def is_binary(outcome: Floats) -> bool:
    """Whether an outcome has the values 0 and 1 and no other."""
    return bool(np.isin(outcome, (0, 1)).all())


class EffectLearner(ABC):
    """A model of E[outcome | treated, x] - E[outcome | control, x], fitted to units dealt by lot.

    Args:
        base: Which models of means it stands on (`outcome_model`).
    """

    def __init__(self, base: Base = "linear") -> None:
        self.base = base

    def fit(self, features: Floats, treated: Bools, outcome: Floats, share: float) -> Self:
        """Learn from one treatment and its control.

        Args:
            features: What was known before, shape (n, p).
            treated: Whether each was treated, shape (n,).
            outcome: What was measured, shape (n,).
            share: Chance of being treated.

        Returns:
            Itself.
        """
        self.share_ = share
        self._learn(features, treated, outcome)
        return self

    @abstractmethod
    def _learn(self, features: Floats, treated: Bools, outcome: Floats) -> None:
        """Fit the models that `effect` asks."""

    def effect(self, features: Floats) -> Floats:
        """Expected effect of each unit.

        Args:
            features: What is known of them, shape (n, p).

        Returns:
            Effects in the outcome's unit, shape (n,).
        """
        return self._effect(features)

    @abstractmethod
    def _effect(self, features: Floats) -> Floats:
        """What the fitted models say."""

    def _fitted(self, features: Floats, outcome: Floats, *, binary: bool | None = None) -> Any:
        kind = is_binary(outcome) if binary is None else binary
        if kind and np.ptp(outcome) == 0:
            kind = False  # one class only: its mean
        return clone(outcome_model(self.base, kind)).fit(features, outcome)


class TLearner(EffectLearner):
    """Two models of the outcome, one an arm; the effect is their difference.

    >>> rng = np.random.default_rng(1)
    >>> x, treated = rng.normal(size=(4_000, 2)), rng.random(4_000) < 0.5
    >>> y = x[:, 1] + treated * x[:, 0] + rng.normal(size=4_000)
    >>> TLearner().fit(x, treated, y, share=0.5).effect(np.array([[1.0, 0.0], [-1.0, 0.0]])).round(0)
    array([ 1., -1.])

    Source:
        Künzel, Sekhon, Bickel & Yu (2019), PNAS 116, section "T-learner".
    """

    def _learn(self, features: Floats, treated: Bools, outcome: Floats) -> None:
        self.treated_, self.control_ = (self._fitted(features[a], outcome[a]) for a in (treated, ~treated))

    def _effect(self, features: Floats) -> Floats:
        return mean_of(self.treated_, features) - mean_of(self.control_, features)


class XLearner(EffectLearner):
    """Effects imputed in each arm by the other arm's model, then modelled and weighted by the share treated.

    >>> rng = np.random.default_rng(1)
    >>> x, treated = rng.normal(size=(4_000, 2)), rng.random(4_000) < 0.5
    >>> y = x[:, 1] + treated * x[:, 0] + rng.normal(size=4_000)
    >>> XLearner().fit(x, treated, y, share=0.5).effect(np.array([[1.0, 0.0], [-1.0, 0.0]])).round(0)
    array([ 1., -1.])

    Source:
        Künzel, Sekhon, Bickel & Yu (2019), PNAS 116, section "X-learner".
    """

    def _learn(self, features: Floats, treated: Bools, outcome: Floats) -> None:
        first, second = features[treated], features[~treated]
        with_it, without = (self._fitted(features[a], outcome[a]) for a in (treated, ~treated))
        gained = outcome[treated] - mean_of(without, first)
        missed = mean_of(with_it, second) - outcome[~treated]
        self.of_treated_ = self._fitted(first, gained, binary=False)
        self.of_control_ = self._fitted(second, missed, binary=False)

    def _effect(self, features: Floats) -> Floats:
        of_treated, of_control = mean_of(self.of_treated_, features), mean_of(self.of_control_, features)
        return self.share_ * of_control + (1 - self.share_) * of_treated


class TransformedOutcome(EffectLearner):
    """One model of outcome x (treated - share) / (share x (1 - share)), whose mean given x is the effect.

    >>> rng = np.random.default_rng(1)
    >>> x, treated = rng.normal(size=(4_000, 2)), rng.random(4_000) < 0.5
    >>> y = x[:, 1] + treated * x[:, 0] + rng.normal(size=4_000)
    >>> TransformedOutcome().fit(x, treated, y, share=0.5).effect(np.array([[1.0, 0.0], [-1.0, 0.0]])).round(0)
    array([ 1., -1.])

    Source:
        Athey & Imbens (2016), PNAS 113.
    """

    def _learn(self, features: Floats, treated: Bools, outcome: Floats) -> None:
        self.model_ = self._fitted(
            features, outcome * (treated - self.share_) / (self.share_ * (1 - self.share_)), binary=False
        )

    def _effect(self, features: Floats) -> Floats:
        return mean_of(self.model_, features)


class DRLearner(EffectLearner):
    """One model of the doubly robust scores, whose models of the outcome are fitted to other units.

    >>> rng = np.random.default_rng(1)
    >>> x, treated = rng.normal(size=(4_000, 2)), rng.random(4_000) < 0.5
    >>> y = x[:, 1] + treated * x[:, 0] + rng.normal(size=4_000)
    >>> DRLearner().fit(x, treated, y, share=0.5).effect(np.array([[1.0, 0.0], [-1.0, 0.0]])).round(0)
    array([ 1., -1.])

    Source:
        Kennedy (2023), Electronic Journal of Statistics 17.
    """

    def _learn(self, features: Floats, treated: Bools, outcome: Floats) -> None:
        scores = np.empty(len(outcome))
        for fitted, scored in KFold(_INNER, shuffle=True, random_state=0).split(features):
            first = TLearner(self.base).fit(features[fitted], treated[fitted], outcome[fitted], self.share_)
            with_it, without = (mean_of(m, features[scored]) for m in (first.treated_, first.control_))
            scores[scored] = doubly_robust(outcome[scored], treated[scored], self.share_, with_it) - doubly_robust(
                outcome[scored], ~treated[scored], 1 - self.share_, without
            )
        self.model_ = self._fitted(features, scores, binary=False)

    def _effect(self, features: Floats) -> Floats:
        return mean_of(self.model_, features)


def doubly_robust(outcome: Floats, taken: Bools, share: float, expected: Floats) -> Floats:
    """A unit's score for one arm: what a model expects, corrected by what was seen if it was in that arm, shape (n,).

    Its mean is the arm's mean whatever the model, since units were dealt by lot.

    >>> doubly_robust(np.array([2.0, 0.0]), np.array([True, False]), 0.5, np.array([1.0, 1.0])).tolist()
    [3.0, 1.0]
    """
    found: Floats = expected + taken / share * (outcome - expected)
    return found


LEARNERS: dict[str, type[EffectLearner]] = {
    "t": TLearner,
    "x": XLearner,
    "dr": DRLearner,
    "transformed": TransformedOutcome,
}
"""The learners by the name that a page's parameter gives."""
