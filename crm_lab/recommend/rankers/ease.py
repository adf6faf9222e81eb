"""A linear model of each product on all others, in closed form (EASE)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import linalg

from crm_lab.checks import check_settings, not_positive, too_small
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.item_neighbours import FittedProductModel
from crm_lab.recommend.rankers.most_bought import bought_together, most_bought


@dataclass(frozen=True, kw_only=True)
class Ease:
    """Ridge regression of each product on all others, a product never on itself; bought or not is all it reads.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> Ease(ridge=1.0).fit(Interactions.of(lines, "2024-01-31")).weights.round(4).tolist()
    [[0.0, 0.5], [0.3333, 0.0]]

    Attributes:
        ridge: Weight of the penalty (λ).
        most: Most bought products among which it looks; others are not listed. Memory grows with its square.

    Source:
        H. Steck (2019). Embarrassingly shallow autoencoders for sparse data. WWW, equation 8.
    """  # fmt: skip

    ridge: float = 500.0
    most: int = 5_000

    name: ClassVar[str] = "ease"

    def __post_init__(self) -> None:
        check_settings(self, not_positive(self, "ridge"), too_small(self, most=1))

    def fit(self, interactions: Interactions) -> FittedProductModel:
        """Solve for the weights.

        >>> Ease().fit(Interactions.of(lines, "2024-01-31")).top(n=1).products.shape[1]
        1

        Args:
            interactions: What is known.

        Returns:
            What scores products.
        """
        places = most_bought(interactions, self.most)
        gram = bought_together(interactions.bought[:, places])
        gram[np.diag_indices_from(gram)] += self.ridge
        inverse = linalg.cho_solve(linalg.cho_factor(gram, overwrite_a=True), np.eye(len(gram)), overwrite_b=True)
        weights = inverse / -np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return FittedProductModel(interactions, places, weights)
