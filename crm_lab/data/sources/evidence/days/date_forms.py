"""In which form a column writes its dates: by the shapes of all its values and the largest number in each place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crm_lab.data.sources.evidence.days.day_order import Places, orders_of_eight_digits, orders_of_short_years
from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.value_looks import MONTHS, is_period
from crm_lab.data.sources.refusal import refused
from crm_lab.messages import Message

_CLOCK = re.compile(
    r"(?P<t>[T ]?)\s*(?P<h>n+):n+(?P<s>:n+(?:[.,]n+)?)?\s?(?P<p>P)?\s?"
    r"(?P<z>Z|[-+]n+(?::?n+)?|(?:UTC|GMT)(?:[-+]n+(?::?n+)?)?|[A-Z]{3,4})?$"
)
_FEW = 0.05
_DIGITS = 4
_BESIDE_THE_MONTH = 2  # a day and a year
_SIX, _EIGHT = r"^(\d\d)(\d\d)(\d\d)$", r"^(\d{1,2})(\d\d)(\d{4})$"
_SHORT = {"d": "%d", "m": "%m", "y": "%y"}
_FULL = {**_SHORT, "y": "%Y"}


@dataclass(slots=True)
class Shape:
    """Values written alike, e.g. ``n/n/nnnn n:nn``.

    Attributes:
        text: The form, digits as n; runs of one or two digits as a single n.
        rows: How many rows.
        example: One of the values.
        largest: Largest number in the first three places.
        low: The smallest but one in a hundred.
        high: The largest but one in a hundred.
    """

    text: str
    rows: int
    example: str
    largest: list[int]
    low: list[int]
    high: list[int]

    def places(self) -> Places:
        """The numbers in its places."""
        return Places(self.largest, self.low, self.high)


_COMPACT = {"n" * 6: (_SHORT, orders_of_short_years), "n" * 8: (_FULL, orders_of_eight_digits)}


def settle_dates(file: WholeFile, answers: Answers, settled: Settled) -> list[Shape]:
    """Find the form of the dates, and return the shapes; ask where day and month cannot be told apart, or the zone."""
    text = file.date_text(settled.columns)
    shapes = shapes_of(file, text)
    if answers.date_format:
        settled.take(say("days.as_given", date_format=answers.date_format), date_format=answers.date_format)
    else:
        _settle_format(shapes, settled)
    _settle_hours(file, text, settled)
    if "%z" in settled.settings.get("date_format", ""):
        _settle_zone(file, text, answers, settled)
    return shapes


def shapes_of(file: WholeFile, text: str, where: str = "true") -> list[Shape]:
    """The forms of a text's values in some rows, the most frequent first."""
    shape = f"regexp_replace(regexp_replace(v, '(?i)\\b(?:{MONTHS})[a-zäéûôç]*\\.?', 'B'), '\\d', 'n', 'g')"
    shape = f"regexp_replace({shape}, '(?i)\\s?\\b[ap]\\.?\\s?m\\b\\.?', ' P')"
    numbers = ", ".join(_number_at(place) for place in (1, 2, 3))
    clock = r"'^([0-9./-]+[T ])\d\d:\d\d"
    days = rf"regexp_replace(regexp_replace({text}, {clock}:\d\d$', '\100:00:00'), {clock}$', '\100:00')"
    rows = file.rows(
        f"select {shape} as shape, {numbers}, sum(n)::bigint, min(example) from (select {days} as v, count(*) as n,"
        f" min({text}) as example from looked where broken_row is null and ({where}) group by 1)"
        " where v <> '' group by all order by 5 desc, 6"
    )
    made: dict[str, list[tuple[Any, ...]]] = {}
    for form, *rest in rows:
        made.setdefault(re.sub(r"(?<!n)nn?(?!n)", "n", form), []).append(tuple(rest))
    shapes = {family: _shape(family, same) for family, same in made.items()}
    return sorted(_without_lost_zeros(shapes).values(), key=lambda one: -one.rows)


