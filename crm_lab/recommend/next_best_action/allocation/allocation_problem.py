"""One action a customer at most, caps across customers: the problem, its dual value and what a choice uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from crm_lab.arrays import Booleans, Floats, Integers, Positions

NEAR = 1e-9  # of a cap: rounding of sums


@dataclass(frozen=True, eq=False)
class AllocationProblem:
    """Rows of customers, each an action that may be chosen, and what it takes of the caps.

    >>> problem = AllocationProblem(np.array([0, 2, 3]), np.array([5.0, 4.0, 3.0]),
    ...     sparse.csr_array([[1.0], [0.0], [1.0]]), np.array([1.0]))
    >>> problem.bound(np.zeros(1)), problem.bound(np.array([1.0]))
    (8.0, 7.0)

    Attributes:
        start: First row of each customer, and the number of rows at the end, shape (customers + 1,); nobody is
            without a row.
        gain: What a row earns, shape (rows,).
        use: What a row takes of each cap, none below 0, shape (rows, caps).
        cap: How much there is of each, shape (caps,).
    """  # fmt: skip

    start: Integers
    gain: Floats
    use: sparse.csr_array
    cap: Floats

    @property
    def customers(self) -> int:
        """How many there are.

        >>> problem.customers
        2
        """
        return len(self.start) - 1

    @property
    def customer(self) -> Integers:
        """Customer of each row, shape (rows,).

        >>> problem.customer.tolist()
        [0, 0, 1]
        """
        return np.repeat(np.arange(self.customers), np.diff(self.start))

    def net(self, prices: Floats) -> Floats:
        """Gain less what the caps cost at these prices, shape (rows,).

        >>> problem.net(np.array([1.0])).tolist()
        [4.0, 4.0, 2.0]

        Args:
            prices: Of a unit of each cap, shape (caps,).

        Returns:
            A value for each row.
        """
        return self.gain - self.use @ prices if len(self.cap) else self.gain

    def best(self, value: Floats) -> tuple[Positions, Floats]:
        """Each customer's row of highest value, the first of equal ones, and that value.

        >>> problem.best(problem.gain)[0].tolist()
        [0, 2]

        Args:
            value: Of each row; -inf where it cannot be chosen, shape (rows,).

        Returns:
            Row and value, each of shape (customers,).
        """
        if not self.customers:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        top = np.maximum.reduceat(value, self.start[:-1])
        rows = np.where(value == np.repeat(top, np.diff(self.start)), np.arange(len(value)), len(value))
        return np.minimum.reduceat(rows, self.start[:-1]), top

    def bound(self, prices: Floats) -> float:
        """What no choice within the caps can exceed (Lagrangian dual), for any prices of 0 or more.

        Args:
            prices: Of a unit of each cap, shape (caps,).

        Returns:
            The least upper bound that these prices give.
        """
        return float(np.maximum(self.best(self.net(prices))[1], 0.0).sum() + self.cap @ prices)

    def slope(self, prices: Floats) -> Floats:
        """How the bound changes with each price: what is left of the cap when everybody takes its best action.

        >>> problem.slope(np.zeros(1)).tolist()
        [-1.0]

        Args:
            prices: Of a unit of each cap, shape (caps,).

        Returns:
            A subgradient, shape (caps,).
        """
        row, top = self.best(self.net(prices))
        return self.cap - self.used(row[top > 0])

    def used(self, rows: Positions) -> Floats:
        """What chosen rows take of each cap.

        >>> problem.used(np.array([0, 2])).tolist()
        [2.0]

        Args:
            rows: Chosen rows.

        Returns:
            Sums, shape (caps,).
        """
        return np.asarray(self.use[rows].sum(axis=0), dtype=float).reshape(len(self.cap))

    def some(self, customers: Booleans, cap: Floats) -> tuple[AllocationProblem, Positions]:
        """The problem of some customers with caps of their own.

        >>> problem.some(np.array([False, True]), np.array([1.0]))[1].tolist()
        [2]

        Args:
            customers: Whether each is kept, shape (customers,).
            cap: What there is for them, shape (caps,).

        Returns:
            That problem, and its rows' places in this one.
        """
        sizes = np.diff(self.start)
        rows = np.flatnonzero(np.repeat(customers, sizes))
        start = np.concatenate([[0], np.cumsum(sizes[customers])])
        return AllocationProblem(start, self.gain[rows], self.use[rows], cap), rows
