"""The first n products by score, those with the same score in a stated order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from crm_lab.arrays import Booleans, Floats, Integers, Positions
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.list_candidates import Scope, Scores, candidates

NOTHING = -1
_DIGITS = 12  # of a score: sums of the same numbers in another order are equal


def first_n(
    scores: Scores, order: Positions, n: int, known: sparse.csr_array | None = None, scope: Scope = "all"
) -> tuple[Integers, Floats]:
    """The n products with the highest score of each row; of equal scores those that stand first in `order`.

    >>> first_n(np.array([[0.5, 1.0, 0.5, -np.inf]]), np.array([2, 0, 1, 3]), 3)[0].tolist()
    [[1, 2, 0]]
    >>> first_n(sparse.csr_array([[0.0, 1.0, 0.0]]), np.array([2, 0, 1]), 2)[0].tolist()
    [[1, 2]]

    Args:
        scores: Shape (rows, products): of a dense array ``-inf`` is never listed, of a sparse one what is not stored
            is 0 and the rest is above 0.
        order: Places of the products, first of equals first, shape (products,).
        n: How many.
        known: Not 0 where a customer has bought a product, shape (rows, products); for ``repeat`` and ``new``.
        scope: Which products may be listed.

    Returns:
        Places of the products (-1 where there is none) and their scores, both of shape (rows, n).
    """
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    rows = scores.shape[0]
    row, column, value = candidates(scores, order, n, known if scope != "all" else None, scope)
    value = _rounded(row, value, rows)
    sort = np.lexsort((rank[column], -value, row))
    row, column, value = row[sort], column[sort], value[sort]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    kept = (place < n) & ~np.isneginf(value)
    listed = np.full((rows, n), NOTHING, dtype=np.int64)
    points = np.full((rows, n), -np.inf)
    listed[row[kept], place[kept]] = column[kept]
    points[row[kept], place[kept]] = value[kept]
    return listed, points


def _rounded(row: Integers, value: Floats, rows: int) -> Floats:
    """Scores to so many digits of the largest one of a row."""
    size = np.zeros(rows)
    finite = np.isfinite(value)
    np.maximum.at(size, row[finite], np.abs(value[finite]))
    unit = 10.0 ** (np.floor(np.log10(np.where(size > 0, size, 1.0))) - _DIGITS)[row]
    return np.asarray(np.rint(value / unit) * unit)


@dataclass(frozen=True, eq=False)
class RankedLists:
    """A list of products for each customer, best first.

    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> from crm_lab.recommend.rankers.global_top import GlobalTop
    >>> lists = GlobalTop().fit(Interactions.of(lines, "2024-01-31")).top(n=1)
    >>> lists.to_frame()["product_id"].tolist()
    ['tea', 'tea']

    Attributes:
        interactions: What was known.
        customers: Places of the customers, shape (rows,).
        products: Places of the products, -1 where there is none, shape (rows, n).
        scores: Their scores, shape (rows, n).
    """  # fmt: skip

    interactions: Interactions
    customers: Integers
    products: Integers
    scores: Floats

    def hits(self, truth: sparse.csr_array) -> Booleans:
        """Which listed products were bought.

        >>> lists.hits(sparse.csr_array([[1.0, 0.0], [0.0, 1.0]])).tolist()
        [[False], [True]]

        Args:
            truth: Not 0 where bought, shape (rows, products).

        Returns:
            Shape (rows, n).
        """
        rows = np.repeat(np.arange(len(self.products)), self.products.shape[1])
        found = np.asarray(truth[rows, np.maximum(self.products, 0).ravel()]).reshape(self.products.shape)
        return np.asarray((found > 0) & (self.products != NOTHING))

    def to_frame(self) -> pd.DataFrame:
        """One row per customer and product: ``customer_id, rank, product_id, score``.

        >>> lists.to_frame()["rank"].tolist()
        [1, 1]
        """
        row, place = np.nonzero(self.products != NOTHING)
        return pd.DataFrame(
            {
                "customer_id": self.interactions.customer_ids[self.customers[row]],
                "rank": place + 1,
                "product_id": self.interactions.product_ids[self.products[row, place]],
                "score": self.scores[row, place],
            }
        )
