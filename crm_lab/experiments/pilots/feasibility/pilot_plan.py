"""Whether a pilot in a few cities can decide at all, before money is spent: which designs can, and which cannot."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, negative, not_inside, not_positive
from crm_lab.experiments.pilots.feasibility.city_noise import CityNoise, past_changes, past_pair_noise, planted_power
from crm_lab.experiments.pilots.feasibility.member_reading import MemberReading
from crm_lab.experiments.pilots.feasibility.pilot_design import PilotDesign, Verdict
from crm_lab.experiments.pilots.pilot_terms import PilotTerms
from crm_lab.experiments.pilots.pilot_words import Every, Unit, counted
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result
from crm_lab.stats.panel.assignments import complete
from crm_lab.stats.panel.panel import Panel

LENGTHS = (2, 4, 8, 13, 14, 26, 52)  # of pilots that are looked at besides the planned one
_MOST_CITIES = 400  # that advice goes up to
_OTHERS = 3  # untreated cities for each treated one that advice goes up to
_SETS = 400  # of the design's, in which lifts are planted


@dataclass(frozen=True, kw_only=True)
class PilotPlan:
    """What a pilot is to find out, in how many cities and for how long.

    >>> past = Panel(np.random.default_rng(1).gamma(900, 1, (12, 60)), tuple("abcdefghijkl"), tuple(range(60)))
    >>> terms = PilotTerms(margin_share=0.3, cost=5.0)
    >>> PilotPlan(terms=terms, treated=6, periods=8).analyze(past).verdict
    'can'

    Attributes:
        terms: What it earns and costs, and the return that must be beaten.
        treated: Treated cities.
        control: Other cities that are watched; 0 for all there are.
        periods: Its length.
        before: Periods that it is compared with; 0 for twice its length, as far as the past goes.
        lift: The true lift to plan for.
        power: Wanted chance that the interval of the return clears the target if that lift is true.
        unit: What is dealt: a city, a store, a region.
        every: Length of a period.

    Source:
        Permutation floors: Rosenbaum (2002), Observational Studies, ch. 2. Power of few clusters by t: Bloom (2005),
        Learning More from Social Experiments, ch. 4.
    """

    terms: PilotTerms
    treated: int = 5
    control: int = 0
    periods: int = 8
    before: int = 0
    lift: float = 0.05
    power: float = 0.8
    unit: Unit = "city"
    every: Every = "week"

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_positive(self, "treated", "periods", "lift"),
            negative(self, "control", "before"),
            not_inside(self, "power"),
        )

    def analyze(
        self, panel: Panel, reading: MemberReading | None = None, *, simulated: bool = False
    ) -> PilotPlanResult:
        """Hold the plan against the chain's own past.

        >>> [PilotPlan(terms=terms, treated=k).analyze(past.without(past.units[2 * k :])).verdict for k in (2, 6)]
        ['never', 'can']

        Args:
            panel: The past of all cities that could take part, nothing having been done.
            reading: How alike members of a city are, where members are known.
            simulated: Whether the past is simulated.

        Returns:
            The planned design and its alternatives, each with what it can see.

        Raises:
            BadInput: If there are too few cities, sales that are not above 0, or no past of two pilots' length.
        """
        self._refuse(panel)
        noises = {
            w: n for w in sorted({self.periods, *LENGTHS}) if (n := past_changes(panel, w, self._before(panel, w)))
        }
        if self.periods not in noises:
            raise BadInput(
                f"The past has {len(panel.periods)} periods; a pilot of {self.periods} is held against two spans of "
                f"that length after as many before them: give {3 * self.periods} or more, or plan a shorter pilot."
            )
        return PilotPlanResult(self, panel, noises, reading, simulated)

    def _refuse(self, panel: Panel) -> None:
        n, low = len(panel.units), int((panel.values.sum(axis=1) <= 0).sum())
        problems = []
        if n < self.treated + max(self.control, 1):
            problems.append(f"{n} units for {self.treated} treated and {max(self.control, 1)} or more others.")
        if low:
            problems.append(f"{low} of {n} units have no sales in all; leave them out.")
        if problems:
            raise BadInput("The pilot cannot be planned on these units", problems)

    def _before(self, panel: Panel, periods: int) -> int:
        """Periods of comparison: as asked, else twice the pilot where two spans leave as many, at least its length."""
        return self.before or max(min(2 * periods, len(panel.periods) - 2 * periods), periods)


@dataclass(frozen=True, eq=False)
class PilotPlanResult(Result):
    """The planned design and its alternatives: floor, smallest lift seen, chance to clear the target, verdict.

    >>> past = Panel(np.random.default_rng(1).gamma(900, 1, (12, 60)), tuple("abcdefghijkl"), tuple(range(60)))
    >>> plan = PilotPlan(terms=PilotTerms(margin_share=0.3, cost=5.0), treated=6, periods=4)
    >>> planned = plan.analyze(past)
    >>> planned.verdict
    'unlikely'

    Attributes:
        plan: What was asked.
        panel: The past.
        noises: Changes of cities on spans of the past, by length of the pilot.
        reading: How alike members of a city are, or ``None``.
        simulated: Whether the past is simulated.
    """

    plan: PilotPlan
    panel: Panel
    noises: dict[int, CityNoise]
    reading: MemberReading | None
    simulated: bool

    name: ClassVar[str] = "pilot_plan"
    words: ClassVar[dict[str, str]] = {"way": "experiments.pilots.way_", "verdict": "experiments.pilots.verdict_"}
    formats: ClassVar[dict[str, str]] = {
        "floor": ".5f",
        **dict.fromkeys(("noise", "mde", "lift_needed"), ".1%"),
        "chance": ".0%",
    }

    @property
    def control(self) -> int:
        """Untreated cities of the planned design.

        >>> planned.control
        6
        """
        return self.plan.control or len(self.panel.units) - self.plan.treated

    @property
    def alpha(self) -> float:
        """Level of the test that belongs to the interval.

        >>> round(planned.alpha, 2)
        0.05
        """
        return 1 - self.plan.terms.level

    def lift_needed(self, treated: int, periods: int) -> float:
        """Lift from which the return beats the target, for treated cities with the mean sales of the last periods.

        >>> round(planned.lift_needed(6, 4), 3)
        0.019

        Args:
            treated: Treated cities.
            periods: Length of the pilot.

        Returns:
            As a share: 0.1 for 10 % more.
        """
        usual = float(self.panel.values[:, -periods:].mean()) * treated * periods
        return self.plan.terms.needed(self.plan.terms.spent(treated, periods), self.plan.terms.basis) / usual

    def design(self, treated: int, control: int, periods: int) -> PilotDesign:
        """What a design can see in which the treated cities are dealt among all.

        >>> planned.design(2, 2, 8).verdict
        'never'

        Args:
            treated: Treated cities.
            control: Other cities.
            periods: Length, one of those in `noises`.

        Returns:
            The design, held against the plan.
        """
        noise, needed = self.noises[periods].sd, self.lift_needed(treated, periods)
        return PilotDesign.of(self.plan, "complete", treated, control, periods, noise, needed)

    def paired(self, treated: int, periods: int) -> PilotDesign | None:
        """What as many pairs can see, one city of each being treated; ``None`` where cities or past do not suffice.

        >>> pairs = planned.paired(6, 4)
        >>> pairs.way, pairs.floor
        ('pairs', 0.03125)

        Args:
            treated: Treated cities, one of each pair.
            periods: Length, one of those in `noises`.

        Returns:
            The design, or ``None``.
        """
        if 2 * treated > len(self.panel.units):
            return None
        noise = past_pair_noise(self.panel, treated, periods, self.noises[periods].before)
        needed = self.lift_needed(treated, periods)
        return None if noise is None else PilotDesign.of(self.plan, "pairs", treated, treated, periods, noise, needed)

    @property
    def planned(self) -> PilotDesign:
        """The planned design.

        >>> planned.planned.treated, planned.planned.control
        (6, 6)
        """
        return self.design(self.plan.treated, self.control, self.plan.periods)

    @property
    def verdict(self) -> Verdict:
        """Whether the planned design ``can`` decide, is ``unlikely`` to, or ``never`` can.

        >>> planned.verdict
        'unlikely'
        """
        return self.planned.verdict

    def longer(self) -> PilotDesign | None:
        """The shortest longer pilot in the same cities that can decide, as far as the past shows its noise.

        >>> longer = planned.longer()
        >>> longer.periods, longer.verdict
        (8, 'can')
        """
        designs = (self.design(self.plan.treated, self.control, w) for w in self.noises if w > self.plan.periods)
        return next((design for design in designs if design.verdict == "can"), None)

    def larger(self) -> PilotDesign | None:
        """The fewest cities, with three others for each treated one, that can decide in the planned time.

        >>> larger = planned.larger()
        >>> larger.verdict, larger.control == 3 * larger.treated
        ('can', True)
        """
        designs = (self.design(k, _OTHERS * k, self.plan.periods) for k in range(2, _MOST_CITIES // (1 + _OTHERS)))
        return next((design for design in designs if design.verdict == "can"), None)

    def sees_planted(self) -> float:
        """Share of pilots made up on the past in which the design's own permutation test sees the planned lift.

        >>> round(planned.sees_planted(), 2)
        0.97
        """
        few = self.plan.treated + self.control
        sets = complete(np.arange(few) < self.plan.treated).masks
        noise, rng = self.noises[self.plan.periods], np.random.default_rng(0)
        pilots = sets[np.sort(rng.permutation(len(sets))[:_SETS])]
        taking_part = CityNoise(
            noise.changes[:, rng.permutation(len(self.panel.units))[:few]], noise.weeks, noise.before
        )
        return planted_power(taking_part, pilots, sets, self.plan.lift, self.alpha)

    def to_frame(self) -> pd.DataFrame:
        """The planned design first, then others: as many cities without the rest, pairs, longer, larger.

        >>> planned.to_frame()[["way", "treated_units", "control_units"]].head(2).values.tolist()
        [['complete', 6, 6], ['pairs', 6, 6]]
        """
        k, w = self.plan.treated, self.plan.periods
        few = self.design(k, k, w) if 2 * k <= len(self.panel.units) else None
        designs = (self.planned, few, self.paired(k, w), self.longer(), self.larger())
        return _table([d for d in dict.fromkeys(designs) if d is not None])

    def curves(self) -> pd.DataFrame:
        """Smallest lift seen by length of the pilot, for the planned design, without the rest, and in pairs.

        >>> sorted(planned.curves()["periods"].unique().tolist())
        [2, 4, 8, 13, 14]

        Returns:
            Columns of `to_frame`, one row a design and length.
        """
        k = self.plan.treated
        designs = [self.design(k, others, w) for others in dict.fromkeys((self.control, k)) for w in self.noises]
        pairs = (self.paired(k, w) for w in self.noises)
        return _table([*designs, *(d for d in pairs if d is not None)])

    def readout(self) -> Readout:
        """Whether it can decide, how that is known, and what could.

        >>> print(planned.readout().finding)
        A pilot in 6 cities against 6 cities over 4 weeks is unlikely to decide: if the true lift is 5.0%, its
        interval clears 0 in net ROI (extra margin less cost, by cost) in only 73% of such pilots. That needs a lift
        of 1.9%, and the pilot sees lifts from 3.3%.
        """
        row, plan = self.planned, self.plan
        noise = self.noises[plan.periods]
        kind = "" if plan.terms.spent(plan.treated, plan.periods) > 0 else "_zero"
        values = {
            **asdict(row), "unit": counted(plan.unit, plan.treated), "others": counted(plan.unit, self.control),
            "length": counted(plan.every, plan.periods), "target": plan.terms.roi_needed, "lift": plan.lift,
            "basis": Message(f"experiments.pilots.basis_{plan.terms.basis}"), "alpha": self.alpha,
            "spans": len(noise.changes), "planted": self.sees_planted(), "power": plan.power,
            "false": self.reading.false_claims(plan.terms.level) if self.reading else math.nan,
            "deff": self.reading.design_effect if self.reading else math.nan,
        }  # fmt: skip
        certainty = "plan_certainty_members" if self.reading else "plan_certainty"
        return Readout.of(
            "experiments.pilots",
            values,
            f"plan_{self.verdict}{kind if self.verdict != 'never' else ''}",
            certainty,
            self._action(),
        )

    def _action(self) -> Message:
        if self.plan.terms.assumed and self.verdict == "can":
            return Message("experiments.pilots.plan_action_terms")
        if self.verdict == "can":
            return Message("experiments.pilots.plan_action_can")
        if self.verdict == "unlikely" and self.plan.lift <= self.planned.lift_needed:
            return Message(
                "experiments.pilots.plan_action_short",
                {"lift": self.plan.lift, "lift_needed": self.planned.lift_needed},
            )
        longer = None if self.verdict == "never" else self.longer()
        larger = self.larger()
        values = {
            "length": counted(self.plan.every, longer.periods) if longer else "",
            "unit": counted(self.plan.unit, larger.treated) if larger else "",
            "control": larger.control if larger else 0,
        }  # fmt: skip
        which = {(True, True): "both", (True, False): "longer", (False, True): "larger", (False, False): "none"}
        return Message(f"experiments.pilots.plan_action_{which[longer is not None, larger is not None]}", values)

    def facts(self) -> tuple[Fact, ...]:
        """Floor, smallest lift seen, lift needed and chance of the planned design.

        >>> [fact.id for fact in planned.facts()]
        ['pilot.floor', 'pilot.mde', 'pilot.lift_needed', 'pilot.chance']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        row, n = self.planned, len(self.panel.units)
        fact = partial(
            Fact,
            kind=kind,
            n=n,
            window=Message("experiments.pilots.window", {"length": counted(self.plan.every, self.plan.periods)}),
        )
        mde = row.mde
        return (
            fact("pilot.floor", Message("experiments.pilots.fact_floor"), row.floor, "p"),
            fact("pilot.mde", Message("experiments.pilots.fact_mde"), mde if math.isfinite(mde) else None, "share",
                 refusal=None if math.isfinite(mde) else Message("experiments.pilots.refused_floor", asdict(row))),
            fact("pilot.lift_needed", Message("experiments.pilots.fact_needed"), row.lift_needed, "share"),
            fact("pilot.chance", Message("experiments.pilots.fact_chance"), row.chance, "share"),
        )  # fmt: skip


def _table(designs: list[PilotDesign]) -> pd.DataFrame:
    return pd.DataFrame(map(asdict, designs)).rename(columns={"treated": "treated_units", "control": "control_units"})
