"""Permutation of arms in equal tails, with the interval that the test itself gives by shifting the treated arm."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crm_lab.arrays import Floats

Statistic = Literal["raw", "studentised"]
DRAWS = 1999
_MOST_EXACT = 5_000  # splits that are listed one by one rather than drawn
_STEPS = 100  # at most, of the search for a shift
_NEAR = 1e-10  # of a standard error: a shift that is as good as found


@dataclass(frozen=True)
class Splits:
    """The smaller arm of each redrawn split, the test's own split left out.

    Attributes:
        small: Positions of its units, shape (R, m).
        own: The test's own smaller arm, shape (n,).
        treated: Whether that is the treated one.
    """

    small: NDArray[np.int64]
    own: NDArray[np.bool_]
    treated: bool

    @cached_property
    def same(self) -> NDArray[np.bool_]:
        """Which units of each redrawn smaller arm are in the test's own, shape (R, m)."""
        return self.own[self.small]

    @property
    def least(self) -> float:
        """The smallest two-sided p value that these splits can give."""
        return 2 / (len(self.small) + 1)


def splits_of(treated: NDArray[np.bool_], draws: int = DRAWS, seed: int = 0) -> Splits:
    """Splits into arms of the same sizes: all others where they are few, else random ones.

    >>> splits_of(np.array([True] * 3 + [False] * 3)).least
    0.1

    Args:
        treated: Which units are treated, shape (n,).
        draws: How many splits are drawn.
        seed: Of the draws.

    Returns:
        The splits.
    """
    few = 2 * treated.sum() <= len(treated)
    own = treated if few else ~treated
    n, m = len(own), int(own.sum())
    if math.comb(n, m) <= _MOST_EXACT:
        ours = tuple(np.flatnonzero(own))
        return Splits(np.array([s for s in combinations(range(n), m) if s != ours], dtype=np.int64), own, few)
    return Splits(_drawn(n, m, draws, seed), own, few)


@lru_cache(maxsize=2)
def _drawn(n: int, m: int, draws: int, seed: int) -> NDArray[np.int64]:
    """Random sets of m of n units, the same for the same numbers."""
    rng = np.random.default_rng(seed)
    found = np.array([rng.choice(n, m, replace=False, shuffle=False) for _ in range(draws)], dtype=np.int64)
    found.flags.writeable = False
    return found


