"""Own products by frequency, of which recent baskets count more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from crm_lab.arrays import Integers
from crm_lab.checks import check_settings, not_positive
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.ranker import FittedRanker


@dataclass(frozen=True, kw_only=True)
class RecencyWeighted:
    """Own baskets with a product, each worth half as much for every so many days before the customer's last one.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a"] * 3, "product_id": ["tea", "tea", "milk"],
    ...     "date": pd.to_datetime(["2023-01-01", "2023-01-02", "2024-01-02"])})
    >>> RecencyWeighted().fit(Interactions.of(lines, "2024-01-31")).top(n=2).products.tolist()
    [[0, 1]]

    Attributes:
        half_life_days: Days in which the worth of a basket halves.
    """  # fmt: skip

    half_life_days: float = 60.0

    name: ClassVar[str] = "recency_weighted"

    def __post_init__(self) -> None:
        check_settings(self, not_positive(self, "half_life_days"))

    def fit(self, interactions: Interactions) -> FittedRecencyWeighted:
        """Weigh.

        >>> RecencyWeighted().fit(Interactions.of(lines, "2024-01-31")).top(n=1).products.shape[1]
        1

        Args:
            interactions: What is known.

        Returns:
            What scores products.
        """
        last = np.full(interactions.shape[0], np.iinfo(np.int64).min)
        np.maximum.at(last, interactions.customer, interactions.day)
        age = (last[interactions.customer] - interactions.day).astype(float)
        return FittedRecencyWeighted(interactions, interactions.weighted(0.5 ** (age / self.half_life_days)))


@dataclass(frozen=True, eq=False)
class FittedRecencyWeighted(FittedRanker):
    """Weighted baskets as the score.

    Attributes:
        worth: Shape (customers, products).
    """

    worth: sparse.csr_array

    def scores(self, customers: Integers) -> sparse.csr_array:
        """Weighted baskets with a product, shape (rows, products)."""
        return self.worth[customers]
