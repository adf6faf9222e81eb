"""What customers of a kind buy, for those of whom hardly anything is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput, need_columns
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.rankers.ranker import FittedRanker

_MOST = 1e9  # customers that the whole is worth where segments do not differ
NO_SEGMENT = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ColdStart:
    """Share of the customers of a segment who bought a product, drawn to the share of all.

    The whole counts as so many customers of each segment as the spread between segments says (moments of a
    beta-binomial, one for all products): where segments do not differ, everybody gets what is popular with all, and a
    small segment gets hardly anything else. Who stands in no segment gets the share of all.

    >>> lines = pd.DataFrame({"customer_id": [f"c{k:02}" for k in range(80)],
    ...     "product_id": ["tea"] * 40 + ["gin"] * 40, "date": pd.Timestamp("2024-01-01")})
    >>> kinds = lines[["customer_id"]].assign(segment=["calm"] * 40 + ["merry"] * 40)
    >>> fitted = ColdStart(segments=kinds).fit(Interactions.of(lines, "2024-01-31"))
    >>> fitted.top(np.array([0, 79]), n=1).to_frame()["product_id"].tolist()
    ['tea', 'gin']

    Attributes:
        segments: ``customer_id`` and ``segment``, one row per customer; all are of one kind unless given.
    """  # fmt: skip

    segments: pd.DataFrame | None = None

    name: ClassVar[str] = "cold_start"

    def __post_init__(self) -> None:
        if self.segments is None:
            return
        need_columns(self.segments.columns, ["customer_id", "segment"], "segments")
        twice = int(self.segments["customer_id"].duplicated().sum())
        if twice:
            raise BadInput(f"segments have {twice} customers more than once; give each one segment.")

    def fit(self, interactions: Interactions) -> FittedColdStart:
        """Count buyers by segment.

        >>> round(fitted.worth, 2)
        0.0

        Args:
            interactions: What is known.

        Returns:
            What scores products.
        """
        names = self.names(interactions)
        kinds, segment = np.unique(names, return_inverse=True)
        segment = np.where(names == NO_SEGMENT, -1, segment).astype(np.int64)
        seen = (segment >= 0) & (interactions.baskets_of > 0)
        n = np.bincount(segment[seen], minlength=len(kinds)).astype(float)
        place = np.flatnonzero(seen)
        member = sparse.csr_array((np.ones(len(place)), (segment[place], place)), shape=(len(kinds), len(segment)))
        bought = np.asarray((member @ interactions.bought).toarray(), dtype=float)
        share = interactions.buyers / max(int((interactions.baskets_of > 0).sum()), 1)
        worth = _worth(bought, n, np.asarray(share, dtype=float))
        return FittedColdStart(interactions, kinds.astype(object), segment, bought, n, share, worth)

    def names(self, interactions: Interactions) -> np.ndarray:
        """Segment of each customer as text, empty where there is none.

        >>> ColdStart().names(Interactions.of(lines, "2024-01-31"))[:2].tolist()
        ['', '']

        Args:
            interactions: Whose customers.

        Returns:
            Shape (customers,).
        """
        if self.segments is None:
            return np.full(interactions.shape[0], NO_SEGMENT, dtype=object)
        told = self.segments.dropna()
        by_id = pd.Series(told["segment"].astype(str).to_numpy(), index=told["customer_id"].astype(str))
        return by_id.reindex(interactions.customer_ids).fillna(NO_SEGMENT).to_numpy(dtype=object)


def _worth(bought: Floats, n: Floats, share: Floats) -> float:
    """Customers that the whole is worth in a segment: from how far shares of segments are apart beyond chance.

    Around the share of all, which the segment is part of, a count scatters by (1 - n / N) of its binomial variance.
    """
    own = 1 - n / max(n.sum(), 1.0)
    one = share * (1 - share)
    apart = ((bought - n[:, None] * share) ** 2).sum() - (n * own).sum() * one.sum()
    between = float(apart / max((n * (n - 1) * own**2).sum() * one.sum(), 1e-300))
    return float(min(max(1 / between - 1, 0.0), _MOST)) if between > 0 else _MOST


@dataclass(frozen=True, eq=False)
class FittedColdStart(FittedRanker):
    """Shares of buyers by segment.

    Attributes:
        kinds: Names of segments, shape (kinds,).
        segment: Place of each customer's segment, -1 where there is none, shape (customers,).
        bought: Customers of a segment who bought a product, shape (kinds, products).
        n: Customers of a segment who bought anything, shape (kinds,).
        share: Of all customers, shape (products,).
        worth: Customers that the whole is worth in each segment.
    """

    kinds: np.ndarray
    segment: Integers
    bought: Floats
    n: Floats
    share: Floats
    worth: float

    def tie_popularity(self) -> Integers:
        """Buyers, shape (products,)."""
        return self.interactions.buyers

    @cached_property
    def shares(self) -> Floats:
        """Shares drawn to that of all, shape (kinds + 1, products); the last row is that of all."""
        drawn = (self.bought + self.worth * self.share) / np.maximum(self.n + self.worth, 1e-300)[:, None]
        drawn[self.n == 0] = self.share
        return np.vstack([drawn, self.share])

    def scores(self, customers: Integers) -> Floats:
        """Share of buyers in the customer's segment, shape (rows, products)."""
        return self.shares[self.segment[customers]]