@dataclass(frozen=True, slots=True)
class Shifts:
    """What each redrawn split says of the effect.

    Attributes:
        effect: The effect.
        at: Shape (R,). The effect that, taken off the treated arm, makes a redrawn split as extreme as the test itself;
            smaller effects are less extreme than it, larger ones more. Their distribution is that of the effect's
            confidence.
        allowance: The two-sided p value is multiplied by it, and the interval is wider for it.
    """

    effect: float
    at: Floats
    allowance: float = 1.0

    @property
    def pvalue(self) -> float:
        """Two-sided p value of no effect, equal tails; the test's own split counts."""
        return min(1.0, 2 * self.allowance * min(self.share_above(0.0), self.share_below(0.0)))

    def share_below(self, effect: float) -> float:
        """One-sided p value of an effect of this size or less."""
        return float((1 + (self.at <= effect).sum()) / (len(self.at) + 1))

    def share_above(self, effect: float) -> float:
        """One-sided p value of an effect of this size or more."""
        return float((1 + (self.at >= effect).sum()) / (len(self.at) + 1))

    def probability_above(self, effect: float) -> float:
        """Probability that the effect is above this size: one less its one-sided p value, the allowance in both.

        >>> Shifts(1.0, np.linspace(-1, 3, 99), allowance=1.2).probability_above(-0.5) < 1 - 13 / 100
        True
        """
        below, above = (min(0.5, self.allowance * p) for p in (self.share_below(effect), self.share_above(effect)))
        return 1 - below if below < above else above

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Effects that the test does not reject; without ends where there are too few splits for the level.

        Returns:
            The lower and the upper end.
        """
        place = math.floor((1 - level) / 2 / self.allowance * (len(self.at) + 1) + 1e-9)
        if place < 1:
            return -math.inf, math.inf
        ordered = np.partition(self.at, [place - 1, len(self.at) - place])
        return float(ordered[place - 1]), float(ordered[-place])


def shifts(
    values: Floats, splits: Splits, weights: Floats | None = None, statistic: Statistic = "studentised"
) -> Shifts:
    """The permutation test of two arms' means, inverted over shifts of the treated arm.

    >>> rng = np.random.default_rng(1)
    >>> treated = np.arange(60) < 30
    >>> found = shifts(rng.lognormal(0, 1, 60) + 2 * treated, splits_of(treated))
    >>> found.pvalue < 0.05, [round(end, 1) for end in found.interval()]
    (True, [1.0, 2.4])

    Args:
        values: One value a unit, shape (n,); with weights, totals that the weights divide.
        splits: The redrawn splits.
        weights: Shape (n,): units of each cluster where clusters were split, or the denominator of a ratio.
        statistic: ``studentised``, the difference over its standard error; ``raw``, the difference itself.

    Returns:
        The effect, treated less control, and the shift at which each split is as extreme as the test.

    Source:
        Lehmann & Romano (2005), Testing Statistical Hypotheses, 5.10-5.12; Chung & Romano (2013) for the studentised.
    """
    sides = _Sides.of(np.asarray(values, dtype=float), weights, splits)
    at = sides.raw() if statistic == "raw" else sides.studentised()
    return Shifts(sides.effect, at) if splits.treated else Shifts(-sides.effect, -at)


@dataclass(frozen=True, slots=True)
class _Sides:
    """Sums of both sides of each split: of y, w, y², yw, w², and of w and w² and yw in the test's own smaller arm."""

    small: Floats
    rest: Floats
    sizes: tuple[int, int]
    own: Floats
    own_rest: Floats

    @classmethod
    def of(cls, y: Floats, weights: Floats | None, splits: Splits) -> _Sides:
        w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
        t = splits.own * w
        columns = np.array([y, w, y * y, y * w, w * w, t, t * w, y * t])
        whole, own = columns.sum(axis=1)[:, None], columns[:, splits.own].sum(axis=1)[:, None]
        small = _plain_sums(y, splits) if weights is None else np.array([c[splits.small].sum(axis=1) for c in columns])
        m = splits.small.shape[1]
        return cls(small, whole - small, (m, len(y) - m), own, whole - own)

    @property
    def effect(self) -> float:
        return float((self.own[0] / self.own[1] - self.own_rest[0] / self.own_rest[1])[0])

    def _gap(self) -> tuple[Floats, Floats]:
        """The difference of each split, and how much of a shift of the test's own arm it takes over."""
        gap: Floats = self.small[0] / self.small[1] - self.rest[0] / self.rest[1]
        moved: Floats = self.small[5] / self.small[1] - self.rest[5] / self.rest[1]
        return gap, moved

    def own_z(self) -> float:
        """The test's own difference over its standard error; 0 where nothing varies."""
        own = _variance(self.own, self.sizes[0], 0) + _variance(self.own_rest, self.sizes[1], 0)
        return self.effect / math.sqrt(float(own[0])) if own[0] > 0 else 0.0

    def split_z(self) -> Floats:
        """The same of each split."""
        gap, _ = self._gap()
        se = np.sqrt(_variance(self.small, self.sizes[0], 0) + _variance(self.rest, self.sizes[1], 0))
        return np.divide(gap, se, out=np.zeros_like(gap), where=se > 0)

    def raw(self) -> Floats:
        """Closed form: the shift that makes the difference of a split that of the test."""
        gap, moved = self._gap()
        at: Floats = (self.effect - gap) / np.maximum(1 - moved, 1e-12)
        return at

    def studentised(self) -> Floats:
        """The same of the difference over its standard error, by halving."""
        gap, moved = self._gap()
        own_se = math.sqrt(
            float((_variance(self.own, self.sizes[0], 0) + _variance(self.own_rest, self.sizes[1], 0))[0])
        )
        reach = 40 * own_se + abs(self.effect)

        def ahead(shift: Floats) -> Floats:
            """By how much a split is more extreme than the test with this shift taken off."""
            var = _variance(self.small, self.sizes[0], shift) + _variance(self.rest, self.sizes[1], shift)
            found: Floats = (gap - shift * moved) * own_se - (self.effect - shift) * np.sqrt(var)
            return found

        low, high = np.full(len(gap), self.effect - reach), np.full(len(gap), self.effect + reach)
        return _crossing(ahead, low, high, _NEAR * own_se)


