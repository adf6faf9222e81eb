"""What the treatment changed: each metric's effect with its interval, plain and adjusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.checks import Problems
from crm_lab.experiments.estimate import Adjust, Difference, JointMeans, difference, joint_means
from crm_lab.experiments.experiment import Experiment
from crm_lab.experiments.metrics import Metric, metric_problem, outcome_label
from crm_lab.experiments.wording import effect_readout
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import RatioSet, fieller

Correction = Literal["none", "holm", "fdr_bh"]
_ADJUST = ("none", "cuped", "lin")


@dataclass(frozen=True, slots=True)
class Effect:
    """One metric, one treatment arm, one way of adjusting.

    Attributes:
        metric: The metric.
        arm: The treatment arm.
        adjust: How covariates entered.
        found: Means, difference and interval; ``None`` if refused.
        relative: Confidence set of treatment over control, less one, signed by the control's size.
        rel_effect: The same as one number; nan if the control may be zero.
        p_adjusted: p value after the correction for several metrics.
        refusal: Why there is no effect.
    """

    metric: Metric
    arm: str
    adjust: Adjust
    found: Difference | None
    rel_effect: float = math.nan
    relative: Interval | None = None
    p_adjusted: float = math.nan
    refusal: Message | None = None

    @property
    def not_worse(self) -> bool | None:
        """Whether the interval rules out a loss beyond the metric's margin; ``None`` without a margin."""
        if self.metric.margin is None or self.found is None:
            return None
        if self.metric.better == "down":
            return self.found.hi < self.metric.margin
        return self.found.lo > -self.metric.margin


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Effects of a test on its metrics.

    Attributes:
        metrics: What is measured; the first is the primary one.
        adjust: Ways of using the pre-period, shown side by side; the last one counts.
        level: Confidence level.
        correction: Correction of the p values of the metrics for their number.
    """

    metrics: tuple[Metric, ...]
    adjust: tuple[Adjust, ...] = ("none", "lin")
    level: float = 0.95
    correction: Correction = "none"

    def __post_init__(self) -> None:
        problems = Problems("effect settings")
        problems.unless(self.metrics, "metrics is empty; name at least one.")
        problems.unless(0 < self.level < 1, f"level is {self.level}; it lies between 0 and 1.")
        problems.unless(
            self.adjust and all(a in _ADJUST for a in self.adjust),
            f"adjust is {self.adjust}; it holds some of {', '.join(_ADJUST)}.",
        )
        problems.raise_any()

    def analyze(self, experiment: Experiment) -> EffectTable:
        """Effects of every treatment arm against the control."""
        rows: list[Effect] = []
        good: list[Metric] = []
        for metric in self.metrics:
            refusal = metric_problem(metric, experiment)
            if refusal is None:
                good.append(metric)
            else:
                rows += [Effect(metric, arm, self.adjust[-1], None, refusal=refusal) for arm in experiment.treatments]
        found = {(e.metric, e.arm, e.adjust): e for way in dict.fromkeys(self.adjust) for e in
                 _corrected(self._one_way(good, experiment, way), self.correction)}  # fmt: skip
        rows += found.values()
        order = {metric: i for i, metric in enumerate(self.metrics)}
        rows.sort(key=lambda e: (order[e.metric], e.arm))
        return EffectTable(self, tuple(rows), experiment.counts(), dict(experiment.truth), experiment.caps)

    def _one_way(self, metrics: Sequence[Metric], experiment: Experiment, way: Adjust) -> list[Effect]:
        """Effects of all metrics; those that share covariates are estimated together."""
        columns = [c for metric in metrics for c in metric.columns]
        moments = experiment.moments([*columns, *experiment.covariates]) if metrics else []
        found: list[Effect] = []
        for past in dict.fromkeys(experiment.past_of(metric.columns) for metric in metrics):
            group = [metric for metric in metrics if experiment.past_of(metric.columns) == past]
            used: Adjust = way if past else "none"
            means = joint_means(moments, [(m.column, m.denominator) for m in group], past, used)
            found += self._effects(means, group, experiment, used)
        return found

    def _effects(
        self, means: JointMeans, metrics: Sequence[Metric], experiment: Experiment, way: Adjust
    ) -> list[Effect]:
        found = []
        for j, metric in enumerate(metrics):
            for a, arm in enumerate(experiment.treatments, start=1):
                effect = difference(means, j, self.level, (0, a))
                found.append(Effect(metric, arm, way, effect, *relative_effect(means, j, a, self.level)))
        return found


def relative_effect(means: JointMeans, metric: int, arm: int, level: float) -> tuple[float, Interval | None]:
    """Relative effect (treatment - control) / |control| with Fieller's interval.

    Refused (nan, None) where the control's mean may be zero: there is nothing to be relative to.
    """
    top, bottom = means.weights({(arm, metric): 1.0}), means.weights({(0, metric): 1.0})
    (t, var_t), (c, var_c) = means.contrast(top), means.contrast(bottom)
    ratio: RatioSet = fieller(t, c, var_t, var_c, means.covariance(top, bottom), level)
    if ratio.kind != "bounded":
        return math.nan, None
    if c < 0:
        return 1 - t / c, Interval(1 - ratio.hi, 1 - ratio.lo, level)
    return t / c - 1, Interval(ratio.lo - 1, ratio.hi - 1, level)


def _corrected(effects: list[Effect], correction: Correction) -> list[Effect]:
    """Values of p corrected for the number of comparisons (statsmodels `multipletests`)."""
    pvalues = np.array([e.found.pvalue if e.found else math.nan for e in effects])
    known = np.isfinite(pvalues)
    adjusted = pvalues.copy()
    if correction != "none" and known.any():
        from statsmodels.stats.multitest import multipletests

        adjusted[known] = multipletests(pvalues[known], method=correction)[1]
    return [replace(e, p_adjusted=float(p)) for e, p in zip(effects, adjusted, strict=True)]


@dataclass(frozen=True)
class EffectTable(Result):
    """Effects per metric, arm and way of adjusting."""

    spec: Effects
    effects: tuple[Effect, ...]
    units: dict[str, int]
    truth: dict[str, float]
    caps: Mapping[str, float]

    name: ClassVar[str] = "effect"
    formats: ClassVar[dict[str, str]] = {
        "control": ",.2f",
        "treatment": ",.2f",
        "effect": "+,.2f",
        "low": "+,.2f",
        "high": "+,.2f",
        "rel_effect": "+.1%",
        "rel_low": "+.1%",
        "rel_high": "+.1%",
        "pvalue": ".4f",
        "p_adjusted": ".4f",
    }

    @property
    def headline(self) -> Effect:
        """The primary metric's effect in the way of adjusting that counts."""
        first = [e for e in self.effects if e.metric == self.spec.metrics[0]]
        return first[-1]

    def to_frame(self) -> pd.DataFrame:
        """One row per metric, arm and way of adjusting."""
        return pd.DataFrame([_row(e, self.spec.correction) for e in self.effects])

    def refusal(self) -> Message | None:
        """Why the primary metric has no effect, if so."""
        return self.headline.refusal

    def readout(self) -> Readout:
        """The primary metric's effect, how sure it is, what follows."""
        return effect_readout(self)

    def facts(self) -> tuple[Fact, ...]:
        """One estimate per metric and arm, with the planted truth where there is one."""
        kind: Kind = "simulated" if self.truth else "estimate"
        n = sum(self.units.values())
        facts: list[Fact] = []
        for e in self.effects:
            if e.found is None:
                facts.append(_fact(e, kind, n, None))
            elif e.adjust == self._counts:
                facts.append(_fact(e, kind, n, Interval(e.found.lo, e.found.hi, self.spec.level)))
        for outcome, effect in self.truth.items():
            label = Message("experiments.fact.planted", {"metric": outcome_label(outcome)})
            facts.append(Fact(id=f"effect.{outcome}.planted", label=label, value=effect, kind="simulated", n=n))
        return tuple(facts)

    @property
    def _counts(self) -> Adjust:
        return self.headline.adjust


