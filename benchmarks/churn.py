"""Churn features and training at scale, in seconds and against pandas group-bys."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from crm_lab import churn
from crm_lab.churn.models.learners import quiet_threads

SIZES = (10_000, 100_000, 1_000_000)
AS_OF = "2023-12-31"


def made_up_orders(customers: int, seed: int = 0) -> pd.DataFrame:
    """About eight orders a customer over two years."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(rng.gamma(1.0, 8, customers)) + 1
    who = np.repeat(np.arange(customers), count)
    n = len(who)
    value = np.round(rng.gamma(2, 20, n), 2)
    ids = pd.array(np.char.add("c", np.arange(customers).astype(str)), dtype="str")
    return pd.DataFrame(
        {
            "customer_id": ids.take(who),
            "date": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 730, n), "D"),
            "n_units": 1.0 + (value // 30),
            "net_amount": value,
            "gross_amount": value * 1.1,
            "discount_amount": value * 0.1,
        }
    )


def seconds(work: Callable[[], Any], runs: int) -> float:
    """Median wall time."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def by_pandas(orders: pd.DataFrame) -> pd.DataFrame:
    """Five of the features as an analyst writes them: the peer."""
    known = (
        orders[orders["date"] <= AS_OF].drop_duplicates(["customer_id", "date"]).sort_values(["customer_id", "date"])
    )
    gap = known.groupby("customer_id")["date"].diff().dt.days
    grouped = known.groupby("customer_id")
    return pd.DataFrame(
        {
            "n_days": grouped.size(),
            "last": grouped["date"].max(),
            "revenue": grouped["net_amount"].sum(),
            "median_gap": gap.groupby(known["customer_id"]).median(),
            "last_gap": gap.groupby(known["customer_id"]).last(),
        }
    )


def bench_features() -> list[dict[str, Any]]:
    """All 23 features from orders, against five of them in pandas."""
    rows = []
    for size in SIZES:
        orders = made_up_orders(size)
        runs = 3 if size < 1_000_000 else 1
        ours = seconds(lambda o=orders: churn.CustomerFeatures().analyze(o, as_of=AS_OF), runs)
        peer = seconds(lambda o=orders: by_pandas(o), runs)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows.append(
            {
                "name": f"churn.features.{size}",
                "value": round(ours, 3),
                "unit": "s",
                "ratio": round(peer / ours, 2),
                "peer": "pandas, five features",
                "sizes": {"customers": size, "orders": len(orders), "peak_gib": round(peak, 2)},
            }
        )
    return rows


def bench_training() -> list[dict[str, Any]]:
    """Logistic regression and calibrated boosting on a million customers."""
    orders = made_up_orders(1_000_000)
    made = churn.CustomerFeatures().analyze(orders, as_of=AS_OF)
    features = made.by_customer
    left = churn.left_after(orders, features.index, as_of=AS_OF, window_days=182, last_day="2024-12-30")
    rows = []
    first = 0.0
    for name, model in (("logistic", churn.logistic()), ("boosting", churn.boosting())):
        with quiet_threads(len(features)):
            taken = seconds(lambda m=model: m.fit(features, left), 1)
        first = first or taken
        rows.append(
            {
                "name": f"churn.training.{name}",
                "value": round(taken, 1),
                "unit": "s",
                "ratio": round(first / taken, 2),
                "peer": "logistic regression",
                "sizes": {"customers": len(features), "features": features.shape[1]},
            }
        )
    return rows
