"""A plan by order of a score: the best are served first, and whoever finds a cap used up takes the next best."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Booleans, Floats, Positions
from crm_lab.recommend.next_best_action.allocation.allocation_problem import NEAR, AllocationProblem

_ROUNDS = 500


def filled_plan(problem: AllocationProblem, score: Floats, tie: Floats, *, begun: Positions | None = None) -> Positions:
    """Give each customer its action of highest score, customers of highest score first, while the caps last.

    >>> from scipy import sparse
    >>> problem = AllocationProblem(np.array([0, 2, 3]), np.array([5.0, 4.0, 3.0]),
    ...     sparse.csr_array([[1.0], [0.0], [1.0]]), np.array([1.0]))
    >>> filled_plan(problem, problem.gain, np.zeros(2)).tolist()
    [0]

    Args:
        problem: Rows and caps.
        score: Of each row; -inf where it is never to be chosen, shape (rows,).
        tie: Order among customers of equal score, the lowest first, shape (customers,).
        begun: Rows that are chosen already and stay, within the caps.

    Returns:
        Chosen rows, by customer.
    """  # fmt: skip
    chosen = np.full(problem.customers, -1)
    if begun is not None:
        chosen[problem.customer[begun]] = begun
    left = problem.cap - problem.used(chosen[chosen >= 0])
    for _ in range(_ROUNDS):
        value = np.where(_fits(problem, left), score, -np.inf)
        row, top = problem.best(value)
        who = np.flatnonzero((chosen < 0) & np.isfinite(top))
        if not len(who):
            break
        who = who[np.lexsort((tie[who], -top[who]))]
        taken = who[within(problem, row[who], left)]
        chosen[taken] = row[taken]
        left = left - problem.used(row[taken])
    return np.sort(chosen[chosen >= 0])


def _fits(problem: AllocationProblem, left: Floats) -> Booleans:
    """Whether what is left of every cap is enough for a row by itself."""
    over = problem.use.data > (left + NEAR * problem.cap)[problem.use.indices]
    fits = np.ones(len(problem.gain), dtype=bool)
    fits[np.repeat(np.arange(len(fits)), np.diff(problem.use.indptr))[over]] = False
    return fits


def within(problem: AllocationProblem, rows: Positions, left: Floats) -> Booleans:
    """Which rows, served in this order, stay within what is left; one that does not still counts for those behind.

    >>> from scipy import sparse
    >>> problem = AllocationProblem(np.array([0, 2, 3]), np.array([5.0, 4.0, 3.0]),
    ...     sparse.csr_array([[1.0], [0.0], [1.0]]), np.array([1.0]))
    >>> within(problem, np.array([0, 2]), problem.cap).tolist()
    [True, False]

    Args:
        problem: Rows and caps.
        rows: In the order in which they are served.
        left: What there is of each cap, shape (caps,).

    Returns:
        One truth a row.
    """  # fmt: skip
    use = problem.use[rows].tocsc()
    kept = np.ones(len(rows), dtype=bool)
    limit = left + NEAR * problem.cap
    for cap in range(len(left)):
        at = slice(use.indptr[cap], use.indptr[cap + 1])
        order = np.argsort(use.indices[at], kind="stable")
        over = np.cumsum(use.data[at][order]) > limit[cap]
        kept[use.indices[at][order][over]] = False
    return kept
