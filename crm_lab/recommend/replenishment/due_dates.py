"""When each customer is due to buy each product again, and how well such days held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.calendar import day_number
from crm_lab.messages import Message
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.replenishment.gap_model import GapOutlook
from crm_lab.recommend.replenishment.purchase_gaps import PurchaseGaps
from crm_lab.results import Fact, Kind, Readout, Result

_WEEK = 7


@dataclass(frozen=True, eq=False)
class DueDates(Result):
    """A day for each customer and product, the most overdue first.

    >>> from crm_lab.recommend.replenishment.replenishment import Replenishment
    >>> rng = np.random.default_rng(0)
    >>> days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.normal(28, 3, (40, 9)).cumsum(axis=1).ravel(), "D")
    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k:02}" for k in range(40)], 9), "product_id": "coffee",
    ...     "date": days})
    >>> result = Replenishment().analyze(Interactions.of(lines, "2024-08-01"))

    Attributes:
        interactions: What was bought.
        frame: The table of `to_frame`.
        outlook: What is known of the open gap of each row.
        last: Last purchase of each row, days since 1970-01-01.
        level: Of the predictive interval.
    """  # fmt: skip

    interactions: Interactions
    frame: pd.DataFrame
    outlook: GapOutlook
    last: Integers
    level: float

    name: ClassVar[str] = "due_dates"
    formats: ClassVar[dict[str, str]] = {"usual_gap": ".0f", "goes_on": ".0%"}

    @classmethod
    def of(
        cls, interactions: Interactions, gaps: PurchaseGaps, seen: GapOutlook, kept: Positions, level: float
    ) -> DueDates:
        """Days of some pairs.

        Args:
            interactions: What was bought.
            gaps: Gaps of all pairs.
            seen: What is known of them.
            kept: Places of the pairs that get a day.
            level: Of the predictive interval.

        Returns:
            The days, the most overdue first.
        """
        gap = np.exp(seen.mean[kept])
        order = kept[np.lexsort((gaps.product[kept], gaps.customer[kept], -gaps.open_days[kept] / gap))]
        some = seen.some(order)
        last = gaps.last[order]
        lo, hi, middle = _whole_days(some, level)
        frame = pd.DataFrame({
            "customer_id": interactions.customer_ids[gaps.customer[order]],
            "product_id": interactions.product_ids[gaps.product[order]], "purchases": gaps.n[order] + 1,
            "usual_gap": np.exp(some.mean), "days_ago": gaps.open_days[order], "due": _dates(last + middle),
            "lo": _dates(last + lo), "hi": _dates(last + hi), "goes_on": some.goes_on,
        })  # fmt: skip
        return cls(interactions, frame, some, last, level)

    def to_frame(self) -> pd.DataFrame:
        """One row per customer and product: usual gap, days since, day due with interval, chance of buying again.

        The interval is that of the next purchase if there is one, its ends are whole days.

        >>> list(result.to_frame())[4:8]
        ['days_ago', 'due', 'lo', 'hi']
        """
        return self.frame.copy()

    def shown(self) -> pd.DataFrame:
        """`to_frame` with what is due soonest first, of one day what is surest to be bought again.

        >>> bool(result.shown()["due"].is_monotonic_increasing)
        True
        """
        order = ["due", "goes_on", "customer_id", "product_id"]
        return self.in_words(self.frame.sort_values(order, ascending=[True, False, True, True], kind="stable"))

    def reasons(self, first: int = 10) -> list[Message]:
        """Why each of the first rows is listed.

        >>> result.reasons(1)[0].key
        'recommend.replenishment.reason'

        Args:
            first: How many rows.

        Returns:
            A sentence each, in the order of the rows.
        """
        rows: Any = self.frame.head(first).itertuples()
        return [
            Message("recommend.replenishment.reason", {"gap": float(row.usual_gap), "days": int(row.days_ago)})
            for row in rows
        ]

    def coverage(self, later: Interactions) -> tuple[float, int]:
        """Share of next purchases inside the interval; pairs that have not bought again by the end are censored.

        It is the level times purchases seen inside by those expected there up to the end, each pair with its chance
        of buying again: a pair whose interval ends later counts with the part that could be seen.

        >>> held, pairs = result.coverage(Interactions.of(lines, "2024-12-31"))
        >>> 0.5 < held <= 1, pairs
        (True, 40)

        Args:
            later: The same purchases as known on a later day.

        Returns:
            Share, and the number of pairs.
        """
        tail, end = (1 - self.level) / 2, day_number(later.as_of)
        bought = _next_days(self.interactions, later, self.frame)
        place = self.outlook.share_before(np.maximum(bought - self.last, 1).astype(float))
        inside = (bought >= 0) & (place >= tail) & (place <= 1 - tail)
        seen = np.clip(self.outlook.share_before((end - self.last).astype(float) + 0.5) - tail, 0.0, self.level)
        return float(self.level * inside.sum() / (self.outlook.goes_on * seen).sum()), len(seen)

    def next_purchases(self, later: Interactions) -> pd.Series:
        """Day of the next purchase of each row, missing where there is none yet.

        >>> result.next_purchases(Interactions.of(lines, "2024-12-31")).notna().all()
        np.True_

        Args:
            later: The same purchases as known on a later day.

        Returns:
            A day for each row.
        """
        bought = _next_days(self.interactions, later, self.frame)
        return pd.Series(_dates(np.maximum(bought, 0))).where(bought >= 0)

    def due_within(self, days: int = _WEEK) -> pd.DataFrame:
        """Rows whose day is due by so many days after the last day that counts.

        >>> len(result.due_within(60)) >= len(result.due_within(1))
        True

        Args:
            days: How many.

        Returns:
            Rows of `to_frame`.
        """
        limit = pd.Timestamp(self.interactions.as_of) + pd.Timedelta(days=days)
        return self.frame[self.frame["due"] <= limit].reset_index(drop=True)

    def readout(self) -> Readout:
        """How many are due within a week, how days are found, and what to do.

        >>> result.readout().finding.key
        'recommend.replenishment.finding'
        """
        part = "finding" if len(self.frame) else "finding_none"
        return Readout.of("recommend.replenishment", self._values(), part)

    def _values(self) -> dict[str, object]:
        soon = self.due_within()
        return {
            "n": len(soon), "customers": int(soon["customer_id"].nunique()), "pairs": len(self.frame),
            "days": _WEEK, "level": self.level, "as_of": self.interactions.as_of,
        }  # fmt: skip

    def facts(self) -> tuple[Fact, ...]:
        """Customers and products that are due within a week.

        >>> result.facts()[0].id
        'recommend.replenishment.due'
        """
        kind: Kind = "simulated" if self.interactions.simulated else "forecast"
        label = Message("recommend.replenishment.fact_due", self._values())
        return (
            Fact("recommend.replenishment.due", label, len(self.due_within()), kind=kind, n=len(self.frame)),
        )  # fmt: skip


def _whole_days(seen: GapOutlook, level: float) -> tuple[Floats, Floats, Floats]:
    """Ends and middle of the next gap in whole days: a gap of k days is one from k - 0.5 to k + 0.5."""
    tail, middle = (1 - level) / 2, np.rint(seen.gap(0.5))
    lo, hi = np.ceil(seen.gap(tail)), np.floor(seen.gap(1 - tail))
    return np.minimum(lo, middle), np.maximum(hi, middle), middle


def _dates(days: Floats) -> pd.DatetimeIndex:
    most = 2_900_000  # a day that dates can hold
    return pd.DatetimeIndex(np.minimum(days, most).astype("int64").astype("datetime64[D]").astype("datetime64[s]"))


def _next_days(before: Interactions, later: Interactions, frame: pd.DataFrame) -> Integers:
    """First day after the last known one with a purchase, -1 where there is none, shape (rows,)."""
    fresh = later.day > day_number(before.as_of)
    basket = np.repeat(np.arange(len(later.customer)), np.diff(later.baskets.indptr))
    kept = fresh[basket]
    key = later.customer[basket[kept]] * later.shape[1] + later.baskets.indices[kept]
    day = later.day[basket[kept]]
    keys, at = np.unique(key, return_inverse=True)
    first = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(first, at, day)
    who = pd.Index(later.customer_ids).get_indexer(pd.Index(frame["customer_id"]))
    what = pd.Index(later.product_ids).get_indexer(pd.Index(frame["product_id"]))
    wanted = who.astype(np.int64) * later.shape[1] + what
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    if not len(keys):
        return np.full(len(frame), -1)
    return np.where((keys[place] == wanted) & (who >= 0) & (what >= 0), first[place], -1)
