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
_GROUPS = 8  # groups of columns for each place of a list


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
        found = scores[row, column] if isinstance(scores, np.ndarray) else _at(scores, known)
        return row, column, np.asarray(found, dtype=float)
    if isinstance(scores, np.ndarray):
        return _of_dense(scores, n, known)
    return _of_sparse(scores, order, n, known)


def _cells(matrix: sparse.csr_array) -> tuple[Integers, Integers]:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return rows, matrix.indices.astype(np.int64)


def _at(scores: sparse.csr_array, known: sparse.csr_array) -> Floats:
    """Scores of the stored cells of another matrix, 0 where there is none."""
    row, column = _cells(scores)
    own = _filled(known)[row, column]
    keys, values = (row * scores.shape[1] + column)[own], scores.data[own]
    if not len(keys):
        return np.zeros(known.nnz)
    order, wanted = np.argsort(keys), _keys(known)
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[place] == wanted, values[place], 0.0)


def _of_dense(scores: Floats, n: int, known: sparse.csr_array | None) -> Cells:
    """Cells at or above a number that the n-th largest of a row is not below."""
    if known is not None:
        scores = scores.copy()
        scores[_cells(known)] = -np.inf
    place = np.flatnonzero(scores >= _least(scores, n)[:, None])
    row, column = np.divmod(place, scores.shape[1])
    value = scores[row, column]
    listed = value > -np.inf
    return row[listed], column[listed], value[listed]


def _least(scores: Floats, n: int) -> Floats:
    """A number of each row that at least n of its scores reach, if it has as many; a little below what ties."""
    first = _group_maxima(scores, n)
    groups = first.shape[1]
    most = first.max(axis=1)
    least = np.partition(first, groups - n, axis=1)[:, groups - n] if groups >= n else np.full(len(first), -np.inf)
    with np.errstate(invalid="ignore"):
        room = np.where(np.isfinite(least), _NEAR * np.maximum(np.abs(least), np.abs(most)), 0.0)
    return np.asarray(least - room)


def _group_maxima(scores: Floats, n: int) -> Floats:
    """Largest scores of disjoint groups of columns: the n-th largest of them is not above that of the row."""
    rows, columns = scores.shape
    size = columns // (_GROUPS * n)
    if size < 2:
        return scores
    groups = columns // size
    whole = scores[:, : groups * size].reshape(rows, size, groups).max(axis=1)
    rest = scores[:, groups * size :]
    return np.column_stack([whole, rest.max(axis=1)]) if rest.shape[1] else whole


def _of_sparse(scores: sparse.csr_array, order: Positions, n: int, known: sparse.csr_array | None) -> Cells:
    """Cells with a score, and where they are fewer than n, those without that come first in order."""
    row, column = _cells(scores)
    value = np.asarray(scores.data, dtype=float)
    if known is not None:
        fresh = ~_filled(known)[row, column]
        row, column, value = row[fresh], column[fresh], value[fresh]
    have = np.bincount(row, minlength=scores.shape[0])
    short = np.flatnonzero(have < n)
    kept = value >= _least(_padded(value, have), n)[row]
    more_row, more = _without_score(scores[short], order, n, None if known is None else known[short])
    return (
        np.concatenate([row[kept], short[more_row]]), np.concatenate([column[kept], more]),
        np.concatenate([value[kept], np.zeros(len(more))]),
    )  # fmt: skip


def _padded(value: Floats, have: Integers) -> Floats:
    """Values of rows of so many as one array, ``-inf`` behind them."""
    made = np.full((len(have), max(int(have.max(initial=0)), 1)), -np.inf)
    made[np.arange(made.shape[1]) < have[:, None]] = value
    return made


def _without_score(
    scores: sparse.csr_array, order: Positions, n: int, known: sparse.csr_array | None
) -> tuple[Integers, Integers]:
    """Row and column of the first n cells in order that have no score and may be listed."""
    products = scores.shape[1]
    blocked = _keys(scores) if known is None else np.union1d(_keys(scores), _keys(known))
    length = np.minimum(np.bincount(blocked // products, minlength=scores.shape[0]) + n, products)
    row = np.repeat(np.arange(scores.shape[0]), length)
    column = order[np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)]
    free = ~_among(row * products + column, np.sort(blocked))
    return row[free], column[free]


def _filled(matrix: sparse.csr_array) -> Booleans:
    """Which cells are stored."""
    made = np.zeros(matrix.shape, dtype=bool)
    made[_cells(matrix)] = True
    return made


def _keys(matrix: sparse.csr_array) -> Integers:
    row, column = _cells(matrix)
    return np.asarray(row * matrix.shape[1] + column, dtype=np.int64)


def _among(keys: Integers, rising: Integers) -> Booleans:
    """Which keys are among others in rising order."""
    if not len(rising):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(rising, keys), len(rising) - 1)
    return np.asarray(rising[at] == keys)
