"""Numbers as they are printed: a figure stands for every number that would be printed so.

"31 %" may be anything from 30.5 to 31.5 %, "≥75" anything from 75 up. Arithmetic is done on these spans, so that
rounding never looks like a contradiction, and a contradiction is one whatever was rounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_ABOUT = 0.05  # "~30" is read as 30 within 5 %
_SLACK = 1e-9  # relative: ends that are equal on paper differ by less in floating point
_DIGITS = 30
_NUMBER = r"(?P<number>[+\-−]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_FIGURE = re.compile(rf"\s*(?P<bound>>=|<=|≥|≤|>|<|~|≈|±)?\s*{_NUMBER}\s*(?P<percent>%)?\s*")
_RATIO = re.compile(r"\s*(?P<bound>>=|<=|≥|≤|>|<|~|≈)?\s*1\s*:\s*(?P<number>\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """All numbers from `lo` to `hi`; either may be infinite.

    >>> Span(1, 2) + Span(10, 20)
    Span(lo=11.0, hi=22.0)
    >>> Span(1, 2).meets(Span(2, 3)), Span(1, 2).meets(Span(2.5, 3))
    (True, False)
    >>> ages = Span(1, 2)

    Attributes:
        lo: Lowest number.
        hi: Highest number.
    """

    lo: float
    hi: float

    def __add__(self, other: Span) -> Span:
        return Span(float(self.lo + other.lo), float(self.hi + other.hi))

    def __sub__(self, other: Span) -> Span:
        return Span(float(self.lo - other.hi), float(self.hi - other.lo))

    def __mul__(self, other: Span) -> Span:
        return _hull(_times(a, b) for a in (self.lo, self.hi) for b in (other.lo, other.hi))

    def __truediv__(self, other: Span) -> Span:
        if other.lo <= 0 <= other.hi:
            return Span(-math.inf, math.inf)
        return self * Span(1 / other.hi, 1 / other.lo)

    def scaled(self, factor: float) -> Span:
        """The same numbers in another unit; the factor is positive.

        >>> ages.scaled(12.0)
        Span(lo=12.0, hi=24.0)

        Args:
            factor: A positive number.

        Returns:
            The span times the factor.
        """
        return Span(self.lo * factor, self.hi * factor)

    def meets(self, other: Span) -> bool:
        """Whether some number lies in both.

        >>> ages.meets(Span(2, 3))
        True

        Args:
            other: Another span.

        Returns:
            Whether they overlap.
        """
        ends = [abs(end) for end in (self.lo, self.hi, other.lo, other.hi) if math.isfinite(end)]
        slack = _SLACK * max(ends, default=0.0)
        return self.lo <= other.hi + slack and other.lo <= self.hi + slack


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _hull(values: Iterable[float]) -> Span:
    numbers = list(values)
    return Span(min(numbers), max(numbers))


def exactly(value: float) -> Span:
    """The span of one number."""
    return Span(value, value)


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """A number as printed: its text, its value, and all numbers that round to it.

    >>> number = figure("31 %")

    Attributes:
        text: As printed, e.g. ``≥75%``.
        value: The number; a printed per cent is divided by 100.
        span: Every number that would be printed so.
        percent: Whether it was printed with a per cent sign.
    """

    text: str
    value: float
    span: Span
    percent: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def open_ended(self) -> bool:
        """Whether it is a bound ("≥75") instead of a number.

        >>> number.open_ended, figure(">=75").open_ended
        (False, True)
        """
        return math.isinf(self.span.lo) or math.isinf(self.span.hi)


def figure(raw: PrintedNumber | Decimal | float | str) -> PrintedNumber:
    """A printed number from what a file or a person wrote.

    >>> figure("31 %").span
    Span(lo=0.305, hi=0.315)
    >>> figure(">=75").span
    Span(lo=75.0, hi=inf)
    >>> figure("1:4").value, figure("12,000").value, figure("45.0").span.hi
    (4.0, 12000.0, 45.05)

    Args:
        raw: Text such as ``31 %``, ``>=75``, ``1:4``, ``12,000``, or a number.

    Returns:
        The number with the span of values that would be printed so.

    Raises:
        ValueError: If it is no number.
    """
    if isinstance(raw, PrintedNumber):
        return raw
    text = raw if isinstance(raw, str) else str(raw)
    ratio, plain = _RATIO.fullmatch(text), _FIGURE.fullmatch(text)
    found = ratio or plain
    if isinstance(raw, bool) or found is None or not re.search(r"\d", found["number"]):
        raise ValueError(f"{text!r} is no number; write one like 61, 61 %, >=75 %, ~30, 1:4 or 12,000.")
    number = Decimal(found["number"].replace(",", "").replace("−", "-"))
    if not number.is_finite() or abs(number.adjusted()) > _DIGITS:
        raise ValueError(f"{text!r} is no number that a deck would print; check it.")
    percent = ratio is None and plain is not None and plain["percent"] is not None
    scale = 0.01 if percent else 1.0
    span = _span(number, found["bound"] or "").scaled(scale)
    shown = printed(text)
    return PrintedNumber(shown, float(number) * scale, span, percent)


def printed(text: str) -> str:
    """A number's text as it is shown: ``>=75 %`` as ``≥75%``."""
    return text.strip().replace(">=", "≥").replace("<=", "≤").replace(" %", "%")


def _span(number: Decimal, bound: str) -> Span:
    value = float(number)
    if bound in {">=", "≥", ">"}:
        return Span(value, math.inf)
    if bound in {"<=", "≤", "<"}:
        return Span(-math.inf, value)
    half = 0.5 * 10.0 ** int(number.as_tuple().exponent)
    if bound in {"~", "≈"}:
        half = max(half, _ABOUT * abs(value))
    return Span(value - half, value + half)
