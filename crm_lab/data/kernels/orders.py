"""Orders: the lines of a receipt rolled up, on any engine that narwhals speaks to."""

from __future__ import annotations

from typing import Any

import narwhals as nw


def roll_up_orders(lines: Any) -> Any:
    """One row per order with a sale line (`tables.ORDERS`); returns, cancellations and fees do not count.

    Args:
        lines: Transactions of the contract: a pandas or Polars frame or a DuckDB relation.

    Returns:
        The same kind of frame, in no particular order.

    >>> import pandas as pd
    >>> lines = pd.DataFrame(
    ...     {
    ...         "order_id": ["a", "a"],
    ...         "customer_id": ["1", "1"],
    ...         "day": [3, 3],
    ...         "date": pd.to_datetime(["1970-01-04"] * 2),
    ...         "hour": [9, 9],
    ...         "kind": ["sale", "sale"],
    ...         "quantity": [1.0, 2.0],
    ...         "gross_amount": [5.0, 4.0],
    ...         "discount_amount": [0.0, 1.0],
    ...         "net_amount": [5.0, 3.0],
    ...     }
    ... )
    >>> roll_up_orders(lines)[["order_id", "n_lines", "net_amount"]].values.tolist()
    [['a', 2, 8.0]]
    """
    sales = nw.from_native(lines).filter(nw.col("kind") == "sale")
    orders = sales.group_by("order_id").agg(
        nw.col("customer_id").min(),
        nw.col("day").min(),
        nw.col("date").min(),
        nw.col("hour").min(),
        nw.len().alias("n_lines"),
        nw.col("quantity").sum().alias("n_units"),
        nw.col("gross_amount").sum(),
        nw.col("discount_amount").sum(),
        nw.col("net_amount").sum(),
    )
    return nw.to_native(orders)
