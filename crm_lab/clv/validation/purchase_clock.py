"""The season of a shop as a clock: a month in which twice as much is bought lasts twice as long.

Only the purchase clock is warped. Under the geometric models customers leave after purchases, so nothing else depends
on time; Pareto/NBD, whose customers leave by the calendar, is fitted on the calendar and only its forecast is weighted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.data.kernels.purchases import UNIT_DAYS

MONTHS = 12
_YEAR = 365.25
_NOTHING = 0.01  # a month so little off an average one is none
_LEAST = 2 * 365  # days of records below which a month has not been seen twice


@dataclass(frozen=True, eq=False)
class PurchaseClock:
    """How fast the purchase clock runs in each month, 1 on average over a year.

    >>> clock = PurchaseClock(np.ones(12))
    >>> clock.between(np.array([19_000]), np.array([19_007])).tolist()
    [7.0]

    Attributes:
        speed: Of January to December, shape (12,).
        reason: Why there is no season in it, as the rest of a message's key; empty where there is one.
        gain: By how much the index of earlier years explains the last year's months better than none, as a share of
            their Poisson deviance; NaN where that could not be tried.
    """

    speed: Floats
    reason: str = ""
    gain: float = float("nan")

    @property
    def flat(self) -> bool:
        """Whether it is the calendar itself.

        >>> PurchaseClock(np.ones(12)).flat
        True
        """
        return bool((self.speed == 1).all())

    def between(self, first: Integers, last: Integers) -> Floats:
        """Days on the clock from one day to another, both day numbers since 1970, shape (n,)."""
        if self.flat or not np.size(first):
            return (np.asarray(last) - np.asarray(first)).astype(float)
        low, high = (int(pick(np.concatenate([np.ravel(first), np.ravel(last)]))) for pick in (np.min, np.max))
        upto = np.concatenate([[0.0], np.cumsum(self.speed[_month(np.arange(low + 1, high + 1))])])
        days: Floats = upto[np.asarray(last) - low] - upto[np.asarray(first) - low]
        return days


FLAT = PurchaseClock(np.ones(MONTHS))
"""The calendar itself."""


def _month(day: Integers) -> Integers:
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % MONTHS


def purchase_clock(days: pd.DataFrame, fit: PurchaseFit, end: int) -> PurchaseClock:
    """Learn the clock from repeat purchases by month over what the model expects of customers so old.

    Each whole year back from `end` is brought to its own level first, so that growth or a change of the base is no
    season. Months are shrunk towards 1 by what chance and disagreement of the years explain. The season is used only if
    the index of the earlier years, so shrunk, explains the last year's months better than none does.

    Args:
        days: What `purchase_days` returns, up to `end`.
        fit: A purchase model fitted to it on the calendar.
        end: Last day, as a number of days since 1970-01-01.

    Returns:
        The clock; flat, with the reason, where records are shorter than two years or the years do not agree.
    """
    first = int(days["day"].min())
    flat = np.ones(MONTHS)
    years = int((end - first + 1) // _YEAR) if end - first + 1 >= _LEAST else 0
    if years < 2 and end - first + 1 < _LEAST:
        return PurchaseClock(flat, "short")
    bought, expected = _by_month(days, fit, first, end, max(years, 2))
    earlier = _shrunk(bought[1:], expected[1:])
    gain = _gain(bought[0], expected[0], earlier)
    speed = _shrunk(bought, expected)
    if not gain > 0 or np.abs(np.log(speed)).max() < _NOTHING:
        return PurchaseClock(flat, "none", gain)
    return PurchaseClock(speed, "", gain)


def _by_month(days: pd.DataFrame, fit: PurchaseFit, first: int, end: int, years: int) -> tuple[Floats, Floats]:
    """Repeat purchases and what the model expects of them by year back from `end` and month, shape (years, 12)."""
    day = days["day"].to_numpy()
    new = ~days["customer_id"].duplicated().to_numpy()
    span = end - first + 1
    joined = np.bincount(day[new] - first, minlength=span).astype(float)
    came = np.bincount(day[~new] - first, minlength=span).astype(float)
    upto = fit.expected_purchases(np.arange(span) / UNIT_DAYS[fit.model.unit])
    hoped = np.convolve(joined, np.diff(upto, prepend=0.0))[:span]
    date = np.arange(first, end + 1)
    year, month = ((end - date) // _YEAR).astype(int), _month(date)
    inside = year < years
    place = (year * MONTHS + month)[inside]
    table = [np.bincount(place, v[inside], minlength=years * MONTHS).reshape(years, MONTHS) for v in (came, hoped)]
    return table[0].astype(np.float64), table[1].astype(np.float64)


def _levelled(bought: Floats, expected: Floats) -> Floats:
    """Expected of each month with each year at its own level."""
    level = bought.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-9)
    levelled: Floats = np.maximum(expected * level[:, None], 1e-9)
    return levelled


def _shrunk(bought: Floats, expected: Floats) -> Floats:
    """Index by month, drawn towards 1, its mean over a year 1."""
    level = _levelled(bought, expected)
    index = np.log((bought.sum(axis=0) + 0.5) / (level.sum(axis=0) + 0.5))
    noise = 1 / np.maximum(bought.sum(axis=0), 1.0)
    if len(bought) > 1:
        apart = np.log((bought + 0.5) / (level + 0.5)) - index
        noise = np.maximum(noise, (apart**2).mean() / (len(bought) - 1))
    signal = max(float(np.var(index) - noise.mean()), 0.0)
    speed: Floats = np.exp(index * signal / (signal + noise))
    scaled: Floats = speed / speed.mean()
    return scaled


def _gain(bought: Floats, expected: Floats, index: Floats) -> float:
    """Poisson deviance of one year's months that an index takes away, as a share."""
    flat = _levelled(bought[None], expected[None])[0]
    seasonal = flat * index
    seasonal = seasonal * bought.sum() / seasonal.sum()

    def deviance(mean: Floats) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(2 * np.where(bought > 0, bought * np.log(bought / mean), 0.0).sum())

    none = deviance(flat)
    return 1 - deviance(seasonal) / none if none > 0 else 0.0
