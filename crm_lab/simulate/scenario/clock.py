"""The clock that purchases run on: faster in season and in promotions, slower outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
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
        local: The same in each city (cities, days + 1); none where all cities move alike.
    """

    first: int
    speed: Floats
    promotion: npt.NDArray[np.int64]
    elapsed: Floats
    local: Floats | None = None

    @property
    def end(self) -> int:
        """The time at which the last day ends."""
        return self.first + self.speed.size - 1

    @property
    def _days(self) -> Integers:
        return np.arange(self.first - 1, self.end + 1)

    def demand_until(self, time: Floats, city: Integers | None = None) -> Floats:
        """Total demand up to a time in days (any shape), in a city each where cities differ."""
        return self._read(time, city, lambda at, elapsed: np.interp(at, self._days, elapsed))

    def time_of(self, demand: Floats, city: Integers | None = None) -> Floats:
        """The time in days at which a total of demand is reached: the inverse of `demand_until`."""
        return self._read(demand, city, lambda at, elapsed: np.interp(at, elapsed, self._days))

    def demand_at_end(self, city: Integers | None = None) -> Floats:
        """Total demand up to the end (), in a city each (any shape) where cities differ."""
        total: Floats = np.asarray(self.elapsed[-1] if self.local is None or city is None else self.local[city, -1])
        return total

    def _read(self, at: Floats, city: Integers | None, read: Callable[[Floats, Floats], Floats]) -> Floats:
        if self.local is None or city is None:
            return read(at, self.elapsed)
        out = np.empty(at.shape)
        for number, elapsed in enumerate(self.local):
            here = city == number
            out[here] = read(at[here], elapsed)
        return out


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


def with_city_shocks(clock: Clock, scenario: Scenario, rng: Generator) -> Clock:
    """The clock with a time of its own for each city: log deviations follow AR(1) from week to week, 0 on average."""
    given = scenario.city_shocks
    week = (np.arange(clock.first, scenario.days) + scenario.start.weekday()) // 7  # Monday to Sunday
    week -= week[0]
    level = rng.normal(0, given.level_sd, len(scenario.stores.cities))
    news = rng.normal(0, given.sd, (week[-1] + 1, level.size))
    deviation = np.empty_like(news)
    deviation[0] = news[0]
    for now in range(1, len(news)):
        deviation[now] = given.persistence * deviation[now - 1] + np.sqrt(1 - given.persistence**2) * news[now]
    means = (given.sd**2 + given.level_sd**2) / 2  # of the logs, so that demand is 1 on average
    speed = clock.speed * np.exp(deviation + level - means)[week].T
    return replace(clock, local=np.concatenate([np.zeros((len(speed), 1)), speed.cumsum(axis=1)], axis=1))


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
