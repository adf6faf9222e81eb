"""Spend and orders of every assigned customer before and during a test, from a table of purchases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import BadInput, as_date, need_columns
from crm_lab.data.kernels.dataframes import as_pandas, plain_ids, purchase_table

Arms = Mapping[object, object] | pd.Series | IntoFrame


def spend_by_arm(
    purchases: IntoFrame,
    arms: Arms,
    *,
    start: str | date,
    end: str | date,
    customer: str = "customer_id",
    date: str = "date",
    amount: str = "net_amount",
) -> pd.DataFrame:
    """One row per assigned customer, whether they bought or not.

    Args:
        purchases: One row per purchase or order, in a DataFrame of any engine; a customer's purchases of one day are
            one order unless there is a column ``order_id``.
        arms: The arm of each assigned customer: a mapping or a series by customer, or a table with the customer's
            column and ``arm``.
        start: First day of the test.
        end: Last day that counts.
        customer: Column with the customer.
        date: Column with the date.
        amount: Column with the amount.

    Returns:
        ``customer_id``, ``arm``; ``spend`` and ``orders`` from `start` to `end`; ``spend_before`` and
        ``orders_before`` in as many days before `start`. Who bought nothing has 0.

    Raises:
        BadInput: If `end` is before `start`, or no assigned customer is among the purchases.

    >>> sales = pd.DataFrame({"cust": ["a", "b"], "when": ["2024-03-05", "2024-02-25"], "eur": [5.0, 7.0]})
    >>> arms = {"a": "postcard", "b": "control", "c": "control"}
    >>> made = spend_by_arm(
    ...     sales, arms, start="2024-03-01", end="2024-03-31", customer="cust", date="when", amount="eur"
    ... )
    >>> made[["spend", "spend_before"]].to_numpy().tolist()
    [[5.0, 0.0], [0.0, 7.0], [0.0, 0.0]]
    """
    first, last = as_date(start, "start"), as_date(end, "end")
    if last < first:
        raise BadInput(f"end is {last}, before start {first}; a test lasts a day or more.")
    table = purchase_table(purchases, customer=customer, date=date, amount=amount, also=["order_id", "kind"])
    units = _assigned(arms, customer)
    units["customer_id"] = plain_ids(units["customer_id"])
    ours = table[table["customer_id"].isin(units["customer_id"])]
    if ours.empty:
        kinds = f"{units['customer_id'].dtype} there, {table['customer_id'].dtype} here"
        raise BadInput(
            f"Not one of the {len(units):,} assigned customers is among the purchases; are the ids alike ({kinds})?"
        )
    before = first - (last - first) - timedelta(days=1)
    for name, since, until in (("", first, last), ("_before", before, first - timedelta(days=1))):
        inside = ours[ours["date"].between(pd.Timestamp(since), pd.Timestamp(until))]
        sold = inside[inside["kind"] == "sale"] if "kind" in inside else inside
        spend = inside.groupby("customer_id")["net_amount"].sum()
        orders = sold.groupby("customer_id")["order_id" if "order_id" in sold else "date"].nunique()
        units[f"spend{name}"] = units["customer_id"].map(spend).fillna(0.0).astype(float)
        units[f"orders{name}"] = units["customer_id"].map(orders).fillna(0).astype(float)
    return units


def _assigned(arms: Arms, customer: str) -> pd.DataFrame:
    if isinstance(arms, Mapping):
        return pd.DataFrame({"customer_id": pd.Series(list(arms)), "arm": pd.Series(list(arms.values()), dtype=object)})
    if isinstance(arms, pd.Series):
        return pd.DataFrame({"customer_id": arms.index, "arm": arms.to_numpy()})
    table = as_pandas(arms, "The table of arms")
    need_columns(table.columns, [customer, "arm"], "The table of arms")
    return table[[customer, "arm"]].rename(columns={customer: "customer_id"}).reset_index(drop=True)
