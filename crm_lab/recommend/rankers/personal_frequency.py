"""Each customer gets the own products, the most frequent first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crm_lab.arrays import Floats, Integers
from crm_lab.recommend.interactions.interactions import Interactions
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

    def scores(self, customers: Integers) -> Floats:
        """Own baskets with a product, ``-inf`` where there is none, shape (rows, products)."""
        counts = self.interactions.counts[customers].toarray()
        return np.where(counts > 0, counts, -np.inf)