def _row(e: Effect, correction: Correction) -> dict[str, object]:
    d, r = e.found, e.relative
    row: dict[str, object] = {
        "metric": e.metric.name,
        "arm": e.arm,
        "adjusted": Message(f"experiments.adjust.{e.adjust}").text(),
        "control": d.control if d else math.nan,
        "treatment": d.treatment if d else math.nan,
        "effect": d.effect if d else math.nan,
        "low": d.lo if d else math.nan,
        "high": d.hi if d else math.nan,
        "pvalue": d.pvalue if d else math.nan,
        "rel_effect": e.rel_effect,
        "rel_low": r.lo if r else math.nan,
        "rel_high": r.hi if r else math.nan,
    }
    if correction != "none":
        row["p_adjusted"] = e.p_adjusted
    if e.not_worse is not None:
        row["not_worse"] = e.not_worse
    if e.refusal is not None:
        row["refusal"] = e.refusal.text()
    return row


def _fact(e: Effect, kind: Kind, n: int, ci: Interval | None) -> Fact:
    return Fact(
        id=f"effect.{e.metric.name}.{e.arm}",
        label=Message("experiments.fact.effect", {"metric": e.metric.label}),
        value=e.found.effect if e.found else None,
        unit=e.metric.unit,
        ci=ci,
        kind=kind,
        n=n,
        denominator=Message("experiments.fact.per_unit").text(),
        better=e.metric.better,
        refusal=e.refusal,
    )
