"""Regression to the mean: a segment chosen on its past changes without treatment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import pandas as pd

from crm_lab.checks import check_settings, need_columns, not_among, not_inside
from crm_lab.experiments.core.column_words import same_measure
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import mean_of, unknown_outcome
from crm_lab.experiments.effects.effect import mended
from crm_lab.messages import Message
from crm_lab.number_format import spaced
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import z_value


@dataclass(frozen=True, kw_only=True)
class ChosenOnPast:
    """Regression to the mean: before and after of units chosen on their past, beside the same change in control.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> result = ChosenOnPast(outcome="spend", before="before").analyze(test)
    >>> list(result.to_frame()["units"])
    [51.0, 29.0, nan]

    Attributes:
        outcome: Column with the outcome.
        before: The same measured before the start, over a window of equal length; empty refuses the question.
        end: Which units are chosen: the highest (``top``) or lowest (``bottom``) before.
        share: Share of units chosen.
        level: Confidence level.
        unit: Unit of the outcome.
    """

    outcome: str
    before: str
    end: Literal["top", "bottom"] = "top"
    share: float = 0.2
    level: float = 0.95
    unit: str = ""

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "share"), not_among(self, end=("top", "bottom")))

    def analyze(self, experiment: Experiment) -> ChosenOnPastResult:
        """Change of the chosen units in each arm; only the difference between the arms is an effect.

        An arm with fewer than two chosen units refuses the question.

        >>> ChosenOnPast(outcome="spend", before="before", end="bottom").analyze(test).refusal() is None
        True

        Args:
            experiment: A test with two arms.

        Returns:
            Change per arm, and the difference between the arms.
        """
        frame = experiment.frame
        if not self.before:
            return ChosenOnPastResult(self, pd.DataFrame(), experiment.simulated)
        need_columns(frame.columns, [self.outcome, self.before], "The experiment's frame")
        problem = experiment.guards.refused or unknown_outcome(mean_of(self.outcome), experiment)
        if problem is not None:
            return ChosenOnPastResult(self, pd.DataFrame(), experiment.simulated, refused=problem)
        if not same_measure(self.before, self.outcome):
            return ChosenOnPastResult(self, pd.DataFrame(), experiment.simulated, unlike=True)
        place = frame[self.before].rank(pct=True, method="average")
        chosen = frame[place > 1 - self.share] if self.end == "top" else frame[place <= self.share]
        change = (chosen[self.outcome] - chosen[self.before]).groupby(chosen[experiment.arm])
        table = pd.DataFrame({"units": change.size(), "change": change.mean(), "var": change.var() / change.size()})
        table = table.reindex(list(experiment.arms[:2]))
        if table["units"].isna().any() or (table["units"] < 2).any():
            return ChosenOnPastResult(self, pd.DataFrame(), experiment.simulated, too_few=True)
        levels = chosen.groupby(experiment.arm)[[self.before, self.outcome]].mean().reindex(table.index)
        arms = pd.concat([levels.set_axis(["before", "after"], axis=1), table], axis=1)
        return ChosenOnPastResult(self, arms, experiment.simulated)


@dataclass(frozen=True)
class ChosenOnPastResult(Result):
    """Change of the chosen units in control (regression to the mean) and in treatment.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> result = ChosenOnPast(outcome="spend", before="before", unit="USD").analyze(test)

    Attributes:
        spec: What was asked.
        arms: Before, after and change per arm.
        simulated: Whether the effect was planted.
        too_few: Whether an arm has fewer than two chosen units.
        unlike: Whether the past is of another measure than the outcome, so that nothing can be subtracted.
        refused: Why the test has no effect to read, or ``None``.
    """

    spec: ChosenOnPast
    arms: pd.DataFrame
    simulated: bool
    too_few: bool = False
    unlike: bool = False
    refused: Message | None = None

    name: ClassVar[str] = "chosen"
    formats: ClassVar[dict[str, str]] = {
        "before": ",.2f", "after": ",.2f", "change": "+,.2f", "low": "+,.2f", "high": "+,.2f", "units": ",.0f",
    }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """One row per arm and one for the difference: before, after, change with its interval.

        >>> list(result.to_frame())
        ['arm', 'before', 'after', 'units', 'change', 'low', 'high']
        """
        if not len(self.arms):
            return pd.DataFrame(columns=["arm", "before", "after", "units", "change", "low", "high"], dtype=float)
        frame = self.arms.rename_axis("arm").reset_index()
        effect, variance = frame["change"][1] - frame["change"][0], frame["var"].sum()
        difference = {"arm": "difference", "change": effect, "var": variance}
        frame = pd.concat([frame, pd.DataFrame([difference])], ignore_index=True)
        reach = z_value(self.spec.level) * frame["var"] ** 0.5
        return frame.assign(low=frame["change"] - reach, high=frame["change"] + reach).drop(columns="var")

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the arms' difference in words.

        >>> list(result.shown())
        ['arm', 'before', 'after', 'units', 'change', 'low', 'high']
        """
        frame = self.to_frame()
        last = [Message("experiments.chosen.difference").text()] * min(len(frame), 1)
        return frame.assign(arm=[*frame["arm"][:-1], *last])

    def refusal(self) -> Message | None:
        """A sentence if the test has no effect, there is no pre-period or too few are chosen, else ``None``.

        >>> result.refusal() is None
        True
        """
        if len(self.arms):
            return None
        if self.refused is not None:
            return self.refused
        values = {"outcome": self.spec.outcome, "share": self.spec.share, "before": self.spec.before}
        why = "unlike" if self.unlike else "too_few" if self.too_few else "no_past"
        return Message(f"experiments.chosen.{why}", values)

    def readout(self) -> Readout:
        """How the chosen units changed without treatment, and what is left for the treatment.

        >>> print(result.readout().finding)
        The 20% of units that did most before changed by -13.25 USD (-7%) with nothing done, and ...
        """
        refused = self.refusal()
        if refused is not None:
            action = "chosen.action_refused" if self.refused is None else mended(self.refused)
            return Readout(refused, "experiments.effect.certainty_refused", f"experiments.{action}")
        frame = self.to_frame()
        values = {
            "share": self.spec.share, "alone": frame["change"][0], "treated": frame["change"][1],
            "effect": frame["change"][2], "lo": frame["low"][2], "hi": frame["high"][2], "unit": spaced(self.spec.unit),
            "relative": frame["change"][0] / frame["before"][0] if frame["before"][0] else 0.0,
        }  # fmt: skip
        said = (f"finding_{self.spec.end}", "certainty", "action")
        return Readout(*(Message(f"experiments.chosen.{key}", values) for key in said))

    def facts(self) -> tuple[Fact, ...]:
        """Change by itself and the difference between the arms.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'chosen.alone': 'USD', 'chosen.effect': 'USD'}
        """
        estimate = partial(Fact, kind="simulated" if self.simulated else "estimate")
        if not len(self.arms):
            return (estimate("chosen.effect", "experiments.fact.chosen_effect", None, refusal=self.refusal()),)
        alone, _, effect = self.to_frame().to_dict("records")
        return tuple(
            estimate(
                f"chosen.{name}", f"experiments.fact.chosen_{name}", row["change"], self.spec.unit,
                ci=Interval(row["low"], row["high"], self.spec.level), n=int(self.arms["units"].sum()),
            )
            for name, row in (("alone", alone), ("effect", effect))
        )  # fmt: skip
