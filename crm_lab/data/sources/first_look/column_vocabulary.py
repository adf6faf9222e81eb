"""What people call their columns, and what a number looks like in its usual dresses."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources

_BRACKETS = re.compile(r"[(（\[][^)）\]]*[)）\]]")
_SCALE = re.compile(
    r"(?i)cent|pence|teur|t€|\bk(?:€|\$|£|eur|usd|gbp|chf)|tsd|tausend|thousand|mio|million|'?000|[分角千万億亿]"
)


_SPELT = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe"})
"""Letters that are no accented ones, as people write them without."""

_SCALED = re.compile(
    r"(?i)[\s_]*[(（\[][^)）\]]*[)）\]]$|[\s_]+(?:in[\s_]+)?(?:t€|teur|k(?:€|\$|£|eur|usd|gbp|chf)|tsd\.?|thousands?|cents?)$"
)

_UNITS = {
    0.01: r"cents?\b|_cents?|pence|分", 0.1: "角",
    1e3: r"\bteur|t€|\bk(?:€|\$|£|eur|usd|gbp|chf)|tsd|tausend|thousand|'000|千", 1e4: "[万萬]",
    1e6: r"mio|million", 1e8: "[亿億]",
}  # fmt: skip


def unit_of(name: str) -> float:
    """What one of a column's amounts is in currency, as far as its name says so.

    >>> unit_of("amount_cents"), unit_of("销售额（万元）"), unit_of("Amount")
    (0.01, 10000.0, 1.0)
    """
    return next((unit for unit, words in _UNITS.items() if re.search(f"(?i){words}", name)), 1.0)


def without_unit(name: str) -> str:
    """A column's name without the unit that its amounts are in, where it ends in one.

    >>> without_unit("amount (kEUR)"), without_unit("Umsatz TEUR"), without_unit("金额(万元)"), without_unit("Amount")
    ('amount', 'Umsatz', '金额', 'Amount')
    """
    return _SCALED.sub("", name) if unit_of(name) != 1 else name


NO_ROLES = ("not_the_date", "may_be_order_id", "not_the_customer")
"""Lists of the vocabulary that name no role by themselves."""


@cache
def _names() -> dict[str, list[str]]:
    return tomllib.loads(resources.files(__package__).joinpath("column_names.toml").read_text(encoding="utf-8"))


def names_by_role() -> dict[str, list[str]]:
    """What people call their columns, by role."""
    return {role: names for role, names in _names().items() if role not in NO_ROLES}


@cache
def names_of(kind: str) -> tuple[str, ...]:
    """The plain names of one of the lists of `NO_ROLES`, or of a role."""
    return tuple(plain_name(name) for name in _names()[kind])


@cache
def _roles_names() -> frozenset[str]:
    return frozenset(name for role in names_by_role() for name in names_of(role))


def known_names(header: Sequence[str]) -> int:
    """How many of some column names somebody calls a column."""
    return sum(plain_name(name) in _roles_names() for name in header)


def names_purchases(header: Sequence[str]) -> bool:
    """Whether some column names alone say that a table holds purchases: a day, a customer, an amount or price.

    >>> names_purchases(["Date", "Customer ID", "Total"]), names_purchases(["Month", "Revenue"])
    (True, False)
    """
    there = {plain_name(name) for name in header}

    def held(*roles: str) -> bool:
        return any(name in there for role in roles for name in names_of(role))

    return held("date") and held("customer_id") and held("amount", "price")


@lru_cache(maxsize=1 << 14)
def plain_name(name: str) -> str:
    """A name without case, accents, spaces, signs and what stands in brackets, unless that is a scale.

    >>> plain_name("Order Total (inc tax)"), plain_name("Betrag (TEUR)"), plain_name("金额（分）"), plain_name("Alıcı")
    ('ordertotal', 'betragteur', '金额分', 'alici')
    """
    name = _BRACKETS.sub(lambda found: found[0] if _SCALE.search(found[0]) else "", name) or name
    spelt = name.lower().translate(_SPELT)
    bare = "".join(c for c in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "", bare)
