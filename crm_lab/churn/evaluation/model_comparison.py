"""Do the models rank leavers better than a two-column sort?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, Problems, check_settings, too_small
from crm_lab.churn.evaluation.ranking_report import RankingReport, ends, probability_measures, ranking_words
from crm_lab.churn.models.learners import Estimator, fit_score, out_of_fold, refuse_telling_features
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout
from crm_lab.stats import ranking

SMALL_GAIN = 0.01  # AUC points below which a list changes little
Design = Literal["other_customers", "held_apart", "earlier_date"]


@dataclass(frozen=True)
class ChurnComparison:
    """Compare churn models with simple rankings: AUC, average precision, lift and calibration, paired by customer.

    >>> from crm_lab import churn, open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> features = churn.CustomerFeatures().analyze(orders, as_of="1997-09-30").by_customer
    >>> left = churn.left_after(orders, features.index, as_of="1997-09-30", window_days=273, last_day="1998-06-30")
    >>> rivals = {"frequency_then_recency": churn.frequency_then_recency(features)}
    >>> spec = ChurnComparison(folds=2, draws=100)

    Args:
        baseline: The ranking that the others are compared with.
        capacities: Shares of customers that can be treated; lift is measured at each.
        folds: Parts for out-of-fold prediction, if no earlier training set is given.
        draws: Bootstrap resamples of customers.
        level: Level of the intervals.
        min_events: Fewest leavers, and fewest stayers, to report anything.
        window_days: Days after the date in which leavers bought nothing, said beside their share; 0 where unknown.
        as_of: Day on which the ranked customers were known, said beside their number; empty where unknown.
    """

    baseline: str = "frequency_then_recency"
    capacities: tuple[float, ...] = (0.05, 0.10)
    folds: int = 5
    draws: int = 500
    level: float = 0.95
    min_events: int = 20
    window_days: int = 0
    as_of: str = ""

    def __post_init__(self) -> None:
        shares = self.capacities and all(0 < c <= 1 for c in self.capacities)
        check_settings(
            self,
            too_small(self, folds=2, draws=100),
            capacities=not shares and "each must be a share above 0 and up to 1",
        )

    def analyze(
        self,
        features: pd.DataFrame,
        left: pd.Series,
        *,
        models: Mapping[str, Estimator],
        rivals: Mapping[str, pd.Series],
        rng: int,
        trained_on: tuple[pd.DataFrame, pd.Series] | None = None,
    ) -> ChurnReport:
        """Score the customers by models, out of fold or trained on an earlier date, and compare with the rivals.

        >>> report = spec.analyze(features, left, models={"logistic": churn.logistic()}, rivals=rivals, rng=0)
        >>> report.to_frame()[["ranking", "auc"]].round(2).to_numpy().tolist()
        [['frequency_then_recency', 0.78], ['logistic', 0.77]]

        Args:
            features: Indexed by customer; numbers only.
            left: 1 where the customer left, same index.
            models: Name to classifier.
            rivals: Name to score on the same index, higher means likelier to leave; holds the baseline.
            rng: Seed of folds and resamples.
            trained_on: Features and labels of an earlier date, or of other customers at the same date; models are
                then fitted there instead of out of fold.

        Returns:
            One row per ranking.

        Raises:
            BadInput: If the baseline is missing, a score is missing or a feature tells who left.
        """
        self._check(features, left, rivals)
        events, design = int(left.sum()), _design(features, trained_on)
        if min(events, len(left) - events) < self.min_events:
            none = pd.DataFrame({"ranking": [*models, *rivals], "auc": np.nan})
            return ChurnReport(none, self, events, len(left), design, left.to_frame())
        refuse_telling_features(features, left)
        if trained_on is None:
            scores = {k: out_of_fold(m, features, left, folds=self.folds, seed=rng) for k, m in models.items()}
        else:
            scores = fit_score(models, trained_on, features)
        chances = pd.DataFrame(scores, index=features.index).assign(left=left.to_numpy())
        every = {**scores, **{name: score.to_numpy(dtype=float) for name, score in rivals.items()}}
        frame = self._measure(left.to_numpy(dtype=float), every, set(scores), rng)
        return ChurnReport(frame, self, events, len(left), design, chances)

    def _check(self, features: pd.DataFrame, left: pd.Series, rivals: Mapping[str, pd.Series]) -> None:
        if self.baseline not in rivals:
            raise BadInput(
                f"The baseline {self.baseline!r} is not among the rivals ({', '.join(rivals)}); add it or name another."
            )
        problems = Problems("Scores and labels must be of the same customers")
        for name, series in {"left": left, **rivals}.items():
            problems.unless(series.index.equals(features.index), f"{name} has another index than the features.")
        problems.raise_any()

    def _measure(self, left: Floats, scores: dict[str, Floats], models: set[str], rng: int) -> pd.DataFrame:
        measures: dict[str, ranking.Measure] = {
            "auc": ranking.auc_from_counts,
            "average_precision": ranking.average_precision_from_counts,
            **{lift_column(c): ranking.lift_at(c) for c in self.capacities},
        }
        draws = ranking.bootstrap_measures(left, scores, measures, draws=self.draws, rng=rng)
        base = list(scores).index(self.baseline)
        point, rows = ranking.point_measures(left, scores, measures), []
        for i, (name, score) in enumerate(scores.items()):
            row: dict[str, object] = {"ranking": name, "kind": "model" if name in models else "rule", **point[name]}
            row |= {"gain": point[name]["auc"] - point[self.baseline]["auc"]}
            row |= ends("gain", draws[:, i, 0] - draws[:, base, 0], self.level)
            for j, measure in enumerate(measures):
                row |= ends(measure, draws[:, i, j], self.level)
            rows.append(row | (probability_measures(left, score) if name in models else {}))
        return pd.DataFrame(rows).sort_values("auc", ascending=False, kind="stable", ignore_index=True)


def lift_column(capacity: float) -> str:
    """The column of the lift at a capacity.

    >>> lift_column(0.05)
    'lift_5'
    """
    return f"lift_{capacity * 100:g}"


def _design(features: pd.DataFrame, trained_on: tuple[pd.DataFrame, pd.Series] | None) -> Design:
    if trained_on is None:
        return "other_customers"
    return "earlier_date" if features.index.isin(trained_on[0].index).any() else "held_apart"


@dataclass(frozen=True)
class ChurnReport(RankingReport):
    """How well each ranking finds leavers.

    >>> from crm_lab import churn, open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> features = churn.CustomerFeatures().analyze(orders, as_of="1997-09-30").by_customer
    >>> left = churn.left_after(orders, features.index, as_of="1997-09-30", window_days=273, last_day="1998-06-30")
    >>> rivals = {"frequency_then_recency": churn.frequency_then_recency(features)}
    >>> spec, models = ChurnComparison(folds=2, draws=100), {"logistic": churn.logistic()}
    >>> report = spec.analyze(features, left, models=models, rivals=rivals, rng=0)

    Attributes:
        frame: One row per ranking: `auc`, `average_precision`, `lift_<percent>` and `gain` (AUC minus the baseline's,
            paired), each with `_lo` and `_hi`; of models also Brier score, log loss, calibration slope.
        spec: What was asked.
        events: Customers who left.
        customers: Customers scored.
        design: Whether models were scored out of fold, trained on other customers, or trained on an earlier date.
        probabilities: Per customer each model's probability, and `left`.
    """

    name = "churn_comparison"
    formats: ClassVar = {"slope": ".3f", "gain": "+.4f"}
    frame: pd.DataFrame
    spec: ChurnComparison
    events: int
    customers: int
    design: Design
    probabilities: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row per ranking, the best first: AUC and gain with intervals, and the other measures.

        >>> list(report.to_frame())
        ['ranking', 'kind', 'auc', 'auc_lo', 'auc_hi', 'gain', 'gain_lo', 'gain_hi', 'average_precision',
        'lift_5', 'lift_10', 'brier', 'log_loss', 'slope']
        """
        shown = ["ranking", "kind", "auc", "auc_lo", "auc_hi", "gain", "gain_lo", "gain_hi", "average_precision"]
        lifts = [lift_column(c) for c in self.spec.capacities]
        return self.frame.reindex(columns=[*shown, *lifts, "brier", "log_loss", "slope"])

    def lifts(self) -> pd.DataFrame:
        """Lift (times the base rate) of each ranking at each capacity with its interval, one row each.

        >>> list(report.lifts())
        ['ranking', 'kind', 'lift', 'lo', 'hi', 'capacity']
        """
        parts = []
        for capacity in self.spec.capacities:
            name = lift_column(capacity)
            part = self.frame[["ranking", "kind", name, f"{name}_lo", f"{name}_hi"]]
            part = part.set_axis(["ranking", "kind", "lift", "lo", "hi"], axis=1)
            parts.append(part.assign(capacity=capacity))
        return pd.concat(parts, ignore_index=True)

    @property
    def counted(self) -> tuple[int, int, int]:
        """Leavers, stayers, and how many of each are needed to judge a ranking.

        >>> report.counted
        (1673, 684, 20)
        """
        return self.events, self.customers - self.events, self.spec.min_events

    def answer(self) -> Readout:
        """The readout if enough left: whether the best model beats the baseline, how sure that is, what to do.

        >>> print(report.answer().finding)
        Of 2,357 customers known on the day of the list, 71.0% left; the best model (logistic ...
        """
        values = {
            **self.row(self.best_model),
            "left": self.events / self.customers,
            "gone": self._gone(),
            "day": Message("churn.compare.on_day", {"day": self.spec.as_of})
            if self.spec.as_of
            else Message("churn.compare.that_day"),
            "customers": self.customers,
            "model": ranking_words(self.best_model),
            "baseline": ranking_words(self.spec.baseline),
            "base_auc": self.row(self.spec.baseline)["auc"],
            "draws": self.spec.draws,
            "folds": self.spec.folds,
            "trained": Message(f"churn.compare.trained_{self.design}"),
        }
        if self.rival:
            values |= {"rival": ranking_words(self.rival), "rival_auc": self.row(self.rival)["auc"]}
        certainty, action = f"certainty_{self.design}", f"action_{self._action()}"
        return Readout.of("churn.compare", values, self.verdict(), certainty, action)

    def _gone(self) -> Message:
        days = self.spec.window_days
        return Message("churn.compare.gone_within", {"days": days}) if days else Message("churn.compare.gone")

    def _action(self) -> str:
        verdict = self.verdict()
        if verdict == "better" and self.design == "other_customers":
            return "untried"
        if verdict == "better" and float(self.row(self.best_model)["gain"]) < SMALL_GAIN:
            return "small"
        return "rival" if verdict == "better" and self.rival else verdict

    @property
    def rival(self) -> str:
        """The best ranking beside models and the baseline if it does as well as the best model; else empty.

        >>> report.rival
        ''
        """
        rules = self.frame[(self.frame["kind"] == "rule") & (self.frame["ranking"] != self.spec.baseline)]
        if rules.empty or rules["auc"].max() <= self.row(self.best_model)["auc"] - SMALL_GAIN:
            return ""
        return str(rules.sort_values("auc", ascending=False)["ranking"].iloc[0])

    def verdict(self) -> Literal["better", "worse", "same"]:
        """Whether the paired interval of the best model's gain lies above zero, below zero or across it.

        >>> report.verdict() in ("better", "worse", "same")
        True
        """
        best = self.row(self.best_model)
        if best["gain_lo"] > 0:
            return "better"
        return "worse" if best["gain_hi"] < 0 else "same"

    def facts(self) -> tuple[Fact, ...]:
        """Share who left; AUC of the best model and of the baseline; the paired difference; lift.

        >>> {fact.id: fact.unit for fact in report.facts()[:2]}
        {'churn.left': 'share', 'churn.auc': ''}
        """
        n, share = self.customers, self.events / self.customers
        left = Fact(
            "churn.left", "churn.label.left", share, "share", n=n, denominator="churn.fact.known", better="down"
        )
        refusal = self.refusal()
        if refusal is not None:
            return (left, Fact("churn.auc", "churn.label.auc", None, refusal=refusal))
        top = {"capacity": self.spec.capacities[-1]}
        parts = [("auc", self.best_model, "auc"), ("auc_baseline", self.spec.baseline, "auc")]
        parts += [("gain", self.best_model, "gain"), ("lift", self.best_model, lift_column(top["capacity"]))]
        return left, *(
            Fact(
                f"churn.{part}", Message(f"churn.label.{part}", top), row[column],
                ci=Interval(row[f"{column}_lo"], row[f"{column}_hi"], self.spec.level),
                kind="estimate", better="up", n=n, definition=f"churn.fact.{self.design}",
            )
            for part, row, column in ((part, self.row(name), column) for part, name, column in parts)
        )  # fmt: skip
