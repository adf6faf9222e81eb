"""A balanced panel: one value of each unit in each period, the periods equally far apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.checks import BadInput, Problems, need_columns

Period = date | int
_FEWEST = 2  # units, one treated and one not
_NAMED = 3  # units or periods that a sentence names as examples


@dataclass(frozen=True, eq=False)
class Panel:
    """Values of units in periods, complete and in order.

    >>> panel = Panel(np.array([[1.0, 2, 3], [2.0, 2, 4]]), ("bonn", "kiel"), (1, 2, 3))
    >>> panel.index(3), panel.mask(["kiel"]).tolist()
    (2, [False, True])

    Attributes:
        values: Shape (n, T): units by periods.
        units: Names, shape (n,).
        periods: Dates (days, weeks, months, ...) or whole numbers, rising and equally far apart, shape (T,).

    Raises:
        BadInput: If values are missing, names or periods repeat or have gaps, or there are fewer than two units.
    """

    values: Floats
    units: tuple[str, ...]
    periods: tuple[Period, ...]

    def __post_init__(self) -> None:
        problems = Problems("The panel")
        shape = (len(self.units), len(self.periods))
        problems.unless(
            self.values.shape == shape,
            f"values have shape {self.values.shape}; {shape[0]} units and {shape[1]} periods need {shape}.",
        )
        unknown = int((~np.isfinite(self.values)).sum())
        problems.unless(not unknown, f"{_count(unknown, 'value is', 'values are')} no finite number.")
        twice = len(self.units) - len(set(self.units))
        problems.unless(not twice, f"{_count(twice, 'unit has', 'units have')} the name of another; names are unique.")
        problems.extend(_too_few(self.units))
        problems.extend(_uneven(self.periods))
        problems.raise_any()

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, unit: str, period: str, value: str) -> Panel:
        """A panel from one row per unit and period.

        >>> rows = {"city": ["bonn", "bonn", "kiel", "kiel"], "week": [1, 2, 1, 2], "sales": [5.0, 6, 7, 9]}
        >>> Panel.from_frame(pd.DataFrame(rows), unit="city", period="week", value="sales").values.tolist()
        [[5.0, 6.0], [7.0, 9.0]]
        >>> Panel.from_frame(pd.DataFrame(rows).head(3), unit="city", period="week", value="sales")
        Traceback (most recent call last):
        crm_lab.checks.BadInput: The panel of sales by city and week:
          - 1 of 4 cells (unit and period) has no row: kiel in 2; add it or leave its unit out.

        Args:
            frame: The rows, in any order.
            unit: Column with the unit's name.
            period: Column with dates (or their ISO text) or whole numbers.
            value: Column with numbers.

        Returns:
            Units in order of their names, periods in order of time.

        Raises:
            BadInput: With every problem and its count: cells without a row, cells with several, values that are no
                numbers, periods that are neither dates nor whole numbers or unequally spaced, fewer than two units.
        """
        need_columns(frame.columns, [unit, period, value], "The panel's table")
        problems = Problems(f"The panel of {value} by {unit} and {period}")
        periods, unread = _periods_of(frame[period])
        nameless = frame[unit].isna()
        numbers = pd.to_numeric(frame[value], errors="coerce").astype(float)
        bad = int((~np.isfinite(numbers)).sum())
        n_nameless = int(nameless.sum())
        problems.unless(not n_nameless, f"{_count(n_nameless, 'row names', 'rows name')} no {unit}.")
        n_unread = int(unread.sum())
        problems.unless(
            not n_unread, f"{_count(n_unread, 'row has', 'rows have')} no date or whole number as {period}."
        )
        problems.unless(not bad, f"{_count(bad, 'row has', 'rows have')} no number as {value}; a known nothing is 0.")
        keys = pd.DataFrame({"unit": frame[unit].astype("string"), "period": periods, "value": numbers})
        keys = keys[~(nameless | unread)]
        problems.extend(_repeated(keys))
        wide = (
            keys.drop_duplicates(["unit", "period"])
            .assign(row=1.0)
            .pivot_table(index="unit", columns="period", values="row", aggfunc="sum", observed=True)
        )
        problems.extend(_missing(wide))
        problems.extend(_too_few(tuple(wide.index)))
        problems.extend(_uneven([plain_period(at) for at in wide.columns]))
        problems.raise_any()
        table = keys.pivot_table(index="unit", columns="period", values="value", aggfunc="sum", observed=True)
        return cls(
            table.to_numpy(dtype=float), tuple(map(str, table.index)), tuple(plain_period(at) for at in table.columns)
        )

    @cached_property
    def _places(self) -> dict[Period, int]:
        return {period: i for i, period in enumerate(self.periods)}

    def index(self, period: Period) -> int:
        """The column of a period.

        >>> Panel(np.ones((2, 2)), ("a", "b"), (date(2024, 1, 1), date(2024, 1, 8))).index(date(2024, 1, 8))
        1

        Args:
            period: One of the panel's periods.

        Returns:
            Its place, from 0.

        Raises:
            BadInput: If the panel does not have it.
        """
        known = plain_period(period)
        if known not in self._places:
            first, last = self.periods[0], self.periods[-1]
            raise BadInput(f"{known!r} is no period of the panel; it has {len(self.periods)} from {first} to {last}.")
        return self._places[known]

    def mask(self, units: Iterable[str]) -> Booleans:
        """Which units are among the named ones.

        >>> Panel(np.eye(2), ("bonn", "kiel"), (1, 2)).mask(["kiel"]).tolist()
        [False, True]

        Args:
            units: Names.

        Returns:
            Shape (n,).

        Raises:
            BadInput: If the panel lacks some of them.
        """
        names = list(units)
        unknown = sorted(set(names) - set(self.units))
        if unknown:
            raise BadInput(f"The panel has no unit {', '.join(map(repr, unknown))}; it has {', '.join(self.units)}.")
        return np.isin(np.array(self.units, dtype=object), names)

    def between(self, first: Period, last: Period) -> Panel:
        """The periods from one to another, both included.

        >>> Panel(np.eye(3), ("a", "b", "c"), (1, 2, 3)).between(2, 3).periods
        (2, 3)

        Args:
            first: First period.
            last: Last period.

        Returns:
            A panel of those periods.

        Raises:
            BadInput: If the panel lacks one of the two, or they are in the wrong order.
        """
        start, end = self.index(first), self.index(last)
        if end < start:
            raise BadInput(f"The periods run from {first} to {last}; give the earlier one first.")
        return Panel(self.values[:, start : end + 1], self.units, self.periods[start : end + 1])

    def without(self, units: Iterable[str]) -> Panel:
        """The panel without some units.

        >>> Panel(np.eye(3), ("a", "b", "c"), (1, 2, 3)).without(["b"]).units
        ('a', 'c')

        Args:
            units: Names.

        Returns:
            A panel of the other units.

        Raises:
            BadInput: If the panel lacks some of them, or fewer than two are left.
        """
        kept = ~self.mask(units)
        return Panel(self.values[kept], tuple(np.array(self.units, dtype=object)[kept]), self.periods)

    def to_frame(self) -> pd.DataFrame:
        """One row per unit and period.

        >>> Panel(np.array([[1.0, 2], [3, 4]]), ("a", "b"), (1, 2)).to_frame().to_numpy().tolist()
        [['a', 1, 1.0], ['a', 2, 2.0], ['b', 1, 3.0], ['b', 2, 4.0]]

        Returns:
            Columns ``unit``, ``period``, ``value``.
        """
        n, t = self.values.shape
        periods = pd.Series(self.periods * n, dtype=None if isinstance(self.periods[0], int) else object)
        return pd.DataFrame({"unit": np.repeat(self.units, t), "period": periods, "value": self.values.ravel()})


def _count(n: int, one: str, more: str) -> str:
    return f"{n:,} {one if n == 1 else more}"


def _some(things: Sequence[object]) -> str:
    rest = len(things) - _NAMED
    return ", ".join(map(str, things[:_NAMED])) + (f" and {rest:,} more" if rest > 0 else "")


def plain_period(period: Any) -> Period:
    """A date without its time, a whole number as int.

    >>> plain_period(datetime(2024, 1, 8, 12)), plain_period(np.int64(3))
    (datetime.date(2024, 1, 8), 3)

    Args:
        period: A date, timestamp or whole number.

    Returns:
        As a panel's periods have it.
    """
    if isinstance(period, datetime):
        return period.date()
    return int(period) if isinstance(period, np.integer) else period


def _periods_of(column: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[bool]]:
    """Dates or whole numbers of a column, and which rows have neither."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.astype(float)
        unread = pd.Series(~(np.isfinite(numbers) & (numbers == numbers.round())), index=column.index)
        return numbers.where(~unread, 0).astype("int64").astype(object), unread
    days = pd.to_datetime(column, errors="coerce", format=None if column.dtype.kind == "M" else "ISO8601")
    return pd.Series(days.dt.date, index=column.index, dtype=object), pd.Series(days.isna(), index=column.index)


