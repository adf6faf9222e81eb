"""The few products of each row that can stand among the first n."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import sparse

from crm_lab.arrays import Booleans, Floats, Integers, Positions

Scope = Literal["all", "repeat", "new"]
"""Products that may be listed: any, those the customer has bought, those new to the customer."""
Scores = Floats | sparse.csr_array
Cells = tuple[Integers, Integers, Floats]
"""Row, column and score."""
_NEAR = 1e-11  # of the largest score: what is nearer to the last place stays in


def candidates(scores: Scores, order: Positions, n: int, known: sparse.csr_array | None, scope: Scope) -> Cells:
    """Cells among which the first n of each row are.

    >>> row, column, value = candidates(np.array([[3.0, 1.0, 2.0]]), np.arange(3), 2, None, "all")
    >>> column.tolist(), value.tolist()
    ([0, 2], [3.0, 2.0])

    Args:
        scores: Shape (rows, products), as in `first_n`.
        order: Places of the products, first of equals first.
        n: How many.
        known: Where a customer has bought a product; nothing for all products.
        scope: Which products may be listed.

    Returns:
        Row, column and score of each cell.
    """
    if scope == "repeat" and known is not None:
        row, column = _cells(known)
        found = scores[row, column]
        return row, column, np.asarray(found, dtype=float).ravel()
    if isinstance(scores, np.ndarray):
        return _of_dense(scores, n, known)
    return _of_sparse(scores, order, n, known)


def _cells(matrix: sparse.csr_array) -> tuple[Integers, Integers]:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return rows, matrix.indices.astype(np.int64)


def _of_dense(scores: Floats, n: int, known: sparse.csr_array | None) -> Cells:
    """Cells at or above the n-th largest of a row."""
    if known is not None:
        scores = scores.copy()
        scores[_cells(known)] = -np.inf
    products = scores.shape[1]
    first = np.partition(scores, [max(products - n, 0), products - 1], axis=1)
    least, most = first[:, max(products - n, 0)], first[:, -1]
    with np.errstate(invalid="ignore"):
        room = np.where(np.isfinite(least), _NEAR * np.maximum(np.abs(least), np.abs(most)), 0.0)
    row, column = np.nonzero((scores >= (least - room)[:, None]) & (scores > -np.inf))
    return row, column, scores[row, column]


def _of_sparse(scores: sparse.csr_array, order: Positions, n: int, known: sparse.csr_array | None) -> Cells:
    """Cells with a score, and where they are fewer than n, those without that come first in order."""
    products = scores.shape[1]
    row, column = _cells(scores)
    value = np.asarray(scores.data, dtype=float)
    blocked = row * products + column
    if known is not None:
        had = np.sort(_keys(known))
        fresh = ~_among(blocked, had)
        row, column, value = row[fresh], column[fresh], value[fresh]
        blocked = np.union1d(blocked, had)
    have = np.bincount(row, minlength=scores.shape[0])
    length = np.minimum(np.bincount(blocked // products, minlength=scores.shape[0]) + n, products)
    length[have >= n] = 0
    more_row = np.repeat(np.arange(scores.shape[0]), length)
    more = order[np.arange(len(more_row)) - np.repeat(np.cumsum(length) - length, length)]
    free = ~_among(more_row * products + more, np.sort(blocked))
    return (
        np.concatenate([row, more_row[free]]), np.concatenate([column, more[free]]),
        np.concatenate([value, np.zeros(int(free.sum()))]),
    )  # fmt: skip


def _keys(matrix: sparse.csr_array) -> Integers:
    row, column = _cells(matrix)
    return np.asarray(row * matrix.shape[1] + column, dtype=np.int64)


def _among(keys: Integers, rising: Integers) -> Booleans:
    """Which keys are among others in rising order."""
    if not len(rising):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(rising, keys), len(rising) - 1)
    return np.asarray(rising[at] == keys)
