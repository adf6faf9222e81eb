"""Which statistic a permutation test takes: the more powerful of those that hold, on values from before the test."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from crm_lab.arrays import Floats
from crm_lab.stats.permutation import Splits, Statistic

_TESTS, _SPLITS = 200, 199  # made-up tests, and splits by which each of them is read
_ALPHA, _MOST_MISSED = 0.05, 0.07
_LIFTS = (0.7, 2.0)  # effects that must be covered
_DISTANCE = 2.5  # of the effect that is to be seen, in standard errors
_WORTH = 1 / 0.9  # times the power from which the raw difference is preferred
_SEED = 20_240_103


def chosen_statistic(past: Floats, splits: Splits) -> Statistic:
    """The studentised difference, unless the raw one sees more of what was bought before, and holds there.

    Tests are made up of the values: arms of the test's sizes are drawn, and one of them is lifted. The raw difference
    is taken where it has at least 1/.9 of the other's power and rejects no more than 7 % of what is true at 5 %: no
    effect with unlike spread in either arm, a fall of 30 %, and doubling. No outcome is looked at.

    >>> from crm_lab.stats.permutation import splits_of
    >>> chosen_statistic(np.random.default_rng(1).lognormal(0, 1.5, 330), splits_of(np.arange(330) < 30))
    'studentised'

    Args:
        past: One value a unit, from before the assignment, shape (n,).
        splits: Redrawn splits of the units.

    Returns:
        The statistic.
    """
    values = np.ascontiguousarray(past, dtype=float)
    if len(splits.small) < _TESTS + _SPLITS or not np.ptp(values) or values.mean() <= 0:
        return "studentised"
    return _chosen(values.tobytes(), splits.small[: _TESTS + _SPLITS].tobytes(), splits.treated)


@lru_cache(maxsize=8)
def _chosen(values: bytes, small: bytes, treated: bool) -> Statistic:
    x = np.frombuffer(values)
    redrawn = np.frombuffer(small, dtype=np.int64).reshape(_TESTS + _SPLITS, -1)
    few, n, mean = redrawn.shape[1], len(x), x.mean()
    lift = 1 + _DISTANCE * x.std() * (1 / few + 1 / (n - few)) ** 0.5 / mean
    raw, studentised = _rejected(x, lift * x, redrawn, treated)
    if raw * _WORTH**-1 < studentised:
        return "studentised"
    spread = x * np.random.default_rng(_SEED).choice([0.5, 1.5], n)
    spread *= mean / spread.mean()
    true = [(x, spread), (spread, x), *((x, times * x - (times - 1) * mean) for times in _LIFTS)]
    return "raw" if max(_rejected(*pair, redrawn, treated)[0] for pair in true) <= _MOST_MISSED else "studentised"


def _rejected(control: Floats, treatment: Floats, redrawn: NDArray[np.int64], treated: bool) -> tuple[float, float]:
    """Share of made-up tests in which the raw and the studentised difference reject no effect.

    Args:
        control: Value of each unit without treatment.
        treatment: The same with it.
        redrawn: Smaller arms: of the tests, then those by which they are read.
        treated: Whether the smaller arm is the treated one.
    """
    m, rest = redrawn.shape[1], len(control) - redrawn.shape[1]
    starts = m * np.arange(len(redrawn) + 1)
    inside = csr_array((np.ones(redrawn.size), redrawn.ravel(), starts), shape=(len(redrawn), len(control)))
    tests, splits = inside[:_TESTS], inside[_TESTS:]
    few, base = (treatment, control) if treated else (control, treatment)

    def read(power: int) -> tuple[Floats, Floats, Floats]:
        """Sums of a power of the values: in each test's own arm, in each split's (tests, splits), in all."""
        ours, others = few**power, base**power
        own = tests @ ours
        moved = tests.multiply(ours - others).tocsr() @ splits.T
        return own, splits @ others + moved.toarray(), others.sum() + tests @ (ours - others)

    sums, squares = read(1), read(2)

    def statistic(first: Floats, second: Floats) -> tuple[Floats, Floats]:
        whole, whole2 = (s[2] if first.ndim == 1 else s[2][:, None] for s in (sums, squares))
        gap = first / m - (whole - first) / rest
        variance = (second / m - (first / m) ** 2) / (m - 1)
        variance = variance + ((whole2 - second) / rest - ((whole - first) / rest) ** 2) / (rest - 1)
        return gap, gap / np.sqrt(np.maximum(variance, 1e-300))

    found = []
    for own, others in zip(statistic(sums[0], squares[0]), statistic(sums[1], squares[1]), strict=True):
        tails = [1 + side(others, own[:, None]).sum(axis=1) for side in (np.greater_equal, np.less_equal)]
        found.append(float((2 * np.minimum(*tails) <= _ALPHA * (_SPLITS + 1)).mean()))
    return found[0], found[1]
