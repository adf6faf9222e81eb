"""A model's forecast of a period on the shop's own clock, before any correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.spend.spend_model import SpendFit
from crm_lab.clv.validation.purchase_clock import PurchaseClock
from crm_lab.data.kernels.purchases import UNIT_DAYS, Unit


@dataclass(frozen=True, eq=False)
class PeriodForecast:
    """A model's forecast of a period, before any correction.

    Attributes:
        customers: Ids, shape (n,).
        fit: Purchase model, on the purchase clock.
        spend: Spend model.
        expected: Purchases of each customer, shape (n,).
        each: Spend per purchase, shape (n,).
        count_chance: Variance of the logarithm of all purchases, by parameters and chance.
        money_chance: The same of money.
    """

    customers: pd.Series
    fit: PurchaseFit
    spend: SpendFit
    expected: Floats
    each: Floats
    count_chance: float
    money_chance: float

    @property
    def purchases(self) -> float:
        """Of all customers."""
        return float(self.expected.sum())

    @property
    def money(self) -> float:
        """Of all customers, in currency."""
        return float(self.expected @ self.each)


def summary_on_clock(days: pd.DataFrame, end: int, clock: PurchaseClock, unit: Unit) -> pd.DataFrame:
    """The purchase summary up to a day with times on a clock.

    Args:
        days: One row per customer and day of purchase, in order: customer_id, day (a number), amount.
        end: Last day that counts.
        clock: How much of a purchase rhythm passes on each day.
        unit: Unit of the times.

    Returns:
        As `purchase_summary`, a row per customer.
    """
    known = days[days["day"] <= end]
    who, customers = pd.factorize(known["customer_id"])
    day, amount = known["day"].to_numpy(), known["amount"].to_numpy(dtype=float)
    start = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]]))
    last = np.append(start[1:], len(who)) - 1
    frequency = (last - start).astype(float)
    spend = np.maximum(np.add.reduceat(amount, start) - amount[start], 0.0)
    length = UNIT_DAYS[unit]
    summary = pd.DataFrame({
        "customer_id": customers, "frequency": frequency,
        "recency": np.where(frequency > 0, clock.between(day[start], day[last]), 0.0) / length,
        "T": clock.between(day[start], np.full(len(start), end)) / length,
        "monetary_value": np.where(frequency > 0, spend / np.maximum(frequency, 1), 0.0),
    })  # fmt: skip
    same = who[1:] == who[:-1]
    gaps = clock.between(day[:-1][same], day[1:][same]) / length
    summary.attrs |= {"unit": unit, "log_gaps": float(np.log(np.maximum(gaps, 1e-9)).sum())}
    return summary
