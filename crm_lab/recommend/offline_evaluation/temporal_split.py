"""The past to learn from and the later purchases to be found: by the last basket of each customer, or by a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
from scipy import sparse

from crm_lab.arrays import Integers
from crm_lab.calendar import day_date, day_number
from crm_lab.checks import BadInput, as_date, check_settings, too_small
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.recommend.interactions.interactions import Interactions


@dataclass(frozen=True, eq=False)
class Split:
    """What rankers learn from, and what they have to find.

    Limits on products and customers are taken from the past alone; what is bought later but is not among the
    products of the past cannot be listed and does not count.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a"] * 3, "product_id": ["tea", "gin", "tea"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-02"])})
    >>> bought = Interactions.of(lines, "2024-01-31")
    >>> first = bought.day == bought.day.min()
    >>> split = Split.of(bought.select(baskets=first), bought.select(baskets=~first), "date")
    >>> split.customers.tolist(), split.unknown
    ([0], 0.5)

    Attributes:
        train: The past.
        truth: 1 where a customer of the past bought a product of the past later, shape (customers, products).
        kind: ``last_basket`` or ``date``.
        first_day: First day with a purchase to be found.
        last_day: Last day with one.
        unknown: Share of the later pairs of customers and products that have no counterpart in the past.
    """  # fmt: skip

    train: Interactions
    truth: sparse.csr_array
    kind: Literal["last_basket", "date"]
    first_day: date
    last_day: date
    unknown: float

    @classmethod
    def of(cls, train: Interactions, test: Interactions, kind: Literal["last_basket", "date"]) -> Split:
        """Match later purchases to the customers and products of the past.

        Args:
            train: The past.
            test: Later purchases.
            kind: How they were told apart.

        Returns:
            Both, matched.

        Raises:
            CannotAnswer: If no later purchase has a counterpart in the past.
        """
        truth = test.matched(train.customer_ids, train.product_ids)
        if not truth.nnz:
            raise cannot_answer("test_without_purchases", first=day_date(int(test.day.min())), last=test.as_of)
        first = day_date(int(test.day.min()))
        return cls(train, truth, kind, first, test.as_of, 1 - truth.nnz / test.bought.nnz)

    @property
    def customers(self) -> Integers:
        """Places of the customers with something to be found."""
        return np.flatnonzero(np.diff(self.truth.indptr) > 0).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class LastBasketSplit:
    """The last basket of each customer is to be found, all earlier ones are known.

    Baskets of a day stand by hour, then order number. Limits of products are counted without the last baskets.

    Each customer is cut at a day of its own: what others bought after that day is known, as it is to a shop that
    keeps its lists up to date only for popularity and neighbours; use `DateSplit` where even that is too much.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a"] * 3, "product_id": ["tea"] * 3,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])})
    >>> split = LastBasketSplit(least_baskets=2, least_product_baskets=1).split(Interactions.of(lines, "2024-01-31"))
    >>> split.first_day.isoformat(), split.train.popularity.tolist()
    ('2024-01-03', [2])

    Attributes:
        least_baskets: Baskets of a customer, the last one counted; whoever has fewer is left out.
        least_product_baskets: Baskets of the past with a product; rarer ones are left out.
    """  # fmt: skip

    least_baskets: int = 4
    least_product_baskets: int = 5

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, least_baskets=2, least_product_baskets=1))

    def split(self, interactions: Interactions) -> Split:
        """Cut off the last basket of each customer.

        >>> split.truth.toarray().tolist()
        [[1.0]]

        Args:
            interactions: All that is known.

        Returns:
            Past and last baskets.

        Raises:
            CannotAnswer: If no customer has so many baskets, or no last basket holds a product of the past.
        """
        baskets = interactions.baskets_of[interactions.customer]
        enough = baskets >= self.least_baskets
        if not enough.any():
            raise cannot_answer(
                "too_few_baskets", least=self.least_baskets, most=int(interactions.baskets_of.max(initial=0))
            )
        last = interactions.place == baskets - 1
        train = interactions.select(baskets=enough & ~last)
        train = train.select(products=train.popularity >= self.least_product_baskets)
        return Split.of(train, interactions.select(baskets=enough & last), "last_basket")


@dataclass(frozen=True, kw_only=True)
class DateSplit:
    """What is bought from a day on is to be found, all that was bought before is known. Nothing later is used.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"customer_id": ["a"] * 3, "product_id": ["tea"] * 3,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])})
    >>> split = DateSplit(first_day="2024-01-02", least_buyers=1).split(Interactions.of(lines, "2024-01-31"))
    >>> split.train.as_of.isoformat(), split.last_day.isoformat()
    ('2024-01-01', '2024-01-03')

    Attributes:
        first_day: First day to be found.
        last_day: Last day to be found; the last day of the data unless given.
        least_buyers: Customers of the past with a product; rarer ones are left out.
    """  # fmt: skip

    first_day: str | date
    last_day: str | date | None = None
    least_buyers: int = 50

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, least_buyers=1))
        first, last = as_date(self.first_day, "first_day"), self.last_day and as_date(self.last_day, "last_day")
        if last and last < first:
            raise BadInput(f"last_day is {last}, before first_day {first}; choose a later one.")

    def split(self, interactions: Interactions) -> Split:
        """Cut at the day.

        >>> split.kind
        'date'

        Args:
            interactions: All that is known.

        Returns:
            Past and later purchases.

        Raises:
            CannotAnswer: If nobody bought before or nobody after, or nothing known is bought again.
        """
        first = day_number(as_date(self.first_day))
        last = day_number(as_date(self.last_day)) if self.last_day else day_number(interactions.as_of)
        before, after = interactions.day < first, (interactions.day >= first) & (interactions.day <= last)
        if not before.any() or not after.any():
            raise cannot_answer("test_without_purchases", first=day_date(first), last=day_date(last))
        train = replace(interactions.select(baskets=before), as_of=day_date(first - 1))
        train = train.select(products=train.buyers >= self.least_buyers)
        return Split.of(train, interactions.select(baskets=after), "date")
