"""A retailer small enough to read: customers who buy at their own rate until they leave."""

import numpy as np
import pandas as pd
import pytest


def make_orders(customers=600, seed=0, days=400, start="2023-01-01", stay=0.6):
    """Orders of customers with gamma rates; all but a share `stay` leave at a random day."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(customers):
        gap = rng.gamma(2.0, 12)
        until = days if rng.random() < stay else rng.integers(30, days)
        day = np.cumsum(np.ceil(rng.exponential(gap, 80))).astype(int) + rng.integers(0, 40)
        day = day[day <= until]
        value = np.round(rng.gamma(3, 10, len(day)), 2)
        rows.append(
            pd.DataFrame(
                {
                    "order_id": [f"o{i}-{k}" for k in range(len(day))],
                    "customer_id": f"c{i:04d}",
                    "date": pd.Timestamp(start) + pd.to_timedelta(day, "D"),
                    "n_units": 1.0 + (value // 20),
                    "net_amount": value,
                    "gross_amount": value * 1.1,
                    "discount_amount": value * 0.1,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="session")
def orders():
    return make_orders()


@pytest.fixture(scope="session")
def known(orders):
    """Features and labels in the middle of the data: (features, left, as_of)."""
    from crm_lab import churn

    as_of = "2023-10-01"
    features = churn.CustomerFeatures().analyze(orders, as_of=as_of).by_customer
    left = churn.left_after(orders, features.index, as_of=as_of, window_days=91, last_day="2024-02-05")
    return features, left, as_of


@pytest.fixture(scope="session")
def large():
    """A base large enough for a round with a hold-out."""
    return make_orders(customers=1500, seed=8, stay=0.5)
