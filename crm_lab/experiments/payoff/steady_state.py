"""Return of the steady state after the launch, beside that of all weeks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import pandas as pd

from crm_lab.checks import check_settings, too_small
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.weeks import week_columns
from crm_lab.experiments.payoff.loyalty_programme import return_from_test
from crm_lab.experiments.payoff.programme_return import ProgrammeResult, action_of, refused_action
from crm_lab.experiments.payoff.terms import Terms
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result

_FEWEST = 3


@dataclass(frozen=True, kw_only=True)
class SteadyState:
    """Return of a programme in the weeks after its launch, beside that of all weeks.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.experiments import PlantedTest
    >>> days = {"start": "1997-12-01", "pre_days": 180, "post_days": 182}
    >>> trial = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, **days)
    >>> test = trial.open(open_workspace("cdnow_sample").at("1998-06-30"))
    >>> from crm_lab.experiments import Programme
    >>> answer = Programme(margin_share=0.3, reward_rate=0.01).analyze(test, "spend")
    >>> SteadyState(launch=4).analyze(test, answer).weeks
    26

    Attributes:
        launch: Weeks at the start that count as launch.
    """

    launch: int = 4

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, launch=1))

    def analyze(self, experiment: Experiment, answer: ProgrammeResult) -> SteadyStateResult:
        """The same terms on all weeks and on those after the launch.

        Cost that does not depend on spend is divided evenly over the weeks. Measured margin and rewards are taken per
        unit of spend, as over the whole window.

        >>> SteadyState(launch=8).analyze(test, answer).refusal() is None
        True

        Args:
            experiment: The test, with spend by week in columns week_01, week_02, ...
            answer: The return of the whole window.

        Returns:
            ROI of all weeks and of the steady state.
        """
        weeks = week_columns(experiment)
        if answer.parts is None:
            return SteadyStateResult(self, answer, None, None, len(weeks), answer.refused)
        if len(weeks) < max(_FEWEST, self.launch + 1):
            values = {"weeks": len(weeks), "launch": self.launch}
            return SteadyStateResult(
                self, answer, None, None, len(weeks), Message("experiments.steady.no_weeks", values)
            )
        shifts = {"later", "elsewhere"} & set(answer.money)  # sales moved into or out of the window have no week
        every = _over(experiment, answer, weeks, 0) if shifts else answer
        later = _over(experiment, answer, weeks, self.launch)
        return SteadyStateResult(self, answer, every, later, len(weeks), later.refused)


def _over(experiment: Experiment, answer: ProgrammeResult, weeks: Sequence[str], first: int) -> ProgrammeResult:
    """The return of the weeks from one on (counted from 0)."""
    chosen, terms = list(weeks[first:]), as_terms(answer)
    share = len(chosen) / len(weeks)
    terms = replace(terms, contact_cost=share * terms.contact_cost, running_cost=share * terms.running_cost)
    name = f"{answer.outcome} ({first + 1}-{len(weeks)})"
    frame = experiment.frame.assign(**{name: experiment.frame[chosen].sum(axis=1)})
    past = experiment.past_of([answer.outcome])
    part = replace(experiment, frame=frame, outcomes=(*experiment.outcomes, name), covariates=past, pasts={})
    return replace(return_from_test(terms, part, name), of_window=share)


def as_terms(answer: ProgrammeResult) -> Terms:
    """The programme's terms, with margin and rewards as measured per unit of spend where they were measured."""
    known = replace(answer.spec, assumed=answer.open_terms)
    if known.value_per_success:
        return known
    terms = replace(known, margin_share=min(max(answer.margin, 0.0), 1.0))
    if "rewards" not in answer.money:
        return terms
    rate = answer.mean("rewards", 1) / answer.mean("spend", 1)
    return replace(terms, reward_rate=min(max(rate, 0.0), 1.0), redemption_share=1.0, redemption_sd=0.0)


