"""Whom to treat next time, from a randomised test: whether units differ, what a rule earns, and the rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from crm_lab.checks import check_settings, need_columns, not_inside, not_positive
from crm_lab.experiments.core.column_words import known_after
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.guards import MISSING
from crm_lab.experiments.uplift.cross_fitting import Ints, OutOfFold, Units, folds_of, out_of_fold
from crm_lab.experiments.uplift.effect_learners import LEARNERS, Base, TLearner, is_binary
from crm_lab.experiments.uplift.heterogeneity import (
    LinearPredictor,
    best_linear_predictor,
    calibrated,
    heterogeneity_pvalue,
)
from crm_lab.experiments.uplift.policy.policy_origin import PolicyOrigin
from crm_lab.experiments.uplift.policy.targeting_policy import ArmModel, TargetingPolicy, chosen_arms
from crm_lab.experiments.uplift.policy_value import METHODS, Worth, mean_interval, unit_values
from crm_lab.experiments.uplift.uplift_result import Known, Strategy, UpliftResult
from crm_lab.messages import Message
from crm_lab.stats.multiplicity.holm_comparisons import holm

LEAST_UNITS, LEAST_EVENTS = 200, 20  # an arm: units, and units of the rarer of two answers (or with any amount)
MOST_LEVELS = 12
FAR = 20.0  # a number lies within so many times the reach of the outermost hundredth


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
        fair: Columns by whose levels the share treated is shown; the test's segments unless given.
        seed: Of the folds.
        level: Confidence level.
        currency: ISO code of the money.
        examples: Terms in value and cost that are examples and not the retailer's: nothing is decided on them.
        made_up: Whether the data are simulated: nothing is decided on them either.

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
    examples: tuple[str, ...] = ()
    made_up: bool = False

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

    def analyze(self, experiment: Experiment, refused: Message | None = None) -> UpliftResult:
        """Learn and judge a rule.

        Args:
            experiment: A randomised test with a control and one or more treatments, and what was known before.
            refused: Why there can be none, if that is known already (`Earning.refused`).

        Returns:
            Heterogeneity, effects by tenths, strategies side by side, the rule for customers to come.

        Raises:
            BadInput: If a column is missing, or a treatment has no cost.
        """
        need_columns(experiment.outcomes, [self.outcome], "The experiment's outcomes")
        need_columns(experiment.frame.columns, [*self.fair, *([self.groups] if self.groups else [])], "The experiment")
        costs = self._costs(experiment)
        asked, test = (
            (self.level, self.folds, self.currency),
            (len(experiment.frame), experiment.simulated or self.made_up),
        )
        left = tuple(experiment.guards.withdrawn.values())
        result = partial(
            UpliftResult, *asked, *test, experiment.arms, learner=self.learner, examples=self.examples, left_out=left,
        )  # fmt: skip
        refused = experiment.guards.refused or refused or self._refusal(experiment)
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
            fairness=_fairness(experiment.frame, self.fair or self._segments(experiment), rule),
            policy=self._policy(units, found, names, experiment, costs),
            known=Known(tuple(names), units, self.base),
        )  # fmt: skip

    def _costs(self, experiment: Experiment) -> tuple[float, ...]:
        """Cost of each treatment, in the experiment's order."""
        if not isinstance(self.cost, Mapping):
            return (float(self.cost),) * len(experiment.treatments)
        need_columns(self.cost, experiment.treatments, "The costs")
        return tuple(float(self.cost[arm]) for arm in experiment.treatments)

    def _refusal(self, experiment: Experiment) -> Message | None:
        """Why no rule can be learned, or ``None``."""
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
        return [*known, *(c for c in self._segments(experiment) if c not in known and not known_after(c))]

    @staticmethod
    def _segments(experiment: Experiment) -> tuple[str, ...]:
        """Segments of few levels."""
        return tuple(c for c in experiment.segments if _is_segment(experiment.frame[c]))

    def _units(self, experiment: Experiment) -> tuple[list[tuple[str, str]], Units]:
        """The test as arrays, with the names of its features: column, and level where it is a text."""
        frame, names = experiment.frame, []
        for column in self._features(experiment):
            if pd.api.types.is_numeric_dtype(frame[column]):
                names.append((column, ""))
            else:
                names += [(column, level) for level in sorted(frame[column].dropna().astype(str).unique())]
        matrix = np.column_stack(
            [(frame[c].astype(str) == v) if v else _within_reach(frame, c) for c, v in names]
        ).astype(float)
        dealt: Ints = np.array(frame[experiment.arm].map({arm: i for i, arm in enumerate(experiment.arms)}), dtype=int)
        shares = np.array([experiment.shares[arm] for arm in experiment.arms])
        return names, Units(matrix, dealt, frame[self.outcome].to_numpy(dtype=float), shares)

    def _rule(self, found: OutOfFold, worth: Worth) -> Ints:
        """The arm of each unit by models and slopes of the other folds."""
        effects = np.column_stack([calibrated(found, a) for a in range(1, len(found.shares))])
        costs = np.array(worth.costs[1:])
        return chosen_arms(self.value * effects - costs, costs, round(self.most * len(effects)), self.budget)

    def _strategies(self, found: OutOfFold, worth: Worth, rule: Ints) -> list[Strategy]:
        """What the rule earns beside treating nobody, all, and those who seem at risk or worth most.

        Where a bound keeps all from being treated, as many by lot stand for them: what all earn times their share.
        """
        n = len(rule)
        best = int(np.argmax(worth.net(found.scores).mean(axis=0)[1:])) + 1
        many = int((rule > 0).sum())
        first = np.argsort(found.means[:, 0], kind="stable")
        lists: dict[str, Ints] = {"rule": rule}
        parts: dict[str, float] = {}
        for arm, cost in enumerate(worth.costs[1:], 1):
            part = bounded_share(n, cost, self.most, self.budget)
            name = f"{'all' if part == 1 else 'lot'} {arm}"
            lists[name], parts[name] = np.full(n, arm), part
        lists["top_risk"], lists["top_value"] = (_listed(order[:many], n, best) for order in (first, first[::-1]))
        nobody = np.zeros(n, dtype=int)
        gains, weighted = (
            {name: parts.get(name, 1.0) * (unit_values(found, one, worth, how) - unit_values(found, nobody, worth, how))
             for name, one in lists.items()}
            for how in METHODS
        )  # fmt: skip
        return [
            Strategy(
                name, int(parts.get(name, 1.0) * (lists[name] > 0).sum() + 1e-9), *mean_interval(gain, self.level),
                *mean_interval(gains["rule"] - gain, self.level), *mean_interval(weighted[name], self.level),
            )
            for name, gain in gains.items()
        ]  # fmt: skip

    def _policy(
        self, units: Units, found: OutOfFold, names: list[tuple[str, str]], experiment: Experiment,
        costs: tuple[float, ...],
    ) -> TargetingPolicy | None:  # fmt: skip
        """The rule learned on all units, where it can be written down: T-learner on linear models."""
        if self.learner != "t" or self.base != "linear":
            return None
        models, calibration, errors = {}, {}, {}
        for arm in range(1, len(units.shares)):
            pair = units.rows(np.isin(units.dealt, (0, arm)))
            two = TLearner("linear").fit(pair.features, pair.dealt == arm, pair.outcome, 0.5)
            models[experiment.control], models[experiment.arms[arm]] = arm_model(two.control_), arm_model(two.treated_)
            seen, predicted = best_linear_predictor(found, arm), float(two.effect(units.features).mean())
            calibration[experiment.arms[arm]] = (seen.effect, predicted, float(np.clip(seen.slope, 0, 1)))
            errors[experiment.arms[arm]] = (seen.effect_se**2, seen.covariance, _slope_variance(seen, len(names)))
        labels = [f"{c} = {v}" if v else c for c, v in names]
        means = dict(zip(labels, units.features.mean(axis=0).tolist(), strict=True))
        columns, levels = (tuple(part) for part in zip(*names, strict=True))
        origin = PolicyOrigin.of(
            experiment, outcome=self.outcome, currency=self.currency, examples=self.examples, level=self.level,
            simulated=experiment.simulated or self.made_up,
        )  # fmt: skip
        of_arm = dict(zip(experiment.treatments, costs, strict=True))
        return TargetingPolicy(
            columns, levels, means, models, calibration, self.value, of_arm, errors=errors, origin=origin,
            reach=_reach(experiment.frame, names),
        )  # fmt: skip


