"""Noncompliance: effect of the offer (ITT), of taking it up (CACE), and the biased comparison beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, Problems, need_columns, not_inside
from crm_lab.experiments.core.adjusted_means import adjusted_means
from crm_lab.experiments.core.estimate import Adjust, Difference, difference
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import mean_of, metric_problem, outcome_label
from crm_lab.experiments.core.small_samples import Pair, permuted, permuted_ratio
from crm_lab.messages import Message
from crm_lab.number_format import spaced
from crm_lab.results import Better, Fact, Interval, Readout, Result
from crm_lab.stats.intervals import RatioSet, fieller, wilson


@dataclass(frozen=True, kw_only=True)
class TakeUp:
    """Noncompliance: effect of the offer (ITT) and of taking it up (CACE), for programmes that units may decline.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> enrolled = (test.frame["arm"] == "treatment") & (rng.random(400) < 0.6)
    >>> frame = frame.assign(enrolled=enrolled.astype(int))
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend", "enrolled"], covariates=["before"])
    >>> result = TakeUp(outcome="spend", taken="enrolled").analyze(test)
    >>> round(result.take_up, 2)
    0.64

    Attributes:
        outcome: Column with the outcome.
        taken: Column with 1 for who took the treatment (enrolled), in either arm.
        stages: Columns of the funnel after assignment, 0 or 1 each, in order.
        adjust: How the pre-period is used.
        level: Confidence level.
        unit: Unit of the outcome.

    Source:
        Imbens & Angrist (1994), Identification and estimation of local average treatment effects.
    """

    outcome: str
    taken: str
    stages: tuple[str, ...] = ()
    adjust: Adjust = "lin"
    level: float = 0.95
    unit: str = ""

    def __post_init__(self) -> None:
        problems = Problems("take-up settings")
        problems.extend(not_inside(self, "level"))
        problems.unless(self.outcome != self.taken, "outcome and taken are the same column.")
        problems.raise_any()

    def analyze(self, experiment: Experiment) -> TakeUpResult:
        """ITT, CACE (Wald ratio, the same as 2SLS) and the naive comparison of takers with decliners.

        >>> TakeUp(outcome="spend", taken="enrolled", level=0.9).analyze(test).itt_ci.level
        0.9

        Args:
            experiment: A test with two arms.

        Returns:
            The three readings with intervals.

        Raises:
            BadInput: If there are more than two arms, or `taken` is not 0 or 1.
        """
        if len(experiment.arms) != 2:
            raise BadInput(f"The test has {len(experiment.arms)} arms; take-up is read for two. Keep two.")
        frame, stages = experiment.frame, self.stages or (self.taken,)
        need_columns(frame.columns, [self.outcome, self.taken, *stages], "The experiment")
        for name in {self.taken, *stages}:
            if not frame[name].isin([0, 1]).all():
                raise BadInput(f"{name} must be 0 or 1 for every unit; it says who took the treatment.")
        funnel = pd.DataFrame([_rates(frame, experiment, name) for name in stages])
        problem = metric_problem(mean_of(self.outcome), experiment)
        if problem is not None:
            no, nothing = math.nan, Interval(math.nan, math.nan, self.level)
            unknown = RatioSet("all", -math.inf, math.inf, self.level)
            return TakeUpResult(
                self, no, nothing, no, unknown, no, no, funnel, len(frame), experiment.simulated, problem
            )
        rows = experiment.as_assigned()
        past = rows.past_of([self.outcome, self.taken])
        means = adjusted_means(rows, [rows.mean(self.outcome), rows.mean(self.taken)], past, self.adjust)
        itt, take = (difference(means, j, self.level) for j in (0, 1))
        up, down = (means.weights({(1, j): 1.0, (0, j): -1.0}) for j in (0, 1))
        cace = fieller(itt.effect, take.effect, itt.se**2, take.se**2, means.covariance(up, down), self.level)
        pair = Pair.of(rows, rows.treatments[0])
        if not pair.normal_holds(pair.values(self.outcome)):
            itt, take, cace = self._permuted(pair, itt, take, past)
        treated = frame[frame[experiment.arm] == experiment.treatments[0]]
        ratio = itt.effect / take.effect if take.effect else math.nan
        return TakeUpResult(
            self, itt.effect, Interval(itt.lo, itt.hi, self.level), ratio,
            cace, take.effect, _naive(treated, self.outcome, self.taken), funnel, len(frame), experiment.simulated,
        )  # fmt: skip

    def _permuted(
        self, pair: Pair, itt: Difference, take: Difference, past: tuple[str, ...]
    ) -> tuple[Difference, Difference, RatioSet]:
        """The three readings of small, unequal or skewed arms: with an effect on takers taken off, arms are alike.

        Source:
            Imbens & Rosenbaum (2005), Robust, accurate confidence intervals with a weak instrument.
        """
        used = past if self.adjust != "none" else ()
        test, level = pair.experiment, self.level
        itt, take = (
            permuted(pair, found, test.mean(column), used, level)
            for found, column in ((itt, self.outcome), (take, self.taken))
        )
        weights = pair.values(test.size) if test.size else None
        spend, taken = (pair.adjusted(pair.values(column), used) for column in (self.outcome, self.taken))
        if take.lo <= 0:
            return itt, take, RatioSet("all", -math.inf, math.inf, level)
        ratio = itt.effect / take.effect
        return itt, take, permuted_ratio(lambda r: pair.shifts(spend - r * taken, weights), ratio, take.effect, level)


def _rates(frame: pd.DataFrame, experiment: Experiment, name: str) -> dict[str, object]:
    row: dict[str, object] = {"stage": name}
    for role, arm in zip(("control", "treatment"), experiment.arms, strict=True):
        members = frame.loc[frame[experiment.arm] == arm, name]
        lo, hi = wilson(members.sum(), len(members))
        row |= {role: float(members.mean()), f"{role}_low": float(lo), f"{role}_high": float(hi)}
    return row


def _naive(treated: pd.DataFrame, outcome: str, taken: str) -> float:
    """Takers less decliners among the treated: who opts in differs in everything."""
    groups = treated.groupby(treated[taken] == 1)[outcome].mean()
    return float(groups.get(True, math.nan) - groups.get(False, math.nan))


@dataclass(frozen=True)
class TakeUpResult(Result):
    """ITT, CACE and the naive comparison, with the funnel.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> enrolled = (test.frame["arm"] == "treatment") & (rng.random(400) < 0.6)
    >>> frame = frame.assign(enrolled=enrolled.astype(int))
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend", "enrolled"], covariates=["before"])
    >>> result = TakeUp(outcome="spend", taken="enrolled", unit="USD").analyze(test)

    Attributes:
        spec: What was asked.
        itt: Effect of the offer, in the outcome's unit.
        itt_ci: Its interval.
        cace: Effect of taking it up, among compliers.
        cace_set: Confidence set of it: Fieller's, or by permutation where normal theory does not hold.
        take_up: Share of the treatment arm that took it up.
        naive: Mean of takers minus mean of all others: no effect, shown for comparison.
        funnel: Share of each arm that reached each stage.
        units: Units in all.
        simulated: Whether the effect was planted.
        refused: Why there is no effect, or ``None``.
    """

    spec: TakeUp
    itt: float
    itt_ci: Interval
    cace: float
    cace_set: RatioSet
    take_up: float
    naive: float
    funnel: pd.DataFrame
    units: int
    simulated: bool
    refused: Message | None = None

    name: ClassVar[str] = "take_up"
    words: ClassVar[dict[str, str]] = {"reading": "experiments.take_up."}
    formats: ClassVar[dict[str, str]] = {"effect": "+,.2f", "low": "+,.2f", "high": "+,.2f"}

    def to_frame(self) -> pd.DataFrame:
        """One row per reading: of the offer, of taking it up, and takers against the rest (biased).

        >>> list(result.to_frame())
        ['reading', 'effect', 'low', 'high']
        """
        columns = ["reading", "effect", "low", "high"]
        if self.refused is not None:
            return pd.DataFrame(columns=columns)
        span, unknown = self.cace_set.interval(), math.nan
        rows = [
            ("itt", self.itt, self.itt_ci.lo, self.itt_ci.hi),
            ("cace", self.cace, span.lo, span.hi) if span else ("cace", unknown, unknown, unknown),
            ("naive", self.naive, unknown, unknown),
        ]
        return pd.DataFrame(rows, columns=columns)

    @property
    def contamination(self) -> float:
        """Share of control units that took it up although it was not offered to them.

        >>> result.contamination
        0.0
        """
        return float(self.funnel["control"].iloc[0])

    def refusal(self) -> Message | None:
        """A sentence if the outcome has no effect to report, else ``None``.

        >>> result.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """Effect of the offer and of taking it up; how biased the comparison of takers is.

        >>> print(result.readout().finding)
        The offer changes spend by +16.02 USD per unit assigned (+7.47 to +24.58); 64% take it up ...
        """
        if self.refused is not None:
            return Readout(self.refused, "experiments.effect.certainty_refused", "experiments.effect.action_refused")
        crossed = Message("experiments.take_up.contaminated", {"share": self.contamination})
        values = {
            "contamination": crossed if self.contamination > 0 else "",
            "outcome": outcome_label(self.spec.outcome), "unit": spaced(self.spec.unit), "itt": self.itt,
            "lo": self.itt_ci.lo, "hi": self.itt_ci.hi, "cace": self.cace, "take_up": self.take_up,
            "naive": self.naive, "n": self.units,
        }  # fmt: skip
        known = self.cace_set.kind == "bounded" and np.isfinite(self.cace)
        alone = math.isnan(self.naive)
        said = ("finding" if known else "finding_itt", "certainty_alone" if alone else "certainty", "action")
        return Readout(*(Message(f"experiments.take_up.{key}", values) for key in said))

    def facts(self) -> tuple[Fact, ...]:
        """ITT, CACE, take-up.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'take_up.itt': 'USD', 'take_up.cace': 'USD'}
        """
        estimate = partial(Fact, kind="simulated" if self.simulated else "estimate", n=self.units)
        if self.refused is not None:
            return (estimate("take_up.itt", "experiments.take_up.itt", None, refusal=self.refused),)
        span, unit, crossed = (
            self.cace_set.interval(),
            self.spec.unit,
            self.funnel.iloc[0][["control_low", "control_high"]],
        )
        refused = None if span else Message("experiments.take_up.nobody", {"take_up": self.take_up})
        found: dict[str, tuple[float | None, str, Interval | None, Better]] = {
            "itt": (self.itt, unit, self.itt_ci, "up"),
            "cace": (self.cace if span else None, unit, span, "up"),
            "share": (self.take_up, "share", None, "none"),
            "contamination": (self.contamination, "share", Interval(*map(float, crossed)), "down"),
        }
        return tuple(
            estimate(
                f"take_up.{k}", f"experiments.take_up.{k}", value, unit, ci=ci, better=better,
                refusal=refused if k == "cace" else None,
            )
            for k, (value, unit, ci, better) in found.items()
        )  # fmt: skip
