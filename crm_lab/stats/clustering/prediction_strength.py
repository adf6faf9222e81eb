"""Prediction strength: how well groups found in one half of the units are found again in the other, by their number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.stats.clustering.count_blocks import CountBlocks
from crm_lab.stats.clustering.count_mixture import Method, fit_counts


def prediction_strength(
    blocks: CountBlocks,
    ks: Sequence[int],
    method: Method = "mixture",
    repeats: int = 10,
    seed: int = 0,
    sample: int = 5_000,
) -> pd.DataFrame:
    """Prediction strength of each number of groups over repeated halves.

    Groups are found in both halves; of each group of one half it is counted how many of its pairs the groups of the
    other half keep together, and the least such share counts. It is the mean over both directions.

    >>> rng = np.random.default_rng(1)
    >>> hits = rng.binomial(30, np.repeat([0.2, 0.7], 200))
    >>> blocks = CountBlocks(np.column_stack([hits, 30 - hits]).astype(float), np.array([0, 0]))
    >>> (prediction_strength(blocks, [2, 5], repeats=3).set_index("k")["strength"] > 0.8).tolist()
    [True, False]

    Args:
        blocks: The counts.
        ks: Numbers of groups, 2 or more.
        method: As in `fit_counts`.
        repeats: Random halves.
        seed: Of the halves.
        sample: Most units in both halves together.

    Returns:
        ``k, strength, se`` (standard error of the mean over repeats).

    Source:
        Tibshirani & Walther (2005), Cluster validation by prediction strength.
    """
    rng = np.random.default_rng(seed)
    values = np.zeros((repeats, len(ks)))
    for repeat in range(repeats):
        rows = rng.permutation(len(blocks.counts))[:sample]
        halves = blocks.take(rows[: len(rows) // 2]), blocks.take(rows[len(rows) // 2 :])
        values[repeat] = [_of_halves(halves, k, method, seed + repeat) for k in ks]
    se = values.std(axis=0, ddof=1) / np.sqrt(repeats)
    return pd.DataFrame({"k": list(ks), "strength": values.mean(axis=0), "se": se})


def _of_halves(halves: tuple[CountBlocks, CountBlocks], k: int, method: Method, seed: int) -> float:
    if any(len(half.counts) < 2 * k for half in halves):
        return 0.0
    found = [fit_counts(half, k, method, seed) for half in halves]
    labels = [[fit.labels(half) for fit in found] for half in halves]
    return float(np.mean([kept_pairs(labels[0][0], labels[0][1], k), kept_pairs(labels[1][1], labels[1][0], k)]))


def kept_pairs(own: Integers, other: Integers, k: int) -> float:
    """The least share, over groups, of the pairs in a group that are together in the other grouping as well.

    >>> kept_pairs(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]), 2)
    0.3333333333333333

    Args:
        own: Group of each unit.
        other: Group in the other grouping.
        k: Number of groups; one with fewer than two units keeps no pair.

    Returns:
        A share from 0 to 1.
    """
    table = crossed(own, other, k)
    sizes = table.sum(axis=1)
    pairs = sizes * (sizes - 1)
    together = (table * (table - 1)).sum(axis=1)
    return float(np.divide(together, pairs, out=np.zeros(k), where=pairs > 0).min())


def crossed(own: Integers, other: Integers, k: int) -> Floats:
    """How many units are in each pair of groups, shape (k, k).

    Returns:
        Shape (k, k).
    """
    return np.bincount(own * k + other, minlength=k * k).reshape(k, k).astype(np.float64)
