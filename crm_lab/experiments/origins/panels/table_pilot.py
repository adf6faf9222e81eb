"""A pilot of whole cities that the contract's tables record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from crm_lab.checks import BadInput, as_date
from crm_lab.data.kernels.unit_weeks import unit_weeks
from crm_lab.experiments.origins.panels.pilot_panel import PilotPanel
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer

CONTROL = "control"


@dataclass(frozen=True, kw_only=True)
class TablePilot:
    """A pilot of whole cities in the tables `assignments`, `customers` and `transactions`, by week.

    Sales are those of a city's stores, and of its customers in the online shop. What it cost is in `costs`, under its
    name.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("simulated:pilot,customers=400").at("latest")
    >>> panel = TablePilot(experiment="pilot", until="2023-10-08").open(tables)
    >>> panel.treated, panel.cost
    (('Delva', 'Estra', 'Grona', 'Helmo', 'Nerva'), 4200.0)

    Attributes:
        experiment: Its name in `assignments`; empty for none.
        until: Last day on which it ran; empty where it still runs.
        value: ``sales``, or ``gross_margin`` where costs are known.
    """

    experiment: str = ""
    until: str = ""
    value: Literal["sales", "gross_margin"] = "sales"

    @property
    def given(self) -> bool:
        """Whether an experiment is named.

        >>> TablePilot().given
        False
        """
        return bool(self.experiment)

    def open(self, tables: Any) -> PilotPanel:
        """The panel: cities by whole week, with sales and, where costs are known, margin beside the value.

        >>> list(panel.frame)
        ['unit', 'period', 'value', 'sales', 'gross_margin', 'receipts', 'customers']

        Args:
            tables: Tables of a workspace as of a day.

        Returns:
            The panel, of cities that trade from the first week to the last.

        Raises:
            CannotAnswer: If there is no such experiment, it was not assigned to whole cities, or none of those traded.
            BadInput: If `value` cannot be had, or `until` is no day.
        """
        weeks = unit_weeks(tables, "city")
        if self.value not in weeks.frame:
            had = [name for name in ("sales", "gross_margin") if name in weeks.frame]
            raise BadInput(f"value is {self.value!r}; it must be one of {', '.join(had)}.")
        start = self._starts(tables)
        frame = weeks.of(weeks.throughout).rename(columns={"week": "period"})
        frame.insert(2, "value", frame[self.value])
        treated = {city: day for city, day in start.items() if city in weeks.throughout}
        lost = sorted({*weeks.units, *start} - {*weeks.throughout})
        if not treated:
            raise cannot_answer("pilot_not_traded", experiment=self.experiment, cities=", ".join(sorted(start)))
        left_out = Message("panels.left_out", {"n": len(lost), "cities": ", ".join(lost)})
        panel = PilotPanel(
            frame=frame, every="week", treated_from=treated, measure=self.value, currency=tables.currency,
            cost=self._cost(tables), notes=(*weeks.said(), *([left_out] if lost else [])),
        )  # fmt: skip
        if not self.until:
            return panel
        last = _monday(pd.Timestamp(as_date(self.until, "until")))
        return replace(panel, treated_until=dict.fromkeys(treated, last))

    def _starts(self, tables: Any) -> dict[str, pd.Timestamp]:
        """Treated cities with the week in which their first customer was assigned."""
        drawn = tables["assignments"]
        known = ", ".join(sorted(drawn["experiment"].unique()))
        drawn = drawn[drawn["experiment"] == self.experiment]
        if not len(drawn):
            raise cannot_answer("pilot_unknown", experiment=self.experiment, known=known)
        cities = drawn.merge(tables["customers"][["customer_id", "city"]], on="customer_id").dropna(subset=["city"])
        arms = cities.groupby("city")["arm"].nunique()
        if (arms > 1).any():
            raise cannot_answer("pilot_mixed", n=int((arms > 1).sum()), of=len(arms), experiment=self.experiment)
        first = cities[cities["arm"] != CONTROL].groupby("city")["assigned_on"].min()
        return {str(city): _monday(day) for city, day in first.items()}

    def _cost(self, tables: Any) -> float | None:
        if "costs" not in tables:
            return None
        costs = tables["costs"]
        paid = costs.loc[costs["item"] == self.experiment, "amount"]
        return float(paid.sum()) if len(paid) else None


def _monday(day: pd.Timestamp) -> pd.Timestamp:
    monday: pd.Timestamp = (day - pd.Timedelta(days=day.day_of_week)).normalize()
    return monday
