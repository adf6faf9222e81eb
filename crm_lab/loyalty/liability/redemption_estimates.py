"""Estimates in force at the end of each month: share of points redeemed in the end, and cost of a point."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.calendar import period_index
from crm_lab.checks import Problems, need_columns
from crm_lab.loyalty.breakage import RedemptionTriangle, UltimateRedemption

_EXACT = 1_000_000  # estimates are taken to six decimals


@dataclass(frozen=True, eq=False)
class RedemptionEstimates:
    """Estimates by month, for each month of issue.

    >>> table = pd.DataFrame({"month": ["2024-01", "2024-03"], "redemption_rate": [0.8, 0.7], "cost_per_point": 0.01})
    >>> RedemptionEstimates.read(table, 648, 3).rates[:, 0].tolist()
    [0.8, 0.8, 0.7]

    Attributes:
        rates: Share redeemed in the end: as estimated at the end of a month, of points of a month of issue; shape
            (n, n), months of the estimate first.
        costs: Cost of a point redeemed, as estimated at the end of a month, shape (n,).
        by_cohort: Whether months of issue have estimates of their own.
        assumed: Months before the first estimate, which take it too.
    """

    rates: Floats
    costs: Floats
    by_cohort: bool = False
    assumed: int = 0

    @classmethod
    def read(cls, table: pd.DataFrame, first: int, n: int) -> RedemptionEstimates:
        """Read a table of estimates.

        Args:
            table: `month` at whose end it is made, `redemption_rate`, `cost_per_point` where the cost is wanted, and
                `issue_month` where months of issue have estimates of their own. Months between take the last one.
            first: Number of the first month, counted from 1970.
            n: Months.

        Returns:
            The estimates.

        Raises:
            BadInput: With everything that is missing, repeated or no share.
        """
        need_columns(table.columns, ("month", "redemption_rate"), "The estimates")
        own = "issue_month" in table
        month = period_index(pd.to_datetime(table["month"].astype(str)), "month") - first
        issue = period_index(pd.to_datetime(table["issue_month"].astype(str)), "month") - first if own else month * 0
        problems = Problems("The estimates")
        rate = table["redemption_rate"].to_numpy(dtype=float)
        problems.unless(len(table), "there are none.")
        wrong = int((~((rate >= 0) & (rate <= 1))).sum())
        problems.unless(not wrong, f"{wrong} of {len(table)} have a redemption_rate that is no share from 0 to 1.")
        twice = int(pd.MultiIndex.from_arrays([month, issue]).duplicated().sum())
        problems.unless(not twice, f"{twice} stand for a month that was there before.")
        cost = table["cost_per_point"].to_numpy(dtype=float) if "cost_per_point" in table else np.zeros(len(table))
        below = int((~(cost >= 0)).sum())
        problems.unless(not below, f"{below} have a cost_per_point that is missing or below 0.")
        problems.raise_any()
        inside = (month < n) & (issue < n) & (issue >= 0)
        rates, costs = np.full((n, n), np.nan), np.full(n, np.nan)
        at = np.maximum(month, 0)
        for i in np.flatnonzero(inside)[np.argsort(month[inside], kind="stable")]:
            rates[at[i], issue[i] if own else slice(None)] = rate[i]
            costs[at[i]] = cost[i]
        assumed = int(np.isnan(rates).all(axis=1).argmin()) if not np.isnan(rates).all() else n
        return cls(*_filled(rates, costs), own, assumed)

    def rate(self, month: int, issue: int) -> Fraction:
        """Share redeemed in the end, to six decimals.

        >>> RedemptionEstimates.read(table, 648, 3).rate(2, 0)
        Fraction(7, 10)

        Args:
            month: At whose end it is made.
            issue: Month of issue.

        Returns:
            A fraction.
        """
        return Fraction(round(self.rates[month, issue] * _EXACT), _EXACT)

    def cost(self, month: int) -> Fraction:
        """Cost of a point redeemed, to six decimals of the currency.

        >>> RedemptionEstimates.read(table, 648, 3).cost(0)
        Fraction(1, 100)

        Args:
            month: At whose end it is estimated.

        Returns:
            A fraction.
        """
        return Fraction(round(self.costs[month] * _EXACT), _EXACT)


def _filled(rates: Floats, costs: Floats) -> tuple[Floats, Floats]:
    """All months: those without an estimate take the last one, those before the first take that.

    Months of issue that an estimate does not know yet take that of the month of issue before.
    """
    known = pd.DataFrame(rates).ffill(axis=1).bfill(axis=1)
    return np.asarray(known.ffill().bfill()), np.asarray(pd.Series(costs).ffill().bfill())


def estimates_over_time(
    triangle: RedemptionTriangle,
    spec: UltimateRedemption,
    *,
    every: int = 3,
    initial: float = 1.0,
    by_issue_month: bool = True,
) -> pd.DataFrame:
    """What would have been estimated as the months went by, from what was known then.

    >>> month = np.add.outer(np.arange(18), np.arange(18))
    >>> cells = 1_000.0 * 0.1 * 0.8 ** np.arange(18) * (month < 18) * (np.arange(18) < 7) * np.ones((18, 1))
    >>> triangle = RedemptionTriangle(648, np.full(18, 1_000.0), cells, expires_after=6)
    >>> found = estimates_over_time(triangle, UltimateRedemption(), every=6, by_issue_month=False)
    >>> found["redemption_rate"].round(3).tolist()
    [0.395, 0.395, 0.395]

    Args:
        triangle: Points by month of issue and age.
        spec: How the rate is estimated.
        every: Months from one estimate to the next; the last month has one in any case.
        initial: Share taken until the data allow an estimate: all points are redeemed.
        by_issue_month: Whether each month of issue has a rate of its own, so that points left of a month of which more
            was redeemed than of others owe what is expected of them.

    Returns:
        One row per estimate (and month of issue): `month`, `redemption_rate`, `refused` (whether the data allowed none,
        so that the last one before, or the initial one, goes on).
    """
    ends = sorted({*range(every, triangle.n + 1, every), triangle.n})
    parts, last = [], np.full(triangle.n, initial)
    for end in ends:
        found = spec.analyze(triangle.until(end)) if end >= 2 else None
        allowed = found is not None and found.refusal() is None
        if found is not None and allowed:
            own = found.to_frame()["redemption_rate"].to_numpy() if by_issue_month else np.full(end, found.rate)
            own = np.where(np.isnan(own), found.rate, own)
            last = np.append(own, np.full(triangle.n - end, found.rate))
        months = triangle.months[:end] if by_issue_month else [""]
        frame = pd.DataFrame({"month": triangle.months[end - 1], "issue_month": months, "refused": not allowed})
        parts.append(frame.assign(redemption_rate=last[: len(frame)]))
    table = pd.concat(parts, ignore_index=True)[["month", "issue_month", "redemption_rate", "refused"]]
    return table if by_issue_month else table.drop(columns="issue_month")
