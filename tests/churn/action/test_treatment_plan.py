"""Whom to treat: budget, caps, hold-out, break-even; contributions that add up; drift."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab import churn, tables
from crm_lab.checks import BadInput
from crm_lab.churn.evaluation.feature_drift import population_stability
from crm_lab.churn.models.learners import quiet_threads
from crm_lab.churn.models.reason_codes import log_odds
from crm_lab.results import Interval, payload

mpl.use("Agg")
DATES = ("2024-01-31", "2024-04-30")


def customers(n=200, seed=0):
    rng = np.random.default_rng(seed)
    ids = [f"c{i:03d}" for i in range(n)]
    table = pd.DataFrame({"customer_id": ids, "p_churn": rng.beta(1, 9, n), "value": rng.gamma(1, 300, n)})
    return table, pd.Series(rng.choice(["treatment", "control"], n, p=[0.8, 0.2]), index=ids)


def plan(table, arms, **settings):
    spec = churn.TreatmentPlan(**({"budget": 20.0, "contact_cost": 0.5} | settings))
    return spec.analyze(table, as_of="2024-01-31", arms=arms, experiment="spring")


@given(budget=st.floats(0.5, 200), cost=st.floats(0.05, 3), rate=st.floats(0.01, 1))
@settings(max_examples=60, deadline=None)
def test_budget_is_kept_and_every_contact_is_expected_to_pay(budget, cost, rate):
    table, arms = customers()
    made = plan(table, arms, budget=budget, contact_cost=cost, save_rate=rate)
    assert len(made.treated) * cost <= budget + 1e-6
    frame = made.to_frame()
    assert (frame["expected_profit"] > 0).all()
    assert frame["expected_profit"].is_monotonic_decreasing
    assert (frame["break_even"] < rate).all()


def test_money_by_hand():
    table = pd.DataFrame({"customer_id": ["a", "b"], "p_churn": [0.5, 0.1], "value": [100.0, 10.0]})
    made = plan(table, pd.Series("treatment", index=["a", "b"]), save_rate=0.1, margin=0.3)
    row = made.to_frame().iloc[0]
    assert made.to_frame()["customer_id"].tolist() == ["a"]
    assert row["expected_profit"] == pytest.approx(0.1 * 0.5 * 30 - 0.5)
    assert row["break_even"] == made.break_even == pytest.approx(0.5 / 15)


def test_revenue_at_risk_stands_for_chance_times_value_where_it_is_given():
    table = pd.DataFrame({"customer_id": ["a", "b"], "p_churn": [0.9, 0.2], "value": 100.0, "at_risk": [1.0, 30.0]})
    made = plan(table, pd.Series("treatment", index=["a", "b"]), save_rate=0.1, margin=0.3, contact_cost=0.1)
    row = made.to_frame().iloc[0]
    assert made.to_frame()["customer_id"].tolist() == ["b"]
    assert row["expected_loss"] == pytest.approx(9)
    assert row["expected_profit"] == pytest.approx(0.1 * 9 - 0.1)
    assert made.break_even == pytest.approx(0.1 / 9)


def test_who_has_left_already_has_nothing_at_risk():
    from crm_lab.clv import MBGNBD

    rng = np.random.default_rng(2)
    life = np.minimum(rng.exponential(40, 900), 60)  # weeks
    bought = rng.poisson(rng.gamma(1, 0.2, 900) * life)
    last = life * rng.random(900) ** (1 / np.maximum(bought, 1))  # the latest of so many moments
    fit = MBGNBD().fit(pd.DataFrame({"frequency": bought, "recency": np.where(bought > 0, last, 0), "T": 60.0}))
    features = pd.DataFrame(
        {"n_days": 9.0, "span_days": [410.0, 60.0], "tenure_days": 420.0, "order_value": [40.0, 40.0]},
        index=["here", "gone"],
    )
    risk = churn.revenue_at_risk(fit, 182)(features)
    assert risk["here"] > 10 * risk["gone"] > 0
    twice = churn.revenue_at_risk(fit, 182)(features.assign(order_value=[80.0, -5.0]))
    assert twice["here"] == pytest.approx(2 * risk["here"])
    assert twice["gone"] == 0


def test_a_plan_does_not_depend_on_the_order_of_the_rows():
    table, arms = customers()
    one, two = plan(table, arms), plan(table.sample(frac=1, random_state=3), arms)
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())


def test_controls_are_listed_cost_nothing_and_form_the_assignments_of_the_contract():
    table, arms = customers()
    made = plan(table, arms, budget=1e6)
    listed = made.to_frame()
    assert (arms.reindex(listed["customer_id"]).to_numpy() == listed["arm"]).all()
    assert 0 < len(made.treated) < len(listed)
    needed = {c.name for c in tables.ASSIGNMENTS.columns if c.required}
    assert needed <= set(made.assignments())
    facts = {f["id"]: f for f in payload(made)["facts"]}
    assert facts["alerts.contacts"]["value"] + facts["alerts.holdout"]["value"] == len(listed)
    assert facts["alerts.expected_profit"]["unit"] == "USD"
    assert facts["alerts.expected_profit"]["lo"] is None


def test_contact_caps_leave_customers_out():
    table, arms = customers()
    capped = plan(table.assign(contacts_91=np.where(table.index < 100, 9, 0)), arms, budget=1e6)
    assert capped.capped == 100
    assert set(capped.to_frame()["customer_id"]) <= set(table["customer_id"][100:])


def test_an_assumed_rate_is_called_that_and_a_measured_one_gives_an_interval():
    table, arms = customers()
    assumed, measured = plan(table, arms), plan(table, arms, measured=Interval(0.05, 0.15))
    assert "is an assumption, the same for all" in assumed.readout().text("en")
    assert "was measured against a random hold-out" in measured.readout().text("en")
    profit = {f["id"]: f for f in payload(measured)["facts"]}["alerts.expected_profit"]
    assert profit["lo"] < profit["value"] < profit["hi"]
    assert "风险高不等于响应高" in assumed.readout().text("zh")


def test_how_many_rounds_measure_the_save_rate_by_hand():
    table = pd.DataFrame({"customer_id": [f"c{i}" for i in range(100)], "p_churn": 0.5, "value": 1000.0})
    arms = pd.Series(["control"] * 20 + ["treatment"] * 80, index=table["customer_id"])
    made = plan(table, arms, budget=1e6, save_rate=0.2)
    # leavers .5 against .4: (1.95996 + 0.84162)^2 x (.25 / 20 + .24 / 80) / .1^2 = 12.2 rounds
    assert made.rounds_needed() == 13
    said = made.readout().certainty
    assert "Rounds of this size, pooled, that can tell it from 0: about 13" in said.text("en")
    assert "约 13 轮" in said.text("zh")
    assert "years" not in said.text("en")
    alone = plan(table, pd.Series("treatment", index=table["customer_id"]), budget=1e6)
    assert alone.rounds_needed() == float("inf")
    assert "Without a hold-out" in alone.readout().certainty.text("en")


def test_more_rounds_than_weeks_of_a_year_are_said_in_years():
    table = pd.DataFrame({"customer_id": [f"c{i}" for i in range(100)], "p_churn": 0.5, "value": 1000.0})
    arms = pd.Series(["control"] * 20 + ["treatment"] * 80, index=table["customer_id"])
    made = plan(table, arms, budget=1e6, save_rate=0.05)
    assert made.rounds_needed() > 52
    said = made.readout().certainty
    assert f"At one round a week that is {made.rounds_needed() / 52:.1f} years: take larger rounds" in said.text("en")
    assert f"每周一轮需 {made.rounds_needed() / 52:.1f} 年" in said.text("zh")


def test_nobody_worth_a_contact_is_said():
    table, arms = customers()
    made = plan(table, arms, contact_cost=1000.0, budget=1000.0)
    assert str(made.refusal()) == "Nobody of 200 customers is worth a contact at this cost and save rate."
    assert {f["id"]: f for f in payload(made)["facts"]}["alerts.break_even"]["value"] is None
    assert "Contact nobody" in made.readout().text("en")


def test_bad_input_is_named():
    table, arms = customers()
    with pytest.raises(BadInput) as error:
        churn.TreatmentPlan(budget=0, contact_cost=0, save_rate=2)
    assert len(error.value.problems) == 3
    with pytest.raises(BadInput, match="p_churn has values outside 0 to 1, or missing ones"):
        plan(table.assign(p_churn=1.2), arms)
    with pytest.raises(BadInput, match="5 customers have no arm; assign each to 'treatment' or 'control'"):
        plan(table, arms.iloc[5:])
    with pytest.raises(BadInput, match="customers lacks the column value"):
        plan(table.drop(columns="value"), arms)


@pytest.mark.parametrize("make", [churn.logistic, churn.boosting])
def test_contributions_add_up_to_the_log_odds(known, make):
    features, left, _ = known
    with quiet_threads(len(features)):
        model = make().fit(features, left)
    families = {"rhythm": ["overdue", "recency_days", "silence_share"]}
    families["rest"] = [c for c in features if c not in families["rhythm"]]
    some = features.head(30)
    parts = churn.contributions(model, some, families, features.median())
    np.testing.assert_allclose(parts.sum(axis=1), log_odds(model, some), atol=1e-9)
    assert np.ptp(parts["base"]) < 1e-9


def test_a_family_that_is_typical_contributes_nothing_and_reasons_name_the_strongest(known):
    features, left, _ = known
    model = churn.logistic().fit(features, left)
    typical = features.median()
    one = features.head(20).assign(**{c: typical[c] for c in ("revenue", "order_value")})
    families = {
        "money": ["revenue", "order_value"],
        "rest": [c for c in features if c not in ("revenue", "order_value")],
    }
    parts = churn.contributions(model, one, families, typical)
    np.testing.assert_allclose(parts["money"], 0, atol=1e-9)
    assert set(churn.reasons(parts)) <= {"rest", ""}


def test_drift_finds_the_feature_that_moved(known):
    features, _, _ = known
    moved = features.assign(order_value=features["order_value"] * 2)
    found = churn.DriftCheck().analyze(features, moved, dates=DATES)
    assert found.to_frame().query("drift")["feature"].tolist() == ["order_value"]
    assert f"1 of {features.shape[1]} features drifted between 2024-01-31 and 2024-04-30" in found.readout().text("en")
    assert "Train older scores again" in str(found.readout().action)
    same = churn.DriftCheck().analyze(features, features, dates=DATES)
    assert same.to_frame()["psi"].max() < 1e-9
    assert "may be kept" in str(same.readout().action)
    assert found.plot().get_title(loc="left") == "Shift between two dates"


def test_stability_index_by_hand_and_bad_input(known):
    # two bins split at 1: 3/1 before, 1/3 now, half a case added to each
    p, q = np.array([3.5, 1.5]) / 5, np.array([1.5, 3.5]) / 5
    assert population_stability([1, 1, 1, 2], [1, 2, 2, 2], 2) == pytest.approx(((q - p) * np.log(q / p)).sum())
    with pytest.raises(BadInput, match="the later run lacks the column rate"):
        churn.DriftCheck().analyze(known[0], known[0].drop(columns="rate"), dates=DATES)
    with pytest.raises(BadInput) as error:
        churn.DriftCheck(bins=1, alarm=0)
    assert len(error.value.problems) == 2


def test_recalibration_on_a_later_slice_mends_the_slope():
    from crm_lab.stats.calibration import calibration_line

    rng = np.random.default_rng(4)
    true = rng.normal(-1, 1, 20_000)
    left = pd.Series((rng.random(20_000) < 1 / (1 + np.exp(-true))).astype(int))
    stated = pd.Series(1 / (1 + np.exp(-2.5 * true)))
    line = calibration_line(left[:10_000], stated[:10_000])
    after = calibration_line(left[10_000:], churn.recalibrate(stated[10_000:], line))
    assert abs(after.slope - 1) < 4 * after.slope_se
    assert abs(after.in_the_large) < 0.02


def test_no_money_is_promised_on_chances_that_did_not_hold():
    table, arms = customers()
    rng = np.random.default_rng(0)
    truth = pd.Series(rng.uniform(0.2, 0.8, 4000))
    left = pd.Series((rng.random(4000) < truth).astype(int))
    spec = churn.TreatmentPlan(budget=1e6)
    for stated, holds in ((truth, True), (truth**3, False)):
        checked = churn.CalibrationCheck().analyze(left, stated)
        made = spec.analyze(table, as_of="2024-01-31", arms=arms, experiment="spring", calibration=checked)
        said, advice = made.readout(), checked.readout().action.text("en")
        assert checked.holds is holds
        assert ("plan no money on this list" in said.action.text("en")) is not holds
        assert ("Do not take sums of money" in advice) is not holds
        assert ("expected to bring" in said.finding.text("en")) is holds


def test_the_money_of_a_list_names_what_came_where_its_highest_group_was_off():
    table, arms = customers()
    rng = np.random.default_rng(1)
    stated = pd.Series(np.repeat(np.arange(0.1, 0.9, 0.1), 500))
    truth = stated.where(stated < 0.75, stated + 0.12)
    left = pd.Series((rng.random(len(stated)) < truth).astype(int))
    checked = churn.CalibrationCheck(bins=8, slopes=(0.5, 2.0)).analyze(left, stated)
    assert checked.holds
    spec = churn.TreatmentPlan(budget=1e6)
    made = spec.analyze(table, as_of="2024-01-31", arms=arms, experiment="spring", calibration=checked)
    assert "in the highest group" in checked.readout().action.text("en")
    assert f"{checked.top_off['observed']:.1%} of the highest group left" in made.readout().certainty.text("en")
