"""Candidates of both lists with their chances, from what is known and from what became of earlier candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.calendar import day_number
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.interactions.tie_order import tie_order
from crm_lab.recommend.offer_lists.candidates.candidate_pool import Pool, known_on, pool_of
from crm_lab.recommend.offer_lists.candidates.cold_start import ColdStart, FittedColdStart
from crm_lab.recommend.offer_lists.candidates.pair_history import PairHistory, PairsSeen
from crm_lab.recommend.offer_lists.candidates.purchase_chance import ChanceModel, features, learnt_chance
from crm_lab.recommend.rankers.list_candidates import Scope
from crm_lab.recommend.rankers.ranker import FittedRanker, Ranker
from crm_lab.recommend.replenishment.replenishment import Replenishment

ListName = Literal["remind", "try"]
SCOPES: dict[ListName, Scope] = {"remind": "repeat", "try": "new"}
_LEARN_FROM = 10_000  # customers whose candidates teach chances


@dataclass(frozen=True, kw_only=True, eq=False)
class DraftRules:
    """How candidates are found.

    Attributes:
        rankers: By list.
        cold: What customers of a kind buy.
        cold_below: Baskets below which a customer gets what customers of a kind buy.
        pool: Candidates of each list and customer.
        horizon: Days.
        due: Who gets a day.
    """

    rankers: dict[ListName, Ranker]
    cold: ColdStart
    cold_below: int
    pool: int
    horizon: int
    due: Replenishment


@dataclass(frozen=True, eq=False)
class Draft:
    """Candidates of one list.

    Attributes:
        pool: Candidates.
        seen: What is known of each.
        chance: Of being bought within the horizon, nan where nothing is learnt of it, shape (rows,).
    """

    pool: Pool
    seen: PairsSeen
    chance: Floats


@dataclass(frozen=True, eq=False)
class Drafting:
    """Fitted rankers, the gaps of products and what was learnt of chances.

    Attributes:
        rules: How candidates are found.
        known: What is known.
        fitted: Rankers by list.
        cold: What customers of a kind buy.
        history: Gaps of customers and products.
        chances: What was learnt, by list; nothing where too little became of earlier candidates.
    """

    rules: DraftRules
    known: Interactions
    fitted: dict[ListName, FittedRanker]
    cold: FittedColdStart
    history: PairHistory
    chances: dict[ListName, ChanceModel | None]

    @classmethod
    def learnt(cls, rules: DraftRules, known: Interactions) -> Drafting:
        """Learn from what is known: chances from the last span, in which rankers see nothing.

        Args:
            rules: How candidates are found.
            known: What is known.

        Returns:
            What drafts lists.
        """
        end, nothing = day_number(known.as_of), cls._fit(rules, known)
        past = known_on(known, end - rules.horizon)
        if not len(past.customer):
            return cls(*nothing, PairHistory.learnt(known), dict.fromkeys(SCOPES))
        history = PairHistory.learnt(past)
        then = cls(*cls._fit(rules, past), history, dict.fromkeys(SCOPES))
        return cls(*nothing, history.at(known), {name: then._learnt(name, known) for name in SCOPES})

    @staticmethod
    def _fit(
        rules: DraftRules, known: Interactions
    ) -> tuple[DraftRules, Interactions, dict[ListName, FittedRanker], FittedColdStart]:
        rankers: dict[ListName, FittedRanker] = {name: rules.rankers[name].fit(known) for name in SCOPES}
        return rules, known, rankers, rules.cold.fit(known)

    def _learnt(self, name: ListName, later: Interactions) -> ChanceModel | None:
        """Chances from what customers bought after the day of this draft."""
        had = self.known.baskets_of > 0
        some = tie_order(self.known.customer_ids, key="learn")
        customers = np.sort(some[had[some]][:_LEARN_FROM])
        pool = self.pool(name, customers.astype(np.int64), self.rules.pool)
        if not len(pool.customer):
            return None
        bought = np.isin(pool.customer * self.known.shape[1] + pool.product, _bought_after(later, self.known))
        seen = self.history.of(pool.customer, pool.product, self.rules.due)
        columns = features(pool, self.history, seen, self.rules.horizon)
        return learnt_chance(columns, bought, pool, self.history)

    def pool(self, name: ListName, customers: Integers, size: int) -> Pool:
        """Candidates of customers.

        Args:
            name: Of the list.
            customers: Places, shape (rows,).
            size: Most candidates of a customer.

        Returns:
            By customer and rank.
        """
        if name == "remind":
            return pool_of(self.fitted[name], SCOPES[name], customers, size)
        return pool_of(self.fitted[name], SCOPES[name], customers, size, self.cold, self.is_cold)

    @property
    def is_cold(self) -> Booleans:
        """Who has so few baskets that the list is that of customers of a kind, shape (customers,)."""
        return np.asarray(self.known.baskets_of < self.rules.cold_below)

    def draft(self, name: ListName, customers: Integers, size: int) -> Draft:
        """Candidates with their chances.

        Args:
            name: Of the list.
            customers: Places, shape (rows,).
            size: Most candidates of a customer.

        Returns:
            The draft; customers without any basket have candidates without a chance, nothing is learnt of them.
        """
        pool = self.pool(name, customers, size)
        seen = self.history.of(pool.customer, pool.product, self.rules.due)
        model = self.chances[name]
        if model is None:
            return Draft(pool, seen, np.full(len(pool.customer), np.nan))
        chance = model.chance(features(pool, self.history, seen, self.rules.horizon))
        return Draft(pool, seen, np.where(self.known.baskets_of[pool.customer] > 0, chance, np.nan))


def _bought_after(later: Interactions, before: Interactions) -> Integers:
    """Keys of customers and products with a purchase after what was known."""
    basket = np.repeat(np.arange(len(later.customer)), np.diff(later.baskets.indptr))
    fresh = later.day[basket] > day_number(before.as_of)
    key = later.customer[basket[fresh]] * later.shape[1] + later.baskets.indices[fresh]
    return np.unique(key).astype(np.int64)
