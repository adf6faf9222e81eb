"""How each ranker's lists fare on a split, customer by customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from crm_lab.arrays import Floats, Integers
from crm_lab.recommend.offline_evaluation.list_measures import coverage, list_measures, novelty
from crm_lab.recommend.offline_evaluation.popularity_debiasing import stratum_weights
from crm_lab.recommend.offline_evaluation.temporal_split import Split
from crm_lab.recommend.rankers.list_candidates import Scope
from crm_lab.recommend.rankers.ranked_lists import RankedLists
from crm_lab.recommend.rankers.ranker import Ranker


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
    """Hold lists against later purchases."""
    truth = later(split, lists.customers, scope)
    hits = lists.hits(truth)
    bought = np.diff(truth.indptr).astype(np.int64)
    some, train = bought > 0, split.train
    listed = lists.products[some]
    return ListScores(
        lists.customers[some], list_measures(hits[some], bought[some]),
        (hits * weights[np.maximum(lists.products, 0)]).sum(axis=1)[some], np.asarray(truth @ weights)[some],
        coverage(listed, train.shape[1]), novelty(listed, train.buyers, train.shape[0]),
    )  # fmt: skip


def later(split: Split, customers: Integers, scope: Scope) -> sparse.csr_array:
    """What customers bought later in a scope: 1 in stored cells, shape (rows, products).

    Args:
        split: Past and later purchases.
        customers: Places, shape (rows,).
        scope: Of the products.
    """
    truth = sparse.csr_array(split.truth[customers])
    if scope == "all":
        return truth
    again = truth.multiply(split.train.bought[customers])
    made = sparse.csr_array(again if scope == "repeat" else truth - again)
    made.eliminate_zeros()
    return made
