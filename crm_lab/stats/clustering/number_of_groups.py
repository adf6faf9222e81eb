"""How many groups there are: the largest number that is found again and explains more than fewer groups would."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.stats.clustering.count_blocks import CountBlocks
from crm_lab.stats.clustering.count_mixture import CountMixture, Method, fit_counts
from crm_lab.stats.clustering.group_alignment import group_distances
from crm_lab.stats.clustering.one_population import more_groups
from crm_lab.stats.clustering.prediction_strength import prediction_strength

ENOUGH = 0.8
_ALONE, _STEP = 1e-4, 0.05  # drawn populations are not curved, mildly curved ones have p down to .002


@dataclass(frozen=True, eq=False)
class NumberOfGroups:
    """The number of groups and what it rests on.

    Attributes:
        k: Groups; 1 is an answer.
        curve: ``k, strength, se``; ``p_one`` and ``p_fewer`` where they were tested: whether one population, or
            fewer groups, would explain as much.
    """

    k: int
    curve: pd.DataFrame


def number_of_groups(
    blocks: CountBlocks, most: int, method: Method = "mixture", repeats: int = 10, seed: int = 0, sample: int = 8_000
) -> NumberOfGroups:
    """Choose the number of groups.

    The largest k whose prediction strength is 0.8 or more within its standard error, and which explains more than
    continuous differences inside one population (p < 0.0001) and inside fewer groups (p < 0.05) would: each group and
    its nearest one taken as one, or k - 1 groups. A long cloud of units is cut at the same place in every half: its
    strength is high, and it is no two groups. A strongly curved one (shares that rise and fall along one axis) is still
    taken for groups.

    >>> rng = np.random.default_rng(1)
    >>> hits = rng.binomial(30, rng.beta(3, 6, 400))
    >>> one = CountBlocks(np.column_stack([hits, 30 - hits]).astype(float), np.array([0, 0]))
    >>> number_of_groups(one, 3, repeats=3).k
    1

    Args:
        blocks: The counts.
        most: The largest number tried.
        method: As in `fit_counts`.
        repeats: Random halves.
        seed: Of all that is drawn.
        sample: Most units used.

    Returns:
        The number with its curve; k = 1 has strength 1 by definition.

    Source:
        Tibshirani & Walther (2005), Cluster validation by prediction strength; Hennig & Lin (2015), Flexible parametric
        bootstrap for testing homogeneity against clustering.
    """
    ks = list(range(2, most + 1))
    first = pd.DataFrame({"k": [1], "strength": [1.0], "se": [0.0]})
    curve = first
    if ks:
        curve = pd.concat([first, prediction_strength(blocks, ks, method, repeats, seed, sample)], ignore_index=True)
    curve["p_one"], curve["p_fewer"] = np.nan, np.nan
    for row in reversed(range(1, len(curve))):
        if curve["strength"][row] + curve["se"][row] >= ENOUGH and _earned(blocks, curve, row, method, seed):
            return NumberOfGroups(int(curve["k"][row]), curve)
    return NumberOfGroups(1, curve)


def _earned(blocks: CountBlocks, curve: pd.DataFrame, row: int, method: Method, seed: int) -> bool:
    """Test a number of groups against one and against one fewer; the p are written into the curve."""
    k = int(curve["k"][row])
    alone = more_groups(blocks, np.zeros(len(blocks.counts), dtype=np.int64), k, seed=seed)
    curve.loc[row, "p_one"] = alone.p
    if alone.p >= _ALONE:
        return False
    curve.loc[row, "p_fewer"] = alone.p if k == 2 else _fewer(blocks, k, method, seed)
    return bool(curve["p_fewer"][row] < _STEP)


def _fewer(blocks: CountBlocks, k: int, method: Method, seed: int) -> float:
    """The p that fewer groups explain as much, by neighbours and by k - 1 groups, for two tests (Bonferroni)."""
    neighbours = _worst_pair(blocks, fit_counts(blocks, k, method, seed), seed)
    if 2 * neighbours < _STEP:
        return 2 * neighbours
    fewer = fit_counts(blocks, k - 1, method, seed).labels(blocks)
    return min(1.0, 2 * min(neighbours, more_groups(blocks, fewer, k, seed=seed).p))


def _worst_pair(blocks: CountBlocks, found: CountMixture, seed: int) -> float:
    """The largest p, over each group and its nearest one, that both together are one population."""
    labels = found.labels(blocks)
    distance = group_distances(found.shares, found.shares, blocks.block) + 2 * np.eye(found.k)
    pairs = {(min(k, near), max(k, near)) for k, near in enumerate(distance.argmin(axis=1).tolist())}
    return max(_one_cloud(blocks.take(np.flatnonzero(np.isin(labels, pair))), seed) for pair in sorted(pairs))


def _one_cloud(union: CountBlocks, seed: int) -> float:
    if len(union.counts) < 4:
        return 1.0
    return more_groups(union, np.zeros(len(union.counts), dtype=np.int64), 2, seed=seed).p
