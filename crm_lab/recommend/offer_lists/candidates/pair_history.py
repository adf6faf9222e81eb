"""What was known on a day of a customer and a product: how often, how long ago, and whether it is due again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers, Positions
from crm_lab.calendar import day_number
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.replenishment.gap_model import GapModel, GapOutlook, fit_gaps, outlook
from crm_lab.recommend.replenishment.purchase_gaps import PurchaseGaps, purchase_gaps
from crm_lab.recommend.replenishment.replenishment import FEWEST, Replenishment

_FEWEST = 20  # gaps of a product that have ended: others get no day


@dataclass(frozen=True, eq=False)
class PairHistory:
    """Gaps of all customers and products that were bought.

    Attributes:
        interactions: What was known.
        gaps: Gaps, by customer and product.
        model: Parameters by product; nothing where hardly anything is bought twice.
        regular: Whether a product has enough gaps to say when it is due, shape (products,).
    """

    interactions: Interactions
    gaps: PurchaseGaps
    model: GapModel | None
    regular: Booleans

    @classmethod
    def learnt(cls, interactions: Interactions) -> PairHistory:
        """Learn the gaps of products.

        Args:
            interactions: What is known.

        Returns:
            Gaps with the parameters of products.
        """
        gaps, products = purchase_gaps(interactions), interactions.shape[1]
        regular = np.bincount(gaps.product, weights=gaps.n, minlength=products) >= _FEWEST
        some = _some(gaps, np.flatnonzero(regular[gaps.product]))
        model = fit_gaps(some, products) if int(some.n.sum()) >= FEWEST else None
        return cls(interactions, gaps, model, regular)

    def at(self, later: Interactions) -> PairHistory:
        """The same parameters with the gaps that are known on a later day.

        Args:
            later: What is known then, of the same customers and products.

        Returns:
            Gaps of that day.
        """
        return PairHistory(later, purchase_gaps(later), self.model, self.regular)

    def of(self, customer: Integers, product: Integers, rule: Replenishment) -> PairsSeen:
        """What is known of some customers and products.

        Args:
            customer: Places, shape (rows,).
            product: Places, shape (rows,).
            rule: Who gets a day.

        Returns:
            Times bought, days since, and the outlook of those with a day.
        """
        width = self.interactions.shape[1]
        keys, wanted = self.gaps.customer * width + self.gaps.product, customer * width + product
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        had = keys[at] == wanted
        times = np.where(had, self.gaps.n[at] + 1, 0)
        days = np.where(had, self.gaps.open_days[at], -1)
        enough = np.flatnonzero((times >= rule.least_purchases) & self.regular[product])
        if self.model is None or not len(enough):
            return PairsSeen(times, days, enough[:0], None)
        seen = outlook(self.model, _some(self.gaps, at[enough]))
        kept = np.flatnonzero(seen.goes_on >= rule.least_goes_on)
        picked = GapOutlook(*(getattr(seen, name)[kept] for name in GapOutlook.__dataclass_fields__))
        return PairsSeen(times, days, enough[kept], picked)


@dataclass(frozen=True, eq=False)
class PairsSeen:
    """What is known of rows of customers and products.

    Attributes:
        times: Days with a purchase, 0 where there is none, shape (rows,).
        days: Days since the last one, -1 where there is none, shape (rows,).
        dated: Rows with a day, shape (some,).
        outlook: What is known of their open gaps, shape (some,) each.
    """

    times: Integers
    days: Integers
    dated: Positions
    outlook: GapOutlook | None

    def usual_gap(self) -> Floats:
        """Usual days between purchases, nan for rows without a day, shape (rows,)."""
        return self._spread(None if self.outlook is None else np.exp(self.outlook.mean))

    def due_in(self, share: float) -> Floats:
        """Days from now in which the product is bought with so much chance, if it is; nan without a day."""
        gap = None if self.outlook is None else self.outlook.gap(share)
        return np.asarray(self._spread(gap) - self.days, dtype=np.float64)

    def chance_within(self, days: int) -> Floats:
        """Chance of buying again within so many days by the gaps alone; nan without a day."""
        if self.outlook is None:
            return self._spread(None)
        before = self.outlook.share_before(np.asarray(self.days[self.dated] + days + 0.5, dtype=np.float64))
        return self._spread(np.clip(self.outlook.goes_on * before, 0.0, 1.0))

    def _spread(self, values: Floats | None) -> Floats:
        made = np.full(len(self.times), np.nan)
        if values is not None:
            made[self.dated] = values
        return made


def last_days(interactions: Interactions) -> Integers:
    """Days since the last basket of each customer; so many as there are days in all for those without one.

    Args:
        interactions: What is known.

    Returns:
        Shape (customers,).
    """
    end = day_number(interactions.as_of)
    last = np.full(interactions.shape[0], int(interactions.day.min()) - 1)
    np.maximum.at(last, interactions.customer, interactions.day)
    return np.asarray(end - last, dtype=np.int64)


def _some(gaps: PurchaseGaps, rows: Positions) -> PurchaseGaps:
    names = PurchaseGaps.__dataclass_fields__
    return PurchaseGaps(*(getattr(gaps, name)[rows] for name in names))
