"""Recommendations in both languages: the same tables, labels for all columns, a picture of each."""

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from certification.off_policy import planted_exposures
from certification.recommend import alike_rankers, planted_baskets, planted_gaps
from crm_lab.recommend import (
    AssociationRules,
    LastBasketSplit,
    ListWorth,
    OfferLists,
    OffPolicyValue,
    RankerComparison,
    Replenishment,
)
from crm_lab.recommend.offline_evaluation.ranker_comparison import ALL
from crm_lab.results import unlabelled


@pytest.fixture(scope="module")
def results():
    baskets = planted_baskets(2, customers=200, baskets=2_000)
    every = RankerComparison(k=5).analyze(LastBasketSplit().split(baskets))
    rules = AssociationRules(least=10).analyze(baskets)
    none = AssociationRules(least=30).analyze(planted_baskets(2, 0, baskets=1_500))
    lists = OfferLists(n=3, by="score")
    worth = ListWorth(lists=lists).analyze(baskets, "2024-11-01")
    policies = OffPolicyValue(most_weight=5).analyze(*planted_exposures(300, 1))
    due = Replenishment().analyze(planted_gaps(60, 5, 1)[0])
    return [every, alike_rankers(1), rules, none, due, lists.analyze(baskets), worth, policies]


def test_tables_are_the_same_in_every_language_and_words_are_not(results, monkeypatch):
    for result in results:
        seen = {}
        for lang in ("en", "zh"):
            monkeypatch.setenv("CRM_LAB_LANG", lang)
            seen[lang] = result.to_frame()
            assert not unlabelled(result), type(result).__name__
            assert all(str(fact.label) for fact in result.facts())
            result.shown()
        pd.testing.assert_frame_equal(seen["en"], seen["zh"])
        assert result.readout().text("en") != result.readout().text("zh")
        ids = [fact.id for fact in result.facts()]
        assert len(ids) == len(set(ids)) > 0


def test_each_has_a_picture_in_both_languages(results, monkeypatch):
    for lang in ("en", "zh"):
        monkeypatch.setenv("CRM_LAB_LANG", lang)
        for result in results:
            assert result.plot().get_title(loc="left")
            plt.close("all")
    assert results[0].plot(scope="new") is not None
    plt.close("all")


def test_every_ranker_has_a_name_for_readers(results):
    assert {ranker.name for ranker in ALL} == set(results[0].to_frame()["ranker"])
    assert not results[0].shown()["ranker"].str.contains("_").any()
