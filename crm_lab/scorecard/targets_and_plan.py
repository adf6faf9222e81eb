"""Targets of a plan: met, missed, or not yet decidable, by a measured value and its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from operator import itemgetter
from typing import ClassVar, Literal

import pandas as pd

from crm_lab.checks import BadInput, Problems, as_date
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.scorecard.audit import AuditResult
from crm_lab.scorecard.kpi_registry import metrics
from crm_lab.scorecard.measured_values import Measured

PlanVerdict = Literal["met", "missed", "cannot_tell"]
VERDICTS: tuple[PlanVerdict, ...] = ("met", "missed", "cannot_tell")
_ACTUAL = {"actual": "value", "lo": "lo", "hi": "hi"}
_FOREVER = 3 * 365  # days: in three years it is another business, and no date to wait for


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target of a plan for one metric.

    >>> target = Target(metric="response_rate", target=0.75, source="plan 2024")

    Attributes:
        metric: Name of the registry; it says which way is good unless `better` does.
        target: Level wanted, in the plain unit (shares as 0-1).
        better: ``up`` if at least the target is wanted, ``down`` if at most; the metric's unless given.
        source: Where it was promised.
    """

    metric: str
    target: float
    better: Literal["up", "down"] | None = None
    source: str = ""

    def __post_init__(self) -> None:
        problems = Problems(f"target for {self.metric}")
        known = metrics().get(self.metric)
        problems.unless(known, "the registry has no such metric; docs/claims.md lists them.")
        problems.unless(math.isfinite(self.target), f"target is {self.target}; it must be a number.")
        undirected = known is not None and known.better == "none" and self.better is None
        problems.unless(not undirected, "the metric has no good direction; say better='up' or 'down'.")
        problems.raise_any()

    @property
    def direction(self) -> str:
        """Which way is good.

        >>> target.direction
        'up'
        """
        return self.better or metrics()[self.metric].better


def verdict(target: float, lo: float, hi: float, better: str = "up") -> PlanVerdict:
    """Met if the whole interval is on the good side of the target, missed if it is on the other, else open.

    >>> verdict(0.75, 0.11, 0.13), verdict(0.30, 0.55, 0.67), verdict(0.60, 0.55, 0.67)
    ('missed', 'met', 'cannot_tell')

    Args:
        target: Level wanted.
        lo: Lower end of the interval.
        hi: Upper end.
        better: ``up`` if at least the target is wanted, ``down`` if at most.

    Returns:
        ``met``, ``missed`` or ``cannot_tell``.

    Raises:
        BadInput: If the interval's ends are in the wrong order or missing.
    """
    if not lo <= hi:
        raise BadInput(f"the interval runs from {lo} to {hi}; give its lower end first.")
    if better == "down":
        target, lo, hi = -target, -hi, -lo
    if lo >= target:
        return "met"
    return "missed" if hi < target else "cannot_tell"


def n_to_tell(target: float, value: float, lo: float, hi: float, n: int) -> float:
    """Sample size at which the interval would exclude the target, if the value stays as it is.

    Half the width of the interval shrinks as 1/sqrt(n); the end that faces the target decides.

    >>> n_to_tell(0.60, 0.62, 0.58, 0.66, 500)
    2000.0

    Args:
        target: Level wanted.
        value: Measured value.
        lo: Lower end of its interval.
        hi: Upper end.
        n: Observations behind it.

    Returns:
        Observations; `inf` if the value is on the target.
    """
    gap = abs(value - target)
    facing = hi - value if target > value else value - lo
    return math.inf if gap == 0 else float(math.ceil(n * (facing / gap) ** 2 - 1e-6))


@dataclass(frozen=True, kw_only=True)
class PlanReader:
    """Compare measured values with the targets of a plan.

    >>> from crm_lab.scorecard import Measured
    >>> reader = PlanReader(targets=[Target(metric="response_rate", target=0.75), Target(metric="nps", target=40)])
    >>> measured = [Measured("response_rate", 0.12, 0.11, 0.13, 4000, "spring")]
    >>> plan = reader.analyze(measured, as_of="2024-06-30", days={"response_rate": 90})
    >>> plan.to_frame()[["metric", "verdict"]].to_numpy().tolist()
    [['response_rate', 'missed'], ['nps', 'unmeasured']]

    Attributes:
        targets: What is wanted, one for each metric.
        level: Confidence level of the intervals it will be given.
    """

    targets: Sequence[Target]
    level: float = 0.95

    def __post_init__(self) -> None:
        names = [target.metric for target in self.targets]
        twice = sorted({name for name in names if names.count(name) > 1})
        if not names or twice:
            raise BadInput(
                f"targets holds {', '.join(twice)} twice." if twice else "targets is empty; give one or more."
            )

    def analyze(
        self,
        measured: Sequence[Measured],
        *,
        as_of: str | date,
        days: Mapping[str, int],
        simulated: bool = False,
        audit: AuditResult | None = None,
    ) -> PlanResult:
        """A verdict for each target.

        >>> reader.analyze([], as_of="2024-06-30", days={}).count("met")
        0

        Args:
            measured: What data say.
            as_of: Last day they cover.
            days: By metric, the days in which their n came in, for the day when a verdict will be possible.
            simulated: Whether the data are made up.
            audit: What was found in the decks that the targets come from; the readout then answers both questions.

        Returns:
            One verdict per target.

        Raises:
            BadInput: If days is not above 0, or missing for a measured target.
        """
        last, known = as_date(as_of), {row.metric: row for row in measured}
        wrong = [t.metric for t in self.targets if t.metric in known and days.get(t.metric, 0) <= 0]
        if wrong:
            raise BadInput(f"days has no number above 0 for {', '.join(wrong)}; say in how many days their n came in.")
        lines = tuple(_line(t, known.get(t.metric), last, days.get(t.metric, 0)) for t in self.targets)
        return PlanResult(lines, self.level, last, simulated, None if audit is None else audit.counts())


