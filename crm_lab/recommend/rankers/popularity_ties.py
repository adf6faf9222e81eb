"""The plain sort: own products by frequency, ties by popularity, then what is popular elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from scipy import sparse

from crm_lab.arrays import Integers
from crm_lab.checks import check_settings, not_among
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.ranker import FittedRanker


@dataclass(frozen=True, kw_only=True)
class PopularityTies:
    """Own baskets with a product, ties by popularity (GP): what every other ranker has to beat.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "milk", "milk"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> PopularityTies().fit(Interactions.of(lines, "2024-01-31")).top(n=2).products.tolist()
    [[0, 1], [0, 1]]

    Attributes:
        by: Popularity counted in ``baskets`` or in ``buyers``.

    Source:
        M. Li et al. (2023). A next basket recommendation reality check. ACM Transactions on Information Systems 41(4).
    """  # fmt: skip

    by: Literal["baskets", "buyers"] = "baskets"

    name: ClassVar[str] = "popularity_ties"

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, by=["baskets", "buyers"]))

    def fit(self, interactions: Interactions) -> FittedPopularityTies:
        """Count.

        >>> PopularityTies().fit(Interactions.of(lines, "2024-01-31")).top(n=1).products.shape[1]
        1

        Args:
            interactions: What is known.

        Returns:
            What scores products.
        """
        return FittedPopularityTies(interactions, self.by)


@dataclass(frozen=True, eq=False)
class FittedPopularityTies(FittedRanker):
    """Own baskets as the score, popularity between equals.

    Attributes:
        by: What popularity counts.
    """

    by: str

    def tie_popularity(self) -> Integers:
        """What popularity counts, shape (products,)."""
        return self.interactions.buyers if self.by == "buyers" else self.interactions.popularity

    def scores(self, customers: Integers) -> sparse.csr_array:
        """Own baskets with a product, shape (rows, products)."""
        return self.interactions.counts[customers]
