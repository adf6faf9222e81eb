"""Ranked rules: orderings a person could make in a spreadsheet, the rivals that a model has to beat."""

from __future__ import annotations

import pandas as pd


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
