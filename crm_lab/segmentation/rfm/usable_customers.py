"""The customers that can be scored, and their values of recency, frequency and money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.checks import Problems
from crm_lab.data.kernels.receipts import customer_values
from crm_lab.segmentation.rfm.cut_points import score
from crm_lab.segmentation.rfm.scoring_file import DIMENSIONS, RFMScoring


@dataclass(frozen=True)
class Usable:
    """Customers who can be scored, and how many rows cannot."""

    frame: pd.DataFrame
    null_ids: int
    without_orders: int


def usable_customers(customers: IntoFrame, as_of: date, window_days: int | None = None, **names: str) -> Usable:
    """Customers with an id and an order, checked against the day.

    Args:
        customers: A customer table, or purchases; see `customer_values`.
        as_of: Last day that counts.
        window_days: Of purchases, count only so many days that end with `as_of`.
        names: The user's names of columns: customer, date, amount.

    Raises:
        BadInput: If columns or values are missing, ids repeat, or a purchase lies after `as_of`.
    """
    found = customer_values(customers, DIMENSIONS, as_of=as_of, window_days=window_days, **names)
    named = found.frame[found.frame["customer_id"].notna()]
    bought = named[named["n_orders"] > 0]
    problems = Problems(f"The customer table as of {as_of}")
    problems.unless(len(bought), "It has no customer with an order; choose a later as_of or other data.")
    for name in DIMENSIONS:
        gaps = int((~np.isfinite(values_of(bought, name))).sum())
        problems.unless(not gaps, f"{name} is missing or infinite in {gaps} rows; each needs a number.")
    repeats = int(bought["customer_id"].duplicated().sum())
    problems.unless(not repeats, f"customer_id repeats in {repeats} rows; give one row per customer.")
    future = int((bought["recency_days"] < 0).sum())
    problems.unless(not future, f"{future} customers bought after as_of; cut the data at that day.")
    problems.raise_any()
    unnamed, without_orders = len(found.frame) - len(named), len(named) - len(bought)
    return Usable(bought, found.null_lines + unnamed, found.only_returns + without_orders)


def scored_frame(customers: pd.DataFrame, scoring: RFMScoring) -> pd.DataFrame:
    """Values, scores, cell and segment of each customer, in the order given."""
    r, f, m = (
        score(values_of(customers, name), scoring.cut_points[name], reverse=name == "recency_days")
        for name in DIMENSIONS
    )
    frame = customers[["customer_id", *DIMENSIONS]].reset_index(drop=True)
    sep = "-" if scoring.bins > 9 else ""
    return frame.assign(
        r_score=r,
        f_score=f,
        m_score=m,
        rfm_cell=[f"{a}{sep}{b}{sep}{c}" for a, b, c in zip(r, f, m, strict=True)],
        segment=scoring.rules.assign(r, f, m, scoring.bins),
    )


def history_of(customers: pd.DataFrame, window_days: int | None) -> int:
    """Days over which the columns were counted."""
    days = int(customers.get("tenure_days", customers["recency_days"]).max()) + 1
    return days if window_days is None else min(days, window_days)


def values_of(customers: pd.DataFrame, name: str) -> Floats:
    """A column as floats; missing is nan."""
    return customers[name].to_numpy(dtype=np.float64, na_value=np.nan)
