"""Lookalikes are not told the answer, overlaps add up, selection rates equal counts by hand."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.messages import LANGUAGES
from crm_lab.results import unlabelled
from crm_lab.segmentation.personas.segment_use import Lookalikes, SegmentOverlap, SelectionRates
from crm_lab.segmentation.personas.segment_use.selection_rates import common_ratio


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(3)
    taste = rng.normal(size=1500)
    table = pd.DataFrame({"customer_id": [f"c{i}" for i in range(1500)]})
    table["night_share"], table["eco_share"] = taste + rng.normal(size=1500), rng.random(1500)
    table["baby"] = np.where(rng.random(1500) < 0.1, np.nan, 0.5 * taste + rng.normal(size=1500))
    chance = 1 / (1 + np.exp(3 - 1.5 * taste))
    return table, table["customer_id"][rng.random(1500) < chance], taste


@pytest.mark.parametrize("learner", ["logistic", "boosting"])
def test_likeness_is_found_and_no_seed_is_given_back(people, learner):
    table, seeds, taste = people
    found = Lookalikes(learner, list_size=100).analyze(table, seeds)
    like = found.like
    assert len(like) == 100
    assert not set(like["customer_id"]) & set(seeds)
    others = ~table["customer_id"].isin(seeds)
    listed = table["customer_id"].isin(like["customer_id"])
    assert taste[listed].mean() > taste[others].mean() + 0.5
    assert found.to_frame()["lift"].iloc[0] > 1.5
    assert found.recall_at(len(table))[0] == 1


def test_held_out_auc_of_logistic_scores_is_near_that_of_the_best_score(people):
    from sklearn.metrics import roc_auc_score

    table, seeds, taste = people
    value, ci = Lookalikes().analyze(table, seeds).auc
    assert ci.lo < value < ci.hi
    assert value < roc_auc_score(table["customer_id"].isin(seeds), taste)


def test_seeds_drawn_by_lot_have_no_lookalikes(people):
    table, _, _ = people
    told = 0
    for k in range(20):
        by_lot = table["customer_id"].sample(150, random_state=k)
        found = Lookalikes(seed=k).analyze(table, by_lot)
        told += found.refusal() is None
        assert found.refusal() is None or found.like.empty
    assert told <= 2  # 2.5 % are to be expected; more than 2 of 20 has a chance of 1 %


def test_a_feature_that_is_the_answer_is_asked_about_or_dropped_by_name(people):
    table, seeds, _ = people
    told = table.assign(vip=table["customer_id"].isin(seeds) * 1.0)
    with pytest.raises(BadInput, match=r"vip tells seeds apart almost alone \(AUC 1\.000\)"):
        Lookalikes().analyze(told, seeds)
    found = Lookalikes(defined_by=("vip",)).analyze(told, seeds)
    assert found.dropped == ("vip",)
    assert "vip" not in set(found.features["feature"])
    assert Lookalikes(allowed=("vip",)).analyze(told, seeds).auc[0] > 0.99


@pytest.mark.parametrize(
    ("change", "seeds", "said"),
    [
        (lambda t: pd.concat([t, t.head(2)]), None, "2 rows repeat a customer_id"),
        (lambda t: t.assign(city="x"), None, "city hold no numbers"),
        (lambda t: t[["customer_id"]].assign(x=1.0), None, "No feature is left"),
        (lambda t: t.assign(eco_share=np.inf), None, "eco_share hold infinite values"),
        (lambda t: t, ["nobody"], "Not one of 1 seeds is among 1,500 customers"),
        (lambda t: t, [], "There is no seed"),
    ],
)
def test_what_cannot_be_scored_is_named(people, change, seeds, said):
    table, given, _ = people
    with pytest.raises(BadInput, match=said):
        Lookalikes().analyze(change(table), given if seeds is None else seeds)


def test_few_seeds_or_few_others_are_refused(people):
    table, _, _ = people
    for n in (5, 1490):
        with pytest.raises(CannotAnswer, match="20 of each are needed"):
            Lookalikes().analyze(table, table["customer_id"].head(n))


@pytest.fixture(scope="module")
def memberships():
    rng = np.random.default_rng(0)
    inside = rng.random((400, 5)) < [0.5, 0.4, 0.3, 0.1, 0.05]
    row, of = np.nonzero(inside)
    return pd.DataFrame({"customer_id": row.astype(str), "segment": np.array(list("abcde"))[of]}), inside


def test_intersections_add_up_and_jaccard_equals_counting(memberships):
    table, inside = memberships
    found = SegmentOverlap().analyze(table, [str(i) for i in range(400)])
    assert found.to_frame()["customers"].sum() == 400
    assert found.in_none == (~inside.any(axis=1)).sum()
    pair = found.jaccard().set_index(["segment", "other"])["jaccard"]
    both, either = (inside[:, 0] & inside[:, 1]).sum(), (inside[:, 0] | inside[:, 1]).sum()
    assert pair["a", "b"] == pytest.approx(both / either)
    exact = found.cells.set_index("segments")["customers"]
    assert exact["a", "c"] == (inside == [True, False, True, False, False]).all(axis=1).sum()


def test_what_is_not_shown_is_said(memberships):
    table, _ = memberships
    found = SegmentOverlap(most_segments=3, most_intersections=2).analyze(table, [str(i) for i in range(400)])
    assert found.left_out == 2
    assert found.to_frame()["intersection"].tolist()[2:] == ["others", "none"]
    assert found.to_frame()["customers"].sum() == 400


@pytest.mark.parametrize(
    ("table", "customers", "said"),
    [
        (pd.DataFrame({"customer_id": [], "segment": []}), ["a"], "There is no membership"),
        (pd.DataFrame({"customer_id": ["a"], "segment": [None]}), ["a"], "1 of 1 rows lack"),
        (pd.DataFrame({"customer_id": ["a"], "segment": ["x"]}), [], "There is no customer"),
        (pd.DataFrame({"customer_id": ["a"]}), ["a"], "lacks the column segment"),
    ],
)
def test_memberships_that_are_none_are_answered(table, customers, said):
    with pytest.raises(BadInput, match=said):
        SegmentOverlap().analyze(table, customers)


@pytest.fixture(scope="module")
def selected():
    rng = np.random.default_rng(5)
    n = 4000
    tier = rng.choice(["A", "B"], n)
    group = np.where(rng.random(n) < np.where(tier == "A", 0.7, 0.3), "old", "young").astype(object)
    group[:200], group[200:210] = None, "rare"
    table = pd.DataFrame({"customer_id": np.arange(n).astype(str), "age_group": group, "tier": tier})
    chosen = table["customer_id"][rng.random(n) < np.where(tier == "A", 0.4, 0.1)]
    return table, chosen


def test_a_gap_that_comes_from_value_alone_is_gone_at_equal_tier(selected):
    table, chosen = selected
    rows = SelectionRates("age_group", stratum="tier").analyze(table, chosen).to_frame().set_index("group")
    assert rows.loc["young", "flag"] == "below"
    assert rows.loc["young", "adjusted_ratio_lo"] < 1 < rows.loc["young", "adjusted_ratio_hi"]
    young = table[table["age_group"] == "young"]
    assert rows.loc["young", "rate"] == young["customer_id"].isin(chosen).mean()


def test_small_groups_are_hidden_and_the_unknown_one_is_kept(selected):
    found = SelectionRates("age_group").analyze(*selected)
    assert set(found.to_frame()["group"]) == {"old", "young", "(unknown)"}
    assert (found.hidden_groups, found.hidden_customers) == (1, 10)


def test_the_common_ratio_is_that_of_a_known_example():
    # Greenland & Robins' formulas by hand: two strata with the same ratio of 2
    table = np.array([[20.0, 100, 10, 100], [10.0, 50, 20, 200]])
    ratio, lo, hi = common_ratio(table, 0.95)
    assert ratio == pytest.approx(2)
    variance = (100 * 100 * 30 - 20 * 10 * 200) / 200**2 + (50 * 200 * 30 - 10 * 20 * 250) / 250**2
    variance /= (20 * 100 / 200 + 10 * 200 / 250) * (10 * 100 / 200 + 20 * 50 / 250)
    assert np.log(hi / lo) / 2 == pytest.approx(1.959964 * variance**0.5)


def test_the_interval_of_a_ratio_covers_the_true_one():
    rng, held = np.random.default_rng(1), 0
    for _ in range(600):
        table = [
            [rng.binomial(150, 0.3), 150, rng.binomial(200, 0.5), 200],
            [rng.binomial(80, 0.12), 80, rng.binomial(60, 0.2), 60],
        ]
        _, lo, hi = common_ratio(np.array(table, dtype=float), 0.95)
        held += lo <= 0.6 <= hi
    assert 0.92 <= held / 600 <= 0.98


def test_a_group_of_which_nobody_is_selected_has_an_upper_end():
    ratio, lo, hi = common_ratio(np.array([[0.0, 40, 20, 100]]), 0.95)
    assert (ratio, lo) == (0, 0)
    assert 0 < hi < 1.5


@pytest.mark.parametrize(("group", "chosen"), [(["x"] * 60, ["1"]), (["x", "y"] * 30, [])])
def test_nothing_to_compare_is_refused(group, chosen):
    table = pd.DataFrame({"customer_id": np.arange(60).astype(str), "age_group": group})
    with pytest.raises(CannotAnswer, match="someone selected and two groups are needed"):
        SelectionRates().analyze(table, chosen)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_results_are_told_labelled_and_drawn_in_every_language(people, memberships, selected, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    results = [
        Lookalikes().analyze(people[0], people[1]),
        Lookalikes().analyze(people[0], people[0]["customer_id"].sample(150, random_state=1)),
        SegmentOverlap().analyze(memberships[0], [str(i) for i in range(400)]),
        SelectionRates(stratum="tier").analyze(*selected),
    ]
    for result in results:
        assert not unlabelled(result)
        assert result.readout().text()
        assert [fact.to_json() for fact in result.facts()]
        result.plot()
