"""Left truncation: customers who bought before the records begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.data.kernels.purchases import purchase_days
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import z_value

Use = Literal["value", "base", "moves", "cohorts", "leaving", "contacts"]
"""What the page that looks goes on to say: it decides what follows from an old base."""

_EARLY, _SPAN, _FEWEST = 2, 8, 4  # weeks: the pile-up sits in the first two; those of the yardstick, and its fewest
_AFTER, _GAPS = 4, 3  # the yardstick begins after so many weeks and usual gaps: by then old customers have been seen
_SUSPICIOUS = 1.2  # times as many a week, even at the lower end of the interval
_LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class FirstPurchases(TableResult):
    """When customers were first seen.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> first = first_purchases(tables["orders"], tables.as_of)

    Attributes:
        frame: week (1, 2, ...), date of its first day, customers first seen in it.
        gap_days: Median days between two purchase days of a customer; NaN where nobody came twice.
        use: What the page goes on to say.
    """

    frame: pd.DataFrame
    gap_days: float
    use: Use = "value"

    name = "first_purchases"

    @property
    def yardstick(self) -> tuple[int, int]:
        """First and last week that the first two are held against: late enough for old customers to have been seen.

        Where customers stop appearing before that, as in a cohort, the last weeks in which they did.

        >>> first.yardstick
        (5, 12)
        """
        seen = len(self.frame)
        gaps = 0.0 if np.isnan(self.gap_days) else self.gap_days
        begin = min(_AFTER + int(np.ceil(_GAPS * gaps / 7)), max(seen - _SPAN, _AFTER))
        return begin + 1, min(begin + _SPAN, seen)

    def _counts(self) -> tuple[int, int, int]:
        """Customers of the first weeks, of the yardstick, and its number of weeks."""
        seen = self.frame["customers"].to_numpy()
        begin, end = self.yardstick
        return int(seen[:_EARLY].sum()), int(seen[begin - 1 : end].sum()), max(end - begin + 1, 0)

    @property
    def pile_up(self) -> float:
        """Customers first seen per week in weeks 1-2 over those in the yardstick; NaN for short records.

        >>> round(first.pile_up, 2)
        0.77
        """
        early, late, weeks = self._counts()
        return early / _EARLY / (max(late, 1e-9) / weeks) if weeks >= _FEWEST else float("nan")

    def interval(self) -> Interval:
        """Interval of the pile-up, both counts being Poisson.

        >>> first.interval().lo < first.pile_up < first.interval().hi
        True
        """
        early, late, _ = self._counts()
        half = z_value(_LEVEL) * np.sqrt(1 / max(early, 1) + 1 / max(late, 1))
        return Interval(float(self.pile_up * np.exp(-half)), float(self.pile_up * np.exp(half)), _LEVEL)

    @property
    def truncated(self) -> bool:
        """Whether more appear at the start than new customers can be, chance between weeks allowed for.

        >>> first.truncated
        False
        """
        return bool(self.interval().lo > _SUSPICIOUS)

    @property
    def old_share(self) -> float:
        """Share (0-1) of those first seen in the first two weeks who are more than the later pace accounts for.

        >>> first.old_share
        0.0
        """
        return max(0.0, 1 - 1 / self.pile_up) if self.pile_up > 0 else 0.0

    @property
    def guard_days(self) -> int:
        """Days from the start until which "new" customers may be old ones; 0 where the records begin with them.

        >>> first.guard_days
        0
        """
        return 7 * (self.yardstick[0] - 1) if self.truncated else 0

    @property
    def settled(self) -> date:
        """The day from which customers first seen are taken to be new.

        >>> str(first.settled)
        '1997-01-01'
        """
        start: date = self.frame["date"].iloc[0].date()
        return start + timedelta(days=self.guard_days)

    def newcomers(self, purchases: pd.DataFrame) -> pd.DataFrame:
        """The purchases of customers first seen from `settled` on.

        >>> len(first.newcomers(tables["orders"])) == len(tables["orders"])
        True

        Args:
            purchases: With `customer_id` and `date`.
        """
        begun = purchases.groupby("customer_id")["date"].transform("min")
        return purchases[begun >= pd.Timestamp(self.settled)]

    def readout(self) -> Readout:
        """Whether first purchases are first ones, and what follows for the page.

        >>> print(first.readout().finding)
        Customers are first seen at an even pace (0.8 times as many per week in the first two ...
        """
        begin, end = self.yardstick
        values: dict[str, Any] = {
            "early": self._counts()[0], "n": int(self.frame["customers"].sum()), "ratio": self.pile_up,
            "lo": self.interval().lo, "hi": self.interval().hi, "share": self.old_share, "begin": begin, "end": end,
            "settled": str(self.settled), "guard": self.guard_days,
        }  # fmt: skip
        if np.isnan(self.pile_up):
            return Readout.of("clv.first", values, "unknown", "unknown_certainty", "unknown_action")
        if not self.truncated:
            return Readout.of("clv.first", values, "complete", "certainty", "complete_action")
        return Readout.of("clv.first", values, "truncated", "certainty", f"truncated_{self.use}")

    def facts(self) -> tuple[Fact, ...]:
        """The pile-up.

        >>> {fact.id: fact.unit for fact in first.facts()[:2]}
        {'clv.first_purchases.pile_up': 'ratio'}
        """
        n, short = int(self.frame["customers"].sum()), bool(np.isnan(self.pile_up))
        number = {"refusal": Message("clv.first.unknown")} if short else {"ci": self.interval()}
        value = None if short else self.pile_up
        return (Fact("clv.first_purchases.pile_up", "clv.first.label", value, "ratio", kind="estimate", n=n, **number),)


def first_purchases(purchases: IntoFrame, as_of: str | date, *, use: Use = "value", **names: str) -> FirstPurchases:
    """Count customers by the week in which they were first seen, from the first day of the records.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("complete_journey").at("2017-12-31")
    >>> first_purchases(tables["orders"], tables.as_of).truncated
    True

    Args:
        purchases: As in `purchase_summary`.
        as_of: Last day that counts.
        use: What the page that looks goes on to say; it decides what is advised where the base is older.
        names: Names of columns as in `purchase_summary`: customer, date, amount.

    Returns:
        Customers per week of their first purchase.
    """
    table = purchase_table(purchases, also=["kind"], **names)
    days = purchase_days(table, as_of).sort_values(["customer_id", "day"])
    gaps = days.groupby("customer_id")["day"].diff().dropna()
    first = days.groupby("customer_id")["day"].min().to_numpy()
    origin = int(first.min())
    seen = np.bincount((first - origin) // 7)
    start = (origin + 7 * np.arange(len(seen))).astype("datetime64[D]")
    frame = pd.DataFrame({"week": np.arange(1, len(seen) + 1), "date": pd.to_datetime(start), "customers": seen})
    return FirstPurchases(frame, float(gaps.median()) if len(gaps) else float("nan"), use)
