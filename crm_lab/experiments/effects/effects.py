"""Treatment effects of each metric with intervals, plain and adjusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pandas as pd

from crm_lab.checks import check_settings, not_among, not_inside
from crm_lab.experiments.core.adjusted_means import adjusted_means
from crm_lab.experiments.core.estimate import Adjust, Difference, JointMeans, difference
from crm_lab.experiments.core.experiment import Experiment, need_experiment
from crm_lab.experiments.core.outcome_metrics import Metric, metric_problem, metrics_of, outcome_label
from crm_lab.experiments.core.small_samples import Pair, exact_share, few_events, permuted
from crm_lab.experiments.effects.effect import (
    Correction,
    Effect,
    corrected,
    effect_fact,
    effect_row,
    in_words,
    mended,
    relative_effect,
    what_follows,
)
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.number_format import spaced
from crm_lab.results import Fact, Kind, Readout, Result

_ADJUST = ("none", "cuped", "lin")


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Treatment effects of a test on its metrics, plain and adjusted for the pre-period.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> from crm_lab.experiments import mean_of
    >>> result = Effects(metrics=(mean_of("spend"),)).analyze(test)
    >>> result.to_frame()[["adjusted", "rel_effect"]].round(3).to_numpy().tolist()
    [['none', -0.03], ['lin', 0.174]]

    Attributes:
        metrics: What is measured, the primary one first: metrics (`mean_of`, `share_of`, `ratio_of`) or names of
            columns. A name stands for the mean, or for the share where the column holds 0 and 1 only;
            ``"spend / orders"`` for a ratio of totals.
        adjust: Ways of using the pre-period, shown side by side (``none``, ``cuped``, ``lin``); the last one counts.
        level: Confidence level.
        correction: Correction of the p values of the metrics for their number.

    Source:
        Deng, Xu, Kohavi & Walker (2013) for CUPED; Lin (2013), Agnostic notes on regression adjustments.
    """

    metrics: Sequence[Metric | str] | str = field(kw_only=False)
    adjust: tuple[Adjust, ...] = ("none", "lin")
    level: float = 0.95
    correction: Correction = "none"

    def __post_init__(self) -> None:
        if isinstance(self.adjust, str):
            object.__setattr__(self, "adjust", (self.adjust,))
        check_settings(
            self,
            not_inside(self, "level"),
            not_among(self, adjust=_ADJUST),
            metrics=not self.metrics and "name at least one",
        )

    def analyze(self, experiment: Experiment) -> EffectsResult:
        """Effects of every treatment arm against the control.

        >>> Effects(metrics=(mean_of("spend"),), adjust=("cuped",), level=0.9).analyze(test).headline.adjust
        'cuped'

        Args:
            experiment: Units with their arm, outcomes and covariates.

        Returns:
            One effect per metric, treatment arm and way of adjusting.
        """
        need_experiment(experiment, "Effects")
        rows: list[Effect] = []
        good: list[Metric] = []
        metrics = metrics_of(self.metrics, experiment.frame, "The experiment")
        for metric in metrics:
            refusal = metric_problem(metric, experiment)
            if refusal is None:
                good.append(metric)
            else:
                rows += [Effect(metric, arm, self.adjust[-1], None, refusal=refusal) for arm in experiment.treatments]
        rows_assigned = experiment.as_assigned()
        found = {(e.metric, e.arm, e.adjust): e for way in dict.fromkeys(self.adjust) for e in
                 corrected(self._one_way(good, rows_assigned, way), self.correction)}  # fmt: skip
        rows += found.values()
        order = {metric: i for i, metric in enumerate(metrics)}
        rows.sort(key=lambda e: (order[e.metric], e.arm))
        return EffectsResult(
            replace(self, metrics=metrics), tuple(rows), experiment.counts(), dict(experiment.truth), experiment.caps
        )

    def _one_way(self, metrics: Sequence[Metric], experiment: Experiment, way: Adjust) -> list[Effect]:
        """Effects of all metrics; those that share covariates are estimated together."""
        found: list[Effect] = []
        for past in dict.fromkeys(experiment.past_of(metric.columns) for metric in metrics):
            group = [metric for metric in metrics if experiment.past_of(metric.columns) == past]
            used: Adjust = way if past else "none"
            means = adjusted_means(experiment, [_column(m, experiment) for m in group], past, used)
            found += self._effects(means, group, experiment, used)
        return found

    def _effects(
        self, means: JointMeans, metrics: Sequence[Metric], experiment: Experiment, way: Adjust
    ) -> list[Effect]:
        found = []
        for a, arm in enumerate(experiment.treatments, start=1):
            pair = Pair.of(experiment, arm)
            for j, metric in enumerate(metrics):
                normal = difference(means, j, self.level, (0, a))
                effect = self._read(pair, normal, metric, way)
                small = effect.method != "normal"
                relative = (math.nan, None) if small else relative_effect(means, j, a, self.level)
                found.append(Effect(metric, arm, way, effect, *relative))
        return found

    def _read(self, pair: Pair, normal: Difference, metric: Metric, way: Adjust) -> Difference:
        """The effect as its size and tails allow: normal theory, exact, or by permutation."""
        mean = _column(metric, pair.experiment)
        column, denominator = mean
        if metric.kind == "share" and denominator is None:
            return exact_share(pair, normal, column, self.level) if few_events(pair, column) else normal
        if pair.normal_holds(pair.values(column)):
            return normal
        past = () if way == "none" else pair.experiment.past_of(metric.columns)
        return permuted(pair, normal, mean, past, self.level)


