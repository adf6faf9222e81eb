"""Left truncation: customers who bought before the records begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.data.kernels.purchases import purchase_days
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, TableResult

_EARLY, _LATE = 2, (4, 12)  # weeks: the pile-up sits in the first two, the yardstick in the fifth to twelfth
_SUSPICIOUS = 2.0


@dataclass(frozen=True, eq=False)
class FirstPurchases(TableResult):
    """When customers were first seen.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> first = first_purchases(tables["orders"], tables.as_of)

    Attributes:
        frame: week (1, 2, ...), date of its first day, customers first seen in it.
    """

    frame: pd.DataFrame

    name = "first_purchases"

    @property
    def pile_up(self) -> float:
        """Customers first seen per week in weeks 1-2 over those in weeks 5-12; NaN for short records.

        >>> round(first.pile_up, 2)
        0.77
        """
        seen = self.frame["customers"].to_numpy(dtype=float)
        later = seen[_LATE[0] : _LATE[1]]
        return float(seen[:_EARLY].mean() / max(later.mean(), 1e-9)) if len(later) >= 4 else float("nan")

    @property
    def truncated(self) -> bool:
        """Whether so many appear at the start that most must have been customers before the data begin.

        >>> first.truncated
        False
        """
        return self.pile_up > _SUSPICIOUS

    def readout(self) -> Readout:
        """Whether tenure can be trusted, and what follows.

        >>> print(first.readout().finding)
        Customers are first seen at an even pace (0.8 times as many per week in the first two ...
        """
        early = int(self.frame["customers"].head(_EARLY).sum())
        values = {"early": early, "n": int(self.frame["customers"].sum()), "ratio": self.pile_up}
        key = "truncated" if self.truncated else "complete"
        return Readout(Message(f"clv.first.{key}", values), "clv.first.certainty", f"clv.first.{key}_action")

    def facts(self) -> tuple[Fact, ...]:
        """The pile-up.

        >>> {fact.id: fact.unit for fact in first.facts()[:2]}
        {'clv.first_purchases.pile_up': 'ratio'}
        """
        n = int(self.frame["customers"].sum())
        return (Fact("clv.first_purchases.pile_up", "clv.first.label", self.pile_up, "ratio", n=n),)


def first_purchases(purchases: IntoFrame, as_of: str | date, **names: str) -> FirstPurchases:
    """Count customers by the week in which they were first seen, from the first day of the records.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("complete_journey").at("2017-12-31")
    >>> first_purchases(tables["orders"], tables.as_of).truncated
    True

    Args:
        purchases: As in `purchase_summary`.
        as_of: Last day that counts.
        names: Names of columns as in `purchase_summary`: customer, date, amount.

    Returns:
        Customers per week of their first purchase.
    """
    table = purchase_table(purchases, also=["kind"], **names)
    first = purchase_days(table, as_of).groupby("customer_id")["day"].min().to_numpy()
    origin = int(first.min())
    seen = np.bincount((first - origin) // 7)
    start = (origin + 7 * np.arange(len(seen))).astype("datetime64[D]")
    return FirstPurchases(
        pd.DataFrame({"week": np.arange(1, len(seen) + 1), "date": pd.to_datetime(start), "customers": seen})
    )
