"""The customer table: one row per customer as of a day, on any engine that narwhals speaks to."""

from __future__ import annotations

from typing import Any

import narwhals as nw

YEAR = 365


def customer_table(lines: Any, as_of_day: int) -> Any:
    """One row per customer with a sale line (`tables.CUSTOMER_360`); lines without a customer are left out.

    Revenue nets returns and cancellations; orders, days and dates count sale lines.

    Args:
        lines: Transactions of the contract up to ``as_of_day``: a pandas or Polars frame or a DuckDB relation.
        as_of_day: Last day that counts, in days since 1970-01-01; later lines are ignored.

    Returns:
        The same kind of frame, in no particular order.
    """
    known = nw.from_native(lines).filter(~nw.col("customer_id").is_null(), nw.col("day") <= as_of_day)
    known = known.filter(nw.col("kind") != "fee")
    sales = known.filter(nw.col("kind") == "sale")
    table = (
        _purchases(sales)
        .join(_money(known, as_of_day), on="customer_id", how="inner")
        .join(_rhythm(sales), on="customer_id", how="left")
        .with_columns(
            recency_days=as_of_day - nw.col("last_day"),
            tenure_days=as_of_day - nw.col("first_day"),
            mean_order_value=nw.col("revenue") / nw.col("n_orders"),
        )
        .with_columns(overdue=nw.col("recency_days") / nw.col("median_gap_days"))
    )
    return nw.to_native(
        table.select(
            "customer_id", "first_date", "last_date", "recency_days", "tenure_days", "n_orders", "n_days", "n_lines",
            "revenue", "revenue_12m", "returned", "discount_share", "mean_order_value", "median_gap_days", "overdue",
        )
    )  # fmt: skip


def _purchases(sales: Any) -> Any:
    return sales.group_by("customer_id").agg(
        nw.col("day").min().alias("first_day"),
        nw.col("day").max().alias("last_day"),
        nw.col("date").min().alias("first_date"),
        nw.col("date").max().alias("last_date"),
        nw.col("order_id").n_unique().alias("n_orders"),
        nw.col("day").n_unique().alias("n_days"),
        nw.len().alias("n_lines"),
    )


def _money(known: Any, as_of_day: int) -> Any:
    sale = nw.col("kind") == "sale"
    recent = nw.col("day") > as_of_day - YEAR
    nothing = nw.lit(None)
    sums = known.with_columns(
        recent_amount=nw.when(recent).then(nw.col("net_amount")),
        back_amount=nw.when(~sale).then(nw.col("net_amount")),
        sale_gross=nw.when(sale).then(nw.col("gross_amount")),
        sale_discount=nw.when(sale).then(nw.col("discount_amount")),
    ).group_by("customer_id").agg(
        nw.col("net_amount").sum().alias("revenue"),
        nw.col("recent_amount").sum().alias("revenue_12m"),
        nw.col("back_amount").sum().alias("back"),
        nw.col("sale_gross").sum(),
        nw.col("sale_discount").sum(),
    )  # fmt: skip
    gross = nw.when(nw.col("sale_gross") > 0).then(nw.col("sale_gross")).otherwise(nothing)
    return sums.with_columns(returned=-nw.col("back"), discount_share=nw.col("sale_discount") / gross).select(
        "customer_id", "revenue", "revenue_12m", "returned", "discount_share"
    )


def _rhythm(sales: Any) -> Any:
    """Median days between a customer's purchase days; customers with one day have none."""
    days = sales.group_by("customer_id", "day").agg(nw.len().alias("lines"))
    gaps = days.with_columns(gap=nw.col("day") - nw.col("day").shift(1).over("customer_id", order_by="day")).filter(
        ~nw.col("gap").is_null()
    )
    return gaps.group_by("customer_id").agg(nw.col("gap").median().alias("median_gap_days"))
