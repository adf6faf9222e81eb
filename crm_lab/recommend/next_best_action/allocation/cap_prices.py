"""Prices of the caps for any number of customers, and the choice of each customer that goes with them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog

from crm_lab.arrays import Floats, Positions
from crm_lab.recommend.next_best_action.allocation.allocation_problem import AllocationProblem
from crm_lab.recommend.next_best_action.allocation.linear_programme import linear_prices

MOST = 2_000  # customers of one linear programme
_ROUNDS = 300
_CLOSE = 1e-6  # of the bound: no better prices are looked for
_FIRST, _WIDEST, _NARROWEST = 0.3, 4.0, 1e-7  # of the first prices: how far the next ones may be
_GOOD = 0.1  # of the fall that the cuts promise


@dataclass(frozen=True, eq=False)
class PricedChoice:
    """Prices of the caps, and what customers choose at them.

    Attributes:
        prices: What one more unit of each cap is worth, shape (caps,).
        rows: Chosen rows, by customer; they take about as much of each cap as there is.
    """

    prices: Floats
    rows: Positions


def priced_choice(problem: AllocationProblem, most: int = MOST, seed: int = 0) -> PricedChoice:
    """Prices of the lowest bound, and a choice for each customer.

    Up to `most` customers are one linear programme, whose dual values are the prices. Of more, a sample with its
    share of the caps gives first prices; from these the bound, which is convex in the prices, is lowered by cutting
    planes within a box that grows where they promise well. At the lowest bound customers may be indifferent: each
    takes its choice at one of the prices tried, drawn by the weight that this has in the solution.

    >>> from scipy import sparse
    >>> problem = AllocationProblem(np.array([0, 2, 3]), np.array([5.0, 4.0, 3.0]),
    ...     sparse.csr_array([[1.0], [0.0], [1.0]]), np.array([1.0]))
    >>> [bool(1 <= priced_choice(problem, most).prices[0] <= 3) for most in (1, 2)]
    [True, True]

    Args:
        problem: Rows and caps.
        most: Customers of one linear programme.
        seed: Of the sample, and of the draw among choices.

    Returns:
        Prices, none below 0, and chosen rows.

    Source:
        M. L. Fisher (1981). The Lagrangian relaxation method for solving integer programming problems. Management
        Science 27; F. Barahona & R. Anbil (2000). The volume algorithm. Mathematical Programming 87.
    """  # fmt: skip
    free = np.zeros(len(problem.cap))
    row, top = problem.best(problem.gain)
    if (problem.used(row[top > 0]) <= problem.cap).all():
        return PricedChoice(free, row[top > 0])
    if problem.customers <= most:
        share, prices = linear_prices(problem)
        return PricedChoice(prices, np.flatnonzero(share > 0.5))
    rng = np.random.default_rng(seed)
    drawn = np.zeros(problem.customers, dtype=bool)
    drawn[rng.choice(problem.customers, most, replace=False)] = True
    some = problem.some(drawn, problem.cap * (most / problem.customers))[0]
    return _lowered(problem, linear_prices(some)[1], rng.random(problem.customers))


@dataclass
class _Cuts:
    """Planes below the bound, one for each of the prices tried: offset and slopes."""

    prices: list[Floats] = field(default_factory=list)
    offset: list[float] = field(default_factory=list)
    slope: list[Floats] = field(default_factory=list)

    def add(self, prices: Floats, bound: float, slope: Floats) -> None:
        self.prices.append(prices)
        self.offset.append(bound - float(slope @ prices))
        self.slope.append(slope)

    def lowest(self, low: Floats, high: Floats) -> tuple[Floats, float, Floats]:
        """Prices within a box at which the highest plane is lowest, its height, and the weight of each plane."""
        size = max(abs(value) for value in self.offset) or 1.0
        rows = np.column_stack([np.array(self.slope) / size, -np.ones(len(self.slope))])
        found = linprog(
            np.append(np.zeros(len(low)), 1.0), A_ub=rows, b_ub=-np.array(self.offset) / size,
            bounds=[*zip(low, high, strict=True), (None, None)], method="highs",
        )  # fmt: skip
        weight = np.maximum(-np.asarray(found.ineqlin.marginals, dtype=float), 0.0)
        x = np.asarray(found.x, dtype=float)
        return np.clip(x[:-1], low, high), float(x[-1] * size), weight / weight.sum()


def _lowered(problem: AllocationProblem, first: Floats, lot: Floats) -> PricedChoice:
    """Prices of nearly the lowest bound."""
    at, lowest, cuts, reach = first, problem.bound(first), _Cuts(), _FIRST
    scale = np.maximum(first, first.mean()) if first.any() else np.full(len(first), np.abs(problem.gain).mean())
    cuts.add(at, lowest, problem.slope(at))
    for _ in range(_ROUNDS):
        tried, promised, weight = cuts.lowest(np.maximum(at - reach * scale, 0.0), at + reach * scale)
        if lowest - promised <= _CLOSE * abs(lowest):
            if reach >= _FIRST:
                break
            reach = _FIRST
            continue
        bound = problem.bound(tried)
        cuts.add(tried, bound, problem.slope(tried))
        if lowest - bound > _GOOD * (lowest - promised):
            at, lowest, reach = tried, bound, min(reach * 1.5, _WIDEST)
        else:
            reach = max(reach / 2, _NARROWEST)
    return PricedChoice(at, _drawn(problem, cuts, weight, lot))


def _drawn(problem: AllocationProblem, cuts: _Cuts, weight: Floats, lot: Floats) -> Positions:
    """Each customer's choice at one of the prices, by weight."""
    which = np.searchsorted(np.cumsum(weight)[:-1], lot)
    rows = np.full(problem.customers, -1)
    for k in np.unique(which):
        row, top = problem.best(problem.net(cuts.prices[k]))
        mine = (which == k) & (top > 0)
        rows[mine] = row[mine]
    return rows[rows >= 0]
