"""What was sold, taken back and charged: receipt lines summed up by order, customer, day and kind."""

from __future__ import annotations

import pandas as pd

from crm_lab.data.workspace import Tables

AMOUNT_COLUMNS = ("order_id", "customer_id", "date", "kind", "net_amount")


def amounts_by_kind(tables: Tables) -> pd.DataFrame:
    """One row per order, customer, day and kind of line, with its sum: a tenth of the lines, to the same cent.

    Args:
        tables: Tables as of a day.

    Returns:
        ``order_id``, ``customer_id``, ``date``, ``kind`` (sale, return, cancellation or fee), ``net_amount``.

    >>> from crm_lab import open_workspace
    >>> amounts_by_kind(open_workspace("cdnow_sample").at("1997-09-30"))["kind"].unique().tolist()
    ['sale']
    """
    columns = ", ".join(AMOUNT_COLUMNS[:-1])
    return tables.sql(
        f"select {columns}, sum(net_amount) as net_amount from transactions group by all order by {columns}"
    )


def net_of_named_customers(amounts: pd.DataFrame) -> pd.DataFrame:
    """The rows that make the revenue of named customers: no fees, nobody unknown, nobody without a purchase.

    Args:
        amounts: ``customer_id``, ``net_amount`` and, where there are returns, ``kind``; without it all are sales.

    Returns:
        The same columns and ``sale``, whether the row is one; returns lower the revenue of their own day.

    >>> amounts = pd.DataFrame({"customer_id": ["a", "a", "b", None], "kind": ["sale", "return", "return", "sale"],
    ...     "net_amount": [10.0, -4.0, -1.0, 9.0]})
    >>> net_of_named_customers(amounts)["net_amount"].sum().item()
    6.0
    """  # fmt: skip
    kind = amounts["kind"] if "kind" in amounts else pd.Series("sale", index=amounts.index)
    known = amounts.assign(sale=kind == "sale")[amounts["customer_id"].notna() & (kind != "fee")]
    return known[known["sale"].groupby(known["customer_id"]).transform("any")]
