"""Addresses in the form that importing tools read, and pseudonyms as the ids they stand for."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from crm_lab.checks import BadInput, need_columns

PSEUDONYM: Final = re.compile(r"p_[0-9a-f]{16}")
_EMAIL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LONGEST: Final = 254  # characters of an address, RFC 5321


def email_of(value: object) -> str:
    """An e-mail in small letters; empty where it is none, or begins as a spreadsheet's formula does.

    >>> email_of(" Ann@Example.com "), email_of("=cmd@x.com"), email_of(None)
    ('ann@example.com', '', '')

    Args:
        value: A cell.

    Returns:
        The address, or an empty text.
    """
    text = value.strip() if isinstance(value, str) else ""
    return text.lower() if _EMAIL.fullmatch(text) and len(text) <= _LONGEST else ""


def phone_of(value: object, country: str = "") -> str:
    """A telephone number in the international form (E.164); empty where it is none.

    >>> phone_of("+1 (650) 253-0000"), phone_of("138 0013 8000", "CN"), phone_of("12")
    ('+16502530000', '+8613800138000', '')

    Args:
        value: A cell.
        country: ISO code of numbers without a country's; without it only numbers with one are read.

    Returns:
        ``+``, country and number, or an empty text.
    """
    import phonenumbers

    if not isinstance(value, str) or not value.strip():
        return ""
    try:
        number = phonenumbers.parse(value, country or None)
    except phonenumbers.NumberParseException:
        return ""
    usable = phonenumbers.is_valid_number(number) and not number.extension
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)) if usable else ""


def is_pseudonym(value: object) -> bool:
    """Whether an id is one that the lab made in place of an e-mail or a telephone number.

    >>> is_pseudonym("p_0123456789abcdef"), is_pseudonym("p_17")
    (True, False)

    Args:
        value: An id.

    Returns:
        Whether it is.
    """
    return isinstance(value, str) and bool(PSEUDONYM.fullmatch(value))


def mapped_back(customers: pd.Series, identities: pd.DataFrame) -> pd.Series:
    """The id behind each pseudonym; an id that is none stays, and so does a pseudonym with no or several ids.

    >>> known = pd.DataFrame({"customer_id": ["p_0123456789abcdef"], "id": ["ann@example.com"]})
    >>> mapped_back(pd.Series(["p_0123456789abcdef", "17"]), known).tolist()
    ['ann@example.com', '17']

    Args:
        customers: Ids, pseudonyms among them.
        identities: ``customer_id`` (the pseudonym) and ``id``, as ``private/identities.parquet`` of a workspace.

    Returns:
        Ids, with the index of `customers`.

    Raises:
        BadInput: If columns are missing, or no pseudonym is among the identities.
    """
    need_columns(identities.columns, ["customer_id", "id"], "The map of identities")
    pairs = identities[["customer_id", "id"]].dropna().drop_duplicates()
    single = pairs[~pairs["customer_id"].duplicated(keep=False)].set_index("customer_id")["id"]
    hidden = customers.map(is_pseudonym).astype(bool)
    if hidden.any() and not customers[hidden].isin(pairs["customer_id"]).any():
        raise BadInput(
            f"None of the {int(hidden.sum()):,} pseudonyms is in the map of identities; give that of the same key."
        )
    found = customers.map(single)
    return customers.where(~hidden | found.isna(), found)
