"""Matrix factors that put what was bought before what was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crm_lab.checks import check_settings, negative, not_positive, too_small
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.matrix_factors.fitted_factors import FittedFactors


@dataclass(frozen=True, kw_only=True)
class Bpr:
    """Bayesian personalised ranking: pairs of a bought and another product are drawn by lot (package `implicit`).

    On Complete Journey it finds less than popularity does; hold it against the plain sort before it is used.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": [f"c{k}" for k in range(40) for _ in range(2)],
    ...     "product_id": (["tea", "milk"] * 20 + ["gin", "tonic"] * 20), "date": pd.Timestamp("2024-01-01")})
    >>> bought = Interactions.of(lines, "2024-01-31")
    >>> Bpr(factors=4, rounds=10).fit(bought).product_vectors.shape[0]
    4

    Attributes:
        factors: Length of a vector.
        rate: Of learning.
        ridge: Weight of the penalty on vectors.
        rounds: How often as many pairs are drawn as there are purchases.
        most: Most bought products among which it looks; others are not listed.
        seed: Of what is drawn.

    Source:
        S. Rendle, C. Freudenthaler, Z. Gantner & L. Schmidt-Thieme (2009). BPR: Bayesian personalized ranking from
        implicit feedback. UAI.
    """  # fmt: skip

    factors: int = 64
    rate: float = 0.02
    ridge: float = 0.01
    rounds: int = 60
    most: int = 50_000
    seed: int = 0

    name: ClassVar[str] = "bpr"

    def __post_init__(self) -> None:
        check_settings(
            self, too_small(self, factors=1, rounds=1, most=1, seed=0), not_positive(self, "rate"),
            negative(self, "ridge"),
        )  # fmt: skip

    def fit(self, interactions: Interactions) -> FittedFactors:
        """Learn the vectors.

        >>> Bpr(factors=4, rounds=10).fit(bought).top(n=1).products.shape
        (40, 1)

        Args:
            interactions: What is known.

        Returns:
            What scores products.

        Raises:
            BadInput: If the package `implicit` is not there.
        """
        return FittedFactors.learnt(
            interactions, self.most, "implicit.cpu.bpr.BayesianPersonalizedRanking",
            factors=self.factors, learning_rate=self.rate,
            regularization=self.ridge, iterations=self.rounds, random_state=self.seed,
        )  # fmt: skip
