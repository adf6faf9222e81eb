"""Whether units respond differently at all: the first question, before anybody is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import pandas as pd

from crm_lab.experiments.core.outcome_metrics import arm_label
from crm_lab.experiments.uplift.heterogeneity import LinearPredictor
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result
from crm_lab.stats.intervals import z_value


@dataclass(frozen=True, eq=False)
class EffectDifferencesResult(Result):
    """Mean effect of each treatment, how far predicted effects come true, and whether units differ.

    Attributes:
        arms: The treatments.
        predictors: Mean effect and slope on the predicted effect, one a treatment.
        pvalues: P value of no difference between units, one a treatment, corrected for their number.
        units: Units of the test.
        learner: The learner that was named beforehand.
        level: Confidence level.
        simulated: Whether the effect was planted.
        refused: Why nothing can be said, or ``None``.
        left_out: Why columns were not learned from.
    """

    arms: tuple[str, ...]
    predictors: tuple[LinearPredictor, ...]
    pvalues: tuple[float, ...]
    units: int
    learner: str
    level: float = 0.95
    simulated: bool = False
    refused: Message | None = None
    left_out: tuple[Message, ...] = ()

    name: ClassVar[str] = "uplift_differences"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("mean_effect", "mean_effect_lo", "mean_effect_hi"), "+.3g"),
        **dict.fromkeys(("slope", "slope_lo", "slope_hi"), "+.2f"),
        "pvalue": ".3g",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row a treatment: mean effect and slope with their intervals, p value of no difference."""
        z = z_value(self.level)
        rows = [
            (arm, p.effect, p.effect - z * p.effect_se, p.effect + z * p.effect_se,
             p.slope, p.slope - z * p.slope_se, p.slope + z * p.slope_se, found)
            for arm, p, found in zip(self.arms, self.predictors, self.pvalues, strict=True)
        ]  # fmt: skip
        effect = ["mean_effect", "mean_effect_lo", "mean_effect_hi"]
        return pd.DataFrame(rows, columns=["arm", *effect, "slope", "slope_lo", "slope_hi", "pvalue"])

    @property
    def differ(self) -> bool:
        """Whether units are shown to respond differently to any treatment."""
        return min(self.pvalues, default=1.0) <= 1 - self.level

    def refusal(self) -> Message | None:
        """Why nothing can be said, or ``None``."""
        return self.refused

    def readout(self) -> Readout:
        """Whether units differ, how that was asked, and what follows."""
        if self.refused is not None:
            return Readout(self.refused, "experiments.effect.certainty_refused", "experiments.uplift.action_refused")
        best = min(range(len(self.arms)), key=self.pvalues.__getitem__)
        found = self.predictors[best]
        z = z_value(self.level)
        values = {
            "n": self.units, "arm": arm_label(self.arms[best]), "p": self.pvalues[best], "effect": found.effect,
            "lo": found.effect - z * found.effect_se, "hi": found.effect + z * found.effect_se,
            "slope": found.slope, "slope_lo": found.slope - z * found.slope_se,
            "slope_hi": found.slope + z * found.slope_se, "alpha": 1 - self.level, "level": self.level,
            "learner": Message(f"experiments.uplift.learner.{self.learner}"),
        }  # fmt: skip
        said = "differ" if self.differ else "alike"
        certainty = Message("experiments.uplift.differences.certainty", values)
        for reason in self.left_out:
            certainty = Message("experiments.soundness.two", {"first": certainty, "second": reason})
        return Readout.of("experiments.uplift.differences", values, said, certainty, f"action_{said}")

    def facts(self) -> tuple[Fact, ...]:
        """Mean effect and slope of each treatment."""
        if self.refused is not None:
            label = Message("experiments.uplift.differences.fact_none")
            return (Fact("differences", label, None, n=self.units, refusal=self.refused),)
        kind: Kind = "simulated" if self.simulated else "estimate"
        parts = [
            facts_of(
                self.to_frame(), f"differences.{{arm}}.{column}", partial(_label, column), column,
                ends=(f"{column}_lo", f"{column}_hi"), level=self.level, n=self.units, kind=kind,
            )
            for column in ("mean_effect", "slope")
        ]  # fmt: skip
        return tuple(fact for part in parts for fact in part)


def _label(column: str, row: Mapping[str, Any]) -> Message:
    return Message(f"experiments.uplift.differences.fact_{column}", {"arm": arm_label(str(row["arm"]))})
