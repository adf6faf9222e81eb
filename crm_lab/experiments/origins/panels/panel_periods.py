"""Periods of a panel as people write them: days, weeks, months, quarters, years, or plain numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.calendar import period_index, period_start, whole_periods
from crm_lab.data.sources.first_look.column_roles import date_formats
from crm_lab.data.sources.refusal import refused
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer

Every = Literal["day", "week", "month", "quarter", "year", "number"]
EVERY: Final[tuple[Every, ...]] = ("day", "week", "month", "quarter", "year", "number")
COARSER: Final = {"day": ("week", "month", "quarter"), "month": ("quarter",)}
_YEAR = r"((?:19|20)\d\d)"
_CHINESE: Final[Mapping[str, str]] = {"一": "1", "二": "2", "三": "3", "四": "4"}
_NEARLY_ALL = 0.95
_WEEK = 7


def _iso_week(year: str, week: str) -> datetime:
    return datetime.fromisocalendar(int(year), int(week), 1)


def _month(year: str, month: str) -> datetime:
    return datetime(int(year), int(month), 1)  # noqa: DTZ001 - a period has no zone


def _quarter(year: str, quarter: str) -> datetime:
    return datetime(int(year), 3 * int(quarter) - 2, 1)  # noqa: DTZ001


def _swapped(read: Callable[[str, str], datetime]) -> Callable[[str, str], datetime]:
    return lambda part, year: read(year, part)


_FORMS: Final[tuple[tuple[Every, re.Pattern[str], Callable[..., Any]], ...]] = (
    ("quarter", re.compile(rf"{_YEAR}[-/ ]?Q([1-4])"), _quarter),
    ("quarter", re.compile(rf"Q([1-4])[-/ ]?{_YEAR}"), _swapped(_quarter)),
    ("quarter", re.compile(rf"{_YEAR}年第?([1-4一二三四])季度?"), lambda y, q: _quarter(y, _CHINESE.get(q, q))),
    ("week", re.compile(rf"{_YEAR}[-/ ]?W(\d{{1,2}})"), _iso_week),
    ("week", re.compile(rf"{_YEAR}年第?(\d{{1,2}})[周週]"), _iso_week),
    ("week", re.compile(rf"(?:KW|W)[ ]?(\d{{1,2}})[-/ ]{_YEAR}"), _swapped(_iso_week)),
    ("month", re.compile(rf"{_YEAR}[-/.年 ]?(\d{{1,2}})月?"), _month),
    ("month", re.compile(rf"(\d{{1,2}})[-/.]{_YEAR}"), _swapped(_month)),
    ("year", re.compile(rf"{_YEAR}(?:\.0)?年?"), lambda year: datetime(int(year), 1, 1)),  # noqa: DTZ001
    ("number", re.compile(r"(?:week|wk|w|month|period|t|第)?[ _-]?(\d{1,4})(?:\.0)?[周期月]?", re.IGNORECASE), int),
)
_NAMED = ("%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%b %y")  # Mar 2021


@dataclass(frozen=True)
class Reading:
    """How periods are written.

    Attributes:
        kind: What each one is; ``day`` where they are dates.
        read: A text as a period; raises ValueError where it is none.
    """

    kind: Every
    read: Callable[[str], Any]

    def all(self, texts: pd.Series) -> pd.Series:
        """Texts as periods, missing where they are none.

        >>> periods = pd.Series(["2024-03", "soon"])
        >>> reading_of(["2024-03", "2024-04"]).all(periods).isna().tolist()
        [False, True]
        """
        place, known = pd.factorize(texts)
        read = pd.Series([self._maybe(str(text)) for text in known], dtype=object)
        found = read.astype("Int64") if self.kind == "number" else pd.to_datetime(read)
        return found.take(place).set_axis(texts.index)

    def _maybe(self, text: str) -> Any:
        try:
            return self.read(text.strip())
        except ValueError:
            return None


def reading_of(seen: Sequence[str], date_format: str = "") -> Reading:
    """How nearly all of some periods are written.

    >>> [reading_of(seen).kind for seen in (["2024-01-31"], ["2024-W05"], ["1988", "1989"], ["1", "2"], ["Q1 2024"])]
    ['day', 'week', 'year', 'number', 'quarter']

    Args:
        seen: Texts, none of them empty.
        date_format: strptime format of dates, where the user knows it.

    Raises:
        BadInput: If they cannot be read, or day and month cannot be told apart.
    """
    texts = list(dict.fromkeys(text.strip() for text in seen))
    texts = [text for text in texts if any(letter.isdigit() for letter in text)] or texts  # words are no period
    if not date_format:
        for kind, pattern, make in _FORMS:
            reading = Reading(kind, _by_pattern(pattern, make))
            if _fits(reading, texts):
                return reading
        for name in _NAMED:
            reading = Reading("month", lambda text, name=name: datetime.strptime(text, name).replace(day=1))  # type: ignore[misc]  # noqa: DTZ007
            if _fits(reading, texts):
                return reading
    forms = (date_format,) if date_format else _without_clocks(date_formats(texts))
    if len(forms) > 1:
        raise refused("day_or_month", example=texts[0], formats=" / ".join(map(repr, forms)))
    if not forms:
        raise refused("panel_no_date_format", example=texts[0] if texts else "")
    return Reading("day", lambda text: datetime.strptime(text, forms[0]).replace(hour=0, minute=0, second=0))  # noqa: DTZ007


def _by_pattern(pattern: re.Pattern[str], make: Callable[..., Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        found = pattern.fullmatch(text)
        if found is None:
            raise ValueError(text)
        return make(*found.groups())

    return read


def _fits(reading: Reading, texts: Sequence[str]) -> bool:
    return bool(texts) and sum(reading._maybe(text) is not None for text in texts) >= _NEARLY_ALL * len(texts)  # noqa: SLF001


def _without_clocks(forms: tuple[str, ...]) -> tuple[str, ...]:
    """Of formats that read the same dates, those of days first."""
    return tuple(form for form in forms if "%H" not in form) or forms


def rhythm_of(periods: pd.Series) -> Every:
    """How far apart dates are: a day, a week, a month, a quarter or a year.

    >>> rhythm_of(pd.Series(pd.to_datetime(["2024-01-05", "2024-01-12", "2024-01-26"])))
    'week'

    Args:
        periods: Dates.

    Raises:
        BadInput: If they keep no rhythm.
    """
    dates = pd.DatetimeIndex(sorted(periods.dropna().unique()))
    days: Integers = dates.to_numpy().astype("datetime64[D]").astype(np.int64)
    gaps = days[1:] - days[:-1]
    if not gaps.size:
        return "day"
    least = int(gaps.min())
    if least < _WEEK:
        return "day"
    if least == _WEEK and not np.any(np.mod(gaps, _WEEK)):
        return "week"
    for every, longest in (("month", 31), ("quarter", 92), ("year", 366)):
        numbers = dates.year if every == "year" else dates.to_period(every[0].upper())
        if numbers.is_unique and np.median(gaps) <= longest:
            return every  # type: ignore[return-value]
    raise refused("panel_no_rhythm", first=f"{dates[0]:%Y-%m-%d}", second=f"{dates[1]:%Y-%m-%d}", n=len(dates))


def starts(periods: pd.Series, every: Every) -> pd.Series:
    """The first day of the month, quarter or year of each date; days, weeks and numbers as they are.

    >>> starts(pd.Series(pd.to_datetime(["2024-01-31"])), "month").dt.day.item()
    1
    """
    if every in ("month", "quarter", "year"):
        first: pd.Series = periods.dt.to_period(every[0].upper()).dt.start_time
        return first
    return periods


def coarser(frame: pd.DataFrame, every: Every, wanted: Every) -> tuple[pd.DataFrame, int]:
    """Values summed over longer periods, whole ones only.

    >>> days = pd.date_range("2024-01-01", "2024-01-16")
    >>> frame = pd.DataFrame({"unit": "a", "period": days, "value": 1.0})
    >>> longer, cut = coarser(frame, "day", "week")
    >>> longer["value"].tolist(), cut
    ([7.0, 7.0], 2)

    Args:
        frame: ``unit``, ``period``, ``value``.
        every: What its periods are.
        wanted: What they are to be; weeks begin on Monday.

    Returns:
        The frame, and how many of its periods were in parts of longer ones: left out.

    Raises:
        BadInput: If the periods cannot be put together to those.
        CannotAnswer: If there is no whole one.
    """
    if wanted == every:
        return frame, 0
    if wanted not in COARSER.get(every, ()):
        could = ", ".join((every, *COARSER.get(every, ())))
        raise refused("panel_every", wanted=wanted, every=_word(every), could=could)
    first, last = frame["period"].min().date(), _last_day(frame["period"].max(), every)
    whole = whole_periods(first, last, wanted)  # type: ignore[arg-type]
    if not whole:
        raise cannot_answer("no_whole_period", first=first, last=last, every=_word(wanted))
    number = period_index(frame["period"], wanted)  # type: ignore[arg-type]
    inside = np.isin(number, whole)
    cut = frame.loc[~inside, "period"].nunique()
    begins = {index: pd.Timestamp(period_start(index, wanted)) for index in whole}  # type: ignore[arg-type]
    kept = frame[inside].assign(period=pd.Series(number[inside]).map(begins).to_numpy())
    summed: pd.DataFrame = kept.groupby(["unit", "period"], sort=True)["value"].sum().reset_index()
    return summed, int(cut)


def _last_day(period: pd.Timestamp, every: Every) -> date:
    end = period if every == "day" else period + pd.offsets.MonthEnd(0)
    return end.date()


def _word(every: Every) -> Message:
    return Message(f"door.panel.every.{every}")
