"""Pieces of SQL that every file source is read with; the only place where names and texts of users become SQL."""

from __future__ import annotations

from crm_lab.data.quoting import name_of, text_of

PRICE = "decimal(28,8)"
"""Type of unit prices and quantities before they are multiplied: a price of 0.12345 keeps its digits."""

MONEY = "decimal(18,4)"
"""Type of amounts."""

_DIGITS = "０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९๐๑๒๓๔๕๖๗๘๙০১২৩৪৫৬৭৮৯"
_MARKS = {
    "−": "-", "–": "-", "—": "-", "－": "-", "﹣": "-", "（": "(", "）": ")", "’": "'",
    "‘": "'", "`": "'", "´": "'", "，": ",", "．": ".", "٫": ".", "٬": ",", "＋": "+",
    "▲": "-", "△": "-", "▼": "-",
}  # fmt: skip
_SPACE = r"[\s\x{a0}\x{1680}\x{2000}-\x{200b}\x{202f}\x{205f}\x{3000}\x{feff}]"
CODES = (
    "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "RMB", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK",
    "ISK", "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "RUB", "UAH", "INR", "BDT", "PKR", "LKR",
    "IDR", "MYR", "SGD", "THB", "VND", "PHP", "KRW", "HKD", "TWD", "AED", "SAR", "QAR", "KWD",
    "ILS", "ZAR", "NGN", "KES", "EGP", "MAD", "BRL", "MXN", "ARS", "CLP", "COP", "PEN",
)  # fmt: skip
"""Codes of currencies that may stand beside a number."""

_CURRENCY = (
    rf"(?:[A-Z]{{1,3}}\$|{'|'.join(CODES)}|Fr\.|Rs\.?|Rp\.?|kr\.?|zł|Kč|Ft|lei|TL|đ|руб\.?|р\.|грн|บาท"
    r"|\p{Sc}|\\|元|円|원)"
)


def small(text: str) -> str:
    """A text in small letters as SQL makes them, letter by letter: a Turkish capital I is an i, no i and a dot.

    >>> small("İptal Edildi")
    'iptal edildi'
    """
    return "".join(letter.lower()[:1] for letter in text)


def filled(column: str) -> str:
    """A column of text without spaces around it, ``="1001"`` as 1001; null where nothing stands there."""
    plain = f"regexp_replace({name_of(column)}, '^{_SPACE}+|{_SPACE}+$', '', 'g')"
    return f"nullif(regexp_replace({plain}, '^=\"(.*)\"$', '\\1'), '')"


def filled_down(column: str, where: str) -> str:
    """A column of text; on rows where it is empty and something else is not, what stood there last above them."""
    above = f"last_value({filled(column)} ignore nulls) over (order by source_row)"
    return f"coalesce({filled(column)}, case when {where} is not null then {above} end)"


