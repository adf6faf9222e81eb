"""Rankers against plain loops and closed forms, and lists against a plain sort."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from crm_lab.checks import BadInput
from crm_lab.recommend import Interactions
from crm_lab.recommend.rankers import (
    Ease,
    GlobalTop,
    ItemNeighbours,
    PersonalFrequency,
    PopularityTies,
    RecencyWeighted,
    TifuKnn,
)
from crm_lab.recommend.rankers.ranked_lists import first_n
from tests.recommend.test_interactions import lines_of, random_lines

RANKERS = [
    GlobalTop(), GlobalTop(by="buyers"), PersonalFrequency(), PopularityTies(), RecencyWeighted(),
    TifuKnn(neighbours=4), ItemNeighbours(), ItemNeighbours(neighbours=3), Ease(ridge=2.0), Ease(ridge=2.0, most=7),
]  # fmt: skip


@pytest.fixture(scope="module")
def bought():
    return Interactions.of(random_lines(5, 600), "2024-02-01")


def sorted_plainly(scores, order, n, allowed):
    """Lists by a plain sort of tuples."""
    rank = {product: k for k, product in enumerate(order)}
    made = []
    for row, ok in zip(scores, allowed, strict=True):
        places = sorted((p for p in range(len(row)) if ok[p] and row[p] > -np.inf), key=lambda p: (-row[p], rank[p]))
        made.append((places + [-1] * n)[:n])
    return made


@pytest.mark.parametrize("scope", ["all", "repeat", "new"])
@pytest.mark.parametrize("n", [1, 3, 12, 30])
def test_lists_are_those_of_a_plain_sort_dense_and_sparse(scope, n):
    rng = np.random.default_rng(n)
    scores = rng.integers(0, 3, (40, 20)) * (rng.random((40, 20)) < 0.4) * 1.0
    known = rng.random((40, 20)) < 0.3
    known[0], known[1], scores[2] = True, False, 0.0
    order = rng.permutation(20)
    allowed = {"all": np.ones_like(known), "repeat": known, "new": ~known}[scope]
    wanted = sorted_plainly(scores, order, n, allowed)
    had = sparse.csr_array(known * 1.0)
    assert first_n(scores, order, n, had, scope)[0].tolist() == wanted
    assert first_n(sparse.csr_array(scores), order, n, had, scope)[0].tolist() == wanted


def test_sums_in_another_order_are_ties():
    scores = np.array([[0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1, 0.0]])
    assert scores[0, 0] != scores[0, 1]
    assert first_n(scores, np.array([1, 0, 2]), 2)[0].tolist() == [[1, 0]]
    assert first_n(scores, np.array([0, 1, 2]), 1)[0].tolist() == [[0]]


@pytest.mark.parametrize("ranker", RANKERS, ids=lambda r: str(r)[:30])
def test_lists_do_not_depend_on_the_order_of_rows(ranker):
    lines = random_lines(7, 500)
    frames = [
        ranker.fit(Interactions.of(some, "2024-02-01")).top(n=5).to_frame()
        for some in (lines, lines.sample(frac=1, random_state=9))
    ]
    pd.testing.assert_frame_equal(*frames)


@pytest.mark.parametrize("ranker", RANKERS, ids=lambda r: str(r)[:30])
def test_scopes_hold_own_or_new_products_only(ranker, bought):
    lists = ranker.fit(bought).lists(("repeat", "new"), n=6)
    known = bought.bought.toarray() > 0
    for scope, listed in lists.items():
        row, place = np.nonzero(listed.products >= 0)
        assert (known[row, listed.products[row, place]] == (scope == "repeat")).all()
        assert all(len(set(p[p >= 0])) == (p >= 0).sum() for p in listed.products)


def test_the_plain_sort_is_a_sort(bought):
    counts, order = bought.counts.toarray(), PopularityTies().fit(bought).order()
    wanted = sorted_plainly(counts, order, 8, np.ones(counts.shape, dtype=bool))
    assert PopularityTies().fit(bought).top(n=8).products.tolist() == wanted
    assert GlobalTop().fit(bought).top(n=3).products[0].tolist() == order[:3].tolist()


def test_own_frequency_lists_nothing_else(bought):
    lists = PersonalFrequency().fit(bought).top(n=25)
    assert ((lists.products >= 0).sum(axis=1) == np.minimum((bought.counts.toarray() > 0).sum(axis=1), 25)).all()
    assert (PersonalFrequency().fit(bought).top(scope="new").products == -1).all()


def test_recent_baskets_count_twice_those_a_half_life_before():
    lines = lines_of([("a", "1", "tea", "2024-01-01"), ("a", "2", "milk", "2024-01-31")])
    found = RecencyWeighted(half_life_days=30).fit(Interactions.of(lines, "2024-05-31"))
    assert found.scores(np.array([0])).toarray().tolist() == [[1.0, 0.5]]


def tifu_by_loop(interactions, spec):
    """The paper's vectors basket by basket, neighbours by full distances."""
    dense, vectors = interactions.baskets.toarray(), []
    for customer in range(interactions.shape[0]):
        own = dense[interactions.customer == customer]
        back = [own[max(end - spec.group_size, 0) : end] for end in range(len(own), 0, -spec.group_size)]
        total = np.zeros(interactions.shape[1])
        for age, group in enumerate(back):
            mean = sum(spec.within_decay ** (len(group) - 1 - k) * v for k, v in enumerate(group)) / len(group)
            total += spec.group_decay**age * mean
        vectors.append(total / len(back))
    vectors, scores = np.array(vectors), []
    for customer, own in enumerate(vectors):
        far = ((vectors - own) ** 2).sum(axis=1)
        far[customer] = np.inf
        near = np.argsort(far.round(12), kind="stable")[: spec.neighbours]
        scores.append(spec.alpha * own + (1 - spec.alpha) * vectors[near].mean(axis=0))
    return np.array(scores)


