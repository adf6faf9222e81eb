"""Dates and times of day as SQL: strptime formats, offsets, AM/PM, seconds since 1970, Excel's day numbers."""

from __future__ import annotations

from functools import cache

import duckdb

from crm_lab.checks import BadInput
from crm_lab.data.quoting import text_of
from crm_lab.data.sources.sql import let
from crm_lab.data.sources.written_dates import dated

BETWEEN = " | "
"""Stands between the formats of a column that has several."""

SPECIAL = ("epoch", "epoch_ms", "excel", "excel_days", "ticks", "jde")
"""Formats that are no strptime formats: seconds and milliseconds since 1970 in UTC, days since 1899-12-30, tenths of
microseconds since the year 1 (.NET), century, year and day of the year (``124031``, JD Edwards)."""

_COMPACT = {**dict.fromkeys(("%y%m%d", "%d%m%y", "%m%d%y"), 6), **dict.fromkeys(("%d%m%Y", "%m%d%Y"), 8)}
"""Digits of days without marks, whose first zero a spreadsheet may have taken."""

_ZONE = r"\s?(?:Z|[A-Z]{2,4}|(?:UTC|GMT)?[-+]\d{1,2}(?::?\d{2})?)$"
_MIDNIGHT = r"([T ])24(:00(?::00)?)\b"
_OFFSET = r"([-+])(\d{1,2}):?(\d{2})?$"
_HOURS = {"PST": -8, "PDT": -7, "MST": -7, "MDT": -6, "CST": -6, "CDT": -5, "EST": -5, "EDT": -4,
          "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "JST": 9}  # fmt: skip
_MONTHS = (
    ("jan[a-zäéû]*|ene[a-z]*", "Jan"), ("f[eé][bv][a-zäéûüí]*", "Feb"), ("m(?:ar|är|rz)[a-z]*", "Mar"),
    ("a[pvb]r[a-z]*", "Apr"),
    ("ma[iy]o?", "May"), ("jui?n[ioe]*", "Jun"), ("jui?l[a-z]*", "Jul"), ("a(?:ug|o[uû]|go)[a-z]*", "Aug"),
    ("se[pt]+[a-z]*", "Sep"), ("o[ck]t[a-z]*", "Oct"), ("nov[a-z]*", "Nov"), ("d[eéi][czc][a-zé]*", "Dec"),
)  # fmt: skip


def formats_of(date_format: str) -> tuple[str, ...]:
    """The formats of a description, e.g. of ``"%Y-%m-%d | %d.%m.%Y"``."""
    return tuple(part.strip() for part in date_format.split(BETWEEN.strip()) if part.strip())


def has_hours(date_format: str) -> bool:
    """Whether a format says the hour, in one of its ways."""
    marks = ("%H", "%I", "%X", "%c", "epoch", "ticks")
    return any(mark in date_format for mark in marks) or "excel" in formats_of(date_format)


@cache
def _nowhere() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@cache
def problem_of(date_format: str) -> str:
    """What is wrong with a format, empty if nothing is."""
    if not formats_of(date_format):
        return "is empty"
    for fmt in formats_of(date_format):
        if fmt in SPECIAL:
            continue
        if "%" not in fmt:
            return f"{fmt!r} is no strptime format nor one of {', '.join(SPECIAL)}"
        try:
            _nowhere().execute("select try_strptime('x', $1)", [_bare(fmt)])
        except duckdb.Error:
            return f"{fmt!r} holds a mark that is not known; use e.g. '%d/%m/%Y %H:%M' or epoch"
    return ""


def moment(text: str, date_format: str, *, written: bool = False, plain: bool = False) -> str:
    """SQL of a text's timestamp; null where no format reads it.

    A format with ``%z`` gives UTC, whatever the machine's zone, or the local time as it is written.

    Args:
        text: SQL of the text.
        date_format: One format, or several with `BETWEEN` in between.
        written: Leave times with an offset as they are written.
        plain: The text was made plain already (`dated`).

    Raises:
        BadInput: If a format is unknown.
    """
    wrong = problem_of(date_format)
    if wrong:
        raise BadInput(f"The date format {wrong}.")
    readings = ", ".join(_one("written", fmt, written) for fmt in formats_of(date_format))
    read = let("written", text if plain else dated(text), f"coalesce({readings})")
    return let("read", read, "case when isfinite(read) then read end")


def _one(plain: str, fmt: str, written: bool) -> str:
    """SQL of the timestamp of a text that `dated` has made plain, under one format."""
    if fmt.startswith("epoch"):
        scale = 1_000 if fmt == "epoch_ms" else 1_000_000
        return f"make_timestamp((try_cast({plain} as decimal(20,6)) * {scale})::bigint)"
    if fmt.startswith("excel"):
        seconds = f"round(try_cast({plain} as double) * 86400)"
        return f"timestamp '1899-12-30' + to_seconds(case when abs({seconds}) < 1e12 then {seconds} end)"
    if fmt == "ticks":
        return f"make_timestamp((try_cast({plain} as hugeint) - 621355968000000000)::bigint // 10)"
    if fmt == "jde":
        return f"try_strptime((1900000 + try_cast({plain} as integer))::text, '%Y%j')"
    local = let("local", dressed(plain, fmt), _local("local", fmt))
    if "%z" not in fmt or written:
        return local
    return f"({local} - to_minutes({offset_minutes(plain)}))"


def _local(made: str, fmt: str) -> str:
    """SQL of a text's clock; 24:00 is midnight of the day that follows."""
    read = f"try_strptime({made}, {text_of(_bare(fmt))})"
    if "%H" not in fmt:
        return read
    midnight = f"regexp_replace({made}, '{_MIDNIGHT}', '\\100\\2')"
    next_day = f"try_strptime({midnight}, {text_of(_bare(fmt))}) + interval 1 day"
    return f"coalesce({read}, case when regexp_matches({made}, '{_MIDNIGHT}') then {next_day} end)"


def _bare(fmt: str) -> str:
    return fmt.replace("%z", "").strip()


def dressed(plain: str, fmt: str) -> str:
    """SQL of a text as its format can read it: AM and PM, English months, no fraction, no zone."""
    made = plain
    if "%p" in fmt:
        made = f"regexp_replace({made}, '(?i)\\s*([ap])\\.?\\s?m\\b\\.?', ' \\1M')"
    if "%b" in fmt:
        for pattern, month in _MONTHS:
            made = f"regexp_replace({made}, '(?i)\\b(?:{pattern})\\b\\.?', '{month}')"
    if "%z" in fmt:
        made = f"regexp_replace({made}, '{_ZONE}', '')"
    if fmt in _COMPACT:
        made = f"case when regexp_full_match({made}, '\\d{{{_COMPACT[fmt] - 1}}}') then '0' || {made} else {made} end"
    if "%f" not in fmt and "%g" not in fmt and "%S" in fmt:
        made = f"regexp_replace({made}, '(:\\d{{2}})[.,]\\d+', '\\1')"
    return made


def offset_minutes(plain: str) -> str:
    """SQL of the minutes by which a text's clock is ahead of UTC; 0 where it says nothing."""

    def part(group: int) -> str:
        return f"regexp_extract({plain}, '{_OFFSET}', {group})"

    named = " ".join(f"when ends_with({plain}, ' {zone}') then {60 * hours}" for zone, hours in _HOURS.items())
    sign = f"case when {part(1)} = '-' then -1 else 1 end"
    hours, minutes = (f"coalesce(try_cast({part(i)} as integer), 0)" for i in (2, 3))
    has = rf"regexp_matches({plain}, ':\d{{2}}.*\s?[-+]\d{{1,2}}(?::?\d{{2}})?$')"
    return f"case when {has} then {sign} * ({hours} * 60 + {minutes}) {named} else 0 end"
