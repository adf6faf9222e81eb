"""Customers still active at a date, with features and labels, cached by date."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.calendar import day_date, day_numbers
from crm_lab.churn.definition.labels import left_after
from crm_lab.churn.features.features import CustomerFeatures
from crm_lab.messages.no_answer import cannot_answer


@dataclass(frozen=True, slots=True)
class Panel:
    """The customers judged at a date: comparable features, all features, who left, what is known."""

    x: pd.DataFrame
    every: pd.DataFrame
    left: pd.Series
    known: pd.DataFrame


@dataclass
class Panels:
    """Features and labels of the customers judged at a date, made once a date."""

    active_days: int
    window_days: int
    orders: pd.DataFrame
    last_day: date
    transactions: pd.DataFrame | None = None
    exposures: pd.DataFrame | None = None
    stores: pd.DataFrame | None = None
    kept: dict[date, Panel] = field(default_factory=dict)

    @property
    def first_day(self) -> date:
        """First day with an order."""
        return day_date(int(day_numbers(self.orders["date"]).min()))

    def at(self, day: date) -> Panel:
        """The panel of a date."""
        if day not in self.kept:
            self.kept[day] = self._make(day)
        return self.kept[day]

    def customers(self, day: date) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Of the customers judged at a date: comparable features, all features, what is known."""
        made = CustomerFeatures().analyze(
            self.orders, as_of=day, transactions=self.transactions, exposures=self.exposures, stores=self.stores
        )
        every = made.frame.set_index("customer_id")
        active = (every["tenure_days"] >= self.active_days) & (every["recency_days"] < self.active_days)
        every = every[active]
        value = every["order_value"] * every["days_91"] if "order_value" in every else pd.Series(1.0, every.index)
        known = pd.DataFrame(
            {
                "customer_id": every.index,
                "origin": pd.Timestamp(day),
                "recency_days": every["recency_days"].to_numpy(),
                "value": value.to_numpy(),
            }
        )
        if "contacts_91" in every:
            known["contacts_91"] = every["contacts_91"].to_numpy()
        return made.comparable[active], every, known

    def _make(self, day: date) -> Panel:
        x, every, known = self.customers(day)
        left = left_after(self.orders, every.index, as_of=day, window_days=self.window_days, last_day=self.last_day)
        known.insert(2, "left", left.to_numpy())
        return Panel(x, every, left, known)


@dataclass(frozen=True, slots=True)
class Past:
    """Training rows of several dates: features indexed by customer, who left, and the date of each row."""

    x: pd.DataFrame
    left: pd.Series
    day: NDArray[np.datetime64]

    @classmethod
    def of(cls, panels: list[Panel]) -> Past:
        """The rows of several panels, one after the other.

        Raises:
            BadInput: If nobody left there, or everybody did.
        """
        left = pd.concat([p.left for p in panels])
        if left.nunique() < 2:
            who = "nobody_left" if left.eq(0).all() else "everybody_left"
            raise cannot_answer(who, n=len(left), dates=len(panels))
        day = np.concatenate([panel.known["origin"].to_numpy() for panel in panels])
        return cls(pd.concat([p.x for p in panels]), left, day)
