"""Who bought: customers, tiers, enrolments."""

from __future__ import annotations

from crm_lab.tables.contract import Column, Table

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
        Column(
            "opted_out_on",
            "date",
            "Day of the last refusal of messages.",
            nullable=True,
            required=False,
            empty_says="never refused",
        ),
    ),
    key=("customer_id",),
    known_on="joined_on",
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
