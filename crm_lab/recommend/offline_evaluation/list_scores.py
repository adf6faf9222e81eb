"""How each ranker's lists fare on a split, customer by customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.recommend.offline_evaluation.list_measures import coverage, list_measures, novelty
from crm_lab.recommend.offline_evaluation.popularity_debiasing import stratum_weights
from crm_lab.recommend.offline_evaluation.temporal_split import Split
from crm_lab.recommend.rankers.ranked_lists import RankedLists, Scope
from crm_lab.recommend.rankers.ranker import Ranker

_ROWS = 512  # customers at a time


@dataclass(frozen=True, eq=False)
class ListScores:
    """Measures of one ranker in one scope.

    Attributes:
        customers: Places of the customers with something to be found in the scope, shape (n,).
        by_customer: Measures of each customer by name, each of shape (n,).
        weighted_hits: Sum of inverse propensities of what was found, shape (n,).
        weighted_truth: The same of what was bought, shape (n,).
        coverage: Share of the products that stand on any list.
        novelty: Bits.
    """

    customers: Integers
    by_customer: Mapping[str, Floats]
    weighted_hits: Floats
    weighted_truth: Floats
    coverage: float
    novelty: float


def scores_of(ranker: Ranker, split: Split, k: int, scopes: Sequence[Scope]) -> dict[Scope, ListScores]:
    """Fit on the past, list, and hold the lists against what was bought later.

    Args:
        ranker: Which; it sees the past alone.
        split: Past and later purchases.
        k: Length of a list.
        scopes: Products that may be listed, and count as found: all, those bought before, those new to the customer.

    Returns:
        By scope.
    """
    lists = ranker.fit(split.train).lists(scopes, split.customers, k)
    weights = stratum_weights(split.train.buyers, split.train.shape[0])
    return {scope: _measured(lists[scope], split, scope, weights) for scope in scopes}


def _measured(lists: RankedLists, split: Split, scope: Scope, weights: Floats) -> ListScores:
    """Hold lists against later purchases, some customers at a time."""
    hits, bought, up, down = [], [], [], []
    for at in range(0, len(lists.customers), _ROWS):
        part = RankedLists(
            lists.interactions, lists.customers[at : at + _ROWS], lists.products[at : at + _ROWS],
            lists.scores[at : at + _ROWS],
        )  # fmt: skip
        truth = later(split, part.customers, scope)
        found = part.hits(truth)
        hits.append(found)
        bought.append(truth.sum(axis=1))
        up.append((found * weights[np.maximum(part.products, 0)]).sum(axis=1))
        down.append(truth @ weights)
    some = np.concatenate(bought) > 0
    listed, train = lists.products[some], split.train
    return ListScores(
        lists.customers[some], list_measures(np.concatenate(hits)[some], np.concatenate(bought)[some]),
        np.concatenate(up)[some], np.concatenate(down)[some],
        coverage(listed, train.shape[1]), novelty(listed, train.buyers, train.shape[0]),
    )  # fmt: skip


def later(split: Split, customers: Integers, scope: Scope) -> Booleans:
    """What customers bought later in a scope, shape (rows, products).

    Args:
        split: Past and later purchases.
        customers: Places, shape (rows,).
        scope: Of the products.
    """
    truth = split.truth[customers].toarray() > 0
    if scope == "all":
        return np.asarray(truth)
    known = split.train.bought[customers].toarray() > 0
    return np.asarray(truth & (known if scope == "repeat" else ~known))
