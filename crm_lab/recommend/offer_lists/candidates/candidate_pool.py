"""Candidates of a list: the first products of each customer by a ranker, from what was known on a day."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from crm_lab.arrays import Booleans, Floats, Integers, Positions
from crm_lab.calendar import day_date
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.list_candidates import Scope
from crm_lab.recommend.rankers.ranked_lists import NOTHING
from crm_lab.recommend.rankers.ranker import FittedRanker


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates by customer, then rank; each array has shape (rows,).

    Attributes:
        customer: Place of the customer.
        product: Place of the product.
        rank: 1 for the first.
        score: Of the ranker.
        cold: Whether it comes from what customers of a kind buy.
    """

    customer: Integers
    product: Integers
    rank: Integers
    score: Floats
    cold: Booleans

    def select(self, kept: Booleans | Positions) -> Pool:
        """Some rows.

        Args:
            kept: Which.

        Returns:
            A pool of them.
        """
        return Pool(*(getattr(self, name)[kept] for name in Pool.__dataclass_fields__))


def pool_of(
    fitted: FittedRanker, scope: Scope, customers: Integers, size: int, cold: FittedRanker | None = None,
    is_cold: Booleans | None = None,
) -> Pool:  # fmt: skip
    """The first products of customers, for those of whom little is known by another ranker.

    Args:
        fitted: Ranker of those who are known.
        scope: Of the products.
        customers: Places, shape (rows,).
        size: Most candidates of a customer.
        cold: Ranker of the others.
        is_cold: Who they are, shape (all customers,).

    Returns:
        Candidates that anybody has bought, by customer and rank.
    """
    others = np.zeros(len(customers), dtype=bool) if cold is None or is_cold is None else is_cold[customers]
    parts = [_first(fitted, scope, customers[~others], size, False)]
    if cold is not None and others.any():
        parts.append(_first(cold, scope, customers[others], size, True))
    every = Pool(*(np.concatenate([getattr(p, name) for p in parts]) for name in Pool.__dataclass_fields__))
    every = every.select(np.lexsort((every.rank, every.customer)))
    return every.select(fitted.interactions.popularity[every.product] > 0)


def _first(fitted: FittedRanker, scope: Scope, customers: Integers, size: int, cold: bool) -> Pool:
    lists = fitted.top(customers, n=min(size, fitted.interactions.shape[1]), scope=scope)
    row, place = np.nonzero(lists.products != NOTHING)
    return Pool(
        customers[row], lists.products[row, place], place.astype(np.int64) + 1, lists.scores[row, place],
        np.full(len(row), cold),
    )  # fmt: skip


def known_on(interactions: Interactions, day: int) -> Interactions:
    """What was known on a day, with the places of customers and products as they are.

    Args:
        interactions: What is known later.
        day: Last day that counts, days since 1970-01-01.

    Returns:
        Interactions of the same customers and products, of which some may have no basket.
    """
    kept = np.flatnonzero(interactions.day <= day)
    matrix = sparse.csr_array(interactions.baskets[kept])
    return Interactions(
        interactions.customer_ids, interactions.product_ids, matrix, interactions.customer[kept],
        interactions.day[kept], day_date(day), interactions.left_out, interactions.simulated,
    )  # fmt: skip


def with_customers(interactions: Interactions, ids: pd.Series) -> Interactions:
    """The same purchases with further customers who have bought nothing yet.

    Args:
        interactions: What is known.
        ids: Of customers, known ones among them.

    Returns:
        Customers by id.
    """
    every = np.array(sorted({*interactions.customer_ids, *ids.dropna().astype(str)}), dtype=object)
    if len(every) == len(interactions.customer_ids):
        return interactions
    place = pd.Index(every).get_indexer(pd.Index(interactions.customer_ids)).astype(np.int64)
    return replace(interactions, customer_ids=every, customer=place[interactions.customer])
