"""What every ranker can do: learn from interactions, then score products for customers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.checks import BadInput
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.interactions.tie_order import tie_order
from crm_lab.recommend.rankers.list_candidates import Scope, Scores
from crm_lab.recommend.rankers.ranked_lists import RankedLists, first_n

_CELLS = 4_000_000  # scores at a time


class Ranker(Protocol):
    """Settings of a way to order products; `fit` sees nothing but the interactions it is given.

    >>> from crm_lab.recommend.rankers.global_top import GlobalTop
    >>> ranker: Ranker = GlobalTop()
    >>> ranker.name
    'global_top'
    """

    name: ClassVar[str]

    def fit(self, interactions: Interactions) -> FittedRanker:
        """Learn from what is known.

        Args:
            interactions: What is known.

        Returns:
            What scores products.
        """
        ...


@dataclass(frozen=True, eq=False)
class FittedRanker(ABC):
    """A ranker that has learnt.

    Ties: products with the same score (12 digits) are listed by popularity (baskets with them), then by a keyed hash
    of the product's id; a ranker may say another popularity, or none. Order of rows in the data plays no part.

    >>> import pandas as pd
    >>> from crm_lab.recommend.rankers.global_top import GlobalTop
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> fitted = GlobalTop().fit(Interactions.of(lines, "2024-01-31"))

    Attributes:
        interactions: What it has learnt from.
    """  # fmt: skip

    interactions: Interactions

    @abstractmethod
    def scores(self, customers: Integers) -> Scores:
        """Scores of all products; of a dense array ``-inf`` is never listed, in a sparse one the rest is 0.

        >>> fitted.scores(np.array([1])).tolist()
        [[1.0, 2.0]]

        Args:
            customers: Places of customers, shape (rows,).

        Returns:
            Shape (rows, products).
        """

    def tie_popularity(self) -> Integers | None:
        """What the first of equals have more of: baskets, shape (products,).

        >>> fitted.tie_popularity().tolist()
        [1, 2]
        """
        return self.interactions.popularity

    def order(self, key: str = "") -> Positions:
        """Places of the products in the order in which equals are listed.

        >>> fitted.order().tolist()
        [1, 0]

        Args:
            key: Of the hash that decides at the end.

        Returns:
            Shape (products,).
        """
        return tie_order(self.interactions.product_ids, self.tie_popularity(), key)

    def top(self, customers: Integers | None = None, n: int = 10, scope: Scope = "all", key: str = "") -> RankedLists:
        """The first n products of each customer.

        >>> fitted.top(n=1, scope="new").products.tolist()
        [[-1], [0]]

        Args:
            customers: Places of customers; all unless given.
            n: Length of a list.
            scope: ``all`` products, those to ``repeat``, or those ``new`` to the customer.
            key: Of the hash that decides between equals.

        Returns:
            The lists.

        Raises:
            BadInput: If n is below 1.
        """
        return self.lists((scope,), customers, n, key)[scope]

    def lists(
        self, scopes: Sequence[Scope], customers: Integers | None = None, n: int = 10, key: str = ""
    ) -> dict[Scope, RankedLists]:
        """The first n products of each customer in several scopes, from one computation of scores.

        >>> [found.products.tolist() for found in fitted.lists(("all", "repeat"), n=1).values()]
        [[[1], [1]], [[1], [1]]]

        Args:
            scopes: Of the products, as in `top`.
            customers: As in `top`.
            n: As in `top`.
            key: As in `top`.

        Returns:
            The lists by scope.

        Raises:
            BadInput: If n is below 1.
        """
        if n < 1:
            raise BadInput(f"n is {n}; it must be 1 or more.")
        rows = np.arange(self.interactions.shape[0]) if customers is None else np.asarray(customers, dtype=np.int64)
        order, step = self.order(key), max(1, _CELLS // self._width())
        blocks = [rows[at : at + step] for at in range(0, len(rows), step)] or [rows]
        parts = [self._first(block, order, n, scopes) for block in blocks]
        return {
            scope: RankedLists(
                self.interactions, rows, np.concatenate([part[at][0] for part in parts]),
                np.concatenate([part[at][1] for part in parts]),
            )
            for at, scope in enumerate(scopes)
        }  # fmt: skip

    def _width(self) -> int:
        """Products that are scored."""
        return self.interactions.shape[1]

    def _first(
        self, rows: Integers, order: Positions, n: int, scopes: Sequence[Scope]
    ) -> list[tuple[Integers, Floats]]:
        scores, known = self.scores(rows), self.interactions.bought[rows]
        return [first_n(scores, order, n, known, scope) for scope in scopes]
