"""Which units of a panel were treated, from which period on, until when: as a file or a suite says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.checks import Problems
from crm_lab.data.sources.refusal import refused
from crm_lab.experiments.origins.panels.column_roles_of_a_panel import words
from crm_lab.experiments.origins.panels.panel_periods import Every, Reading, reading_of
from crm_lab.experiments.origins.panels.panel_rows import PanelRows, listed, shown
from crm_lab.messages import Message

Starts = dict[str, Any]


@dataclass(frozen=True)
class Treatment:
    """Who was treated.

    Attributes:
        since: Unit to its first treated period.
        until: Unit to its last treated period, where it ended before the panel does.
        inside: Units whose first day lies inside a period, which counts as treated.
    """

    since: Starts
    until: Starts
    inside: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Said:
    """What was said of the treatment.

    Attributes:
        treated_from: Column with the first treated period, or unit to that period; empty for none.
        treated: Column that says who is treated, or the units; empty for none.
        after: Column that says whether a period lies after the start of all treated units; empty for none.
        start: First day of the treatment of all treated units.
        until: Last day of it.
    """

    treated_from: str | Mapping[str, str] = ""
    treated: str | Sequence[str] = ""
    after: str = ""
    start: str = ""
    until: str = ""


def treatment_of(rows: PanelRows, said: Said) -> Treatment:
    """The treatment of a panel.

    Args:
        rows: Its values with the marks as text.
        said: What was said of it.

    Raises:
        BadInput: With every problem at once: units that are not there, several starts of one unit, starts that cannot
            be read, units treated on and off, treated units without a start.
    """
    problems = Problems(Message("door.panel.treatment").text())
    since, until = _told(rows, said, problems)
    units = set(rows.frame["unit"])
    for name in [name for name in since if name not in units]:
        close = get_close_matches(name, sorted(units), n=1, cutoff=0.6)
        hint = Message("door.panel.meant", {"name": close[0]}) if close else ""
        problems.extend([_sentence("no_unit_of_that_name", name=name, units=listed(sorted(units)), hint=hint)])
    if said.until and (when := _period_at(rows, said.until, "until", problems)) is not None:
        last = containing(pd.Series(np.sort(rows.frame["period"].unique())), when, rows.every)
        early = [name for name, first in since.items() if first is not None and first > last]
        problems.unless(not early, _sentence("ends_before", n=len(early), units=listed(early), until=said.until))
        until = {**dict.fromkeys(since, last), **until}
    problems.raise_any()
    end, periods = rows.frame["period"].max(), pd.Series(np.sort(rows.frame["period"].unique()))
    begun = {name: containing(periods, day, rows.every) for name, day in since.items()}
    inside = frozenset(name for name, day in since.items() if begun[name] != day)
    return Treatment(begun, {name: last for name, last in until.items() if last < end}, inside)


def _told(rows: PanelRows, said: Said, problems: Problems) -> tuple[Starts, Starts]:
    if isinstance(said.treated_from, Mapping):
        found = {name: _period_at(rows, day, "treated_from", problems) for name, day in said.treated_from.items()}
        return {name: first for name, first in found.items() if first is not None}, {}
    if said.treated_from:
        return _by_column(rows, said.treated_from, problems), {}
    if isinstance(said.treated, str) and said.treated:
        return _by_flag(rows, said, problems)
    if not said.treated:
        if said.start:
            raise refused("panel_who", start=said.start)
        return {}, {}
    if not said.start:
        raise refused("panel_when", units=listed(list(said.treated)))
    return dict.fromkeys(said.treated, _period_at(rows, said.start, "start", problems)), {}


def _period_at(rows: PanelRows, text: str, name: str, problems: Problems) -> Any:
    """A day or period as somebody wrote it."""
    try:
        reading = rows.reading if rows.reading.kind != "day" else Reading("day", pd.Timestamp)
        if rows.reading.kind in ("week", "month", "quarter", "year"):
            reading = reading_of([text])  # a day or a period
        when = reading.read(text.strip())
        return when if rows.every == "number" else pd.Timestamp(when)
    except (ValueError, TypeError):
        problems.extend([_sentence("unreadable", name=name, text=text, example=shown(rows.frame["period"].min()))])
        return None


def containing(periods: pd.Series, when: Any, every: Every) -> Any:
    """The last period that begins by a moment; the moment itself where none does, or all of them are over.

    Args:
        periods: First days of periods, in order.
        when: A day, or the number of a period.
        every: What a period is.
    """
    if every == "number":
        return when
    before = periods[periods <= when]
    if not len(before) or (len(before) == len(periods) and when >= _end_of(before.iloc[-1], every)):
        return when
    return before.iloc[-1]


def _end_of(period: pd.Timestamp, every: Every) -> pd.Timestamp:
    days, months = {"day": (1, 0), "week": (7, 0), "month": (0, 1), "quarter": (0, 3)}.get(every, (0, 12))
    return period + pd.DateOffset(days=days, months=months)


def _by_column(rows: PanelRows, column: str, problems: Problems) -> Starts:
    """First treated period by a column that repeats it in each row of a unit."""
    text = rows.frame[column].str.strip()
    never = text.str.lower().isin(words("levels")["never"])
    given = rows.frame.loc[~never, ["unit"]].assign(text=text[~never])
    several = given.groupby("unit")["text"].nunique()
    several = several[several > 1]
    both = sorted(set(given["unit"]) & set(rows.frame.loc[never, "unit"]))
    problems.unless(not len(several), _sentence("several_starts", n=len(several), units=listed(list(several.index))))
    problems.unless(not both, _sentence("start_in_some_rows", n=len(both), units=listed(both)))
    if len(several) or both:
        return {}
    first = given.drop_duplicates("unit").set_index("unit")["text"]
    found = {name: _period_at(rows, day, column, problems) for name, day in first.items()}
    return {str(name): start for name, start in found.items() if start is not None}


def _by_flag(rows: PanelRows, said: Said, problems: Problems) -> tuple[Starts, Starts]:
    """First and last treated period by a flag a row; a flag that never changes within units needs a start."""
    levels, text = words("levels"), rows.frame[str(said.treated)].str.strip().str.lower()
    unknown = sorted(set(text) - levels["treated"] - levels["untreated"] - {""})
    if unknown:
        problems.extend([_sentence("unknown_levels", column=said.treated, levels=listed(unknown))])
        return {}, {}
    on = rows.frame.assign(on=text.isin(levels["treated"]))
    marked = on.groupby("unit")["on"].agg(["any", "all"])
    if (marked["any"] == marked["all"]).all():
        units = list(marked.index[marked["any"]])
        if said.after and not said.start:
            return _after(rows, units, said.after, problems)
        if not said.start and units:
            raise refused("panel_when", units=listed(units))
        return dict.fromkeys(units, _period_at(rows, said.start, "start", problems)) if units else {}, {}
    turns = on.groupby("unit")["on"].agg(lambda flags: int((flags.astype(int).diff() == 1).sum() + flags.iloc[0]))
    again = list(turns.index[turns > 1])
    problems.unless(not again, _sentence("on_and_off", n=len(again), units=listed(again)))
    spans = on[on["on"]].groupby("unit")["period"].agg(["min", "max"])
    return dict(spans["min"]), dict(spans["max"])


def _after(rows: PanelRows, units: list[str], column: str, problems: Problems) -> tuple[Starts, Starts]:
    """The span of the periods that a flag names, the same ones for all units."""
    on = rows.frame[column].str.strip().str.lower().isin(words("levels")["treated"])
    mixed = on.groupby(rows.frame["period"]).nunique().gt(1)
    problems.unless(not mixed.any(), _sentence("after_differs", column=column, n=int(mixed.sum())))
    periods = rows.frame.loc[on, "period"]
    if mixed.any() or not len(periods):
        return {}, {}
    return dict.fromkeys(units, periods.min()), dict.fromkeys(units, periods.max())


def _sentence(key: str, **values: object) -> str:
    return Message(f"door.panel.problem.{key}", values).text()
