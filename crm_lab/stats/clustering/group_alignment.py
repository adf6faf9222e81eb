"""Which group of one run is which of another: the assignment with the greatest overlap, or the nearest centres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from crm_lab.arrays import Floats, Integers
from crm_lab.stats.clustering.group_stability import jaccard

_LEAST_OVERLAP = 0.2
_MOST_DISTANCE = 0.25


@dataclass(frozen=True, eq=False)
class GroupAlignment:
    """Groups of a run and what they were in another.

    Attributes:
        earlier: For each later group its earlier one, -1 where it is new, shape (later groups,).
        similarity: Jaccard similarity (or 1 - distance) of each pair, shape (later groups,); 0 where it is new.
        ari: Adjusted Rand index of the units in both runs; nan where only centres are compared.
    """

    earlier: Integers
    similarity: Floats
    ari: float


def align_by_units(earlier: Integers, later: Integers, groups: tuple[int, int]) -> GroupAlignment:
    """Align the groups of two runs by the units that are in both.

    >>> align_by_units(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), (2, 2)).earlier.tolist()
    [1, 0]

    Args:
        earlier: Group of each unit in the earlier run.
        later: In the later one, same shape.
        groups: Number of groups in each.

    Returns:
        The assignment with the greatest sum of Jaccard similarities; pairs below 0.2 are no pairs.

    Source:
        Kuhn (1955), The Hungarian method; Hubert & Arabie (1985), Comparing partitions.
    """
    table = np.bincount(later * groups[0] + earlier, minlength=groups[0] * groups[1]).reshape(groups[1], groups[0])
    ari = float(adjusted_rand_score(earlier, later)) if len(earlier) else float("nan")
    return _assigned(jaccard(table.astype(np.float64)), _LEAST_OVERLAP, ari)


def align_by_shares(earlier: Floats, later: Floats, block: Integers) -> GroupAlignment:
    """Align the groups of two runs by their shares.

    >>> align_by_shares(np.array([[0.2, 0.8], [0.7, 0.3]]), np.array([[0.65, 0.35]]), np.zeros(2, dtype=int)).earlier
    array([1])

    Args:
        earlier: Shares of the earlier groups, shape (groups, columns).
        later: Of the later ones.
        block: Block of each column.

    Returns:
        The assignment with the least sum of distances; groups further apart than a Hellinger distance of 0.25 in their
        most different block are no pair.
    """
    return _assigned(1 - group_distances(later, earlier, block), 1 - _MOST_DISTANCE, float("nan"))


def group_distances(one: Floats, other: Floats, block: Integers) -> Floats:
    """Hellinger distance of each pair of groups in their most different block, from 0 to 1.

    >>> group_distances(np.array([[1.0, 0]]), np.array([[0.0, 1], [1, 0]]), np.zeros(2, dtype=int)).tolist()
    [[1.0, 0.0]]

    Returns:
        Shape (groups of one, groups of the other).
    """
    squares = (np.sqrt(one)[:, None, :] - np.sqrt(other)[None, :, :]) ** 2
    starts = np.flatnonzero(np.diff(block, prepend=-1))
    return np.asarray(np.sqrt(np.add.reduceat(squares, starts, axis=2).max(axis=2) / 2), dtype=np.float64)


def _assigned(similarity: Floats, least: float, ari: float) -> GroupAlignment:
    rows, columns = linear_sum_assignment(-similarity)
    earlier, of_pair = np.full(len(similarity), -1), np.zeros(len(similarity))
    kept = similarity[rows, columns] >= least
    earlier[rows[kept]], of_pair[rows[kept]] = columns[kept], similarity[rows, columns][kept]
    return GroupAlignment(earlier.astype(np.int64), of_pair, ari)
