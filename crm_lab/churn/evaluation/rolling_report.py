"""Results of the rolling-origin evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.churn.evaluation.ranking_report import RankingReport, ranking_words
from crm_lab.churn.models.recalibration import Method
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout
from crm_lab.stats.bootstrap import percentile_interval

MEASURES = ("lift", "auc", "average_precision")


@dataclass(frozen=True)
class Judgement:
    """When, on how many and against what rankings are judged; see `RollingOrigins`."""

    tests: tuple[str, ...]
    capacity: float = 0.05
    baseline: str = ""
    draws: int = 500
    min_events: int = 20
    window_days: int = 91
    active_days: int = 91


@dataclass(frozen=True)
class OriginsReport(RankingReport):
    """How well rankings find leavers at dates they could not know.

    >>> from crm_lab import churn, open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> rolling = churn.RollingOrigins.back_from("1998-06-30", dates=2, train_dates=1, draws=50)
    >>> models, rules = {"logistic": churn.logistic()}, {"silent_this_month": churn.silent_this_month}
    >>> report = rolling.analyze(orders, last_day="1998-06-30", models=models, rules=rules, rng=0)

    Attributes:
        frame: ranking, kind, lift at capacity with interval, ratio to the baseline's lift (paired), auc,
            average_precision; of models Brier score, log loss and calibration slope. Lists are made at each date, then
            pooled.
        spec: What was asked.
        scored: customer_id, origin, left, recency_days, value (revenue of the last 91 days), and each ranking's score.
        draws: (B, rankings, measures) bootstrap draws, rankings in the order models, rules.
        corrected: How the chances were corrected at the dates, each way that occurred.
    """

    name = "churn_origins"
    formats: ClassVar = dict.fromkeys(("lift", "ratio", "slope"), ".2f")
    frame: pd.DataFrame
    spec: Judgement
    scored: pd.DataFrame
    draws: NDArray[np.float64]
    corrected: tuple[Method, ...] = ("none",)

    def to_frame(self) -> pd.DataFrame:
        """The highest lift first; no rows if too few left to judge a ranking.

        >>> list(report.to_frame())
        ['ranking', 'kind', 'lift', 'lift_lo', 'lift_hi', 'ratio', 'ratio_lo', 'ratio_hi', 'auc',
        'average_precision', 'brier', 'log_loss', 'slope']
        """
        shown = self.frame.drop(columns="slope_se", errors="ignore")
        return shown.head(0) if self.refusal() else shown

    @property
    def counted(self) -> tuple[int, int, int]:
        """Leavers, stayers, and how many of each are needed to judge a ranking.

        >>> left, stayed, needed = report.counted
        >>> needed
        20
        """
        events = int(self.scored["left"].sum())
        return events, len(self.scored) - events, self.spec.min_events

    @property
    def best_rule(self) -> str:
        """The rule with the highest lift, in hindsight.

        >>> report.best_rule
        'silent_this_month'
        """
        return self.best("rule")

    def difference(self, one: str, other: str, measure: str = "lift") -> tuple[float, Interval]:
        """One ranking's measure minus another's, with the paired bootstrap interval.

        >>> difference, interval = report.difference("logistic", "silent_this_month", "auc")
        >>> interval.level
        0.95

        Args:
            one: Name of a ranking.
            other: Name of the ranking it is compared with.
            measure: ``lift``, ``auc`` or ``average_precision``.

        Returns:
            The difference, and its interval.
        """
        columns = list(self.scored.columns[5:])
        draws = self.draws[:, :, MEASURES.index(measure)]
        lo, hi = percentile_interval(draws[:, columns.index(one)] - draws[:, columns.index(other)])
        return float(self.row(one)[measure] - self.row(other)[measure]), Interval(lo, hi)

    def answer(self) -> Readout:
        """The readout if enough left: lift of the best model, against the rule chosen beforehand.

        >>> print(report.answer().finding)
        Of the customers known for 91 days or more who bought in them, 54.6% bought nothing in the 91 ...
        """
        gap, ci = self.difference(self.best_model, self.spec.baseline)
        values = {
            **self.row(self.best_model),
            "model": ranking_words(self.best_model),
            "baseline": ranking_words(self.spec.baseline),
            "capacity": self.spec.capacity,
            "active": self.spec.active_days,
            "window": self.spec.window_days,
            "left": self.scored["left"].mean(),
            "rule_lift": self.row(self.spec.baseline)["lift"],
            "gap": gap,
            "gap_lo": ci.lo,
            "gap_hi": ci.hi,
            "draws": self.spec.draws,
            "dates": len(self.spec.tests),
            "events": self.counted[0],
            "corrected": Message(f"churn.corrected.{self.corrected[0] if len(self.corrected) == 1 else 'mixed'}"),
        }
        return Readout.of("churn.origins", values, action="better" if ci.lo > 0 else "same")

    def facts(self) -> tuple[Fact, ...]:
        """Lift of the best model, of the rule chosen beforehand, and their ratio.

        >>> {fact.id: fact.unit for fact in report.facts()[:2]}
        {'churn.origins.lift': '', 'churn.origins.lift_rule': ''}
        """
        capacity, refusal = {"capacity": self.spec.capacity}, self.refusal()
        if refusal is not None:
            return (Fact("churn.origins.lift", Message("churn.label.lift", capacity), None, refusal=refusal),)

        def fact(part: str, name: str, column: str) -> Fact:
            row, label = self.row(name), Message(f"churn.label.{part}", capacity)
            ci = Interval(row[f"{column}_lo"], row[f"{column}_hi"])
            n = len(self.scored)
            return Fact(f"churn.origins.{part}", label, row[column], ci=ci, kind="estimate", n=n, better="up")

        best = self.best_model
        return fact("lift", best, "lift"), fact("lift_rule", self.spec.baseline, "lift"), fact("ratio", best, "ratio")
