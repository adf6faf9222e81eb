"""Baseline rankings that a spreadsheet can make, which a model has to beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crm_lab.checks import CannotAnswer
from crm_lab.messages import Message
from crm_lab.stats.ranking import Measure, Ranking, auc_from_counts

Rule = Callable[[pd.DataFrame], pd.Series]


def frequency_then_recency(features: pd.DataFrame) -> pd.Series:
    """Rank by two columns: fewest purchase days first, and among equals the longest silence first.

    >>> table = pd.DataFrame({"n_days": [1, 2, 1], "recency_days": [5, 90, 60]}, index=["a", "b", "c"])
    >>> frequency_then_recency(table).sort_values(ascending=False).index.tolist()
    ['c', 'a', 'b']

    Args:
        features: Indexed by customer, with ``n_days`` and ``recency_days``.

    Returns:
        Scores by customer; higher means likelier to leave.
    """
    longest = float(features["recency_days"].max()) + 1
    return (features["recency_days"] - features["n_days"] * longest).rename("frequency then recency")


def longest_silence(features: pd.DataFrame) -> pd.Series:
    """Rank by recency alone, longest silence first.

    >>> longest_silence(pd.DataFrame({"recency_days": [5, 90]}, index=["a", "b"])).to_dict()
    {'a': 5, 'b': 90}

    Args:
        features: Indexed by customer, with ``recency_days``.

    Returns:
        Scores by customer in days; higher means likelier to leave.
    """
    return features["recency_days"].rename("recency")


def fewest_visits(features: pd.DataFrame) -> pd.Series:
    """Rank by number of purchase days alone, fewest first.

    >>> fewest_visits(pd.DataFrame({"n_days": [1, 7]}, index=["a", "b"])).idxmax()
    'a'

    Args:
        features: Indexed by customer, with ``n_days``.

    Returns:
        Scores by customer; higher means likelier to leave.
    """
    return (-features["n_days"]).rename("visit count")


def most_overdue(features: pd.DataFrame) -> pd.Series:
    """Rank by days of silence over the customer's median gap between purchases, largest first.

    >>> most_overdue(pd.DataFrame({"overdue": [0.5, 3.0]}, index=["a", "b"])).idxmax()
    'b'

    Args:
        features: Indexed by customer, with ``overdue``.

    Returns:
        Scores by customer in median gaps; higher means likelier to leave.
    """
    return features["overdue"].rename("overdue")


def silent_this_month(features: pd.DataFrame) -> pd.Series:
    """Rank by a rule: 1 for no purchase in the last 30 days, else 0.

    >>> silent_this_month(pd.DataFrame({"recency_days": [5, 90]}, index=["a", "b"])).to_dict()
    {'a': 0.0, 'b': 1.0}

    Args:
        features: Indexed by customer, with ``recency_days``.

    Returns:
        0 or 1 by customer.
    """
    return (features["recency_days"] >= 30).astype(float).rename("silent this month")


SIMPLE_RULES: dict[str, Rule] = {
    "frequency_then_recency": frequency_then_recency,
    "recency": longest_silence,
    "visit_count": fewest_visits,
    "overdue": most_overdue,
    "silent_this_month": silent_this_month,
}
"""Rankings that need no model, by name."""


def best_rule(
    features: pd.DataFrame,
    left: pd.Series,
    rules: Mapping[str, Rule] = SIMPLE_RULES,
    measure: Measure = auc_from_counts,
) -> str:
    """The rule that ranked leavers best: chosen at an earlier date, it is the yardstick of a later one.

    >>> table = pd.DataFrame({"n_days": [1, 1, 2], "recency_days": [5, 90, 60]})
    >>> best_rule(table, pd.Series([0, 1, 1]), {"recency": longest_silence, "visit_count": fewest_visits})
    'recency'

    Args:
        features: Of customers known at the earlier date.
        left: 1 where the customer left after it, same rows.
        rules: Name to rule.
        measure: What is to be high, of counts by distinct score; the area under the ROC curve unless given.

    Returns:
        Name of the best; of equals, or where nobody or everybody left, the first.
    """
    found = {name: measure(*Ranking.of(left, rule(features)).counts()) for name, rule in rules.items()}
    return max(found, key=lambda name: float(np.nan_to_num(found[name], nan=-1.0)))


class PurchaseForecast(Protocol):
    """A fitted purchase model, its time in weeks."""

    def purchases_at_risk(
        self, ahead: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> NDArray[np.float64]:
        """Expected purchases of a stretch that are lost because customers leave within it."""
        ...

    def refusal(self) -> Message | None:
        """Why the data do not identify when customers leave, or ``None``."""
        ...


def revenue_at_risk(forecast: PurchaseForecast, window_days: int) -> Callable[[pd.DataFrame], pd.Series]:
    """Rank customers by the expected revenue lost: chance to be still here and to leave, times what they bring.

    Risk alone ranks lapsed customers highest, who have no value left to retain.

    >>> from crm_lab import churn, open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> rule = revenue_at_risk(MBGNBD().fit(purchase_summary(orders, "1997-09-30")), window_days=91)
    >>> rule(churn.CustomerFeatures().analyze(orders, as_of="1998-03-31").by_customer).index.name
    'customer_id'

    Args:
        forecast: Fitted to purchases of earlier days, in weeks (`crm_lab.clv`).
        window_days: How far ahead leaving counts, and the stretch whose revenue is lost, days.

    Returns:
        A rule: features to expected revenue lost, currency.

    Raises:
        CannotAnswer: If the forecast does not know when customers leave.
    """
    refused = forecast.refusal()
    if refused is not None:
        raise CannotAnswer(refused.text())

    def at_risk(features: pd.DataFrame) -> pd.Series:
        purchases = forecast.purchases_at_risk(
            window_days / 7, features["n_days"] - 1, features["span_days"] / 7, features["tenure_days"] / 7
        )
        return pd.Series(purchases * np.maximum(features["order_value"], 0), features.index, name="revenue at risk")

    return at_risk
