"""The numbers of a column in one form: digits like their neighbours', intervals as exact as what they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from crm_lab.run.html.words import NONE

_NUMBER = re.compile(r"([+−]?)([\d,]+)(?:\.(\d+))?(%|×)?")
_DIGITS: Final = 3  # significant ones that a number is worth writing
_WHOLE: Final = 1000  # from here on numbers are written without decimals


def even(cells: Sequence[str], raw: Sequence[str]) -> list[str]:
    """Cells of a column, their numbers with decimals alike as far as three significant digits go.

    >>> even(["0.05", "0.068", "–"], ["0.05", "0.0682", "NaN"]), even(["1,368", "519.89"], ["1368", "519.89"])
    (['0.050', '0.068', '–'], ['1,368', '520'])

    Args:
        cells: As they are to be shown.
        raw: The same as the table has them.
    """
    found = [_NUMBER.fullmatch(cell) for cell in cells]
    plain = [number for number in found if number and not number[4]]
    if not plain or any(number and number[4] for number in found):
        return list(cells)
    sizes = [_size(number) for number in plain]
    most = max(len(number[3] or "") for number in plain)
    if max(sizes) >= _WHOLE:
        least = min((size for size in sizes if size), default=0.0)
        if least < 10 ** (_DIGITS - 1) or all(number[3] for number in plain):
            return list(cells)
        most = 0
    return [
        _with_decimals(cell, text, most) if number else cell
        for cell, text, number in zip(cells, raw, found, strict=True)
    ]


def _with_decimals(cell: str, raw: str, decimals: int) -> str:
    number = _NUMBER.fullmatch(cell)
    value = _value(raw)
    if number is None or not value:
        return cell
    own, size = len(number[3] or ""), _size(number)
    room = _DIGITS - len(str(int(size))) if size >= 1 else decimals
    wanted = decimals if decimals < own else max(own, min(decimals, room))
    return cell if wanted == own else written(value, wanted, plus=number[1] == "+")


def interval(value: str, ends: tuple[str, str], raw: tuple[str, str]) -> str:
    """An interval behind its number: as exact as that, per cent once, no minus taken for a dash; none of no width.

    >>> interval("9.89", ("9.36", "10.4"), ("9.361", "10.412")), interval("−2.0%", ("−3.9%", "0.3%"), ("", ""))
    (' (9.36–10.41)', ' (−3.9 … 0.3)')
    >>> interval("+0", ("+0", "+0"), ("0", "0"))
    ''
    """
    if NONE in (value, *ends):
        return ""
    number = _NUMBER.fullmatch(value)
    low, high = ends
    if number and not number[4]:
        low, high = (_exact(end, text, len(number[3] or "")) for end, text in zip(ends, raw, strict=True))
    if low == high == value:
        return ""
    if value.endswith("%"):
        low, high = low.removesuffix("%"), high.removesuffix("%")
    return f" ({low} … {high})" if "−" in low + high else f" ({low}–{high})"


def _exact(end: str, raw: str, decimals: int) -> str:
    number, value = _NUMBER.fullmatch(end), _value(raw)
    if number is None or value is None or number[4] or len(number[3] or "") == decimals:
        return end
    return written(value, decimals, plus=number[1] == "+")


def written(value: float, decimals: int, *, plus: bool = False) -> str:
    """A number with so many decimals, thousands apart, with a minus.

    >>> written(-1234.5, 0), written(0.25, 1, plus=True), written(-0.001, 1)
    ('−1,234', '+0.2', '0.0')
    """
    text = f"{value:{'+' if plus else ''},.{decimals}f}"
    return (text.replace("-", "") if not float(text.replace(",", "")) else text).replace("-", "−")


def _value(raw: str) -> float | None:
    try:
        return float(raw.replace(",", "").replace("−", "-"))
    except ValueError:
        return None


def _size(number: re.Match[str]) -> float:
    return float(f"{number[2].replace(',', '')}.{number[3] or 0}")
