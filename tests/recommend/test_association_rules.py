"""Rules against brute force to 1e-12; intervals of lift cover; planted pairs are found, nothing from nothing."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from certification.recommend import interactions_from, planted_baskets, rules_found
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.recommend import AssociationRules, Interactions
from crm_lab.recommend.association.within_customers import chance_of_pairs, expected_by_habit
from tests.recommend.test_interactions import HOSTILE, lines_of, random_lines


@pytest.mark.parametrize("unit", ["basket", "customer"])
def test_rules_equal_brute_force(unit):
    bought = Interactions.of(random_lines(21, 500), "2024-02-01")
    matrix = (bought.baskets if unit == "basket" else bought.bought).toarray() > 0
    frame = AssociationRules(unit=unit, least=2).analyze(bought).to_frame().set_index(["antecedent", "consequent"])
    n, seen = len(matrix), 0
    for a, b in itertools.permutations(range(matrix.shape[1]), 2):
        both = (matrix[:, a] & matrix[:, b]).sum()
        if both < 2:
            continue
        row, seen = frame.loc[(bought.product_ids[a], bought.product_ids[b])], seen + 1
        assert row["together"] == both
        assert row["support"] == pytest.approx(both / n, abs=1e-12)
        assert row["confidence"] == pytest.approx(both / matrix[:, a].sum(), abs=1e-12)
        assert row["lift"] == pytest.approx(both / matrix[:, a].sum() / matrix[:, b].mean(), abs=1e-12)
    assert seen == len(frame) > 20


def test_what_habits_expect_is_counted_customer_by_customer():
    bought = planted_baskets(3, customers=900, baskets=2_000)
    matrix, expected = bought.baskets.toarray(), {}
    single = bought.baskets_of < 2
    rows = [bought.customer == c for c in np.flatnonzero(~single)] + [single[bought.customer]]
    assert single.any()
    pairs = [(0, 1), (4, 5), (7, 100)]
    for a, b in pairs:
        expected[a, b] = sum(matrix[r, a].sum() * matrix[r, b].sum() / r.sum() for r in rows)
    found = expected_by_habit(bought, pd.DataFrame(pairs, columns=["a", "b"]))
    np.testing.assert_allclose(found, list(expected.values()), rtol=1e-12)


def test_correction_counts_every_pair_that_was_looked_at():
    result = AssociationRules(least=20).analyze(planted_baskets(3))
    first = result.to_frame().iloc[0]
    p = stats.poisson.sf(first["together"] - 1, first["expected"])
    harmonic = sum(1 / k for k in range(1, result.tests + 1))
    assert result.tests == 120 * 119 // 2
    assert p <= first["p_corrected"] <= p * result.tests * harmonic * (1 + 1e-9)


def test_without_a_second_basket_it_is_fishers_test():
    lines = random_lines(5, 600)
    lines["customer_id"] = lines["order_id"]
    bought = Interactions.of(lines, "2024-02-01")
    row = AssociationRules(least=2).analyze(bought).to_frame().iloc[0]
    one, other = (bought.popularity[list(bought.product_ids).index(row[c])] for c in ("antecedent", "consequent"))
    together, n = row["together"], len(bought.customer)
    table = [[together, one - together], [other - together, n - one - other + together]]
    pairs = pd.DataFrame({"a": [list(bought.product_ids).index(row["antecedent"])],
        "b": [list(bought.product_ids).index(row["consequent"])], "together": [together]})  # fmt: skip
    p = chance_of_pairs(bought, pairs, expected_by_habit(bought, pairs))
    assert p[0] == pytest.approx(stats.fisher_exact(table, alternative="greater")[1], rel=1e-9)


def habitual(seed: int, customers: int = 400) -> Interactions:
    """Customers with own tastes for each product and four to twelve baskets, in which products are independent."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(customers), rng.integers(4, 13, customers))
    taste = rng.beta(0.3, 1.2, (customers, 30))
    taste[:, 1::2] = np.where(
        rng.random((customers, 15)) < 0.5, taste[:, ::2], taste[:, 1::2]
    )  # who likes one likes two
    basket, product = np.nonzero(rng.random((len(owner), 30)) < taste[owner])
    return interactions_from(owner, 19_000 + np.arange(len(owner)), basket, product)


