"""What people call their columns, and what a number looks like in its usual dresses."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import resources

_DRESSED = re.compile(
    r"[-+(\u2212\u2013\uff08]*\s?(?:[A-Z]{0,3}[^\W\d_]?[$€£¥₹₽₩₺]|[A-Z]{3}\b|kr|zł|Rs\.?)?\s?[-+\u2212(]?\s?"
    r"\d[\d.,'’\s\u00a0\u202f]*(?:[eE][-+]?\d+)?\s?"
    r"(?:[A-Z]{3}|[$€£¥₹₽₩₺%元円원]|kr\.?|zł|Kč|Fr\.)?\s?[-\u2212)\uff09]*$"
)


@cache
def _names() -> dict[str, list[str]]:
    return tomllib.loads(resources.files(__package__).joinpath("column_names.toml").read_text(encoding="utf-8"))


def names_by_role() -> dict[str, list[str]]:
    """What people call their columns, by role."""
    return {**_names()}


def known_names(header: Sequence[str]) -> int:
    """How many of some column names somebody calls a column."""
    words = {plain_name(name) for role, names in _names().items() if role != "not_the_date" for name in names}
    return sum(plain_name(name) in words for name in header)


def names_purchases(header: Sequence[str]) -> bool:
    """Whether some column names alone say that a table holds purchases: a day, a customer, an amount or price.

    >>> names_purchases(["Date", "Customer ID", "Total"]), names_purchases(["Month", "Revenue"])
    (True, False)
    """
    there = {plain_name(name) for name in header}

    def held(*roles: str) -> bool:
        return any(plain_name(name) in there for role in roles for name in _names()[role])

    return held("date") and held("customer_id") and held("amount", "price")


def plain_name(name: str) -> str:
    """A name without case, accents, spaces and signs."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "", bare)


def looks_like_numbers(seen: Sequence[str]) -> bool:
    """Whether nine of ten values are numbers in one of their usual dresses."""
    return len(seen) > 0 and sum(_DRESSED.match(value.strip()) is not None for value in seen) >= 0.9 * len(seen)
