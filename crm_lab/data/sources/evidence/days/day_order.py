"""Which of three numbers is the year, the month, the day: by the ranges that each can have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_YEARS = 12
"""Years that a file of sales covers at most where other orders of its numbers would make it longer."""

_FULL_YEARS = (1980, 2100)
_PIVOT = 69


@dataclass(frozen=True, slots=True)
class Places:
    """The numbers in the first three places of all dates written alike.

    Attributes:
        largest: Of each place.
        low: The smallest but one in a hundred.
        high: The largest but one in a hundred.
    """

    largest: Sequence[int]
    low: Sequence[int]
    high: Sequence[int]

    def could_be(self, marks: str, place: int) -> bool:
        """Whether a place can be a day (``d``) or month (``m``); a year (``y``) always."""
        return self.largest[place] <= {"d": 31, "m": 12}.get(marks[place], 9999)

    def years(self, place: int) -> int:
        """How many years lie between the first and the last if a place is the year; many if some are to come."""
        first, last = sorted((self.low[place], self.high[place]))
        full = [1900 + y if y >= _PIVOT else 2000 + y for y in (first, last)]
        if full[0] > full[1]:  # 99 and 05
            full = sorted(full)
        return full[1] - full[0] if full[1] <= datetime.now(UTC).year else 100


def orders_of_short_years(places: Places) -> list[str]:
    """Orders of year, month and day, as ``ymd``, that fit numbers of two digits.

    Where one of them keeps all dates within a few years, those that do not are left out.

    >>> orders_of_short_years(Places([24, 12, 31], [24, 1, 1], [24, 12, 30]))
    ['ymd']
    >>> orders_of_short_years(Places([10, 3, 24], [1, 3, 24], [10, 3, 24]))
    ['dmy', 'mdy', 'ymd']
    """
    fits = [order for order in ("dmy", "mdy", "ymd") if all(places.could_be(order, i) for i in range(3))]
    years = {order: places.years(order.index("y")) for order in fits}
    near = [order for order in fits if years[order] <= _YEARS]
    return near or [order for order in fits if order != "ymd"] or fits


def orders_of_eight_digits(places: Places) -> list[str]:
    """Orders that fit eight digits, cut as two, two and four.

    >>> orders_of_eight_digits(Places([20, 24, 1231], [20, 23, 101], [20, 24, 1230]))
    ['ymd']
    >>> orders_of_eight_digits(Places([31, 12, 2024], [1, 1, 2023], [30, 12, 2024]))
    ['dmy']
    """
    first, last = _FULL_YEARS
    if not first <= places.low[2] <= places.high[2] <= last:
        return ["ymd"]
    return [order for order in ("dmy", "mdy") if all(places.could_be(order, i) for i in range(2))]
