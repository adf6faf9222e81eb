"""Stability of each group: how alike it is when groups are found in resampled units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.stats.clustering.count_blocks import CountBlocks
from crm_lab.stats.clustering.count_mixture import CountMixture, Method, fit_counts
from crm_lab.stats.clustering.prediction_strength import crossed

STABLE, DISSOLVED = 0.75, 0.6
_NEAR = 0.5


def jaccard(table: Floats) -> Floats:
    """Units in both groups by units in either, for each pair of a crossed table, same shape.

    >>> jaccard(np.array([[2.0, 0], [1, 3]])).round(2).tolist()
    [[0.67, 0.0], [0.17, 0.75]]

    Returns:
        Of the same shape, from 0 to 1.
    """
    either = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    return np.asarray(np.divide(table, either, out=np.zeros_like(table), where=either > 0), dtype=np.float64)


def group_stability(
    blocks: CountBlocks,
    found: CountMixture,
    method: Method = "mixture",
    draws: int = 30,
    seed: int = 0,
    sample: int = 8_000,
) -> pd.DataFrame:
    """Mean Jaccard similarity of each group with the most similar group of each bootstrap sample.

    Groups found in a sample are looked for among all units under comparison; 0.75 and more is stable, below 0.6 the
    group dissolves.

    >>> rng = np.random.default_rng(1)
    >>> hits = rng.binomial(30, np.repeat([0.2, 0.7], 200))
    >>> blocks = CountBlocks(np.column_stack([hits, 30 - hits]).astype(float), np.array([0, 0]))
    >>> (group_stability(blocks, fit_counts(blocks, 2), draws=5)["jaccard"] > 0.9).tolist()
    [True, True]

    Args:
        blocks: The counts.
        found: The groups in question.
        method: As in `fit_counts`.
        draws: Bootstrap samples.
        seed: Of the samples.
        sample: Most units compared.

    Returns:
        ``group, jaccard, se`` (of the mean), and ``dissolved``: share of samples in which it is 0.5 or less.

    Source:
        Hennig (2007), Cluster-wise assessment of cluster stability.
    """
    rng = np.random.default_rng(seed)
    blocks = blocks.take(rng.permutation(len(blocks.counts))[:sample])
    own, k, n = found.labels(blocks), found.k, len(blocks.counts)
    if k == 1:
        return pd.DataFrame({"group": [0], "jaccard": [1.0], "se": [0.0], "dissolved": [0.0]})
    best = np.zeros((draws, k))
    for draw in range(draws):
        again = fit_counts(blocks.take(rng.integers(0, n, n)), k, method, seed + draw)
        best[draw] = jaccard(crossed(own, again.labels(blocks), k)).max(axis=1)
    return pd.DataFrame(
        {
            "group": np.arange(k),
            "jaccard": best.mean(axis=0),
            "se": best.std(axis=0, ddof=1) / np.sqrt(draws),
            "dissolved": (best <= _NEAR).mean(axis=0),
        }
    )


def verdicts(similarity: Floats) -> Integers:
    """2 for a stable group, 1 for an uncertain one, 0 for one that dissolves, shape (groups,).

    >>> verdicts(np.array([0.9, 0.7, 0.3])).tolist()
    [2, 1, 0]

    Returns:
        Shape (groups,).
    """
    return np.digitize(similarity, [DISSOLVED, STABLE]).astype(np.int64)
