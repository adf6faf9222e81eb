"""What a panel can be used for: gaps, units that come and go, treatment before the data, and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.experiments.origins.panels.panel_periods import Every, coarser
from crm_lab.experiments.origins.panels.panel_rows import LEFT_OUT, PanelRows, listed, shown
from crm_lab.experiments.origins.panels.panel_treatment import Treatment, containing
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer

FEW_CONTROLS = 5


@dataclass(frozen=True, eq=False)
class PanelChecks:
    """A panel that can be used, with its books.

    >>> from crm_lab.experiments.origins.panels.panel_file import PanelFile
    >>> own = PanelFile(file="data/samples/city_sales.csv", unit="city", date="week", value="sales")

    Attributes:
        frame: ``unit``, ``period``, ``value``: each unit with a value in each period.
        every: What a period is.
        treatment: Who was treated, when; of units that are in the frame.
        counts: Rows of the file, those used, and those left out by reason.
        notes: What was left out or filled, a sentence each.
    """

    frame: pd.DataFrame
    every: Every
    treatment: Treatment
    counts: Mapping[str, int]
    notes: tuple[Message, ...]

    def books(self) -> pd.DataFrame:
        """Rows of the file: all, used, and left out by reason; the first is the sum of the others.

        >>> own.checked().books()["part"].tolist()
        ['rows', 'used']
        """
        kept = {name: n for name, n in self.counts.items() if n or name in ("rows", "used")}
        first = [(name, kept.pop(name)) for name in ("rows", "used")]
        return pd.DataFrame([*first, *kept.items()], columns=["part", "rows"])

    def treated_periods(self) -> int:
        """How many values are those of treated units in treated periods.

        >>> own.checked().treated_periods()
        0
        """
        since, until = self.treatment.since, self.treatment.until
        periods = list(self.frame["period"].unique())
        spans = [(first, until.get(unit, max(periods))) for unit, first in since.items()]
        return sum(len([period for period in periods if first <= period <= last]) for first, last in spans)


def checked(rows: PanelRows, treatment: Treatment, missing: str, wanted: Every | None = None) -> PanelChecks:
    """The panel without what cannot be used, which is said.

    Args:
        rows: Values of the file.
        treatment: Who was treated.
        missing: What a period without a row is, between a unit's first and last: ``zero`` or ``drop``.
        wanted: Longer periods to which those of the file are put together.

    Raises:
        BadInput: If periods are missing and nobody said what they are.
        CannotAnswer: If no treated unit has a period before its start, or nothing is left to compare with.
    """
    books, notes = dict(rows.books), [_head(rows)]
    notes += [Message(f"panels.{name}", {"n": books[name]}) for name in LEFT_OUT if books[name]]
    frame = rows.frame[["unit", "period", "value", "rows"]]
    frame = _without(frame, _partial(frame), "partial", books, notes)
    frame = _gaps(frame, missing, books, notes)
    every = wanted or rows.every
    frame, cut = coarser(frame, rows.every, every)
    if every != rows.every:
        treatment = _moved(treatment, frame, every, cut, notes)
    notes += _inside(treatment, every)
    frame, since = _with_past(frame, treatment.since, every, books, notes)
    notes += _design(since, set(frame["unit"]))
    until = {unit: end for unit, end in treatment.until.items() if unit in since}
    books["used"] = books["rows"] - sum(books.get(name, 0) for name in (*LEFT_OUT, *_UNITS))
    frame = frame[["unit", "period", "value"]].reset_index(drop=True)
    return PanelChecks(frame, every, Treatment(since, until), books, tuple(notes))


def _with_past(
    frame: pd.DataFrame, starts: Mapping[str, Any], every: Every, books: dict[str, int], notes: list[Message]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The frame without units that were treated throughout, and the starts of those that are left.

    Raises:
        CannotAnswer: If no treated unit has a past, or is left.
    """
    first, last = frame["period"].min(), frame["period"].max()
    early = sorted(unit for unit, start in starts.items() if start <= first)
    since = {unit: start for unit, start in starts.items() if first < start <= last}
    if early and not since:
        raise cannot_answer("panel_no_pre", n=len(early), units=listed(early), first=shown(first, every))
    frame = _without(frame, [unit for unit in early if unit in set(frame["unit"])], "no_past", books, notes)
    later = sorted(unit for unit, start in starts.items() if start > last)
    if later:
        notes.append(Message("panels.later", {"n": len(later), "units": listed(later), "last": shown(last, every)}))
    left = {unit: start for unit, start in since.items() if unit in set(frame["unit"])}
    if since and not left:
        raise cannot_answer("panel_treated_lost", units=listed(sorted(since)))
    return frame, left