def test_habits_of_households_make_no_rule():
    false = [AssociationRules().analyze(habitual(seed)) for seed in range(20)]
    assert sum(len(result.found()) > 0 for result in false) <= 3  # .05 + 3 standard errors of 20
    assert min((result.to_frame()["lo"] > 1.2).sum() for result in false) > 10  # which baskets alone would call rules


def test_intervals_of_lift_cover_the_planted_lift():
    rng, held = np.random.default_rng(4), 0
    for _ in range(40):
        a = rng.random(2_000) < 0.15
        b = rng.random(2_000) < np.where(a, 0.24, 0.12)
        basket, product = np.nonzero(np.stack([a, b, np.ones(2_000, dtype=bool)], axis=1))
        bought = interactions_from(np.arange(2_000), np.zeros(2_000, dtype=np.int64), basket, product)
        row = (
            AssociationRules(least=1)
            .analyze(bought)
            .to_frame()
            .query("antecedent == 'p00000' and consequent == 'p00001'")
        )
        held += row["lo"].item() <= 0.24 / (0.15 * 0.24 + 0.85 * 0.12) <= row["hi"].item()
    assert abs(held / 40 - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 40)


def test_planted_pairs_are_found_and_nothing_from_nothing():
    found, true = rules_found(1)
    assert true >= 16
    assert true >= 0.9 * found
    assert sum(rules_found(seed, 0)[0] > 0 for seed in range(3)) <= 1


def test_a_pair_in_every_basket_has_lift_1_and_is_no_finding():
    lines = lines_of([(f"c{k}", str(k), p, "2024-01-01") for k in range(40) for p in ("tea", "milk")])
    result = AssociationRules().analyze(Interactions.of(lines, "2024-01-31"))
    assert result.to_frame()[["lift", "lo", "hi", "p_corrected"]].to_numpy().tolist() == [[1, 1, 1, 1]] * 2
    assert result.found().empty
    assert result.readout().finding.key == "recommend.association.finding_none"


def test_customers_as_units_count_each_customer_once():
    lines = lines_of([("a", str(k), p, "2024-01-01") for k in range(50) for p in ("tea", "milk")] + [
        (f"c{k}", f"c{k}", "tea", "2024-01-01") for k in range(5)] + [("b", "x", "milk", "2024-01-01")])  # fmt: skip
    bought = Interactions.of(lines, "2024-01-31")
    assert AssociationRules(least=5).analyze(bought).to_frame()["together"].tolist() == [50, 50]
    assert AssociationRules(least=1, unit="customer").analyze(bought).to_frame()["together"].tolist() == [1, 1]


def test_hostile_names_come_back_as_they_were():
    names = HOSTILE[:4]
    lines = lines_of([(f"c{k}", str(k), p, "2024-01-01") for k in range(80) for p in names[k % 2 * 2 :][:2]])
    result = AssociationRules().analyze(Interactions.of(lines, "2024-01-31"))
    assert set(result.found()["antecedent"]) == set(names)
    assert result.plot() is not None


def test_one_product_and_rare_ones_are_refused_with_the_reason():
    one = Interactions.of(lines_of([("a", "1", "tea", "2024-01-01")]), "2024-01-31")
    with pytest.raises(CannotAnswer, match="rules need two"):
        AssociationRules().analyze(one)
    with pytest.raises(BadInput, match="least is 0"):
        AssociationRules(least=0)
    apart = lines_of([(f"c{k}", str(k), f"p{k % 2}", "2024-01-01") for k in range(80)])
    result = AssociationRules().analyze(Interactions.of(apart, "2024-01-31"))
    assert result.to_frame().empty
    assert isinstance(result.facts()[0].value, int)
    assert isinstance(result.to_frame(), pd.DataFrame)


def test_pairs_that_are_not_found_stand_behind_those_that_are_and_in_no_picture_of_the_surest():
    habits, sure = habitual(1), planted_baskets(1)
    none = AssociationRules().analyze(habits)
    assert none.found().empty
    assert none.plot().get_title(loc="left") == "Pairs with the largest lift, none of them sure"
    result = AssociationRules(least=5).analyze(sure)
    found, rows = result.found(), result.to_frame()
    pd.testing.assert_frame_equal(rows.head(len(found)), found)
    assert (rows["p_corrected"].tail(len(rows) - len(found)) > 0.05).any()
    shown = [label.get_text() for label in result.plot(first=100).get_yticklabels()]
    assert sorted(shown) == sorted(
        f"{a} · {b}" for a, b in zip(found["antecedent"], found["consequent"], strict=True) if a < b
    )
