"""Baskets that fade with time, of the customer and of the most similar customers (TIFU-KNN)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy import sparse

from crm_lab.arrays import Booleans, Floats, Integers, Positions
from crm_lab.checks import check_settings, not_portions, not_shares, too_small
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.interactions.tie_order import tie_order
from crm_lab.recommend.rankers.ranker import FittedRanker

_DIGITS = 12  # of a distance


@dataclass(frozen=True, kw_only=True)
class TifuKnn:
    """Temporal item frequency with nearest neighbours.

    Baskets of a customer fall into groups of `group_size`, the last group being full; a basket counts
    ``within_decay`` to the power of its place before the last of its group, a group ``group_decay`` to the power of
    its place before the last group; the vector is the mean of groups, which are means of baskets. The score is
    ``alpha`` times the own vector and ``1 - alpha`` times the mean of the nearest by Euclidean distance.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a", "b", "b"], "product_id": ["tea", "tea", "milk"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> fitted = TifuKnn(neighbours=1, alpha=0.5).fit(Interactions.of(lines, "2024-01-31"))
    >>> fitted.scores(np.array([0])).toarray().tolist()
    [[0.5, 1.0]]

    Attributes:
        neighbours: How many similar customers.
        within_decay: Weight of a basket against the next one of its group.
        group_decay: Weight of a group against the next one.
        alpha: Weight of the own vector.
        group_size: Baskets in a group.
        pool: Most customers among whom neighbours are sought; more of them are sampled by a hash of their id.

    Source:
        H. Hu, X. He, J. Gao & Z.-L. Zhang (2020). Modeling personalized item frequency information for next-basket
        recommendation. SIGIR.
    """  # fmt: skip

    neighbours: int = 300
    within_decay: float = 0.9
    group_decay: float = 0.6
    alpha: float = 0.2
    group_size: int = 3
    pool: int = 10_000

    name: ClassVar[str] = "tifu_knn"

    def __post_init__(self) -> None:
        check_settings(
            self,
            too_small(self, neighbours=1, group_size=1, pool=2),
            not_portions(self, "within_decay", "group_decay"),
            not_shares(self, "alpha"),
        )

    def fit(self, interactions: Interactions) -> FittedTifuKnn:
        """Weigh the baskets; neighbours are sought when scores are asked for.

        >>> TifuKnn().fit(Interactions.of(lines, "2024-01-31")).top(n=1).products.shape[1]
        1

        Args:
            interactions: What is known.

        Returns:
            What scores products.
        """
        vectors = interactions.weighted(self._weights(interactions))
        some: Positions = np.arange(interactions.shape[0])
        if len(some) > self.pool:
            some = np.sort(tie_order(interactions.customer_ids)[: self.pool])
        return FittedTifuKnn(interactions, self, vectors, some)

    def _weights(self, interactions: Interactions) -> Floats:
        """What each basket is worth in the vector of its customer, shape (baskets,)."""
        n = interactions.baskets_of[interactions.customer]
        back = n - 1 - interactions.place
        group, within = back // self.group_size, back % self.group_size
        groups = -(-n // self.group_size)
        size = np.where(group == groups - 1, n - (groups - 1) * self.group_size, self.group_size)
        weight = self.within_decay**within / size * self.group_decay**group / groups
        return np.asarray(weight, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class FittedTifuKnn(FittedRanker):
    """Vectors of customers.

    Attributes:
        spec: Settings.
        vectors: Shape (customers, products).
        pool: Places of the customers who may be neighbours.
    """

    spec: TifuKnn
    vectors: sparse.csr_array
    pool: Positions

    def scores(self, customers: Integers) -> sparse.csr_array:
        """Own vector and the mean of the nearest, shape (rows, products)."""
        own, share = self.vectors[customers], self.spec.alpha
        near = self._nearest(customers, own) * (1 - share)
        itself = sparse.diags_array(np.full(len(customers), share), format="csr")
        return sparse.csr_array(sparse.hstack([near, itself], "csr") @ sparse.vstack([self._others, own], "csr"))

    def _width(self) -> int:
        """Cells of a row that are held at once: the pool, or products that neighbours have bought."""
        met = self.spec.neighbours * self._others.nnz // len(self.pool)
        return max(len(self.pool), min(met, self.interactions.shape[1]))

    @cached_property
    def _others(self) -> sparse.csr_array:
        """Vectors of the pool, shape (pool, products)."""
        return sparse.csr_array(self.vectors[self.pool])

    @cached_property
    def _turned(self) -> sparse.csr_array:
        return sparse.csr_array(self._others.T)

    @cached_property
    def _lengths(self) -> Floats:
        return np.asarray(self._others.multiply(self._others).sum(axis=1), dtype=np.float64).ravel()

    @cached_property
    def _shortest(self) -> Positions:
        """Places in the pool of the k + 1 shortest vectors, the first of equals first.

        Without a product in common, a vector is the nearer the shorter it is, and no vector is farther than if it had
        none in common. So nobody else without one is among the k nearest, and nobody with one who is farther.
        """
        return np.argsort(np.round(self._lengths, _DIGITS), kind="stable")[: self._k + 1]

    @property
    def _k(self) -> int:
        return min(self.spec.neighbours, len(self.pool) - 1)

    def _nearest(self, customers: Integers, own: sparse.csr_array) -> sparse.csr_array:
        """1/k for the k nearest of the pool but the customer, shape (rows, pool)."""
        rows, k = len(customers), self._k
        if k < 1:
            return sparse.csr_array((rows, len(self.pool)))
        place = np.minimum(np.searchsorted(self.pool, customers), len(self.pool) - 1)
        far, column = self._candidates(own, np.where(self.pool[place] == customers, place, -1))
        near = np.sort(column[_nearest_first(far, column, k)].reshape(rows, k), axis=1)
        ends = np.arange(rows + 1) * k
        return sparse.csr_array((np.full(rows * k, 1 / k), near.ravel(), ends), shape=(rows, len(self.pool)))

    def _candidates(self, own: sparse.csr_array, itself: Positions) -> tuple[Floats, Positions]:
        """Distances of those who can be among the k nearest and their places in the pool, both (rows, some)."""
        rows, short = len(itself), self._shortest
        common = sparse.csr_array(own @ self._turned)
        row = np.repeat(np.arange(rows), np.diff(common.indptr))
        far = self._lengths[common.indices] - 2 * common.data  # the own length is the same for all
        known = np.zeros((rows, len(self.pool)), dtype=bool)
        known[row, common.indices] = True
        known[np.arange(rows), itself] |= itself >= 0
        least = np.round(self._lengths[short], _DIGITS)
        kept = np.flatnonzero((far <= least[-1] + 10.0**-_DIGITS) & (common.indices != itself[row]))
        have = np.bincount(row[kept], minlength=rows)
        width = int(have.max(initial=0))
        distance, column = np.full((rows, width + len(short)), np.inf), np.zeros((rows, width + len(short)), np.int64)
        filled = np.arange(width) < have[:, None]
        distance[:, :width][filled] = np.round(far[kept], _DIGITS)
        column[:, :width][filled] = common.indices[kept]
        distance[:, width:] = np.where(known[:, short], np.inf, least)
        column[:, width:] = short
        return distance, column


def _nearest_first(far: Floats, column: Positions, k: int) -> Booleans:
    """Which k are the smallest of each row; of equal ones those with the first column."""
    most = np.partition(far, k - 1, axis=1)[:, k - 1, None]
    chosen = far < most
    room = k - chosen.sum(axis=1)
    row, place = np.nonzero(far == most)
    order = np.lexsort((column[row, place], row))
    row, place = row[order], place[order]
    first = np.arange(len(row)) - np.searchsorted(row, row) < room[row]
    chosen[row[first], place[first]] = True
    return chosen
