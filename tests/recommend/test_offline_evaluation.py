"""Proof on later baskets: no leak, measures by hand, paired intervals, no winner where there is none."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from certification.recommend import START, alike_rankers, interactions_from
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.recommend import DateSplit, Interactions, LastBasketSplit, RankerComparison
from crm_lab.recommend.offline_evaluation.list_measures import coverage, list_measures, novelty
from crm_lab.recommend.offline_evaluation.list_scores import later
from crm_lab.recommend.offline_evaluation.popularity_debiasing import stratum_weights
from crm_lab.recommend.rankers import GlobalTop, PersonalFrequency, PopularityTies, RecencyWeighted
from tests.recommend.test_interactions import lines_of, random_lines


@pytest.fixture(scope="module")
def bought():
    return Interactions.of(random_lines(11, 900), "2024-02-01")


@pytest.fixture(scope="module")
def drifting():
    """200 customers, half of whose habits change by half way: recent baskets tell more than old ones."""
    rng = np.random.default_rng(3)
    owner, place = np.repeat(np.arange(200), 20), np.tile(np.arange(20), 200)
    habit = rng.integers(0, 60, (200, 2, 6))
    now = habit[owner, (place > 14).astype(int)]
    basket = np.repeat(np.arange(len(owner)), 6)
    kept = rng.random(len(basket)) < 0.6
    return interactions_from(owner, START + 7 * place, basket[kept], now.ravel()[kept])


def test_measures_are_those_counted_by_hand():
    hits = np.array([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]], dtype=bool)
    found = list_measures(hits, np.array([3, 1, 9]))
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert found["recall"].tolist() == pytest.approx([2 / 3, 0, 4 / 9])
    assert found["precision"].tolist() == [0.5, 0, 1]
    assert found["ndcg"].tolist() == pytest.approx([1.5 / ideal, 0, 1])
    assert found["average_precision"].tolist() == pytest.approx([(1 + 2 / 3) / 3, 0, 1])
    assert found["hit_rate"].tolist() == [1, 0, 1]


def test_coverage_and_novelty_leave_empty_places_out():
    lists = np.array([[0, -1], [0, 2]])
    assert coverage(lists, 4) == 0.5
    assert novelty(lists, np.array([2, 1, 1]), 4) == pytest.approx((1 + 1 + 2) / 3)
    assert math.isnan(novelty(np.array([[-1]]), np.array([1]), 2))


def test_weights_are_one_over_popularity_and_undo_it():
    buyers = np.array([1, 1, 1, 1, 10, 10, 40])
    weights = stratum_weights(buyers, 100, strata=20)
    assert weights.tolist() == pytest.approx([100.0] * 4 + [10.0] * 2 + [2.5])
    truth = sparse.csr_array(np.eye(7))
    assert (truth @ weights).sum() == weights.sum()


def test_later_purchases_never_change_what_is_learnt(bought):
    first = pd.Timestamp("2024-01-20")
    split = DateSplit(first_day=first.date(), least_buyers=2).split(bought)
    cut = Interactions.of(random_lines(11, 900).query("date < @first"), "2024-02-01")
    alone = cut.select(products=cut.buyers >= 2)
    assert list(split.train.product_ids) == list(alone.product_ids)
    assert (split.train.baskets != alone.baskets).nnz == 0
    assert split.train.as_of < first.date() <= split.first_day


def test_the_last_basket_of_each_customer_is_hidden_and_limits_see_the_past_alone(bought):
    split = LastBasketSplit(least_baskets=3, least_product_baskets=4).split(bought)
    assert split.train.popularity.min() >= 4
    last = pd.Series(bought.day).groupby(bought.customer_ids[bought.customer]).max()
    seen = pd.Series(split.train.day).groupby(split.train.customer_ids[split.train.customer]).max()
    assert (seen <= last[seen.index]).all()
    enough = bought.baskets_of >= 3
    assert set(split.train.customer_ids) <= set(bought.customer_ids[enough])
    hidden = bought.select(baskets=(bought.place == bought.baskets_of[bought.customer] - 1) & enough[bought.customer])
    both = hidden.matched(split.train.customer_ids, split.train.product_ids)
    assert (both != split.truth).nnz == 0
    assert split.unknown == pytest.approx(1 - split.truth.nnz / hidden.bought.nnz)


def test_repeat_and_new_add_up_to_all(bought):
    split = LastBasketSplit(least_baskets=3, least_product_baskets=2).split(bought)
    parts = [later(split, split.customers, scope).toarray() for scope in ("all", "repeat", "new")]
    assert np.array_equal(parts[0], parts[1] + parts[2])
    assert not (parts[1] * parts[2]).any()


def test_a_gain_is_the_paired_difference_of_customers(drifting):
    split = LastBasketSplit().split(drifting)
    plain, other = PopularityTies(), RecencyWeighted(half_life_days=14)
    result = RankerComparison(rankers=(plain, other), scopes=("all",), k=5).analyze(split)
    truth = split.truth[split.customers].toarray() > 0
    recalls = []
    for ranker in (plain, other):
        lists = ranker.fit(split.train).top(split.customers, 5).products
        recalls.append(np.take_along_axis(truth, lists, axis=1).sum(axis=1) / truth.sum(axis=1))
    gain = recalls[1] - recalls[0]
    row = result.to_frame().iloc[1]
    assert row["gain"] == pytest.approx(gain.mean())
    half = 1.972 * gain.std(ddof=1) / math.sqrt(len(gain))  # t of 199 degrees of freedom, one comparison
    assert row["hi"] - row["gain"] == pytest.approx(half, rel=1e-3)


def test_a_ranker_that_is_better_is_called_so_and_said(drifting):
    split = LastBasketSplit().split(drifting)
    result = RankerComparison(rankers=(PopularityTies(), RecencyWeighted(half_life_days=14), GlobalTop())).analyze(
        split
    )
    assert result.winner("all") == "recency_weighted"
    assert result.readout().finding.key == "recommend.comparison.finding"
    assert "own frequency, recent baskets first" in result.readout().text("en")
    found = {fact.id: fact for fact in result.facts()}
    assert found["recommend.all.recency_weighted.gain"].ci.lo > 0
    assert {fact.kind for fact in result.facts()} == {"simulated"}


def test_where_nothing_differs_hardly_any_ranker_wins():
    assert sum(alike_rankers(seed).winner("all") is not None for seed in range(12)) <= 2


def test_a_ranker_against_its_own_twin_has_no_gain(drifting):
    split = LastBasketSplit().split(drifting)
    result = RankerComparison(rankers=(PopularityTies(), GlobalTop()), scopes=("new",)).analyze(split)
    row = result.to_frame().iloc[1]
    assert (row["gain"], row["lo"], row["hi"], row["p_holm"]) == (0, 0, 0, 1)
    assert result.winner("new") is None


def test_own_products_alone_find_nothing_new(drifting):
    split = LastBasketSplit().split(drifting)
    result = RankerComparison(rankers=(PopularityTies(), PersonalFrequency())).analyze(split)
    frame = result.to_frame().set_index(["scope", "ranker"])
    assert frame.loc[("new", "personal_frequency"), "recall"] == 0
    assert (frame["customers"] > 0).all()
    lists = result.measures()
    assert ((lists["lo"] <= lists["value"]) & (lists["value"] <= lists["hi"])).all()


def test_windows_without_purchases_are_refused_with_the_reason(bought):
    with pytest.raises(CannotAnswer, match="there is nothing to find"):
        DateSplit(first_day="2025-01-01", last_day="2025-01-31").split(bought)
    with pytest.raises(CannotAnswer, match="there is nothing to find"):
        DateSplit(first_day="2023-01-01", last_day="2025-01-31").split(bought)
    with pytest.raises(BadInput, match="before first_day"):
        DateSplit(first_day="2024-02-01", last_day="2024-01-01")


def test_few_customers_and_few_baskets_are_refused_with_the_reason(bought):
    with pytest.raises(CannotAnswer, match="30 are the least"):
        RankerComparison().analyze(LastBasketSplit(least_product_baskets=1).split(bought))
    one = Interactions.of(lines_of([("a", "1", "tea", "2024-01-01"), ("a", "2", "gin", "2024-01-02")]), "2024-01-31")
    with pytest.raises(CannotAnswer, match="No customer has 4 baskets; the most is 2"):
        LastBasketSplit().split(one)
    with pytest.raises(CannotAnswer, match="Nothing is left"):
        LastBasketSplit(least_baskets=2).split(one)
    with pytest.raises(CannotAnswer, match="there is nothing to find"):
        LastBasketSplit(least_baskets=2, least_product_baskets=1).split(one)


def test_where_nothing_is_new_the_other_scopes_are_still_answered():
    rng = np.random.default_rng(8)
    first = np.repeat(np.arange(40), 6)  # everybody has bought each of four products in the first baskets
    basket = np.repeat(np.arange(240), 4)
    kept = (np.arange(240) % 6 < 4)[basket] | (rng.random(960) < 0.5)
    made = interactions_from(first, START + np.arange(240) % 6, basket[kept], np.tile(np.arange(4), 240)[kept])
    result = RankerComparison(k=2).analyze(LastBasketSplit().split(made))
    frame = result.to_frame().set_index(["scope", "ranker"])
    assert (frame.loc["new", "customers"] == 0).all()
    assert frame.loc["new", "recall"].isna().all()
    assert frame.loc["all", "recall"].notna().all()
    assert result.winner("new") is None
    assert len(result.readout().text("en")) > 100
    assert not [fact for fact in result.facts() if fact.id.startswith("recommend.new")]


def test_rankers_need_names_of_their_own():
    with pytest.raises(BadInput, match="different names"):
        RankerComparison(rankers=(GlobalTop(), GlobalTop(by="buyers")))
    with pytest.raises(BadInput, match="must be one of"):
        replace(RankerComparison(), measure="accuracy")
