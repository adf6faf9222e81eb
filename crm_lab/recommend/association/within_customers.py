"""How often two products would share a basket if each customer's own baskets were mixed at random."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse, stats

from crm_lab.arrays import Floats, Integers
from crm_lab.recommend.interactions.interactions import Interactions


def expected_by_habit(interactions: Interactions, pairs: pd.DataFrame) -> Floats:
    """Baskets with both products that follow from how often each customer buys each of them.

    A customer with a single basket says nothing about habits; all of those are taken together as if they were one.

    >>> lines = pd.DataFrame({"customer_id": ["a"] * 4 + ["b"], "order_id": list("11234"),
    ...     "product_id": ["tea", "milk", "tea", "milk", "tea"], "date": pd.to_datetime(["2024-01-01"] * 5)})
    >>> bought = Interactions.of(lines, "2024-01-31")
    >>> expected_by_habit(bought, pd.DataFrame({"a": [0], "b": [1]})).round(4).tolist()
    [1.3333]

    Args:
        interactions: What was bought.
        pairs: Places of the products in ``a`` and ``b``.

    Returns:
        Shape (pairs,).
    """  # fmt: skip
    one, other = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    if pairs.empty:
        return np.zeros(0)
    used, at = np.unique(np.concatenate([one, other]), return_inverse=True)
    baskets, counts = _strata(interactions)
    kept = sparse.csr_array(counts[:, used])
    scaled = sparse.csr_array(kept.multiply(1.0 / baskets[:, None]))
    together = sparse.csr_array(scaled.T @ kept)
    return np.asarray(together[at[: len(one)], at[len(one) :]], dtype=float).ravel()


def chance_of_pairs(interactions: Interactions, pairs: pd.DataFrame, expected: Floats) -> Floats:
    """One-sided p-values of as many baskets with both, given every customer's own baskets with each.

    A customer's baskets with both are hypergeometric, so their sum is one of independent yes-or-no trials; above its
    mean the Poisson tail is an upper bound of its own. Where nobody has two baskets it is Fisher's exact p.

    >>> lines = pd.DataFrame({"customer_id": ["a"] * 3, "order_id": list("112"), "product_id": ["tea", "milk", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01"] * 3)})
    >>> pairs = pd.DataFrame({"a": [0], "b": [1], "together": [1]})
    >>> chance_of_pairs(Interactions.of(lines, "2024-01-31"), pairs, np.array([1.0])).tolist()
    [1.0]

    Args:
        interactions: What was bought.
        pairs: ``a, b, together``.
        expected: As `expected_by_habit` gives it.

    Returns:
        Shape (pairs,).

    Source:
        T. W. Anderson & S. M. Samuels (1967). Some inequalities among binomial and Poisson probabilities. Proceedings
        of the fifth Berkeley symposium 1.
    """  # fmt: skip
    both = pairs["together"].to_numpy()
    if interactions.baskets_of.max() < 2:
        n, counts = len(interactions.customer), interactions.popularity
        return np.asarray(stats.hypergeom.sf(both - 1, n, counts[pairs["a"]], counts[pairs["b"]]))
    return np.where(both >= expected + 1, stats.poisson.sf(both - 1, expected), 1.0)


def _strata(interactions: Interactions) -> tuple[Integers, sparse.csr_array]:
    """Baskets, and baskets with each product, of every customer with two or more and of all others as one."""
    single = interactions.baskets_of < 2
    own = interactions.counts[np.flatnonzero(~single)]
    if not single.any():
        return interactions.baskets_of, own
    rest = interactions.counts[np.flatnonzero(single)].sum(axis=0)
    baskets = np.append(interactions.baskets_of[~single], single.sum())
    return baskets, sparse.csr_array(sparse.vstack([own, sparse.csr_array(np.atleast_2d(rest))]))
