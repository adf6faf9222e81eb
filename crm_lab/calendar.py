"""Days and calendar periods as integers: days since 1970-01-01; weeks, months, quarters, and which are whole."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.checks import as_date

Unit = Literal["week", "month", "quarter"]
UNITS: tuple[Unit, ...] = ("week", "month", "quarter")
EPOCH = date(1970, 1, 1)
_PER_DAY = {"D": 1, "s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}
_MONDAY = 3  # 1970-01-01 was a Thursday


def day_number(value: str | date, name: str = "as_of") -> int:
    """Days since 1970-01-01 of a day.

    >>> day_number("1970-02-01")
    31

    Raises:
        BadInput: If the text is no date; `name` says of what.
    """
    return (as_date(value, name) - EPOCH).days


def day_date(day: int) -> date:
    """The day of a number.

    >>> day_date(31)
    datetime.date(1970, 2, 1)
    """
    return EPOCH + timedelta(days=int(day))


def day_numbers(dates: pd.Series) -> Integers:
    """Days since 1970-01-01 of a date column.

    >>> day_numbers(pd.Series(pd.to_datetime(["1970-01-02 23:00", "1969-12-31 10:00"]))).tolist()
    [1, -1]
    """
    values = dates.to_numpy()
    per_day = _PER_DAY[np.datetime_data(values.dtype)[0]]
    return np.asarray(values.view(np.int64) // per_day, dtype=np.int64)


def period_index(dates: pd.Series, unit: Unit) -> Integers:
    """Number of the period of each date, counted from 1970.

    >>> period_index(pd.Series(pd.to_datetime(["2017-01-01", "2017-03-31", "2017-04-01"])), "quarter").tolist()
    [188, 188, 189]
    """
    days = day_numbers(dates)
    if unit == "week":
        return (days + _MONDAY) // 7
    first = int(days.min()) if len(days) else 0
    calendar = np.arange(first, int(days.max()) + 1 if len(days) else 0).astype("datetime64[D]")
    months = calendar.astype("datetime64[M]").astype(np.int64)[days - first]
    return np.asarray(months if unit == "month" else months // 3, dtype=np.int64)


def period_start(index: int, unit: Unit) -> date:
    """First day of a period.

    >>> period_start(188, "quarter"), period_start(565, "month")
    (datetime.date(2017, 1, 1), datetime.date(2017, 2, 1))
    """
    if unit == "week":
        return day_date(7 * index - _MONDAY)
    month = index if unit == "month" else 3 * index
    return date(1970 + month // 12, month % 12 + 1, 1)


def period_end(index: int, unit: Unit) -> date:
    """Last day of a period."""
    return period_start(index + 1, unit) - timedelta(days=1)


def period_label(index: int, unit: Unit) -> str:
    """How a period is written: 2017-Q1, 2017-03, or the Monday of a week.

    >>> period_label(188, "quarter"), period_label(564, "month")
    ('2017-Q1', '2017-01')
    """
    start = period_start(index, unit)
    if unit == "quarter":
        return f"{start.year}-Q{(start.month + 2) // 3}"
    return f"{start:%Y-%m}" if unit == "month" else start.isoformat()


def whole_periods(first: date, as_of: date, unit: Unit) -> list[int]:
    """The periods that lie whole between the first day of the data and `as_of`.

    >>> whole_periods(date(2017, 1, 1), date(2017, 12, 30), "quarter")
    [188, 189, 190]
    """
    days = pd.Series(pd.to_datetime([first, as_of]))
    lo, hi = (int(i) for i in period_index(days, unit))
    return [i for i in range(lo, hi + 1) if period_start(i, unit) >= first and period_end(i, unit) <= as_of]