def _shape(family: str, same: Sequence[tuple[Any, ...]]) -> Shape:
    """Values of one form, from rows of their three numbers, how many there are, and one of them."""
    rows = sum(n for *_, n, _ in same)
    ends: list[tuple[int, int, int]] = []
    for place in range(3):
        counted = Counter[int]()
        for *numbers, n, _ in same:
            counted[numbers[place] or 0] += n
        ends.append((max(counted), _but_a_hundredth(counted, sorted(counted)),
                     _but_a_hundredth(counted, sorted(counted, reverse=True))))  # fmt: skip
    largest, low, high = (list(values) for values in zip(*ends, strict=True))
    return Shape(family, rows, min(example for *_, example in same), largest, low, high)


def _but_a_hundredth(counted: Counter[int], ordered: Sequence[int]) -> int:
    """The first of some numbers that more than a hundredth of all stand at or before."""
    before, all_of_them = 0, counted.total()
    for value in ordered:
        before += counted[value]
        if before * 100 > all_of_them:
            return value
    return ordered[-1]


def _without_lost_zeros(shapes: dict[str, Shape]) -> dict[str, Shape]:
    """Days of six or eight digits whose first zero a spreadsheet has taken are days of six or eight."""
    for short, full in (("n" * 5, "n" * 6), ("n" * 7, "n" * 8)):
        if short in shapes and full in shapes:
            lost, kept = shapes.pop(short), shapes[full]
            kept.rows += lost.rows
            for name, take in (("largest", max), ("low", min), ("high", max)):
                setattr(kept, name, [take(a, b) for a, b in zip(getattr(kept, name), getattr(lost, name), strict=True)])
    return shapes


def _number_at(place: int) -> str:
    """SQL of the number at a place of the text ``v``; digits without marks are cut in two, two, and the rest."""
    six = f"regexp_replace(lpad(v, 6, '0'), '{_SIX}', '\\1/\\2/\\3')"
    eight = f"regexp_replace(v, '{_EIGHT}', '\\1/\\2/\\3')"
    cut = f"case when regexp_full_match(v, '[0-9][0-9]?[0-9]{{4}}') then {six} else {eight} end"
    found = f"regexp_extract({cut}, '(\\d+)\\D+(\\d+)?(?:\\D+(\\d+))?', {place})"
    return f"case when length({found}) <= {_DIGITS} then try_cast({found} as bigint) end"


def formats_of_shape(shape: Shape) -> list[str]:
    """The formats that read all values of a form."""
    if shape.text in _COMPACT:
        marks, orders = _COMPACT[shape.text]
        fits = ["".join(marks[place] for place in order) for order in orders(shape.places())]
        return fits or (["jde"] if shape.text == "n" * 6 and _is_jde(shape) else [])
    whole = {"n" * 14: "%Y%m%d%H%M%S", "n" * 10: "epoch", "n" * 13: "epoch_ms", "n" * 5: "excel_days",
             "n" * 18: "ticks", "nnnn-Wn-n": "%G-W%V-%u"}  # fmt: skip
    if shape.text in whole:
        return [whole[shape.text]]
    fractions = {5: "excel", 10: "epoch", 13: "epoch_ms"}
    found = re.fullmatch(r"(n+)\.n+", shape.text)
    if found and len(found[1]) in fractions:
        return [fractions[len(found[1])]]
    clock = _CLOCK.search(shape.text)
    day = shape.text[: clock.start()] if clock else shape.text
    if clock and day == "":
        return []
    return [form + (_clock(clock) if clock else "") for form in _days(day.strip(), shape)]


def _is_jde(shape: Shape) -> bool:
    """Whether numbers of six digits are century, year and day of the year, as 124031: those of 2000 to 2049."""
    return shape.largest[0] <= 14 and shape.low[0] >= 10 and shape.example.startswith("1")


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
        end = "." if day.endswith(".") else ""
        if found[2] == "nnnn":
            orders = [o for o, fits in (("dmy", a <= 31 and b <= 12), ("mdy", a <= 12 and b <= 31)) if fits]
        else:
            orders = orders_of_short_years(shape.places())
        if found[1].startswith(".") and "dmy" in orders:
            orders = [order for order in orders if order != "mdy"]
        marks = _FULL if found[2] == "nnnn" else _SHORT
        return [found[1].join(marks[place] for place in order) + end for order in orders]
    if "B" in day:
        return _named_month(day, shape)
    return []


