"""What was done to customers and what came back: tests, rewards, messages, responses."""

from __future__ import annotations

from crm_lab.tables.contract import Column, Table

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
