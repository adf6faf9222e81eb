"""What values look like: numbers in their usual dresses, dates in their usual forms."""

from __future__ import annotations

import re
from collections.abc import Sequence

MONTHS = (
    "jan|feb|fev|fév|mar|mär|mrz|apr|avr|abr|may|mai|jun|juin|jul|juil|aug|aou|aoû|ago|sep|oct|okt|nov|dec|dez|déc|dic"
    "|ene"
)
"""How the names of months begin, in five languages."""

_DRESSED = re.compile(
    r"[-+(\u2212\u2013\uff08]*\s?(?:[A-Z]{0,3}[^\W\d_]?[$€£¥￥₹₽₩₺\\]|[A-Z]{3}\b|kr|zł|Rs\.?)?\s?[-+\u2212(]?\s?"
    r"\d[\d.,'’\s\u00a0\u202f]*(?:[eE][-+]?\d+)?\s?"
    r"(?:[A-Z]{3}|[$€£¥₹₽₩₺%元円원折]|kr\.?|zł|Kč|Fr\.)?\s?[-\u2212)\uff09]*$"
)

_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
_COMPACT = re.compile(rf"\d{{2}}{_MONTH}{_DAY}|{_DAY}{_MONTH}\d{{2}}(?:\d{{2}})?|{_MONTH}{_DAY}\d{{2}}(?:\d{{2}})?")
_SHAPES = re.compile(r"nnnn[-/.年 ]|[-/. ]nnnn|n[-/.]n[-/.]n|B")


def looks_like_days(seen: Sequence[str]) -> bool:
    """Whether all of some values could be days without marks: of use where a column is called a date.

    >>> looks_like_days(["230204", "231231"]), looks_like_days(["231331"])
    (True, False)
    """
    return bool(seen) and all(_COMPACT.fullmatch(value.strip()) for value in seen)


def looks_like_numbers(seen: Sequence[str]) -> bool:
    """Whether nine of ten values are numbers in one of their usual dresses."""
    return len(seen) > 0 and sum(_DRESSED.match(value.strip()) is not None for value in seen) >= 0.9 * len(seen)


def reads_as_date(seen: Sequence[str]) -> bool:
    """Whether nearly all of some values are written like dates; bare numbers are not.

    >>> reads_as_date(["04. Feb 23", "1 août 2024"]), reads_as_date(["1042", "K7"])
    (True, False)
    """
    shapes = [re.sub(r"\d", "n", re.sub(rf"(?i)\b(?:{MONTHS})[a-zäéûôç]*\.?", "B", value.strip())) for value in seen]
    kept = [re.sub(r"(?<!n)nn?(?!n)", "n", shape) for shape in shapes]
    like = sum(bool(_SHAPES.search(shape)) and "n" in shape for shape in kept)
    return bool(seen) and like >= 0.9 * len(seen)
