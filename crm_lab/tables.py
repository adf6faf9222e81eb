"""The contract: each table's columns, types, units, keys, nullability, privacy class and meaning.

The first four tables are given by a source (some of them by each), `orders` and `customer_360` are
derived from them. Money columns are exact decimals in stored tables and floats in pandas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Dtype = Literal["text", "integer", "number", "money", "date", "timestamp", "flag"]
Pii = Literal["none", "pseudonym", "direct", "sensitive"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract."""

    name: str
    dtype: Dtype
    meaning: str
    unit: str = ""
    nullable: bool = False
    required: bool = True
    pii: Pii = "none"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the contract; `known_on` is the column with the day a row became known."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    known_on: str | None = None
    derived: bool = False

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: If the table has no such column.
        """
        return {c.name: c for c in self.columns}[name]

    @property
    def column_names(self) -> tuple[str, ...]:
        """All column names, in order."""
        return tuple(c.name for c in self.columns)


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
        Column("return_of", "integer", "The line that this line returns.", nullable=True, required=False),
        Column("quantity", "number", "Units; negative on returned lines.", unit="units"),
        Column("gross_amount", "money", "Before discounts; negative on returned lines.", unit="currency"),
        Column("discount_amount", "money", "Discounts given on the line.", unit="currency"),
        Column("net_amount", "money", "After discounts; negative on returned lines.", unit="currency"),
    ),
    key=("line_id",),
    known_on="day",
)

CUSTOMERS = Table(
    "customers",
    "One row per customer with what is known beside purchases.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("age_group", "text", "Age band.", nullable=True, required=False),
        Column("income_group", "text", "Household income band.", nullable=True, required=False),
        Column("household_size", "text", "People in the household.", nullable=True, required=False),
        Column("city", "text", "Home city.", nullable=True, required=False),
        Column("joined_on", "date", "Day the customer became known.", nullable=True, required=False),
        Column("acquisition_channel", "text", "What brought the customer.", nullable=True, required=False),
        Column("acquisition_cost", "money", "What that cost.", unit="currency", nullable=True, required=False),
        Column("opted_out_on", "date", "Day of the last refusal of messages.", nullable=True, required=False),
    ),
    key=("customer_id",),
    known_on="joined_on",
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
        Column("launched_on", "date", "Day it came on sale, where known.", nullable=True, required=False),
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

TIERS = Table(
    "tiers",
    "One row per customer and span of days in one value tier.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("valid_from", "date", "First day in the tier."),
        Column("valid_to", "date", "Last day in it; none where it still holds.", nullable=True),
        Column("tier", "text", "The tier."),
    ),
    key=("customer_id", "valid_from"),
    known_on="valid_from",
)

ASSIGNMENTS = Table(
    "assignments",
    "One row per customer and experiment: the arm drawn by lot.",
    (
        Column("experiment", "text", "Which experiment."),
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("arm", "text", "control or treatment."),
        Column("assigned_on", "date", "Day of the draw."),
        Column("tier", "text", "Value tier on that day.", nullable=True, required=False),
    ),
    key=("experiment", "customer_id"),
    known_on="assigned_on",
)

ENROLMENTS = Table(
    "enrolments",
    "One row per customer in a programme.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("programme", "text", "Which programme; the experiment that tests it has the same name."),
        Column("enrolled_on", "date", "First day in it."),
    ),
    key=("customer_id", "programme"),
    known_on="enrolled_on",
)

REWARDS = Table(
    "rewards",
    "One row per event of the points ledger, in order within customers.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("event", "integer", "Number of the event of this customer."),
        Column("date", "date", "When."),
        Column("kind", "text", "earn, redeem or expire."),
        Column("points", "integer", "Positive when earned, negative otherwise.", unit="points"),
        Column("order_id", "text", "The order at which it happened; none for expiry.", nullable=True),
        Column("cost_amount", "money", "What it cost the retailer.", unit="currency"),
    ),
    key=("customer_id", "event"),
    known_on="date",
)

EXPOSURES = Table(
    "exposures",
    "One row per message sent to a customer.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("campaign", "text", "Which campaign."),
        Column("date", "date", "Day it was sent."),
        Column("channel", "text", "email, sms, app, ...", nullable=True),
        Column("delivered", "flag", "Whether it arrived.", nullable=True),
        Column("opened", "flag", "Whether it was opened.", nullable=True),
        Column("cost_amount", "money", "What it cost.", unit="currency", nullable=True),
    ),
    key=("customer_id", "campaign"),
    known_on="date",
)

COSTS = Table(
    "costs",
    "One row per month and item of what programmes and messages cost; rewards are in their ledger.",
    (
        Column("month", "date", "First day of the month, or of the data in it."),
        Column("item", "text", "setup, running, messages or save_offer."),
        Column("amount", "money", "Cost in the month.", unit="currency"),
    ),
    key=("month", "item"),
    known_on="month",
)

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
            "returned",
            "money",
            "Net amount of return and cancellation lines, as a positive number.",
            unit="currency",
        ),
        Column(
            "discount_share",
            "number",
            "Discounts over gross amount on sale lines.",
            unit="share",
            nullable=True,
        ),
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

RESPONSES = Table(
    "responses",
    "One row per response of a customer to a campaign, e.g. a coupon handed in.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("campaign", "text", "Which campaign."),
        Column("date", "date", "Day of the response."),
        Column("coupon", "text", "Which coupon.", nullable=True, required=False),
    ),
    key=("customer_id", "campaign", "date", "coupon"),
    known_on="date",
)

GIVEN = (
    TRANSACTIONS,
    CUSTOMERS,
    PRODUCTS,
    STORES,
    TIERS,
    ASSIGNMENTS,
    ENROLMENTS,
    REWARDS,
    EXPOSURES,
    RESPONSES,
    COSTS,
)
DERIVED = (ORDERS, CUSTOMER_360, CUSTOMER_MIX)
TABLES = {t.name: t for t in (*GIVEN, *DERIVED)}
