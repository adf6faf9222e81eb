"""Who gets the offer: terms, differences, the small tree, the list and its money, and tests that can carry none."""

import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from certification.targeting import KNOWN, offer_test
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.experiments import Experiment, OwnTest, TableTest, open_data, open_test, stated_test
from crm_lab.experiments.origins.open_test import EXAMPLE
from crm_lab.experiments.uplift import (
    EffectTree,
    OfferTerms,
    TargetingList,
    TargetingPolicy,
    Uplift,
    UpliftCurve,
    next_customers,
)
from crm_lab.experiments.uplift.uplift_result import plain_words
from crm_lab.fronts.experiments import offer_front, offer_list_front
from crm_lab.fronts.front import front_of
from crm_lab.messages import LANGUAGES
from crm_lab.simulate import key_of, make_retailer, open_key

SPEC = Uplift(outcome="bought", value=30.0, cost=1.0)


@pytest.fixture(scope="module")
def world():
    return offer_test(seed=1, n=8_000)


@pytest.fixture(scope="module")
def result(world):
    return SPEC.analyze(world[0])


@pytest.fixture(scope="module")
def alike():
    found = Uplift(outcome="bought", value=30.0, cost=1.0).analyze(offer_test(3, 2_000, 0.0)[0])
    assert not found.differ
    return found


@pytest.mark.parametrize(
    ("seed", "auuc", "qini"),
    [
        (0, 0.6638266545440432, 0.1633597767705973),
        (1, 0.6840025272213972, 0.1833685742598896),
        (2, 0.7144290171836463, 0.17472395458510548),
        (3, 0.6631923196186054, 0.13859902205161898),
    ],
)
def test_areas_are_those_of_causalml(seed, auuc, qini):
    """`causalml.metrics.auuc_score` and `qini_score` of causalml 0.18.0 on the same numbers, normalize=True."""
    rng = np.random.default_rng(seed)
    rank = rng.random(2_000)
    treated = rng.random(2_000) < (0.5 if seed < 2 else 0.2)
    outcome = (rng.random(2_000) < 0.1 + 0.2 * treated * rank).astype(float)
    curve = UpliftCurve(rank, treated, outcome)
    assert curve.as_causalml() == pytest.approx((auuc, qini), abs=1e-12)
    scales = curve.scales().set_index(["measure", "package"])["number"]
    assert scales["Qini", "causalml"] == pytest.approx(qini, abs=1e-12)
    assert scales["Qini", "own"] == curve.qini


def test_differences_come_first_and_hold_the_true_mean_effect(world, result):
    found = result.differences()
    assert found.differ
    row = found.to_frame().iloc[0]
    assert row["mean_effect_lo"] < world[1].mean() < row["mean_effect_hi"]
    predicted = result.found.centred()
    true = float(predicted @ world[1]) / float(predicted @ predicted)
    assert row["slope_lo"] < true < row["slope_hi"]
    assert row["pvalue"] == result.pvalues[0]


def test_where_nobody_can_be_told_apart_the_page_stops(alike):
    assert "Stop here" in alike.differences().readout().text("en")
    tree, offers = EffectTree().analyze(alike), TargetingList().draw(alike, pd.DataFrame({"customer_id": range(500)}))
    assert tree.refusal().key == "experiments.uplift.tree.refused_alike"
    assert offers.refusal().key == "experiments.uplift.list.refused_alike"
    assert offers.to_frame().empty
    assert offers.by_lot().empty
    everybody = next(fact for fact in offers.facts() if fact.id == "targeting_list.everybody")
    assert everybody.value == pytest.approx(500 * alike.best_for_all.gain)
    assert everybody.ci.lo < everybody.value < everybody.ci.hi


def test_the_small_tree_measures_its_groups_on_units_that_did_not_make_them(world, result):
    test, effect = world
    tree = EffectTree(depth=2).analyze(result)
    frame = tree.to_frame()
    assert 2 <= len(frame) <= 4
    assert tree.grown_on + tree.measured_on == len(test.frame)
    assert frame["units"].sum() == tree.measured_on
    assert frame["rule"].str.contains("a ").all()  # who responds goes with a alone
    for row in frame.itertuples():
        true = effect[test.frame.query(row.rule.replace("≤", "<=").replace("&", "and")).index].mean()
        assert row.effect_lo < true < row.effect_hi
        assert row.net == pytest.approx(30 * row.effect - 1)


