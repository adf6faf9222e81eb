"""How much cities differ from each other when nothing is done, and what lift a design can therefore see.

The change of a city is the logarithm of its mean in the pilot's weeks over its mean in the weeks before. On spans of
the past in which nothing was done, its standard deviation between cities is the noise that a pilot meets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from crm_lab.arrays import Booleans, Floats
from crm_lab.experiments.pilots.city_choice.city_pairs import STILL, alike_pairs, periods_between
from crm_lab.stats.panel.panel import Panel

_CERTAIN = 1e4  # standard errors from which a chance is 0 or 1; the noncentral t has no digits there
FEWEST_SPANS = 2  # of the past, not overlapping in their pilot weeks, that a length of pilot must have
_NEVER = math.inf
_TIE = 1e-12


@dataclass(frozen=True)
class CityNoise:
    """Changes of cities on spans of the past in which nothing was done.

    >>> rng = np.random.default_rng(1)
    >>> noise = CityNoise(rng.normal(0, 0.03, (6, 20)), weeks=8, before=16)
    >>> 0.02 < noise.sd < 0.04
    True

    Attributes:
        changes: Change of each city on each span, shape (S, n).
        weeks: Periods of the pilot.
        before: Periods that it is compared with.
    """

    changes: Floats
    weeks: int
    before: int

    @property
    def sd(self) -> float:
        """Standard deviation of a city's change between cities, all spans together."""
        return float(np.sqrt(self.changes.var(axis=1, ddof=1).mean()))


def past_pair_noise(panel: Panel, pairs: int, weeks: int, before: int) -> float | None:
    """Standard deviation of the difference within pairs of cities that moved alike, or ``None`` with too short a past.

    The pairs are matched on the first half of the past and read on spans of the second, so that they are not judged by
    what chose them.

    Args:
        panel: The past, in which nothing was done.
        pairs: How many pairs.
        weeks: Periods of the pilot.
        before: Periods before it.

    Returns:
        In logarithms, or ``None``.
    """
    half = len(panel.periods) // 2
    noise = past_changes(periods_between(panel, half, len(panel.periods)), weeks, min(before, weeks))
    if noise is None or half < FEWEST_SPANS:
        return None
    first, second = np.array(alike_pairs(periods_between(panel, 0, half), pairs)).T
    apart = noise.changes[:, first] - noise.changes[:, second]
    return float(np.sqrt((apart**2).mean()))  # their mean is 0, since it is drawn which of two is the first


def past_changes(panel: Panel, weeks: int, before: int) -> CityNoise | None:
    """The changes of all cities on spans of the past, or ``None`` where the past is too short for two spans.

    A span in which a city sold nothing counts as one with a hundredth of its usual sales.

    Args:
        panel: The past, in which nothing was done.
        weeks: Periods of the pilot.
        before: Periods before it.

    Returns:
        The changes, or ``None``.
    """
    last = len(panel.periods) - weeks
    starts = list(range(last, before - 1, -weeks))
    if len(starts) < FEWEST_SPANS:
        return None
    values, least = panel.values, panel.values.mean(axis=1) * STILL
    pilot = np.stack([np.maximum(values[:, s : s + weeks].mean(axis=1), least) for s in starts])
    base = np.stack([np.maximum(values[:, s - before : s].mean(axis=1), least) for s in starts])
    return CityNoise(np.log(pilot / base), weeks, before)


def lift_seen(
    sd: float, treated: int, control: int, *, pairs: bool = False, level: float = 0.95, power: float = 0.8
) -> float:
    """The smallest lift that a pilot sees with a given power, by the t distribution of the cities' changes.

    >>> [f"{lift_seen(0.03, 5, control):.2%}" for control in (5, 15, 45)]
    ['6.06%', '4.59%', '4.04%']

    Args:
        sd: Standard deviation of a city's change; of the difference within a pair where ``pairs``.
        treated: Treated cities.
        control: Cities that nothing is done in.
        pairs: Whether one city of each pair is treated.
        level: Confidence level.
        power: Wanted power.

    Returns:
        A lift in logarithms, which for small lifts is the lift; infinite with fewer than two degrees of freedom.
    """
    free = (treated if pairs else treated + control) - (1 if pairs else 2)
    if free < 1:
        return _NEVER
    t = float(stats.t.ppf(0.5 + level / 2, free) + stats.t.ppf(power, free))
    return t * standard_error(sd, treated, control, pairs=pairs)


def standard_error(sd: float, treated: int, control: int, *, pairs: bool = False) -> float:
    """Standard error of a pilot's lift.

    >>> round(standard_error(0.03, 5, 15), 4)
    0.0155

    Args:
        sd: As in `lift_seen`.
        treated: Treated cities.
        control: Other cities.
        pairs: Whether one city of each pair is treated.

    Returns:
        In logarithms, as the standard deviation.
    """
    return sd / math.sqrt(treated) if pairs else sd * math.sqrt(1 / treated + 1 / control)


def chance_above(lift: float, needed: float, se: float, free: int, level: float = 0.95) -> float:
    """Chance that the interval of a pilot lies wholly above a lift that is needed, if another lift is true.

    >>> round(chance_above(0.10, 0.0, 0.03, 18), 2), round(chance_above(0.05, 0.05, 0.03, 18), 3)
    (0.85, 0.025)

    Args:
        lift: The true lift.
        needed: The lift that is needed.
        se: Standard error of the pilot's lift, in logarithms.
        free: Degrees of freedom.
        level: Confidence level.

    Returns:
        0 to 1; 0 without degrees of freedom.
    """
    if free < 1 or lift <= -1 or needed <= -1:
        return 0.0
    apart = (math.log1p(lift) - math.log1p(needed)) / max(se, 1e-12)
    if abs(apart) > _CERTAIN:
        return float(apart > 0)
    return float(stats.nct.sf(stats.t.ppf(0.5 + level / 2, free), free, apart))


def planted_power(noise: CityNoise, pilots: Booleans, sets: Booleans, lift: float, alpha: float) -> float:
    """Share of made-up pilots on the past in which the design's own permutation test sees a planted lift.

    On each span of the past each set of cities is a pilot once; the lift is planted in it, and the test compares the
    difference of mean changes with that of all sets of the design.

    >>> rng = np.random.default_rng(1)
    >>> from crm_lab.stats.panel.assignments import complete
    >>> sets = complete(np.arange(6) < 3).masks
    >>> planted_power(CityNoise(rng.normal(0, 0.01, (4, 6)), 8, 16), sets, sets, 0.2, 0.10)
    1.0

    Args:
        noise: Changes on spans of the past.
        pilots: Sets of treated cities that are tried, shape (B, n).
        sets: The design's own sets, those tried among them, shape (A, n).
        lift: The planted lift.
        alpha: Level of the test.

    Returns:
        A share, 0 to 1.
    """
    weights = _weights(sets)
    apart, moved = noise.changes @ weights.T, math.log1p(lift) * (pilots @ weights.T)  # (S, A), (B, A)
    own = noise.changes @ _weights(pilots).T + math.log1p(lift)  # (S, B)
    seen = 0
    for row, mine in zip(apart, np.abs(own), strict=True):
        p = (np.abs(row + moved) >= mine[:, None] - _TIE).mean(axis=1)
        seen += int((p <= alpha + _TIE).sum())
    return seen / own.size


def _weights(sets: Booleans) -> Floats:
    """What makes of the cities' changes the mean of the treated less that of the others."""
    weights: Floats = sets / sets.sum(axis=1, keepdims=True) - ~sets / (~sets).sum(axis=1, keepdims=True)
    return weights
