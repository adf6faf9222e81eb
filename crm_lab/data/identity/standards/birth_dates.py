"""Dates of birth as ``YYYY-MM-DD``; where day and month may be either, one is asked."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput

_EARLIEST: Final = 1900
_YEAR_FIRST: Final = (
    r"^\s*(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*[-/.月]?\s*(\d{1,2})\s*日?(?:[ T]0?0:00(?::00(?:\.0+)?)?)?\s*$"
)
_YEAR_LAST: Final = r"^\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})\s*$"


def birth_dates(texts: pd.Series, day_first: bool | None = None, what: str = "dates of birth") -> pd.Series:
    """Dates of birth as text ``YYYY-MM-DD``; what is no day after 1899 or has a year of two digits is missing.

    >>> birth_dates(
    ...     pd.Series(["1980-02-01", "19800201", "31/01/1980", "1980年2月1日", "1980-13-41", "80-02-01"])
    ... ).tolist()
    ['1980-02-01', '1980-02-01', '1980-01-31', '1980-02-01', nan, nan]

    Args:
        texts: As they were written.
        day_first: Whether 03/04/1980 is the third of April; told by the other dates of the column unless given.
        what: What the dates are, for the question.

    Returns:
        Text, with the index of `texts`.

    Raises:
        BadInput: If dates can be read both ways and no other date of the column tells which.
    """
    first = texts.astype("string").str.extract(_YEAR_FIRST)
    last = texts.astype("string").str.extract(_YEAR_LAST)
    numbers = last.apply(pd.to_numeric)
    if last[0].notna().any():
        day_first = _order(numbers[0], numbers[1], what) if day_first is None else day_first
    day, month = (last[0], last[1]) if day_first else (last[1], last[0])
    parts = pd.DataFrame(
        {"year": first[0].fillna(last[2]), "month": first[1].fillna(month), "day": first[2].fillna(day)}
    ).apply(pd.to_numeric)
    dates = pd.to_datetime(parts.astype("float64"), errors="coerce")
    dates = dates.where(dates.dt.year >= _EARLIEST)
    out: pd.Series = dates.dt.strftime("%Y-%m-%d").astype(object).where(dates.notna(), np.nan)
    return out


def _order(one: pd.Series, other: pd.Series, what: str) -> bool:
    """Whether the day stands first, by the numbers above 12."""
    day_first, month_first = int((one > 12).sum()), int((other > 12).sum())
    both = int(((one <= 12) & (other <= 12) & (one != other)).sum())
    if both and (day_first > 0) == (month_first > 0):
        told = f"{day_first:,} others say day first and {month_first:,} month first" if day_first else "no other tells"
        raise BadInput(
            f"{both:,} {what} such as 03/04/1980 can be read both ways and {told};"
            " say day_first=True or day_first=False (parameter dates: day_first or month_first)."
        )
    return day_first > 0
