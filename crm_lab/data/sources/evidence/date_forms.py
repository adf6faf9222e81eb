"""In which form a column writes its dates: by the shapes of all its values and the largest number in each place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crm_lab.data.quoting import name_of
from crm_lab.data.sources.evidence.findings import Answers, Settled, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.value_looks import MONTHS
from crm_lab.data.sources.sql import dated, latin

_CLOCK = re.compile(
    r"(?P<t>[T ]?)\s*(?P<h>n+):n+(?P<s>:n+(?:[.,]n+)?)?\s?(?P<p>P)?\s?"
    r"(?P<z>Z|[-+]n+(?::?n+)?|(?:UTC|GMT)(?:[-+]n+(?::?n+)?)?|[A-Z]{3,4})?$"
)
_FEW = 0.05
_YEARS = 12


@dataclass(slots=True)
class Shape:
    """Values written alike, e.g. ``n/n/nnnn n:nn``.

    Attributes:
        text: The form, digits as n; runs of one or two digits as a single n.
        rows: How many rows.
        example: One of the values.
        largest: Largest number in the first three places.
        smallest: Smallest one.
    """

    text: str
    rows: int
    example: str
    largest: list[int]
    smallest: list[int]


def settle_dates(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Find the form of the dates; ask where day and month cannot be told apart, or the zone."""
    columns = settled.columns
    text = dated(name_of(columns["date"]))
    if "time" in columns:
        text = f"({text} || ' ' || trim({latin(name_of(columns['time']))}))"
    shapes = shapes_of(file, text)
    if answers.date_format:
        settled.take(f"dates as given: {answers.date_format}", date_format=answers.date_format)
    else:
        _settle_format(shapes, settled)
    _settle_hours(file, text, settled)
    if "%z" in settled.settings.get("date_format", ""):
        _settle_zone(file, text, answers, settled)


def shapes_of(file: WholeFile, text: str) -> list[Shape]:
    """The forms of a text's values, the most frequent first."""
    shape = f"regexp_replace(regexp_replace(v, '(?i)\\b(?:{MONTHS})[a-zäéûôç]*\\.?', 'B'), '\\d', 'n', 'g')"
    shape = f"regexp_replace({shape}, '(?i)\\s?\\b[ap]\\.?\\s?m\\b\\.?', ' P')"
    number = "try_cast(regexp_extract(v, '(\\d+)\\D+(\\d+)?(?:\\D+(\\d+))?', {}) as bigint)"
    places = ", ".join(f"{end}({number.format(i)})" for end in ("max", "min") for i in (1, 2, 3))
    rows = file.rows(
        f"select {shape} as shape, count(*), min(v), {places} from"
        f" (select {text} as v from looked where broken_row is null) where v <> '' group by 1 order by 2 desc limit 500"
    )
    made: dict[str, Shape] = {}
    for form, n, example, *ends in rows:
        family = re.sub(r"(?<!n)nn?(?!n)", "n", form)
        one = made.setdefault(family, Shape(family, 0, example, [0, 0, 0], [9999] * 3))
        one.rows += n
        one.largest = [max(a, b or 0) for a, b in zip(one.largest, ends[:3], strict=True)]
        one.smallest = [min(a, b if b is not None else a) for a, b in zip(one.smallest, ends[3:], strict=True)]
    return sorted(made.values(), key=lambda one: -one.rows)


def formats_of_shape(shape: Shape) -> list[str]:
    """The formats that read all values of a form."""
    whole = {
        "n" * 8: "%Y%m%d",
        "n" * 6: "%y%m%d",
        "n" * 14: "%Y%m%d%H%M%S",
        "n" * 10: "epoch",
        "n" * 13: "epoch_ms",
        "n" * 5: "excel_days",
    }
    if shape.text in whole:
        return [whole[shape.text]]
    if re.fullmatch(r"nnnnn\.n+", shape.text):
        return ["excel"]
    clock = _CLOCK.search(shape.text)
    day = shape.text[: clock.start()] if clock else shape.text
    if clock and day == "":
        return []
    return [form + (_clock(clock) if clock else "") for form in _days(day.strip(), shape)]


def _clock(found: re.Match[str]) -> str:
    hour = "%I" if found["p"] else "%H"
    parts = [found["t"] or " ", hour, ":%M", ":%S" if found["s"] else "", " %p" if found["p"] else ""]
    return "".join(parts) + (" %z" if found["z"] else "")


