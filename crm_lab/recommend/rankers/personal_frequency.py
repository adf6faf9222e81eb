"""Each customer gets the own products, the most frequent first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import sparse

from crm_lab.arrays import Integers
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.list_candidates import Scope
from crm_lab.recommend.rankers.ranked_lists import NOTHING, RankedLists
from crm_lab.recommend.rankers.ranker import FittedRanker


@dataclass(frozen=True, kw_only=True)
class PersonalFrequency:
    """Own products by the number of own baskets with them; nothing else is listed, and ties are dealt by hash.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a"] * 3, "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-02"])})
    >>> PersonalFrequency().fit(Interactions.of(lines, "2024-01-31")).top(n=3).products.tolist()
    [[1, 0, -1]]
    """  # fmt: skip

    name: ClassVar[str] = "personal_frequency"

    def fit(self, interactions: Interactions) -> FittedPersonalFrequency:
        """Count.

        >>> PersonalFrequency().fit(Interactions.of(lines, "2024-01-31")).top(n=1).products.shape[1]
        1

        Args:
            interactions: What is known.

        Returns:
            What scores products.
        """
        return FittedPersonalFrequency(interactions)


@dataclass(frozen=True, eq=False)
class FittedPersonalFrequency(FittedRanker):
    """Own baskets as the score."""

    def tie_popularity(self) -> None:
        """Nothing: the hash alone decides between equals."""
        return

    def scores(self, customers: Integers) -> sparse.csr_array:
        """Own baskets with a product, shape (rows, products)."""
        return self.interactions.counts[customers]

    def lists(
        self, scopes: Sequence[Scope], customers: Integers | None = None, n: int = 10, key: str = ""
    ) -> dict[Scope, RankedLists]:
        """The first n own products of each customer; of new ones there are none.

        Args:
            scopes: As in `FittedRanker.top`.
            customers: As in `FittedRanker.top`.
            n: As in `FittedRanker.top`.
            key: As in `FittedRanker.top`.

        Returns:
            The lists by scope.
        """
        own = super().lists(("repeat",), customers, n, key)["repeat"]
        nothing = replace(own, products=np.full_like(own.products, NOTHING), scores=np.full_like(own.scores, -np.inf))
        return {scope: nothing if scope == "new" else own for scope in scopes}
