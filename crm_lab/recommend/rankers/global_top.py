"""Everybody gets what most baskets hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import check_settings, not_among
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.ranker import FittedRanker


@dataclass(frozen=True, kw_only=True)
class GlobalTop:
    """Products by how often they are bought, the same for everybody.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> GlobalTop().fit(Interactions.of(lines, "2024-01-31")).top(n=2).products.tolist()
    [[1, 0], [1, 0]]

    Attributes:
        by: Counted in ``baskets`` or in ``buyers``.
    """  # fmt: skip

    by: Literal["baskets", "buyers"] = "baskets"

    name: ClassVar[str] = "global_top"

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, by=["baskets", "buyers"]))

    def fit(self, interactions: Interactions) -> FittedGlobalTop:
        """Count.

        >>> GlobalTop().fit(Interactions.of(lines, "2024-01-31")).top(n=1).products.shape[1]
        1

        Args:
            interactions: What is known.

        Returns:
            What scores products.
        """
        return FittedGlobalTop(interactions, self.by)


@dataclass(frozen=True, eq=False)
class FittedGlobalTop(FittedRanker):
    """Popularity as the score of every customer.

    Attributes:
        by: What is counted.
    """

    by: str

    def tie_popularity(self) -> Integers:
        """What is counted, shape (products,)."""
        return self.interactions.buyers if self.by == "buyers" else self.interactions.popularity

    def scores(self, customers: Integers) -> Floats:
        """Popularity, shape (rows, products)."""
        return np.tile(self.tie_popularity().astype(float), (len(customers), 1))
