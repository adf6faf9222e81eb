"""Novelty: the effect by week, in the launch and in the steady state after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.experiments.core.adjusted_means import adjusted_means
from crm_lab.experiments.core.estimate import Adjust, JointMeans, difference
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import mean_of, unknown_outcome
from crm_lab.experiments.effects.effect import mended
from crm_lab.messages import Message
from crm_lab.number_format import spaced
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.intervals import normal_interval


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """Effect by week: novelty of the launch against the steady state after it.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.experiments import PlantedTest
    >>> days = {"start": "1997-12-01", "pre_days": 180, "post_days": 182}
    >>> trial = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, **days)
    >>> test = trial.open(open_workspace("cdnow_sample").at("1998-06-30"))
    >>> from crm_lab.experiments import week_columns
    >>> result = Novelty(weeks=week_columns(test), launch=4).analyze(test)
    >>> len(result.to_frame())
    26

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
        """Effect per week, launch against steady state (one test from the weeks' joint covariance).

        >>> Novelty(weeks=week_columns(test), launch=8, adjust="none").analyze(test).spec.launch
        8

        Args:
            experiment: A test with outcomes by week.

        Returns:
            Effect per week, and steady state minus launch (one test from the weeks' joint covariance).
        """
        if len(experiment.arms) != 2:
            raise BadInput(f"The test has {len(experiment.arms)} arms; novelty is read for two. Keep two.")
        if len(self.weeks) < 3:
            return NoveltyResult(self, None, len(experiment.frame), experiment.simulated)
        need_columns(experiment.frame.columns, self.weeks, "The experiment's frame")
        problem = self._problem(experiment)
        if problem is not None:
            return NoveltyResult(self, None, len(experiment.frame), experiment.simulated, problem)
        rows = experiment.as_assigned()
        means = adjusted_means(rows, [rows.mean(w) for w in self.weeks], rows.past_of(self.weeks), self.adjust)
        return NoveltyResult(self, means, len(experiment.frame), experiment.simulated)

    def _problem(self, experiment: Experiment) -> Message | None:
        """Why the weeks have no effect: what refuses the test, or a week with gaps; a week of few buyers is read."""
        gaps = (unknown_outcome(mean_of(week), experiment) for week in self.weeks)
        return experiment.guards.refused or next((gap for gap in gaps if gap is not None), None)


@dataclass(frozen=True)
class NoveltyResult(Result):
    """Effect per week, in launch and steady state.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.experiments import PlantedTest
    >>> days = {"start": "1997-12-01", "pre_days": 180, "post_days": 182}
    >>> trial = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, **days)
    >>> test = trial.open(open_workspace("cdnow_sample").at("1998-06-30"))
    >>> from crm_lab.experiments import week_columns
    >>> result = Novelty(weeks=week_columns(test), launch=4, unit="USD").analyze(test)

    Attributes:
        spec: What was asked.
        means: Mean of each week and arm with their covariance, or ``None``.
        units: Units in all.
        simulated: Whether the effect was planted.
        refused: Why the test has no effect to read, or ``None``.
    """

    spec: Novelty
    means: JointMeans | None
    units: int
    simulated: bool
    refused: Message | None = None

    name: ClassVar[str] = "novelty"
    formats: ClassVar[dict[str, str]] = {"effect": "+,.3f", "low": "+,.3f", "high": "+,.3f", "pvalue": ".3g"}

    def to_frame(self) -> pd.DataFrame:
        """One row per week: effect with its interval.

        >>> list(result.to_frame())
        ['week', 'effect', 'low', 'high', 'pvalue']
        """
        rows = [difference(self._known, j, self.spec.level) for j in range(len(self.spec.weeks))] if self.means else []
        return pd.DataFrame(
            [(j + 1, d.effect, d.lo, d.hi, d.pvalue) for j, d in enumerate(rows)],
            columns=["week", "effect", "low", "high", "pvalue"],
        )

    @property
    def _known(self) -> JointMeans:
        if self.means is None:
            raise BadInput(f"There is no effect by week: {self.refusal()}")
        return self.means

    def refusal(self) -> Message | None:
        """A sentence if the test has no effect or too few weekly outcomes, else ``None``.

        >>> result.refusal() is None
        True
        """
        if self.refused is not None:
            return Message("experiments.novelty.refused", {"why": self.refused})
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
        """Mean weekly effect of the launch weeks, in the outcome's unit, and its standard error.

        >>> effect, se = result.launch
        >>> se > 0
        True
        """
        return self._average(0, self.spec.launch)[1:]

    @property
    def steady(self) -> tuple[float, float]:
        """Mean weekly effect after the launch weeks, in the outcome's unit, and its standard error.

        >>> effect, se = result.steady
        >>> se > 0
        True
        """
        return self._average(self.spec.launch, len(self.spec.weeks))[1:]

    @property
    def change(self) -> tuple[float, float, float]:
        """Steady state minus launch: value, standard error, p value.

        >>> value, se, pvalue = result.change
        >>> 0 <= pvalue <= 1
        True
        """
        weights = self._average(self.spec.launch, len(self.spec.weeks))[0] - self._average(0, self.spec.launch)[0]
        value, variance = self._known.contrast(weights)
        se = math.sqrt(max(variance, 0.0))
        return value, se, float(2 * stats.norm.sf(abs(value) / se)) if se else math.nan

    def readout(self) -> Readout:
        """Launch against steady state.

        >>> print(result.readout().finding)
        The effect is -0.20 USD a week per unit in the first 4 weeks and +0.23 after them (+0.05 ...
        """
        refused = self.refusal()
        if refused is not None:
            action = "novelty.action_refused" if self.refused is None else mended(self.refused)
            return Readout(refused, "experiments.effect.certainty_refused", f"experiments.{action}")
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
        """Launch and steady-state effect per week.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'novelty.launch': 'USD', 'novelty.steady': 'USD'}
        """
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
