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

POINT_KINDS = ("earn", "pending", "activate", "redeem", "expire", "reverse", "adjust", "transfer")
"""Kinds of events of the points ledger."""

REWARDS = Table(
    "rewards",
    "One row per event of the points ledger, in order within customers.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("event", "integer", "Number of the event of this customer."),
        Column("date", "date", "When."),
        Column("kind", "text", "earn, pending, activate, redeem, expire, reverse, adjust or transfer."),
        Column(
            "points",
            "integer",
            "Positive when they come in or are activated, negative when they go; adjust and transfer may be either.",
            unit="points",
        ),
        Column("order_id", "text", "The order at which it happened; none for expiry.", nullable=True),
        Column("cost_amount", "money", "What it cost the retailer.", unit="currency", nullable=True),
        Column(
            "expires_on",
            "date",
            "Last day on which points that come in can be redeemed.",
            nullable=True,
            required=False,
        ),
        Column("channel", "text", "Which system wrote it: online, store, ...", nullable=True, required=False),
        Column("counterpart_id", "text", "Other side of a transfer.", nullable=True, required=False, pii="pseudonym"),
    ),
    key=("customer_id", "event"),
    known_on="date",
    ahead=("expires_on",),
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
        Column("product_id", "text", "The product it showed.", nullable=True, required=False),
        Column(
            "propensity",
            "number",
            "Chance that it showed this one, where it was drawn by lot.",
            nullable=True,
            required=False,
        ),
        Column("clicked", "flag", "Whether a link in it was clicked.", nullable=True, required=False),
        Column("campaign_type", "text", "Kind of the campaign.", nullable=True, required=False),
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

REFERRALS = Table(
    "referrals",
    "One row per invitation that a member sent.",
    (
        Column("referral", "text", "Which invitation."),
        Column("customer_id", "text", "Who invited.", pii="pseudonym"),
        Column(
            "invited_id",
            "text",
            "Who became a customer by it.",
            nullable=True,
            pii="pseudonym",
            empty_says="nobody has joined by it",
        ),
        Column("invited_on", "date", "Day it was sent."),
        Column(
            "joined_on",
            "date",
            "Day of the first purchase of who was invited.",
            nullable=True,
            empty_says="nobody has joined by it",
        ),
        Column(
            "rewarded_on",
            "date",
            "Day the inviter got the reward.",
            nullable=True,
            empty_says="no reward has been given",
        ),
        Column(
            "reward_amount",
            "money",
            "What the reward cost.",
            unit="currency",
            nullable=True,
            empty_says="no reward has been given",
        ),
        Column("channel", "text", "How it was sent: link, code, store, ...", nullable=True, required=False),
    ),
    key=("referral",),
    known_on="invited_on",
    learnt=(("invited_id", "joined_on"), ("reward_amount", "rewarded_on")),
)

ACCOUNT_MARKS = Table(
    "account_marks",
    "One row per account and mark that may link it to others; marks are hashes.",
    (
        Column("customer_id", "text", "Whose account.", pii="pseudonym"),
        Column("kind", "text", "device, address, phone, card or ip."),
        Column(
            "mark", "text", "Hash of the mark; equal hashes are the same device, address and so on.", pii="pseudonym"
        ),
        Column("first_seen", "date", "Day it was first seen with the account."),
    ),
    key=("customer_id", "kind", "mark"),
    known_on="first_seen",
)

TIER_HISTORY = Table(
    "tier_history",
    "One row per customer and day on which a tier was set, whether or not it changed.",
    (
        Column("customer_id", "text", "Who.", pii="pseudonym"),
        Column("tier", "text", "The tier from that day on."),
        Column("since", "date", "First day in it."),
        Column(
            "qualifying_amount",
            "money",
            "Spend that counted towards it.",
            unit="currency",
            nullable=True,
            empty_says="none counted: the first tier of a new member",
        ),
    ),
    key=("customer_id", "since"),
    known_on="since",
)

REWARDS_OTHER_SYSTEM = Table(
    "rewards_other_system",
    "The points ledger as another system, e.g. the tills', has it: for reconciliation with `rewards`.",
    REWARDS.columns,
    key=("customer_id", "event"),
    known_on="date",
    ahead=("expires_on",),
)
