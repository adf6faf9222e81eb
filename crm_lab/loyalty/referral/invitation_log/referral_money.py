"""Amounts of money in sentences, with their currency where it is known."""

from __future__ import annotations

from crm_lab.messages import Message


def money(amount: float, currency: str = "", *, signed: bool = False) -> Message:
    """An amount as sentences put it.

    >>> money(1200.5, "EUR").text("en"), money(3.0).text("en")
    ('1,200.50 EUR', '3.00')
    >>> money(3.0, signed=True).text("en")
    '+3.00'

    Args:
        amount: The amount.
        currency: ISO code; empty where it is not known.
        signed: Whether a sign stands before it, as before a difference.
    """
    key = "referral.money" + ("_signed" if signed else "") + ("" if currency else "_plain")
    return Message(key, {"amount": amount, "currency": currency})
