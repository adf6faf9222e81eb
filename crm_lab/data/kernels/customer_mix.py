"""What, when and where each customer buys, as of a day, on any engine that narwhals speaks to."""

from __future__ import annotations

from typing import Any

import narwhals as nw

NOON, EVENING = 12, 18
SATURDAY = 6


def customer_mix(lines: Any, as_of_day: int, products: Any = None) -> Any:
    """One row per customer with a sale line (`tables.CUSTOMER_MIX`): breadth, favourites and shares of revenue.

    Shares are of the net amount of sale lines; a customer whose lines are all free has none, and parts of the day
    have none where no line has an hour.

    Args:
        lines: Transactions of the contract: a pandas or Polars frame or a DuckDB relation.
        as_of_day: Last day that counts, in days since 1970-01-01; later lines are ignored.
        products: Products of the contract on the same engine; without them there is no category.

    Returns:
        The same kind of frame, in no particular order.
    """
    sales = nw.from_native(lines).filter(
        nw.col("kind") == "sale", ~nw.col("customer_id").is_null(), nw.col("day") <= as_of_day
    )
    mix = _shares(sales).join(_favourite(sales, "store_id", "store"), on="customer_id", how="left")
    if products is not None:
        categories = nw.from_native(products).select("product_id", "category").unique("product_id")
        named = sales.join(categories, on="product_id", how="inner")
        mix = mix.join(_favourite(named, "category", "category"), on="customer_id", how="left")
    return nw.to_native(mix)


def _shares(sales: Any) -> Any:
    hour, weekday, amount = nw.col("hour"), nw.col("weekday"), nw.col("net_amount")
    sums = sales.with_columns(
        morning=nw.when(hour < NOON).then(amount),
        afternoon=nw.when((hour >= NOON) & (hour < EVENING)).then(amount),
        evening=nw.when(hour >= EVENING).then(amount),
        weekend=nw.when(weekday >= SATURDAY).then(amount),
    ).group_by("customer_id").agg(
        nw.col("quantity").sum().alias("n_units"),
        nw.col("product_id").n_unique().alias("n_products"),
        amount.sum().alias("sold"),
        hour.max().alias("last_hour"),
        *(nw.col(part).sum() for part in ("morning", "afternoon", "evening", "weekend")),
    )  # fmt: skip
    sold = nw.when(nw.col("sold") > 0).then(nw.col("sold"))
    timed = nw.when((nw.col("sold") > 0) & ~nw.col("last_hour").is_null()).then(nw.col("sold"))
    parts = {f"{part}_share": nw.col(part) / timed for part in ("morning", "afternoon", "evening")}
    parts["weekend_share"] = nw.col("weekend") / sold
    return sums.with_columns(**parts).select("customer_id", "n_units", "n_products", *parts)


def _favourite(sales: Any, column: str, noun: str) -> Any:
    """How many values of a column each customer has, the one with most revenue, and its share; ties by name."""
    spent = (
        sales.filter(~nw.col(column).is_null())
        .group_by("customer_id", column)
        .agg(nw.col("net_amount").sum().alias("spent"))
    )
    totals = spent.group_by("customer_id").agg(
        nw.len().alias(f"n_{noun}s" if noun != "category" else "n_categories"),
        nw.col("spent").sum().alias("all_spent"),
        nw.col("spent").max().alias("most"),
    )
    best = spent.join(totals, on="customer_id", how="inner").filter(nw.col("spent") == nw.col("most"))
    first = best.group_by("customer_id").agg(nw.col(column).min().alias(f"top_{noun}"))
    share = nw.col("most") / nw.when(nw.col("all_spent") > 0).then(nw.col("all_spent"))
    return totals.with_columns(**{f"top_{noun}_share": share}).drop("all_spent", "most").join(
        first, on="customer_id", how="left"
    )  # fmt: skip
