"""Lists for a million customers from 50,000 products: seconds and memory of rankers, with their peers on a part."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from crm_lab.calendar import day_date
from crm_lab.recommend import Interactions
from crm_lab.recommend.rankers import Ease, ItemNeighbours, PopularityTies, TifuKnn
from crm_lab.recommend.rankers.most_bought import most_bought
from crm_lab.recommend.rankers.ranker import Ranker

CUSTOMERS, PRODUCTS, PART = 1_000_000, 50_000, 10_000
BAR = 15 * 60
RUNS = 3
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


def tifu_by_sklearn(known: Interactions, spec: TifuKnn, customers: np.ndarray, n: int = 10) -> np.ndarray:
    """The same lists by scikit-learn's NearestNeighbors and a dense sort of scores, the vectors given. The peer."""
    fitted = spec.fit(known)
    pool, own = fitted.vectors[fitted.pool], fitted.vectors[customers]
    nearest = NearestNeighbors(n_neighbors=spec.neighbours + 1, algorithm="brute").fit(pool)
    listed = []
    for at in range(0, len(customers), 200):
        rows = np.arange(at, min(at + 200, len(customers)))
        found = nearest.kneighbors(own[rows], return_distance=False)
        itself = fitted.pool[found] == customers[rows, None]
        itself[~itself.any(axis=1), -1] = True
        near = found[~itself].reshape(len(rows), spec.neighbours)
        mean = sparse.csr_array(
            (np.full(near.size, 1 / spec.neighbours), near.ravel(), np.arange(len(rows) + 1) * spec.neighbours),
            shape=(len(rows), len(fitted.pool)),
        )  # fmt: skip
        scores = spec.alpha * own[rows].toarray() + (1 - spec.alpha) * (mean @ pool).toarray()
        listed.append(first_by_numpy(scores, n))
    return np.concatenate(listed)


def ease_by_numpy(known: Interactions, spec: Ease, n: int = 10) -> np.ndarray:
    """EASE as its paper prints it, in dense numpy. The peer."""
    places = most_bought(known, spec.most)
    bought = known.bought[:, places].toarray()
    gram = bought.T @ bought
    gram[np.diag_indices_from(gram)] += spec.ridge
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return places[first_by_numpy(bought @ weights, n)]


def cosines_by_sklearn(known: Interactions, most: int, n: int = 10) -> np.ndarray:
    """Item neighbours by scikit-learn's cosine_similarity and a dense sort of scores. The peer."""
    places = most_bought(known, most)
    bought = known.bought[:, places]
    cosine = cosine_similarity(bought.T, dense_output=True)
    cosine = cosine.toarray() if sparse.issparse(cosine) else cosine
    np.fill_diagonal(cosine, 0.0)
    return places[first_by_numpy(np.asarray(bought @ cosine), n)]


def first_by_numpy(scores: np.ndarray, n: int) -> np.ndarray:
    """Columns of the n largest of each row, largest first."""
    some = np.argpartition(-scores, n, axis=1)[:, :n]
    return np.take_along_axis(some, np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1), axis=1)


def bench_rankers() -> list[dict[str, Any]]:
    """From interactions to ten products for 10,000 customers, median of three, beside peers that list the same."""
    known, most = made_up_baskets(PART), 3_000
    everyone = np.arange(PART)
    jobs: dict[str, tuple[Ranker, Callable[[], np.ndarray], str]] = {
        "tifu_knn": (TifuKnn(), lambda: tifu_by_sklearn(known, TifuKnn(), everyone), "sklearn NearestNeighbors"),
        "ease": (Ease(most=most), lambda: ease_by_numpy(known, Ease(most=most)), "EASE in dense numpy"),
        "item_neighbours": (
            ItemNeighbours(most=most), lambda: cosines_by_sklearn(known, most), "sklearn cosine_similarity"
        ),
    }  # fmt: skip
    rows = []
    for name, (ranker, by_peer, peer) in jobs.items():
        lists, theirs, ours, other = measured(lambda r=ranker: r.fit(known).top().products, by_peer)
        same = float(np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(lists, theirs, strict=True)]))
        rows.append({
            "name": f"recommend.rankers.{name}", "value": round(ours, 2), "unit": "s", "ratio": round(other / ours, 2),
            "peer": peer, "peer_value": round(other, 2), "sizes": {
                "customers": PART, "products": PRODUCTS, "most": len(known.product_ids) if name == "tifu_knn" else most,
                "runs": RUNS, "listed_by_both": round(same, 4),
            },
        })  # fmt: skip
    return rows


def measured(
    ours: Callable[[], np.ndarray], peer: Callable[[], np.ndarray]
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """What both find and their median seconds, taking turns."""
    seconds: list[list[float]] = [[], []]
    found: list[Any] = [None, None]
    for _ in range(RUNS):
        for at, job in enumerate((ours, peer)):
            start = time.perf_counter()
            found[at] = job()
            seconds[at].append(time.perf_counter() - start)
    return found[0], found[1], statistics.median(seconds[0]), statistics.median(seconds[1])


def bench_million() -> list[dict[str, Any]]:
    """Ten products for each of a million customers out of 50,000: one run; the bar is 15 minutes and 8 GB."""
    known, rows = made_up_baskets(CUSTOMERS), []
    for ranker in (PopularityTies(), TifuKnn(), ItemNeighbours(most=12_000), Ease(most=12_000)):
        start, busy = time.perf_counter(), time.process_time()
        listed = ranker.fit(known).top().products
        taken, busy = time.perf_counter() - start, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows.append({
            "name": f"recommend.million.{ranker.name}", "value": round(taken, 1), "unit": "s",
            "ratio": round(BAR / taken, 2), "peer": "15 minutes", "sizes": {
                "customers": CUSTOMERS, "products": PRODUCTS, "lines": int(known.baskets.nnz), "runs": 1,
                "cpu_seconds": round(busy, 1), "peak_gib": round(peak, 2), "listed": int((listed >= 0).sum()),
            },
        })  # fmt: skip
    return rows
