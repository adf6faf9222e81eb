"""Days between purchases of a product by a customer, and the days since the last one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Floats, Integers
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


def purchase_gaps(interactions: Interactions) -> PurchaseGaps:
    """Gaps between days with a purchase; several baskets of a day are one.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a"] * 3, "product_id": ["tea"] * 3,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-22"])})
    >>> found = purchase_gaps(Interactions.of(lines, "2024-01-31"))
    >>> found.n.tolist(), np.exp(found.sum_log).round().tolist(), found.open_days.tolist()
    ([2], [98.0], [9])

    Args:
        interactions: What was bought.

    Returns:
        One entry per customer and product.
    """  # fmt: skip
    basket = np.repeat(np.arange(len(interactions.customer)), np.diff(interactions.baskets.indptr))
    product = interactions.baskets.indices.astype(np.int64)
    pair = interactions.customer[basket] * interactions.shape[1] + product
    day = interactions.day[basket]
    order = np.lexsort((day, pair))
    pair, day = pair[order], day[order]
    same = pair[1:] == pair[:-1]
    fresh = np.concatenate([[True], ~same | (day[1:] != day[:-1])])
    pair, day = pair[fresh], day[fresh]
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
        day[end], day_number(interactions.as_of) - day[end],
    )  # fmt: skip
