"""Ranked rules: orderings a person could make in a spreadsheet, the rivals that a model has to beat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def frequency_then_recency(features: pd.DataFrame) -> pd.Series:
    """The two-column sort: fewest purchase days first, and among equals the longest silence first.

    >>> table = pd.DataFrame({"n_days": [1, 2, 1], "recency_days": [5, 90, 60]}, index=["a", "b", "c"])
    >>> frequency_then_recency(table).sort_values(ascending=False).index.tolist()
    ['c', 'a', 'b']
    """
    longest = float(features["recency_days"].max()) + 1
    return (features["recency_days"] - features["n_days"] * longest).rename("frequency then recency")


def longest_silence(features: pd.DataFrame) -> pd.Series:
    """Recency alone: the longest silence first."""
    return features["recency_days"].rename("recency")


def fewest_visits(features: pd.DataFrame) -> pd.Series:
    """Visit count alone: the fewest purchase days first."""
    return (-features["n_days"]).rename("visit count")


def most_overdue(features: pd.DataFrame) -> pd.Series:
    """Silence over one's own median gap, the largest first."""
    return features["overdue"].rename("overdue")


def silent_this_month(features: pd.DataFrame) -> pd.Series:
    """1 for no purchase in the last 30 days, else 0."""
    return (features["recency_days"] >= 30).astype(float).rename("silent this month")


class PurchaseForecast(Protocol):
    """A fitted purchase model, its time in weeks."""

    def purchases_at_risk(
        self, ahead: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> NDArray[np.float64]:
        """Expected purchases of a stretch that are lost because customers leave within it."""
        ...


def revenue_at_risk(forecast: PurchaseForecast, window_days: int) -> Callable[[pd.DataFrame], pd.Series]:
    """The ranking by what leaving would cost: chance to be still here and to leave x what the customer brings.

    Risk alone ranks highest who has left already, where nothing is left to keep.

    Args:
        forecast: Fitted to purchases of earlier days, in weeks (`crm_lab.clv`).
        window_days: How far ahead leaving counts, and the stretch whose revenue is lost, days.

    Returns:
        A rule: features to expected revenue lost, currency.
    """

    def at_risk(features: pd.DataFrame) -> pd.Series:
        purchases = forecast.purchases_at_risk(
            window_days / 7, features["n_days"] - 1, features["span_days"] / 7, features["tenure_days"] / 7
        )
        return pd.Series(purchases * np.maximum(features["order_value"], 0), features.index, name="revenue at risk")

    return at_risk