@dataclass(frozen=True)
class PlanLine:
    """One target with its verdict.

    Attributes:
        target: What is wanted.
        actual: What was measured, if it was.
        verdict: ``met``, ``missed`` or ``cannot_tell``; none without a measured value.
        n_needed: Observations until it can be told.
        tell_on: The day by which they will be there at the present rate.
    """

    target: Target
    actual: Measured | None
    verdict: PlanVerdict | None
    n_needed: float = math.nan
    tell_on: date | None = None

    def points(self, value: float) -> float:
        """How far a value lies above the target, in points."""
        return (value - self.target.target) * 100

    @property
    def label(self) -> Message:
        """The metric's name."""
        return metrics()[self.target.metric].label


def _line(target: Target, actual: Measured | None, last: date, days: int) -> PlanLine:
    if actual is None:
        return PlanLine(target, None, None)
    said = verdict(target.target, actual.lo, actual.hi, target.direction)
    if said != "cannot_tell":
        return PlanLine(target, actual, said)
    needed = n_to_tell(target.target, actual.value, actual.lo, actual.hi, actual.n)
    wait = (needed - actual.n) * days / actual.n if actual.n else math.inf
    day = last + timedelta(days=math.ceil(wait)) if wait <= _FOREVER else None
    return PlanLine(target, actual, said, needed, day)


@dataclass(frozen=True)
class PlanResult(Result):
    """Targets beside measured values, with verdicts.

    >>> from crm_lab.scorecard import Measured
    >>> measured = [Measured("response_rate", 0.12, 0.11, 0.13, 4000, "spring")]
    >>> reader = PlanReader(targets=[Target(metric="response_rate", target=0.75)])
    >>> plan = reader.analyze(measured, as_of="2024-06-30", days={"response_rate": 90})

    Attributes:
        lines: One for each target.
        level: Confidence level.
        as_of: Last day of the data.
        simulated: Whether the data are made up.
        claims: `AuditResult.counts` of the decks, if they were audited.
    """

    name: ClassVar[str] = "plan"
    words: ClassVar[Mapping[str, str]] = {"metric": "claims.metric.", "verdict": "claims.plan.verdict_"}
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("target", "actual", "lo", "hi"), ".1%"), "variance_points": "+.1f", "n_needed": ",.0f",
    }  # fmt: skip
    lines: tuple[PlanLine, ...]
    level: float
    as_of: date
    simulated: bool = False
    claims: Mapping[str, int] | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row per target: actual with interval, variance in points, verdict, when it can be told.

        >>> list(plan.to_frame())
        ['metric', 'target', 'actual', 'lo', 'hi', 'variance_points', 'verdict', 'n_needed', 'tell_on',
        'source']
        """
        rows = [
            {
                "metric": line.target.metric, "target": line.target.target,
                **{column: getattr(line.actual, name, math.nan) for column, name in _ACTUAL.items()},
                "variance_points": line.points(line.actual.value) if line.actual else math.nan,
                "verdict": line.verdict or "unmeasured", "n_needed": line.n_needed, "tell_on": line.tell_on,
                "source": line.target.source,
            }
            for line in self.lines
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def count(self, said: PlanVerdict) -> int:
        """Number of targets with this verdict.

        >>> plan.count("missed")
        1

        Args:
            said: ``met``, ``missed`` or ``cannot_tell``.

        Returns:
            Number of targets.
        """
        return sum(line.verdict == said for line in self.lines)

    def readout(self) -> Readout:
        """How many targets are met, missed, open; what an interval can tell; what to do first.

        >>> print(plan.readout().finding)
        Targets: 1; met: 0, missed: 1, cannot be told yet: 0, not measured: 0.
        """
        counts: dict[str, int] = {name: self.count(name) for name in VERDICTS}
        values = {"targets": len(self.lines), **counts, "unmeasured": len(self.lines) - sum(counts.values())}
        certainty = Message("claims.plan.certainty", {"level": self.level})
        if self.claims is None:
            return Readout(Message("claims.plan.finding", values), certainty, self._action())
        both = Message("claims.plan.finding_with_claims", {**values, **self.claims})
        return Readout(both, certainty, self._action())

    def _action(self) -> Message:
        missed = [(abs(line.actual.value - line.target.target), line) for line in self.lines
                  if line.verdict == "missed" and line.actual]  # fmt: skip
        if missed:
            return Message("claims.plan.action_missed", {"metric": max(missed, key=itemgetter(0))[1].label})
        waiting = next((line for line in self.lines if line.verdict == "cannot_tell"), None)
        if waiting and waiting.tell_on:
            return Message("claims.plan.action_wait", {"metric": waiting.label, "day": str(waiting.tell_on)})
        return Message("claims.plan.action_wait_long" if waiting else "claims.plan.action_met")

    def facts(self) -> tuple[Fact, ...]:
        """The variance of each measured target, in points.

        >>> {fact.id: fact.unit for fact in plan.facts()[:2]}
        {'plan.response_rate': 'points'}
        """
        variance = partial(Fact, unit="points", kind="simulated" if self.simulated else "estimate")
        return tuple(
            variance(
                f"plan.{line.target.metric}",
                Message("claims.fact.variance", {"metric": line.label}),
                line.points(a.value),
                ci=Interval(line.points(a.lo), line.points(a.hi), self.level),
                n=a.n,
                better="up" if line.target.direction == "up" else "down",
            )
            for line in self.lines
            if (a := line.actual)
        )