def test_groups_are_made_without_the_outcomes_that_measure_them(result):
    grown = result.found.folds < 3
    tree = EffectTree(depth=2)
    before = tree._grown(result.known, "t", grown)
    units = result.known.units
    changed = np.where(grown, units.outcome, 1 - units.outcome)
    known = type(result.known)(
        result.known.names, type(units)(units.features, units.dealt, changed, units.shares), "linear"
    )
    np.testing.assert_array_equal(before.tree_.threshold, tree._grown(known, "t", grown).tree_.threshold)


def test_rules_and_reasons_are_said_in_plain_words(monkeypatch):
    columns = ["spend_before", "spend_before_missing", "own_name"]
    rule = "spend_before_missing = 0 & spend_before > 3 & own_name = 1"
    assert plain_words(rule, columns) == "spend before known & spend before > 3 & own_name = 1"
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    assert "spend" not in plain_words(rule, columns)


@pytest.mark.parametrize(("depth", "arm"), [(0, 1), (4, 1), (2, 0)])
def test_a_tree_has_at_most_three_questions(depth, arm):
    with pytest.raises(BadInput):
        EffectTree(depth=depth, arm=arm)


def test_a_tree_of_a_treatment_that_is_not_there_is_refused(result, alike):
    for found in (result, alike):
        with pytest.raises(BadInput, match="the test has 1 treatments"):
            EffectTree(arm=2).analyze(found)


def test_an_outcome_in_money_is_margin_less_rewards_where_they_were_measured():
    frame = pd.DataFrame(
        {"arm": ["control", "offer"] * 4, "spend": [10.0] * 8, "margin": [4.0, 5.0] * 4, "rewards": [0.0, 0.5] * 4}
    )
    test = Experiment.from_frame(frame, arm="arm", outcomes=["spend", "margin", "rewards"])
    plain = OfferTerms(margin_share=0.2, contact_cost=1.0, assumed=("margin_share",)).of(test)
    assert (plain.outcome, plain.value, plain.examples) == ("spend", 0.2, ("margin_share",))
    money = type(test)(**{**vars(test), "money": {"margin": "margin", "rewards": "rewards"}})
    found = OfferTerms(margin_share=0.2, contact_cost=1.0, assumed=("margin_share",)).of(money)
    assert (found.value, found.examples) == (1.0, ())
    assert found.test.frame.groupby("arm")[found.outcome].first().to_dict() == {"control": 4.0, "offer": 4.5}


def test_an_outcome_that_is_no_money_needs_a_value(world):
    earning = OfferTerms(contact_cost=1.0).of(world[0])
    refused = SPEC.analyze(earning.test, earning.refused)
    assert refused.refusal().key == "experiments.uplift.refused_value"
    assert "value of a success" in refused.readout().text("en")
    assert OfferTerms(contact_cost=1.0, value_per_success=30.0).of(world[0]).value == 30.0


@pytest.mark.parametrize("text", ["card = much", "card = -1", "letter = 2"])
def test_costs_that_fit_no_treatment_are_named(text):
    with pytest.raises(BadInput, match="do not fit the treatments card, call"):
        OfferTerms(contact_cost=0.5, own_costs=text).costs(["card", "call"])
    assert OfferTerms(contact_cost=0.5, own_costs="call = 4").costs(["card", "call"]) == {"card": 0.5, "call": 4.0}


def test_the_units_of_the_test_come_next_with_their_gaps(world, tmp_path):
    frame = world[0].frame[[*KNOWN, "arm", "bought"]].assign(member=[f"M{i}" for i in range(8_000)])
    frame.loc[::5, "a"] = np.nan
    test = Experiment.from_frame(frame, arm="arm", outcomes=["bought"], covariates=KNOWN, unit="member")
    customers = next_customers(test)
    assert customers["customer_id"].iloc[0] == "M0"
    assert customers["a"].isna().sum() == 1_600
    assert not {"bought", "a_missing"} & set(customers)
    file = tmp_path / "next.csv"
    frame.drop(columns=["bought"]).head(50).to_csv(file, index=False)
    assert next_customers(test, str(file))["customer_id"].tolist() == frame["member"].head(50).tolist()
    frame[KNOWN].head(5).to_csv(file, index=False)
    with pytest.raises(BadInput, match="no column member"):
        next_customers(test, str(file))
    with pytest.raises(BadInput, match="no file"):
        next_customers(test, "nowhere.csv")


