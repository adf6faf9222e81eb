"""How much a label depends on its window: who was called gone and came back all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.calendar import day_date, day_number, day_numbers
from crm_lab.checks import CannotAnswer, Problems, as_date
from crm_lab.data.kernels.purchase_log import purchase_log
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import wilson


@dataclass(frozen=True)
class LabelStability:
    """Labels of several windows on several days, held against what happened until the data end.

    Args:
        windows: Windows to compare, days, rising.
        watch_days: Days after each window in which a purchase proves its label wrong; the same for all windows.
        level: Level of the intervals.
    """

    windows: tuple[int, ...] = (91, 137, 182, 273)
    watch_days: int = 91
    level: float = 0.95

    def __post_init__(self) -> None:
        problems = Problems("LabelStability settings")
        problems.unless(
            self.windows and min(self.windows) >= 1 and list(self.windows) == sorted(set(self.windows)),
            f"windows is {self.windows!r}; it must be rising numbers of days, 1 or more.",
        )
        problems.unless(self.watch_days >= 1, f"watch_days is {self.watch_days}; it must be 1 or more days.")
        problems.raise_any()

    def analyze(self, orders: pd.DataFrame, *, days: Sequence[str | date], last_day: str | date) -> Stability:
        """Label every customer known on each day by each window, and see who came back after it.

        Args:
            orders: The table `orders`.
            days: Days on which the labels are made.
            last_day: Last day the data cover.

        Raises:
            BadInput: If a day leaves no room for the shortest window.
        """
        end = day_number(as_date(last_day, "last_day"))
        frame = pd.concat([self._rows(orders, as_date(day), end) for day in days], ignore_index=True)
        return Stability(frame, self)

    def _rows(self, orders: pd.DataFrame, day: date, end: int) -> pd.DataFrame:
        start, ids = day_number(day), purchase_log(orders, day).ids
        windows = np.array([w for w in self.windows if start + w <= end])
        if not len(windows):
            raise CannotAnswer(
                f"A window of {self.windows[0]} days after {day} ends after the data ({day_date(end)}). "
                f"Choose {day_date(end - self.windows[0])} or earlier, or a shorter window."
            )
        at = day_numbers(orders["date"])
        later = (at > start) & (at <= end)
        first = pd.Series(at[later]).groupby(orders.loc[later, "customer_id"].to_numpy()).min().reindex(ids)
        wait = (first - start).fillna(np.inf).to_numpy()
        left = (wait[:, None] > windows).sum(axis=0)
        back = left - (wait[:, None] > windows + self.watch_days).sum(axis=0)
        seen = (left > 0) & (start + windows + self.watch_days <= end)
        lo, hi = (np.where(seen, bound, np.nan) for bound in wilson(back, np.maximum(left, 1), self.level))
        return pd.DataFrame(
            {
                "as_of": pd.Timestamp(day), "window_days": windows, "customers": len(ids), "left": left / len(ids),
                "came_back": np.divide(back, left, out=np.full(len(left), np.nan), where=seen), "lo": lo, "hi": hi,
            }
        )  # fmt: skip


@dataclass(frozen=True)
class Stability(Result):
    """Labels by day and window.

    Attributes:
        frame: as_of, window_days, customers, left (share labelled gone), came_back (share of those who bought within
            `watch_days` after the window, with `lo` and `hi`; missing where the data end before).
        spec: What was asked.
    """

    name: ClassVar[str] = "label_stability"
    formats: ClassVar[Mapping[str, str]] = dict.fromkeys(("left", "came_back", "lo", "hi"), ".1%")
    frame: pd.DataFrame
    spec: LabelStability

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table."""
        return self.frame.copy()

    def refusal(self) -> Message | None:
        """No window is followed by enough days."""
        seen = self.frame["came_back"].notna().any()
        return None if seen else Message("churn.stability.refusal", {"watch": self.spec.watch_days})

    def readout(self) -> Readout:
        """What the shortest and the longest window say of the same customers, on the day that has most of them."""
        refusal = self.refusal()
        if refusal is not None:
            return Readout(refusal, "churn.compare.refused_certainty", "churn.stability.refused_action")
        rows = self._judged()
        short, long = rows.iloc[0], rows.iloc[-1]
        numbers = {
            "as_of": str(short["as_of"].date()), "watch": self.spec.watch_days,
            "short": int(short["window_days"]), "short_left": float(short["left"]),
            "short_back": float(short["came_back"]), "lo": float(short["lo"]), "hi": float(short["hi"]),
            "long": int(long["window_days"]), "long_left": float(long["left"]), "long_back": float(long["came_back"]),
            "long_lo": float(long["lo"]), "long_hi": float(long["hi"]),
        }  # fmt: skip
        return Readout(
            Message("churn.stability.finding", numbers),
            Message("churn.stability.certainty", {"n": int(short["customers"]), "days": self.frame["as_of"].nunique()}),
            Message("churn.stability.action", numbers),
        )

    def _judged(self) -> pd.DataFrame:
        """The rows with an outcome, of the latest day among those that have most."""
        rows = self.frame.dropna(subset=["came_back"])
        size = rows.groupby("as_of")["window_days"].transform("size")
        rows = rows[size == size.max()]
        latest: pd.DataFrame = rows[rows["as_of"] == rows["as_of"].max()]
        return latest

    def facts(self) -> tuple[Fact, ...]:
        """Share of each window's labels that proved wrong."""
        rows = [] if self.refusal() else self._judged().to_dict("records")
        return tuple(
            Fact(
                f"churn.stability.came_back.{row['window_days']}",
                Message("churn.label.came_back", {"window": row["window_days"]}),
                float(row["came_back"]),
                "share",
                ci=Interval(float(row["lo"]), float(row["hi"]), self.spec.level),
                kind="estimate",
                n=round(row["left"] * row["customers"]),
                window=str(row["as_of"].date()),
                denominator="customers labelled gone",
                better="down",
            )
            for row in rows
        )
