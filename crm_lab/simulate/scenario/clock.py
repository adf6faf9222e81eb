"""The clock that purchases run on: faster in season and in promotions, slower outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from crm_lab.arrays import Floats
from crm_lab.simulate.scenario.scenario import Scenario


@dataclass(frozen=True)
class Clock:
    """Demand by day and its running total.

    Time is in days of the window and day d ends at time d: what happens at a time t belongs to day ceil(t). So
    somebody who buys first on day j and is watched to the end of day d is watched for d - j days exactly.

    Attributes:
        first: First day, counted from the window's first (0); negative before it.
        speed: Demand of each day (days,), 1 on average over the window without promotions.
        promotion: Number of the promotion running on each day (days,), -1 for none.
        elapsed: Total demand up to the beginning of each day, and to the end of the last (days + 1,).
    """

    first: int
    speed: Floats
    promotion: npt.NDArray[np.int64]
    elapsed: Floats

    @property
    def end(self) -> int:
        """The time at which the last day ends."""
        return self.first + self.speed.size - 1

    def demand_until(self, time: Floats) -> Floats:
        """Total demand up to a time in days (any shape)."""
        return np.interp(time, np.arange(self.first - 1, self.end + 1), self.elapsed)

    def time_of(self, demand: Floats) -> Floats:
        """The time in days at which a total of demand is reached: the inverse of `demand_until`."""
        return np.interp(demand, self.elapsed, np.arange(self.first - 1, self.end + 1))


def make_clock(scenario: Scenario, first: int) -> Clock:
    """The clock of a scenario from day `first` of the window to its end."""
    dates = [scenario.start + timedelta(days=d) for d in range(first, scenario.days)]
    months, weekdays = np.array(scenario.season.months), np.array(scenario.season.weekdays)
    month = np.array([d.month - 1 for d in dates])
    weekday = np.array([d.weekday() for d in dates])
    speed = months[month] * weekdays[weekday]
    speed = speed / speed[-scenario.days :].mean()
    promotion = _promotions(scenario, dates)
    lift = np.array([p.lift for p in scenario.promotions] + [0.0])  # the last, index -1, is no promotion
    speed = speed * (1 + lift[promotion])
    return Clock(first, speed, promotion, np.concatenate([[0.0], np.cumsum(speed)]))


def _promotions(scenario: Scenario, dates: list[date]) -> npt.NDArray[np.int64]:
    running = np.full(len(dates), -1)
    for number, promotion in enumerate(scenario.promotions):
        for i, day in enumerate(dates):
            began = day.replace(month=promotion.month, day=promotion.day)
            if began > day:
                began = began.replace(year=began.year - 1)
            if (day - began).days < promotion.days:
                running[i] = number
    return running


def month_starts(scenario: Scenario) -> npt.NDArray[np.int64]:
    """First days of months in the window (months,); the first is the window's first day."""
    days = [scenario.start + timedelta(days=d) for d in range(scenario.days)]
    return np.array([d for d, day in enumerate(days) if d == 0 or day.day == 1])
