"""Days between purchases of a product by a customer, and the days since the last one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.calendar import day_number
from crm_lab.recommend.interactions.interactions import Interactions


@dataclass(frozen=True, eq=False)
class PurchaseGaps:
    """Gaps of each customer and product, summed up.

    Attributes:
        customer: Place of the customer, shape (pairs,).
        product: Place of the product, shape (pairs,).
        n: Gaps that have ended: purchase days less one, shape (pairs,).
        sum_log: Sum of the logarithms of their days, shape (pairs,).
        sum_square: Sum of the squared logarithms, shape (pairs,).
        last: Last day with a purchase, days since 1970-01-01, shape (pairs,).
        open_days: Days from it to the last day that counts: the gap that has not ended, shape (pairs,).
    """

    customer: Integers
    product: Integers
    n: Integers
    sum_log: Floats
    sum_square: Floats
    last: Integers
    open_days: Integers

    @property
    def open_log(self) -> Floats:
        """Logarithm that the open gap exceeds: half a day is added, since days are whole, shape (pairs,)."""
        return np.asarray(np.log(self.open_days + 0.5))

    def some(self, pairs: Positions) -> PurchaseGaps:
        """Those of some pairs.

        Args:
            pairs: Their places.
        """
        return PurchaseGaps(*(getattr(self, name)[pairs] for name in PurchaseGaps.__dataclass_fields__))


def purchase_gaps(interactions: Interactions, until: int | None = None) -> PurchaseGaps:
    """Gaps between days with a purchase; several baskets of a day are one.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a"] * 3, "product_id": ["tea"] * 3,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-22"])})
    >>> found_in = Interactions.of(lines, "2024-01-31")
    >>> found = purchase_gaps(found_in)
    >>> found.n.tolist(), np.exp(found.sum_log).round().tolist(), found.open_days.tolist()
    ([2], [98.0], [9])

    >>> purchase_gaps(found_in, until=day_number(found_in.as_of) - 20).n.tolist()
    [1]

    Args:
        interactions: What was bought.
        until: Last day that counts, days since 1970-01-01, if it is not that of the interactions.

    Returns:
        One entry per customer and product, by customer and product.
    """  # fmt: skip
    last = day_number(interactions.as_of) if until is None else until
    pair, day = _purchase_days(interactions)
    pair, day = pair[day <= last], day[day <= last]
    keys, start = np.unique(pair, return_index=True)
    at = np.searchsorted(keys, pair)
    gap = np.concatenate([[1.0], np.diff(day).astype(float)])
    gap[start] = 1.0  # log 0: the first purchase ends no gap
    log = np.log(gap)
    end = np.concatenate([start[1:], [len(day)]]) - 1
    return PurchaseGaps(
        (keys // interactions.shape[1]).astype(np.int64), (keys % interactions.shape[1]).astype(np.int64),
        (end - start).astype(np.int64), np.bincount(at, log).astype(np.float64),
        np.bincount(at, log**2).astype(np.float64),
        day[end], last - day[end],
    )  # fmt: skip


def next_gaps(interactions: Interactions, gaps: PurchaseGaps, until: int) -> Integers:
    """Days of the gap that was open after a day, 0 where it still is.

    >>> early = purchase_gaps(found_in, until=day_number(found_in.as_of) - 20)
    >>> next_gaps(found_in, early, day_number(found_in.as_of) - 20).tolist()
    [14]

    Args:
        interactions: What was bought, also later.
        gaps: Gaps as known on the day.
        until: The day, days since 1970-01-01.

    Returns:
        Shape (pairs,).
    """
    pair, day = _purchase_days(interactions)
    keys, first = np.unique(pair[day > until], return_index=True)
    if not len(keys):
        return np.zeros(len(gaps.n), dtype=np.int64)
    wanted = gaps.customer * interactions.shape[1] + gaps.product
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, day[day > until][first[place]] - gaps.last, 0)


def _purchase_days(interactions: Interactions) -> tuple[Integers, Integers]:
    """Pair (customer times products plus product) and day of each day with a purchase, by pair and day."""
    basket = np.repeat(np.arange(len(interactions.customer)), np.diff(interactions.baskets.indptr))
    pair = interactions.customer[basket] * interactions.shape[1] + interactions.baskets.indices
    day = interactions.day[basket]
    order = np.lexsort((day, pair))
    pair, day = pair[order], day[order]
    fresh = np.concatenate([[True], (pair[1:] != pair[:-1]) | (day[1:] != day[:-1])])
    return pair[fresh], day[fresh]
