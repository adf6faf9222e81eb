"""What a test's own columns say against it, before any effect is read."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from crm_lab.experiments import ChosenOnPast, Effects, Experiment, OwnTest, SoundnessCheck, mean_of
from crm_lab.experiments.core.column_words import chosen_by_units, known_after, week_number
from crm_lab.experiments.core.guards import holm, unit_of_assignment
from crm_lab.messages import LANGUAGES, Message

ARMS = ("control", "treatment")


def people(n=1200, treated=0.5, seed=3):
    """An honest A/A test: skewed spend with a past, drawn by lot."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(4, 1, n)
    arm = np.where(rng.random(n) < treated, "treatment", "control")
    return pd.DataFrame({"arm": arm, "spend_before": level * rng.gamma(5, 0.2, n), "visits_before": rng.poisson(3, n),
                         "spend": level * rng.gamma(5, 0.2, n)})  # fmt: skip


def make(frame, covariates=("spend_before", "visits_before"), treated=0.5):
    shares = dict(zip(ARMS, (1 - treated, treated), strict=True))
    return Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=list(covariates), shares=shares)


def effect_of(test):
    return Effects(metrics=(mean_of("spend"),), adjust=("none", "lin")).analyze(test)


@pytest.mark.parametrize(
    "name", ["post_spend", "spendAfter", "outcome_2", "活动后消费", "response", "clicked", "opened_mail"]
)
def test_names_that_say_after_are_no_covariates(name):
    test = make(people().rename(columns={"visits_before": name}), ["spend_before", name])
    assert test.past_of(["spend"]) == ("spend_before",)
    assert effect_of(test).headline.found == effect_of(make(people(), ["spend_before"])).headline.found


@pytest.mark.parametrize(
    "name", ["postcode", "post_code", "spend_before", "afternoon_visits", "past_responses", "prior_opened"]
)
def test_names_of_the_past_are_not_taken_for_after(name):
    assert not known_after(name)


def test_arms_that_differ_in_a_column_are_not_adjusted_by_it():
    frame = people()
    frame["trips"] = np.random.default_rng(1).poisson(np.where(frame["arm"] == "treatment", 2.35, 2.0))
    test = make(frame, ["spend_before", "trips"])
    assert list(test.guards.withdrawn) == ["trips"]
    assert test.guards.refused is None
    said = SoundnessCheck().analyze(test).readout()
    assert "trips" in said.certainty.text("en")
    assert "without the columns named" in said.action.text("en")


@pytest.mark.parametrize(
    ("control", "treatment", "kept"), [(0, 0.3, False), (0.05, 0, False), (0.3, 0.01, False), (0.3, 0.3, True)]
)
def test_gaps_that_differ_by_arm_refuse_the_adjustment(control, treatment, kept):
    frame, rng = people(), np.random.default_rng(4)
    gap = rng.random(len(frame)) < np.where(frame["arm"] == "treatment", treatment, control)
    test = make(frame.assign(spend_before=frame["spend_before"].mask(gap)), ["spend_before"])
    assert ("spend_before" not in test.guards.withdrawn) == kept
    if not kept:
        assert test.past_of(["spend"]) == ()
        found, plain = (effect_of(t).headline.found for t in (test, make(frame, [])))
        assert (found.effect, found.lo, found.hi) == pytest.approx((plain.effect, plain.lo, plain.hi), rel=1e-9)
        counts = f"control {int(gap[frame['arm'] == 'control'].sum()):,}"
        assert counts in test.guards.withdrawn["spend_before"].text("en")


def test_units_that_chose_their_arm_have_no_effect():
    frame = people()
    chosen = frame["spend_before"] > frame["spend_before"].median()
    test = make(frame.assign(arm=np.where(chosen, "treatment", "control")))
    assert test.guards.refused.key == "experiments.refused.imbalance"
    assert effect_of(test).refusal() == test.guards.refused
    result = SoundnessCheck().analyze(test)
    assert not result.sound
    assert result.refusal() == test.guards.refused
    assert all(result.readout().text(lang) for lang in LANGUAGES)


def test_a_mild_imbalance_is_no_refusal():
    frame = people()
    test = make(frame.assign(spend_before=frame["spend_before"] * np.where(frame["arm"] == "treatment", 1.2, 1)))
    assert test.guards.refused is None


@pytest.mark.parametrize("arm", ["responded", "opened_mail", "is_member", "redeemed", "响应"])
def test_an_arm_that_units_chose_is_asked_about(arm, tmp_path):
    frame = people().rename(columns={"arm": arm})
    frame.to_csv(tmp_path / "t.csv", index=False)
    own = {"file": str(tmp_path / "t.csv"), "arm": arm, "outcome": "spend", "covariates": "spend_before"}
    assert OwnTest(**own).open().guards.refused.key == "experiments.refused.chosen"
    assert OwnTest(**own, assignment="chosen").open().guards.refused.key == "experiments.refused.chosen_said"
    assert OwnTest(**own, assignment="random").open().guards.refused is None


def test_levels_of_an_arm_may_say_it_as_well():
    assert chosen_by_units("group", ["members", "others"]) == "members"
    assert chosen_by_units("group", ["hold-out", "offer"]) == ""


def stores(frame, units, treated, seed=5):
    """The people in stores, some of which were treated as a whole."""
    store = np.random.default_rng(seed).integers(0, units, len(frame))
    return frame.assign(store=[f"s{i}" for i in store], arm=np.where(store < treated, "treatment", "control"))


