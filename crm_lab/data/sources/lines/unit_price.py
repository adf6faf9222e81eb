"""What one unit costs, where a price is that of 10, 100 or 1,000 of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from crm_lab.data.sources.sql import PRICE, filled

_PER = re.compile(
    r"(?i)(?:\s*(?:/|(?<![a-z])(?:per|pro|je|par|por)(?![^\W\d_])|每))[\s_]*(1[0.,' ]*0)\s*"
    r"(?:pcs|pieces|units?|stk|st(?:ü|ue)ck|st|pi[eè]ces|unidades|[个個件])?\.?\s*$"
)
_WEIGHED = re.compile(r"(?i)(?:/|per|pro|je|par|por|每)[\s_]*100\s*(?:g|gr|gramm?e?s?|ml)\b")
_GRAMS = re.compile(r"(?i)(?<![a-z])(?:g|gr|gramm?e?s?|ml)(?![a-z])")
_KILOS = re.compile(r"(?i)(?<![a-z])(?:kg|kilos?|kilogramm?e?s?|l|lit(?:er|re)s?)(?![a-z])")
_BRACKETED = re.compile(r"[()（）\[\]]")


def price_per(name: str, quantity: str = "") -> float:
    """Of how many units a price is, as far as its column's name, and that of the units, say so.

    >>> price_per("Price per 100"), price_per("price_per_100"), price_per("Preis je 1.000 Stk"), price_per("Price")
    (100.0, 100.0, 1000.0, 1.0)
    >>> price_per("price_per_100g", "grams"), price_per("Preis je 100 g", "Menge kg")
    (100.0, 0.1)
    """
    plain = _BRACKETED.sub(" ", name).strip()
    if _WEIGHED.search(plain) and (_GRAMS.search(quantity) or _KILOS.search(quantity)):
        return 100.0 if _GRAMS.search(quantity) else 0.1
    found = _PER.search(plain)
    return float(re.sub(r"\D", "", found[1])) if found else 1.0


def without_per(name: str) -> str:
    """A column's name without the number of units its price is of.

    >>> without_per("Price per 100"), without_per("Price")
    ('Price', 'Price')
    """
    return _PER.sub("", _BRACKETED.sub(" ", name).strip()) if price_per(name) != 1 else name


def unit_price(columns: Mapping[str, str], number: Callable[[str], str]) -> str:
    """SQL of the price of one unit; null where the price, or the number of units it is of, cannot be read.

    Args:
        columns: Role to column; ``price``, and ``price_unit`` where a column says of how many units the price is.
        number: SQL of the number in a column, exact to `PRICE`.
    """
    price, per = number(columns["price"]), price_per(columns["price"], columns.get("quantity", ""))
    if "price_unit" in columns:
        units = columns["price_unit"]
        of = f"case when {filled(units)} is null then 1 else nullif({number(units)}, 0) end"
        return f"({price}::double / ({of})::double)::{PRICE}"
    return price if per == 1 else f"({price}::double / {per:g})::{PRICE}"
