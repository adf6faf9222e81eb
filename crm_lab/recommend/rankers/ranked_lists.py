"""The first n products by score, those with the same score in a stated order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers, Positions
from crm_lab.recommend.interactions.interactions import Interactions

Scope = Literal["all", "repeat", "new"]
"""Products that may be listed: any, those the customer has bought, those new to the customer."""
NOTHING = -1
_DIGITS = 12  # of a score: sums of the same numbers in another order are equal


def first_n(scores: Floats, order: Positions, n: int) -> tuple[Integers, Floats]:
    """The n products with the highest score of each row; of equal scores those that stand first in `order`.

    >>> first_n(np.array([[0.5, 1.0, 0.5, -np.inf]]), np.array([2, 0, 1, 3]), 3)[0].tolist()
    [[1, 2, 0]]

    Args:
        scores: Shape (rows, products); ``-inf`` is never listed.
        order: Places of the products, first of equals first, shape (products,).
        n: How many.

    Returns:
        Places of the products (-1 where there is none) and their scores, both of shape (rows, n).
    """
    rows, products = scores.shape
    n_here = min(n, products)
    ordered = _rounded(scores)[:, order]
    least = np.partition(ordered, products - n_here, axis=1)[:, products - n_here, None]
    above = ordered > least
    equal = ordered == least
    room = n_here - above.sum(axis=1, keepdims=True)
    taken = above | (equal & (np.cumsum(equal, axis=1) <= room))
    place = np.nonzero(taken)[1].reshape(rows, n_here)
    value = np.take_along_axis(ordered, place, axis=1)
    sort = np.argsort(-value, axis=1, kind="stable")
    place, value = np.take_along_axis(place, sort, axis=1), np.take_along_axis(value, sort, axis=1)
    listed = np.full((rows, n), NOTHING, dtype=np.int64)
    listed[:, :n_here] = np.where(np.isneginf(value), NOTHING, order[place])
    points = np.full((rows, n), -np.inf)
    points[:, :n_here] = value
    return listed, points


def _rounded(scores: Floats) -> Floats:
    """Scores to so many digits of the largest one of a row."""
    size = np.where(np.isfinite(scores), np.abs(scores), 0.0).max(axis=1, initial=0.0, keepdims=True)
    unit = 10.0 ** (np.floor(np.log10(np.where(size > 0, size, 1.0))) - _DIGITS)
    return np.asarray(np.rint(scores / unit) * unit)


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

    def hits(self, truth: Booleans) -> Booleans:
        """Which listed products were bought.

        >>> lists.hits(np.array([[True, False], [False, True]])).tolist()
        [[False], [True]]

        Args:
            truth: What was bought, shape (rows, products).

        Returns:
            Shape (rows, n).
        """
        safe = np.maximum(self.products, 0)
        return np.asarray(np.take_along_axis(truth, safe, axis=1) & (self.products != NOTHING))

    def to_frame(self) -> pd.DataFrame:
        """One row per customer and product: ``customer_id, rank, product_id, score``."""
        row, place = np.nonzero(self.products != NOTHING)
        return pd.DataFrame(
            {
                "customer_id": self.interactions.customer_ids[self.customers[row]],
                "rank": place + 1,
                "product_id": self.interactions.product_ids[self.products[row, place]],
                "score": self.scores[row, place],
            }
        )
