"""The problem as a linear or an integer programme, solved by HiGHS."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from crm_lab.arrays import Floats, Positions
from crm_lab.recommend.next_best_action.allocation.allocation_problem import AllocationProblem

_NODES = 200  # of branch and bound: the same on every machine, unlike seconds
_WHOLE = 0.5


def linear_prices(problem: AllocationProblem) -> tuple[Floats, Floats]:
    """Shares of each row and prices of the caps at the optimum without whole numbers.

    >>> problem = AllocationProblem(np.array([0, 2, 3]), np.array([5.0, 4.0, 3.0]),
    ...     sparse.csr_array([[1.0], [0.0], [1.0]]), np.array([1.0]))
    >>> share, price = linear_prices(problem)
    >>> share.tolist(), bool(1 <= price[0] <= 3)
    ([0.0, 1.0, 1.0], True)

    Args:
        problem: What is to be chosen.

    Returns:
        Shares, shape (rows,), and prices, shape (caps,).
    """  # fmt: skip
    matrix, limits = _constraints(problem)
    upper: Any = matrix  # the stubs know no sparse matrices, HiGHS takes them
    found = linprog(-problem.gain, A_ub=upper, b_ub=limits, bounds=(0, None), method="highs")
    prices = np.maximum(-np.asarray(found.ineqlin.marginals, dtype=float)[problem.customers :], 0.0)
    return np.asarray(found.x, dtype=float), prices


def whole_plan(problem: AllocationProblem) -> tuple[Positions, float]:
    """Rows that earn most in all, whole customers only.

    >>> problem = AllocationProblem(np.array([0, 2, 3]), np.array([5.0, 4.0, 3.0]),
    ...     sparse.csr_array([[1.0], [0.0], [1.0]]), np.array([1.0]))
    >>> rows, bound = whole_plan(problem)
    >>> rows.tolist(), bound
    ([1, 2], 7.0)

    Args:
        problem: What is to be chosen; small, as it is solved by branch and bound.

    Returns:
        Chosen rows, and what no plan can exceed.
    """  # fmt: skip
    matrix, limits = _constraints(problem)
    ones = np.ones(len(problem.gain), dtype=np.int64)
    found = milp(
        -problem.gain, constraints=LinearConstraint(matrix, ub=limits), bounds=Bounds(0, 1), integrality=ones,
        options={"mip_rel_gap": 0.0, "node_limit": _NODES},
    )  # fmt: skip
    if found.x is None:
        return np.zeros(0, dtype=np.int64), np.inf
    return np.flatnonzero(found.x > _WHOLE), -float(found.mip_dual_bound)


def _constraints(problem: AllocationProblem) -> tuple[sparse.csr_array, Floats]:
    """One action a customer at most, then the caps."""
    rows = np.arange(len(problem.gain))
    one = sparse.csr_array(
        (np.ones(len(rows)), (problem.customer, rows)), shape=(problem.customers, len(rows))
    )  # fmt: skip
    matrix = sparse.vstack([one, problem.use.T], format="csr")
    return matrix, np.concatenate([np.ones(problem.customers), problem.cap])
