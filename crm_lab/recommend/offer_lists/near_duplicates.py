"""Which products are nearly the same: the same in named columns, or bought by nearly the same customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.interactions.tie_order import keyed_hashes

_BANDS, _ROWS = 24, 4  # two products with a Jaccard index of 0.8 share a band with a chance above 0.999996


def groups_of_alike(
    interactions: Interactions, products: pd.DataFrame | None, columns: tuple[str, ...], share: float, least: int
) -> Integers:
    """A number for each product; nearly equal products have the same one.

    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k}" for k in range(30)], 2),
    ...     "product_id": ["tea 1", "tea 2"] * 20 + ["gin", "rum"] * 10, "date": pd.Timestamp("2024-01-01")})
    >>> bought = Interactions.of(lines, "2024-01-31")
    >>> groups_of_alike(bought, None, (), 0.8, 20).tolist()
    [0, 1, 2, 2]

    Args:
        interactions: Who bought what.
        products: ``product_id`` and columns that describe products; may be missing.
        columns: Products that are the same in all of these, none empty, are nearly equal.
        share: Of the customers with either of two nearly equal products, how many have both at least (Jaccard); the
            correlation of buying them is as high, for what nearly everybody buys is alike by chance.
        least: Customers with a product, for it to be judged by them.

    Returns:
        Shape (products,).
    """  # fmt: skip
    n = interactions.shape[1]
    one, other = _same_buyers(interactions, share, least)
    if products is not None and columns and set(columns) <= set(products.columns):
        told = products.dropna(subset=list(columns)).drop_duplicates("product_id")
        place = pd.Index(interactions.product_ids).get_indexer(pd.Index(told["product_id"].astype(str)))
        first = told.assign(place_=place)[place >= 0].groupby(list(columns), sort=False)["place_"]
        one = np.concatenate([one, first.transform("first").to_numpy(dtype=np.int64)])
        other = np.concatenate([other, place[place >= 0].astype(np.int64)])
    linked = sparse.csr_array((np.ones(len(one)), (one, other)), shape=(n, n))
    return np.asarray(connected_components(linked, directed=False)[1], dtype=np.int64)


def _same_buyers(interactions: Interactions, share: float, least: int) -> tuple[Integers, Integers]:
    """Pairs of products by the Jaccard index of their buyers; candidates share a band of min-wise hashes."""
    enough = np.flatnonzero(interactions.buyers >= least)
    if len(enough) < 2:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    bought = sparse.csc_array(interactions.bought[:, enough])
    one, other = _candidates(bought, keyed_hashes(interactions.customer_ids, "buyers"))
    both = _in_both(bought, one, other)
    n = np.diff(bought.indptr)
    alike = both >= share * (n[one] + n[other] - both)
    alike &= _correlation(both, n[one], n[other], bought.shape[0]) >= share
    return enough[one[alike]].astype(np.int64), enough[other[alike]].astype(np.int64)


def _correlation(both: Floats, one: Integers, other: Integers, customers: int) -> Floats:
    """Correlation of buying one and buying the other: what nearly everybody buys is alike by chance, not by this."""
    n, m = one.astype(float), other.astype(float)
    spread = np.sqrt(n * m * (customers - n) * (customers - m))
    return np.asarray(np.where(spread > 0, (both * customers - n * m) / np.maximum(spread, 1e-300), 0.0))


def _candidates(bought: sparse.csc_array, hashes: np.ndarray) -> tuple[Positions, Positions]:
    """Pairs of columns that share a band, the first below the second."""
    rng, n = np.random.default_rng(0), bought.shape[1]
    keys = []
    for _ in range(_BANDS):
        odd = rng.integers(0, 2**63, _ROWS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        least = [np.minimum.reduceat(_mixed(hashes, k)[bought.indices], bought.indptr[:-1]) for k in odd]
        keys.append(np.unique(np.stack(least, axis=1), axis=0, return_inverse=True)[1].ravel())
    start = np.cumsum([0, *(int(key.max()) + 1 for key in keys)])
    row = np.tile(np.arange(n), _BANDS)
    column = np.concatenate([key + first for key, first in zip(keys, start[:-1], strict=True)])
    band = sparse.csr_array((np.ones(len(row), dtype=np.int32), (row, column)), shape=(n, int(start[-1])))
    found = sparse.triu(sparse.coo_array(band @ band.T), k=1).tocoo()
    return np.asarray(found.row, dtype=np.intp), np.asarray(found.col, dtype=np.intp)


def _mixed(hashes: np.ndarray, odd: np.uint64) -> np.ndarray:
    """Another hash of each customer."""
    with np.errstate(over="ignore"):
        mixed = (hashes ^ odd) * np.uint64(0x9E3779B97F4A7C15)
        return np.asarray((mixed ^ (mixed >> np.uint64(29))) * odd)


def _in_both(bought: sparse.csc_array, one: Positions, other: Positions) -> Floats:
    """Customers with both products of each pair, a block of pairs at a time."""
    step = 20_000
    parts = [
        np.asarray((bought[:, one[at : at + step]].multiply(bought[:, other[at : at + step]])).sum(axis=0)).ravel()
        for at in range(0, len(one), step)
    ]
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
