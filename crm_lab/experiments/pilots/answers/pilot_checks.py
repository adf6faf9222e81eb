"""What can make a pilot's comparison wrong, looked at before anybody reads its effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.experiments.pilots.city_pilot import Pilot
from crm_lab.experiments.pilots.pilot_words import counted
from crm_lab.messages import Message
from crm_lab.stats.panel.estimators import DifferenceInDifferences, SyntheticControl
from crm_lab.stats.panel.event_study import EventStudy
from crm_lab.stats.panel.panel import Panel
from crm_lab.stats.panel.panel_inference import permutation_test

_ALPHA = 0.05
_FEWEST = 2  # units on a side with which an event study has errors
_POOR = 0.5  # of the distance that equal weights leave, which weights must take away at least
_YEAR = {"day": 364, "week": 52, "month": 12}


@dataclass(frozen=True)
class PilotCheck:
    """One thing looked at.

    Attributes:
        name: Its id.
        holds: Whether nothing was found.
        sentence: What was found.
    """

    name: str
    holds: bool
    sentence: Message


def pilot_checks(pilot: Pilot) -> tuple[PilotCheck, ...]:
    """Courses before the start, the same weeks a year before, the reach of the others, and single cities.

    Args:
        pilot: The pilot.

    Returns:
        Those that can be looked at with these data.
    """
    found = [_trend(pilot), _year_before(pilot), _reach(pilot), _one_city(pilot)]
    return tuple(check for check in found if check is not None)


def _check(name: str, holds: bool, /, **values: object) -> PilotCheck:
    said = "holds" if holds else "fails"
    return PilotCheck(name, holds, Message(f"experiments.pilots.check_{name}_{said}", values))


def _trend(pilot: Pilot) -> PilotCheck | None:
    """Whether treated and others drifted apart before the start: the second half of the past against the first."""
    half = pilot.first // 2
    past = pilot.panel.values[:, : pilot.first] / pilot.panel.values[:, :half].mean(axis=1, keepdims=True)
    if not np.isfinite(past).all():
        return None
    test = permutation_test(past, half, DifferenceInDifferences(), pilot.design)
    return _check("trend", not test.pvalue <= _ALPHA, p=test.pvalue, drift=test.effect, missed=_missed(pilot))


def _missed(pilot: Pilot) -> Message | str:
    """What drift before the start an event study would have missed, in spans as long as the pilot; else nothing."""
    length, few = pilot.periods, min(len(pilot.treated), len(pilot.panel.units) - len(pilot.treated))
    spans = pilot.first // length
    if few < _FEWEST or spans < _FEWEST:
        return ""
    past = pilot.index[:, pilot.first - spans * length :].reshape(len(pilot.index), -1, length).mean(axis=2)
    trend = EventStudy().fit(Panel(past, pilot.panel.units, tuple(range(spans + 1))), pilot.mask, spans).trend
    if trend is None or not np.isfinite(trend.missed_slope):
        return ""
    values = {"slope": trend.missed_slope, "bias": trend.missed_bias, "length": counted(pilot.every, length)}
    return Message("experiments.pilots.check_trend_missed", values)


def _year_before(pilot: Pilot) -> PilotCheck | None:
    """Whether the same cities moved apart in the same periods a year before, when nothing was done."""
    year = _YEAR.get(pilot.every, 0)
    start, end = pilot.first - year, pilot.first - year + pilot.periods
    if not year or start < pilot.periods or end > pilot.first:
        return None
    before = pilot.panel.values[:, :end]
    level = before[:, :start].mean(axis=1, keepdims=True)
    if not (level > 0).all():
        return None
    test = permutation_test(before / level, start, DifferenceInDifferences(), pilot.design)
    return _check("year", not test.pvalue <= _ALPHA, p=test.pvalue, drift=test.effect)


def _reach(pilot: Pilot) -> PilotCheck:
    """Whether weights of the other cities can follow the treated ones before the start."""
    fit = SyntheticControl().fit(pilot.panel, pilot.mask, pilot.start)
    level = float(pilot.panel.values[pilot.mask, : pilot.first].mean())
    apart = fit.imbalance / np.sqrt(pilot.first) / level
    usual = float(np.std(pilot.index[:, : pilot.first], axis=1).mean())
    return _check(
        "reach", bool(apart <= max(usual, 1e-12) * _POOR or fit.scaled_imbalance <= _POOR), apart=apart, usual=usual
    )


def _one_city(pilot: Pilot) -> PilotCheck | None:
    """Whether the answer hangs on one city: the sign or the proof of the lift goes when it is left out."""
    if len(pilot.treated) < 2:
        return None
    estimator, index = DifferenceInDifferences(), pilot.index
    whole = estimator.effect(index, pilot.mask, pilot.first)
    moved = {}
    for i, name in enumerate(pilot.panel.units):
        kept = np.arange(len(index)) != i
        if pilot.mask[kept].any() and not pilot.mask[kept].all():
            moved[name] = estimator.effect(index[kept], pilot.mask[kept], pilot.first)
    name = max(moved, key=lambda unit: abs(moved[unit] - whole))
    holds = np.sign(moved[name]) == np.sign(whole) and abs(moved[name]) >= abs(whole) / 2
    return _check("one", bool(holds), name=name, whole=whole, without=moved[name])
