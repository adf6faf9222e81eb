"""Lists for a million customers from 50,000 products: seconds and memory of rankers, with their peers on a part."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from crm_lab.calendar import day_date
from crm_lab.recommend import Interactions

CUSTOMERS, PRODUCTS = 1_000_000, 50_000
FIRST_DAY = 19_000
FAVOURITES = 12


def made_up_baskets(customers: int, products: int = PRODUCTS, seed: int = 0) -> Interactions:
    """About six baskets of four lines a customer over a year; half of the lines are of twelve products of its own.

    Products are drawn by a rank law: the k-th most bought has a weight of 1 / (k + 20).
    """
    rng = np.random.default_rng(seed)
    law = np.cumsum(1 / (np.arange(products) + 20.0))
    shuffled = rng.permutation(products).astype(np.int32)

    def drawn(n: int) -> np.ndarray:
        return shuffled[np.searchsorted(law, rng.random(n) * law[-1])]

    of = rng.poisson(rng.gamma(1.0, 5.0, customers)) + 1
    customer = np.repeat(np.arange(customers, dtype=np.int64), of)
    day = FIRST_DAY + rng.integers(0, 365, len(customer))
    order = np.lexsort((day, customer))
    lines = rng.poisson(3.0, len(customer)) + 1
    basket = np.repeat(np.arange(len(customer), dtype=np.int32), lines)
    own = drawn(customers * FAVOURITES).reshape(customers, FAVOURITES)
    product = drawn(len(basket))
    usual = np.flatnonzero(rng.random(len(basket)) < 0.5)
    product[usual] = own[customer[basket[usual]], rng.integers(0, FAVOURITES, len(usual))]
    matrix = sparse.csr_array((np.ones(len(basket)), (basket, product)), shape=(len(customer), products))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    who = np.array([f"c{k:07}" for k in range(customers)], dtype=object)
    what = np.array([f"p{k:05}" for k in range(products)], dtype=object)
    return Interactions(who, what, matrix, customer, day[order], day_date(FIRST_DAY + 365), simulated=True)
