"""Calendar effects: whether redemptions changed in a calendar month for points of every age, as a new rule does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Positions
from crm_lab.calendar import period_label
from crm_lab.checks import check_settings, not_inside, too_small
from crm_lab.loyalty.breakage.redemption_spread import RedemptionRates
from crm_lab.loyalty.breakage.redemption_triangle import RedemptionTriangle
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.intervals import z_value

_S = "breakage.calendar"
FEWEST = 8  # months without which a change among them cannot be told from chance
_ROUNDING = 1e-9  # of what was expected
_NEAR = 0.8  # of the largest score
_AFTER = 2  # months that must lie after a change


@dataclass(frozen=True, kw_only=True)
class CalendarEffect:
    """Test whether redemptions stepped up or down at some calendar month.

    >>> rng = np.random.default_rng(3)
    >>> issued = np.full(24, 10_000.0)
    >>> rate = 0.08 * 0.85 ** np.arange(24)
    >>> month = np.add.outer(np.arange(24), np.arange(24))
    >>> redeemed = rng.poisson(issued[:, None] * rate * np.where(month >= 15, 1.4, 1.0)) * (month < 24) * 1.0
    >>> found = CalendarEffect().analyze(RedemptionTriangle(first=648, issued=issued, redeemed=redeemed))
    >>> found.changed, found.month, round(found.ratio, 1)
    (True, '2025-04', 1.4)

    Attributes:
        alpha: Level of the test.
        permutations: Of the months.
        seed: Of the permutations.
    """

    alpha: float = 0.05
    permutations: int = 999
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "alpha"), too_small(self, permutations=99))

    def analyze(self, triangle: RedemptionTriangle) -> CalendarEffectResult:
        """Test a triangle.

        >>> CalendarEffect(alpha=0.01).analyze(RedemptionTriangle(648, issued, redeemed)).changed
        True

        Args:
            triangle: Points by month of issue and age.

        Returns:
            The test, with each month's deviation.
        """
        return CalendarEffectResult(self, triangle, *_steps(triangle))


def _steps(triangle: RedemptionTriangle) -> tuple[Floats, Floats, Floats, Floats]:
    """Deviations and expected points by calendar month; what a step at each month adds up to, and its information."""
    read, calendar = RedemptionRates(triangle), triangle.calendar[:, : triangle.ages]
    expected = np.where(read.used, triangle.issued[:, None] * np.nan_to_num(read.rates), 0.0)
    off = np.where(read.used, triangle.redeemed[:, : triangle.ages], 0.0) - expected
    months, by_age = np.arange(triangle.n), np.maximum(expected.sum(axis=0), 1e-300)
    size = np.array([expected[calendar == t].sum() for t in months])
    deviation = np.array([off[calendar == t].sum() for t in months])
    adds, information = np.zeros((triangle.n, triangle.n)), np.zeros(triangle.n)
    for step in months:
        later = calendar >= step
        centred = (later - (expected * later).sum(axis=0) / by_age) * read.used
        adds[step] = [(expected * centred)[calendar == t].sum() for t in months]
        information[step] = (expected * centred**2).sum()
    return deviation, size, adds, information


@dataclass(frozen=True, eq=False)
class CalendarEffectResult(Result):
    """Whether redemptions stepped up or down at a calendar month.

    The largest score of a step, over all months at which one may lie, is held against its distribution when the
    months' deviations, in units of the square root of what was expected of them, are put in any order.

    >>> rng = np.random.default_rng(3)
    >>> issued = np.full(24, 10_000.0)
    >>> rate = 0.08 * 0.85 ** np.arange(24)
    >>> month = np.add.outer(np.arange(24), np.arange(24))
    >>> redeemed = rng.poisson(issued[:, None] * rate * np.where(month >= 15, 1.4, 1.0)) * (month < 24) * 1.0
    >>> found = CalendarEffect().analyze(RedemptionTriangle(first=648, issued=issued, redeemed=redeemed))

    Attributes:
        spec: Level and permutations.
        triangle: Points by month of issue and age.
        deviation: Points redeemed in each calendar month less those expected of it, shape (n,).
        expected: Points expected of each calendar month, shape (n,).
        adds: What each month's deviation adds to the score of a step at a month, by unit expected, shape (n, n).
        information: Of a step at each month, shape (n,).
    """

    spec: CalendarEffect
    triangle: RedemptionTriangle
    deviation: Floats
    expected: Floats
    adds: Floats
    information: Floats

    name: ClassVar[str] = "calendar_effect"
    formats: ClassVar[Mapping[str, str]] = {"redeemed": ",.0f", "expected": ",.0f", "deviation": "+.1%"}

    @cached_property
    def _months(self) -> Positions:
        """Months whose deviations are exchanged: the first few hold too few points."""
        first = max(2, self.triangle.n // 8)
        return np.flatnonzero((self.expected > 0) & (np.arange(self.triangle.n) >= first))

    @cached_property
    def _candidates(self) -> Positions:
        """Months at which a step may lie."""
        months = np.arange(max(4, self.triangle.n // 8 + 2), self.triangle.n - _AFTER)
        return months[self.information[months] > 0]

    @cached_property
    def _units(self) -> Floats:
        """Deviation of each month in units of the square root of what was expected; rounding of floats is none."""
        off, size = self.deviation[self._months], self.expected[self._months]
        return np.asarray(np.where(np.abs(off) > _ROUNDING * size, off, 0.0) / np.sqrt(size))

    @cached_property
    def _weights(self) -> Floats:
        months = self._months
        found: Floats = self.adds[np.ix_(self._candidates, months)] / np.sqrt(self.expected[months])
        return found

    @cached_property
    def _orders(self) -> Floats:
        """Deviations in drawn orders, shape (months, permutations)."""
        rng = np.random.default_rng(self.spec.seed)
        order = rng.permuted(np.tile(np.arange(len(self._months)), (self.spec.permutations, 1)), axis=1)
        return np.asarray(self._units[order].T)

    def _largest(self, units: Floats) -> Floats:
        """Largest score of a step, for months' deviations in columns."""
        score: Floats = (self._weights @ units) ** 2 / self.information[self._candidates][:, None]
        return np.asarray(score.max(axis=0))

    def refusal(self) -> Message | None:
        """Why no change can be told: too few months, or no redemptions.

        >>> found.refusal() is None
        True
        """
        if len(self._months) < FEWEST or not len(self._candidates):
            return Message(f"{_S}.refused", {"months": self.triangle.n, "least": FEWEST + max(2, self.triangle.n // 8)})
        return None

    @cached_property
    def pvalue(self) -> float:
        """Chance of as large a step without any.

        >>> found.pvalue
        0.001
        """
        if self.refusal() is not None:
            return math.nan
        drawn, seen = self._largest(self._orders), self._largest(self._units[:, None])[0]
        return float((1 + (drawn >= seen * (1 - 1e-9)).sum()) / (1 + self.spec.permutations))

    @property
    def changed(self) -> bool:
        """Whether a change is shown at the level of the test.

        >>> found.changed
        True
        """
        return self.pvalue <= self.spec.alpha

    @property
    def at(self) -> int:
        """Month of the largest step, counted from the triangle's first.

        >>> found.at
        15
        """
        score = (self._weights @ self._units) ** 2 / self.information[self._candidates]
        return int(self._candidates[int(np.argmax(score))])

    @property
    def plausible(self) -> tuple[int, ...]:
        """Months at which the step may lie: those whose score is near the largest.

        >>> found.at in found.plausible
        True
        """
        score = (self._weights @ self._units) ** 2 / self.information[self._candidates]
        return tuple(int(month) for month in self._candidates[score >= _NEAR * score.max()])

    @property
    def month(self) -> str:
        """Month of the largest step.

        >>> found.month
        '2025-04'
        """
        return period_label(self.triangle.first + self.at, "month")

    @property
    def ratio(self) -> float:
        """Redemptions from that month on, by those before, at like ages (maximum likelihood).

        >>> round(found.ratio, 2)
        1.4
        """
        triangle, read = self.triangle, RedemptionRates(self.triangle)
        cells = np.where(read.used, triangle.redeemed[:, : triangle.ages], 0.0)
        later = (triangle.calendar[:, : triangle.ages] >= self.at) & read.used
        size = triangle.issued[:, None] * read.used
        theta = 1.0
        for _ in range(200):
            scaled = size * np.where(later, theta, 1.0)
            down = scaled.sum(axis=0)
            rates = np.divide(cells.sum(axis=0), down, out=np.zeros(len(down)), where=down > 0)
            fitted = float((size * rates)[later].sum())
            new = float(cells[later].sum()) / fitted if fitted > 0 else math.nan
            if not abs(new - theta) > 1e-9:
                break
            theta = new
        return theta

    def power(self, ratio: float) -> float:
        """Chance that the test would show a step half-way through, by so much, in a programme as unsteady as this.

        >>> found.power(3.0) > 0.9
        True

        Args:
            ratio: Redemptions after the step by those before.

        Returns:
            A share (0-1); NaN where nothing can be told.
        """
        if self.refusal() is not None:
            return math.nan
        step = (self._months >= self.triangle.n // 2) * (ratio - 1) * np.sqrt(self.expected[self._months])
        bar = np.quantile(self._largest(self._orders), 1 - self.spec.alpha)
        if self.changed:  # what changed already is no unsteadiness
            shift = (self._months >= self.at) * 1.0
            mine = np.sqrt(self.expected[self._months])
            calm = self._units - mine * (shift - np.average(shift, weights=mine**2)) * (self.ratio - 1)
            order = np.random.default_rng(self.spec.seed).permuted(
                np.tile(np.arange(len(calm)), (self.spec.permutations, 1)), axis=1
            )
            orders = calm[order].T
            bar = np.quantile(self._largest(orders), 1 - self.spec.alpha)
        else:
            orders = self._orders
        return float((self._largest(orders + step[:, None]) > bar).mean())

    def to_frame(self) -> pd.DataFrame:
        """Points redeemed in each calendar month beside those expected of it.

        >>> list(found.to_frame())
        ['month', 'redeemed', 'expected', 'deviation']

        Returns:
            One row per month.
        """
        share = np.divide(
            self.deviation, self.expected, out=np.full(len(self.expected), np.nan), where=self.expected > 0
        )
        return pd.DataFrame({
            "month": self.triangle.months, "redeemed": self.expected + self.deviation, "expected": self.expected,
            "deviation": share,
        })  # fmt: skip

    def readout(self) -> Readout:
        """Whether redemptions changed, how sure that is, and what follows.

        >>> print(found.readout().finding)
        Redemptions of points of every age changed in 2025-04: they are 1.40 times what they were before (p = 0.001).
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, f"{_S}.certainty_refused", f"{_S}.action_refused")
        values = {
            "month": self.month, "ratio": self.ratio, "p": self.pvalue, "alpha": self.spec.alpha,
            "more": self.power(1.5), "less": self.power(1 / 1.5), "months": self.triangle.n,
        }  # fmt: skip
        which = "changed" if self.changed else "steady"
        return Readout.of(_S, values, f"finding_{which}", "certainty", f"action_{which}")

    def facts(self) -> tuple[Fact, ...]:
        """The p value, and the step.

        >>> [fact.id for fact in found.facts()]
        ['breakage.calendar.p', 'breakage.calendar.ratio']
        """
        refused, n = self.refusal(), self.triangle.n
        if refused is not None:
            return (Fact("breakage.calendar.p", f"{_S}.fact_p", None, kind="estimate", n=n, refusal=refused),)
        values = {"month": self.month}
        return (
            Fact("breakage.calendar.p", f"{_S}.fact_p", self.pvalue, kind="estimate", n=n, definition=f"{_S}.by"),
            Fact("breakage.calendar.ratio", Message(f"{_S}.fact_ratio", values), self.ratio, kind="estimate", n=n),
        )


@dataclass(frozen=True)
class DiagonalTest:
    """Mack's test of calendar effects in a chain ladder: large and small factors of each diagonal.

    >>> cells = np.where(np.add.outer(np.arange(6), np.arange(6)) < 6, np.random.default_rng(1).gamma(9, 9, (6, 6)), 0)
    >>> test = diagonal_test(np.cumsum(cells, axis=1))
    >>> test.statistic, round(test.expected, 3)
    (3.0, 2.75)

    Attributes:
        statistic: Sum over the diagonals of the smaller of both counts.
        expected: Its mean without calendar effects.
        variance: Its variance without them.
        level: Confidence level of the range.

    Source:
        Mack (1994), Measuring the variability of chain ladder reserve estimates, appendix H.
    """

    statistic: float
    expected: float
    variance: float
    level: float = 0.95

    @property
    def changed(self) -> bool:
        """Whether the statistic lies outside the range that it has without calendar effects.

        >>> test.changed
        False
        """
        return abs(self.statistic - self.expected) > z_value(self.level) * math.sqrt(self.variance)


def diagonal_test(cumulative: Floats, level: float = 0.95) -> DiagonalTest:
    """Mack's test of calendar effects.

    Args:
        cumulative: Cumulative amounts, shape (n, n); cells not yet seen are not read.
        level: Confidence level of the range.

    Returns:
        The test.
    """
    n = len(cumulative)
    counts = np.zeros((n, 2), dtype=int)
    for age in range(n - 1):
        rows = np.arange(n - 1 - age)
        factor = cumulative[rows, age + 1] / cumulative[rows, age]
        side = np.sign(factor - np.median(factor))
        for i in rows:
            if side[i]:
                counts[i + age, int(side[i] > 0)] += 1
    total = np.zeros(3)
    for few, many in counts:
        z, m = few + many, (few + many - 1) // 2
        if z > 1:
            ways = math.comb(z - 1, m) * z / 2**z
            mean = z / 2 - ways
            total += min(few, many), mean, z * (z - 1) / 4 - ways * (z - 1) + mean - mean**2
    return DiagonalTest(float(total[0]), float(total[1]), float(total[2]), level)
