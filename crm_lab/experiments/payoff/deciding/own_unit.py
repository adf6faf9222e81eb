"""A decision on an outcome that is no money (bought again, still a member), in its own unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import pandas as pd
from scipy import stats

from crm_lab.checks import BadInput
from crm_lab.experiments.core.estimate import Difference
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import Metric, metrics_of
from crm_lab.experiments.core.small_samples import Pair, exact_share
from crm_lab.experiments.effects.effect import mended
from crm_lab.experiments.effects.effects import Effects
from crm_lab.experiments.payoff.deciding.guardrails import GuardrailCheck, GuardrailsResult
from crm_lab.experiments.payoff.terms import Decision, Terms
from crm_lab.experiments.validity.soundness import SoundnessResult
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.number_format import spaced
from crm_lab.results import Fact, Interval, Readout, Result

_COST = ("contact_cost", "running_cost")  # terms that a success has to pay for
_STEPS = 40  # halvings of the level at which an exact interval ends at what is needed


@dataclass(frozen=True, kw_only=True)
class OwnUnit:
    """Decision on an outcome in its own unit: a share of members, or a count per member.

    >>> import numpy as np
    >>> from crm_lab.experiments import Programme
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 2_000, "again": (rng.random(4_000) < 0.3) * 1.0})
    >>> frame.loc[(frame["arm"] == "offer") & (rng.random(4_000) < 0.2), "again"] = 1.0
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["again"])
    >>> terms = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5)
    >>> OwnUnit(terms=terms, effect_needed=0.02).analyze(test, "again").decision
    'ship'

    Attributes:
        terms: Cost of the programme and the decision rule.
        effect_needed: Smallest effect that is worth it, in the outcome's unit (.02: two points of a share); below 0
            where the outcome has to fall. ``None`` if nobody said: then there is no decision, but the value of a
            success from which it pays.
    """

    terms: Terms
    effect_needed: float | None = None

    def __post_init__(self) -> None:
        if self.effect_needed is not None and not math.isfinite(self.effect_needed):
            raise BadInput(f"effect_needed is {self.effect_needed}; it is a number in the outcome's unit.")

    @classmethod
    def if_no_money(cls, terms: Terms, refused: Message | None, effect_needed: str = "") -> OwnUnit | None:
        """The decision in its own unit where an outcome is no money, or where the effect needed was stated.

        >>> OwnUnit.if_no_money(terms, None) is None, OwnUnit.if_no_money(terms, None, "0.02").effect_needed
        (True, 0.02)

        Args:
            terms: Cost of the programme and the decision rule.
            refused: Why there is no return in money, or ``None``.
            effect_needed: As a page's parameter has it; empty for none.

        Returns:
            What to ask, or ``None``.

        Raises:
            BadInput: If the effect needed is no number.
        """
        if not effect_needed:
            no_money = refused is not None and refused.key == "experiments.refused.no_amount"
            return cls(terms=terms) if no_money else None
        try:
            return cls(terms=terms, effect_needed=float(effect_needed))
        except ValueError:
            raise BadInput(f"effect_needed is {effect_needed!r}; it is a number in the outcome's unit.") from None

    def analyze(
        self, experiment: Experiment, outcome: str, soundness: SoundnessResult | None = None, **money: str
    ) -> OwnUnitResult:
        """The effect, how likely it is to be large enough, and what a success costs.

        >>> OwnUnit(terms=terms).analyze(test, "again").decision
        'terms'

        Args:
            experiment: A test with two arms.
            outcome: Column with 0 and 1, or a count.
            soundness: Its check; a refusal refuses the decision.
            **money: ``rewards``: column with their cost, if it was measured; other parts are no cost.

        Returns:
            The decision in the outcome's own unit.

        Raises:
            BadInput: If the test has more than two arms.
        """
        if len(experiment.arms) != 2:
            raise BadInput(f"The test has {len(experiment.arms)} arms; a decision needs two. Keep two.")
        arm = experiment.treatments[0]
        (metric,) = metrics_of([outcome], experiment.frame, "The experiment")
        e = Effects(metrics=[metric], adjust=(self.terms.adjust,), level=self.terms.level).analyze(experiment).headline
        refused = (soundness.refusal() if soundness else None) or e.refusal
        treated = experiment.counts()[arm]
        measured = {role: column for role, column in money.items() if role == "rewards"}
        cost = self.terms.contact_cost + self.terms.running_cost / treated + _rewards(experiment, measured)
        result = OwnUnitResult(
            self, metric, treated, len(experiment.frame), cost, measured, experiment.truth.get(outcome), refused
        )
        if refused is not None or e.found is None:
            return result
        p = _p_above(experiment, metric, e.found, self.effect_needed or 0.0, self.terms)
        rails = GuardrailCheck(level=self.terms.level).analyze(experiment) if experiment.guardrails else None
        return replace(result, found=e.found, p=p, guardrails=rails)


def _rewards(experiment: Experiment, money: Mapping[str, str]) -> float:
    """What rewards cost more per treated unit, where they were measured."""
    if "rewards" not in money:
        return 0.0
    means = experiment.frame.groupby(experiment.arm)[money["rewards"]].mean()
    return float(means[experiment.treatments[0]] - means[experiment.control])


def _p_above(experiment: Experiment, metric: Metric, found: Difference, needed: float, terms: Terms) -> float:
    """Probability of an effect beyond what is needed, by the method that the effect itself was read by."""
    above = _upper(experiment, metric, found, needed, terms)
    return 1 - above if needed < 0 else above


def _upper(experiment: Experiment, metric: Metric, found: Difference, needed: float, terms: Terms) -> float:
    if found.method == "normal":
        return float(stats.t.cdf((found.effect - needed) / found.se, found.df)) if found.se else math.nan
    rows = experiment.as_assigned()
    pair = Pair.of(rows, experiment.treatments[0])
    if found.method == "exact":
        return _by_halving(pair, found, metric.column, needed)
    past = rows.past_of(metric.columns) if terms.adjust != "none" else ()
    values = pair.adjusted(pair.values(metric.column), past)
    return pair.shifts(values, pair.values(rows.size) if rows.size else None).probability_above(needed)


def _by_halving(pair: Pair, found: Difference, column: str, needed: float) -> float:
    """The level at which an end of the exact interval is what is needed, as a one-sided probability."""
    ahead = found.effect >= needed
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        span = exact_share(pair, found, column, middle)
        inside = span.lo <= needed if ahead else span.hi >= needed
        low, high = (low, middle) if inside else (middle, high)
    return (1 + low) / 2 if ahead else (1 - low) / 2


@dataclass(frozen=True)
class OwnUnitResult(Result):
    """Effect in the outcome's own unit, what a success costs, and the decision.

    >>> import numpy as np
    >>> from crm_lab.experiments import Programme
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "offer"] * 2_000, "again": (rng.random(4_000) < 0.3) * 1.0})
    >>> frame.loc[(frame["arm"] == "offer") & (rng.random(4_000) < 0.2), "again"] = 1.0
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["again"])
    >>> terms = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5, currency="EUR")
    >>> result = OwnUnit(terms=terms).analyze(test, "again")

    Attributes:
        asked: What was asked.
        metric: The outcome.
        treated: Treated units.
        units: Units in all.
        cost: Cost per treated unit.
        money: Part of the money that was measured to its column.
        truth: The planted effect, if there is one.
        refused: Why there is no effect, or ``None``.
        found: The effect, or ``None``.
        p: Probability that it is beyond what is needed (0 unless stated).
        guardrails: What must not get worse, or ``None``.
    """

    asked: OwnUnit
    metric: Metric
    treated: int
    units: int
    cost: float
    money: Mapping[str, str]
    truth: float | None
    refused: Message | None = None
    found: Difference | None = None
    p: float = math.nan
    guardrails: GuardrailsResult | None = None

    name: ClassVar[str] = "own_unit"
    words: ClassVar[dict[str, str]] = {"quantity": "experiments.own_unit.quantity."}
    formats: ClassVar[dict[str, str]] = {"value": ",.4f", "low": ",.4f", "high": ",.4f"}

    @property
    def spec(self) -> Terms:
        """Terms and decision rule.

        >>> result.spec.contact_cost
        0.5
        """
        return self.asked.terms

    @property
    def open_terms(self) -> tuple[str, ...]:
        """Terms that are still examples and would have to be known: none where the effect needed was stated.

        >>> result.open_terms
        ('value_per_success',)
        """
        if self.asked.effect_needed is not None or self.truth is not None:
            return ()
        return ("value_per_success", *(name for name in self.spec.open_terms(list(self.money)) if name in _COST))

    @property
    def decision(self) -> Decision | None:
        """One of ship, extend, stop, terms; ``None`` if refused.

        >>> result.decision
        'terms'
        """
        if self.found is None:
            return None
        if self.open_terms:
            return "terms"
        allowed = "ship" if self.guardrails is None else self.guardrails.allows
        if allowed == "stop" or self.p <= self.spec.stop_at:
            return "stop"
        return allowed if self.p >= self.spec.ship_at else "extend"

    @property
    def per_success(self) -> tuple[float, Interval]:
        """What one more success costs, so what it must be worth, with its interval; `inf` where there may be none.

        >>> round(result.per_success[0], 2)
        3.36
        """
        if self.found is None:
            raise BadInput(f"There is no effect: {self.refused}")
        sign = -1.0 if (self.asked.effect_needed or 0.0) < 0 else 1.0
        lo, hi = sorted((sign * self.found.lo, sign * self.found.hi))
        cost = (1 + self.spec.roi_needed) * self.cost
        each = [cost / x if x > 0 else math.inf for x in (sign * self.found.effect, hi, lo)]
        return each[0], Interval(each[1], each[2], self.spec.level)

    def break_evens(self) -> pd.DataFrame:
        """The value of a success from which it pays; a refusal has no row.

        >>> result.break_evens()["quantity"].tolist()
        ['value_per_success']
        """
        columns = ["quantity", "now", "break_even"]
        if self.found is None:
            return pd.DataFrame(columns=columns)
        value = self.per_success[0]
        row = ("value_per_success", self.spec.value_per_success, value if math.isfinite(value) else math.nan)
        return pd.DataFrame([row], columns=columns)

    def to_frame(self) -> pd.DataFrame:
        """Effect, cost per treated unit and cost per success, with intervals.

        >>> result.to_frame()["quantity"].tolist()
        ['control', 'treatment', 'effect', 'cost', 'per_success']
        """
        columns = ["quantity", "value", "low", "high"]
        if self.found is None:
            return pd.DataFrame(columns=columns)
        d, (each, span), no = self.found, self.per_success, math.nan
        rows = [("control", d.control, no, no), ("treatment", d.treatment, no, no), ("effect", d.effect, d.lo, d.hi),
                ("cost", self.cost, no, no), ("per_success", each, span.lo, span.hi)]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def refusal(self) -> Message | None:
        """A sentence if there is no effect to decide on, else ``None``.

        >>> result.refusal() is None
        True
        """
        return self.refused

    def readout(self) -> Readout:
        """The effect in its own unit, how sure it is large enough, and the decision or the question.

        >>> print(result.readout().action)
        Needs your terms: it pays if one more “again” is worth at least 3.36 EUR (95% interval 2.80 to 4.19). Say ...
        """
        if self.found is None:
            refused = self.refused or Message("experiments.effect.action_refused")
            return Readout(refused, "experiments.effect.certainty_refused", f"experiments.{mended(refused)}")
        each, span = self.per_success
        scale = 100.0 if self.metric.kind == "share" else 1.0
        needed = self.asked.effect_needed or 0.0
        values = {
            "metric": self.metric.label, "unit": spaced(self.metric.unit), "currency": self.spec.currency,
            **{k: getattr(self.found, k) for k in ("control", "treatment")}, "level": self.spec.level,
            **{k: scale * getattr(self.found, k) for k in ("effect", "lo", "hi")}, "needed": scale * needed,
            "p": self.p, "cost": self.cost, "each": each, "each_lo": span.lo, "each_hi": span.hi,
            "ship_at": self.spec.ship_at, "stop_at": self.spec.stop_at,
        }  # fmt: skip
        kind = "_share" if scale > 1 else ""
        falls = "_falls" if needed < 0 else ""
        said = partial(Readout.of, "experiments.own_unit", values, f"finding{kind}", f"certainty{falls}{kind}")
        in_the_way = None if self.guardrails is None else self.guardrails.in_the_way(self.p, self.spec)
        return said(in_the_way if in_the_way and self.decision != "terms" else self._action())

    def _action(self) -> str:
        if self.decision == "terms":
            each, span = self.per_success
            return "terms" if math.isfinite(span.hi) else "terms_open" if math.isfinite(each) else "terms_never"
        return str(self.decision)

    def facts(self) -> tuple[Fact, ...]:
        """Effect, probability, what a success costs.

        >>> [fact.id for fact in result.facts()]
        ['own_unit.again.effect', 'own_unit.p_needed', 'own_unit.cost_per_success']
        """
        estimate = partial(Fact, kind="simulated" if self.truth is not None else "estimate", n=self.units)
        about, label = f"own_unit.{id_part(self.metric.name)}.effect", "experiments.fact.effect"
        named = Message(label, {"metric": self.metric.label})
        if self.found is None:
            return (estimate(about, named, None, refusal=self.refused),)
        each, span = self.per_success
        known = math.isfinite(each)
        ends = span if math.isfinite(span.hi) else None
        none = None if known else Message("experiments.own_unit.no_success")
        per = Message("experiments.own_unit.fact_per_success", {"metric": self.metric.label})
        return (
            estimate(about, named, self.found.effect, self.metric.unit,
                     ci=Interval(self.found.lo, self.found.hi, self.spec.level)),
            estimate("own_unit.p_needed", "experiments.own_unit.fact_p", self.p, "share", better="up"),
            estimate("own_unit.cost_per_success", per, each if known else None, self.spec.currency, ci=ends,
                     better="down", refusal=none),
        )  # fmt: skip
