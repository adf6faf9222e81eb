"""Whether a fact's newest value is one of its usual ones: limits from its past, wide enough for many facts at once.

The next value is forecast from past ones by exponential smoothing, between their mean and the last of them and with
or without a trend, whichever forecast the past best; what it missed by then is the scale, never less than the fact's
own standard error. All facts of a run share one chance of a false alarm, so the more there are, the wider the limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import chdtri, ndtri, stdtrit

from crm_lab.arrays import Floats

FEWEST: Final = 8  # past values from which limits are drawn
ALARMS_PER_YEAR: Final = 0.5
RUNS_PER_YEAR: Final = 52
_WEIGHTS: Final = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])  # 0: the mean of all; 1: the last one
_WARM_UP: Final = 3
_BEYOND: Final = 1.3  # times the largest earlier miss
_LEAST_SHARE: Final = 0.0025  # of the size of values
_CONTRADICTED: Final = 1e-4  # chance of so large misses, below which a standard error is not believed
_HALF: Final = 2  # a standard error from the two ends of an interval


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which values the next one is a usual one.

    Attributes:
        lo: Lower limit.
        hi: Upper limit.
        expected: The forecast.
        scale: Standard deviation of what forecasts missed.
        n: Past values.
    """

    lo: float
    hi: float
    expected: float
    scale: float
    n: int

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.lo <= value <= self.hi

    def distance(self, value: float) -> float:
        """How many scales a value lies from the forecast."""
        return abs(value - self.expected) / self.scale if self.scale else (0.0 if value == self.expected else np.inf)


def standard_error(lo: float | None, hi: float | None, level: float | None) -> float:
    """The standard error of which a normal interval has these ends; 0 where there is none.

    >>> round(standard_error(-1.96, 1.96, 0.95), 3)
    1.0
    """
    if lo is None or hi is None:
        return 0.0
    return float((lo - hi) / (_HALF * ndtri((1 - (level or 0.95)) / 2)))


def chance_of_alarm(facts: int) -> float:
    """The chance of a false alarm that one fact has in one run, of all the facts that are looked at.

    >>> chance_of_alarm(300) * 300 * 52
    0.5
    """
    return ALARMS_PER_YEAR / (RUNS_PER_YEAR * max(facts, 1))


def control_limits(
    past: Sequence[float], facts: int, error: float = 0.0, earlier: Sequence[float] = ()
) -> Limits | None:
    """Limits of the next value; ``None`` where the past does not bear them.

    >>> weekly = [10.0, 10.2, 9.9, 10.1, 9.8, 10.0, 10.1, 9.9, 10.2, 10.0]
    >>> limits = control_limits(weekly, facts=20)
    >>> limits.holds(10.3), limits.holds(7.0)
    (True, False)

    Args:
        past: Values since the last unusual one, oldest first; none is missing.
        facts: How many facts are looked at together.
        error: Standard error of one value; 0 where it has none.
        earlier: Values before the last unusual one: they tell how much a value varies, no longer where it lies.

    Returns:
        The limits, or ``None`` for fewer than eight values without a standard error.
    """
    values = np.asarray(past, dtype=float)
    chance, wider = chance_of_alarm(facts) / 2, float(np.sqrt(1 + 1 / max(len(values), 1)))
    if len(values) >= FEWEST:
        expected, missed = _forecast(values)
        if not _is_borne(missed, error * wider):
            return _by_misses(values, expected, missed, chance)
        centres = (expected, expected)
    elif len(values) and error:  # too few to tell a trend: near the mean or near the last one is usual
        expected = float(values[-1])
        centres = (min(expected, float(values.mean())), max(expected, float(values.mean())))
    elif len(values) and len(earlier) >= FEWEST:
        missed = _forecast(np.asarray(earlier, dtype=float))[1]
        return _by_misses(values, float(values[-1]), missed * wider, chance)
    else:
        return None
    reach = -float(ndtri(chance)) * error * wider
    return Limits(centres[0] - reach, centres[1] + reach, expected, error * wider, len(values))


def _is_borne(missed: Floats, error: float) -> bool:
    """Whether forecasts missed no more than a standard error explains; it is the scale then."""
    if not error:
        return False
    degrees = len(missed) - 1
    return bool((missed**2).sum() / error**2 <= chdtri(degrees, _CONTRADICTED))


def _by_misses(values: Floats, expected: float, missed: Floats, chance: float) -> Limits:
    """Limits of a fact whose own past is the only measure, or varies more than its standard error says."""
    degrees = len(missed) - 1
    spread = float(np.sqrt((missed**2).sum() / degrees))
    scale = max(spread, _resolution(values))
    reach = max(
        -float(ndtri(chance)) * scale, -float(stdtrit(degrees, chance)) * spread, _BEYOND * float(np.abs(missed).max())
    )
    return Limits(expected - reach, expected + reach, expected, scale, len(values))


def _forecast(values: Floats) -> tuple[float, Floats]:
    """The next value by the smoothing that did best so far, and by how much that one missed each earlier one."""
    steps = np.diff(values)
    found: list[tuple[float, float, Floats]] = []
    for trend in (0.0, float(steps.mean())):
        level = values - trend * np.arange(len(values))
        for weight in _WEIGHTS:
            ahead = _one_step(level, float(weight))
            missed = level[_WARM_UP:] - ahead[_WARM_UP:-1]
            found.append((float((missed**2).sum()), float(ahead[-1] + trend * len(values)), missed))
    _, expected, missed = min(found, key=lambda one: one[0])
    return expected, missed


def _one_step(level: Floats, weight: float) -> Floats:
    """Forecasts of each value from those before it, and of the next; with weight 0 the mean of those before."""
    count = np.arange(1, len(level) + 1)
    if weight == 0:
        return np.concatenate([level[:1], np.cumsum(level) / count])
    smooth = np.empty(len(level) + 1)
    smooth[:2] = level[0]
    for place in range(1, len(level)):
        smooth[place + 1] = smooth[place] + weight * (level[place] - smooth[place])
    return smooth


def _resolution(values: Floats) -> float:
    """The step by which the values move: 1 for whole numbers, else the smallest seen, and at least .25 % of their size.

    What never moved before, such as a median, moves by a step one day; that alone is no news.
    """
    least = _LEAST_SHARE * float(np.abs(values).max())
    if (values == np.round(values)).all():
        return max(least, 1.0)
    steps = np.diff(np.unique(values))
    return max(least, float(steps.min())) if len(steps) else least
