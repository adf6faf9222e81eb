"""Readings of a printed change, and the change between two levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crm_lab.scorecard.claim import Change, Claim
from crm_lab.scorecard.printed_number import PrintedNumber, Span, exactly

Reading = Literal["absolute", "relative"]


@dataclass(frozen=True, slots=True)
class Step:
    """From one level to the next, in the plain unit of the metric: absolutely, and relative to the first."""

    absolute: Span
    relative: Span
    difference: float
    growth: float | None


def step(claim: Claim, before: PrintedNumber, after: PrintedNumber) -> Step:
    """The step between two levels of a claim."""
    first, last = claim.span(before), claim.span(after)
    scale_first, scale_last = claim.plain(before), claim.plain(after)
    growth = None if scale_first == 0 else scale_last / scale_first - 1
    relative = last / first - exactly(1.0) if first.lo > 0 else Span(float("-inf"), float("inf"))
    return Step(last - first, relative, scale_last - scale_first, growth)


def readings(claim: Claim, change: Change) -> dict[Reading, Span]:
    """What a printed change may mean: a per cent of a share is points to one reader and relative to the next."""
    if change.form == "relative":
        return {"relative": change.by.span}
    if change.form == "points":
        return {"absolute": change.by.span.scaled(0.01 if claim.about.is_share else 1.0)}
    if change.form == "unit":
        return {"absolute": change.by.span.scaled(claim.factor)}
    both: dict[Reading, Span] = {"relative": change.by.span}
    if claim.about.is_share:
        both["absolute"] = change.by.span
    return both


def agreeing(step: Step, readings: dict[Reading, Span]) -> set[Reading]:
    """The readings under which a change follows from the levels."""
    return {name for name, span in readings.items() if span.meets(getattr(step, name))}
