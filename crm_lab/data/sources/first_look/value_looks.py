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
    r"[-+(\u2212\u2013\uff08\uff0d▲△▼]*\s?"
    r"(?:[A-Z]{0,3}[^\W\d_]?[$€£¥￥₹₽₩₺₫฿₦₱₪₴\\]|[A-Z]{3}\b|kr|zł|Rs\.?|Rp\.?)?\s?[-+\u2212(]?\s?"
    r"\d[\d.,'’\s\u00a0\u202f\u066b\u066c\uff0c\uff0e]*(?:[eE][-+]?\d+)?"
    r"(?:(?<=[.,])[-\u2013\u2014]{1,2})?\s?(?:[A-Z]{3}|[$€£¥₹₽₩₺₫฿₦₱₪₴%元円원折đ]|kr\.?|zł|Kč|Fr\.|Ft|lei|TL|руб\.?|р\.|грн|บาท)?"
    r"\s?(?:/-|[Cc][Rr]\.?|[Dd][Rr]\.?|[SH]|Soll|Haben)?[-\u2212)\uff09]*$"
)

_PERIOD = re.compile(
    r"(?i)(?:19|20)\d\d(?:[-/. ]?(?:0?[1-9]|[1-4]\d|5[0-3])|[-/. ]?[wq]\d{1,2}|年?第?\d{1,2}[周週月季].*)"
    r"|(?:[wqp]|kw|week|period|quarter|wk)[-/. ]?\d{1,2}(?:[-/. ]+(?:19|20)?\d\d)?|fy\s?\d{2,4}.*"
    rf"|(?:{MONTHS})[a-zäéûôç]*\.?[-/. ]+(?:(?:19|20)\d\d|\d\d)|\d{{1,2}}[-/.](?:19|20)\d\d"
)

_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
_COMPACT = re.compile(rf"\d{{2}}{_MONTH}{_DAY}|{_DAY}{_MONTH}\d{{2}}(?:\d{{2}})?|{_MONTH}{_DAY}\d{{2}}(?:\d{{2}})?")
_SHAPES = re.compile(r"(?<!n)nnnn[-/.年 ](?!nnn)|(?<!nnn)[-/. ]nnnn(?!n)|(?<!n)n[-/.]n[-/.]n(?!n)|B")


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

    >>> reads_as_date(["04. Feb 23", "1 août 2024"]), reads_as_date(["1042", "K7"]), reads_as_date(["10042/2024"])
    (True, False, False)
    """
    shapes = [re.sub(r"\d", "n", re.sub(rf"(?i)\b(?:{MONTHS})[a-zäéûôç]*\.?", "B", value.strip())) for value in seen]
    kept = [re.sub(r"(?<!n)nn?(?!n)", "n", shape) for shape in shapes]
    like = sum(bool(_SHAPES.search(shape)) and "n" in shape for shape in kept)
    return bool(seen) and like >= 0.9 * len(seen)


def is_period(text: str) -> bool:
    """Whether a text is a year and a week, month, quarter or fiscal period, which is no day.

    >>> is_period("2024-W03"), is_period("Jan 2024"), is_period("Apr-24"), is_period("2024-01-03")
    (True, True, True, False)
    """
    return _PERIOD.fullmatch(text.strip()) is not None
