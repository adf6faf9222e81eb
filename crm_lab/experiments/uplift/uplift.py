"""Whom to treat next time, from a randomised test: whether units differ, what a rule earns, and the rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from crm_lab.checks import check_settings, need_columns, not_inside, not_positive
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.guards import holm
from crm_lab.experiments.uplift.cross_fitting import Ints, OutOfFold, Units, folds_of, out_of_fold
from crm_lab.experiments.uplift.effect_learners import LEARNERS, Base, TLearner, is_binary
from crm_lab.experiments.uplift.heterogeneity import best_linear_predictor, calibrated, heterogeneity_pvalue
from crm_lab.experiments.uplift.policy_value import Worth, mean_interval, unit_values
from crm_lab.experiments.uplift.targeting_policy import ArmModel, TargetingPolicy, chosen_arms
from crm_lab.experiments.uplift.uplift_result import Strategy, UpliftResult
from crm_lab.messages import Message

LEAST_UNITS, LEAST_EVENTS = 200, 20  # an arm: units, and units of the rarer of two answers (or with any amount)
MOST_LEVELS = 12


@dataclass(frozen=True, kw_only=True)
class Uplift:
    """Who should be treated next time, and what that earns against treating all, nobody, or the usual lists.

    Effects are learned from what was known before the assignment and always judged on units that the model has not
    seen. Where no difference between units is shown, there is no list: treat all or nobody.

    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 3_000, "visits": rng.poisson(3.0, 6_000).astype(float)})
    >>> chance = 0.1 + 0.08 * (frame["visits"] > 3) * (frame["arm"] == "offer")
    >>> frame["bought"] = (rng.random(6_000) < chance).astype(float)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["bought"], covariates=["visits"])
    >>> result = Uplift(outcome="bought", value=30.0, cost=1.0).analyze(test)
    >>> result.decision, result.differ
    ('target', True)

    Attributes:
        outcome: What was measured.
        value: Money (margin) of one unit of the outcome.
        cost: Money of treating one unit: one number, or one a treatment.
        learner: A name of `LEARNERS`: ``t``, ``x``, ``dr`` or ``transformed``; named before the outcome is seen.
        base: ``linear`` or ``boosting``.
        most: Share of the units that can be treated.
        budget: Money for as many units as the test has.
        folds: In how many parts units are dealt.
        groups: Column whose rows stay together (customer, household), if a row is not a customer.
        fair: Columns by whose levels the share treated is shown.
        seed: Of the folds.
        level: Confidence level.
        currency: ISO code of the money.

    Source:
        Ascarza (2018) on risk and response; Athey & Wager (2021), Policy learning with observational data, for values.
    """

    outcome: str
    value: float
    cost: float | Mapping[str, float]
    learner: str = "t"
    base: Base = "linear"
    most: float = 1.0
    budget: float | None = None
    folds: int = 5
    groups: str = ""
    fair: tuple[str, ...] = ()
    seed: int = 20_240_105
    level: float = 0.95
    currency: str = "USD"

    def __post_init__(self) -> None:
        costs = self.cost.values() if isinstance(self.cost, Mapping) else (self.cost,)
        check_settings(
            self,
            not_inside(self, "level"),
            not_positive(self, "value", "most"),
            most=self.most > 1 and "it is a share of the units, at most 1",
            cost=not all(c >= 0 for c in costs) and "it must not be below 0",
            learner=self.learner not in LEARNERS and f"they are {', '.join(LEARNERS)}",
            base=self.base not in ("linear", "boosting") and "they are linear and boosting",
            budget=self.budget is not None and not self.budget > 0 and "it must be above 0",
            folds=not 2 <= self.folds <= 20 and "between 2 and 20",
        )

    def analyze(self, experiment: Experiment) -> UpliftResult:
        """Learn and judge a rule.

        Args:
            experiment: A randomised test with a control and one or more treatments, and what was known before.

        Returns:
            Heterogeneity, effects by tenths, strategies side by side, the rule for customers to come.

        Raises:
            BadInput: If a column is missing, or a treatment has no cost.
        """
        need_columns(experiment.outcomes, [self.outcome], "The experiment's outcomes")
        need_columns(experiment.frame.columns, [*self.fair, *([self.groups] if self.groups else [])], "The experiment")
        costs = self._costs(experiment)
        asked, test = (self.level, self.folds, self.currency), (len(experiment.frame), experiment.simulated)
        result = partial(UpliftResult, *asked, *test, experiment.arms)
        refused = self._refusal(experiment)
        if refused is not None:
            return result(refused=refused)
        names, units = self._units(experiment)
        groups = experiment.frame[self.groups].tolist() if self.groups else None
        folds = folds_of(units.dealt, units.outcome, self.folds, self.seed, groups)
        found = out_of_fold(units, folds, self.learner, self.base)
        arms = range(1, len(units.shares))
        p = holm(np.array([heterogeneity_pvalue(units, folds, self.learner, self.base, a) for a in arms]))
        worth = Worth(self.value, (0.0, *costs))
        rule = self._rule(found, worth)
        return result(
            found=found, worth=worth, rule=rule, pvalues=p,
            predictors=tuple(best_linear_predictor(found, a) for a in arms),
            strategies=tuple(self._strategies(found, worth, rule)),
            fairness=_fairness(experiment.frame, self.fair, rule),
            policy=self._policy(units, found, names, experiment, costs),
        )  # fmt: skip

    def _costs(self, experiment: Experiment) -> tuple[float, ...]:
        """Cost of each treatment, in the experiment's order."""
        if not isinstance(self.cost, Mapping):
            return (float(self.cost),) * len(experiment.treatments)
        need_columns(self.cost, experiment.treatments, "The costs")
        return tuple(float(self.cost[arm]) for arm in experiment.treatments)

    def _refusal(self, experiment: Experiment) -> Message | None:
        """Why no rule can be learned, or ``None``."""
        if experiment.guards.refused is not None:
            return experiment.guards.refused
        if experiment.guards.cluster:
            return Message("experiments.uplift.refused_cluster", {"column": experiment.guards.cluster})
        if not self._features(experiment):
            return Message("experiments.uplift.refused_features")
        outcome = experiment.frame.groupby(experiment.arm)[self.outcome]
        size, some = int(outcome.size().min()), int((outcome.apply(lambda y: (y != 0).sum())).min())
        if is_binary(experiment.frame[self.outcome].to_numpy(dtype=float)):
            some = min(some, int(outcome.apply(lambda y: (y == 0).sum()).min()))
        if size < LEAST_UNITS or some < LEAST_EVENTS:
            least = {"units": size, "some": some, "least_units": LEAST_UNITS, "least": LEAST_EVENTS}
            return Message("experiments.uplift.refused_small", least)
        return None

    def _features(self, experiment: Experiment) -> list[str]:
        """Columns that were known before: covariates that may adjust, and text columns of segments."""
        known = list(experiment.past_of([self.outcome]))
        texts = [c for c in experiment.segments if 2 <= experiment.frame[c].nunique() <= MOST_LEVELS]
        return [*known, *(c for c in texts if c not in known)]

    def _units(self, experiment: Experiment) -> tuple[list[tuple[str, str]], Units]:
        """The test as arrays, with the names of its features: column, and level where it is a text."""
        frame, names = experiment.frame, []
        for column in self._features(experiment):
            if pd.api.types.is_numeric_dtype(frame[column]):
                names.append((column, ""))
            else:
                names += [(column, level) for level in sorted(frame[column].dropna().astype(str).unique())]
        matrix = np.column_stack([(frame[c].astype(str) == v) if v else frame[c] for c, v in names]).astype(float)
        dealt: Ints = np.array(frame[experiment.arm].map({arm: i for i, arm in enumerate(experiment.arms)}), dtype=int)
        shares = np.array([experiment.shares[arm] for arm in experiment.arms])
        return names, Units(matrix, dealt, frame[self.outcome].to_numpy(dtype=float), shares)

    def _rule(self, found: OutOfFold, worth: Worth) -> Ints:
        """The arm of each unit by models and slopes of the other folds."""
        effects = np.column_stack([calibrated(found, a) for a in range(1, len(found.shares))])
        costs = np.array(worth.costs[1:])
        return chosen_arms(self.value * effects - costs, costs, round(self.most * len(effects)), self.budget)

    def _strategies(self, found: OutOfFold, worth: Worth, rule: Ints) -> list[Strategy]:
        """What the rule earns beside treating nobody, all, and those who seem at risk or worth most."""
        n = len(rule)
        best = int(np.argmax(worth.net(found.scores).mean(axis=0)[1:])) + 1
        many = int((rule > 0).sum())
        first = np.argsort(found.means[:, 0], kind="stable")
        lists: dict[str, Ints] = {"rule": rule}
        for arm in range(1, len(found.shares)):
            lists[f"all {arm}"] = np.full(n, arm)
        lists["top_risk"], lists["top_value"] = (_listed(order[:many], n, best) for order in (first, first[::-1]))
        nobody = unit_values(found, np.zeros(n, dtype=int), worth)
        values = {name: unit_values(found, one, worth) for name, one in lists.items()}
        return [
            Strategy(
                name, int((lists[name] > 0).sum()), *mean_interval(value - nobody, self.level),
                *mean_interval(values["rule"] - value, self.level),
            )
            for name, value in values.items()
        ]  # fmt: skip

    def _policy(
        self, units: Units, found: OutOfFold, names: list[tuple[str, str]], experiment: Experiment,
        costs: tuple[float, ...],
    ) -> TargetingPolicy | None:  # fmt: skip
        """The rule learned on all units, where it can be written down: T-learner on linear models."""
        if self.learner != "t" or self.base != "linear":
            return None
        models, calibration = {}, {}
        for arm in range(1, len(units.shares)):
            pair = units.rows(np.isin(units.dealt, (0, arm)))
            two = TLearner("linear").fit(pair.features, pair.dealt == arm, pair.outcome, 0.5)
            models[experiment.control], models[experiment.arms[arm]] = arm_model(two.control_), arm_model(two.treated_)
            seen, predicted = best_linear_predictor(found, arm), float(two.effect(units.features).mean())
            calibration[experiment.arms[arm]] = (seen.effect, predicted, float(np.clip(seen.slope, 0, 1)))
        labels = [f"{c} = {v}" if v else c for c, v in names]
        means = dict(zip(labels, units.features.mean(axis=0).tolist(), strict=True))
        columns, levels = (tuple(part) for part in zip(*names, strict=True))
        return TargetingPolicy(
            columns,
            levels,
            means,
            models,
            calibration,
            self.value,
            dict(zip(experiment.treatments, costs, strict=True)),
        )


