"""A policy of page 17 on page 13: whom it may be asked about, what it brings, and what is refused."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from certification.targeting import COST, KNOWN, VALUE, offer_test
from crm_lab import churn, open_workspace
from crm_lab.checks import BadInput
from crm_lab.experiments import TableTest
from crm_lab.experiments.origins.contract_test import past_as_of
from crm_lab.experiments.uplift import MeasuredPolicy, TargetingPolicy, Uplift
from crm_lab.fronts.front import front_of
from crm_lab.messages import LANGUAGES

WINDOW = ("2024-01-01", "2024-03-31")  # 91 days


class Shop(dict):
    """Tables of a shop that are made up on the spot."""

    as_of, currency, simulated = date(2024, 6, 30), "USD", False

    def provenance(self):
        return {"simulated": self.simulated}


def learned(seed=1, n=8_000, **told):
    test, _ = offer_test(seed, n)
    return Uplift(outcome="bought", value=VALUE, cost=COST, **told).analyze(replace(test, window=WINDOW)).policy


def customers(seed=2, n=3_000):
    test, effect = offer_test(seed, n)
    ids = [f"c{i}" for i in range(n)]
    return test.frame[KNOWN].assign(customer_id=ids, p_churn=0.1, value=50.0), pd.Series(effect.to_numpy(), index=ids)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return str(learned().save(tmp_path_factory.mktemp("policy") / "policy.json"))


def gains_of(result):
    return churn.MeasuredGains(result.to_frame(), **result.about())


def test_a_list_ranks_by_what_the_test_measured_and_its_interval_holds_the_truth(saved):
    table, effect = customers()
    result = MeasuredPolicy(file=saved, action="offer").analyze(table, Shop())
    assert result.refusal() is None
    arms = pd.Series("treatment", index=table["customer_id"])
    spec = churn.TreatmentPlan(budget=1_000.0, contact_cost=COST, gains=gains_of(result))
    made = spec.analyze(table, as_of="2024-06-30", arms=arms, experiment="june")
    treated = made.treated["customer_id"]
    assert len(treated) == 1_000
    profit = next(fact for fact in made.facts() if fact.id == "alerts.expected_profit")
    true = float((VALUE * effect[treated] - COST).sum())
    assert profit.ci.lo < true < profit.ci.hi
    assert profit.value == pytest.approx(result.to_frame().set_index("customer_id")["gain"][treated].sum() - 1_000)
    policy = TargetingPolicy.load(saved)
    by_policy = policy.effects(table.set_index("customer_id"))["offer"].nlargest(1_000).index
    assert set(treated) == set(by_policy)
    assert made.to_frame()["reasons"].str.contains("a [+-]").mean() > 0.9
    assert true > float((VALUE * effect - COST).sum()) / 3  # a third of them by lot


@pytest.mark.slow
def test_intervals_of_lists_hold_the_truth_as_often_as_they_say():
    """At least 95 % of 100 small tests less four standard errors; measured: .96 of 173, .98 of 150 larger ones."""
    held, lists = 0, 0
    for seed in range(100):
        found = Uplift(outcome="bought", value=VALUE, cost=COST).analyze(offer_test(seed, 4_000)[0])
        if found.policy is None or not found.differ:  # no list
            continue
        table, effect = customers(10_000 + seed, 2_000)
        money = found.policy.money(table.set_index("customer_id"), "offer")
        best = money["gain"].nlargest(500).index
        gains = churn.MeasuredGains(money.reset_index(), action="offer")
        held += abs(money["gain"][best].sum() - VALUE * effect[best].sum()) <= gains.half(best)
        lists += 1
    assert lists > 70
    assert held / lists > 0.95 - 4 * np.sqrt(0.95 * 0.05 / lists)


@pytest.mark.parametrize(
    ("told", "shop", "said"),
    [
        ({"action": ""}, {}, "not said what this list sends"),
        ({"action": "call"}, {}, "not of “call”"),
        ({"days": 28}, {}, "measured 91 days"),
        ({}, {"as_of": date(2024, 3, 1)}, "ended on 2024-03-31, after"),
        ({}, {"currency": "EUR"}, "money is USD, the list's is EUR"),
    ],
)
def test_another_action_or_period_is_refused_in_words(saved, told, shop, said):
    table, tables = customers(), Shop()
    vars(tables).update(shop)
    result = MeasuredPolicy(**{"file": saved, "action": "offer"} | told).analyze(table[0], tables)
    assert said in result.readout().finding.text("en")
    assert "keeps the assumed save rate" in result.readout().text("en")
    assert result.facts()[0].refusal is not None
    assert len(result.readout().finding.text("zh")) > 15


def test_every_reason_is_said_at_once_and_simulated_tests_are_for_simulated_shops(tmp_path):
    path = learned(made_up=True).save(tmp_path / "made_up.json")
    table, shop = customers()[0], Shop()
    spec = MeasuredPolicy(file=str(path), action="call", days=28)
    said = spec.analyze(table.drop(columns=["a", "b"]), shop).readout().finding.text("en")
    for part in ("simulated data", "“call”", "91 days", "reads a, b,"):
        assert part in said
    vars(shop).update(simulated=True)
    assert replace(spec, action="offer", days=91).analyze(table, shop).refusal() is None


def test_a_test_without_days_cannot_say_over_how_many_it_measured(tmp_path):
    policy = Uplift(outcome="bought", value=VALUE, cost=COST).analyze(offer_test(1, 8_000)[0]).policy
    spec = MeasuredPolicy(file=str(policy.save(tmp_path / "policy.json")), action="offer")
    assert "not known over how many days" in spec.analyze(customers()[0], Shop()).readout().finding.text("en")


def test_columns_come_from_the_list_a_file_or_the_tables(saved, tmp_path):
    table = customers()[0]
    whole = MeasuredPolicy(file=saved, action="offer").analyze(table, Shop()).to_frame()
    spec = MeasuredPolicy(file=saved, action="offer", customers_file=str(tmp_path / "more.csv"))
    table[["customer_id", "a", "b"]].head(2_500).to_csv(tmp_path / "more.csv", index=False)
    tables = Shop(customer_360=table[["customer_id", *KNOWN[2:]]])
    asked = table[["customer_id", "p_churn", "value"]]
    found = spec.analyze(asked, tables)
    assert found.gaps == 500  # of whom a and b are not known
    pd.testing.assert_series_equal(found.to_frame()["gain"].head(2_500), whole["gain"].head(2_500), rtol=1e-9)
    table[["customer_id", "a", "b"]].head(2_000).to_csv(tmp_path / "more.csv", index=False)
    assert "33% of 3,000 have no “a”" in spec.analyze(asked, tables).readout().finding.text("en")
    table[["customer_id", *KNOWN]].head(2_000).to_csv(tmp_path / "more.csv", index=False)
    alone = spec.analyze(asked, Shop())
    assert (len(alone.to_frame()), alone.customers) == (2_000, 3_000)
    assert "left off: 1,000" in alone.readout().certainty.text("en")
    table[["customer_id", *KNOWN]].assign(customer_id=table["customer_id"] + "x").to_csv(
        tmp_path / "more.csv", index=False
    )
    assert "are the ids in policy_customers" in spec.analyze(asked, Shop()).readout().finding.text("en")
    table[["customer_id", *KNOWN]].assign(a="much").to_csv(tmp_path / "more.csv", index=False)
    with pytest.raises(BadInput, match="a holds text in 3,000 rows"):
        spec.analyze(asked, Shop())


def test_customers_of_whom_the_test_says_nothing_are_not_on_the_list(saved):
    table = customers()[0]
    result = MeasuredPolicy(file=saved, action="offer").analyze(table.head(100), Shop())
    spec = churn.TreatmentPlan(budget=10_000.0, contact_cost=COST, gains=gains_of(result))
    arms = pd.Series("treatment", index=table["customer_id"])
    made = spec.analyze(table, as_of="2024-06-30", arms=arms, experiment="june")
    assert set(made.to_frame()["customer_id"]) <= set(table["customer_id"].head(100))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_speaks_both_languages_and_has_a_card(saved, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    table = customers()[0]
    result = MeasuredPolicy(file=saved, action="offer").analyze(table, Shop())
    assert len(result.readout().text()) > 100
    arms = pd.Series(["treatment", "control"] * 1_500, index=table["customer_id"])
    for cost, some in ((COST, True), (1e6, False)):
        spec = churn.TreatmentPlan(budget=1e7, contact_cost=cost, gains=gains_of(result))
        made = spec.analyze(table, as_of="2024-06-30", arms=arms, experiment="june")
        assert bool(len(made.treated)) == some
        assert len(made.readout().text()) > 60
        assert made.readout().text("en").count("save rate") == 0
    spec = churn.TreatmentPlan(budget=500.0, contact_cost=COST, gains=gains_of(result))
    made = spec.analyze(table, as_of="2024-06-30", arms=arms, experiment="june")
    assert front_of(made)["fact"] == "alerts.expected_profit"
    assert made.plot().get_title(loc="left")


def test_the_past_of_a_list_is_summed_as_the_test_summed_it():
    source = open_workspace("simulated:fashion,customers=800")
    test = TableTest(experiment="loyalty", pre_days=90, until="2024-08-04").open(source.at("latest"))
    assert (test.window[0], test.pre_days) == ("2024-02-05", 90)
    first = test.frame[test.frame["assigned_on"] == "2024-02-05"].set_index("customer_id")
    assert len(first) > 100
    past = past_as_of(source.at("2024-02-04"), pd.Series(first.index), 90).set_index("customer_id")
    known = first["spend_before_missing"] == 0 if "spend_before_missing" in first else first["spend_before"].notna()
    for column in ("spend_before", "orders_before"):
        np.testing.assert_allclose(past.loc[known, column], first.loc[known, column])
    assert past.loc[~known, "spend_before"].isna().all()


def test_what_the_test_never_saw_counts_as_its_ends_or_its_mean(saved):
    policy = TargetingPolicy.load(saved)
    row = offer_test(3, 10)[0].frame[KNOWN]
    low, high = policy.reach["a"]
    at_end = policy.effects(row.assign(a=high))["offer"]
    pd.testing.assert_series_equal(policy.effects(row.assign(a=high * 1e6))["offer"], at_end)
    assert low < 0 < high
    tiers = TargetingPolicy(
        ("tier", "tier"), ("gold", "base"), {"tier = gold": 0.25, "tier = base": 0.75}, policy.models,
        policy.calibration, 1.0, policy.costs,
    )  # fmt: skip
    assert tiers.matrix(pd.DataFrame({"tier": ["gold", "platinum"]})).tolist() == [[1.0, 0.0], [0.25, 0.75]]
