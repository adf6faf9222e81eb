"""Does the effect last: week by week, the novelty of the launch, and the steady state after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.experiments.core.estimate import Adjust, JointMeans, difference, joint_means
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.messages import Message
from crm_lab.number_format import spaced
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.intervals import normal_interval


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """Effect by week.

    Attributes:
        weeks: Outcome columns in order of time; fewer than three refuse the question.
        launch: Weeks at the start that count as launch, not as steady state.
        adjust: How the pre-period is used.
        level: Confidence level.
        unit: Unit of the outcome.
    """

    weeks: tuple[str, ...]
    launch: int = 4
    adjust: Adjust = "lin"
    level: float = 0.95
    unit: str = ""

    def __post_init__(self) -> None:
        problems = Problems("novelty settings")
        fits = len(self.weeks) < 3 or self.launch < len(self.weeks)
        problems.unless(
            self.launch > 0 and fits,
            f"launch is {self.launch} of {len(self.weeks)} weeks; leave weeks for the steady state.",
        )
        problems.raise_any()

    def analyze(self, experiment: Experiment) -> NoveltyResult:
        """Effect per week, launch against steady state (one test from the weeks' joint covariance)."""
        if len(experiment.arms) != 2:
            raise BadInput(f"The test has {len(experiment.arms)} arms; novelty is read for two. Keep two.")
        if len(self.weeks) < 3:
            return NoveltyResult(self, None, len(experiment.frame), experiment.simulated)
        need_columns(experiment.frame.columns, self.weeks, "The experiment's frame")
        way: Adjust = self.adjust if experiment.covariates else "none"
        moments = experiment.moments([*self.weeks, *experiment.covariates])
        means = joint_means(moments, [(w, None) for w in self.weeks], experiment.covariates, way)
        return NoveltyResult(self, means, len(experiment.frame), experiment.simulated)


@dataclass(frozen=True)
class NoveltyResult(Result):
    """Effect per week, launch and steady state."""

    spec: Novelty
    means: JointMeans | None
    units: int
    simulated: bool

    name: ClassVar[str] = "novelty"
    formats: ClassVar[dict[str, str]] = {"effect": "+,.3f", "low": "+,.3f", "high": "+,.3f", "pvalue": ".4f"}

    def to_frame(self) -> pd.DataFrame:
        """One row per week: effect with its interval."""
        rows = [difference(self._known, j, self.spec.level) for j in range(len(self.spec.weeks))] if self.means else []
        return pd.DataFrame(
            [(j + 1, d.effect, d.lo, d.hi, d.pvalue) for j, d in enumerate(rows)],
            columns=["week", "effect", "low", "high", "pvalue"],
        )

    @property
    def _known(self) -> JointMeans:
        if self.means is None:
            raise BadInput("There is no effect by week: the test has fewer than three weekly columns.")
        return self.means

    def refusal(self) -> Message | None:
        """No weekly outcomes, if so."""
        return None if self.means else Message("experiments.novelty.no_weeks", {"weeks": len(self.spec.weeks)})

    def _average(self, first: int, last: int) -> tuple[np.ndarray, float, float]:
        """Weights, value and SE of the mean effect of the weeks first..last-1."""
        share = 1 / (last - first)
        entries = {(arm, j): sign * share for j in range(first, last) for arm, sign in ((0, -1.0), (1, 1.0))}
        weights = self._known.weights(entries)
        value, variance = self._known.contrast(weights)
        return weights, value, math.sqrt(max(variance, 0.0))

    @property
    def launch(self) -> tuple[float, float]:
        """Mean weekly effect of the launch weeks, and its standard error."""
        return self._average(0, self.spec.launch)[1:]

    @property
    def steady(self) -> tuple[float, float]:
        """Mean weekly effect after them, and its standard error."""
        return self._average(self.spec.launch, len(self.spec.weeks))[1:]

    @property
    def change(self) -> tuple[float, float, float]:
        """Steady less launch: value, standard error, p value."""
        weights = self._average(self.spec.launch, len(self.spec.weeks))[0] - self._average(0, self.spec.launch)[0]
        value, variance = self._known.contrast(weights)
        se = math.sqrt(max(variance, 0.0))
        return value, se, float(2 * stats.norm.sf(abs(value) / se)) if se else math.nan

    def readout(self) -> Readout:
        """Launch against steady state."""
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, "experiments.effect.certainty_refused", "experiments.novelty.action_refused")
        (launch, _), (steady, se), (_, _, p) = self.launch, self.steady, self.change
        ci = normal_interval(steady, se, self.spec.level)
        values = {
            "launch": launch, "steady": steady, "lo": ci.lo, "hi": ci.hi, "unit": spaced(self.spec.unit),
            "weeks": self.spec.launch, "p": p,
        }  # fmt: skip
        fades = p < 1 - self.spec.level and abs(steady) < abs(launch)
        state = "fades" if fades else "grows" if p < 1 - self.spec.level else "lasts"
        said = ("finding", state, f"action_{state}")
        return Readout(*(Message(f"experiments.novelty.{key}", values) for key in said))

    def facts(self) -> tuple[Fact, ...]:
        """Launch and steady-state effect per week."""
        estimate = partial(Fact, kind="simulated" if self.simulated else "estimate")
        if self.means is None:
            return (estimate("novelty.steady", "experiments.fact.steady", None, refusal=self.refusal()),)
        found = {"launch": self.launch, "steady": self.steady}
        return tuple(
            estimate(
                f"novelty.{name}", f"experiments.fact.{name}", value, self.spec.unit,
                ci=normal_interval(value, se, self.spec.level), n=self.units,
            )
            for name, (value, se) in found.items()
        )  # fmt: skip
