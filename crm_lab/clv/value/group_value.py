"""The value of groups of customers: segments, cohorts, value bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, TableResult

VALUE_BANDS = ("top_1_percent", "next_9_percent", "next_40_percent", "rest")


def group_label(group: str) -> Message | str:
    """The words for a value band; other groups are called as the user calls them."""
    return Message(f"clv.groups.{group}") if group in VALUE_BANDS else group


@dataclass(frozen=True, eq=False)
class GroupValueResult(TableResult):
    """The value of groups of customers, highest first.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import CustomerValue
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> bands = CustomerValue(draws=100).fit(tables["orders"], tables.as_of).bands()
    >>> bands.to_frame()["customers"].tolist()
    [212, 943, 23, 1179]

    Attributes:
        frame: group, customers, value with lo and hi, value_per_customer, value_share.
        currency: ISO code.
        level: Of the intervals.
        problem: Why no value can be stated, or ``None``.
        off: Whether a holdout says that intervals do not hold, so that none are stated.
    """

    frame: pd.DataFrame
    currency: str
    level: float
    problem: Message | None = None
    off: bool = False

    name = "group_value"
    formats: ClassVar = {**dict.fromkeys(("value", "lo", "hi"), ",.0f"), "value_per_customer": ",.2f"}

    def to_frame(self) -> pd.DataFrame:
        """One row a group; none where no value can be stated."""
        return self.frame.copy() if self.problem is None else self.frame.iloc[:0]

    def refusal(self) -> Message | None:
        """Why no value can be stated, or ``None``."""
        return self.problem

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the value bands in words.

        >>> list(bands.shown())
        ['group', 'customers', 'value', 'lo', 'hi', 'value_per_customer', 'value_share']
        """
        frame = self.to_frame()
        return frame.assign(group=[str(group_label(group)) for group in frame["group"]])

    def readout(self) -> Readout:
        """Which group has the highest value, how precise that is, what to spend at most.

        >>> print(bands.readout().finding)
        Next 9 % carries 46% of the base's value: 31,164 USD [28,223, 34,970].
        """
        if self.problem is not None:
            return Readout("clv.groups.refused", self.problem, "clv.value.refused_action")
        first, best = self.frame.iloc[0], self.frame.iloc[self.frame["value_per_customer"].argmax()]
        values = {
            **first,
            "group": group_label(first["group"]),
            "share": first["value_share"],
            "interval": Message("clv.money_interval", {"lo": first["lo"], "hi": first["hi"]}),
            "currency": self.currency,
            "level": self.level,
        }
        spend = {"group": group_label(best["group"]), "each": best["value_per_customer"], "currency": self.currency}
        said = ("finding_missed", "certainty_missed") if self.off else ("finding", "certainty")
        return Readout.of("clv.groups", values, *said, action=Message("clv.groups.action", spend))

    def facts(self) -> tuple[Fact, ...]:
        """The value of each group.

        >>> {fact.id: fact.unit for fact in bands.facts()[:2]}
        {'clv.group.next_9_percent': 'USD', 'clv.group.next_40_percent': 'USD'}
        """
        return facts_of(
            self.to_frame(), "clv.group.{group}", _label, "value", self.currency, ends=("lo", "hi"),
            level=self.level, n="customers", kind="forecast",
        )  # fmt: skip


def _label(row: Mapping[str, Any]) -> Message:
    return Message("clv.groups.value", {"group": group_label(row["group"])})


def wider(frame: pd.DataFrame, around: tuple[float, float]) -> Floats:
    """Ends of groups' intervals: their own chance and the total's error, as logarithms added in squares.

    Args:
        frame: Groups with value, lo and hi, currency.
        around: The total's interval over the total.

    Returns:
        Lower and upper ends, shape (groups, 2).
    """
    ends = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for own, whole, sign in ((frame["lo"], around[0], -1), (frame["hi"], around[1], 1)):
            ratio = np.hypot(np.log(np.maximum(own / frame["value"], 1e-9)), np.log(whole))
            ends.append(frame["value"] * np.exp(sign * ratio))
    return np.column_stack(ends)
