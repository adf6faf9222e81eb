"""Money of lists on simulated retailers, by observed returns and by the answer key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from certification.churn import RULES, WINDOW, entry
from crm_lab import churn
from crm_lab.clv import MBGNBD
from crm_lab.data.kernels.orders import roll_up_orders
from crm_lab.simulate import make_retailer, open_key

SEEDS, CUSTOMERS = range(1001, 1021), 3000
SAVE_RATE, MARGIN, COST, CAPACITY = 0.1, 0.4, 1.0, 0.05
SIMPLE = ("value", *RULES)


def weeks(features: pd.DataFrame) -> pd.DataFrame:
    """Frequency, recency and T in weeks."""
    return pd.DataFrame(
        {"frequency": features["n_days"] - 1, "recency": features["span_days"] / 7, "T": features["tenure_days"] / 7}
    )


def with_truth(scored: pd.DataFrame, key: pd.DataFrame) -> pd.DataFrame:
    """Margin that one contact of each customer would bring, less its cost, in three readings.

    observed: a share of those who do not come back does, and brings the revenue of the last 91 days.
    response: the planted offer: one order from 8 % of those still active and from 1 % of those who have left.
    kept: a share of those who are still here and would leave is kept, and brings a window's revenue at the true rate.
    """
    true = key.reindex(scored["customer_id"]).reset_index(drop=True)
    gone = (true["left_on"] <= scored["origin"]).to_numpy()
    leaves = np.where(gone, 0, -np.expm1(-true["dropout"] * WINDOW))
    revenue = true["rate_per_week"] * WINDOW / 7 * true["mean_order_value"]
    return scored.assign(
        observed=SAVE_RATE * MARGIN * scored["value"] * scored["left"] - COST,
        response=np.where(gone, 0.01, 0.08) * MARGIN * true["mean_order_value"] - COST,
        kept=SAVE_RATE * MARGIN * leaves * revenue - COST,
    )


def money_of(seed: int) -> pd.DataFrame:
    """Money per date of each ranking's list (rows) in each reading (columns)."""
    shop = make_retailer("fashion", n_customers=CUSTOMERS, seed=seed)
    orders, last = roll_up_orders(shop.tables["transactions"]), str(shop.scenario.last_date)
    rolling = churn.RollingOrigins.back_from(last, window_days=WINDOW, active_days=WINDOW, step_days=28, draws=100)
    known = churn.CustomerFeatures().analyze(orders, as_of=rolling.tests[0]).by_customer
    rules = {**RULES, "at_risk": churn.revenue_at_risk(MBGNBD().fit(weeks(known)), WINDOW)}
    past = rolling.analyze(orders, last_day=last, models={"logistic": churn.logistic()}, rules=rules, rng=seed)
    scored = with_truth(past.scored, open_key(shop).customers.set_index("customer_id"))
    scored["expected_profit"] = scored["logistic"] * scored["value"]
    names = ["expected_profit", "at_risk", *SIMPLE]
    shares = {name: listed(scored, name) for name in names}
    readings = ["observed", "response", "kept"]
    return pd.DataFrame(
        {r: {n: float((share * scored[r]).sum()) / len(rolling.tests) for n, share in shares.items()} for r in readings}
    )


def listed(scored: pd.DataFrame, name: str) -> pd.Series:
    """Share of each row on the list of its date, ties in part."""
    best = scored.groupby("origin")[name].rank(ascending=False, method="min")
    ties = scored.groupby(["origin", name])[name].transform("size")
    room = CAPACITY * scored.groupby("origin")[name].transform("size")
    return ((room - best + 1) / ties).clip(0, 1)


def certify_money_on_the_simulated_retailer() -> list[dict[str, Any]]:
    """Seeds of 20 in which a list brings more than the best simple ranking, chosen with hindsight, in each reading."""
    found = pd.concat({seed: money_of(seed) for seed in SEEDS}).rename_axis(["seed", "ranking"])
    best = found[found.index.get_level_values("ranking").isin(SIMPLE)].groupby("seed").max()
    rows = []
    for ours, reading, least, most in (
        ("expected_profit", "observed", 18, 20),
        ("expected_profit", "response", 18, 20),
        ("at_risk", "kept", 18, 20),
        ("at_risk", "response", 12, 20),
        ("at_risk", "observed", 0, 8),  # each list loses where the other's question is asked
        ("expected_profit", "kept", 0, 4),
    ):
        money = found.xs(ours, level="ranking")[reading]
        wins = int((money > best[reading]).sum())
        what = f"seeds of 20 where {ours} beats the best simple ranking; money a date {money.mean():.0f} against "
        rows.append(entry(f"money_{ours}_{reading}", wins, least, most, f"{what}{best[reading].mean():.0f}"))
    return rows
