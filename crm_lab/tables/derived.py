"""What is computed from the given tables."""

from __future__ import annotations

from crm_lab.tables.contract import Column, Table

ORDERS = Table(
    "orders",
    "One row per order with at least one sale line; returns stay with the day they happened.",
    (
        Column("order_id", "text", "The receipt, basket or invoice."),
        Column("customer_id", "text", "Who bought.", nullable=True, pii="pseudonym"),
        Column("day", "integer", "Day of the order.", unit="days since 1970-01-01"),
        Column("date", "date", "The same day as a date."),
        Column("hour", "integer", "Hour of the day, local time.", unit="hours", nullable=True),
        Column("n_lines", "integer", "Sale lines.", unit="lines"),
        Column("n_units", "number", "Units on sale lines.", unit="units"),
        Column("gross_amount", "money", "Sale lines before discounts.", unit="currency"),
        Column("discount_amount", "money", "Discounts on sale lines.", unit="currency"),
        Column("net_amount", "money", "Sale lines after discounts.", unit="currency"),
    ),
    key=("order_id",),
    known_on="day",
    derived=True,
)

CUSTOMER_360 = Table(
    "customer_360",
    "One row per customer with at least one sale line up to the as-of date.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("first_date", "date", "Day of the first sale line."),
        Column("last_date", "date", "Day of the last sale line."),
        Column("recency_days", "integer", "as_of minus last_date.", unit="days"),
        Column("tenure_days", "integer", "as_of minus first_date.", unit="days"),
        Column("n_orders", "integer", "Orders with a sale line.", unit="orders"),
        Column("n_days", "integer", "Distinct days with a sale line.", unit="days"),
        Column("n_lines", "integer", "Sale lines.", unit="lines"),
        Column("revenue", "money", "Net amount, returns netted.", unit="currency"),
        Column("revenue_12m", "money", "The same in the 365 days that end with as_of.", unit="currency"),
        Column(
            "returned", "money", "Net amount of return and cancellation lines, as a positive number.", unit="currency"
        ),
        Column("discount_share", "number", "Discounts over gross amount on sale lines.", unit="share", nullable=True),
        Column("mean_order_value", "money", "Revenue per order.", unit="currency"),
        Column("median_gap_days", "number", "Median days between purchase days.", unit="days", nullable=True),
        Column("overdue", "number", "recency_days over median_gap_days.", unit="ratio", nullable=True),
    ),
    key=("customer_id",),
    derived=True,
)

CUSTOMER_MIX = Table(
    "customer_mix",
    "One row per customer with at least one sale line up to the as-of date: what, when and where they buy.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("n_units", "number", "Units on sale lines.", unit="units"),
        Column("n_products", "integer", "Different products.", unit="products"),
        Column("morning_share", "number", "Revenue before 12 h.", unit="share", nullable=True),
        Column("afternoon_share", "number", "Revenue from 12 to 18 h.", unit="share", nullable=True),
        Column("evening_share", "number", "Revenue from 18 h.", unit="share", nullable=True),
        Column("weekend_share", "number", "Revenue on Saturday and Sunday.", unit="share", nullable=True),
        Column("n_stores", "integer", "Different stores.", unit="stores", nullable=True),
        Column("top_store", "text", "Store with most revenue.", nullable=True),
        Column("top_store_share", "number", "Its share of revenue.", unit="share", nullable=True),
        Column("n_categories", "integer", "Different categories.", nullable=True, required=False),
        Column("top_category", "text", "Category with most revenue.", nullable=True, required=False),
        Column("top_category_share", "number", "Its share of revenue.", unit="share", nullable=True, required=False),
        Column("n_contacts", "integer", "Messages sent to the customer.", unit="messages", required=False),
        Column("n_responses", "integer", "Responses, e.g. coupons handed in.", required=False),
    ),
    key=("customer_id",),
    derived=True,
)