def test_the_list_earns_what_it_says(world, result):
    test, effect = world
    offers = TargetingList().draw(result, next_customers(test))
    treated = offers.to_frame()["customer_id"].astype(int) - 1
    true = float((30 * effect - 1)[treated].sum())
    assert offers.expected[1] < true < offers.expected[2]
    everybody = float((30 * effect - 1).sum())
    assert offers.everybody[1] < everybody < offers.everybody[2]
    assert true > everybody
    assert len(offers.by_lot()) == pytest.approx(800, abs=100)
    assert offers.spent == len(treated)
    assert offers.to_frame()["reasons"].str.contains("a [+-]").mean() > 0.9
    assert {fact.id for fact in offers.facts()} == {
        "targeting_list.gain", "targeting_list.everybody", "targeting_list.treated", "targeting_list.spent",
    }  # fmt: skip


@pytest.mark.parametrize("bound", [{"capacity": 900}, {"budget": 900.0}])
def test_capacity_and_budget_hold_for_the_list_and_for_what_is_promised(world, bound):
    test, effect = world
    plan, customers = TargetingList(**bound), next_customers(test)
    within = plan.bounds(customers, {"offer": 1.0}, len(test.frame))
    result = Uplift(outcome="bought", value=30.0, cost=1.0, **within).analyze(test)
    offers = plan.draw(result, customers)
    assert len(offers.to_frame()) == 900
    by_rule = len(test.frame) * 0.9 * (result.rule > 0).mean()
    assert by_rule + len(offers.by_lot()) / 2 == pytest.approx(900, abs=40)
    true = float((30 * effect - 1)[offers.to_frame()["customer_id"].astype(int) - 1].sum())
    assert offers.expected[1] < true < offers.expected[2]


def test_a_bound_that_the_lot_alone_takes_is_refused(world):
    with pytest.raises(BadInput, match="dealt by lot alone"):
        TargetingList(capacity=300).bounds(next_customers(world[0]), {"offer": 1.0}, 8_000)


def test_customers_who_had_their_contacts_are_left_alone(world, result):
    customers = next_customers(world[0]).assign(mails=[0, 3] * 4_000)
    offers = TargetingList(contacts="mails", most_contacts=3).draw(result, customers)
    had = customers.loc[customers["mails"] == 3, "customer_id"]
    assert offers.capped == 4_000
    assert not offers.to_frame()["customer_id"].isin(had).any()
    assert not offers.by_lot()["customer_id"].isin(had).any()
    assert "4,000 had their contacts" in offers.readout().text("en")
    with pytest.raises(BadInput, match="mails"):
        TargetingList(contacts="mails", most_contacts=3).draw(result, customers.drop(columns="mails"))
    with pytest.raises(BadInput, match="contacts"):
        TargetingList(contacts="mails")


def test_a_learner_that_cannot_be_written_down_gives_no_list(world):
    found = Uplift(outcome="bought", value=30.0, cost=1.0, learner="dr").analyze(world[0])
    assert found.differ
    assert TargetingList().draw(found, next_customers(world[0])).refusal().key.endswith("refused_unsaved")


