"""The save rate of a round, and the whole way: list, hold-out, outcome, page 16's analysis, next list."""

import numpy as np
import pandas as pd
import pytest

from crm_lab import churn
from crm_lab.checks import BadInput
from crm_lab.experiments import Effects, TableTest, assign, mean_of, open_test
from crm_lab.results import payload


def round_of(n=2000, held=0.5, contacted=0.4, seed=1):
    """Assignments of n customers, and an order of everybody who came back."""
    rng = np.random.default_rng(seed)
    ids, arm = np.array([f"c{i}" for i in range(n)]), np.where(np.arange(n) % 2, "treatment", "control")
    assignments = pd.DataFrame(
        {"experiment": "spring", "customer_id": ids, "arm": arm, "assigned_on": pd.Timestamp("2024-03-01")}
    )
    back = rng.random(n) > np.where(arm == "treatment", contacted, held)
    orders = pd.DataFrame({"customer_id": ids[back], "date": pd.Timestamp("2024-04-01")})
    return assignments, orders


def measure(assignments, orders, **settings):
    spec = churn.SaveRate(**({"experiment": "spring", "window_days": 60} | settings))
    return spec.analyze(assignments, orders, last_day="2024-06-30")


def test_rate_by_hand():
    assignments, orders = round_of(8)
    orders = orders.iloc[:0]
    came_back = pd.DataFrame({"customer_id": ["c0", "c1", "c3", "c5"], "date": pd.Timestamp("2024-03-02")})
    found = measure(assignments, pd.concat([orders, came_back]), min_events=1)
    assert found.to_frame()["left"].tolist() == [3, 1]
    assert found.rate == pytest.approx(1 - (1 / 4) / (3 / 4))


def test_only_purchases_inside_the_window_count():
    assignments, _ = round_of(8)
    days = pd.to_datetime(["2024-03-01", "2024-03-02", "2024-04-30", "2024-05-01"])  # assigned, first, last, too late
    orders = pd.DataFrame({"customer_id": ["c0", "c2", "c4", "c6"], "date": days})
    assert measure(assignments, orders).to_frame()["left"].tolist() == [2, 4]


@pytest.mark.slow
def test_interval_holds_the_truth_as_often_as_it_says():
    found = [measure(*round_of(400, seed=s)) for s in range(200)]
    hit = np.mean([f.interval.lo <= 0.2 <= f.interval.hi for f in found])
    assert hit == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize(
    ("contacted", "words"), [(0.3, "Plan with the measured rate"), (0.5, "holds 0"), (0.7, "Stop: more of the")]
)
def test_readout_says_what_the_round_showed(contacted, words):
    found = measure(*round_of(contacted=contacted))
    assert words in str(found.readout().action)
    assert "挽回" in found.readout().text("zh")
    fact = payload(found)["facts"][0]
    assert fact["lo"] < fact["value"] < fact["hi"]


def test_a_measured_rate_replaces_the_assumed_one_and_too_few_leavers_do_not():
    plan = churn.TreatmentPlan(budget=100, save_rate=0.1)
    found = measure(*round_of(contacted=0.3))
    assert found.into(plan).save_rate == found.rate > 0.2
    assert found.into(plan).measured == found.interval
    few = measure(*round_of(60, contacted=0.3))
    assert "only 8 customers who left, or who stayed; 20 are needed" in str(few.refusal())
    assert few.into(plan) is plan
    harm = measure(*round_of(contacted=0.7)).into(plan)
    assert harm.save_rate == 0


@pytest.mark.parametrize(("list_days", "used"), [(0, True), (60, True), (182, False)])
def test_a_rate_over_other_days_than_the_lists_is_shown_and_not_used(list_days, used):
    plan = churn.TreatmentPlan(budget=100, save_rate=0.1)
    found = measure(*round_of(contacted=0.3), list_days=list_days)
    assert (found.into(plan) is plan) is not used
    for lang, words in (
        ("en", "Not used by the list: it reckons with leaving within 182 days"),
        ("zh", "按 182 天判断"),
    ):
        assert (words in found.readout().action.text(lang)) is not used
    harm = measure(*round_of(contacted=0.7), list_days=list_days)
    assert "Stop: more of the" in harm.readout().action.text("en")


def test_bad_input_is_named():
    assignments, orders = round_of()
    with pytest.raises(BadInput, match="holds no experiment 'autumn'; it has: spring"):
        measure(assignments, orders, experiment="autumn")
    with pytest.raises(BadInput, match="The arms of 'spring' are A, treatment; a save rate compares"):
        measure(assignments.replace("control", "A"), orders)
    with pytest.raises(BadInput, match=r"200 days later is after the data end on 2024-06-30\. Wait, or choose"):
        measure(assignments, orders, window_days=200)
    with pytest.raises(BadInput, match="experiment is empty"):
        churn.SaveRate("")


@pytest.mark.slow
def test_from_the_list_to_the_next_list_through_the_hold_out(large):
    """List with hold-out, what happened, page 16's reading of it, the measured rate in the next plan."""
    orders = large
    rolling = churn.RollingOrigins(tests=("2023-09-01",), window_days=60, active_days=91, train_dates=3)
    today = rolling.score(orders, as_of="2023-12-01", model=churn.logistic())
    drawn = assign(today["customer_id"], "save", {"control": 0.5, "treatment": 0.5})
    plan = churn.TreatmentPlan(budget=1e4, contact_cost=0.01)
    arms = pd.Series(drawn, index=today["customer_id"])
    alerts = plan.analyze(today, as_of="2023-12-01", arms=arms, experiment="save")
    after = _contacts_work(orders, alerts, share=0.4)

    tables = _Tables(assignments=alerts.assignments(), transactions=_lines(after))
    test = open_test(tables, TableTest(experiment="save", pre_days=91, until="2024-01-30"))
    found = measure(alerts.assignments(), after, experiment="save", window_days=60)
    assert test.counts() == found.to_frame().set_index("arm")["customers"].to_dict()
    effect = Effects(metrics=(mean_of("orders"),)).analyze(test).headline.found
    assert effect.effect > 0  # page 16's reading of the same hold-out: more orders by the contacted

    assert found.interval.lo < 0.4 < found.interval.hi
    following = rolling.score(after, as_of="2024-01-30", model=churn.logistic())
    arms = pd.Series(assign(following["customer_id"], "next", {"control": 0.5, "treatment": 0.5}))
    listed = found.into(plan).analyze(
        following, as_of="2024-01-30", arms=arms.set_axis(following["customer_id"]), experiment="next"
    )
    assert "was measured against a random hold-out" in listed.readout().text("en")
    assert listed.to_frame()["expected_profit"].iloc[0] > 0


def _contacts_work(orders, alerts, share):
    """The orders, and one more by `share` of the contacted who would not have bought within 60 days."""
    later = orders[(orders["date"] > "2023-12-01") & (orders["date"] <= "2024-01-30")]
    would_leave = alerts.treated[~alerts.treated["customer_id"].isin(later["customer_id"])]["customer_id"]
    saved = would_leave[np.random.default_rng(3).random(len(would_leave)) < share]
    extra = pd.DataFrame({"order_id": "saved-" + saved, "customer_id": saved, "date": pd.Timestamp("2023-12-20")})
    return pd.concat([orders, extra.assign(net_amount=20.0, n_units=1.0)], ignore_index=True).fillna(0)


def _lines(orders):
    return orders.assign(kind="sale", quantity=orders["n_units"])


class _Tables(dict):
    as_of = pd.Timestamp("2024-01-30").date()
    currency = "USD"
