"""Where a pilot's values come from: whole weeks of stores or cities in the tables, or a panel in a file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from crm_lab.data.kernels.unit_weeks import UnitKind, member_changes
from crm_lab.experiments.origins.panels.pilot_panel import PilotPanel
from crm_lab.experiments.pilots.city_choice.city_pairs import periods_between
from crm_lab.experiments.pilots.city_choice.market_selection import MarketSelection
from crm_lab.experiments.pilots.city_choice.saved_draw import SavedDraw
from crm_lab.experiments.pilots.city_choice.stepped_wedge import SteppedWedge
from crm_lab.experiments.pilots.city_pilot import FEWEST_BEFORE, Drawn, Pilot
from crm_lab.experiments.pilots.feasibility.member_reading import MemberReading, member_reading
from crm_lab.experiments.pilots.pilot_terms import PilotTerms
from crm_lab.experiments.pilots.pilot_words import Every, Unit
from crm_lab.messages import Message
from crm_lab.stats.panel.panel import Panel, Period

_WEEK = timedelta(days=7)
USUAL, USUAL_UNITS = 8, 5  # periods and units of a pilot that nobody described
_EVERY: dict[str, Every] = {"day": "day", "week": "week", "month": "month", "year": "year"}


class WithProvenance(Protocol):
    """The tables or the file behind a panel."""

    def provenance(self) -> dict[str, Any]:
        """Source, title, as_of, last day, rows, key, simulated."""
        ...


@dataclass(frozen=True, eq=False)
class CityData:
    """Values of all cities over time, with what is known of a pilot in them.

    >>> from types import SimpleNamespace
    >>> weeks = pd.date_range("2024-01-01", periods=20, freq="7D")
    >>> frame = pd.DataFrame({"unit": np.repeat(list("abcdef"), 20), "period": np.tile(weeks, 6)})
    >>> frame["value"] = np.random.default_rng(1).gamma(400, 1, 120)
    >>> given = PilotPanel(frame=frame, every="week", treated_from=dict.fromkeys("ad", weeks[14]), currency="EUR")
    >>> tables = SimpleNamespace(provenance=lambda: {"source": "an example", "simulated": True})
    >>> data = CityData.of(given, "city", "lot", tables)
    >>> data.treated, data.first
    (('a', 'd'), 14)

    Attributes:
        panel: The values.
        given: The panel as its origin gave it: who was treated from when, currency, what was left out.
        unit: What a row of the panel is.
        drawn: Whether lot chose the treated units, or people or an accident.
        behind: The tables or the file.
        changes: Members' changes of spend over so many weeks up to a day, where members are known.
    """

    panel: Panel
    given: PilotPanel
    unit: Unit
    drawn: Drawn
    behind: WithProvenance
    changes: Callable[[date, int], pd.DataFrame] | None = None

    @classmethod
    def of(cls, given: PilotPanel, unit: Unit, drawn: Drawn, behind: WithProvenance, members: Any = None) -> CityData:
        """The values of a panel from any origin.

        >>> CityData.of(given, "region", "chosen", tables).unit
        'region'

        Args:
            given: The panel.
            unit: What a row of it is.
            drawn: Whether lot chose the treated units.
            behind: The tables or the file.
            members: Tables in which members are known, if any.

        Returns:
            The values, with members' changes where members are known and rows are weeks of cities or stores.
        """
        panel = Panel.from_frame(given.frame, unit="unit", period="period", value="value")
        if members is None or unit not in ("city", "store") or given.every != "week":
            return cls(panel, given, unit, drawn, behind)
        by: UnitKind = "store" if unit == "store" else "city"
        return cls(panel, given, unit, drawn, behind, partial(member_changes, members, by))

    @property
    def every(self) -> Every:
        """Length of a period.

        >>> data.every
        'week'
        """
        return _EVERY.get(self.given.every, "period")

    @property
    def currency(self) -> str:
        """ISO code of its amounts; empty where they are no money.

        >>> data.currency
        'EUR'
        """
        return self.given.currency

    @property
    def measure(self) -> str:
        """What the values are, as the data call them; empty for sales.

        >>> data.measure
        'value'
        """
        return "" if self.given.measure == "sales" else self.given.measure

    @property
    def money(self) -> bool:
        """Whether the values are money that adds up: a currency or a cost is named, and no value of one visitor.

        >>> data.money
        True
        """
        return (bool(self.currency) or self.given.cost is not None) and self.given.adds_up

    @property
    def simulated(self) -> bool:
        """Whether the values are simulated, or an effect was planted in them.

        >>> data.simulated
        True
        """
        return self.given.planted or bool(self.behind.provenance()["simulated"])

    def provenance(self) -> dict[str, Any]:
        """Of the tables or the file, for reports.

        >>> data.provenance()
        {'source': 'an example', 'simulated': True}
        """
        return {**self.behind.provenance(), "simulated": self.simulated}

    def notes(self) -> list[str]:
        """What was left out or filled, a sentence each.

        >>> data.notes()
        []
        """
        never = len(self.panel.units) - len(self.treated)
        said = [Message("experiments.pilots.note_never", {"n": never}).text()] if self._only_never else []
        return [*self.given.said(), *said]

    @property
    def treated(self) -> tuple[str, ...]:
        """Treated units; empty where no pilot was run.

        >>> data.treated
        ('a', 'd')
        """
        return self.given.treated

    @property
    def staggered(self) -> bool:
        """Whether treated units began at different times.

        >>> data.staggered
        False
        """
        return len(set(self.given.treated_from.values())) > 1

    @property
    def first(self) -> int | None:
        """Place of the first treated period; ``None`` where no pilot was run.

        >>> data.first
        14
        """
        return None if self.given.start is None else self._place(self.given.start)

    @property
    def past(self) -> Panel:
        """The panel before the pilot; the whole of it where none was run.

        Where a staggered roll-out left too short a past, the units that never began, which have nothing but past.

        >>> len(data.past.periods)
        14
        """
        if self._only_never:
            return self.panel.without(self.treated)
        return self.panel if self.first is None else periods_between(self.panel, 0, self.first)

    @property
    def _only_never(self) -> bool:
        """Whether the next pilot is planned on the units that never began."""
        short = self.staggered and (self.first or 0) < FEWEST_BEFORE
        return short and len(self.panel.units) - len(self.treated) >= USUAL_UNITS

    def length(self, asked: int) -> int:
        """Length of the next pilot: as asked, else that of the pilot that was run, up to a third of the past.

        >>> data.length(0), data.length(6)
        (4, 6)

        Args:
            asked: Periods; 0 for none asked.

        Returns:
            Periods, at least 1.
        """
        if asked:
            return asked
        run = self.pilot()
        return max(1, min(run.periods if run else USUAL, len(self.past.periods) // 3))

    def many(self, asked: int) -> int:
        """Units of the next pilot: as asked, else as many as were piloted, else five or a quarter of them.

        >>> data.many(0), data.many(3)
        (2, 3)

        Args:
            asked: Units; 0 for none asked.

        Returns:
            Units, at least 1.
        """
        run = 0 if self._only_never else len(self.treated)
        return asked or run or max(1, min(USUAL_UNITS, len(self.past.units) // 4))

    def markets(self, many: int, terms: PilotTerms) -> MarketSelection | None:
        """Sets of about as many units to pick from, or ``None`` where the past is too short to try them.

        >>> data.markets(5, data.terms(margin_share=0.5)).sizes
        (4, 5)

        Args:
            many: Units of the next pilot.
            terms: Its cost.

        Returns:
            The selection, a quarter of the past long at most.
        """
        length = min(self.length(0), len(self.past.periods) // 4)
        sizes = tuple(k for k in (many - 1, many, many + 1) if 0 < k < len(self.panel.units))
        if length < 1 or not sizes:
            return None
        return MarketSelection(sizes=sizes, periods=length, cost=terms.cost, unit=self.unit, every=self.every)

    def roll_out(self, waves: int, seed: int) -> SteppedWedge | None:
        """A roll-out in waves that fits the past, or ``None`` where none does.

        >>> wedge = data.roll_out(waves=3, seed=0)
        >>> wedge.waves, wedge.gap
        (3, 2)

        Args:
            waves: Steps wanted.
            seed: Of the draw.

        Returns:
            The roll-out, or ``None``.
        """
        n, past = len(self.past.units), len(self.past.periods)
        steps = min(waves, n, past - 1)
        if steps < 2:
            return None
        gap = max(1, min(math.ceil(self.length(0) / steps), past // (steps + 1)))
        return SteppedWedge(waves=steps, gap=gap, seed=seed, unit=self.unit, every=self.every)

    def starts(self) -> dict[str, Period]:
        """First treated period of each unit that began.

        >>> f"{data.starts()['a']:%Y-%m-%d}"
        '2024-04-08'
        """
        return {name: self.panel.periods[self._place(day)] for name, day in self.given.treated_from.items()}

    def reading(self, periods: int) -> MemberReading | None:
        """How alike members of a city changed before the pilot, or ``None`` where members are not known.

        >>> from dataclasses import replace
        >>> changes = pd.DataFrame({"unit": list("abcdef") * 10, "change": np.random.default_rng(2).normal(0, 1, 60)})
        >>> known = replace(data, changes=lambda day, weeks: changes)
        >>> known.reading(4).cities, data.reading(4) is None
        (6, True)

        Args:
            periods: Weeks that are compared with as many before them.

        Returns:
            How alike they changed, or ``None``.
        """
        last = self.past.periods[-1]
        if self.changes is None or not isinstance(last, date):
            return None
        changes = self.changes(last + _WEEK, periods)
        changes = changes[changes["unit"].isin(self.panel.units)]
        sizes = changes.groupby("unit").size()
        return member_reading(changes) if len(sizes) > 1 and len(changes) > len(sizes) else None

    def pilot(self, drawn: Drawn | Literal[""] = "", draw_file: str = "") -> Pilot | None:
        """The pilot that was run, or ``None`` where none was, or where units began at different times.

        >>> run = data.pilot()
        >>> run.treated, run.periods, data.pilot("chosen").drawn
        (('a', 'd'), 6, 'chosen')

        Args:
            drawn: Whether lot chose the units, or people or events; as the origin says unless given.
            draw_file: A saved draw of the page: the test then goes through its sets, over the units that took part.

        Returns:
            The pilot, or ``None``.

        Raises:
            BadInput: If what is known does not make a pilot, or the draw is not that of the pilot.
        """
        if self.first is None or self.staggered:
            return None
        ends = {self._place(day) for day in self.given.treated_until.values()}
        end = min(ends) + 1 if ends else len(self.panel.periods)
        panel, design = periods_between(self.panel, 0, end), None
        if draw_file:
            panel, design = SavedDraw.load(draw_file).among(panel, self.treated)
        return Pilot(
            panel=panel,
            treated=self.treated,
            start=panel.periods[self.first],
            drawn="lot" if draw_file else drawn or self.drawn,
            assignments=design,
            unit=self.unit,
            every=self.every,
            money=self.money,
            measure=self.measure,
            simulated=self.simulated,
        )

    def terms(self, **asked: Any) -> PilotTerms:
        """Terms of the pilot: those asked for, but for what the data know themselves, which is no example.

        ``periods`` among what is asked is the length of the pilot that is planned.

        >>> data.terms(margin_share=0.3, cost=50.0).currency
        'EUR'

        Args:
            asked: Settings of `PilotTerms`.

        Returns:
            The terms, with what the data know in place of what was asked.
        """
        known: dict[str, Any] = {"currency": self.currency, **self._known_cost(asked.pop("periods", 0))}
        if not self.money:  # what is no money has no cost to beat
            known |= {"cost": 0.0, "fixed_cost": 0.0, "margin_share": 1.0}
        if self.given.measure == "gross_margin":
            known["margin_share"] = 1.0
        elif self.given.margin_share is not None:
            known["margin_share"] = self.given.margin_share
        if self.given.roi_target is not None:
            known["roi_needed"] = self.given.roi_target
        assumed = tuple(name for name in asked.pop("assumed", ()) if name not in known)
        return PilotTerms(**{**asked, **known}, assumed=assumed)

    def _known_cost(self, periods: int) -> dict[str, float]:
        """What the data know of the cost: of a unit and period, and besides."""
        given, pilot = self.given, self.pilot()
        if given.cost is None:
            return {}
        if not given.treated:  # nothing was done yet, and the cost is that of the plan
            each = {"unit_period": given.cost, "unit": given.cost / self.length(periods)}.get(given.cost_of, 0.0)
            return {"cost": each, "fixed_cost": given.cost if given.cost_of == "total" else 0.0}
        ran = [pilot.periods] * len(pilot.treated) if pilot else [self._ran(unit) for unit in given.treated]
        return {"cost": given.cost / sum(ran), "fixed_cost": 0.0}

    def _ran(self, unit: str) -> int:
        """Periods in which a unit was treated."""
        until = self.given.treated_until.get(unit)
        end = len(self.panel.periods) if until is None else self._place(until) + 1
        return end - self._place(self.given.treated_from[unit])

    @property
    def traits(self) -> pd.DataFrame:
        """How units differ: ``unit``, ``size`` (log of the mean value) and, with receipts known, ``basket``.

        >>> data.traits.shape, list(data.traits)
        ((6, 2), ['unit', 'size'])
        """
        frame = pd.DataFrame({"unit": self.panel.units, "size": np.log(self.past.values.mean(axis=1))})
        if "receipts" not in self.given.frame:
            return frame
        sums = self.given.frame.groupby("unit")[["value", "receipts"]].sum().loc[list(self.panel.units)]
        return frame.assign(basket=np.log(sums["value"].to_numpy() / sums["receipts"].to_numpy()))

    def _place(self, period: Any) -> int:
        day: Period = period.date() if isinstance(period, pd.Timestamp) else period
        return self.panel.index(day)
