"""What tools that send ask of an import file: headings, who is found by what, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class AudienceTarget:
    """How a tool documents its import.

    >>> TARGETS["braze"].headings["phone"]
    'phone'

    Attributes:
        name: Of the tool.
        headings: Our column to the heading that the tool finds it by, in the file's order.
        found_by: Our columns of which a row needs one, the first that a row has.
        reserved: Further headings that would do something other than describe a customer, such as change consent.
        mark: Whether the file begins with a byte-order mark: people open it in a spreadsheet; an importing tool would
            read the mark as part of the first heading.
        most_rows: Rows of one file at most; 0 where no limit is documented.
        most_bytes: Bytes of one file at most; 0 where no limit is documented.
    """

    name: str
    headings: Mapping[str, str]
    found_by: tuple[str, ...]
    reserved: tuple[str, ...] = ()
    mark: bool = False
    most_rows: int = 0
    most_bytes: int = 0


_WORDS: Final = {"email": "Email", "phone": "Phone Number", "first_name": "First Name", "last_name": "Last Name"}

TARGETS: Final[Mapping[str, AudienceTarget]] = {
    target.name: target
    for target in (
        AudienceTarget(
            "klaviyo", _WORDS, ("email", "phone"), mark=False, most_bytes=50_000_000,
            reserved=("Email Address", "Email Consent", "SMS Consent", "Consent", "$consent", "Consent Timestamp"),
        ),
        AudienceTarget(
            "braze",
            {
                "customer_id": "external_id", "email": "email", "phone": "phone", "first_name": "first_name",
                "last_name": "last_name",
            },
            ("customer_id",), most_bytes=500_000_000,
            reserved=(
                "braze_id", "user_alias_name", "user_alias_label", "email_subscribe", "push_subscribe",
                "subscription_group_id", "subscription_state",
            ),
        ),
        AudienceTarget(
            "hubspot", _WORDS, ("email",), most_rows=250_000, most_bytes=150_000_000,
            reserved=("Record ID", "Contact owner", "Lifecycle stage"),
        ),
        AudienceTarget(
            "wecom", {"external_userid": "external_userid", "sender": "sender"}, ("external_userid",), mark=True,
        ),
        AudienceTarget("plain", {"customer_id": "customer_id"}, ("customer_id",), mark=True),
    )
}  # fmt: skip
"""The tools by name.

Source:
    Klaviyo Help Center, How to create and add subscribers to a new list (115005078967): the first heading is Email or
    Phone Number, properties by their names, 50 MB. Braze, CSV import: external_id identifies, headings match default
    attributes exactly, subscription columns change subscriptions, 500 MB. HubSpot Knowledge, Set up your import files:
    headings are names of properties, contacts are told apart by Email, 250,000 rows, 150 MB. WeCom has no documented
    file of customers; its group messages (externalcontact/add_msg_template) name customers by external_userid and
    who sends by sender.
"""