def latin(expression: str) -> str:
    """A text with its digits and marks as in a Latin text, spaces of every kind as plain ones."""
    given, plain = _DIGITS + "".join(_MARKS), "0123456789" * (len(_DIGITS) // 10) + "".join(_MARKS.values())
    put = f"translate(given, {text_of(given)}, {text_of(plain)})"  # slow, so only where there is one of them
    marked = let("given", expression, f"case when regexp_matches(given, '[{given}]') then {put} else given end")
    return f"regexp_replace({marked}, '{_SPACE}+', ' ', 'g')"


def number(column: str, decimal: str, kind: str = MONEY) -> str:
    """A column of text as an exact number (`number_in`)."""
    return number_in(name_of(column), decimal, kind)


def number_in(text: str, decimal: str, kind: str = MONEY) -> str:
    """A text as an exact number; null where it is none under this decimal mark.

    Read are marks of thousands (the other mark, a space, an apostrophe) where they stand between groups, currency
    signs and codes before or behind, a minus of any kind before or behind, brackets for a minus, a dash for no cents.

    Args:
        text: SQL of the text.
        decimal: ``.`` or ``,``; ``.,`` where each number shows by itself which one it has, one that may have either
            being none.
        kind: SQL type of the result.
    """
    if decimal == ".,":
        either = (
            f"regexp_full_match(regexp_replace({latin(text)}, '[^0-9.,]', '', 'g'), '[1-9][0-9]{{0,2}}[.,][0-9]{{3}}')"
        )
        both = ", ".join(number_in(text, mark, kind) for mark in ".,")
        return f"(case when not {either} then coalesce({both}) end)"
    plain = f"trim({text})"
    if decimal == ".":
        bare, value = "[-+]?\\d+(\\.\\d+)?([eE][-+]?\\d+)?", plain
    else:
        bare, value = "[-+]?\\d+(,\\d+)?", f"replace({plain}, ',', '.')"
    dressed = f"case when regexp_full_match({plain}, '{bare}') then {value} else {_slow(text, decimal)} end"
    return f"try_cast({dressed} as {kind})"


def let(name: str, value: str, body: str) -> str:
    """SQL of an expression in which a name stands for a value that is computed once.

    >>> let("x", "a + 1", "x * x")
    'list_transform([a + 1], lambda x: x * x)[1]'
    """
    return f"list_transform([{value}], lambda {name}: {body})[1]"


_CREDIT = r"([0-9.,])(?:[Cc][Rr]\.?|H|Haben)$"
_SIDE = r"([0-9.,])(?:[Cc][Rr]\.?|[Dd][Rr]\.?|[SH]|Soll|Haben)$"
"""Sides of an account behind a number: debit and credit, Soll and Haben."""

_SIGN = "¤"
"""Stands for any currency once a number is taken apart; a space at its end for a credit."""

_NEGATIVE = rf"^{_SIGN}?-|^\(.*\){_SIGN}?$|-{_SIGN}?$| $"

_NO_CENTS = rf"(\d)[.,]-{{1,2}}({_SIGN}?)$"
"""A dash in the place of the cents: 12,- and 12.– and 12,-- €."""


def _slow(text: str, decimal: str) -> str:
    """SQL of a number in any dress as ``-1234.5``, null where it is none."""
    bare = f"replace(regexp_replace({latin(text)}, '(\\d) (\\d)', '\\1''\\2', 'g'), ' ', '')"
    for form, made in ((_CREDIT, "\\1 "), ("/-$", ""), (_SIDE, "\\1")):
        bare = f"regexp_replace({bare}, '{form}', '{made}')"
    bare = f"regexp_replace({bare}, '{_CURRENCY}', '{_SIGN}', 'g')"
    bare = f"regexp_replace({bare}, '{_NO_CENTS}', '\\1\\2')"
    digits = f"regexp_replace(regexp_extract(bare, '{_whole(decimal)}', 1), '[{_thousands(decimal)}'']', '', 'g')"
    minus = f"case when regexp_matches(bare, '{_NEGATIVE}') then '-' else '' end"
    return let("bare", bare, f"{minus} || nullif(replace({digits}, ',', '.'), '')")


def _thousands(decimal: str) -> str:
    return "." if decimal == "," else ","


def _whole(decimal: str) -> str:
    """Regular expression of a whole number in any dress, in a SQL text; the number itself is its first group."""
    group, mark = rf"\{_thousands(decimal)}", rf"\{decimal}"
    tail = rf"(?:{mark}\d*)?"
    grouped = rf"\d{{1,3}}(?:{group}\d{{3}})+{tail}|\d{{1,3}}(?:''\d{{3}})+{tail}"
    indian = rf"\d{{1,2}}(?:{group}\d{{2}})+{group}\d{{3}}{tail}"
    shapes = rf"{grouped}|{indian}|\d+{tail}|{mark}\d+"
    return rf"^\(?{_SIGN}?[-+]?{_SIGN}?\(?({shapes})\)?{_SIGN}?-?{_SIGN}?\)? ?$"


def customer(expression: str) -> str:
    """A customer number; the ``.0`` of a float column and the apostrophe of a spreadsheet are taken off."""
    return rf"regexp_replace(regexp_replace({expression}, '^(\d+)\.0$', '\1'), '^''+(.)', '\1')"
