"""Inequality: Lorenz curve, Gini coefficient, share of the top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, Problems
from crm_lab.results import Interval


def lorenz(values: ArrayLike) -> tuple[Floats, Floats]:
    """Lorenz curve (Lorenz 1905): the share of the total that the poorest share of units holds.

    Args:
        values: Amounts, 0 or more, shape (n,), with a positive sum.

    Returns:
        Cumulative share of units and of the total, each shape (n + 1,), from 0 to 1.

    Raises:
        BadInput: If there are no values, one is negative or missing, or all are 0.

    >>> [c.tolist() for c in lorenz([3.0, 1.0])]
    [[0.0, 0.5, 1.0], [0.0, 0.25, 1.0]]
    """
    x = _checked(values)
    return _curve(x, np.ones(len(x)))


def gini(values: ArrayLike) -> float:
    """Gini coefficient (Gini 1914): twice the area between the Lorenz curve and equality.

    >>> gini([1.0, 1.0, 1.0]), gini([0.0, 0.0, 0.0, 8.0])
    (0.0, 0.75)

    Args:
        values: As for `lorenz`.

    Returns:
        Between 0 (equal) and 1.
    """
    return _gini(*lorenz(values))


def top_count(top: float, n: int) -> int:
    """How many of n units a share of them is: the whole units within it, at least one.

    >>> top_count(0.2, 2469), top_count(0.3, 10), top_count(0.01, 5)
    (493, 3, 1)

    Args:
        top: Share of the units, between 0 and 1.
        n: Number of units.

    Returns:
        floor(top · n), at least 1.

    Raises:
        BadInput: If `top` is not between 0 and 1.
    """
    if not 0 < top < 1:
        raise BadInput(f"top is {top!r}; it must lie between 0 and 1, e.g. 0.2.")
    return max(1, int(top * n + 1e-9))


def top_share(values: ArrayLike, top: float = 0.2) -> float:
    """The share of the total that the richest units hold: the `top_count` largest.

    >>> top_share([5.0, 1, 1, 1, 2], top=0.2)
    0.5

    Args:
        values: As for `lorenz`.
        top: Share of the units, between 0 and 1.

    Returns:
        A share (0-1).
    """
    p, q = lorenz(values)
    return _top_share(p, q, top_count(top, len(p) - 1) / (len(p) - 1))


@dataclass(frozen=True, slots=True)
class Inequality:
    """Gini coefficient and top share with bootstrap intervals (units are the sampling unit).

    >>> spread = inequality([5.0, 1, 1, 1, 2], rng=0, draws=50)

    Attributes:
        gini: Gini coefficient.
        gini_ci: Its interval.
        top: Share of units that counts as top.
        top_share: Share of the total that they hold.
        top_share_ci: Its interval.
        n: Number of units.
    """

    gini: float
    gini_ci: Interval
    top: float
    top_share: float
    top_share_ci: Interval
    n: int

    @property
    def top_n(self) -> int:
        """Units that count as top.

        >>> spread.top_n
        1
        """
        return top_count(self.top, self.n)


def inequality(
    values: ArrayLike, *, top: float = 0.2, rng: np.random.Generator | int, draws: int = 1000, level: float = 0.95
) -> Inequality:
    """Gini coefficient and top share with percentile bootstrap intervals (Efron 1979).

    >>> spread = inequality([5.0, 1, 1, 1, 2], rng=0, draws=50)
    >>> spread.top_share
    0.5

    Args:
        values: As for `lorenz`.
        top: Share of the units that counts as top.
        rng: Generator, or a seed for one.
        draws: Bootstrap samples of the units.
        level: Confidence level.

    Returns:
        Both measures with their intervals.

    Raises:
        BadInput: As `lorenz`; or if `top` is not between 0 and 1.
    """
    x, generator = _checked(values), np.random.default_rng(rng)
    n, share = len(x), top_count(top, len(x)) / len(x)
    drawn, paying = np.empty((draws, 2)), int(np.searchsorted(x, 0, side="right"))
    for b in range(draws):
        weights = np.bincount(generator.integers(0, n, n), minlength=n).astype(np.float64)
        curve = _curve(x, weights) if weights[paying:].any() else _curve(np.ones(1), np.ones(1))
        drawn[b] = _gini(*curve), _top_share(*curve, share)
    tails = [(1 - level) / 2, (1 + level) / 2]
    lo, hi = np.quantile(drawn, tails, axis=0)
    curve = _curve(x, np.ones(n))
    return Inequality(
        gini=_gini(*curve),
        gini_ci=Interval(float(lo[0]), float(hi[0]), level),
        top=top,
        top_share=_top_share(*curve, share),
        top_share_ci=Interval(float(lo[1]), float(hi[1]), level),
        n=n,
    )


def _checked(values: ArrayLike) -> Floats:
    x = np.sort(np.asarray(values, dtype=np.float64))
    problems = Problems("Amounts")
    problems.unless(len(x), "There are none; give at least one.")
    wrong = int((~(x >= 0)).sum())
    problems.unless(not wrong, f"{wrong} are negative or missing; set them to 0 or leave them out.")
    problems.unless(wrong or x.sum() > 0, "They sum to 0; a share of nothing is undefined.")
    problems.raise_any()
    return x


def _curve(x: Floats, weights: Floats) -> tuple[Floats, Floats]:
    units = np.concatenate([[0.0], np.cumsum(weights)])
    total = np.concatenate([[0.0], np.cumsum(weights * x)])
    return units / units[-1], total / total[-1]


def _gini(p: Floats, q: Floats) -> float:
    return float(1 - np.sum(np.diff(p) * (q[1:] + q[:-1])))


def _top_share(p: Floats, q: Floats, top: float) -> float:
    return float(1 - np.interp(1 - top, p, q))
