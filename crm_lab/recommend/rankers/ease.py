"""A linear model of each product on all others, in closed form (EASE)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, not_positive, too_small
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.item_neighbours import FittedProductModel
from crm_lab.recommend.rankers.most_bought import bought_together, most_bought

_BLOCK = 512  # rows at a time


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
        weights = _inverse(gram)
        weights /= -np.diag(weights)
        np.fill_diagonal(weights, 0.0)
        return FittedProductModel(interactions, places, weights)


def _inverse(gram: Floats) -> Floats:
    """Inverse of a positive definite matrix by its Cholesky factor, in the memory of the matrix."""
    turned = gram.T  # the same numbers by columns, as LAPACK stores them
    factor, broken = lapack.dpotrf(turned, lower=1, clean=0, overwrite_a=1)
    inverse, wrong = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if broken or wrong:
        raise linalg.LinAlgError("The matrix is not positive definite.")
    _mirror(inverse.T)
    return np.asarray(inverse.T)


def _mirror(matrix: Floats) -> None:
    """Copy the upper triangle onto the lower one, block by block."""
    for at in range(0, len(matrix), _BLOCK):
        end = at + _BLOCK
        matrix[end:, at:end] = matrix[at:end, end:].T
        square = matrix[at:end, at:end]
        square[:] = np.triu(square) + np.triu(square, 1).T
