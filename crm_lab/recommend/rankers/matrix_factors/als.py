"""Matrix factors of what was bought or not, by alternating least squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crm_lab.checks import check_settings, not_positive, too_small
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.matrix_factors.fitted_factors import FittedFactors


@dataclass(frozen=True, kw_only=True)
class Als:
    """Weighted least squares: what was bought counts `weight` more than what was not (package `implicit`).

    >>> import numpy as np
    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": [f"c{k}" for k in range(12) for _ in range(2)],
    ...     "product_id": (["tea", "milk"] * 6 + ["gin", "tonic"] * 6), "date": pd.Timestamp("2024-01-01")})
    >>> more = pd.DataFrame({"customer_id": ["z"], "product_id": ["gin"], "date": [pd.Timestamp("2024-01-01")]})
    >>> bought = Interactions.of(pd.concat([lines, more]), "2024-01-31")
    >>> fitted = Als(factors=2).fit(bought)
    >>> fitted.top(np.array([12]), n=1, scope="new").to_frame()["product_id"].tolist()
    ['tonic']

    Attributes:
        factors: Length of a vector.
        ridge: Weight of the penalty on vectors.
        weight: What a purchase counts more than none.
        rounds: How often customers and products are solved for.
        most: Most bought products among which it looks; others are not listed.
        seed: Of the vectors that it begins with.

    Source:
        Y. Hu, Y. Koren & C. Volinsky (2008). Collaborative filtering for implicit feedback datasets. ICDM.
    """  # fmt: skip

    factors: int = 32
    ridge: float = 0.01
    weight: float = 1.0
    rounds: int = 15
    most: int = 50_000
    seed: int = 0

    name: ClassVar[str] = "als"

    def __post_init__(self) -> None:
        check_settings(
            self, too_small(self, factors=1, rounds=1, most=1, seed=0), not_positive(self, "ridge", "weight")
        )

    def fit(self, interactions: Interactions) -> FittedFactors:
        """Learn the vectors.

        >>> Als(factors=2).fit(bought).customer_vectors.shape
        (13, 2)

        Args:
            interactions: What is known.

        Returns:
            What scores products.

        Raises:
            BadInput: If the package `implicit` is not there.
        """
        return FittedFactors.learnt(
            interactions, self.most, "implicit.cpu.als.AlternatingLeastSquares",
            factors=self.factors, regularization=self.ridge,
            alpha=self.weight, iterations=self.rounds, random_state=self.seed,
        )  # fmt: skip
