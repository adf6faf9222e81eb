"""Marks of accounts (device, address, phone, card, IP) as salted hashes, and marks that are none."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, need_columns

KINDS: Final = ("phone", "card", "device", "address", "ip")
_LETTERS: Final = 24  # of the hexadecimal hash: 96 bits
_SHORTEST: Final = 8  # letters of a secret
_FEW: Final = 0.01  # of a kind's marks may look like numbers by chance: a hash can be all digits
_LOOKED_AT: Final = 100_000  # marks of a kind, evenly spread; for a sign of mail all are
_PHONE = r"\+?[\d\s().-]{7,20}"
_IP = r"\d{1,3}(?:\.\d{1,3}){3}"
_PUNCTUATION = re.compile(r"[\s().\-/_,;]+")


def hashed_marks(marks: pd.DataFrame, secret: str) -> pd.DataFrame:
    """Marks in the clear as keyed hashes (HMAC-SHA256): the same mark stays the same, nobody reads it back.

    Letters are made alike first (case, blanks, punctuation), so that ``+49 30 12`` and ``+493012`` are one phone.

    >>> marks = pd.DataFrame({"customer_id": ["a", "b"], "kind": "phone", "mark": ["+49 30 1234567", "+49301234567"]})
    >>> hashed = hashed_marks(marks, "keep me safe")
    >>> hashed["mark"].nunique(), "1234567" in hashed["mark"].iloc[0]
    (1, False)

    Args:
        marks: Columns ``kind`` and ``mark``, any others.
        secret: Kept out of the data; the same for all files that are to be joined.

    Returns:
        A copy with hashes in ``mark``.

    Raises:
        BadInput: If a column is missing or the secret is short.
    """
    need_columns(marks.columns, ["kind", "mark"], "The marks")
    if len(secret) < _SHORTEST:
        raise BadInput(f"The secret has {len(secret)} letters; {_SHORTEST} are the least. Keep it apart from the data.")
    key = secret.encode()
    pairs = marks[["kind", "mark"]].dropna().astype(str).drop_duplicates()
    made = [_hash(key, kind, mark) for kind, mark in zip(pairs["kind"], pairs["mark"], strict=True)]
    found = dict(zip(zip(pairs["kind"], pairs["mark"], strict=True), made, strict=True))
    both = zip(marks["kind"].astype(str), marks["mark"].astype(str), strict=True)
    hashed = pd.Series([found.get(pair) for pair in both], index=marks.index, dtype=object)
    return marks.assign(mark=hashed)


def marks_of(accounts: pd.DataFrame, columns: Mapping[str, str], secret: str) -> pd.DataFrame:
    """Marks of a table with a column for each, such as a phone and an address beside the customer, as hashes.

    >>> accounts = pd.DataFrame({"customer_id": ["a", "b"], "mobile": ["+49 30 1234567", None], "home": ["x", "x"]})
    >>> marks_of(accounts, {"phone": "mobile", "address": "home"}, "keep me safe")["kind"].tolist()
    ['phone', 'address', 'address']

    Args:
        accounts: Column ``customer_id`` and those named.
        columns: Kind of mark to column: phone, card, device, address, ip.
        secret: As of `hashed_marks`.

    Returns:
        Columns ``customer_id``, ``kind``, ``mark``; an empty cell is no mark.

    Raises:
        BadInput: If a column is missing, a kind is not known, or the secret is short.
    """
    need_columns(accounts.columns, ["customer_id", *columns.values()], "The accounts")
    unknown = [kind for kind in columns if kind not in KINDS]
    if unknown or not columns:
        raise BadInput(f"Marks of the kind {', '.join(unknown) or '(none)'} are not known; name {', '.join(KINDS)}.")
    parts = [
        pd.DataFrame({"customer_id": accounts["customer_id"], "kind": kind, "mark": accounts[column]})
        for kind, column in columns.items()
    ]
    made = pd.concat(parts, ignore_index=True)
    kept = made["mark"].notna() & (made["mark"].astype("string").str.strip().fillna("") != "")
    return hashed_marks(made[kept].reset_index(drop=True), secret)


def _hash(key: bytes, kind: str, mark: str) -> str:
    plain = _PUNCTUATION.sub("", unicodedata.normalize("NFKC", mark)).casefold()
    return hmac.new(key, f"{kind}:{plain}".encode(), hashlib.sha256).hexdigest()[:_LETTERS]


def marks_in_the_clear(marks: pd.DataFrame) -> Iterator[str]:
    """A sentence for each kind of marks that are e-mail addresses, telephone or card numbers or IP addresses.

    Args:
        marks: Columns ``kind`` and ``mark``.

    Yields:
        What was found with counts, and what to do.
    """
    for kind, rows in marks.dropna(subset=["mark"]).groupby("kind", observed=True, sort=True):
        some = bool(rows["mark"].astype("string").str.contains("@", regex=False).any())
        text = pd.Series(rows["mark"].iloc[:: len(rows) // _LOOKED_AT + 1].astype(str).unique())
        raw = text.str.contains("@", regex=False) | text.str.fullmatch(_IP)
        if kind == "phone":
            raw |= text.str.fullmatch(_PHONE)
        if kind == "card":
            raw |= _card_numbers(text)
        n = int(raw.sum())
        if n > _FEW * len(text) or some:
            yield (
                f"{n:,} of {len(text):,} marks of the kind {kind} that were looked at can be read as they are "
                "(a number or an address); hash them before they come here: hashed_marks(marks, secret)."
            )


def _card_numbers(text: pd.Series) -> pd.Series:
    """Which are card numbers by their check digit (Luhn), where most long numbers are: chance makes one in ten."""
    digits = text.str.replace(r"[ -]", "", regex=True)
    long = digits.str.fullmatch(r"\d{13,19}")
    if not long.any():
        return long
    good = np.array([_luhn(number) for number in digits[long]])
    return long if good.mean() > 0.5 else long & False


def _luhn(number: str) -> bool:
    figures = [int(figure) for figure in reversed(number)]
    doubled = (sum(divmod(2 * figure, 10)) for figure in figures[1::2])
    return (sum(figures[::2]) + sum(doubled)) % 10 == 0