def _named_month(day: str, shape: Shape) -> list[str]:
    form = day.replace("B", "%b")
    if len(re.findall("n+", form)) < _BESIDE_THE_MONTH:
        return []
    if "nnnn" in form:
        return [form.replace("nnnn", "%Y").replace("n", "%d", 1)]
    (a, b, _), (low, later, _), (high, latest, _) = shape.largest, shape.low, shape.high
    named = Places((a, 1, b), (low, 1, later), (high, 1, latest))
    forms = {"dmy": ("%d", "%y"), "ymd": ("%y", "%d")}
    orders = [order for order in orders_of_short_years(named) if order in forms]
    return [form.replace("n", forms[order][0], 1).replace("n", forms[order][1], 1) for order in orders]


def _settle_format(shapes: Iterable[Shape], settled: Settled) -> None:
    kept = list(shapes)
    rows = sum(shape.rows for shape in kept)
    column = settled.columns["date"]
    if not rows:
        settled.ask("date", say("days.no_dates", column=column), (say("days.another_column"), "--column date=COLUMN"))
        return
    forms = [(shape, formats_of_shape(shape)) for shape in kept]
    unread = [shape for shape, fits in forms if not fits]
    if sum(shape.rows for shape in unread) > _FEW * rows:
        if is_period(unread[0].example):
            raise refused("periods", column=column, example=unread[0].example)
        settled.ask(
            "date_format",
            say("days.unknown_format", column=column, example=unread[0].example),
            (say("days.strptime_format"), "--date-format FORMAT"),
        )
        return
    several = [(shape, fits) for shape, fits in forms if len(fits) > 1]
    for shape, fits in several[:1]:
        settled.ask(
            "date_format",
            say("days.not_told_apart", n=_apart(fits), example=shape.example, column=column),
            *((fmt, f"--date-format {shell(fmt)}") for fmt in fits),
        )
    taken = list(dict.fromkeys(fits[0] for _, fits in forms if fits))
    said = say("days.several_forms" if len(taken) > 1 else "days.one_form")
    settled.take(
        say("days.dates", column=column, n=" | ".join(taken), said=said, rows=rows), date_format=" | ".join(taken)
    )


def _apart(fits: Sequence[str]) -> Message:
    first = {re.findall("%[a-zA-Z]", form)[0].lower() for form in fits}
    return say("days.day_month_and_year" if "%y" in first else "days.day_and_month")


def _settle_hours(file: WholeFile, text: str, settled: Settled) -> None:
    """Times that are all midnight are no times: the file has days only."""
    form = settled.settings.get("date_format", "")
    if not any(mark in form for mark in ("%H", "%I")) or "%z" in form:
        return
    midnight = "'(^|\\D)(0?0:00(:00(\\.0+)?)?|12:00(:00)? ?[aA][mM])$'"
    (others,) = file.row("count(*)", f"{text} <> '' and not regexp_matches({text}, {midnight})")
    if not others:
        settled.take(say("days.midnight"), hours=False)


def _settle_zone(file: WholeFile, text: str, answers: Answers, settled: Settled) -> None:
    """Days as written where the file has one zone and none was named; else in the zone that was."""
    zone = f"regexp_extract({text}, '\\s?(Z|[A-Z]{{2,4}}|(?:UTC|GMT)?[-+]\\d{{1,2}}(?::?\\d{{2}})?)$', 1)"
    zones = [
        row[0] for row in file.rows(f"select distinct {zone} from looked where broken_row is null limit 20") if row[0]
    ]
    if answers.timezone:
        settled.take(say("days.converted", timezone=answers.timezone), offsets="converted")
        return
    minutes = sorted({_minutes(name) for name in zones})
    if minutes and max(minutes) - min(minutes) > 60:
        settled.ask(
            "timezone",
            say("days.several_zones", n=", ".join(sorted(zones)[:5])),
            (say("days.shop_zone"), "--timezone ZONE"),
        )
    settled.take(say("days.as_written", n=", ".join(sorted(zones)[:3])), offsets="written")


def _minutes(zone: str) -> int:
    found = re.search(r"([-+])(\d{1,2}):?(\d{2})?$", zone)
    if not found:
        return 0
    return (-1 if found[1] == "-" else 1) * (int(found[2]) * 60 + int(found[3] or 0))
