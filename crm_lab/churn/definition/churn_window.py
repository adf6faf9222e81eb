"""How many days without a purchase mean churn: chance of return by length of silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_date
from crm_lab.checks import check_settings, not_rising, too_small
from crm_lab.data.kernels.purchase_log import order_table, purchase_log
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, TableResult
from crm_lab.stats.intervals import z_value
from crm_lab.stats.return_chance import Spells, return_chance, spells_between

EVERYBODY = "all"


@dataclass(frozen=True)
class ChurnWindow:
    """The shortest silence (days without a purchase) after which a return within `horizon_days` is unlikely enough.

    >>> from crm_lab import open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> window = ChurnWindow(windows=(30, 91, 182, 273)).analyze(orders, as_of="1998-06-30")
    >>> window.window_days()
    273

    Args:
        windows: Lengths of silence to look at, days.
        horizon_days: How far ahead a return counts, days.
        max_chance: A customer counts as gone when the upper end of the chance of return is at most this.
        level: Level of the intervals.
    """

    windows: tuple[int, ...] = (30, 60, 91, 137, 182, 273)
    horizon_days: int = 91
    max_chance: float = 0.10
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_rising(self, "windows"),
            too_small(self, horizon_days=1),
            max_chance=not 0 < self.max_chance < 1 and "it must lie between 0 and 1",
        )

    def analyze(
        self,
        orders: IntoFrame,
        *,
        as_of: str | date,
        segments: pd.Series | None = None,
        customer: str = "customer_id",
        date: str = "date",
    ) -> WindowEvidence:
        """Chance of return by length of silence, from all silences up to `as_of`; open ones are censored.

        >>> ChurnWindow(max_chance=0.05).analyze(orders, as_of="1998-06-30").customers
        2357

        Args:
            orders: One row per purchase or order; a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark.
            as_of: Last day that counts.
            segments: Customer id to segment; customers without one are left out of the segments' rows.
            customer: Column with the customer.
            date: Column with the date.

        Returns:
            One row per segment and window.

        Raises:
            BadInput: If the data are shorter than the shortest window and the horizon.
        """
        log = purchase_log(order_table(orders, customer=customer, date=date), as_of)
        span = log.as_of - int(log.day.min())
        need = self.windows[0] + self.horizon_days
        if span < need:
            raise cannot_answer("too_short_for_window", span=span, day=day_date(log.as_of), need=need)
        spells = spells_between(log.unit, log.day, log.as_of)
        rows = self._rows(EVERYBODY, spells)
        if segments is not None:
            segment = segments.reindex(log.ids)
            for value in sorted(segment.dropna().unique()):
                inside = (segment == value).to_numpy()[spells.unit]
                rows += self._rows(str(value), Spells(spells.unit[inside], spells.days[inside], spells.ended[inside]))
        return WindowEvidence(pd.DataFrame(rows), self, day_date(log.as_of), len(log.ids))

    def _rows(self, segment: str, spells: Spells) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for silent in self.windows:
            found = return_chance(spells, silent, self.horizon_days)
            lo, hi = found.interval(z_value(self.level))
            known = found.observed and found.at_risk > 0
            chance = (
                {"chance": found.chance, "lo": lo, "hi": hi} if known else dict.fromkeys(("chance", "lo", "hi"), np.nan)
            )
            rows.append({"segment": segment, "silent_days": silent, "at_risk": found.at_risk, **chance})
        return rows


@dataclass(frozen=True)
class WindowEvidence(TableResult):
    """Chance of return within the horizon, by segment and length of silence.

    >>> from crm_lab import open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> window = ChurnWindow(windows=(30, 91, 182, 273)).analyze(orders, as_of="1998-06-30")

    Attributes:
        frame: segment, silent_days, at_risk (silences that lasted that long), chance, lo, hi; a chance whose
            horizon nobody was watched through is missing.
        spec: What was asked.
        as_of: Last day counted.
        customers: Customers counted.
    """

    name = "churn_window"
    formats: ClassVar = dict.fromkeys(("chance", "lo", "hi"), ".1%")
    frame: pd.DataFrame
    spec: ChurnWindow
    as_of: date
    customers: int

    def window_days(self, segment: str = EVERYBODY) -> int | None:
        """The shortest window, in days, whose chance of return is at most `max_chance` by its upper bound, or ``None``.

        >>> window.window_days()
        273

        Args:
            segment: Name of a segment; all customers if not given.

        Returns:
            Days, or ``None`` if no window is long enough.
        """
        rows = self.frame[(self.frame["segment"] == segment) & (self.frame["hi"] <= self.spec.max_chance)]
        return None if rows.empty else int(rows["silent_days"].min())

    def windows(self) -> pd.Series:
        """Each segment's own window, days; missing where none is long enough. `left_after` takes them by customer.

        >>> window.windows().to_dict()
        {'all': 273}
        """
        names = self.frame["segment"].unique()
        days = {name: self.window_days(name) for name in names}
        return pd.Series(days, index=names, name="window_days", dtype="Int64")

    def _row(self) -> pd.Series:
        rows = self.frame[self.frame["segment"] == EVERYBODY].dropna(subset=["chance"])
        chosen = rows[rows["silent_days"] == self.window_days()]
        return (chosen if len(chosen) else rows.tail(1)).iloc[0]

    def readout(self) -> Readout:
        """The window, the chance of return after it, and what it means.

        >>> print(window.readout().finding)
        After 273 days of silence, 7.8% (95% interval 6.7% to 9.1%) come back within the next 91 ...
        """
        row, found = self._row(), self.window_days() is not None
        values = {
            **row,
            "window": row["silent_days"],
            "horizon": self.spec.horizon_days,
            "limit": self.spec.max_chance,
            "n": row["at_risk"],
            "customers": self.customers,
        }
        over = "above" if row["chance"] > self.spec.max_chance else "unsure"
        values["over"] = Message(f"churn.window.{over}", {"limit": self.spec.max_chance})
        finding, action = ("finding", "action") if found else ("none", "no_action")
        return Readout.of("churn.window", values, finding, action=action)

    def facts(self) -> tuple[Fact, ...]:
        """The window and the chance of return after it.

        >>> {fact.id: fact.unit for fact in window.facts()[:2]}
        {'churn.window.days': 'days', 'churn.window.chance': 'share'}
        """
        row, days = self._row(), self.window_days()
        none = None if days else Message("churn.window.no_window")
        chance = facts_of(
            row.to_frame().T.assign(window=row["silent_days"]), "churn.window.chance", "churn.label.chance", "chance",
            "share", ends=("lo", "hi"), level=self.spec.level, n="at_risk", kind="estimate",
            window=Message("churn.fact.days", {"days": self.spec.horizon_days}), denominator="churn.fact.silences",
        )  # fmt: skip
        window = Fact("churn.window.days", "churn.label.window", days, "days", window=str(self.as_of), refusal=none)
        return (window, *chance)
