"""The currency of a row's amounts: by a column of codes, or by the sign or code that stands beside the number."""

from __future__ import annotations

from collections.abc import Mapping

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.sql import CODES, filled, latin, let

SIGNS = {
    "€": "EUR", "EURO": "EUR", "EUROS": "EUR", "£": "GBP", "₹": "INR", "RS": "INR", "RS.": "INR", "₽": "RUB",
    "₩": "KRW", "₺": "TRY", "TL": "TRY", "ZŁ": "PLN", "KČ": "CZK", "원": "KRW", "円": "JPY", "元": "CNY", "RMB": "CNY",
    "₫": "VND",
    "Đ": "VND", "RP": "IDR", "RP.": "IDR", "РУБ": "RUB", "РУБ.": "RUB", "Р.": "RUB", "ГРН": "UAH", "FT": "HUF",
    "LEI": "RON", "FR.": "CHF", "SFR": "CHF", "฿": "THB", "บาท": "THB", "₴": "UAH", "₦": "NGN", "₱": "PHP", "₪": "ILS",
    "$": "USD", "US$": "USD", "USD$": "USD", "A$": "AUD", "AU$": "AUD", "AUD$": "AUD", "C$": "CAD", "CA$": "CAD",
    "CAD$": "CAD", "NZ$": "NZD", "HK$": "HKD", "NT$": "TWD", "S$": "SGD", "R$": "BRL", "MX$": "MXN",
}  # fmt: skip
"""What signs mean, in capitals; the dollar is the one of the United States where no other one stands in the file."""

DOLLARS = frozenset({"CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP"})
"""Other currencies that are written with the dollar's sign."""

MAY_BE = {"¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"), "KR": ("SEK", "NOK", "DKK", "ISK"), "KR.": ("DKK", "SEK", "NOK")}
"""Signs of several currencies."""

_SIGN = r"(?i)[A-Z]{0,3}\$|\p{Sc}|Fr\.|Rs\.?|Rp\.?|kr\.?|zł|Kč|Ft|lei|TL|đ|руб\.?|р\.|грн|บาท|元|円|원"
_CODE = rf"(?i)(?:{'|'.join(CODES)})"


def sign_of(column: str) -> str:
    """SQL of the sign or code, in capitals, beside a column's number, or which it holds alone; empty where none is."""
    given = name_of(column)
    text = latin(filled(column))
    code, sign = (f"regexp_extract({text}, {text_of(pattern)}, 0)" for pattern in (_CODE, _SIGN))
    beside = f"coalesce(nullif({code}, ''), {sign})"
    alone = f"case when regexp_matches({text}, '[0-9]') then {beside} else {text} end"
    return f"(case when regexp_full_match({given}, '[-0-9.,]*') then '' else coalesce(upper({alone}), '') end)"


def code_of(column: str, signs: Mapping[str, str]) -> str:
    """SQL of the currency of a row.

    Args:
        column: With codes or signs, alone or beside numbers.
        signs: Sign to code where it is not the usual one; ``""`` is where nothing stands.
    """
    known = {**SIGNS, **{sign.upper(): code for sign, code in signs.items()}}
    cases = " ".join(f"when {text_of(sign)} then {text_of(code)}" for sign, code in known.items())
    return let("sign", sign_of(column), f"case sign {cases} when '' then null else sign end")