def arm_model(pipeline: object) -> ArmModel:
    """A fitted linear pipeline as intercept and coefficients in the features' own units."""
    scaler, line = (step for _, step in pipeline.steps)  # type: ignore[attr-defined]
    coefficients = np.ravel(line.coef_) / scaler.scale_
    intercept = float(np.ravel(line.intercept_)[0]) - float(coefficients @ scaler.mean_)
    return ArmModel(intercept, tuple(coefficients.tolist()), hasattr(line, "classes_"))


def _listed(which: Ints, n: int, arm: int) -> Ints:
    """One arm for some units, none for the others."""
    rule = np.zeros(n, dtype=int)
    rule[which] = arm
    return rule


def _fairness(frame: pd.DataFrame, columns: tuple[str, ...], rule: Ints) -> pd.DataFrame:
    """Share of the units that the rule treats, by level of declared columns."""
    treated = pd.Series(rule > 0, index=frame.index)
    parts = [treated.groupby(frame[c].astype(str)).agg(["size", "mean"]).reset_index(names="segment") for c in columns]
    for column, part in zip(columns, parts, strict=True):
        part.insert(0, "segment_column", column)
    names = {"size": "units", "mean": "treated_share"}
    empty = pd.DataFrame(columns=["segment_column", "segment", *names.values()])
    return pd.concat(parts, ignore_index=True).rename(columns=names) if parts else empty
