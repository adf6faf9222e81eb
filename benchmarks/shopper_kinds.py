"""Kinds of shoppers beside the same search written with scikit-learn's KMeans."""

from __future__ import annotations

import statistics
import time
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from crm_lab.segmentation.personas import ShopperClusters, ShopperFeatures

CUSTOMERS, RUNS = 4_000, 3
KINDS = {
    "price_share": (0.8, 0.2, 0.3), "weekend_share": (0.3, 0.3, 0.7), "night_share": (0.1, 0.3, 0.1),
    "new_share": (0.1, 0.5, 0.2),
}  # fmt: skip
"""Share of a kind's lines by feature."""
STRENGTH = 0.8


def made_up_shoppers(customers: int, seed: int = 0) -> tuple[ShopperFeatures, np.ndarray]:
    """Shares of about 40 lines a customer of three kinds, and who is of which."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, customers, p=[0.5, 0.3, 0.2])
    totals = np.maximum(rng.poisson(40, customers), 5)
    counts = {}
    for name, shares in KINDS.items():
        mean = np.array(shares)[kind]
        counts[name] = (rng.binomial(totals, rng.beta(40 * mean, 40 * (1 - mean))), totals)
    who = [f"c{at:06}" for at in range(customers)]
    frame = pd.DataFrame({"customer_id": who, "n_lines": totals, "n_orders": totals})
    frame = frame.assign(**{name: have / of for name, (have, of) in counts.items()})
    return ShopperFeatures(frame, counts, pd.DataFrame(), date(2024, 1, 1), date(2024, 12, 31), simulated=True), kind


def by_us(features: ShopperFeatures, method: Literal["kmeans", "mixture"]) -> np.ndarray:
    """The same with crm_lab."""
    return ShopperClusters(method=method).fit(features).members["segment"].to_numpy()


def by_sklearn(shares: np.ndarray, most: int = 8, repeats: int = 10, draws: int = 30) -> np.ndarray:
    """Prediction strength on halves, then the groups, then their stability in bootstrap samples. The peer."""
    rng, found = np.random.default_rng(0), 1
    for k in range(2, most + 1):
        strengths = []
        for _ in range(repeats):
            order = rng.permutation(len(shares))
            one, other = shares[order[: len(order) // 2]], shares[order[len(order) // 2 :]]
            own, by = KMeans(k, n_init=10, random_state=0).fit_predict(other), KMeans(k, n_init=10, random_state=0)
            said = by.fit(one).predict(other)
            strengths.append(min(_kept_together(said[own == group]) for group in range(k)))
        found = k if statistics.mean(strengths) >= STRENGTH else found
    labels = np.asarray(KMeans(found, n_init=10, random_state=0).fit_predict(shares))
    for _ in range(draws):
        rows = rng.integers(0, len(shares), len(shares))
        again = KMeans(found, n_init=10, random_state=0).fit_predict(shares[rows])
        for group in range(found):
            mine = labels[rows] == group
            max((mine & (again == other)).sum() / (mine | (again == other)).sum() for other in range(found))
    return labels


def _kept_together(said: np.ndarray) -> float:
    """Share of pairs with one label."""
    n = len(said)
    return float((np.bincount(said) * (np.bincount(said) - 1.0)).sum() / max(n * (n - 1), 1))


def bench_shopper_clusters() -> list[dict[str, Any]]:
    """Number of kinds, kinds and their stability, median of three; agreement with the planted kinds beside it."""
    features, kind = made_up_shoppers(CUSTOMERS)
    shares = features.frame[list(KINDS)].to_numpy()
    scaled = (shares - shares.mean(axis=0)) / shares.std(axis=0)
    jobs = {
        "peer": lambda: by_sklearn(scaled),
        "kmeans": lambda: by_us(features, "kmeans"),
        "mixture": lambda: by_us(features, "mixture"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    labels = {}
    for _ in range(RUNS):
        for name, job in jobs.items():
            start = time.perf_counter()
            labels[name] = job()
            seconds[name].append(time.perf_counter() - start)
    took = {name: statistics.median(times) for name, times in seconds.items()}
    right = {name: round(float(adjusted_rand_score(kind, found)), 3) for name, found in labels.items()}
    return [
        {
            "name": f"segmentation.shopper_clusters.{name}", "value": round(took[name], 2), "unit": "s",
            "ratio": round(took["peer"] / took[name], 2), "peer": "the same search with sklearn KMeans",
            "peer_value": round(took["peer"], 2), "sizes": {
                "customers": CUSTOMERS, "features": len(KINDS), "kinds": 3, "runs": RUNS,
                "agreement": right[name], "peer_agreement": right["peer"],
            },
        }
        for name in ("kmeans", "mixture")
    ]  # fmt: skip
