"""Vectors of customers and products."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.checks import BadInput
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.most_bought import most_bought, spread
from crm_lab.recommend.rankers.ranker import FittedRanker


@dataclass(frozen=True, eq=False)
class FittedFactors(FittedRanker):
    """A vector for each customer and for each of the most bought products.

    Attributes:
        places: Places of the products that have one, shape (some,).
        customer_vectors: Shape (customers, factors).
        product_vectors: Shape (some, factors).
    """

    places: Positions
    customer_vectors: Floats
    product_vectors: Floats

    @classmethod
    def learnt(cls, interactions: Interactions, most: int, model: str, **settings: Any) -> FittedFactors:
        """Learn vectors with one thread, so that they are the same on every run.

        Args:
            interactions: What is known; bought or not is all that is read.
            most: Most bought products that get a vector.
            model: Class of `implicit`, with its module.
            **settings: Of the model.

        Returns:
            The vectors.

        Raises:
            BadInput: If the package is not there.
        """
        module, _, kind = model.rpartition(".")
        try:
            made = getattr(importlib.import_module(module), kind)
        except ModuleNotFoundError as error:
            raise BadInput(
                "Matrix factors need the package implicit: install it. It has no wheel for Python 3.14 on Macs with an"
                " Intel processor; there take another ranker."
            ) from error
        places = most_bought(interactions, most)
        bought = sparse.csr_matrix(interactions.bought[:, places]).astype(np.float32)
        with threadpool_limits(1):
            learnt = made(num_threads=1, **settings)
            learnt.fit(bought, show_progress=False)
        vectors = (np.asarray(v, dtype=np.float64) for v in (learnt.user_factors, learnt.item_factors))
        return cls(interactions, places, *vectors)

    def scores(self, customers: Integers) -> Floats:
        """Inner products, shape (rows, products)."""
        own = self.customer_vectors[customers] @ self.product_vectors.T
        return spread(own, self.places, self.interactions.shape[1])
