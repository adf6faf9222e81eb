"""The first n candidates of each customer that nothing keeps off the list, and what kept others off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers, Positions
from crm_lab.recommend.offer_lists.candidates.candidate_pool import Pool

REASONS = ("excluded", "out_of_stock", "returned", "not_due", "no_margin", "near_duplicate")
"""What keeps a candidate off a list; the first that holds is counted."""
_FREE = -1


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen from a pool.

    Attributes:
        rows: Rows of the pool that are listed, by customer and place, shape (listed,).
        place: 1 for the first of a list, shape (listed,).
        off: Rows of the pool that would be listed but for a reason, shape (off,).
        why: Place of their reason in `REASONS`, shape (off,).
    """

    rows: Positions
    place: Integers
    off: Positions
    why: Integers


def chosen(
    pool: Pool, worth: Floats | None, kept_off: Mapping[str, Booleans], group: Integers, taken: Integers, n: int
) -> Choice:
    """Choose.

    >>> nobody = np.zeros(2, dtype=bool)
    >>> two = Pool(np.array([0, 0]), np.array([4, 5]), np.array([1, 2]), np.array([9.0, 8.0]), nobody)
    >>> made = chosen(two, None, {"returned": np.array([True, False])}, np.arange(6), np.zeros(0, dtype=int), 1)
    >>> two.product[made.rows].tolist(), [REASONS[k] for k in made.why]
    ([5], ['returned'])

    Args:
        pool: Candidates.
        worth: What comes first has most of it, nan last; by rank unless given, shape (rows,).
        kept_off: Rows that are kept off, by reason.
        group: Group of nearly equal products, shape (products,).
        taken: Keys (customer x groups + group) of what stands on another list of the customer.
        n: Length of a list.

    Returns:
        Listed rows, and those that were passed over.
    """  # fmt: skip
    first = np.zeros(len(pool.customer)) if worth is None else np.where(np.isnan(worth), np.inf, -worth)
    order = np.lexsort((pool.rank, first, pool.customer))
    why = np.full(len(order), _FREE)
    for name, rows in reversed(list(kept_off.items())):
        why[rows] = REASONS.index(name)
    customer, why = pool.customer[order], why[order]
    key = customer * (int(group.max(initial=0)) + 1) + group[pool.product[order]]
    free = np.flatnonzero(why == _FREE)
    again = pd.Series(key[free]).duplicated().to_numpy() | np.isin(key[free], taken)
    why[free[again]] = REASONS.index("near_duplicate")
    free = free[~again]
    place = np.arange(len(free)) - np.searchsorted(customer[free], customer[free]) + 1
    listed = free[place <= n]
    return Choice(
        order[listed], place[place <= n].astype(np.int64), *_passed_over(order, customer, why, listed, n)
    )  # fmt: skip


def group_keys(pool: Pool, rows: Positions, group: Integers) -> Integers:
    """Keys of the customers and groups of what is listed, as `chosen` takes them.

    Args:
        pool: Candidates.
        rows: Listed ones.
        group: Group of each product, shape (products,).

    Returns:
        Shape (listed,).
    """
    width = int(group.max(initial=0)) + 1
    return np.asarray(pool.customer[rows] * width + group[pool.product[rows]], dtype=np.int64)


def _passed_over(
    order: Positions, customer: Integers, why: Integers, listed: Positions, n: int
) -> tuple[Positions, Integers]:
    """Rows before the last one of a full list, and all of a list that is not full."""
    have = np.bincount(customer[listed], minlength=int(customer.max(initial=-1)) + 1)
    last = np.full(len(have), len(order))
    ends = np.flatnonzero(have >= n)
    last[ends] = -1
    np.maximum.at(last, customer[listed], np.where(have[customer[listed]] >= n, listed, -1))
    off = np.flatnonzero((why != _FREE) & (np.arange(len(order)) < last[customer]))
    return order[off], why[off].astype(np.int64)
