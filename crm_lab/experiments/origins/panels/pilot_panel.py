"""A panel of units over time, some of which got a programme from a period on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pandas as pd

from crm_lab.messages import Message

Period = Any
"""A `pandas.Timestamp`, the first day of a period; or its number where periods are numbered."""
_NO_SUMS = frozenset(
    ["avg", "average", "mean", "median", "rate", "ratio", "percent", "percentage", "pct", "share", "aov", "conversion"]
)
_NO_SUMS_ZH = ("率", "均", "客单", "占比", "比例")
_SPANS = frozenset(
    ["day", "week", "month", "quarter", "year", "period", "city", "store", "region"]
)  # sales per week are a sum


@dataclass(frozen=True, eq=False, kw_only=True)
class PilotPanel:
    """A panel of units over time, each unit with a row in each period.

    >>> days = pd.to_datetime(["2024-01-01", "2024-01-08"])
    >>> frame = pd.DataFrame({"unit": ["a", "a", "b", "b"], "period": [*days, *days], "value": [5.0, 7.0, 4.0, 4.0]})
    >>> panel = PilotPanel(frame=frame, every="week", treated_from={"a": days[1]})

    Attributes:
        frame: ``unit``, ``period``, ``value``, ordered by unit and period; further columns may stand beside them.
        every: ``day``, ``week``, ``month``, ``quarter``, ``year``, or ``number`` where periods are numbered.
        treated_from: Unit to the first period in which it was treated; empty where nothing was done yet.
        treated_until: Unit to the last such period, where it ended before the panel does.
        measure: What the value is, as the data call it.
        currency: ISO code of its amounts; empty where it is no money.
        margin_share: Gross margin as a share of the value, where somebody said so.
        cost: What the programme cost in all, where it is known; of what `cost_of` says where nothing was done yet.
        cost_of: ``total``, ``unit`` or ``unit_period``.
        roi_target: The return that was asked for.
        truth: What was planted, or ``None``: total effect on treated units and periods, and the relative lift.
        notes: What was left out or filled, a sentence each.
    """

    frame: pd.DataFrame
    every: str
    treated_from: Mapping[str, Period] = field(default_factory=dict)
    treated_until: Mapping[str, Period] = field(default_factory=dict)
    measure: str = "value"
    currency: str = ""
    margin_share: float | None = None
    cost: float | None = None
    cost_of: str = "total"
    roi_target: float | None = None
    truth: Mapping[str, float] | None = None
    notes: tuple[Message, ...] = ()

    @property
    def units(self) -> tuple[str, ...]:
        """All units, in order.

        >>> panel.units
        ('a', 'b')
        """
        return tuple(self.frame["unit"].unique())

    @property
    def treated(self) -> tuple[str, ...]:
        """Units that were treated, in order.

        >>> panel.treated
        ('a',)
        """
        return tuple(unit for unit in self.units if unit in self.treated_from)

    @property
    def controls(self) -> tuple[str, ...]:
        """Units that never were.

        >>> panel.controls
        ('b',)
        """
        return tuple(unit for unit in self.units if unit not in self.treated_from)

    @property
    def start(self) -> Period | None:
        """The first treated period of all; ``None`` where nothing was done.

        >>> f"{panel.start:%Y-%m-%d}"
        '2024-01-08'
        """
        return min(self.treated_from.values(), default=None)

    @property
    def planted(self) -> bool:
        """Whether the effect was planted: then it supports no decision.

        >>> panel.planted
        False
        """
        return self.truth is not None

    @property
    def adds_up(self) -> bool:
        """Whether the value's name is that of a sum: sales, and not sales of a visitor, a mean or a rate.

        >>> from dataclasses import replace
        >>> panel.adds_up, replace(panel, measure="sales per visitor").adds_up, replace(panel, measure="客单价").adds_up
        (True, False, False)
        >>> replace(panel, measure="sales_per_week").adds_up
        True
        """
        words = re.split(r"[\W_\d]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.measure).lower())
        one = any(a == "per" and b not in _SPANS for a, b in pairwise(words))
        return not one and not set(words) & _NO_SUMS and not any(word in self.measure for word in _NO_SUMS_ZH)

    def wide(self, column: str = "value") -> pd.DataFrame:
        """A row a period, a column a unit.

        >>> panel.wide().to_numpy().tolist()
        [[5.0, 4.0], [7.0, 4.0]]

        Args:
            column: What stands in it.
        """
        table = self.frame.pivot_table(index="period", columns="unit", values=column, aggfunc="first", sort=False)
        return table.sort_index()[list(self.units)]

    def said(self) -> list[str]:
        """What was left out or filled, in the active language.

        >>> panel.said()
        []
        """
        return [note.text() for note in self.notes]
