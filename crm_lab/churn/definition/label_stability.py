"""How often a churn label proves wrong, by the length of its window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_date, day_number
from crm_lab.checks import as_date, check_settings, not_rising, too_small
from crm_lab.churn.definition.labels import days_to_next_order
from crm_lab.data.kernels.purchase_log import order_table, purchase_log
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, TableResult
from crm_lab.stats.intervals import wilson


@dataclass(frozen=True)
class LabelStability:
    """How often a churn label proves wrong, by length of its window: customers labelled as gone who bought again.

    >>> from crm_lab import open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> stable = LabelStability(windows=(91, 182)).analyze(orders, days=["1997-09-30"], last_day="1998-06-30")
    >>> stable.to_frame()[["window_days", "left"]].round(3).to_numpy().tolist()
    [[91.0, 0.829], [182.0, 0.749]]

    Args:
        windows: Windows to compare, days, rising.
        watch_days: Days after each window in which a purchase proves its label wrong; the same for all windows.
        level: Level of the intervals.
    """

    windows: tuple[int, ...] = (91, 137, 182, 273)
    watch_days: int = 91
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_rising(self, "windows"), too_small(self, watch_days=1))

    def analyze(
        self, orders: IntoFrame, *, days: Sequence[str | date], last_day: str | date, **names: str
    ) -> Stability:
        """Label every customer known on each day by each window, and see who came back after it.

        >>> LabelStability(windows=(60,)).analyze(orders, days=["1997-12-31"], last_day="1998-06-30").spec.watch_days
        91

        Args:
            orders: The table `orders`.
            days: Days on which the labels are made.
            last_day: Last day the data cover.
            names: Names of columns: customer, date.

        Returns:
            One row per day and window.

        Raises:
            BadInput: If a day leaves no room for the shortest window.
        """
        end = day_number(as_date(last_day, "last_day"))
        table = order_table(orders, **names)
        frame = pd.concat([self._rows(table, as_date(day), end) for day in days], ignore_index=True)
        return Stability(frame, self)

    def _rows(self, orders: pd.DataFrame, day: date, end: int) -> pd.DataFrame:
        start, ids = day_number(day), purchase_log(orders, day).ids
        windows = np.array([w for w in self.windows if start + w <= end])
        if not len(windows):
            raise cannot_answer(
                "window_past_end",
                days=self.windows[0],
                day=day,
                end=day_date(end),
                latest=day_date(end - self.windows[0]),
            )
        wait = np.nan_to_num(days_to_next_order(orders, pd.Index(ids), start, end), nan=np.inf)
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
class Stability(TableResult):
    """How often churn labels proved wrong, by day and window.

    >>> from crm_lab import open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> stable = LabelStability(windows=(91, 182)).analyze(orders, days=["1997-09-30"], last_day="1998-06-30")

    Attributes:
        frame: as_of, window_days, customers, left (share labelled gone), came_back (share of those who bought within
            `watch_days` after the window, with `lo` and `hi`; missing where the data end before).
        spec: What was asked.
    """

    name = "label_stability"
    formats: ClassVar = dict.fromkeys(("left", "lo", "hi"), ".1%")
    frame: pd.DataFrame
    spec: LabelStability

    def refusal(self) -> Message | None:
        """A sentence if no window is followed by enough days, else ``None``.

        >>> stable.refusal() is None
        True
        """
        seen = self.frame["came_back"].notna().any()
        return None if seen else Message("churn.stability.refusal", {"watch": self.spec.watch_days})

    def readout(self) -> Readout:
        """What the shortest and the longest window say of the same customers, on the day that has most of them.

        >>> print(stable.readout().finding)
        Of the customers known on 1997-09-30, 83% are called gone after 91 days, and 9.7% [8.5%, ...
        """
        refusal = self.refusal()
        if refusal is not None:
            return Readout(refusal, "churn.compare.refused_certainty", "churn.stability.refused_action")
        rows = self._judged()
        short, long = rows.iloc[0], rows.iloc[-1]
        values = {
            "as_of": str(short["as_of"].date()), "watch": self.spec.watch_days,
            "short": short["window_days"], "short_left": short["left"], "short_back": short["came_back"],
            "lo": short["lo"], "hi": short["hi"],
            "long": long["window_days"], "long_left": long["left"], "long_back": long["came_back"],
            "long_lo": long["lo"], "long_hi": long["hi"],
            "n": short["customers"], "days": self.frame["as_of"].nunique(),
        }  # fmt: skip
        return Readout.of("churn.stability", values)

    def _judged(self) -> pd.DataFrame:
        """The rows with an outcome, of the latest day among those that have most."""
        rows = self.frame.dropna(subset=["came_back"])
        size = rows.groupby("as_of")["window_days"].transform("size")
        rows = rows[size == size.max()]
        latest: pd.DataFrame = rows[rows["as_of"] == rows["as_of"].max()]
        return latest

    def facts(self) -> tuple[Fact, ...]:
        """Share of each window's labels that proved wrong.

        >>> {fact.id: fact.unit for fact in stable.facts()[:2]}
        {'churn.stability.came_back.91': 'share', 'churn.stability.came_back.182': 'share'}
        """
        rows = self.frame.head(0) if self.refusal() else self._judged()
        gone = (rows["left"] * rows["customers"]).round().astype(int)
        return facts_of(
            rows.assign(window=rows["window_days"], n=gone), "churn.stability.came_back.{window}",
            "churn.label.came_back", "came_back", "share", ends=("lo", "hi"), level=self.spec.level, n="n",
            kind="estimate", window=str(rows["as_of"].max().date()) if len(rows) else "",
            denominator="churn.fact.labelled", better="down",
        )  # fmt: skip