def _moved(treatment: Treatment, frame: pd.DataFrame, every: Every, cut: int, notes: list[Message]) -> Treatment:
    """Starts and ends as those of the longer periods that they lie in."""
    periods = pd.Series(np.sort(frame["period"].unique()))
    since = {unit: containing(periods, when, every) for unit, when in treatment.since.items()}
    until = {unit: containing(periods, when, every) for unit, when in treatment.until.items()}
    if cut:
        notes.append(Message("panels.cut", {"n": cut, "every": Message(f"door.panel.every.{every}")}))
    inside = {unit for unit, first in since.items() if first != treatment.since[unit]}
    return Treatment(since, until, treatment.inside | inside)


def _inside(treatment: Treatment, every: Every) -> list[Message]:
    if not treatment.inside:
        return []
    kind, units = Message(f"door.panel.every.{every}"), sorted(treatment.inside)
    return [Message("panels.inside", {"n": len(units), "units": listed(units), "every": kind})]


_UNITS = ("partial", "gaps", "no_past")


def _head(rows: PanelRows) -> Message:
    frame = rows.frame
    values = {
        "units": frame["unit"].nunique(),
        "n": frame["period"].nunique(),
        "every": Message(f"door.panel.every.{rows.every}"),
        "first": shown(frame["period"].min(), rows.every),
        "last": shown(frame["period"].max(), rows.every),
        "rows": rows.books["rows"],
        "used": rows.books["used"],
    }
    return Message("panels.read", values)


def _partial(frame: pd.DataFrame) -> list[str]:
    """Units that begin after the first period or end before the last."""
    spans = frame.groupby("unit")["period"].agg(["min", "max"])
    part = (spans["min"] > frame["period"].min()) | (spans["max"] < frame["period"].max())
    return sorted(part.index[part])


def _without(
    frame: pd.DataFrame, units: list[str], reason: str, books: dict[str, int], notes: list[Message]
) -> pd.DataFrame:
    """The frame without some units, which is written down and said."""
    if not units:
        return frame
    out = frame["unit"].isin(units)
    if out.all():
        raise BadInput(Message(f"door.panel.problem.all_{reason}", {"n": len(units)}).text())
    books[reason] = int(frame.loc[out, "rows"].sum())
    notes.append(Message(f"panels.{reason}", {"n": len(units), "units": listed(units), "rows": books[reason]}))
    return frame[~out]


def _gaps(frame: pd.DataFrame, missing: str, books: dict[str, int], notes: list[Message]) -> pd.DataFrame:
    """Each unit with a value in each period: gaps filled by 0, or their units left out, as somebody said."""
    units, periods = frame["unit"].unique(), np.sort(frame["period"].unique())
    n = len(units) * len(periods) - len(frame)
    if not n:
        return frame
    sizes = frame.groupby("unit").size()
    short = sorted(sizes.index[sizes < len(periods)])
    if missing == "drop":
        return _without(frame, short, "gaps", books, notes)
    if missing != "zero":
        values = {"n": n, "of": len(units) * len(periods), "k": len(short), "units": listed(short)}
        raise BadInput(Message("door.panel.file").text(), [Message("door.panel.problem.gaps", values).text()])
    every = pd.MultiIndex.from_product([units, periods], names=["unit", "period"])
    filled = frame.set_index(["unit", "period"]).reindex(every)
    notes.append(Message("panels.filled", {"n": n, "units": listed(short)}))
    return filled.fillna({"value": 0.0, "rows": 0}).reset_index()


def _design(since: Mapping[str, Any], units: set[str]) -> list[Message]:
    """What the number of treated and other units means for what can be said.

    Raises:
        CannotAnswer: If all units were treated from the same period on.
    """
    controls = len(units) - len(since)
    if not since:
        return [Message("panels.nobody")]
    if not controls and len(set(since.values())) == 1:
        raise cannot_answer("panel_no_controls", n=len(since))
    notes = []
    if len(since) == 1:
        values = {"unit": next(iter(since)), "n": controls, "least": 1 / (controls + 1)}
        notes.append(Message("panels.one_treated", values))
    if not controls:
        notes.append(Message("panels.not_yet", {"n": len(since)}))
    elif controls < FEW_CONTROLS:
        notes.append(Message("panels.few_controls", {"n": controls}))
    return notes