def _too_few(units: Sequence[str]) -> list[str]:
    if len(units) >= _FEWEST:
        return []
    return [f"there {'is 1 unit' if len(units) == 1 else 'are no units'}; a comparison needs {_FEWEST} or more."]


def _repeated(keys: pd.DataFrame) -> list[str]:
    sizes = keys.groupby(["unit", "period"], observed=True).size()
    several = sizes[sizes > 1]
    if several.empty:
        return []
    named = _some([f"{unit} in {period}" for unit, period in several.index[: _NAMED + 1]])
    cells = _count(len(several), "cell has", "cells have")
    return [f"{cells} more than one row ({int(several.sum()):,} rows): {named}; add them up or drop the copies."]


def _missing(wide: pd.DataFrame) -> list[str]:
    empty = np.argwhere(wide.isna().to_numpy())
    if not len(empty):
        return []
    named = _some([f"{wide.index[i]} in {wide.columns[j]}" for i, j in empty])
    has = "has" if len(empty) == 1 else "have"
    cells = f"{len(empty):,} of {wide.size:,} cells (unit and period) {has}"
    return [f"{cells} no row: {named}; add it or leave its unit out."]


def _uneven(periods: Sequence[Period]) -> list[str]:
    """What is wrong with the spacing: order, gaps, or no common step."""
    if len(periods) < 2:
        return ["there is no period."] if not periods else []
    days, months = _steps(periods)
    if (days <= 0).any():
        return ["periods are not in rising order, each once."]
    if len(set(days)) == 1 or (months is not None and len(set(months)) == 1):
        return []
    steps = months if months is not None else days
    kinds, times = np.unique(steps, return_counts=True)
    usual = int(kinds[times.argmax()])
    odd = np.flatnonzero(steps != usual)
    unit = ("months" if months is not None else "days") if isinstance(periods[0], date) else ""
    after = _some([periods[int(i)] for i in odd])
    return [
        f"{_count(len(odd), 'step', 'steps')} between periods "
        f"{'differs' if len(odd) == 1 else 'differ'} from the usual {usual} {unit}".rstrip()
        + f": after {after}; add the periods in between, or take the span without the gap by `between`."
    ]


def _steps(periods: Sequence[Period]) -> tuple[Any, Any]:
    """Steps in days (or numbers), and in months where all dates lie on the same day or at the end of their month."""
    if not isinstance(periods[0], date):
        return np.diff(np.array(periods, dtype=np.int64)), None
    stamps = pd.DatetimeIndex(pd.to_datetime(pd.Series(list(periods))))
    ordinals = np.array([day.toordinal() for day in stamps], dtype=np.int64)
    days: Integers = ordinals[1:] - ordinals[:-1]
    same = len(set(stamps.day)) == 1 or bool(stamps.is_month_end.all())
    months = np.diff(np.asarray(stamps.year * 12 + stamps.month))
    return days, (months if same and (months > 0).all() and not (days % 7 == 0).all() else None)
