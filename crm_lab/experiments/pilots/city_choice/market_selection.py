"""Which cities to pick where a draw is out of the question: sets that others follow, by what they can see and cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Booleans
from crm_lab.checks import BadInput, check_settings, negative, not_inside, not_positive
from crm_lab.experiments.pilots.city_choice.city_pairs import index_series
from crm_lab.experiments.pilots.pilot_words import Every, Unit, counted
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.stats.panel.estimators import SyntheticControl
from crm_lab.stats.panel.panel import Panel

_SPANS = 8  # of the past on which each set is a placebo, the last ones
_FEWEST = 2
_MOST = 40  # cities from which sets are made, those that moved most like another; each set is fitted on each span


@dataclass(frozen=True, kw_only=True)
class MarketSelection:
    """Sets of cities ranked by the smallest lift that a synthetic control sees in them, within a budget.

    >>> rng = np.random.default_rng(1)
    >>> panel = Panel(rng.gamma(900, 1, (10, 60)), tuple("abcdefghij"), tuple(range(60)))
    >>> chosen = MarketSelection(sizes=(2, 3), periods=8, cost=100.0, budget=2_000.0).rank(panel)
    >>> len(chosen.best), int(chosen.frame["cost"].max())
    (2, 2400)

    Attributes:
        sizes: Numbers of treated cities that are tried.
        periods: Length of the pilot.
        cost: Cost of one treated city in one period.
        budget: What can be spent; 0 for no bound.
        power: Of the smallest lift.
        level: Confidence level.
        never: Cities that cannot be treated.
        unit: What is picked.
        every: Length of a period.

    Source:
        Sets of each city with those that moved most like it, as GeoLift's market selection (Meta, 2021) makes them.
    """

    sizes: tuple[int, ...] = (2, 3, 4, 5)
    periods: int = 8
    cost: float = 0.0
    budget: float = 0.0
    power: float = 0.8
    level: float = 0.95
    never: tuple[str, ...] = ()
    unit: Unit = "city"
    every: Every = "week"

    def __post_init__(self) -> None:
        sizes = bool(not self.sizes or min(self.sizes, default=1) < 1) and "they are numbers of cities, 1 or more"
        check_settings(
            self, not_positive(self, "periods"), negative(self, "cost", "budget"), not_inside(self, "level", "power"),
            sizes=sizes,
        )  # fmt: skip

    def rank(self, panel: Panel, *, simulated: bool = False) -> MarketSelectionResult:
        """Rank the sets on the past.

        >>> MarketSelection(sizes=(2,), periods=8).rank(panel).frame["treated_units"].unique().tolist()
        [2]

        Args:
            panel: The past of all cities.
            simulated: Whether it is simulated.

        Returns:
            One row a set, those that can be paid first, by the smallest lift seen.

        Raises:
            BadInput: If the past has fewer than two spans of that length after as many periods, or no set can be made.
        """
        n, length = panel.values.shape
        starts = list(range(length - self.periods, 2 * self.periods - 1, -self.periods))[:_SPANS]
        free = np.array([name not in self.never for name in panel.units])
        sizes = [k for k in self.sizes if k < n and k <= int(free.sum())]
        if len(starts) < _FEWEST or not sizes:
            raise BadInput(
                f"{n} units ({int(free.sum())} of them free) and {length} periods: sets of {self.sizes} need more "
                f"units, and a past of {4 * self.periods} periods."
            )
        rows = [self._row(panel, mask, starts) for k in sizes for mask in _sets(panel, k, free)]
        frame = pd.DataFrame(rows).sort_values(["affordable", "mde"], ascending=[False, True], ignore_index=True)
        return MarketSelectionResult(self, frame, n, simulated)

    def _row(self, panel: Panel, mask: Booleans, starts: list[int]) -> dict[str, object]:
        """What a synthetic control finds in a set on the past, where nothing was done."""
        method, found = SyntheticControl(), []
        for start in starts:
            values = panel.values[:, : start + self.periods]
            found.append(method.effect(values, mask, start) / values[mask, :start].mean())
        t = float(stats.t.ppf(0.5 + self.level / 2, len(found)) + stats.t.ppf(self.power, len(found)))
        cost = self.cost * int(mask.sum()) * self.periods
        share = float(panel.values[mask].sum() / panel.values.sum())
        return {
            "set": ", ".join(np.array(panel.units)[mask]), "treated_units": int(mask.sum()), "share": share,
            "past_noise": float(np.sqrt(np.mean(np.square(found)))),
            "mde": t * float(np.sqrt(np.mean(np.square(found)))), "cost": cost,
            "affordable": not self.budget or cost <= self.budget,
        }  # fmt: skip


def _sets(panel: Panel, size: int, free: Booleans) -> list[Booleans]:
    """Each free city with those free ones that moved most like it, each set once."""
    series = index_series(panel)
    apart = ((series[:, None, :] - series[None, :, :]) ** 2).mean(axis=2)
    apart[:, ~free] = np.inf
    sets: dict[bytes, Booleans] = {}
    nearest = np.sort(apart + np.diag(np.full(len(free), np.inf)), axis=1)[:, 0]
    able = np.flatnonzero(free)
    for city in np.sort(able[np.argsort(nearest[able], kind="stable")[:_MOST]]):
        order = np.argsort(apart[city], kind="stable")
        mask = np.isin(np.arange(len(free)), order[:size])
        sets.setdefault(mask.tobytes(), mask)
    return list(sets.values())


@dataclass(frozen=True, eq=False)
class MarketSelectionResult(TableResult):
    """Sets of cities, those that can be paid first, by the smallest lift seen.

    >>> rng = np.random.default_rng(1)
    >>> panel = Panel(rng.gamma(900, 1, (10, 60)), tuple("abcdefghij"), tuple(range(60)))
    >>> chosen = MarketSelection(sizes=(2,), periods=8, cost=100.0, budget=10.0).rank(panel)

    Attributes:
        spec: What was asked.
        frame: ``set``, ``treated_units``, ``share`` of all sales, ``past_noise``, ``mde``, ``cost``, ``affordable``.
        units: Cities in all.
        simulated: Whether the past is simulated.
    """

    spec: MarketSelection
    frame: pd.DataFrame
    units: int
    simulated: bool

    name: ClassVar[str] = "market_selection"
    formats: ClassVar[dict[str, str]] = {**dict.fromkeys(("share", "past_noise", "mde"), ".1%"), "cost": ",.0f"}

    @property
    def best(self) -> tuple[str, ...] | None:
        """The set that sees most within the budget, or ``None`` where none can be paid.

        >>> chosen.best is None
        True
        """
        first = self.frame.iloc[0]
        return tuple(str(first["set"]).split(", ")) if first["affordable"] else None

    def readout(self) -> Readout:
        """Which set, how that is known, and what it costs in proof.

        >>> print(chosen.readout().finding)
        No set of 2 cities can be paid: the cheapest costs 1,600 for 8 weeks.
        """
        first = self.frame.iloc[0]
        values = {
            "set": first["set"], "mde": first["mde"], "share": first["share"], "cost": first["cost"],
            "sizes": ", ".join(map(str, self.spec.sizes)), "length": counted(self.spec.every, self.spec.periods),
            "cheapest": float(self.frame["cost"].min()), "tried": len(self.frame), "power": self.spec.power,
            "unit": counted(self.spec.unit, int(first["treated_units"])),
        }  # fmt: skip
        finding = "markets" if self.best else "markets_dear"
        return Readout.of("experiments.pilots", values, finding, "markets_certainty", "markets_action")

    def facts(self) -> tuple[Fact, ...]:
        """The smallest lift of the best set.

        >>> [fact.id for fact in chosen.facts()]
        ['markets.mde']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        fact = partial(Fact, kind=kind, n=self.units)
        return (
            fact("markets.mde", Message("experiments.pilots.fact_markets"), float(self.frame["mde"].iloc[0]), "share"),
        )
