"""How many groups there are: the largest number that is found again and explains more than fewer groups would."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.stats.clustering.count_blocks import CountBlocks
from crm_lab.stats.clustering.count_mixture import Method, fit_counts
from crm_lab.stats.clustering.one_population import more_groups
from crm_lab.stats.clustering.prediction_strength import prediction_strength

ENOUGH = 0.8
_ALONE, _STEP = 0.01, 0.05


@dataclass(frozen=True, eq=False)
class NumberOfGroups:
    """The number of groups and what it rests on.

    Attributes:
        k: Groups; 1 is an answer.
        curve: ``k, strength, se``; ``p_one`` and ``p_fewer`` where they were tested: whether one population, or one
            group fewer, would explain as much.
    """

    k: int
    curve: pd.DataFrame


def number_of_groups(
    blocks: CountBlocks, most: int, method: Method = "mixture", repeats: int = 10, seed: int = 0, sample: int = 8_000
) -> NumberOfGroups:
    """Choose the number of groups.

    The largest k whose prediction strength is 0.8 or more within its standard error, and which explains more than
    continuous differences inside one population (p < 0.01) and inside k - 1 groups (p < 0.05) would. A long cloud of
    units is cut at the same place in every half: its strength is high, and it is no two groups.

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
        curve = pd.concat(
            [first, prediction_strength(blocks, ks, method, repeats, seed, sample)], ignore_index=True
        )
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
    curve.loc[row, "p_fewer"] = alone.p
    if k > 2:
        fewer = fit_counts(blocks, k - 1, method, seed)
        curve.loc[row, "p_fewer"] = more_groups(blocks, fewer.labels(blocks), k, seed=seed).p
    return bool(curve["p_fewer"][row] < _STEP)
