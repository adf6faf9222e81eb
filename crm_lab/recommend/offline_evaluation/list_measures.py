"""How well lists find what was bought: recall, precision, NDCG, average precision and hit rate of each customer."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers

MEASURES = ("recall", "precision", "ndcg", "average_precision", "hit_rate")


def list_measures(hits: Booleans, bought: Integers) -> dict[str, Floats]:
    """Measures of the first k of each list.

    Recall is hits by what was bought; precision is hits by k; NDCG discounts a hit at rank r by log2(r + 1) and is 1
    where the first min(k, bought) are all hits; average precision is the mean precision at the ranks of hits, over
    min(k, bought); the hit rate is whether anything was found.

    >>> found = list_measures(np.array([[True, False]]), np.array([2]))
    >>> {name: float(values[0].round(4)) for name, values in found.items()}
    {'recall': 0.5, 'precision': 0.5, 'ndcg': 0.6131, 'average_precision': 0.5, 'hit_rate': 1.0}

    Args:
        hits: Whether each listed product was bought, best first, shape (customers, k).
        bought: Products that were bought, 1 or more, shape (customers,).

    Returns:
        Values of each customer by measure, each of shape (customers,).

    Source:
        K. Järvelin & J. Kekäläinen (2002). Cumulated gain-based evaluation of IR techniques. ACM TOIS 20(4).
    """
    k = hits.shape[1]
    found, ranks = hits.sum(axis=1), np.arange(1, k + 1)
    discount = 1 / np.log2(ranks + 1)
    most = np.minimum(bought, k)
    precision_at = np.cumsum(hits, axis=1) / ranks
    return {
        "recall": found / bought,
        "precision": found / k,
        "ndcg": (hits @ discount) / np.cumsum(discount)[most - 1],
        "average_precision": (precision_at * hits).sum(axis=1) / most,
        "hit_rate": (found > 0).astype(float),
    }


def novelty(products: Integers, buyers: Integers, customers: int) -> float:
    """Mean surprise of what is listed: bits, −log2 of the share of customers who have bought a product.

    >>> novelty(np.array([[0, 1, -1]]), np.array([4, 1]), 4)
    1.0

    Args:
        products: Places of listed products, -1 where there is none, shape (rows, k).
        buyers: Customers with each product, shape (products,).
        customers: Number of customers.

    Returns:
        Bits; nan where nothing is listed.

    Source:
        S. Vargas & P. Castells (2011). Rank and relevance in novelty and diversity metrics. RecSys.
    """
    listed = products[products >= 0]
    return float(-np.log2(buyers[listed] / customers).mean()) if len(listed) else float("nan")


def coverage(products: Integers, catalogue: int) -> float:
    """Share of the products that stand on any list.

    >>> coverage(np.array([[0, -1], [0, 1]]), 4)
    0.5

    Args:
        products: Places of listed products, -1 where there is none, shape (rows, k).
        catalogue: Number of products.
    """
    return len(np.unique(products[products >= 0])) / catalogue
