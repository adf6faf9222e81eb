"""The methods that read a pilot, and the test and interval of each: over other draws, or over time.

The change of the cities against the others counts each city alike, in units of its own past. The methods that build a
course out of other cities read the treated ones' total, as published geo tests do; what they find is told as a share of
it. Where lot chose the cities, the test repeats the draw. Where people or an accident did, there was no draw: the
periods after the start are held against all others in moving blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crm_lab.arrays import Booleans, Floats
from crm_lab.experiments.pilots.answers.pilot_statistic import Scaled, restlessness, restlessness_pays
from crm_lab.experiments.pilots.city_pilot import Pilot
from crm_lab.results import Interval
from crm_lab.stats.panel.assignments import Assignments
from crm_lab.stats.panel.conformal_inference import ConformalTest
from crm_lab.stats.panel.estimators import (
    DifferenceInDifferences,
    PanelEstimator,
    SyntheticControl,
    SyntheticDifference,
    TimeBasedRegression,
)
from crm_lab.stats.panel.panel_inference import PermutationResult, effects_under, permutation_test

METHODS: dict[str, PanelEstimator] = {
    "did": DifferenceInDifferences(),
    "synthetic_control": SyntheticControl(),
    "synthetic_difference": SyntheticDifference(),
    "regression": TimeBasedRegression(),
}
EQUAL = ("did",)  # methods in which each city counts alike
REFITS, SEARCHED = 499, 99  # assignments of methods refitted under each, and of those whose interval is searched for
MOST_SEARCHED = 100  # cities up to which an interval is searched for
_WORK = 20_000  # cities times refits; with more cities fewer assignments are gone through
_PLACEBOS = 100  # sets of cities by which methods are compared on the past
Over = Literal["draws", "blocks"]


@dataclass(frozen=True)
class LiftTest:
    """The lift by one method, with its test and the interval that inverts it.

    Attributes:
        lift: As a share of what the treated cities would have sold.
        interval: All lifts that the test does not reject, with the level that it has.
        pvalue: Two-sided, of no lift.
        floor: The smallest that the test can give.
        count: Draws, or places of the block, that it goes through.
        over: Whether it goes over other draws of cities or over time.
    """

    lift: float
    interval: Interval
    pvalue: float
    floor: float
    count: int
    over: Over


def units_of(name: str, values: Floats, first: int) -> Floats:
    """Values as a method reads them: by city in units of its own past, or as they are.

    Args:
        name: The method.
        values: Shape (n, T).
        first: Place of the first treated period.
    """
    return values / values[:, :first].mean(axis=1, keepdims=True) if name in EQUAL else values


def usual(name: str, values: Floats, masks: Booleans, first: int) -> Floats:
    """Mean of each set of cities before the start, in the units that a method reads; shape (A,).

    Args:
        name: The method.
        values: Shape (n, T).
        masks: Sets, shape (A, n).
        first: Place of the first treated period.
    """
    level = units_of(name, values, first)[:, :first].mean(axis=1)
    found: Floats = masks @ level / masks.sum(axis=1)
    return found


def lift_test(pilot: Pilot, name: str, level: float = 0.95, seed: int = 0, *, scaled: bool | None = None) -> LiftTest:
    """The lift of a pilot by one method.

    Args:
        pilot: The pilot.
        name: The method.
        level: Confidence level.
        seed: Of the sample of assignments, for methods that are refitted under each.
        scaled: Whether effects are divided by how restless each set was before; tried on the past if not said.

    Returns:
        The lift, over other draws of cities; over time where lot did not choose them and the past is long enough.
    """
    found = permuted(pilot, name, level, seed, scaled=scaled)
    if pilot.drawn == "lot" or not over_time(pilot, name, level):
        return LiftTest(found.effect, found.interval, found.pvalue, found.floor, found.assignments, "draws")
    data = units_of(name, pilot.panel.values, pilot.first), pilot.mask, pilot.first, METHODS[name]
    test = ConformalTest("blocks", signed=True, alpha=1 - level).run(*data)
    seen = float(data[0][pilot.mask, pilot.first :].mean())
    ends = (test.interval.lo, test.interval.hi)
    lo, hi = (end / (seen - end) if -math.inf < end < seen else math.copysign(math.inf, end) for end in ends)
    return LiftTest(found.effect, Interval(lo, hi, test.interval.level), test.pvalue, test.floor, test.draws, "blocks")


def over_time(pilot: Pilot, name: str, level: float = 0.95) -> bool:
    """Whether a method can be tested over time: it treats all periods alike, and there are enough of them.

    Args:
        pilot: The pilot.
        name: The method.
        level: Confidence level.
    """
    return METHODS[name].timeless and len(pilot.panel.periods) >= 1 / (1 - level) - 1e-9


def chance_of_more(pilot: Pilot, name: str, lift: float, level: float, seed: int, scaled: bool) -> float:
    """One less the one-sided p value of a lift, by the test that answers: the chance that the true one is above it.

    Args:
        pilot: The pilot.
        name: The method.
        lift: The lift.
        level: Confidence level.
        seed: Of the sample of assignments.
        scaled: Whether effects are divided by how restless each set was before.
    """
    if pilot.drawn == "lot" or not over_time(pilot, name, level):
        found = effects_under(*_read(pilot, name, seed, scaled), null=lift, form="multiplicative")
        return 1 - float((found >= found[0] - 1e-9 * np.abs(found).max()).mean())
    values = units_of(name, pilot.panel.values, pilot.first)
    seen = float(values[pilot.mask, pilot.first :].mean())
    test = ConformalTest("blocks", signed=True, alpha=1 - level)
    half = test.pvalue(values, pilot.mask, pilot.first, METHODS[name], null=seen * lift / (1 + lift)) / 2
    beyond = METHODS[name].effect(values, pilot.mask, pilot.first) > seen * lift / (1 + lift)
    return 1 - half if beyond else half


def permuted(
    pilot: Pilot, name: str, level: float = 0.95, seed: int = 0, *, null: float = 0.0, scaled: bool | None = None
) -> PermutationResult:
    """The permutation test of a pilot by one method, and the interval that inverts it.

    Args:
        pilot: The pilot.
        name: The method.
        level: Confidence level.
        seed: Of the sample of assignments, for methods that are refitted under each.
        null: The lift that is tested.
        scaled: Whether effects are divided by how restless each set was before; tried on the past if not said.
    """
    data = _read(pilot, name, seed, restlessness_pays(pilot) if scaled is None else scaled)
    return permutation_test(*data, null=null, form="multiplicative", alpha=1 - level)


def _read(pilot: Pilot, name: str, seed: int, scaled: bool) -> tuple[Floats, int, Scaled, Assignments]:
    """What a permutation test takes: values, the first treated period, the method by its scale, the assignments."""
    method, values = METHODS[name], pilot.panel.values
    design = _assignments(pilot, method, seed)
    scale = usual(name, values, design.masks, pilot.first)
    if scaled:
        scale = scale * restlessness(pilot.index, design.masks, pilot.first)
    return units_of(name, values, pilot.first), pilot.first, Scaled(method, scale / scale[0]), design


def _assignments(pilot: Pilot, method: PanelEstimator, seed: int) -> Assignments:
    """All of the design for methods that read them at once; a sample for those that are refitted under each."""
    if type(method).effects is not PanelEstimator.effects:
        return pilot.design
    n = len(pilot.panel.units)
    most = max(99, min(REFITS, _WORK // n)) if method.affine else max(39, min(SEARCHED, _WORK // 4 // n))
    return pilot.some(most, seed)


def pvalues_over_time(pilot: Pilot, name: str) -> tuple[float, float]:
    """P values over time, no effect being true: periods that change places freely, and moving blocks.

    Args:
        pilot: The pilot.
        name: The method.

    Returns:
        Both; NaN where the method does not treat all periods alike.
    """
    if not METHODS[name].timeless:
        return math.nan, math.nan
    data = units_of(name, pilot.panel.values, pilot.first), pilot.mask, pilot.first, METHODS[name]
    return ConformalTest("exchangeable").pvalue(*data), ConformalTest("blocks").pvalue(*data)


def claimed_error(pilot: Pilot, name: str) -> float:
    """Standard error that a method's own model claims for the lift; NaN where it has none.

    Args:
        pilot: The pilot.
        name: The method.

    Returns:
        In shares of usual sales.
    """
    values, first = pilot.panel.values, pilot.first
    claim = METHODS[name].claim(units_of(name, values, first), pilot.mask, first)
    return claim.se / float(usual(name, values, pilot.mask[None, :], first)[0])


def past_noise(pilot: Pilot, name: str) -> float:
    """Standard deviation of what a method finds in sets of as many cities on the past, where nothing was done.

    Pilots of the same length, or of a third of the past where that is shorter, are made up on the last spans before the
    start, the treated cities among all others.

    Args:
        pilot: The pilot.
        name: The method.

    Returns:
        In shares of usual sales; NaN where the past has no such span.
    """
    length, method = min(pilot.periods, pilot.first // 3), METHODS[name]
    starts = list(range(pilot.first - length, max(method.fewest_before, length) - 1, -max(length, 1)))
    if length < 1 or not starts:
        return math.nan
    rng, n, found = np.random.default_rng(0), len(pilot.panel.units), []
    each = max(_PLACEBOS // len(starts), 1)
    for start in starts:
        values = pilot.panel.values[:, : start + length]
        masks = np.argsort(rng.random((each, n)), axis=1) < len(pilot.treated)
        effects = method.effects(units_of(name, values, start), masks, start)
        found.append(effects / usual(name, values, masks, start))
    return float(np.sqrt(np.mean(np.square(np.concatenate(found)))))
