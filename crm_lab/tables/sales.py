"""What was sold: lines, products, stores, costs."""

from __future__ import annotations

from crm_lab.tables.contract import Column, Table

TRANSACTIONS = Table(
    "transactions",
    "One row per line of a receipt, signed and dated by its own day.",
    (
        Column("line_id", "integer", "Number of the line, in the order of the source."),
        Column("source_row", "integer", "Row of the raw file the line came from, counted from 1."),
        Column("order_id", "text", "The receipt, basket or invoice."),
        Column("customer_id", "text", "Who bought.", nullable=True, pii="pseudonym"),
        Column("product_id", "text", "What was bought.", nullable=True),
        Column("store_id", "text", "Where it was bought.", nullable=True, required=False),
        Column("day", "integer", "Day of the line in the retailer's time zone.", unit="days since 1970-01-01"),
        Column("date", "date", "The same day as a date."),
        Column("hour", "integer", "Hour of the day, local time.", unit="hours", nullable=True),
        Column("weekday", "integer", "Day of the week, Monday is 1.", unit="ISO weekday"),
        Column("kind", "text", "sale, return, cancellation or fee."),
        Column(
            "return_of",
            "integer",
            "The line that this line returns.",
            nullable=True,
            required=False,
            empty_says="returns nothing",
        ),
        Column("quantity", "number", "Units; negative on returned lines.", unit="units"),
        Column("gross_amount", "money", "Before discounts; negative on returned lines.", unit="currency"),
        Column("discount_amount", "money", "Discounts given on the line.", unit="currency"),
        Column("net_amount", "money", "After discounts; negative on returned lines.", unit="currency"),
    ),
    key=("line_id",),
    known_on="day",
)

PRODUCTS = Table(
    "products",
    "One row per product.",
    (
        Column("product_id", "text", "What."),
        Column("department", "text", "Widest grouping.", nullable=True, required=False),
        Column("category", "text", "Category.", nullable=True, required=False),
        Column("brand", "text", "Brand or brand type.", nullable=True, required=False),
        Column("style", "text", "Style tag.", nullable=True, required=False),
        Column("scene", "text", "What it is worn or used for.", nullable=True, required=False),
        Column("eco", "flag", "Whether it has an eco tag.", nullable=True, required=False),
        Column(
            "launched_on",
            "date",
            "Day it came on sale, where known.",
            nullable=True,
            required=False,
            empty_says="on sale before the records, or not known",
        ),
        Column("list_price", "money", "List price of a unit.", unit="currency", nullable=True, required=False),
        Column("unit_cost", "money", "Cost of goods of a unit.", unit="currency", nullable=True, required=False),
    ),
    key=("product_id",),
    known_on="launched_on",
)

STORES = Table(
    "stores",
    "One row per store; the online shop is one.",
    (
        Column("store_id", "text", "Where."),
        Column("city", "text", "City; none for the online shop.", nullable=True),
        Column("channel", "text", "store or online."),
    ),
    key=("store_id",),
)

COSTS = Table(
    "costs",
    "One row per month and item of what programmes and messages cost; rewards are in their ledger.",
    (
        Column("month", "date", "First day of the month, or of the data in it."),
        Column("item", "text", "setup, running, messages, save_offer or pilot; perks and service of a tier."),
        Column("amount", "money", "Cost in the month.", unit="currency"),
    ),
    key=("month", "item"),
    known_on="month",
)