def _column(metric: Metric, experiment: Experiment) -> tuple[str, str | None]:
    """What a metric averages: a ratio has its own denominator, a mean that of the rows."""
    return (metric.column, metric.denominator) if metric.denominator else experiment.mean(metric.column)


@dataclass(frozen=True)
class EffectsResult(Result):
    """Treatment effects per metric, arm and way of adjusting.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> from crm_lab.experiments import mean_of
    >>> result = Effects(metrics=(mean_of("spend", unit="USD"),)).analyze(test)

    Attributes:
        spec: What was asked.
        effects: One per metric, arm and way of adjusting.
        units: Units per arm.
        truth: Planted effect per outcome, if there is one.
        caps: Outcome to the cap at which it was winsorised.
    """

    spec: Effects
    effects: tuple[Effect, ...]
    units: dict[str, int]
    truth: dict[str, float]
    caps: Mapping[str, float]

    name: ClassVar[str] = "effect"
    words: ClassVar[dict[str, str]] = {"adjusted": "experiments.adjust."}
    formats: ClassVar[dict[str, str]] = {
        "control": ",.2f",
        "treatment": ",.2f",
        "effect": "+,.2f",
        "low": "+,.2f",
        "high": "+,.2f",
        "rel_effect": "+.1%",
        "rel_low": "+.1%",
        "rel_high": "+.1%",
        "pvalue": ".3g",
        "p_adjusted": ".3g",
    }

    @property
    def headline(self) -> Effect:
        """The primary metric's effect, adjusted in the last way of `adjust`.

        >>> round(result.headline.rel_effect, 3)
        0.174
        """
        first = [e for e in self.effects if e.metric == self.spec.metrics[0]]
        return first[-1]

    def to_frame(self) -> pd.DataFrame:
        """One row per metric, arm and way of adjusting: means, effect with its interval, relative effect, p value.

        >>> list(result.to_frame())
        ['metric', 'arm', 'adjusted', 'control', 'treatment', 'effect', 'low', 'high', 'pvalue',
        'rel_effect', 'rel_low', 'rel_high']
        """
        return pd.DataFrame([effect_row(e, self.spec.correction) for e in self.effects])

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the ways of adjusting and the reasons of refusals in words.

        >>> list(result.shown())
        ['metric', 'arm', 'adjusted', 'control', 'treatment', 'effect', 'low', 'high', 'pvalue',
        'rel_effect', 'rel_low', 'rel_high']
        """
        frame = super().shown()
        if "refusal" in frame:
            frame["refusal"] = [e.refusal.text() if e.refusal else math.nan for e in self.effects]
        return frame

    def refusal(self) -> Message | None:
        """A sentence if the primary metric has no effect to report, else ``None``.

        >>> result.refusal() is None
        True
        """
        return self.headline.refusal

    def readout(self) -> Readout:
        """The primary metric's effect, how precise it is, what follows.

        >>> print(result.readout().finding)
        Mean spend is 108.03 USD in treated units against 92.01 in control: an effect of +16.02 ...
        """
        return _readout(self)

    def facts(self) -> tuple[Fact, ...]:
        """One estimate per metric and arm, with the planted truth where there is one.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'effect.spend.treatment': 'USD'}
        """
        kind: Kind = "simulated" if self.truth else "estimate"
        n, level = sum(self.units.values()), self.spec.level
        counted = [e for e in self.effects if e.found is None or e.adjust == self.headline.adjust]
        planted = (
            Fact(f"effect.{id_part(outcome)}.planted", _planted(outcome), effect, kind="simulated", n=n)
            for outcome, effect in self.truth.items()
        )
        return (*(effect_fact(e, kind, n, level) for e in counted), *planted)


def _planted(outcome: str) -> Message:
    return Message("experiments.fact.planted", {"metric": outcome_label(outcome)})


def _readout(table: EffectsResult) -> Readout:
    """Finding, certainty and action of the primary metric."""
    e = table.headline
    if e.found is None:
        refused = e.refusal or Message("experiments.effect.action_refused")
        return Readout(refused, "experiments.effect.certainty_refused", f"experiments.{mended(refused)}")
    d = e.found
    values = {
        "metric": e.metric.label, "unit": spaced(e.metric.unit), "control": d.control, "treatment": d.treatment,
        "effect": d.effect, "lo": d.lo, "hi": d.hi, "level": table.spec.level,
        "relative": in_words(e), "effect_points": 100 * d.effect, "lo_points": 100 * d.lo, "hi_points": 100 * d.hi,
    }  # fmt: skip
    finding = Message(f"experiments.effect.finding{'_share' if e.metric.kind == 'share' else ''}", values)
    return Readout(finding, _certainty(table, e), what_follows(e))


def _certainty(table: EffectsResult, e: Effect) -> Message:
    found = e.found
    plain = next(
        (x.found for x in table.effects if x.metric == e.metric and x.arm == e.arm and x.adjust == "none"), None
    )
    cap = table.caps.get(e.metric.column)
    capped = "" if cap is None else Message("experiments.effect.capped", {"cap": cap})
    said = {"p": math.nan if found is None else found.pvalue, "capped": capped}
    if found is not None and found.method != "normal":
        return Message(f"experiments.effect.certainty_{found.method}", said)
    if found is None or plain is None or e.adjust == "none" or plain.se == 0:
        return Message("experiments.effect.certainty_plain", said)
    narrower = 1 - found.se / plain.se
    if narrower < 0.01:
        return Message("experiments.effect.certainty_no_gain", said)
    # units the plain analysis would need for the same interval
    return Message(
        "experiments.effect.certainty_adjusted", {**said, "narrower": narrower, "factor": (plain.se / found.se) ** 2}
    )
