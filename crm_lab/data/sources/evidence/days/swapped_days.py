"""Days of which a spreadsheet has exchanged day and month where both could be a month, and left the others as text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crm_lab.data.sources.evidence.days.date_forms import Shape, formats_of_shape
from crm_lab.data.sources.evidence.findings import Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.refusal import refused

_MONTHS = 12
_SOME = 10
_A_FEW, _SHARE = 5, 0.02
_BESIDE = 13
"""Days that may lie before the first and after the last day above 12 of a month; more where such days are further
apart in the file."""


def ask_of_swapped_days(shapes: Sequence[Shape], settled: Settled) -> None:
    """Ask where all days written in one way could be months, and none of those written in another way could."""
    could, could_not = ([s for s in shapes if s.rows >= _SOME and fits(s)] for fits in (_could_all, _could_none))
    if not could or not could_not or settled.questions:
        return
    forms = [formats_of_shape(shape) for shape in (could[0], could_not[0])]
    if not all(forms):
        return
    stands, other = forms[0][0], forms[1][0]
    settled.ask(
        "date_format",
        say(
            "swapped.swapped",
            example=could[0].example,
            rows=could[0].rows,
            months=_MONTHS,
            example2=could_not[0].example,
            rows2=could_not[0].rows,
        ),
        (say("swapped.turned_back"), f"--date-format {shell(f'{exchanged(stands)} | {other}')}"),
        (say("swapped.has_not"), f"--date-format {shell(f'{stands} | {other}')}"),
    )


def exchanged(form: str) -> str:
    """A format with day and month exchanged.

    >>> exchanged("%Y-%m-%d %H:%M")
    '%Y-%d-%m %H:%M'
    """
    return form.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")


def _places(shape: Shape) -> tuple[int, int] | None:
    """The places of day and month, where the year has four digits."""
    if re.match(r"nnnn\D", shape.text):
        return 1, 2
    return (0, 1) if re.match(r"n\D{1,2}n\D{1,2}nnnn", shape.text) else None


def _could_all(shape: Shape) -> bool:
    places = _places(shape)
    return places is not None and all(0 < shape.largest[place] <= _MONTHS for place in places)


def _could_none(shape: Shape) -> bool:
    places = _places(shape)
    return places is not None and any(shape.low[place] > _MONTHS for place in places)


def refuse_swapped_days(file: WholeFile, settled: Settled) -> None:
    """Refuse days of one form of which some lie outside the time of the others, and inside it if exchanged.

    Raises:
        BadInput: With their number and the days between which the others lie.
    """
    form = str(settled.settings.get("date_format", ""))
    if settled.questions or not all(mark in form for mark in ("%d", "%m")):
        return
    day = file.day(settled.columns, form)
    other = "try_cast(strftime(d, '%Y-%d-%m') as date)"
    beyond = "not {} between low - apart and high + apart"
    n, rows, low, high = file.rows(
        f"select * from (with d as (select {day} as d from looked where broken_row is null),"
        f" late as (select distinct d from d where day(d) > {_MONTHS}),"
        f" ends as (select min(d) as low, max(d) as high, greatest({_BESIDE}, coalesce(max(gap), 0))::integer as apart"
        " from (select d, d - lag(d) over (order by d) as gap from late))"
        f" select count(*) filter (day(d) <= {_MONTHS} and {beyond.format('d')} and not ({beyond.format(other)})),"
        " count(d), any_value(low), any_value(high) from d, ends)"
    )[0]
    if n >= max(_A_FEW, _SHARE * rows):
        raise refused(
            "swapped_days", n=n, rows=rows, column=settled.columns["date"], low=low, high=high, months=_MONTHS
        )
