"""Orders and spend of customers between two days, for many customers and spans at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput

_SPAN = 1_000_000  # more than there are days


@dataclass(frozen=True, eq=False)
class OrderWindows:
    """Orders sorted by customer and day, with running sums.

    >>> orders = OrderWindows.of([0, 0, 1], [10, 12, 10], [5.0, 7.0, 1.0])

    Attributes:
        key: Customer and day of each order in one number, ascending, shape (orders,).
        spent: Spend of the orders before each, shape (orders + 1,).
    """

    key: Integers
    spent: Floats

    @classmethod
    def of(cls, customer: object, day: object, amount: object) -> OrderWindows:
        """Orders in any order.

        >>> len(OrderWindows.of([0], [10], [5.0]).key)
        1

        Args:
            customer: Place of the customer, 0 or more, shape (orders,).
            day: Days since 1970-01-01, shape (orders,).
            amount: Net sales, shape (orders,).

        Raises:
            BadInput: If a day lies out of reach of a day number.
        """
        who, when = np.asarray(customer, dtype=np.int64), np.asarray(day, dtype=np.int64)
        odd = int(((when < 0) | (when >= _SPAN)).sum())
        if odd:
            raise BadInput(f"{odd:,} orders lie before 1970 or beyond any calendar; check their dates.")
        key = who * _SPAN + when
        order = np.argsort(key, kind="stable")
        return cls(key[order], np.concatenate([[0.0], np.cumsum(np.asarray(amount, dtype=float)[order])]))

    @property
    def first_day(self) -> int:
        """Day of the first order of anybody; the largest integer where there is none.

        >>> orders.first_day
        10
        """
        return int((self.key % _SPAN).min(initial=np.iinfo(np.int64).max))

    def days_with_orders(self, since: int) -> int:
        """Customers' days with an order from a day on; several orders of a day are one.

        >>> orders.days_with_orders(11)
        1

        Args:
            since: Day number.
        """
        return len(np.unique(self.key[self.key % _SPAN >= since]))

    def sums(self, customer: Integers, first: Integers, last: Integers) -> tuple[Floats, Floats]:
        """Number of orders, and spend, of each customer from one day through another.

        >>> [part.tolist() for part in orders.sums(np.array([0, 0, 1]), np.array([10, 11, 11]), np.array([12, 12, 20]))]
        [[2.0, 1.0, 0.0], [12.0, 7.0, 0.0]]

        Args:
            customer: Places, shape (n,).
            first: First days, shape (n,).
            last: Last days, shape (n,).

        Returns:
            Counts and spend, each shape (n,).
        """
        start = np.searchsorted(self.key, customer * _SPAN + np.maximum(first, 0), side="left")
        end = np.searchsorted(self.key, customer * _SPAN + np.maximum(last, 0), side="right")
        end = np.maximum(start, end)
        return (end - start).astype(float), self.spent[end] - self.spent[start]

    def next_day(self, customer: Integers, first: Integers) -> Integers:
        """Day of the first order of each customer from a day on; -1 where there is none.

        >>> orders.next_day(np.array([0, 1]), np.array([11, 11])).tolist()
        [12, -1]

        Args:
            customer: Places, shape (n,).
            first: First days, shape (n,).

        Returns:
            Shape (n,).
        """
        place = np.searchsorted(self.key, customer * _SPAN + np.maximum(first, 0), side="left")
        found = np.append(self.key, -1)[place]
        return np.where(found // _SPAN == customer, found % _SPAN, -1)

    def last_day(self, customer: Integers, before: Integers) -> Integers:
        """Day of the last order of each customer before a day; -1 where there is none.

        >>> orders.last_day(np.array([0, 1]), np.array([12, 10])).tolist()
        [10, -1]

        Args:
            customer: Places, shape (n,).
            before: Days, shape (n,).

        Returns:
            Shape (n,).
        """
        place = np.searchsorted(self.key, customer * _SPAN + np.maximum(before, 0), side="left") - 1
        found = np.append(self.key, -1)[place]  # place -1 is the -1 at the end
        return np.where(found // _SPAN == customer, found % _SPAN, -1)
