"""Which cells of a table stay hidden, so that no small one can be computed back from what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import linprog

from crm_lab.arrays import Booleans, Floats, Integers

ALL = -1
"""Place of a margin on an axis: the sum over it."""


@dataclass(frozen=True, eq=False)
class Margins:
    """The cells of a table with its one-way margins and total.

    Attributes:
        places: Coordinates of each, `ALL` where it sums over an axis, shape (m, axes).
        sums: Which inner cells each one sums over, shape (m, cells).
        counts: Shape (m,).
    """

    places: Integers
    sums: Floats
    counts: Floats


def with_margins(table: Integers) -> Margins:
    """The inner cells, one-way margins and the total of a table of counts.

    >>> with_margins(np.array([[1, 2], [3, 4]])).counts.tolist()
    [1.0, 2.0, 3.0, 4.0, 3.0, 7.0, 4.0, 6.0, 10.0]

    Args:
        table: Counts, any number of axes.
    """
    inner = list(product(*map(range, table.shape)))
    one_way = [
        tuple(k if axis == at else ALL for axis in range(table.ndim))
        for at in range(table.ndim)
        for k in range(table.shape[at])
    ]
    places = np.array([*inner, *one_way, (ALL,) * table.ndim])
    cells = np.array(inner)
    sums = ((places[:, None, :] == ALL) | (places[:, None, :] == cells[None])).all(axis=2).astype(float)
    return Margins(places, sums, sums @ table.ravel())


def hidden_cells(table: Integers, least: int) -> tuple[Margins, Booleans]:
    """Hide counts below a minimum, and as many others as it takes to keep them unknown.

    A reader knows all that is shown, that hidden counts are whole numbers above 0, and how cells add up. Every hidden
    count must then lie in a range at least as wide as "1 to the minimum" itself; where it does not, a shown neighbour
    with the fewest customers is hidden, too. Counts of 0 are shown.

    >>> parts, hidden = hidden_cells(np.array([[3, 40, 50], [60, 70, 80], [90, 30, 20]]), 10)
    >>> hidden[:9].reshape(3, 3).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 0]]

    Args:
        table: Counts, any number of axes.
        least: The minimum to be shown.

    Returns:
        The cells with their margins, and which of them are hidden, shape (m,).

    Source:
        Hundepool and others (2012), Statistical disclosure control, chapter 4.
    """
    parts = with_margins(table)
    hidden = (parts.counts > 0) & (parts.counts < least)
    while True:
        at = _first_known(parts, hidden, least)
        if at is None:
            return parts, hidden
        more = hidden | _neighbour(parts, hidden, at, least)
        if (more == hidden).all():  # nothing is left to hide but the total
            return parts, hidden
        hidden = more


def _first_known(parts: Margins, hidden: Booleans, least: int) -> int | None:
    """A hidden count that what is shown tells too closely."""
    for at in np.flatnonzero(hidden)[np.argsort(parts.counts[hidden], kind="stable")]:
        lo, hi = known_range(parts, hidden, int(at))
        if hi - lo < least - 2:
            return int(at)
    return None


def known_range(parts: Margins, hidden: Booleans, at: int) -> tuple[float, float]:
    """The range in which a count lies by all that is shown.

    >>> parts = with_margins(np.array([[3, 40], [60, 70]]))
    >>> hidden = np.zeros(9, dtype=bool)
    >>> hidden[0] = True
    >>> known_range(parts, hidden, 0)
    (3.0, 3.0)

    Args:
        parts: The cells with their margins.
        hidden: Which are hidden.
        at: Whose count.
    """
    inner = parts.sums.shape[1]
    free = hidden[:inner]
    shown = ~hidden
    rows = parts.sums[shown][:, free]
    rest = parts.counts[shown] - parts.sums[shown][:, ~free] @ parts.counts[:inner][~free]
    used = rows.any(axis=1)
    own = parts.sums[at, free]
    known = float(parts.sums[at, ~free] @ parts.counts[:inner][~free])
    if not own.any():
        return known, known
    most = float(parts.counts.max())
    low, high = (
        linprog(
            sign * own,
            A_eq=rows[used] if used.any() else None,
            b_eq=rest[used] if used.any() else None,
            bounds=(1, most),
        )
        for sign in (1, -1)
    )
    if low.status or high.status:
        return known, known
    return known + round(float(low.fun or 0.0), 6), known - round(float(high.fun or 0.0), 6)


def _neighbour(parts: Margins, hidden: Booleans, at: int, least: int) -> Booleans:
    """The shown count to hide: in a margin that leaves too little room, else where most hidden cells stand alone."""
    narrow = _narrow_margin(parts, hidden, at, least)
    inner = parts.sums.shape[1]
    alike = ((parts.places == ALL) == (parts.places[at] == ALL)).all(axis=1)
    can = alike & ~hidden & (parts.counts > 0)
    if narrow is not None:
        within = np.append(parts.sums[narrow] > 0, np.zeros(len(hidden) - inner, dtype=bool))
        can = can & within if (can & within).any() else np.arange(len(hidden)) == narrow
    if not can.any():
        total = (parts.places == ALL).all(axis=1)
        return np.asarray(~hidden & (parts.counts > 0) & ~total)
    shared = ((parts.places == parts.places[at]) & (parts.places != ALL)).sum(axis=1)
    order = np.lexsort((parts.counts, -shared, -_lonely(parts, hidden)))
    chosen = np.zeros(len(hidden), dtype=bool)
    chosen[next(place for place in order if can[place])] = True
    return chosen


def _narrow_margin(parts: Margins, hidden: Booleans, at: int, least: int) -> int | None:
    """A shown margin whose hidden cells hold too few customers to keep one of them unknown."""
    inner = parts.sums.shape[1]
    if at >= inner:
        return None
    cells = parts.sums[inner:] * hidden[:inner]
    room = cells @ parts.counts[:inner] - cells.sum(axis=1)
    narrow = (parts.sums[inner:, at] > 0) & ~hidden[inner:] & (room < least - 2)
    return inner + int(np.flatnonzero(narrow)[0]) if narrow.any() else None


def _lonely(parts: Margins, hidden: Booleans) -> Integers:
    """In how many margins with a single hidden cell each inner cell lies; 0 for margins."""
    inner = parts.sums.shape[1]
    one = parts.sums[inner:] @ hidden[:inner].astype(float) == 1
    return np.append(one @ parts.sums[inner:], np.zeros(len(hidden) - inner)).astype(np.int64)
