"""How long a silence has to be before it means "left": the chance of coming back, by length of silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.calendar import day_date
from crm_lab.checks import CannotAnswer, Problems
from crm_lab.data.kernels.purchase_log import purchase_log
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import z_value
from crm_lab.stats.return_chance import Spells, return_chance, spells_between

EVERYBODY = "all"


@dataclass(frozen=True)
class ChurnWindow:
    """The shortest silence after which coming back within `horizon_days` is unlikely enough.

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
        problems = Problems("ChurnWindow settings")
        problems.unless(
            self.windows and min(self.windows) >= 1 and list(self.windows) == sorted(set(self.windows)),
            f"windows is {self.windows!r}; it must be rising numbers of days, 1 or more.",
        )
        problems.unless(self.horizon_days >= 1, f"horizon_days is {self.horizon_days}; it must be 1 or more days.")
        problems.unless(0 < self.max_chance < 1, f"max_chance is {self.max_chance}; it must lie between 0 and 1.")
        problems.raise_any()

    def analyze(self, orders: pd.DataFrame, *, as_of: str | date, segments: pd.Series | None = None) -> WindowEvidence:
        """Chance of return by length of silence, from all silences up to `as_of`, open ones censored.

        Args:
            orders: The table `orders`.
            as_of: Last day that counts.
            segments: Customer id to segment; customers without one are left out of the segments' rows.

        Raises:
            BadInput: If the data are shorter than the shortest window and the horizon.
        """
        log = purchase_log(orders, as_of)
        span = log.as_of - int(log.day.min())
        need = self.windows[0] + self.horizon_days
        if span < need:
            raise CannotAnswer(
                f"The data cover {span} days up to {day_date(log.as_of)}; the shortest window and the horizon "
                f"need {need}. Choose a later as_of, or a shorter horizon_days."
            )
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
            rows.append(
                {
                    "segment": segment,
                    "silent_days": silent,
                    "at_risk": found.at_risk,
                    "chance": found.chance if known else np.nan,
                    "lo": lo if known else np.nan,
                    "hi": hi if known else np.nan,
                }
            )
        return rows


@dataclass(frozen=True)
class WindowEvidence(Result):
    """Chance of return within the horizon, by segment and length of silence.

    Attributes:
        frame: segment, silent_days, at_risk (silences that lasted that long), chance, lo, hi; a chance whose
            horizon nobody was watched through is missing.
        spec: What was asked.
        as_of: Last day counted.
        customers: Customers counted.
    """

    name: ClassVar[str] = "churn_window"
    formats: ClassVar[Mapping[str, str]] = {"chance": ".1%", "lo": ".1%", "hi": ".1%"}
    frame: pd.DataFrame
    spec: ChurnWindow
    as_of: date
    customers: int

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table."""
        return self.frame.copy()

    def window_days(self, segment: str = EVERYBODY) -> int | None:
        """The shortest window whose chance of return is surely at most `max_chance`, or None."""
        rows = self.frame[(self.frame["segment"] == segment) & (self.frame["hi"] <= self.spec.max_chance)]
        return None if rows.empty else int(rows["silent_days"].min())

    def windows(self) -> pd.Series:
        """Each segment's own window, days; missing where none is long enough. `left_after` takes them by customer."""
        names = self.frame["segment"].unique()
        days = {name: self.window_days(name) for name in names}
        return pd.Series(days, index=names, name="window_days", dtype="Int64")

    def _row(self) -> pd.Series:
        rows = self.frame[self.frame["segment"] == EVERYBODY].dropna(subset=["chance"])
        chosen = rows[rows["silent_days"] == self.window_days()]
        return (chosen if len(chosen) else rows.tail(1)).iloc[0]

    def readout(self) -> Readout:
        """The window, the chance of return after it, and what it means."""
        row = self._row()
        numbers = {
            "window": int(row["silent_days"]),
            "chance": float(row["chance"]),
            "lo": float(row["lo"]),
            "hi": float(row["hi"]),
            "horizon": self.spec.horizon_days,
            "limit": self.spec.max_chance,
        }
        found = self.window_days() is not None
        return Readout(
            Message("churn.window.finding", numbers) if found else Message("churn.window.none", numbers),
            Message("churn.window.certainty", {"n": int(row["at_risk"]), "customers": self.customers}),
            Message("churn.window.action", numbers) if found else Message("churn.window.no_action", numbers),
        )

    def facts(self) -> tuple[Fact, ...]:
        """The window and the chance of return after it."""
        row = self._row()
        return (
            Fact(
                "churn.window.days",
                "churn.label.window",
                self.window_days(),
                "days",
                window=str(self.as_of),
                refusal=None if self.window_days() else Message("churn.window.no_window"),
            ),
            Fact(
                "churn.window.chance",
                Message("churn.label.chance", {"window": int(row["silent_days"])}),
                float(row["chance"]),
                "share",
                ci=Interval(float(row["lo"]), float(row["hi"]), self.spec.level),
                kind="estimate",
                n=int(row["at_risk"]),
                window=f"{self.spec.horizon_days} days",
                denominator="silences that lasted that long",
            ),
        )
