"""One design of a pilot, and what it can see: its smallest p value, the smallest lift, the chance to clear a target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from crm_lab.experiments.pilots.feasibility.city_noise import chance_above, lift_seen, standard_error
from crm_lab.experiments.pilots.pilot_terms import PilotTerms
from crm_lab.stats.panel.assignments import floor_complete, floor_pairs

Way = Literal["complete", "pairs"]
Verdict = Literal["can", "unlikely", "never"]


class Asked(Protocol):
    """What a design is held against."""

    @property
    def terms(self) -> PilotTerms:
        """The terms, with the level."""
        ...

    @property
    def lift(self) -> float:
        """The true lift that is planned for."""
        ...

    @property
    def power(self) -> float:
        """The wanted chance."""
        ...


@dataclass(frozen=True)
class PilotDesign:
    """A design with what it can see.

    Attributes:
        way: Dealt among all cities, or within pairs.
        treated: Treated cities.
        control: Other cities.
        periods: Length.
        floor: Smallest two-sided p value of its permutation test: the share of its assignments that are as extreme as
            the most extreme.
        noise: Standard deviation of a city's change; with pairs of the difference within one.
        mde: Smallest lift seen with the wanted power; infinite where the floor is above the level.
        lift_needed: Lift from which the return beats its target.
        chance: Chance that the interval of the return lies above the target if the planned lift is true.
        verdict: ``can`` decide with the wanted power, is ``unlikely`` to, or ``never`` can.
    """

    way: Way
    treated: int
    control: int
    periods: int
    floor: float
    noise: float
    mde: float
    lift_needed: float
    chance: float
    verdict: Verdict

    @classmethod
    def of(
        cls, asked: Asked, way: Way, treated: int, control: int, periods: int, noise: float, lift_needed: float
    ) -> PilotDesign:
        """Hold a design against what is asked.

        Args:
            asked: Terms, planned lift and wanted power.
            way: How treated cities are dealt.
            treated: Treated cities.
            control: Other cities.
            periods: Length.
            noise: Standard deviation of a city's change, or of the difference within a pair.
            lift_needed: Lift from which the return beats its target.

        Returns:
            The design with its floor, smallest lift seen, chance and verdict.
        """
        pairs, level = way == "pairs", asked.terms.level
        floor = floor_pairs(treated) if pairs else floor_complete(treated + control, treated)
        if floor > 1 - level + 1e-12:
            return cls(way, treated, control, periods, floor, noise, math.inf, lift_needed, 0.0, "never")
        free = treated - 1 if pairs else treated + control - 2
        se = standard_error(noise, treated, control, pairs=pairs)
        chance = chance_above(asked.lift, lift_needed, se, free, level)
        seen = math.expm1(lift_seen(noise, treated, control, pairs=pairs, level=level, power=asked.power))
        verdict: Verdict = "can" if chance >= asked.power else "unlikely"
        return cls(way, treated, control, periods, floor, noise, seen, lift_needed, chance, verdict)
