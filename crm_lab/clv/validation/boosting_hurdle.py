"""A gradient-boosting hurdle without leakage: will they buy, and how often if they do.

It learns at an earlier date what features known then said of the period that followed, and is asked
again with the features known at the date of the forecast. Nothing after a date enters its features.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from crm_lab.arrays import Floats

FEATURES = (
    "frequency", "recency", "T", "silence", "gap", "overdue", "last_28", "last_91", "mean_amount", "first_amount",
)  # fmt: skip
_FEWEST = 200


def features(days: pd.DataFrame, date: int) -> pd.DataFrame:
    """What is known of each customer on a day, in days and currency.

    Args:
        days: ``customer_id``, ``day``, ``amount``: one row per purchase day, sorted by both.
        date: Day number; later rows are not read.

    Returns:
        One row per customer seen by then, `FEATURES` as columns, customer_id as index.
    """
    known = days[days["day"] <= date]
    code, names = pd.factorize(known["customer_id"])
    day, amount = known["day"].to_numpy(), known["amount"].to_numpy()
    start = np.flatnonzero(np.diff(code, prepend=-1))
    count = np.bincount(code).astype(float)
    first, last = day[start], day[np.append(start[1:], len(day)) - 1]
    x, t_x, T = count - 1, (last - first).astype(float), (date - first).astype(float)
    gap = t_x / np.maximum(x, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        overdue = np.where(gap > 0, (T - t_x) / gap, np.nan)
    table = {
        "frequency": x,
        "recency": t_x,
        "T": T,
        "silence": T - t_x,
        "gap": np.where(x > 0, gap, np.nan),
        "overdue": overdue,
        "last_28": np.bincount(code, weights=day > date - 28),
        "last_91": np.bincount(code, weights=day > date - 91),
        "mean_amount": np.bincount(code, weights=amount) / count,
        "first_amount": amount[start],
    }
    return pd.DataFrame(table, index=pd.Index(names, name="customer_id"))


def hurdle_forecast(days: pd.DataFrame, date: int, horizon: int) -> pd.Series | None:
    """Expected purchase days within `horizon` days of a date, one a customer seen by then.

    Args:
        days: As in `features`.
        date: Day number of the forecast.
        horizon: Days ahead.

    Returns:
        By customer_id; ``None`` where too few customers were seen one horizon earlier, or all or none
        of them bought.
    """
    before = date - horizon
    if (days["day"] <= before).sum() == 0:
        return None
    table = features(days, before)
    later = days[(days["day"] > before) & (days["day"] <= date)]
    counted = later["customer_id"].value_counts().reindex(table.index, fill_value=0)
    bought = counted.to_numpy().astype(np.float64)
    some = bought > 0
    if len(table) < _FEWEST or some.sum() < _FEWEST // 4 or some.all():
        return None
    with threadpool_limits(1):  # more threads than idle cores make boosting many times slower
        return _two_steps(table.to_numpy(), bought, features(days, date))


def _two_steps(known: Floats, bought: Floats, now: pd.DataFrame) -> pd.Series:
    """Whether they buy, then how often if they do."""
    some = bought > 0
    told = ~np.isnan(known[some]).all(axis=0)  # before anybody came twice, gaps are known of nobody
    known, asked = known[:, told], now.to_numpy()[:, told]
    settings: dict[str, Any] = {"learning_rate": 0.06, "max_iter": 120, "max_leaf_nodes": 12, "random_state": 0}
    buys = HistGradientBoostingClassifier(**settings, min_samples_leaf=40, early_stopping=False)
    buys.fit(known, some)
    often = HistGradientBoostingRegressor(
        **settings, loss="poisson", min_samples_leaf=min(40, int(some.sum()) // 10), early_stopping=False
    )
    often.fit(known[some], bought[some])
    expected = buys.predict_proba(asked)[:, 1] * np.maximum(often.predict(asked), 1.0)
    return pd.Series(expected, index=now.index)