def _days(day: str, shape: Shape) -> list[str]:
    a, b, c = shape.largest
    if re.fullmatch(r"nnnn(.)n\1n\.?", day):
        mark = day[4]
        fits = [("%Y{0}%m{0}%d", b <= 12 and c <= 31), ("%Y{0}%d{0}%m", b > 12 and c <= 12)]
        return [form.format(mark) for form, fit in fits if fit]
    if re.fullmatch(r"nnnn\s?年\s?n\s?月\s?n\s?日", day):
        return [re.sub("nnnn", "%Y", day).replace("n", "%m", 1).replace("n", "%d", 1)]
    found = re.fullmatch(r"n([./ -]|\. )n\1(nnnn|n)\.?", day)
    if found:
        year = "%Y" if found[2] == "nnnn" else "%y"
        form = "{}" + found[1] + "{}" + found[1] + year + ("." if day.endswith(".") else "")
        if year == "%y" and _year_first(shape):
            return [f"%y{found[1]}%m{found[1]}%d"]
        return _day_or_month(form, found[1], (a, b, c), short=year == "%y")
    if "B" in day:
        return [_named_month(day)]
    return []


def _year_first(shape: Shape) -> bool:
    """Whether short numbers run year, month, day: the first ones lie close together, the last ones do not."""
    (a, b, c), (low, _, third) = shape.largest, shape.smallest
    return b <= 12 and c <= 31 and low >= 10 and a - low <= _YEARS < c - third


def _day_or_month(form: str, mark: str, largest: tuple[int, int, int], *, short: bool) -> list[str]:
    a, b, c = largest
    day_first, month_first = a <= 31 and b <= 12, a <= 12 and b <= 31
    made = [form.format("%d", "%m")] if day_first else []
    if month_first and not (mark.startswith(".") and day_first):
        made.append(form.format("%m", "%d"))
    if short and mark == "-" and b <= 12 and c <= 31:
        made.append("%y-%m-%d")
    return made


def _named_month(day: str) -> str:
    form = day.replace("nnnn", "%Y").replace("B", "%b")
    if "%Y" not in form:
        head, _, tail = form.rpartition("n")
        form = f"{head}%y{tail}"
    return form.replace("n", "%d", 1)


def _settle_format(shapes: Iterable[Shape], settled: Settled) -> None:
    kept = list(shapes)
    rows = sum(shape.rows for shape in kept)
    column = settled.columns["date"]
    if not rows:
        settled.ask("date", f"The column {column} holds no dates.", ("another column", "--column date=COLUMN"))
        return
    forms = [(shape, formats_of_shape(shape)) for shape in kept]
    unread = [shape for shape, fits in forms if not fits]
    if sum(shape.rows for shape in unread) > _FEW * rows:
        settled.ask(
            "date_format",
            f"The dates in {column}, e.g. {unread[0].example!r}, have no format known here.",
            ("strptime format", "--date-format FORMAT"),
        )
        return
    several = [(shape, fits) for shape, fits in forms if len(fits) > 1]
    for shape, fits in several[:1]:
        settled.ask(
            "date_format",
            f"Day and month cannot be told apart in {shape.example!r} and all other dates of {column}.",
            *((fmt, f"--date-format {shell(fmt)}") for fmt in fits),
        )
    taken = list(dict.fromkeys(fits[0] for _, fits in forms if fits))
    said = "several forms" if len(taken) > 1 else "one form"
    settled.take(f"dates in {column}: {' | '.join(taken)} ({said}, {rows:,} rows)", date_format=" | ".join(taken))


def _settle_hours(file: WholeFile, text: str, settled: Settled) -> None:
    """Times that are all midnight are no times: the file has days only."""
    form = settled.settings.get("date_format", "")
    if not any(mark in form for mark in ("%H", "%I")) or "%z" in form:
        return
    midnight = "'(^|\\D)(0?0:00(:00(\\.0+)?)?|12:00(:00)? ?[aA][mM])$'"
    (others,) = file.row("count(*)", f"{text} <> '' and not regexp_matches({text}, {midnight})")
    if not others:
        settled.take("all times are midnight: days only", hours=False)


def _settle_zone(file: WholeFile, text: str, answers: Answers, settled: Settled) -> None:
    """Days as written where the file has one zone and none was named; else in the zone that was."""
    zone = f"regexp_extract({text}, '\\s?(Z|[A-Z]{{2,4}}|(?:UTC|GMT)?[-+]\\d{{1,2}}(?::?\\d{{2}})?)$', 1)"
    zones = [
        row[0] for row in file.rows(f"select distinct {zone} from looked where broken_row is null limit 20") if row[0]
    ]
    if answers.timezone:
        settled.take(f"times carry an offset and count in {answers.timezone}", offsets="converted")
        return
    minutes = sorted({_minutes(name) for name in zones})
    if minutes and max(minutes) - min(minutes) > 60:
        settled.ask(
            "timezone",
            f"Times carry offsets more than an hour apart ({', '.join(sorted(zones)[:5])}): which zone counts days?",
            ("the shop's zone", "--timezone ZONE"),
        )
    settled.take(
        f"times carry {', '.join(sorted(zones)[:3])}; days count as written, or with --timezone", offsets="written"
    )


def _minutes(zone: str) -> int:
    found = re.search(r"([-+])(\d{1,2}):?(\d{2})?$", zone)
    if not found:
        return 0
    return (-1 if found[1] == "-" else 1) * (int(found[2]) * 60 + int(found[3] or 0))
