"""The rows of a panel's file as one long table, with books: rows in are rows used and rows left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from crm_lab.checks import Problems
from crm_lab.data.sources.first_look.first_rows import look_at, text_rows
from crm_lab.data.sources.opening.header_names import header_names
from crm_lab.experiments.origins.panels.panel_periods import Every, Reading, reading_of, rhythm_of, starts
from crm_lab.messages import Message

Layout = Literal["long", "columns", "rows"]
GAPS: Final = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "–", "—", "."))
TOTALS: Final = frozenset(
    ("total", "totals", "grandtotal", "sum", "all", "gesamt", "summe", "合计", "总计", "小计", "全部")
)
_SHOWN = {"month": "%Y-%m", "year": "%Y"}
_NUMBER = re.compile(r"[-+−(]?\s?[$€£¥￥₹]?\s?-?\d[\d.,'\s]*(?:[eE][-+]?\d+)?\s?[$€£¥￥元]?\)?")
LEFT_OUT: Final = ("no_unit", "no_period", "no_value", "total", "copy")


@dataclass(frozen=True)
class TextTable:
    """A file's rows as text.

    Attributes:
        header: Its columns.
        frame: All rows; what is missing is empty text.
        decimal: Decimal mark of its numbers.
    """

    header: tuple[str, ...]
    frame: pd.DataFrame
    decimal: str


def text_table(path: Path, most: int | None = None) -> TextTable:
    """The rows of a CSV, Parquet or Excel file as text.

    Args:
        path: The file.
        most: Only the first so many; all if not given.

    Raises:
        BadInput: If the file is not there, empty or of another kind.
    """
    look = look_at(path)
    rows = text_rows(look.reading)
    header = header_names(next(rows))
    width = len(header)
    even = [[str(cell or "") for cell in (*row, *[""] * (width - len(row)))][:width] for row in islice(rows, most)]
    frame = pd.DataFrame(even, columns=header, dtype=str)
    return TextTable(tuple(header), frame[(frame != "").any(axis=1)].reset_index(drop=True), look.decimal)


@dataclass(frozen=True)
class Columns:
    """Which columns hold what.

    Attributes:
        layout: ``long`` (a row a unit and period), ``columns`` (a column a unit), ``rows`` (a row a unit, a column a
            period).
        unit: Column with the unit; none where each has a column of its own.
        date: Column with the period; none where each has a column of its own.
        value: Column with the value; none in wide layouts.
        marks: Columns that say who was treated, from when.
        of: Columns of units or periods in wide layouts.
    """

    layout: Layout
    unit: str = ""
    date: str = ""
    value: str = ""
    marks: tuple[str, ...] = ()
    of: tuple[str, ...] = ()


def long_text(table: TextTable, columns: Columns) -> pd.DataFrame:
    """``unit``, ``period``, ``value`` and the marks as text, a row a value."""
    frame = table.frame
    if columns.layout == "long":
        named = {columns.unit: "unit", columns.date: "period", columns.value: "value"}
        out = frame[list(named)].rename(columns=named)
        return out.assign(**{name: frame[name] for name in columns.marks})
    ids, key, name = (
        (columns.date, "period", "unit") if columns.layout == "columns" else (columns.unit, "unit", "period")
    )
    melted = frame.melt([ids, *columns.marks], list(columns.of), name, "value").rename(columns={ids: key})
    return melted[["unit", "period", "value", *columns.marks]]


@dataclass(frozen=True)
class PanelRows:
    """The values of a panel with its books.

    Attributes:
        frame: ``unit``, ``period``, ``value``, the file's ``rows`` in it, and the marks as text; a row a unit and
            period.
        every: What its periods are.
        reading: How they are written.
        books: Rows of the file (values of a wide one): ``rows``, ``used``, and each reason of `LEFT_OUT`.
    """

    frame: pd.DataFrame
    every: Every
    reading: Reading
    books: Mapping[str, int]


def panel_rows(
    table: TextTable, columns: Columns, *, date_format: str = "", same_period: str = "", decimal: str = ""
) -> PanelRows:
    """Read values and periods, and settle rows of one unit and period.

    Args:
        table: The file as text.
        columns: Which columns hold what.
        date_format: strptime format of dates.
        same_period: Of several rows of a unit and period: ``sum`` adds them, ``copies`` keeps one of equal ones.
        decimal: Decimal mark; that of the file if empty.

    Raises:
        BadInput: With every problem of the rows at once: values that are no numbers, periods that cannot be read,
            several rows of a unit and period that nobody settled.
    """
    text = long_text(table, columns)
    unit, period = text["unit"].str.strip(), text["period"].str.strip()
    value, wrong = numbers_of(text["value"], decimal or table.decimal)
    reasons = {
        "no_unit": unit.str.lower().isin(GAPS),
        "no_period": period.str.lower().isin(GAPS),
        "total": unit.isin([name for name in unit.unique() if is_total(name)]),
        "no_value": value.isna() & ~wrong,
    }
    out = np.zeros(len(text), dtype=bool)
    books = {"rows": len(text)}
    for name, mask in reasons.items():
        books[name] = int((mask & ~out).sum())
        out |= mask.to_numpy()
    problems = Problems(Message("door.panel.file").text())
    if not decimal and (unclear := thousands_or_decimals(text["value"][~out])):
        problems.extend([_told("decimal", example=unclear)])
    bad = text["value"][wrong & ~out]
    problems.unless(not len(bad), _told("not_numbers", n=len(bad), of=len(text), example=_first(bad)))
    reading = reading_of(period[~out].tolist(), date_format) if (~out).any() else Reading("day", str)
    read = reading.all(period)
    lost = period[read.isna() & ~out]
    problems.unless(not len(lost), _told("no_dates", n=len(lost), of=len(text), example=_first(lost)))
    kept = text.assign(unit=unit, period=read, value=value)[~out & read.notna().to_numpy() & ~wrong.to_numpy()]
    if not len(kept):
        problems.extend([_told("no_rows")])
        problems.raise_any()
    every = reading.kind if reading.kind != "day" else rhythm_of(kept["period"])
    kept = kept.assign(period=starts(kept["period"], every))
    frame, books["copy"] = _settled(kept, same_period, problems)
    problems.raise_any()
    books["used"] = books["rows"] - sum(books[name] for name in LEFT_OUT)
    return PanelRows(frame, every, reading, books)


def is_total(unit: str) -> bool:
    """Whether a unit is the total of others.

    >>> is_total("Grand Total"), is_total("Alba"), is_total("合计")
    (True, False, True)
    """
    return re.sub(r"[\W_]+", "", unit.lower()) in TOTALS


def numbers_of(text: pd.Series, decimal: str) -> tuple[pd.Series, pd.Series]:
    """Texts as numbers, and which are none although they say something.

    >>> values, wrong = numbers_of(pd.Series(["1,234.5", "", "n/a", "closed", "(3)"]), ".")
    >>> values.tolist(), wrong.tolist()
    ([1234.5, nan, nan, nan, -3.0], [False, False, False, True, False])

    Args:
        text: Values as the file has them.
        decimal: Decimal mark.
    """
    bare = text.str.strip()
    empty = bare.str.lower().isin(GAPS)
    fits = bare.map(lambda value: _NUMBER.fullmatch(value) is not None)
    digits = bare.str.replace(r"[$€£¥￥₹元'\s+]", "", regex=True).str.replace("−", "-")
    digits = digits.str.replace(r"^\((.*)\)$", r"-\1", regex=True)
    thousands = "." if decimal == "," else ","
    digits = digits.str.replace(thousands, "", regex=False).str.replace(decimal, ".", regex=False)
    values = pd.to_numeric(digits.where(fits & ~empty), errors="coerce").astype(float)
    return values, values.isna() & ~empty


def thousands_or_decimals(text: pd.Series) -> str:
    """A value whose mark may be of thousands or of decimals, if nothing in the column tells; else empty.

    >>> thousands_or_decimals(pd.Series(["12.345", "987"])), thousands_or_decimals(pd.Series(["12.345", "0.5"]))
    ('12.345', '')

    Args:
        text: Values as the file has them.
    """
    digits = text.str.replace(r"[^\d.,]", "", regex=True)
    marked = digits[digits.str.contains(r"[.,]", regex=True)]
    whole = digits[~digits.str.contains(r"[.,]", regex=True)]
    if not len(marked) or not marked.str.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}").all() or (whole.str.len() > 3).any():
        return ""
    return str(text[marked.index[0]]).strip()


def _settled(frame: pd.DataFrame, same_period: str, problems: Problems) -> tuple[pd.DataFrame, int]:
    """One row a unit and period, and how many copies were left out."""
    keys = ["unit", "period"]
    frame = frame.sort_values(keys, kind="stable").assign(rows=1)
    again = frame.duplicated(keys, keep=False)
    if not again.any():
        return frame.reset_index(drop=True), 0
    if same_period == "sum":
        rest = {name: "first" for name in frame if name not in (*keys, "value", "rows")}
        return frame.groupby(keys, as_index=False, sort=True).agg({"value": "sum", "rows": "sum", **rest}), 0
    first = frame.drop_duplicates(keys)
    unlike = int(frame[again].groupby(keys)["value"].nunique().gt(1).sum())
    if same_period == "copies" and not unlike:
        return first.reset_index(drop=True), len(frame) - len(first)
    one = frame[frame.duplicated(keys)].iloc[0]
    problems.extend(
        [
            _told(
                "repeated", n=int(again.sum()), pairs=len(frame[again].drop_duplicates(keys)), unlike=unlike,
                unit=one["unit"], period=shown(one["period"]),
            )
        ]
    )  # fmt: skip
    return first.reset_index(drop=True), 0


def shown(period: object, every: str = "day") -> str:
    """A period as people read it: the day of its beginning, its month or year, or its number.

    >>> shown(pd.Timestamp("2024-03-01")), shown(pd.Timestamp("2024-03-01"), "month"), shown(7, "number")
    ('2024-03-01', '2024-03', '7')
    """
    if not isinstance(period, pd.Timestamp):
        return str(period)
    if every == "quarter":
        return f"{period.year}-Q{period.quarter}"
    return f"{period:{_SHOWN.get(every, '%Y-%m-%d')}}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Some names, the first few of many.

    >>> listed(["a", "b", "c"], most=2)
    'a, b, ...'
    """
    return ", ".join([*names[:most], *(["..."] if len(names) > most else [])])


def _first(texts: pd.Series) -> str:
    return repr(texts.iloc[0])[:40] if len(texts) else ""


def _told(key: str, **values: object) -> str:
    return Message(f"door.panel.problem.{key}", values).text()