@pytest.mark.parametrize(("units", "treated"), [(16, 8), (60, 3), (8, 1)])
@pytest.mark.parametrize("name", ["store", "where_it_was"])
def test_whole_stores_are_found(units, treated, name):
    frame = stores(people(3000), units, treated).rename(columns={"store": name})
    found = unit_of_assignment(frame, "arm", ARMS, ["spend", "spend_before", "visits_before"])
    assert found == (name if name == "store" or treated >= 3 else "")  # one unnamed level may be a variant of the arm


def test_repeated_numbers_of_customers_are_found_whatever_they_are_called():
    """Ten weeks of each customer, a row a week: customers were assigned, not rows."""
    panel = pd.DataFrame({"panellist": np.repeat(np.arange(60), 10), "week": np.tile(np.arange(10), 60)})
    panel["arm"] = np.where(panel["panellist"] % 2 == 1, "treatment", "control")
    assert unit_of_assignment(panel, "arm", ("control", "treatment")) == "panellist"


@pytest.mark.parametrize("name", ["spend", "orders", "points_after", "visits_before", "订单数"])
def test_amounts_that_a_treatment_keeps_apart_were_not_assigned(name):
    """Whole amounts, all larger in the treated arm: an effect, and no groups of units."""
    arm = np.array(["control", "treatment"])[np.arange(400) % 2]
    amounts = np.arange(400) % 40 + np.where(arm == "treatment", 100, 0)
    assert unit_of_assignment(pd.DataFrame({name: amounts, "arm": arm}), "arm", ("control", "treatment")) == ""


def test_the_coarsest_unit_is_what_was_assigned():
    frame = stores(people(3000), 40, 20)
    number = frame["store"].str[1:].astype(int)
    frame["city"] = "c" + (number // 4).astype(str)
    assert unit_of_assignment(frame, "arm", ARMS, ["spend"]) == "city"


def test_arms_drawn_within_stores_are_assigned_by_unit():
    frame = people(3000).assign(store=[f"s{i % 40}" for i in range(3000)])
    assert unit_of_assignment(frame, "arm", ARMS, ["spend"]) == ""
    pairs = people(3000).assign(household=[f"h{i // 2}" for i in range(3000)])
    assert unit_of_assignment(pairs, "arm", ARMS, ["spend"]) == ""


def test_a_variant_of_the_arm_is_no_store():
    frame = people()
    frame["coupon"] = np.where(frame["arm"] == "control", "none", "c" + (frame.index % 4).astype(str))
    frame["label"] = frame["arm"].str.upper()
    assert unit_of_assignment(frame, "arm", ARMS, ["spend"]) == ""


def test_a_few_members_who_changed_store_are_said():
    frame = stores(people(3000), 30, 15)
    moved = np.random.default_rng(6).random(len(frame)) < 0.01
    frame["arm"] = frame["arm"].mask(moved, "control")
    refused = make(frame).guards.refused
    assert refused.key == "experiments.refused.mixed"
    assert "of its 30 levels" in refused.text("en")


def test_the_ratio_of_stores_counts_stores():
    test = make(stores(people(3000), 16, 8))
    assert test.assigned() == {"control": 8, "treatment": 8}
    assert replace(test, cluster="store").guards.cluster == "store"


def test_weeks_are_numbers():
    names = ["week_10", "week_2", "Week 1", "w11", "第3周", "weekly", "wk_04"]
    assert [week_number(name) for name in names] == [10, 2, 1, 11, 3, None, 4]


def test_columns_named_by_a_later_month_do_not_adjust(tmp_path):
    frame = people().rename(columns={"visits_before": "visits_2024_07"}).assign(day="2024-06-15")
    frame.to_csv(tmp_path / "t.csv", index=False)
    own = OwnTest(file=str(tmp_path / "t.csv"), covariates="spend_before, visits_2024_07", assigned_on="day")
    test = own.open(own.tables("2024-12-31"))
    assert test.past_of(["spend"]) == ("spend_before",)
    assert test.guards.withdrawn["visits_2024_07"] == Message(
        "experiments.withdrawn.late", {"column": "visits_2024_07", "day": "2024-06-15"}
    )


@pytest.mark.parametrize(("before", "refused"), [("spend_before", False), ("visits_before", True)])
def test_a_past_of_another_measure_is_not_subtracted(before, refused):
    result = ChosenOnPast(outcome="spend", before=before).analyze(make(people()))
    assert (result.refusal() is not None) == refused
    if refused:
        assert all("visits_before" in result.refusal().text(lang) for lang in LANGUAGES)


def test_holms_correction_is_statsmodels():
    pvalues = np.array([0.2, 0.001, 0.04, 0.039, 0.9])
    assert holm(pvalues) == pytest.approx(multipletests(pvalues, method="holm")[1])


@pytest.mark.slow
@pytest.mark.parametrize("treated", [0.5, 0.02])
def test_honest_tests_are_not_refused(treated):
    """150 honest draws of skewed spend with shared gaps: none refused, by a store column neither."""
    refused = 0
    for seed in range(150):
        frame = people(1500, treated, seed).assign(store=[f"s{i % 50}" for i in range(1500)])
        gap = np.random.default_rng(seed).random(1500) < 0.2
        gaps = frame.assign(spend_before=frame["spend_before"].mask(gap))
        refused += make(gaps, treated=treated).guards.refused is not None
    assert refused == 0
