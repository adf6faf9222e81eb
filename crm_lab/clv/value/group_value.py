"""The value of groups of customers: segments, cohorts, value bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result, id_part

VALUE_BANDS = ("top_1_percent", "next_9_percent", "next_40_percent", "rest")


def group_label(group: str) -> str:
    """The words for a value band; other groups are called as the user calls them."""
    return Message(f"clv.groups.{group}").text() if group in VALUE_BANDS else group


@dataclass(frozen=True, eq=False)
class GroupValueResult(Result):
    """The value of groups of customers, highest first.

    Attributes:
        frame: group, customers, value with lo and hi, value_per_customer, value_share.
        currency: ISO code.
        level: Of the intervals.
    """

    frame: pd.DataFrame
    currency: str
    level: float

    name: ClassVar[str] = "group_value"
    formats: ClassVar[Mapping[str, str]] = {
        "customers": ",d",
        "value": ",.0f",
        "lo": ",.0f",
        "hi": ",.0f",
        "value_per_customer": ",.2f",
        "value_share": ".1%",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row a group, highest value first."""
        return self.frame.copy()

    def shown(self) -> pd.DataFrame:
        """The same with the bands in words."""
        return self.frame.assign(group=[group_label(group) for group in self.frame["group"]])

    def readout(self) -> Readout:
        """Which group carries most, how sure, what to spend at most."""
        first = self.frame.iloc[0]
        values = {
            "group": group_label(first["group"]),
            "share": float(first["value_share"]),
            "value": float(first["value"]),
            "interval": Message("clv.money_interval", {"lo": float(first["lo"]), "hi": float(first["hi"])}),
            "currency": self.currency,
        }
        best = self.frame.sort_values("value_per_customer", ascending=False).iloc[0]
        return Readout(
            Message("clv.groups.finding", values),
            Message("clv.groups.certainty", {"level": self.level}),
            Message(
                "clv.groups.action",
                {
                    "group": group_label(best["group"]),
                    "each": float(best["value_per_customer"]),
                    "currency": self.currency,
                },
            ),
        )

    def facts(self) -> tuple[Fact, ...]:
        """The value of each group."""
        rows: Any = self.frame.itertuples(index=False)
        return tuple(
            Fact(
                f"clv.group.{id_part(row.group)}",
                Message("clv.groups.value", {"group": group_label(row.group)}),
                row.value,
                self.currency,
                ci=Interval(row.lo, row.hi, self.level),
                kind="forecast",
                n=int(row.customers),
            )
            for row in rows
        )
