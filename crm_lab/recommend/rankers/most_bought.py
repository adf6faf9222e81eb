"""The most bought products, to which models of pairs of products are limited."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from crm_lab.arrays import Floats, Positions
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.interactions.tie_order import tie_order

_BLOCK = 500  # products at a time


def most_bought(interactions: Interactions, most: int) -> Positions:
    """Places of the products with most buyers, in order of their ids.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> most_bought(Interactions.of(lines, "2024-01-31"), 1).tolist()
    [1]

    Args:
        interactions: What is known.
        most: How many at most.
    """  # fmt: skip
    return np.sort(tie_order(interactions.product_ids, interactions.buyers)[:most])


def bought_together(bought: sparse.csr_array) -> Floats:
    """Customers who bought both of two products, shape (products, products).

    >>> bought_together(sparse.csr_array([[1.0, 1.0], [0.0, 1.0]])).tolist()
    [[1.0, 1.0], [1.0, 2.0]]

    Args:
        bought: 1 where a customer bought a product, shape (customers, products).
    """
    products = bought.shape[1]
    turned, made = sparse.csr_array(bought.T), np.empty((products, products))
    for at in range(0, products, _BLOCK):
        made[at : at + _BLOCK] = (turned[at : at + _BLOCK] @ bought).toarray()
    return made


def spread(scores: Floats, places: Positions, products: int) -> Floats:
    """Scores of some products among all; the others have none.

    >>> spread(np.array([[2.0]]), np.array([1]), 2).tolist()
    [[-inf, 2.0]]

    Args:
        scores: Shape (rows, some).
        places: Where they belong, shape (some,).
        products: How many there are.
    """
    made = np.full((len(scores), products), -np.inf)
    made[:, places] = scores
    return made
