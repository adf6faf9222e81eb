"""The plan that earns most, with the prices of the caps and how far it may be from the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from crm_lab.arrays import Floats, Positions
from crm_lab.recommend.next_best_action.allocation.allocation_problem import AllocationProblem
from crm_lab.recommend.next_best_action.allocation.cap_prices import MOST, priced_choice
from crm_lab.recommend.next_best_action.allocation.filled_plan import filled_plan, within
from crm_lab.recommend.next_best_action.allocation.linear_programme import whole_plan

Method = Literal["integer", "prices"]
SMALL = 3_000  # rows of an integer programme


@dataclass(frozen=True, eq=False)
class BestPlan:
    """Chosen rows, and proof of how good they are.

    Attributes:
        rows: Chosen rows, by customer.
        prices: What one more unit of each cap is worth, shape (caps,).
        value: What the rows earn.
        bound: What no plan within the caps can exceed.
        method: ``integer`` programme, or ``prices`` of the caps.
    """

    rows: Positions
    prices: Floats
    value: float
    bound: float
    method: Method

    @property
    def gap(self) -> float:
        """How much more the best plan can earn at most, as a share of the bound.

        >>> BestPlan(np.array([1, 2]), np.array([1.0]), 7.0, 7.0, "integer").gap
        0.0
        """
        return max(self.bound - self.value, 0.0) / self.bound if self.bound > 0 else 0.0


def best_plan(problem: AllocationProblem, tie: Floats, *, small: int = SMALL, most: int = MOST) -> BestPlan:
    """Choose for each customer the action, or none, that together earn most.

    A problem of up to `small` rows is solved as an integer programme. Of a larger one each customer takes its best
    action at the prices of the caps; where that takes more than there is, those for whom it matters most are served
    first, and the others take their next best.

    >>> from scipy import sparse
    >>> problem = AllocationProblem(np.array([0, 2, 3]), np.array([5.0, 4.0, 3.0]),
    ...     sparse.csr_array([[1.0], [0.0], [1.0]]), np.array([1.0]))
    >>> [best_plan(problem, np.zeros(2), small=small).value for small in (0, 100)]
    [7.0, 7.0]

    Args:
        problem: Rows and caps.
        tie: Order among equal customers, shape (customers,).
        small: Most rows of an integer programme.
        most: Most customers of a linear programme.

    Returns:
        The plan, never above a cap.
    """  # fmt: skip
    scaled, size, unit = _scaled(problem)
    choice = priced_choice(scaled, most)
    prices, net = choice.prices, scaled.net(choice.prices)
    rows = _served(scaled, choice.rows, net, tie)
    method: Method = "prices"
    bound = scaled.bound(prices)
    if 0 < len(scaled.gain) <= small:
        solved, limit = whole_plan(scaled)
        bound = min(bound, limit)
        whole = _kept(scaled, solved)
        whole = filled_plan(scaled, np.where(scaled.gain > 0, net, -np.inf), tie, begun=whole)
        rows = max(rows, whole, key=lambda some: scaled.gain[some].sum())
        method = "integer"
    return BestPlan(rows, prices * size / unit, float(problem.gain[rows].sum()), bound * size, method)


def _scaled(problem: AllocationProblem) -> tuple[AllocationProblem, float, Floats]:
    """The problem with gains and uses of 1 at most, since solvers have absolute tolerances; and both sizes."""
    size = float(np.abs(problem.gain).max(initial=0.0)) or 1.0
    most = np.zeros(len(problem.cap))
    np.maximum.at(most, problem.use.indices, problem.use.data)
    unit = np.where(most > 0, most, 1.0)
    use = problem.use.copy()
    use.data = use.data / unit[use.indices]
    return AllocationProblem(problem.start, problem.gain / size, use, problem.cap / unit), size, unit


def _served(problem: AllocationProblem, rows: Positions, net: Floats, tie: Floats) -> Positions:
    """Choices served by what would be lost without them, while the caps last; then whatever still fits."""
    best = problem.best(net)[0]
    rest = net.copy()
    rest[best] = -np.inf
    who = problem.customer[rows]
    other = np.where(best[who] == rows, problem.best(rest)[1][who], net[best[who]])
    rows = rows[np.lexsort((tie[who], -(net[rows] - np.maximum(other, 0.0))))]
    begun = rows[within(problem, rows, problem.cap)]
    return filled_plan(problem, np.where(problem.gain > 0, net, -np.inf), tie, begun=begun)


def _kept(problem: AllocationProblem, rows: Positions) -> Positions:
    """Rows of a solver's plan that keep the caps exactly, the best first."""
    rows = rows[np.argsort(-problem.gain[rows], kind="stable")]
    return rows[within(problem, rows, problem.cap)]
