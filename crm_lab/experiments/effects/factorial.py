"""Several levers, each on or off by lot: what each contributes to the whole, and whether they help each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, Problems, not_inside
from crm_lab.experiments.core.adjusted_means import adjusted_means
from crm_lab.experiments.core.estimate import JointMeans
from crm_lab.experiments.core.experiment import Experiment, need_experiment
from crm_lab.experiments.core.outcome_metrics import Metric, metric_problem, metrics_of
from crm_lab.experiments.core.small_samples import Pair
from crm_lab.experiments.effects.effect import mended
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.number_format import spaced
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import fieller, normal_interval

_MOST = 4  # levers: sixteen arms


@dataclass(frozen=True, kw_only=True)
class Factorial:
    """Shares of an uplift due to each lever of a factorial test, by Shapley's rule.

    A lever's share is its mean contribution over all orders in which the levers could be switched on; the shares add
    up to the whole. With two levers, and arms of equal size, it is the main effect.

    >>> import numpy as np
    >>> rng = np.random.default_rng(2)
    >>> frame = pd.DataFrame({"arm": ["control", "birthday", "care", "both"] * 1_000})
    >>> lift = frame["arm"].map({"control": 0, "birthday": 3, "care": 5, "both": 8})
    >>> test = Experiment.from_frame(frame.assign(spend=rng.gamma(9, 4, 4_000) + lift), arm="arm", outcomes=["spend"])
    >>> levers = {"birthday": ("birthday", "both"), "care": ("care", "both")}
    >>> result = Factorial(metric="spend", levers=levers).analyze(test)
    >>> result.to_frame()["lever"].tolist()
    ['birthday', 'care']

    Attributes:
        metric: What is measured: a metric that is no ratio, or the name of a column.
        levers: Lever to the arms in which it was on; each combination is one arm, the control that of none.
        level: Confidence level.

    Source:
        Shapley (1953), A value for n-person games; Fieller (1954) for the shares.
    """

    metric: Metric | str
    levers: Mapping[str, Sequence[str]]
    level: float = 0.95

    def __post_init__(self) -> None:
        problems = Problems("factorial settings")
        problems.extend(not_inside(self, "level"))
        problems.unless(2 <= len(self.levers) <= _MOST, f"{len(self.levers)} levers are named; 2 to {_MOST} are read.")
        problems.raise_any()

    def analyze(self, experiment: Experiment) -> FactorialResult:
        """What each lever contributes, and how much more or less all bring together than each by itself.

        >>> round(sum(Factorial(metric="spend", levers=levers).analyze(test).to_frame()["share"]), 9)
        1.0

        Args:
            experiment: A test with one arm for each combination of the levers.

        Returns:
            Contributions with intervals, shares, and the interaction.

        Raises:
            BadInput: If a combination of the levers has no arm, or more than one.
        """
        need_experiment(experiment, "Factorial")
        (metric,) = metrics_of([self.metric], experiment.frame, "The experiment")
        cells = self._cells(experiment)
        result = partial(FactorialResult, self, metric, len(experiment.frame), experiment.simulated)
        refused = metric_problem(metric, experiment)
        rows = experiment.as_assigned()
        pairs = [] if refused else [Pair.of(rows, arm) for arm in rows.treatments]
        if not all(pair.normal_holds(pair.values(metric.column)) for pair in pairs):
            refused = Message("experiments.factorial.small")
        if refused is not None:
            return result(refused=refused)
        past = rows.past_of(metric.columns)
        means = adjusted_means(rows, [rows.mean(metric.column)], past, "lin" if past else "none")
        at = {combination: rows.arms.index(arm) for combination, arm in cells.items()}
        return result(means=means, cells=at)

    def _cells(self, experiment: Experiment) -> dict[frozenset[str], str]:
        """Combination of levers -> its arm."""
        problems = Problems(Message("experiments.factorial.levers").text())
        unknown = sorted({arm for arms in self.levers.values() for arm in arms} - set(experiment.arms))
        said = {"unknown": ", ".join(unknown), "arms": ", ".join(experiment.arms)}
        problems.unless(not unknown, Message("experiments.factorial.no_arm", said).text())
        found: dict[frozenset[str], str] = {}
        for arm in experiment.arms:
            on = frozenset(lever for lever, arms in self.levers.items() if arm in arms)
            same = {"first": str(found.get(on)), "second": arm}
            problems.unless(on not in found, Message("experiments.factorial.same_levers", same).text())
            found[on] = arm
        for together in _subsets(tuple(self.levers)):
            lacking = Message("experiments.factorial.no_cell" if together else "experiments.factorial.no_empty_cell",
                              {"levers": " + ".join(together)})  # fmt: skip
            problems.unless(frozenset(together) in found, lacking.text())
        problems.raise_any()
        return found


def _subsets(levers: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(levers) + 1):
        yield from combinations(levers, size)


def shapley_weights(levers: Sequence[str], lever: str) -> dict[frozenset[str], float]:
    """How much each combination's mean counts in a lever's contribution.

    >>> {"+".join(sorted(on)): w for on, w in shapley_weights(("a", "b"), "a").items()}
    {'a': 0.5, '': -0.5, 'a+b': 0.5, 'b': -0.5}

    Args:
        levers: All levers.
        lever: One of them.

    Returns:
        Combination to its weight; they add up to 0.
    """
    others = [name for name in levers if name != lever]
    weights: dict[frozenset[str], float] = {}
    for on in _subsets(others):
        share = math.factorial(len(on)) * math.factorial(len(others) - len(on)) / math.factorial(len(levers))
        weights[frozenset([*on, lever])] = share
        weights[frozenset(on)] = -share
    return weights


@dataclass(frozen=True)
class FactorialResult(Result):
    """Contributions of the levers of a factorial test.

    >>> import numpy as np
    >>> rng = np.random.default_rng(2)
    >>> frame = pd.DataFrame({"arm": ["control", "birthday", "care", "both"] * 1_000})
    >>> lift = frame["arm"].map({"control": 0, "birthday": 3, "care": 5, "both": 8})
    >>> test = Experiment.from_frame(frame.assign(spend=rng.gamma(9, 4, 4_000) + lift), arm="arm", outcomes=["spend"])
    >>> levers = {"birthday": ("birthday", "both"), "care": ("care", "both")}
    >>> result = Factorial(metric="spend", levers=levers).analyze(test)

    Attributes:
        spec: What was asked.
        metric: The metric.
        units: Units in all.
        simulated: Whether the effect was planted.
        means: Mean of each arm with their covariance, or ``None``.
        cells: Combination of levers to the place of its arm.
        refused: Why there is nothing to split, or ``None``.
    """

    spec: Factorial
    metric: Metric
    units: int
    simulated: bool
    means: JointMeans | None = None
    cells: Mapping[frozenset[str], int] | None = None
    refused: Message | None = None

    name: ClassVar[str] = "factorial"
    formats: ClassVar[dict[str, str]] = {
        "effect": "+,.3f", "low": "+,.3f", "high": "+,.3f", "share": ".0%", "share_low": ".0%", "share_high": ".0%",
    }  # fmt: skip

    def _weights(self, weights: Mapping[frozenset[str], float]) -> Floats:
        if self.means is None or self.cells is None:
            raise BadInput(f"There is nothing to split: {self.refused}")
        return self.means.weights({(self.cells[on], 0): w for on, w in weights.items()})

    def _contrast(self, weights: Floats) -> tuple[float, float]:
        if self.means is None:
            raise BadInput(f"There is nothing to split: {self.refused}")
        value, variance = self.means.contrast(weights)
        return value, math.sqrt(max(variance, 0.0))

    def _whole(self) -> Floats:
        return self._weights({frozenset(self.spec.levers): 1.0, frozenset(): -1.0})

    @property
    def whole(self) -> tuple[float, Interval]:
        """The uplift of all levers together with its interval.

        >>> result.whole[1].lo < 8 < result.whole[1].hi
        True
        """
        value, se = self._contrast(self._whole())
        return value, normal_interval(value, se, self.spec.level)

    @property
    def interaction(self) -> tuple[float, Interval, float]:
        """All together less each by itself: above 0 where levers help each other; interval and p value.

        >>> result.interaction[2] > 0.05
        True
        """
        alone = {frozenset([lever]): -1.0 for lever in self.spec.levers}
        weights = {frozenset(self.spec.levers): 1.0, **alone, frozenset(): len(alone) - 1.0}
        value, se = self._contrast(self._weights(weights))
        pvalue = float(2 * stats.norm.sf(abs(value) / se)) if se else 1.0
        return value, normal_interval(value, se, self.spec.level), pvalue

    def to_frame(self) -> pd.DataFrame:
        """One row a lever: contribution, and share of the whole, with intervals; no share where the whole may be 0.

        >>> list(result.to_frame())
        ['lever', 'effect', 'low', 'high', 'share', 'share_low', 'share_high']
        """
        columns = ["lever", "effect", "low", "high", "share", "share_low", "share_high"]
        if self.means is None:
            return pd.DataFrame(columns=columns)
        whole, level, rows = self._whole(), self.spec.level, []
        total, total_se = self._contrast(whole)
        for lever in self.spec.levers:
            weights = self._weights(shapley_weights(tuple(self.spec.levers), lever))
            value, se = self._contrast(weights)
            ends = normal_interval(value, se, level)
            span = fieller(value, total, se**2, total_se**2, self.means.covariance(weights, whole), level).interval()
            share = (value / total, span.lo, span.hi) if span else (math.nan,) * 3
            rows.append((lever, value, ends.lo, ends.hi, *share))
        return pd.DataFrame(rows, columns=columns)

    def refusal(self) -> Message | None:
        """Why there is nothing to split, or ``None``.

        >>> result.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """The whole uplift, each lever's share of it, and whether they help each other.

        >>> print(result.readout().finding)
        All levers together change spend by +8.13 per unit (95% interval +7.07 to +9.19): birthday 38% (31% to 45%), ...
        """
        if self.means is None:
            refused = self.refused or Message("experiments.effect.action_refused")
            act = mended(refused) if ".refused." in refused.key else "factorial.action_small"
            return Readout(refused, "experiments.effect.certainty_refused", f"experiments.{act}")
        value, span = self.whole
        together, _, p = self.interaction
        rows, comma = self.to_frame(), Message("format.comma").text()
        known = bool(np.isfinite(rows["share"]).all())
        parts = [
            Message("experiments.factorial.part", {"lever": r["lever"], "share": r["share"], "lo": r["share_low"],
                                                   "hi": r["share_high"]}).text()
            for r in rows.to_dict("records")
        ]  # fmt: skip
        values = {
            "metric": self.metric.label, "unit": spaced(self.metric.unit), "value": value, "lo": span.lo,
            "hi": span.hi, "level": self.spec.level, "parts": comma.join(parts), "together": together, "p": p,
        }  # fmt: skip
        alpha = 1 - self.spec.level
        state = "apart" if p > alpha else "help" if together > 0 else "hinder"
        finding = "finding" if known else "finding_no_share"
        return Readout.of("experiments.factorial", values, finding, f"certainty_{state}", f"action_{state}")

    def facts(self) -> tuple[Fact, ...]:
        """Share of each lever, and the interaction.

        >>> [fact.id for fact in result.facts()]
        ['factorial.birthday.share', 'factorial.care.share', 'factorial.interaction']
        """
        estimate = partial(Fact, kind="simulated" if self.simulated else "estimate", n=self.units)
        together = "experiments.factorial.fact_together"
        if self.means is None:
            return (estimate("factorial.interaction", together, None, refusal=self.refused),)
        facts = []
        for row in self.to_frame().to_dict("records"):
            known = math.isfinite(row["share"])
            label = Message("experiments.factorial.fact_share", {"lever": row["lever"]})
            ends = Interval(row["share_low"], row["share_high"], self.spec.level) if known else None
            none = None if known else Message("experiments.factorial.no_share")
            value = float(row["share"]) if known else None
            facts.append(
                estimate(f"factorial.{id_part(row['lever'])}.share", label, value, "share", ci=ends, refusal=none)
            )
        value, span, _ = self.interaction
        return (*facts, estimate("factorial.interaction", together, value, self.metric.unit, ci=span))
