"""Purchase histories for planning a test: windows around a start day, and a planted effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import ArrayLike, NDArray

from crm_lab.checks import Problems, as_date
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.experiments.core.outcome_metrics import Metric
from crm_lab.experiments.origins.contract_test import TablesLike
from crm_lab.messages.no_answer import cannot_answer


def net_orders(tables: TablesLike) -> pd.DataFrame:
    """Orders, and below them what named customers brought back, as rows without an order on the day they did.

    Spend summed from it is net of returns, as the outcome of a test in the tables is.
    """
    orders = tables["orders"]
    if "transactions" not in tables:
        return orders
    lines = tables["transactions"]
    back = lines[lines["kind"].isin(["return", "cancellation"]) & lines["customer_id"].notna()]
    return orders if back.empty else pd.concat([orders, back[["customer_id", "date", "net_amount"]]], ignore_index=True)


def spend_windows(
    orders: IntoFrame,
    *,
    start: str | date,
    pre_days: int,
    post_days: int,
    as_of: str | date,
    customer: str = "customer_id",
    date: str = "date",
    amount: str = "net_amount",
) -> pd.DataFrame:
    """Spend and orders of each customer in the days before and after a day.

    Only customers who bought before `start` are listed: nobody else could have been assigned on that day. A customer
    without a purchase in a window has 0 there, which is an outcome and not a gap.

    >>> days = pd.to_datetime(["2024-01-10", "2024-02-03", "2024-01-20"])
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": days, "net_amount": [10.0, 20.0, 5.0]})
    >>> spend_windows(orders, start="2024-02-01", pre_days=31, post_days=28, as_of="2024-02-29")["spend"].tolist()
    [20.0, 0.0]

    Args:
        orders: One row per purchase or order; a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark. Where there is
            an order_id, rows without one are returns: they lower spend and are no orders (`net_orders`).
        start: First day of the test.
        pre_days: Days before it that make the pre-period.
        post_days: Days from it on that make the outcome window.
        as_of: Last day in the data.
        customer: Column with the customer.
        date: Column with the date.
        amount: Column with the amount.

    Returns:
        customer_id, spend_before, orders_before, spend, orders; sorted by customer.

    Raises:
        BadInput: If the outcome window ends after `as_of`, or no customer bought before `start`.
    """
    table = purchase_table(orders, "orders", customer=customer, date=date, amount=amount, also=["order_id"])
    first, last_known = as_date(start, "start"), as_date(as_of)
    end = first + timedelta(days=post_days)
    problems = Problems("windows of the test")
    problems.unless(pre_days >= 1, f"pre_days is {pre_days}; it must be 1 or more.")
    problems.unless(post_days >= 1, f"post_days is {post_days}; it must be 1 or more.")
    last_day = end - timedelta(days=1)
    problems.unless(
        last_day <= last_known,
        f"the outcome window ends on {last_day}, the data on {last_known}; an unfinished window reads "
        f"as lost spend: choose post_days of at most {(last_known - first).days + 1}.",
    )
    if first > last_known and post_days >= 1 and pre_days >= 1:
        raise cannot_answer("test_after_data", first=first, last=last_known)
    problems.raise_any()
    is_order = table["order_id"].notna() if "order_id" in table else pd.Series(True, index=table.index)
    known = table.assign(order=is_order).loc[table["customer_id"].notna()]
    day, t0 = known["date"], pd.Timestamp(first)
    units = pd.Index(known.loc[(day < t0) & known["order"], "customer_id"].unique(), name="customer_id").sort_values()
    if units.empty:
        raise cannot_answer("nobody_before_test", first=first)
    before = known[(day < t0) & (day >= t0 - timedelta(days=pre_days))].groupby("customer_id")
    after = known[(day >= t0) & (day < pd.Timestamp(end))].groupby("customer_id")
    columns = {
        "spend_before": before["net_amount"].sum(),
        "orders_before": before["order"].sum(),
        "spend": after["net_amount"].sum(),
        "orders": after["order"].sum(),
    }
    windows = pd.DataFrame({name: s.reindex(units, fill_value=0) for name, s in columns.items()})
    return windows.astype(float).reset_index()


@dataclass(frozen=True)
class History:
    """What a test is planned from: history of the units that could take part.

    >>> from crm_lab.experiments import mean_of
    >>> units = pd.DataFrame({"spend_before": [1.0, 2.0], "spend": [2.0, 2.5]})
    >>> history = History(units=units, metrics=(mean_of("spend"),), covariates=("spend_before",), available=2)

    Attributes:
        units: One row per unit: outcomes in a window like the test's, and what was known before it.
        metrics: What will be measured; the first decides.
        covariates: Columns from before the window, without gaps.
        available: Units that could take part.
        customers: customer_360, for the rhythm of purchases; ``None`` where there are no purchases.
        arms: Names of the control and the treatment.
    """

    units: pd.DataFrame
    metrics: tuple[Metric, ...]
    covariates: tuple[str, ...]
    available: int
    customers: pd.DataFrame | None = None
    arms: tuple[str, str] = ("control", "treatment")

    @property
    def outcome(self) -> str:
        """Column of the metric that decides.

        >>> history.outcome
        'spend'
        """
        return self.metrics[0].column

    @property
    def columns(self) -> list[str]:
        """The outcome's own pre-period, if there is one, and the outcomes.

        >>> history.columns
        ['spend_before', 'spend']
        """
        return list(dict.fromkeys([*self.covariates[:1], *(c for m in self.metrics for c in m.columns)]))


def plant(outcome: ArrayLike, arm: ArrayLike, lift: float, treatment: str = "treatment") -> NDArray[np.float64]:
    """The outcome with a planted effect: treated units' values times ``1 + lift``.

    >>> plant([100.0, 100.0], ["control", "treatment"], 0.05).tolist()
    [100.0, 105.0]

    Args:
        outcome: Shape (n,).
        arm: Arm of each unit, shape (n,).
        lift: Relative effect.
        treatment: Name of the treated arm.

    Returns:
        Shape (n,).
    """
    y = np.asarray(outcome, dtype=float)
    treated = np.asarray(arm) == treatment
    planted: NDArray[np.float64] = np.where(treated, y * (1 + lift), y)
    return planted
