"""A pilot on real stores or cities with a planted effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.checks import as_date, check_settings, too_small
from crm_lab.data.kernels.unit_weeks import TablesLike, UnitKind, UnitWeeks, unit_weeks
from crm_lab.experiments.origins.panels.pilot_panel import PilotPanel
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer


@dataclass(frozen=True, kw_only=True)
class PlantedPilot:
    """A pilot on real stores or cities with a planted effect: lots choose, and what is chosen sells more by the lift.

    Only units with sales in each week take part, so that none is closed or new. It shows on the lab's own data how a
    pilot is analysed. On a retailer's own data it is not used: a planted effect supports no decision.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("complete_journey").at("2017-12-31")
    >>> panel = PlantedPilot(treated=5, largest=20, lift=0.1, seed=1).open(tables)
    >>> len(panel.treated), len(panel.controls), panel.planted
    (5, 15, True)

    Attributes:
        source: The source of the tables; that of a suite (.toml) is a retailer's own.
        by: ``store`` or ``city``.
        start: First day of the pilot; it begins with the week of that day.
        treated: How many units get it, drawn by lot.
        largest: Of the units with sales in each week only so many with the largest sales before the start; 0 for all.
        lift: Planted relative lift; 0 for a pilot that does nothing.
        seed: Random seed of the lots.
    """

    source: str = ""
    by: UnitKind = "store"
    start: str = "2017-10-02"
    treated: int = 5
    largest: int = 0
    lift: float = 0.05
    seed: int = 18

    def __post_init__(self) -> None:
        check_settings(
            self,
            too_small(self, treated=1, largest=0, lift=-1),
            by=self.by not in ("store", "city") and "it is store or city",
            largest=0 < self.largest <= self.treated and f"some must be left beside the {self.treated} treated",
        )
        as_date(self.start, "start")

    @property
    def given(self) -> bool:
        """Whether the tables come with the lab.

        >>> PlantedPilot().given, PlantedPilot(source="suites/shop.toml").given
        (True, False)
        """
        return not self.source.endswith(".toml")

    def open(self, tables: TablesLike) -> PilotPanel:
        """The panel; `untouched` is the value without the planted lift.

        >>> list(panel.frame)
        ['unit', 'period', 'value', 'untouched']

        Args:
            tables: Tables of a workspace as of a day.

        Returns:
            The panel; its `truth` is the planted effect.

        Raises:
            CannotAnswer: If too few units trade in each week, or no week lies before the start, or after it.
        """
        weeks = unit_weeks(tables, self.by)
        frame = weeks.of(weeks.full).rename(columns={"week": "period", "sales": "untouched"})
        monday = pd.Timestamp(as_date(self.start, "start"))
        monday -= pd.Timedelta(days=monday.day_of_week)
        before = frame[frame["period"] < monday]
        if not len(before) or (frame["period"] < monday).all():
            raise cannot_answer("pilot_outside", start=self.start, first=weeks.first, last=weeks.last)
        sales = before.groupby("unit")["untouched"].sum()
        units = sorted(sales.nlargest(self.largest).index) if self.largest else list(weeks.full)
        if len(units) <= self.treated or len(units) < self.largest:
            needed = max(self.largest, self.treated + 1)
            kind = Message(f"unit_weeks.{self.by}")
            raise cannot_answer("few_full_units", n=len(weeks.full), kind=kind, needed=needed)
        chosen = sorted(np.random.default_rng(self.seed).permutation(units)[: self.treated].tolist())
        frame = frame[frame["unit"].isin(units)].reset_index(drop=True)
        touched = frame["unit"].isin(chosen) & (frame["period"] >= monday)
        frame["value"] = frame["untouched"] * np.where(touched, 1 + self.lift, 1.0)
        effect = float((frame["value"] - frame["untouched"]).sum())
        return PilotPanel(
            frame=frame[["unit", "period", "value", "untouched"]],
            every="week",
            treated_from=dict.fromkeys(chosen, monday),
            measure="sales",
            currency=getattr(tables, "currency", ""),
            truth={"effect": effect, "lift": self.lift},
            notes=self._notes(weeks, len(units)),
        )

    def _notes(self, weeks: UnitWeeks, n: int) -> tuple[Message, ...]:
        kind = Message(f"unit_weeks.{self.by}")
        values = {"lift": self.lift, "treated": self.treated, "n": n, "kind": kind}
        return (Message("panels.planted", values), *weeks.said())