def arm_model(pipeline: object) -> ArmModel:
    """A fitted linear pipeline as intercept and coefficients in the features' own units."""
    scaler, line = (step for _, step in pipeline.steps)  # type: ignore[attr-defined]
    coefficients = np.ravel(line.coef_) / scaler.scale_
    intercept = float(np.ravel(line.intercept_)[0]) - float(coefficients @ scaler.mean_)
    return ArmModel(intercept, tuple(coefficients.tolist()), hasattr(line, "classes_"))


def _slope_variance(seen: LinearPredictor, features: int) -> float:
    """Variance of the slope of a rule that is fitted anew to all units.

    The share of its predictions' spread that is noise, 1 - slope, differs from that of the parts' rules as a mean of so
    many squares does; without it intervals of lists from 4,000 units held the truth in .87 (measured).
    """
    noise = 1 - float(np.clip(seen.slope, 0, 1))
    return seen.slope_se**2 + 2 * noise**2 / features


def _reach(frame: pd.DataFrame, names: list[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Ends of each number's reach, gaps left out."""
    return {c: _reach_of(frame, c) for c, level in names if not level and not c.endswith(MISSING)}


def _reach_of(frame: pd.DataFrame, column: str) -> tuple[float, float]:
    """Smallest and largest value, or `FAR` times as far from the median as the outermost two hundredths are.

    A few values beyond that (a till left open, a wholesaler) would bend every line that is drawn through the others.
    """
    flag = f"{column}{MISSING}"
    known = frame.loc[frame[flag] == 0, column] if flag in frame else frame[column]
    low, middle, high = np.quantile(known.to_numpy(dtype=float), (0.005, 0.5, 0.995)) if len(known) else (0.0, 0.0, 0.0)
    ends = [float(known.min()), float(known.max())] if len(known) else [0.0, 0.0]
    if low < middle:
        ends[0] = max(ends[0], float(middle - FAR * (middle - low)))
    if high > middle:
        ends[1] = min(ends[1], float(middle + FAR * (high - middle)))
    return ends[0], ends[1]


def _within_reach(frame: pd.DataFrame, column: str) -> pd.Series:
    """A number of each unit, drawn in to its reach; gaps stay 0."""
    if column.endswith(MISSING):
        return frame[column]
    drawn = frame[column].clip(*_reach_of(frame, column))
    return drawn.where(frame[f"{column}{MISSING}"] == 0, frame[column]) if f"{column}{MISSING}" in frame else drawn


def _is_segment(column: pd.Series) -> bool:
    """Whether a column has few levels and is no day."""
    return 2 <= column.nunique() <= MOST_LEVELS and not pd.api.types.is_datetime64_any_dtype(column)


def bounded_share(n: int, cost: float, most: float, budget: float | None) -> float:
    """Share of units that a lot can treat within a share of them and a budget.

    >>> bounded_share(100, 2.0, 0.5, 60.0)
    0.3

    Args:
        n: Units.
        cost: Of treating one.
        most: Share that can be treated.
        budget: Money that can be spent.

    Returns:
        A share, 1 where no bound binds.
    """
    paid = 1.0 if budget is None or not cost else budget / (cost * n)
    return min(1.0, most, paid)


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
