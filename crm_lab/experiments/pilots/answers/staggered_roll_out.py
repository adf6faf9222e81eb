"""What a roll-out changed that began at different times in different cities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, not_inside, too_small
from crm_lab.experiments.pilots.pilot_words import Every, Unit, counted
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.panel.panel import Panel, Period
from crm_lab.stats.panel.staggered_adoption import Controls, StaggeredAdoption, StaggeredResult

FEWEST = 20  # units from which the interval by influence functions is stated


@dataclass(frozen=True, kw_only=True)
class StaggeredRollOut:
    """How a staggered roll-out is read: cohorts against units that had not begun, on logarithms.

    >>> rng = np.random.default_rng(1)
    >>> starts = np.repeat([12, 16, 99], 8)
    >>> values = 100 * np.exp(rng.normal(0, 0.03, (24, 24)) + 0.1 * (np.arange(24) >= starts[:, None]))
    >>> panel = Panel(values, tuple(f"city {i:02d}" for i in range(24)), tuple(range(24)))
    >>> begun = {name: int(start) for name, start in zip(panel.units, starts, strict=True) if start < 24}
    >>> round(StaggeredRollOut(draws=19).analyze(panel, begun).lift, 3)
    0.105

    Attributes:
        level: Confidence level.
        draws: Orders of the starts that the p value goes through.
        seed: Of the draws.
        unit: What began.
        every: Length of a period.
        measure: What the values are; empty for sales.

    Source:
        Callaway & Sant'Anna (2021), J. of Econometrics 225, 200-230; starts permuted as in Roth & Sant'Anna (2023).
    """

    level: float = 0.95
    draws: int = 999
    seed: int = 0
    unit: Unit = "city"
    every: Every = "week"
    measure: str = ""

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "level"), too_small(self, draws=19))

    def analyze(self, panel: Panel, starts: dict[str, Period], *, simulated: bool = False) -> StaggeredRollOutResult:
        """The mean lift of all cities and periods that had begun.

        >>> StaggeredRollOut(draws=19).analyze(panel, begun).pvalue
        0.05

        Args:
            panel: The values.
            starts: First treated period of each city that began.
            simulated: Whether any of it is simulated.

        Returns:
            The lift, by time since the start, with its p value over other orders of the same starts.

        Raises:
            BadInput: If a value is not above 0, or nobody can be compared.
        """
        low = int((panel.values <= 0).sum())
        if low:
            raise BadInput(
                f"{low} of {panel.values.size} values are not above 0; take longer periods, or leave those units out."
            )
        logs = Panel(np.log(panel.values), panel.units, panel.periods)
        controls: Controls = "never" if len(starts) < len(panel.units) else "not_yet"
        method = StaggeredAdoption(controls=controls, level=self.level)
        found = method.fit(logs, starts)
        rng, names, others = np.random.default_rng(self.seed), np.array(panel.units), []
        given = list(starts.values())
        for _ in range(self.draws):
            drawn = rng.permutation(names)[: len(given)]
            others.append(method.fit(logs, dict(zip(drawn.tolist(), given, strict=True))).totals["simple"].effect)
        own = abs(found.totals["simple"].effect)
        p = (1 + int((np.abs(others) >= own - 1e-12).sum())) / (1 + self.draws)
        return StaggeredRollOutResult(self, panel, dict(starts), found, p, simulated)


@dataclass(frozen=True, eq=False)
class StaggeredRollOutResult(Result):
    """The lift of a staggered roll-out.

    >>> rng = np.random.default_rng(1)
    >>> starts = np.repeat([5, 7, 99], [7, 7, 8])
    >>> values = 100 * np.exp(rng.normal(0, 0.03, (22, 10)) + 0.1 * (np.arange(10) >= starts[:, None]))
    >>> panel = Panel(values, tuple(f"city {i:02d}" for i in range(22)), tuple(range(10)))
    >>> begun = {name: int(start) for name, start in zip(panel.units, starts, strict=True) if start < 10}
    >>> found = StaggeredRollOut(draws=19).analyze(panel, begun)
    >>> round(found.lift, 2)
    0.11

    Attributes:
        spec: How it was read.
        panel: The values.
        starts: First treated period of each city that began.
        found: Effects on logarithms, by cohort and in all.
        pvalue: Of no effect, over other orders of the same starts.
        simulated: Whether any of it is simulated.
    """

    spec: StaggeredRollOut
    panel: Panel
    starts: dict[str, Period]
    found: StaggeredResult
    pvalue: float
    simulated: bool

    name: ClassVar[str] = "staggered_roll_out"
    formats: ClassVar[dict[str, str]] = dict.fromkeys(("rel_effect", "lo", "hi"), "+.1%")

    @property
    def lift(self) -> float:
        """Mean lift of all cities and periods that had begun, by size of the cohorts.

        >>> round(found.lift, 2)
        0.11
        """
        return math.expm1(self.found.totals["simple"].effect)

    @property
    def interval(self) -> Interval | None:
        """Its interval by influence functions; ``None`` with fewer than 20 cities, where it would be too short.

        >>> found.interval.lo < found.lift < found.interval.hi
        True
        """
        if len(self.panel.units) < FEWEST:
            return None
        ends = self.found.totals["simple"].interval(self.spec.level)
        return Interval(math.expm1(ends.lo), math.expm1(ends.hi), self.spec.level)

    @property
    def seen(self) -> bool:
        """Whether the roll-out is shown to have changed anything, by the p value that chance of the order gives.

        >>> found.seen
        True
        """
        return self.pvalue <= 1 - self.spec.level + 1e-12

    def to_frame(self) -> pd.DataFrame:
        """One row a number of periods since the start, those before it included: ``lead``, lift with its interval.

        >>> found.to_frame().query("lead == 0").round(2).to_dict("records")
        [{'lead': 0, 'rel_effect': 0.1, 'lo': 0.07, 'hi': 0.13}]
        """
        parts = self.found.totals["dynamic"].parts
        columns = {"rel_effect": "effect", "lo": "lo", "hi": "hi"}
        shown = pd.DataFrame({"lead": parts["at"], **{new: np.expm1(parts[old]) for new, old in columns.items()}})
        return shown if self.interval is not None else shown.assign(lo=np.nan, hi=np.nan)

    def readout(self) -> Readout:
        """The lift, how sure it is, and what to do.

        >>> print(found.readout().finding)
        The roll-out in 14 cities, begun at 2 different times, changed sales by +11.1% (95% interval +8.5% to
        +13.7%; p = 0.05).
        """
        ends, cohorts = self.interval, len(set(self.starts.values()))
        values = {
            "unit": counted(self.spec.unit, len(self.starts)), "cohorts": cohorts,
            "what": self.spec.measure or Message("experiments.pilots.what_sales"), "lift": self.lift, "p": self.pvalue,
            "lo": ends.lo if ends else math.nan, "hi": ends.hi if ends else math.nan, "level": self.spec.level,
            "draws": self.spec.draws, "controls": Message(f"experiments.pilots.controls_{self.found.controls}"),
        }  # fmt: skip
        finding = ("staggered" if ends else "staggered_few") + ("" if self.seen else "_none")
        return Readout.of("experiments.pilots", values, finding, "staggered_certainty", "staggered_action")

    def facts(self) -> tuple[Fact, ...]:
        """The lift.

        >>> [fact.id for fact in found.facts()]
        ['pilot.staggered.lift']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        fact = partial(Fact, kind=kind, n=len(self.panel.units))
        label = Message("experiments.pilots.fact_staggered")
        return (fact("pilot.staggered.lift", label, self.lift, "share", ci=self.interval, better="up"),)