def test_nothing_is_decided_on_examples_or_on_simulated_data(world):
    test, customers = world[0], next_customers(world[0])
    for told, said in (
        ({"examples": ("contact_cost",)}, "examples"),
        ({"made_up": True}, "simulated"),
        ({}, "Send the list"),
    ):
        found = Uplift(outcome="bought", value=30.0, cost=1.0, **told).analyze(test)
        offers = TargetingList().draw(found, customers)
        assert said in offers.readout().action.text("en")
        assert (offer_list_front(offers).decision is None) == bool(told)
        assert {fact.kind for fact in offers.facts() if fact.ci} == {"simulated" if "made_up" in told else "estimate"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_speaks_both_languages_and_has_a_picture(world, result, alike, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    offers, tree = TargetingList().draw(result, next_customers(world[0])), EffectTree().analyze(result)
    for one in (result.differences(), result, tree, offers, alike.differences(), alike):
        assert len(one.readout().text()) > 60
        assert len({fact.id for fact in one.facts()}) == len(one.facts())
    for kind in ("tenths", "curve", "money"):
        assert result.plot(kind=kind).get_title(loc="left")
    assert tree.plot().get_title(loc="left")
    assert offers.plot().get_title(loc="left")
    for card in (offer_list_front(offers), offer_front(result), offer_front(alike)):
        assert len(card.answer.text("en").split()) <= 12
        assert "<circle" in card.picture
    assert front_of(offers)["group"] == "test"


def test_arms_that_are_missing_and_leaks_are_said_in_words(world):
    frame = world[0].frame[[*KNOWN, "arm", "bought"]]
    with pytest.raises(BadInput, match="only 1 arm"):
        Experiment.from_frame(frame[frame["arm"] == "control"], arm="arm", outcomes=["bought"], covariates=KNOWN)
    leak = frame.assign(spend_after=frame["bought"] * 10 + frame["a"])
    test = Experiment.from_frame(leak, arm="arm", outcomes=["bought"], covariates=[*KNOWN, "spend_after"])
    found = SPEC.analyze(test)
    assert "spend_after" not in found.policy.features
    assert "spend_after" in found.differences().readout().text("en")
    nothing = Experiment.from_frame(leak, arm="arm", outcomes=["bought"], covariates=["spend_after"])
    assert SPEC.analyze(nothing).refusal().key.endswith("refused_features")


def test_fifty_customers_and_unknown_chances_of_treatment_are_said_in_words(world):
    frame = world[0].frame[[*KNOWN, "arm", "bought"]]
    small = SPEC.analyze(Experiment.from_frame(frame.head(50), arm="arm", outcomes=["bought"], covariates=KNOWN))
    assert "nobody can be told apart" in small.readout().text("en")
    few = frame[(frame["arm"] == "control") | (frame.index % 3 == 0)]
    unplanned = Experiment.from_frame(few, arm="arm", outcomes=["bought"], covariates=KNOWN)
    assert SPEC.analyze(unplanned).refusal().key == "experiments.refused.srm"
    planned = SPEC.analyze(unplanned.planned_as({"control": 3, "offer": 1}))
    assert planned.refusal() is None
    assert planned.found.gains().mean() == pytest.approx(world[1].mean(), abs=0.04)


def test_the_packaged_promotion_has_its_published_effect():
    """REFERENCE: 10,000 customers, effect .009708 with a standard error of .002107."""
    origin = stated_test("hair_care", EXAMPLE, "")
    test = open_test(open_data("", "2024-12-31", origin), origin, every=True)
    bought = test.frame.groupby("Promotion_ord")["Purchase"]
    assert bought.mean().diff().iloc[1] == pytest.approx(0.009708, abs=5e-7)
    assert np.sqrt((bought.var() / bought.size()).sum()) == pytest.approx(0.002107, abs=5e-7)
    assert test.segments == ("Hair Color", "U.S. Region")
    assert OwnTest(file="hair_care", covariates="Age").described().covariates == ("Age",)


@pytest.mark.slow
def test_the_learner_named_beforehand_ranks_the_packaged_promotion():
    """Features: age, gender, residence, hair colour, region; a T-learner on logistic regression, 20 seeds."""
    test = OwnTest(file="hair_care").open_all()
    found = [Uplift(outcome="Purchase", value=25.0, cost=0.2, seed=seed).analyze(test).curve for seed in range(20)]
    assert np.median([curve.qini for curve in found]) >= 0.0010
    assert 0.012 < np.median([curve.top(0.3) for curve in found]) < 0.022


def test_what_the_page_expects_agrees_with_the_key():
    retailer = make_retailer("offer")

    class Shop(dict):
        as_of = retailer.scenario.last_date

    programme = retailer.scenario.programme
    until = retailer.scenario.start + timedelta(days=programme.start + programme.days - 1)
    test = TableTest(experiment="loyalty", pre_days=365, until=until.isoformat()).open(Shop(retailer.tables))
    earning, key = OfferTerms(contact_cost=6.0).of(test), open_key(retailer)
    result = Uplift(outcome=earning.outcome, value=earning.value, cost=6.0).analyze(earning.test)
    customers = next_customers(earning.test)
    offers = TargetingList().draw(result, customers)
    true = {
        name: key.value_of_offer(who, 6.0)
        for name, who in (("list", offers.to_frame()["customer_id"]), ("all", customers["customer_id"]))
    }
    assert result.decision == "target"
    assert offers.expected[1] < true["list"] < offers.expected[2]
    assert offers.everybody[1] < true["all"] < offers.everybody[2]
    assert true["list"] > true["all"] + 10_000
    responds = key.customers.set_index("customer_id")["tier_at_start"]
    by_rule = offers.to_frame().query("chosen_by == 'rule'")["customer_id"]
    assert (responds[by_rule] == "B").mean() > 0.8


def test_only_a_named_retailer_has_a_key():
    assert key_of("cdnow") is None
    assert key_of("simulated:nowhere") is None
    assert key_of("simulated:fashion,customers=40").seed == make_retailer("fashion", n_customers=40).seed


def test_the_saved_rule_of_the_page_is_read_again(world, result, tmp_path):
    again = TargetingPolicy.load(result.policy.save(tmp_path / "policy.json"))
    customers = next_customers(world[0])
    offers = TargetingList(salt="x").draw(result, customers)
    pd.testing.assert_series_equal(again.choose(customers, salt="x")["arm"], offers.chosen["arm"])


def test_data_without_a_test_are_refused_in_words():
    origin = stated_test("", "experiment = loyalty; until = 1998-03-31", "cdnow_sample")
    with pytest.raises(CannotAnswer, match="There is no test in these data"):
        open_test(open_data("cdnow_sample", "1998-06-30", origin), origin, every=True)


def test_reasons_rules_and_terms_are_in_each_reader_s_language(world):
    leak = world[0].frame[[*KNOWN, "arm", "bought"]].assign(spend_after=0.0)
    leak["spend_after"] = leak["bought"] * 10 + leak["a"]
    leak.loc[leak.index % 5 == 0, "a"] = np.nan
    test = Experiment.from_frame(leak, arm="arm", outcomes=["bought"], covariates=[*KNOWN, "spend_after"])
    told = Uplift(outcome="bought", value=30.0, cost=1.0, examples=("contact_cost", "margin_share")).analyze(test)
    tree = EffectTree().analyze(told)
    for lang, other in (("en", r"[一-鿿]"), ("zh", r"learn|known|unknown|cost|margin|everybody")):
        said = [one.readout().text(lang) for one in (told.differences(), told, tree)]
        said += [
            fact.label.text(lang) for fact in (*told.facts(), *tree.facts()) if fact.id.startswith(("uplift.g", "ef"))
        ]
        assert "spend_after" in said[0]
        assert not [text for text in said if re.search(other, text)], lang


@pytest.mark.parametrize(("told", "many"), [({"most": 0.25}, 2_000), ({"budget": 600.0}, 600)])
def test_everybody_is_as_many_by_lot_where_a_bound_binds(world, result, told, many):
    bounded = Uplift(outcome="bought", value=30.0, cost=1.0, **told).analyze(world[0])
    free, lot = result.best_for_all, bounded.best_for_all
    assert (free.name, lot.name, lot.treated) == ("all 1", "lot 1", many)
    assert (lot.gain, lot.lo, lot.hi) == pytest.approx([many / 8_000 * x for x in (free.gain, free.lo, free.hi)])
    assert lot.gain + lot.ahead == pytest.approx(bounded.strategies[0].gain)
    assert "by lot, as many as the bounds allow" in bounded.shown()["strategy"].iloc[1]
    assert f"{many:,} drawn by lot" in bounded.readout().finding.text("en")
    assert len(offer_front(bounded).answer.text("en").split()) <= 12


@pytest.mark.parametrize(("bound", "many"), [({"capacity": 1_000}, 1_000), ({"budget": 900.0}, 900)])
def test_the_list_is_held_against_a_lot_within_the_same_bounds(world, result, bound, many):
    plan, customers = TargetingList(**bound), next_customers(world[0])
    spec = Uplift(outcome="bought", value=30.0, cost=1.0, **plan.bounds(customers, {"offer": 1.0}, 8_000))
    offers = plan.draw(spec.analyze(world[0]), customers)
    assert offers.as_many == many
    whole = TargetingList().draw(result, customers).everybody
    assert offers.everybody == pytest.approx([many / 8_000 * end for end in whole])
    assert offers.expected[0] > offers.everybody[0]
    assert len(offers.to_frame()) <= many
    for lang in LANGUAGES:
        assert f"{many:,}" in next(f for f in offers.facts() if f.id.endswith("everybody")).label.text(lang)
    assert "by lot" in offer_list_front(offers).answer.text("en")
    assert offers.plot().get_yticklabels()[0].get_text()
