"""Silences between purchases: the chance that one ends in time, from spells that may still be open.

A customer has many spells, so standard errors take the customer as the sampling unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_lab.arrays import Floats


@dataclass(frozen=True, slots=True)
class Spells:
    """Spells of silence between purchases, in whole days; the last one of a customer is open.

    >>> spells = spells_between(np.array([0, 0, 1]), np.array([0, 10, 5]), last_day=30)

    Attributes:
        unit: (n,) customer of each spell, 0 .. number of customers - 1.
        days: (n,) length, 1 or more for ended spells; open spells may have 0.
        ended: (n,) whether a purchase ended it (else it was still open when observation stopped).
    """

    unit: NDArray[np.int64]
    days: NDArray[np.int64]
    ended: NDArray[np.bool_]

    def hazard(self) -> tuple[Floats, Floats]:
        """Spells at risk on each day of silence and spells that ended on it, (longest + 1,) each.

        >>> at_risk, ended = spells.hazard()
        >>> int(at_risk[1]), int(ended[10])
        (3, 1)
        """
        size = int(self.days.max(initial=0)) + 1
        ends = np.bincount(self.days[self.ended], minlength=size).astype(float)
        at_risk = np.bincount(self.days, minlength=size)[::-1].cumsum()[::-1].astype(float)
        return at_risk, ends


def spells_between(unit: NDArray[np.int64], day: NDArray[np.int64], last_day: int) -> Spells:
    """Spells from each purchase day to the customer's next one, or to `last_day` where there is none.

    >>> spells_between(np.array([0, 0]), np.array([0, 10]), last_day=30).days.tolist()
    [10, 20]

    Args:
        unit: (n,) customer of each purchase day.
        day: (n,) the day; several purchases a day count once.
        last_day: Last day observed.

    Returns:
        One spell for each customer and purchase day.
    """
    key = np.unique(np.stack([unit, day]), axis=1) if len(unit) else np.empty((2, 0), dtype=np.int64)
    who, when = key[0], key[1]
    ended = np.zeros(len(who), dtype=bool)
    ended[:-1] = who[1:] == who[:-1]
    until = np.full(len(who), last_day, dtype=np.int64)
    until[:-1][ended[:-1]] = when[1:][ended[:-1]]
    return Spells(who.astype(np.int64), (until - when).astype(np.int64), ended)


@dataclass(frozen=True, slots=True)
class ReturnChance:
    """Chance that a silence of `silent` days ends within the next `horizon` days.

    >>> spells = spells_between(np.repeat(np.arange(5), 2), np.array([0, 3, 0, 9, 0, 20, 0, 15, 0, 6]), last_day=60)
    >>> chance = return_chance(spells, silent=5, horizon=10)

    Attributes:
        chance: 1 - S(silent + horizon) / S(silent), Kaplan-Meier.
        log_se: Standard error of log of the surviving part, customers as the sampling unit.
        at_risk: Spells that lasted at least `silent` days and were still observed.
        observed: Whether any spell was watched to the end of the horizon; without one there is no chance.
    """

    chance: float
    log_se: float
    at_risk: int
    observed: bool

    def interval(self, z: float = 1.959963984540054) -> tuple[float, float]:
        """Interval from log(-log) of the surviving part; (0, 1) where it is 0 or 1.

        >>> lo, hi = chance.interval()
        >>> lo <= chance.chance <= hi
        True

        Args:
            z: Normal quantile of the confidence level.

        Returns:
            Lower and upper end, between 0 and 1.
        """
        stay = 1 - self.chance
        if not 0 < stay < 1 or not np.isfinite(self.log_se):
            return (0.0, 1.0)
        center, half = np.log(-np.log(stay)), z * self.log_se / -np.log(stay)
        return float(1 - np.exp(-np.exp(center - half))), float(1 - np.exp(-np.exp(center + half)))


def return_chance(spells: Spells, silent: int, horizon: int) -> ReturnChance:
    """Probability that a customer silent for `silent` days returns within `horizon` days, clustered by customer.

    The influence of a spell on log S(silent + horizon) / S(silent) is the integral of its martingale residual
    over (at risk minus ended); summed by customer and squared (Ying & Wei 1994; Greenwood when each
    customer has one spell, up to rounding in N / (N - 1)).

    >>> spells = spells_between(np.repeat(np.arange(5), 2), np.array([0, 3, 0, 9, 0, 20, 0, 15, 0, 6]), last_day=60)
    >>> return_chance(spells, silent=5, horizon=10).at_risk
    9

    Args:
        spells: The silences.
        silent: Days of silence already passed.
        horizon: Days ahead.

    Returns:
        The probability with its standard error.
    """
    at_risk, ends = spells.hazard()
    days = np.arange(len(at_risk))
    inside = (days > silent) & (days <= silent + horizon) & (at_risk > 0)
    staying = np.where(inside, 1 - ends / np.maximum(at_risk, 1), 1.0)
    surviving = float(np.prod(staying))
    left = at_risk - ends
    safe = inside & (left > 0)
    pull = np.cumsum(np.where(safe, ends / np.maximum(at_risk * left, 1), 0.0))
    first, last = min(silent, len(days) - 1), min(silent + horizon, len(days) - 1)
    reached = np.clip(spells.days, first, last)
    influence = pull[reached] - pull[first]
    ended_inside = spells.ended & safe[spells.days]
    influence[ended_inside] -= 1 / left[spells.days[ended_inside]]
    variance = float((np.bincount(spells.unit, influence) ** 2).sum()) if len(spells.unit) else np.nan
    return ReturnChance(
        1 - surviving,
        float(np.sqrt(variance)) if surviving > 0 else float("nan"),
        int(at_risk[silent]) if silent < len(at_risk) else 0,
        len(at_risk) > silent + horizon,
    )
