"""What a pilot earned for its cost, on each basis that people mean by ROI, and whether to roll it out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.experiments.pilots.answers.pilot_effect import PilotEffectResult
from crm_lab.experiments.pilots.answers.pilot_tests import chance_of_more
from crm_lab.experiments.pilots.pilot_terms import BASES, Basis, PilotTerms
from crm_lab.experiments.pilots.pilot_words import counted
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result

Decision = Literal["ship", "extend", "stop", "doubts", "terms", "cannot"]


@dataclass(frozen=True, kw_only=True)
class PilotReturn:
    """The return of a pilot from its lift and its terms.

    >>> from crm_lab.experiments.pilots import Pilot, PilotEffect
    >>> from crm_lab.stats.panel.panel import Panel
    >>> values = np.random.default_rng(1).gamma(900, 1, (10, 30))
    >>> values[:5, 22:] *= 1.2
    >>> panel = Panel(values, tuple("abcdefghij"), tuple(range(30)))
    >>> pilot = Pilot(panel, tuple("abcde"), 22)
    >>> effect = PilotEffect(methods=("did",)).analyze(pilot)
    >>> terms = PilotTerms(margin_share=0.5, cost=25.0)
    >>> PilotReturn(terms=terms).analyze(effect).decision
    'ship'

    Attributes:
        terms: What extra sales earn, what the pilot costs, and the return that must be beaten.
    """

    terms: PilotTerms

    def analyze(self, effect: PilotEffectResult) -> PilotReturnResult:
        """The return on each basis, and the decision.

        >>> dear = PilotTerms(margin_share=0.5, cost=250.0)
        >>> PilotReturn(terms=dear).analyze(effect).decision
        'stop'

        Args:
            effect: The lift.

        Returns:
            The return with its interval, the chance that it beats the target, and what to do.
        """
        bare = PilotReturnResult(self.terms, effect)
        return bare if bare.refusal() else replace(bare, chances={basis: bare.p_above(basis) for basis in BASES})


@dataclass(frozen=True, eq=False)
class PilotReturnResult(Result):
    """The return of a pilot on each basis.

    The chance that a return beats the target is one less the one-sided p value of the lift that it needs, by the same
    permutation test: at a true return equal to the target, an answer of 95 % comes in 5 % of pilots at most.

    >>> from crm_lab.experiments.pilots import Pilot, PilotEffect
    >>> from crm_lab.stats.panel.panel import Panel
    >>> values = np.random.default_rng(1).gamma(900, 1, (10, 30))
    >>> values[:5, 22:] *= 1.2
    >>> panel = Panel(values, tuple("abcdefghij"), tuple(range(30)))
    >>> pilot = Pilot(panel, tuple("abcde"), 22)
    >>> effect = PilotEffect(methods=("did",)).analyze(pilot)
    >>> found = PilotReturn(terms=PilotTerms(margin_share=0.5, cost=25.0)).analyze(effect)
    >>> found.decision
    'ship'

    Attributes:
        terms: Terms and target.
        effect: The lift.
        chances: Chance that the return on each basis beats the target; tested when asked for where none is given.
    """

    terms: PilotTerms
    effect: PilotEffectResult
    chances: Mapping[Basis, float] = field(default_factory=dict)

    name: ClassVar[str] = "pilot_return"
    words: ClassVar[dict[str, str]] = {"basis": "experiments.pilots.basis_"}
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("roi", "lo", "hi"), "+.2f"),
        "lift_needed": "+.1%",
        "p_above": ".0%",
    }

    @property
    def spent(self) -> float:
        """Cost of the pilot in all.

        >>> found.spent
        1000.0
        """
        pilot = self.effect.pilot
        return self.terms.spent(len(pilot.treated), pilot.periods)

    def extra_sales(self, lift: float) -> float:
        """Extra sales of a lift: sales of the treated cities less what they would have been without it.

        >>> round(found.extra_sales(0.25) / pilot.sales, 6)
        0.2

        Args:
            lift: As a share of sales without the pilot.

        Returns:
            In the terms' currency.
        """
        return self.effect.pilot.sales * (lift / (1 + lift) if math.isfinite(lift) else math.copysign(math.inf, lift))

    def lift_needed(self, basis: Basis) -> float:
        """Lift from which the return on a basis is the target; infinite where no lift is enough.

        >>> round(found.lift_needed("net"), 3)
        0.049

        Args:
            basis: Which return.

        Returns:
            As a share: 0.1 for 10 % more.
        """
        needed, sales = self.terms.needed(self.spent, basis), self.effect.pilot.sales
        return needed / (sales - needed) if needed < sales else math.inf

    def p_above(self, basis: Basis) -> float:
        """Chance that the return on a basis beats the target, 0 to 1.

        >>> round(found.p_above("net"), 3)
        0.996

        Args:
            basis: Which return.

        Returns:
            The chance; 0 where no lift is enough.
        """
        if basis in self.chances:
            return self.chances[basis]
        needed = self.lift_needed(basis)
        if not math.isfinite(needed):
            return 0.0
        effect, spec = self.effect, self.effect.spec
        return chance_of_more(effect.pilot, effect.main, needed, spec.level, spec.seed, effect.scaled)

    def to_frame(self) -> pd.DataFrame:
        """One row a basis, the one asked for first: return with its interval, lift needed, chance of the target.

        >>> found.to_frame()["basis"].tolist()
        ['net', 'multiple', 'roas']
        """
        order = sorted(BASES, key=lambda basis: basis != self.terms.basis)
        test, rows = self.effect.answer, []
        for basis in order:
            at = [
                self.terms.roi(self.extra_sales(x), self.spent, basis)
                for x in (self.effect.lift(self.effect.main), test.interval.lo, test.interval.hi)
            ]
            rows.append((basis, *at, self.lift_needed(basis), self.p_above(basis)))
        return pd.DataFrame(rows, columns=["basis", "roi", "lo", "hi", "lift_needed", "p_above"])

    @property
    def decision(self) -> Decision:
        """Roll out, go on, stop; or why none of them.

        ``cannot`` where the design can reject nothing, ``terms`` where terms are examples, ``doubts`` where the lift
        that would decide is contradicted.

        >>> found.decision
        'ship'
        """
        if not self.effect.can_decide:
            return "cannot"
        if self.terms.assumed:
            return "terms"
        p = self.p_above(self.terms.basis)
        if self.effect.doubtful:
            return "doubts"
        return "ship" if p >= self.terms.ship_at else "stop" if p <= self.terms.stop_at else "extend"

    def refusal(self) -> Message | None:
        """Why there is no return: values that are no money, no cost, or a design that can reject nothing.

        >>> found.refusal() is None
        True
        >>> print(PilotReturn(terms=PilotTerms(margin_share=0.5)).analyze(effect).refusal())
        No cost of the pilot is given, and a return is a return on cost. Set `cost` or `fixed_cost`.
        """
        if not self.effect.pilot.money:
            return Message("experiments.pilots.refused_no_money")
        if not self.spent > 0:
            return Message("experiments.pilots.refused_no_cost")
        return None

    def readout(self) -> Readout:
        """The return, how sure it is, and what to do.

        >>> print(found.readout().finding)
        The pilot in 5 cities has net ROI (extra margin less cost, by cost) +2.80 (95.2% interval +2.46 to +3.19);
        the chance that it beats 0 is 99.6%.
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(
                refused, "experiments.pilots.return_certainty_refused", "experiments.pilots.return_action_refused"
            )
        row, pilot, terms = self.to_frame().iloc[0], self.effect.pilot, self.terms
        lift = self.effect.lift(self.effect.main)
        values = {
            "roi": row["roi"], "lo": row["lo"], "hi": row["hi"], "level": self.effect.answer.interval.level,
            "p_above": row["p_above"], "target": terms.roi_needed, "needed": row["lift_needed"], "lift": lift,
            "basis": Message(f"experiments.pilots.basis_{terms.basis}"), "extra": self.extra_sales(lift),
            "spent": self.spent, "currency": f"{terms.currency} ".lstrip(),
            "unit": counted(pilot.unit, len(pilot.treated)),
            "others": self._others(), "floor": self.effect.answer.floor, "alpha": 1 - self.effect.spec.level,
        }  # fmt: skip
        finding = "return_cannot" if self.decision == "cannot" else "return_finding"
        return Readout.of("experiments.pilots", values, finding, "return_certainty", f"return_action_{self.decision}")

    def _others(self) -> Message:
        """The returns on the other bases, in a sentence."""
        said = []
        for row in self.to_frame().iloc[1:].itertuples():
            values = {"basis": Message(f"experiments.pilots.basis_{row.basis}"), "roi": row.roi, "p_above": row.p_above}
            said.append(Message("experiments.pilots.return_on", values))
        first, second = said
        return Message("experiments.pilots.return_two", {"first": first, "second": second})

    def facts(self) -> tuple[Fact, ...]:
        """The return on each basis, and the chance that it beats the target.

        >>> [fact.id for fact in found.facts() if fact.decides]
        ['pilot.decision']
        """
        kind: Kind = "simulated" if self.effect.pilot.simulated else "estimate"
        fact, refused = partial(Fact, kind=kind, n=len(self.effect.pilot.panel.units)), self.refusal()
        if refused is not None:
            words = {"basis": Message(f"experiments.pilots.basis_{self.terms.basis}")}
            return (fact("pilot.roi", Message("experiments.pilots.fact_roi", words), None, refusal=refused),)
        frame = self.to_frame().replace([np.inf, -np.inf], np.nan)
        level, n = self.effect.answer.interval.level, len(self.effect.pilot.panel.units)
        rows = partial(facts_of, frame, n=n, kind=kind)
        return (
            *rows("pilot.{basis}.roi", self._label("roi"), "roi", ends=("lo", "hi"), level=level, better="up"),
            *rows("pilot.{basis}.p_above", self._label("p_above"), "p_above", "share"),
            fact("pilot.decision", Message("experiments.pilots.fact_decision"), self.decision, decides=True),
        )

    def _label(self, what: str) -> Callable[[Mapping[str, Any]], Message]:
        """Labels of the facts of a column, by the row's basis."""

        def label(row: Mapping[str, Any]) -> Message:
            basis = Message(f"experiments.pilots.basis_{row['basis']}")
            return Message(f"experiments.pilots.fact_{what}", {"basis": basis, "target": self.terms.roi_needed})

        return label
