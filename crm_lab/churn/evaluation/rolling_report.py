"""What rolling origins found: how rankings do at dates they could not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.churn.evaluation.model_comparison import ranking_words
from crm_lab.churn.models.recalibration import Method
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats import ranking

MEASURES = ("lift", "auc", "average_precision")


class Judged(Protocol):
    """What the report needs of the settings it was made with."""

    @property
    def tests(self) -> tuple[str, ...]:
        """Dates of judgement."""
        ...

    @property
    def capacity(self) -> float:
        """Share of customers on each list."""
        ...

    @property
    def baseline(self) -> str:
        """The rule the others are held against."""
        ...

    @property
    def draws(self) -> int:
        """Bootstrap resamples."""
        ...

    @property
    def min_events(self) -> int:
        """Fewest leavers and stayers to judge anything."""
        ...


@dataclass(frozen=True)
class OriginsReport(Result):
    """How rankings do at dates they could not know.

    Attributes:
        frame: ranking, kind, lift at capacity with interval, ratio to the baseline's lift (paired), auc,
            average_precision; of models Brier score, log loss and calibration slope. Lists are made at each date, then
            pooled.
        spec: What was asked.
        scored: customer_id, origin, left, recency_days, value (revenue of the last 91 days), and each ranking's score.
        draws: (B, rankings, measures) bootstrap draws, rankings in the order models, rules.
        corrected: How the chances were corrected at the dates, each way that occurred.
    """

    name: ClassVar[str] = "churn_origins"
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("lift", "lift_lo", "lift_hi", "ratio", "ratio_lo", "ratio_hi", "slope"), ".2f"),
        **dict.fromkeys(("auc", "average_precision", "brier", "log_loss"), ".3f"),
    }
    frame: pd.DataFrame
    spec: Judged
    scored: pd.DataFrame
    draws: NDArray[np.float64]
    corrected: tuple[Method, ...] = ("none",)

    def to_frame(self) -> pd.DataFrame:
        """The best lift first; no rows where there are too few leavers to judge."""
        shown = self.frame.drop(columns="slope_se", errors="ignore")
        return shown.head(0) if self.refusal() else shown

    def refusal(self) -> Message | None:
        """Too few who left, or who stayed, over all test dates."""
        events = int(self.scored["left"].sum())
        stayers = len(self.scored) - events
        if min(events, stayers) >= self.spec.min_events:
            return None
        return Message("churn.compare.refusal", {"events": events, "stayers": stayers, "least": self.spec.min_events})

    def row(self, ranking: str) -> pd.Series:
        """The row of one ranking."""
        return self.frame[self.frame["ranking"] == ranking].iloc[0]

    @property
    def best_model(self) -> str:
        """The model with the greatest lift."""
        return str(self.frame.loc[self.frame["kind"] == "model", "ranking"].iloc[0])

    @property
    def best_rule(self) -> str:
        """The rule with the greatest lift."""
        return str(self.frame.loc[self.frame["kind"] == "rule", "ranking"].iloc[0])

    def difference(self, one: str, other: str, measure: str = "lift") -> tuple[float, Interval]:
        """One ranking's measure minus another's, with the paired bootstrap interval."""
        columns = list(self.scored.columns[5:])
        draws = self.draws[:, :, MEASURES.index(measure)]
        lo, hi = ranking.percentile_interval(draws[:, columns.index(one)] - draws[:, columns.index(other)])
        return float(self.row(one)[measure] - self.row(other)[measure]), Interval(lo, hi)

    def readout(self) -> Readout:
        """Lift of the best model, against the baseline and against the best rule."""
        refusal = self.refusal()
        if refusal is not None:
            return Readout(refusal, "churn.compare.refused_certainty", "churn.compare.refused_action")
        best, rule = self.row(self.best_model), self.row(self.best_rule)
        gap, ci = self.difference(self.best_model, self.best_rule)
        numbers = {
            "model": ranking_words(self.best_model),
            "rule": ranking_words(self.best_rule),
            "baseline": ranking_words(self.spec.baseline),
            "capacity": self.spec.capacity,
            "left": float(self.scored["left"].mean()),
            **{k: float(best[k]) for k in ("lift", "lift_lo", "lift_hi", "ratio", "ratio_lo", "ratio_hi")},
            "rule_lift": float(rule["lift"]),
            "gap": gap,
            "gap_lo": ci.lo,
            "gap_hi": ci.hi,
        }
        return Readout(
            Message("churn.origins.finding", numbers),
            Message(
                "churn.origins.certainty",
                {
                    "draws": self.spec.draws,
                    "dates": len(self.spec.tests),
                    "events": int(self.scored["left"].sum()),
                    "corrected": Message(
                        f"churn.corrected.{self.corrected[0] if len(self.corrected) == 1 else 'mixed'}"
                    ),
                },
            ),
            Message("churn.origins.better" if ci.lo > 0 else "churn.origins.same", numbers),
        )

    def facts(self) -> tuple[Fact, ...]:
        """Lift of the best model, of the best rule, and the ratio to the baseline."""
        n = len(self.scored)
        refusal = self.refusal()
        if refusal is not None:
            label = Message("churn.label.lift", {"capacity": self.spec.capacity})
            return (Fact("churn.origins.lift", label, None, refusal=refusal),)

        def fact(part: str, row: pd.Series, column: str, label: Message) -> Fact:
            ci = Interval(float(row[f"{column}_lo"]), float(row[f"{column}_hi"]))
            return Fact(f"churn.origins.{part}", label, float(row[column]), ci=ci, kind="estimate", n=n, better="up")

        best, rule = self.row(self.best_model), self.row(self.best_rule)
        capacity = {"capacity": self.spec.capacity}
        return (
            fact("lift", best, "lift", Message("churn.label.lift", capacity)),
            fact("lift_rule", rule, "lift", Message("churn.label.lift_rule", capacity)),
            fact("ratio", best, "ratio", Message("churn.label.ratio")),
        )
