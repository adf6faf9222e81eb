"""Whether a treatment leaves alone what it must not make worse, and what that allows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.guardrail import Guardrail
from crm_lab.experiments.core.outcome_metrics import Metric, metrics_of, outcome_label
from crm_lab.experiments.effects.effect import Effect
from crm_lab.experiments.effects.effects import Effects
from crm_lab.experiments.payoff.terms import Terms
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result

State = Literal["holds", "open", "broken"]


@dataclass(frozen=True, kw_only=True)
class GuardrailCheck:
    """Non-inferiority of each guardrail of a test by its own margin.

    >>> import numpy as np
    >>> from crm_lab.experiments.core.guardrail import guardrails_of
    >>> from dataclasses import replace
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 2_000, "complaint": rng.random(4_000) < 0.05})
    >>> test = Experiment.from_frame(frame.astype({"complaint": float}), arm="arm", outcomes=["complaint"])
    >>> test = replace(test, guardrails=guardrails_of("complaint down 0.03"))
    >>> GuardrailCheck().analyze(test).allows
    'ship'

    Attributes:
        level: Confidence level: a guardrail holds if the whole interval lies within the margin.

    Source:
        Piaggio et al. (2012), Reporting of noninferiority and equivalence randomized trials (CONSORT).
    """

    level: float = 0.95

    def analyze(self, experiment: Experiment) -> GuardrailsResult:
        """Each guardrail of the test, in the first treatment.

        >>> GuardrailCheck(level=0.9).analyze(test).to_frame()["state"].tolist()
        ['holds']

        Args:
            experiment: A test with guardrails.

        Returns:
            Effect, margin and state of each.

        Raises:
            BadInput: If the test states none.
        """
        if not experiment.guardrails:
            raise BadInput("The test states no guardrails; name them in its suite or its settings.")
        metrics = [_metric(rail, experiment) for rail in experiment.guardrails]
        names = tuple(c for metric in metrics for c in metric.columns if c not in experiment.outcomes)
        wider = _with_outcomes(experiment, names)
        found = Effects(metrics=metrics, adjust=("lin",), level=self.level).analyze(wider).effects
        read = {e.metric: e for e in found if e.arm == experiment.treatments[0]}
        rows = tuple((rail, read[metric]) for rail, metric in zip(experiment.guardrails, metrics, strict=True))
        return GuardrailsResult(self, rows, len(experiment.frame), experiment.simulated)


def _with_outcomes(experiment: Experiment, names: tuple[str, ...]) -> Experiment:
    return replace(experiment, outcomes=(*experiment.outcomes, *names)) if names else experiment


def _metric(rail: Guardrail, experiment: Experiment) -> Metric:
    (plain,) = metrics_of([rail.metric], experiment.frame, "The experiment")
    return Metric(plain.column, plain.denominator, plain.kind, plain.unit, rail.better)


def _state(rail: Guardrail, e: Effect) -> State:
    """Within the margin with certainty, beyond it with certainty, or neither; without a number neither."""
    span = e.relative if rail.relative else e.found
    if span is None:
        return "open"
    worst, best = (-span.hi, -span.lo) if rail.better == "down" else (span.lo, span.hi)
    if worst > -rail.margin:
        return "holds"
    return "broken" if best < -rail.margin else "open"


@dataclass(frozen=True)
class GuardrailsResult(Result):
    """Guardrails of a test and what they allow.

    >>> import numpy as np
    >>> from crm_lab.experiments.core.guardrail import guardrails_of
    >>> from dataclasses import replace
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 2_000, "complaint": rng.random(4_000) < 0.05})
    >>> test = Experiment.from_frame(frame.astype({"complaint": float}), arm="arm", outcomes=["complaint"])
    >>> held = GuardrailCheck().analyze(replace(test, guardrails=guardrails_of("complaint down 0.03")))

    Attributes:
        spec: What was asked.
        rows: Each guardrail with its effect.
        units: Units in all.
        simulated: Whether the effect was planted.
    """

    spec: GuardrailCheck
    rows: tuple[tuple[Guardrail, Effect], ...]
    units: int
    simulated: bool

    name: ClassVar[str] = "guardrails"
    words: ClassVar[dict[str, str]] = {"state": "experiments.guardrails.", "better": "experiments.guardrails.better_"}
    formats: ClassVar[dict[str, str]] = {"effect": "+,.4f", "low": "+,.4f", "high": "+,.4f"}

    def states(self) -> dict[str, State]:
        """Guardrail to its state: ``holds``, ``open`` or ``broken``.

        >>> held.states()
        {'complaint': 'holds'}
        """
        return {rail.metric: _state(rail, e) for rail, e in self.rows}

    @property
    def allows(self) -> Literal["ship", "extend", "stop"]:
        """What a return that is high enough may lead to.

        >>> held.allows
        'ship'
        """
        states = set(self.states().values())
        return "stop" if "broken" in states else "extend" if "open" in states else "ship"

    def in_the_way(self, p: float, spec: Terms) -> Message | None:
        """That a guardrail decides and not the return, or ``None``.

        >>> from crm_lab.experiments import Programme
        >>> held.in_the_way(0.99, Programme(margin_share=0.3, reward_rate=0.01)) is None
        True

        Args:
            p: Probability that the return, or the effect, is enough.
            spec: The decision rule.

        Returns:
            A sentence, or ``None``.
        """
        if p <= spec.stop_at or self.allows == "ship" or (self.allows == "extend" and p < spec.ship_at):
            return None
        state: State = "broken" if self.allows == "stop" else "open"
        return Message(f"experiments.roi.guardrail_{state}", {"p": p, "names": self.named(state)})

    def named(self, *states: State) -> Message | str:
        """The guardrails in some states, in words.

        >>> str(held.named("holds"))
        'complaint'

        Args:
            states: Which.

        Returns:
            Their names, in order.
        """
        comma = Message("format.comma").text()
        return comma.join(str(outcome_label(name)) for name, state in self.states().items() if state in states)

    def to_frame(self) -> pd.DataFrame:
        """One row a guardrail: effect with its interval (of a relative margin: relative), margin, state.

        >>> list(held.to_frame())
        ['metric', 'better', 'effect', 'low', 'high', 'margin_allowed', 'state']
        """
        rows = []
        for rail, e in self.rows:
            span = e.relative if rail.relative else e.found
            value = e.rel_effect if rail.relative else getattr(e.found, "effect", math.nan)
            ends = (math.nan, math.nan) if span is None else (span.lo, span.hi)
            margin = f"{rail.margin:.4g}" if not rail.relative else f"{rail.margin:.4%}".rstrip("0%").rstrip(".") + "%"
            rows.append((rail.metric, rail.better, value, *ends, margin, _state(rail, e)))
        return pd.DataFrame(rows, columns=["metric", "better", "effect", "low", "high", "margin_allowed", "state"])

    def readout(self) -> Readout:
        """Which guardrails hold, and what that allows.

        >>> print(held.readout().finding)
        All guardrails hold (1): complaint.
        """
        values = {"n": len(self.rows), "level": self.spec.level, "holding": self.named("holds"),
                  "open": self.named("open"), "broken": self.named("broken")}  # fmt: skip
        finding = {"ship": "all", "extend": "open_finding", "stop": "broken_finding"}[self.allows]
        return Readout.of("experiments.guardrails", values, finding, "certainty", f"action_{self.allows}")

    def facts(self) -> tuple[Fact, ...]:
        """The effect on each guardrail.

        >>> [fact.id for fact in held.facts()]
        ['guardrails.complaint']
        """
        estimate = partial(Fact, kind="simulated" if self.simulated else "estimate", n=self.units)
        facts = []
        for rail, e in self.rows:
            label = Message("experiments.guardrails.fact", {"metric": e.metric.label})
            ci = Interval(e.found.lo, e.found.hi, self.spec.level) if e.found else None
            value = e.found.effect if e.found else None
            name = f"guardrails.{id_part(rail.metric)}"
            facts.append(estimate(name, label, value, e.metric.unit, ci=ci, better=rail.better, refusal=e.refusal))
        return tuple(facts)