@dataclass(frozen=True)
class SteadyStateResult(Result):
    """ROI of all weeks and of the steady state.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.experiments import PlantedTest
    >>> days = {"start": "1997-12-01", "pre_days": 180, "post_days": 182}
    >>> trial = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, **days)
    >>> test = trial.open(open_workspace("cdnow_sample").at("1998-06-30"))
    >>> from crm_lab.experiments import Programme
    >>> answer = Programme(margin_share=0.3, reward_rate=0.01).analyze(test, "spend")
    >>> steady = SteadyState(launch=4).analyze(test, answer)

    Attributes:
        spec: What was asked.
        answer: The return of the whole window.
        every: The return of all weeks on the same terms, or ``None``.
        later: The return after the launch, or ``None``.
        weeks: Number of weeks.
        refused: Why there is no steady state, or ``None``.
    """

    spec: SteadyState
    answer: ProgrammeResult
    every: ProgrammeResult | None
    later: ProgrammeResult | None
    weeks: int
    refused: Message | None = None

    name: ClassVar[str] = "steady"
    formats: ClassVar[dict[str, str]] = {
        "gain": "+,.2f", "cost": ",.2f", "net": "+,.2f", "roi": "+.0%", "low": "+.0%", "high": "+.0%",
        "p_needed": ".0%",
    }  # fmt: skip

    def _known(self) -> list[tuple[str, ProgrammeResult]]:
        if self.refused is not None or self.every is None or self.later is None:
            return []
        return [(f"1-{self.weeks}", self.every), (f"{self.spec.launch + 1}-{self.weeks}", self.later)]

    @property
    def decisive(self) -> ProgrammeResult:
        """What a roll-out is decided on: the weeks after the launch where they are known, else all of them."""
        known = self._known()
        return known[-1][1] if known else self.answer

    def to_frame(self) -> pd.DataFrame:
        """One row for all weeks and one for those after the launch: gain and cost per treated unit, ROI.

        >>> list(steady.to_frame())
        ['weeks', 'gain', 'cost', 'net', 'roi', 'low', 'high', 'p_needed']
        """
        rows = []
        for weeks, found in self._known():
            r, span = found.returns, found.multiple_set().interval()
            ends = (span.lo - 1, span.hi - 1) if span else (math.nan, math.nan)
            rows.append((weeks, r.gain, r.cost, r.net()[0], r.roi if span else math.nan, *ends, found.p_needed))
        return pd.DataFrame(rows, columns=["weeks", "gain", "cost", "net", "roi", "low", "high", "p_needed"])

    def refusal(self) -> Message | None:
        """A sentence if there is no steady state to report, else ``None``.

        >>> steady.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """ROI after the launch beside that of all weeks, and which of them to decide on.

        >>> print(steady.readout().finding)
        In the steady weeks 5 to 26 the ROI is +959% (95% interval +188% to +1614%); over the whole ...
        """
        known = self._known()
        if not known:
            refused = self.refused or "experiments.roi.action_refused"
            weeks = "experiments.steady.action_refused" if self.answer.refused is None else refused_action(self.answer)
            return Readout(refused, "experiments.roi.certainty_refused", weeks)
        (_, every), (_, later) = known
        whole, row = self.to_frame().to_dict("records")
        values = {
            "first": self.spec.launch + 1, "weeks": self.weeks, "launch": self.spec.launch, "roi": row["roi"],
            "lo": row["low"], "hi": row["high"], "level": later.spec.level, "all": whole["roi"],
            "net": row["net"], "currency": later.spec.currency, "p": later.p_needed, "p_all": every.p_needed,
            "needed": later.spec.roi_needed,
            "decision": Message(f"experiments.decision.{later.decision}"),
            "other": Message(f"experiments.decision.{every.decision}"),
            "advice": action_of(later),
        }  # fmt: skip
        shifts = bool({"later", "elsewhere"} & set(self.answer.money)) and math.isfinite(self.answer.returns.roi)
        values["with_shifts"] = self.answer.returns.roi if shifts else math.nan
        values |= self._moved()
        finding = "finding_shifts" if shifts else "finding"
        said = (
            finding if math.isfinite(row["roi"]) else "finding_no_ratio",
            "certainty_shifts" if {"later", "elsewhere"} & set(self.answer.money) else "certainty",
            "action_same" if later.decision == every.decision else "action_differs",
        )
        return Readout(*(Message(f"experiments.steady.{key}", values) for key in said))

    def _moved(self) -> dict[str, Message | str]:
        """Whence sales moved, and what else of the whole window the weeks hold at its mean only."""
        money = set(self.answer.money)
        whence = "both" if money >= {"later", "elsewhere"} else "later" if "later" in money else "elsewhere"
        mean = bool({"margin", "rewards"} & money)
        return {
            "moved": Message(f"experiments.steady.moved_{whence}"),
            "shares": Message("experiments.steady.at_shares") if mean else "",
            "measured": Message("experiments.steady.as_measured") if mean else "",
        }

    def facts(self) -> tuple[Fact, ...]:
        """ROI of the steady state with its interval, the probability that it is enough, the decision if there is one.

        >>> {fact.id: fact.unit for fact in steady.facts()[:2]}
        {'steady.roi': 'share', 'steady.p_needed': 'share'}
        """
        found = partial(Fact, kind="simulated" if self.answer.truth is not None else "estimate", n=self.answer.units)
        values = {"first": self.spec.launch + 1, "weeks": self.weeks}
        roi, p = (Message(f"experiments.fact.steady_{k}", values) for k in ("roi", "p"))
        if not self._known():
            return (found("steady.roi", roi, None, refusal=self.refused), *self._decided())
        later = self._known()[1][1]
        span = later.multiple_set().interval()
        value, ci = (later.returns.roi, Interval(span.lo - 1, span.hi - 1, later.spec.level)) if span else (None, None)
        refused = None if span else Message("experiments.roi.no_ratio")
        return (
            found("steady.roi", roi, value, "share", ci=ci, better="up", refusal=refused),
            found("steady.p_needed", p, later.p_needed, "share", better="up"),
            *self._decided(),
        )

    def _decided(self) -> tuple[Fact, ...]:
        """The decision of the deciding weeks; none where it is withheld: a planted effect, examples as terms."""
        decision = self.decisive.decision
        if decision in (None, "terms") or self.answer.truth is not None:
            return ()
        said = Message(f"experiments.decision.{decision}").text()
        found = partial(Fact, kind="estimate", n=self.answer.units, decides=True)
        return (found("steady.decision", "experiments.fact.decision", said),)