@pytest.mark.parametrize("spec", [TifuKnn(neighbours=3), TifuKnn(neighbours=5, group_size=1, within_decay=0.5)])
def test_tifu_knn_is_the_loop_of_the_paper(spec, bought):
    scores = spec.fit(bought).scores(np.arange(bought.shape[0])).toarray()
    assert scores == pytest.approx(tifu_by_loop(bought, spec), abs=1e-12)


def test_tifu_knn_of_one_customer_is_its_own_vector():
    one = Interactions.of(lines_of([("a", "1", "tea", "2024-01-01")]), "2024-01-31")
    assert TifuKnn(alpha=0.5).fit(one).scores(np.array([0])).toarray().tolist() == [[0.5]]


def test_neighbours_from_a_sample_are_customers_of_the_sample(bought):
    fitted = TifuKnn(neighbours=2, alpha=0.0, pool=3).fit(bought)
    assert len(fitted.pool) == 3
    left = fitted.vectors[fitted.pool].toarray()
    means = [(left[i] + left[j]) / 2 for i in range(3) for j in range(i)]
    scores = fitted.scores(np.arange(bought.shape[0])).toarray()
    assert all(any(np.allclose(row, mean) for mean in means) for row in scores)


def test_ease_is_ridge_regression_of_each_product_on_the_others(bought):
    x, weights = bought.bought.toarray(), Ease(ridge=3.0).fit(bought).weights
    for product in range(x.shape[1]):
        others = np.delete(np.arange(x.shape[1]), product)
        ridge = np.linalg.solve(
            x[:, others].T @ x[:, others] + 3.0 * np.eye(len(others)), x[:, others].T @ x[:, product]
        )
        assert weights[others, product] == pytest.approx(ridge, abs=1e-10)
        assert weights[product, product] == 0


def test_item_neighbours_sum_cosines(bought):
    x = bought.bought.toarray()
    length = np.linalg.norm(x, axis=0)
    cosine = x.T @ x / np.outer(length, length) - np.eye(x.shape[1])
    assert ItemNeighbours().fit(bought).scores(np.arange(3)) == pytest.approx(x[:3] @ cosine, abs=1e-10)


def test_models_of_the_most_bought_list_no_other(bought):
    listed = Ease(ridge=1.0, most=4).fit(bought).top(n=10).products
    wanted = set(np.argsort(-bought.buyers, kind="stable")[:4])
    assert len(set(listed[listed >= 0])) == 4
    assert bought.buyers[list(set(listed[listed >= 0]))].min() >= bought.buyers[list(wanted)].min()


@pytest.mark.parametrize("ranker", RANKERS, ids=lambda r: str(r)[:30])
def test_one_customer_with_one_product_gets_that_or_nothing(ranker):
    one = Interactions.of(lines_of([("a", "1", "tea", "2024-01-01")]), "2024-01-31")
    lists = ranker.fit(one).lists(("all", "new"), n=2)
    assert lists["all"].products[0].tolist() == [0, -1]
    assert lists["new"].products.tolist() == [[-1, -1]]


def test_settings_that_cannot_be_are_refused_together(bought):
    with pytest.raises(BadInput, match=r"neighbours is 0.*\n.*alpha is 2"):
        TifuKnn(neighbours=0, alpha=2)
    with pytest.raises(BadInput, match="ridge is 0"):
        Ease(ridge=0)
    with pytest.raises(BadInput, match="n is 0"):
        GlobalTop().fit(bought).top(n=0)


def test_models_of_some_products_list_as_over_all_products(bought):
    for ranker in (Ease(ridge=2.0, most=9), ItemNeighbours(most=9)):
        fitted = ranker.fit(bought)
        scores, known = fitted.scores(np.arange(bought.shape[0])), bought.bought
        for scope, lists in fitted.lists(("all", "repeat", "new"), n=12).items():
            whole = first_n(scores, fitted.order(), 12, known, scope)
            assert np.array_equal(lists.products, whole[0])
            assert np.allclose(lists.scores, whole[1])