def _plain_sums(y: Floats, splits: Splits) -> Floats:
    """The sums of `_Sides` on the small side where all weights are 1."""
    ours, same = y[splits.small], splits.same
    m, common = np.full(len(ours), float(ours.shape[1])), same.sum(axis=1).astype(float)
    total = ours.sum(axis=1)
    squares, products = np.einsum("ij,ij->i", ours, ours), np.einsum("ij,ij->i", ours, same)
    return np.array([total, m, squares, total, m, common, common, products])


def _crossing(function: Callable[[Floats], Floats], low: Floats, high: Floats, near: float) -> Floats:
    """Where functions that rise through 0 between two points do so (regula falsi, Illinois)."""
    below, above = function(low), function(high)
    at = np.where(below >= 0, low, high)
    open_ends = (below < 0) & (above >= 0)
    moved = np.zeros(len(low))
    for _ in range(_STEPS):
        at = np.where(open_ends, high - above * (high - low) / np.where(open_ends, above - below, 1.0), at)
        value = function(at)
        up = value >= 0
        step = np.where(up, high - at, at - low)
        below = np.where(up, np.where(moved > 0, below / 2, below), value)
        above = np.where(up, value, np.where(moved < 0, above / 2, above))
        high, low, moved = np.where(up, at, high), np.where(up, low, at), np.where(up, 1.0, -1.0)
        open_ends &= (high - low > near) & (step > 0) & (value != 0)
        if not open_ends.any():
            break
    return at


def _variance(sums: Floats, size: int, shift: Floats | float) -> Floats:
    """Squared standard error of a side's ratio with the shift taken off the test's own smaller arm (linearised)."""
    ratio = (sums[0] - shift * sums[5]) / sums[1]
    squares = sums[2] - 2 * shift * sums[7] + shift**2 * sums[6]
    products = sums[3] - shift * sums[6]
    spread = squares - 2 * ratio * products + ratio**2 * sums[4]
    variance: Floats = np.maximum(spread, 0.0) * size / max(size - 1, 1) / sums[1] ** 2
    return variance


def statistics(values: Floats, splits: Splits, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """The studentised difference of the test and of each redrawn split, for several columns.

    >>> treated = np.arange(40) < 20
    >>> own, others = statistics(np.random.default_rng(1).gamma(2, 1, (40, 3)), splits_of(treated, 99))
    >>> own.shape, others.shape
    ((3,), (99, 3))

    Args:
        values: Shape (n, k): one column a look.
        splits: The redrawn splits.
        weights: Shape (n,): units of each cluster where clusters were split.

    Returns:
        Treated less control over its standard error: of the test, shape (k,), and of the splits, shape (R, k).
    """
    sign, found = 1 if splits.treated else -1, []
    for column in np.asarray(values, dtype=float).T:
        sides = _Sides.of(column, weights, splits)
        found.append([sides.own_z(), sides.split_z()])
    own, others = zip(*found, strict=True)
    return sign * np.array(own), sign * np.column_stack(others)
