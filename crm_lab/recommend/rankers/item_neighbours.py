"""Products that the same customers buy (item-kNN)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy import sparse

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.checks import check_settings, too_small
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.list_candidates import Scope
from crm_lab.recommend.rankers.most_bought import bought_together, most_bought, spread
from crm_lab.recommend.rankers.ranked_lists import NOTHING, first_n
from crm_lab.recommend.rankers.ranker import FittedRanker

_BLOCK = 500  # products at a time


@dataclass(frozen=True, kw_only=True)
class ItemNeighbours:
    """Sum of cosines between a product and each product the customer has bought.

    The cosine of two products is the number of customers with both by the root of the product of those with each.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> fitted = ItemNeighbours().fit(Interactions.of(lines, "2024-01-31"))
    >>> fitted.top(np.array([1]), scope="new").scores[0, 0].round(4)
    np.float64(0.7071)

    Attributes:
        neighbours: Most similar products that count for each; 0 for all of them.
        most: Most bought products among which it looks; others are not listed.

    Source:
        B. Sarwar, G. Karypis, J. Konstan & J. Riedl (2001). Item-based collaborative filtering. WWW.
    """  # fmt: skip

    neighbours: int = 0
    most: int = 5_000

    name: ClassVar[str] = "item_neighbours"

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, neighbours=0, most=1))

    def fit(self, interactions: Interactions) -> FittedProductModel:
        """Compute the cosines.

        >>> ItemNeighbours().fit(Interactions.of(lines, "2024-01-31")).top(n=1).products.shape[1]
        1

        Args:
            interactions: What is known.

        Returns:
            What scores products.
        """
        places = most_bought(interactions, self.most)
        cosine = bought_together(interactions.bought[:, places])
        buyers, blocks = np.diag(cosine).copy(), -(-len(places) // _BLOCK)
        for at in range(0, len(places), _BLOCK):
            cosine[at : at + _BLOCK] /= np.sqrt(buyers[at : at + _BLOCK, None] * buyers)
        np.fill_diagonal(cosine, 0.0)
        if 0 < self.neighbours < len(places):
            least = np.concatenate([self._least(rows) for rows in np.array_split(cosine, blocks)])
            np.multiply(cosine, cosine >= least, out=cosine)  # as similar one way as the other
        return FittedProductModel(interactions, places, cosine)

    def _least(self, cosine: Floats) -> Floats:
        """What the most similar of each product reach, shape (rows,)."""
        place = cosine.shape[1] - self.neighbours
        return np.asarray(np.partition(cosine, place, axis=1)[:, place])


@dataclass(frozen=True, eq=False)
class FittedProductModel(FittedRanker):
    """Weights between products.

    Attributes:
        places: Places of the products it knows, shape (some,).
        weights: What a bought product adds to another, shape (some, some).
    """

    places: Positions
    weights: Floats

    def scores(self, customers: Integers) -> Floats:
        """Sum of weights from the customer's products, shape (rows, products)."""
        return spread(self._some(customers), self.places, self.interactions.shape[1])

    def _some(self, customers: Integers) -> Floats:
        return np.asarray(self._known[customers] @ self.weights)

    @cached_property
    def _known(self) -> sparse.csr_array:
        """1 where a customer bought a product it knows, shape (customers, some)."""
        return sparse.csr_array(self.interactions.bought[:, self.places])

    def _width(self) -> int:
        return len(self.places)

    def _first(
        self, rows: Integers, order: Positions, n: int, scopes: Sequence[Scope]
    ) -> list[tuple[Integers, Floats]]:
        """As for all products, but looking at those it knows only."""
        known, scores = self._known[rows], self._some(rows)
        at = np.searchsorted(self.places, order)
        at = np.minimum(at, len(self.places) - 1)
        own = at[self.places[at] == order]
        found = [first_n(scores, own, n, known, scope) for scope in scopes]
        return [(np.where(place == NOTHING, NOTHING, self.places[place]), value) for place, value in found]
