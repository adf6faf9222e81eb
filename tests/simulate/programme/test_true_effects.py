"""What is planted is found again by plain means."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.simulate import make_retailer, open_key

SEEDS = range(20)


def _test_outcomes(shop):
    """Orders and net spend of each assigned member in the days from assignment to the test's end."""
    drawn = shop.tables["assignments"].query("experiment == 'loyalty'")
    given, start = shop.scenario.programme, pd.Timestamp(shop.scenario.start)
    end = start + pd.Timedelta(days=given.start + given.days)
    lines = shop.tables["transactions"].merge(drawn, on="customer_id")
    lines = lines[(lines["date"] >= lines["assigned_on"]) & (lines["date"] < end)]
    spend = lines.groupby("customer_id")["net_amount"].sum()
    orders = lines[lines["kind"] == "sale"].groupby("customer_id")["order_id"].nunique()
    out = drawn.set_index("customer_id").assign(spend=spend, orders=orders)
    return out.fillna({"spend": 0.0, "orders": 0.0})


def _difference(out, metric):
    arms = out.groupby("arm")[metric]
    mean, variance, n = arms.mean(), arms.var(), arms.size()
    return mean["treatment"] - mean["control"], np.sqrt((variance / n).sum())


def _strong(name, seed, n=2500):
    """A test whose effect is large enough to be seen in few customers."""
    tiers = {"fashion": "CBA", "null": "CBA"}[name]
    effects = {"programme.orders": dict.fromkeys(tiers, 0.5), "programme.take_up": 0.9, "programme.selection": 0.0}
    return make_retailer(name, n, seed, {**effects, "programme.enrol_lag": 1.0})


def test_the_outcome_in_the_data_is_the_outcome_in_the_key():
    shop = make_retailer("fashion", 1500, 4)
    truth = open_key(shop).customers.set_index("customer_id")
    out = _test_outcomes(shop)
    truth = truth.loc[out.index]
    for metric in ("orders", "spend"):
        expected = truth[f"{metric}_1"].where(truth["enrolled"], truth[f"{metric}_0"])
        np.testing.assert_allclose(out[metric], expected, atol=0.005)


@pytest.mark.slow
def test_a_plain_difference_in_means_recovers_the_planted_effect():
    z = []
    for seed in SEEDS:
        shop = _strong("fashion", seed)
        truth = open_key(shop).customers.query("eligible")
        for metric in ("orders", "spend"):
            found, error = _difference(_test_outcomes(shop), metric)
            z.append((found - (truth[f"{metric}_1"] - truth[f"{metric}_0"]).mean()) / error)
    z = np.array(z)
    assert abs(z.mean()) < 3 * 1 / np.sqrt(len(SEEDS))  # the two metrics go together: 20 draws, not 40
    assert (np.abs(z) < 1.96).mean() >= 0.85


def test_the_effect_of_enrolling_is_the_planted_one_in_every_tier():
    effects = {"C": 0.4, "B": 0.2, "A": 0.1}
    shop = make_retailer("fashion", 8000, 2, {"programme.orders": effects, "programme.novelty": 0.0})
    inside = open_key(shop).customers.query("would_enrol and enrol_chance > 0")
    # base orders from enrolment on are what the effect multiplies; measured through the orders added
    for tier, effect in effects.items():
        members = inside[inside["tier_at_start"] == tier]
        added = (members["orders_1"] - members["orders_0"]).sum()
        base = members["orders_0"].sum()
        # pulled-forward orders add to the test span, days before enrolment take away: a band, not a point
        assert effect * 0.75 < added / base < effect + 0.08


def test_null_has_no_effect_whatever_is_spent():
    shop = make_retailer("null", 3000, 8)
    truth = open_key(shop)
    for metric in ("orders", "spend", "margin", "orders_whole", "spend_whole", "margin_whole"):
        assert (truth.customers[f"{metric}_0"] == truth.customers[f"{metric}_1"]).all()
    assert truth.lines.empty
    found, error = _difference(_test_outcomes(shop), "spend")
    assert abs(found) < 3 * error
    assert shop.tables["costs"]["amount"].sum() > 0


def test_members_against_non_members_misleads_in_null():
    shop = make_retailer("null", 6000, 8)
    out = _test_outcomes(shop)
    treated = out[out["arm"] == "treatment"]
    member = treated.index.isin(shop.tables["enrolments"]["customer_id"])
    assert treated.loc[member, "spend"].mean() > 1.2 * treated.loc[~member, "spend"].mean()


def test_pulled_forward_orders_are_missing_afterwards():
    off = {"programme.orders": {}, "programme.spend": {}}
    truth = open_key(make_retailer("fashion", 3000, 1, {**off, "programme.pull_forward": 1.0})).customers
    inside = truth[truth["would_enrol"]]
    assert (inside["orders_1"] - inside["orders_0"]).sum() > 50
    assert (inside["orders_whole_1"] == inside["orders_whole_0"]).all()


def test_switches_for_lost_records_and_contamination_do_what_they_say():
    base = make_retailer("null", 4000, 6)
    srm = make_retailer("null", 4000, 6, {"programme.lost_records": 0.2})
    drawn = [shop.tables["assignments"].query("experiment == 'loyalty'")["arm"].value_counts() for shop in (base, srm)]
    assert drawn[0]["control"] == drawn[1]["control"]
    assert drawn[1]["treatment"] / drawn[0]["treatment"] == pytest.approx(0.8, abs=0.04)
    truth = open_key(make_retailer("null", 4000, 6, {"programme.contamination": 0.3})).customers
    control = truth[truth["eligible"] & ~truth["treated"] & truth["would_enrol"]]
    assert control["enrolled"].mean() == pytest.approx(0.3, abs=0.05)
    assert (control["enrolled"] == control["contaminated"]).all()


def test_late_joiners_have_no_past_and_can_be_left_out():
    shop = make_retailer("fashion", 1500, 2)
    late = open_key(shop).customers.query("late")
    first = shop.tables["transactions"].groupby("customer_id")["date"].min()
    drawn = shop.tables["assignments"].query("experiment == 'loyalty'").set_index("customer_id")["assigned_on"]
    ids = late["customer_id"][late["customer_id"].isin(drawn.index)]
    assert len(ids) > 50
    assert (first[ids] == drawn[ids]).all()
    without = make_retailer("fashion", 1500, 2, {"programme.late_joiners": False})
    assert not open_key(without).customers["late"].any()


@pytest.mark.slow
def test_the_save_offer_brings_what_it_says_and_the_hold_out_shows_it():
    shop = make_retailer("fashion", 20_000, 3, {"save_offer.effect": 0.3})
    truth = open_key(shop).customers.query("offer_eligible")
    drawn = shop.tables["assignments"].query("experiment == 'save_offer'")
    start = drawn["assigned_on"].iloc[0]
    lines = shop.tables["transactions"].query("kind == 'sale'")
    soon = lines["date"].between(start + pd.Timedelta(days=1), start + pd.Timedelta(days=28))
    back = drawn["customer_id"].isin(lines.loc[soon, "customer_id"])
    rate = back.groupby(drawn["arm"]).agg(["mean", "size"])
    found = rate.loc["treatment", "mean"] - rate.loc["control", "mean"]
    error = np.sqrt((rate["mean"] * (1 - rate["mean"]) / rate["size"]).sum())
    expected = (truth["offer_chance"]).mean() * (1 - rate.loc["control", "mean"])
    assert abs(found - expected) < 3 * error
    alive = truth["left_time"].isna() | (truth["left_time"] > shop.scenario.save_offer.start)
    assert truth.loc[alive, "offer_chance"].mean() == pytest.approx(0.3, abs=0.02)


def test_messages_tire():
    shop = make_retailer("beauty", 4000, 3, {"contacts.fatigue": 0.5, "contacts.opened": 0.5})
    sent = shop.tables["exposures"].query("campaign != 'save_offer' and delivered").copy()
    before = sent.groupby("customer_id")["date"].diff().dt.days
    assert sent.loc[before > 28, "opened"].mean() > 1.5 * sent.loc[before <= 14, "opened"].mean()


def test_effects_are_told_by_span_and_tier():
    key = open_key(make_retailer("fashion", 6000, 7))
    effects = key.effects().set_index(["metric", "span"])
    orders = effects.loc[("orders", "test")]
    assert orders["effect"] == pytest.approx(orders["with"] - orders["without"])
    assert orders["per_enrolled"] > orders["effect"] > effects.loc[("orders", "whole"), "effect"] > 0
    tiers = key.effects("tier_at_start").query("metric == 'orders' and span == 'test'").set_index("group")
    assert tiers["rel_effect"]["C"] > tiers["rel_effect"]["A"]
    assert tiers["n"].sum() == orders["n"]
    assert np.average(tiers["effect"], weights=tiers["n"]) == pytest.approx(orders["effect"])


def test_the_programmes_profit_adds_up_and_agrees_with_the_tables():
    shop = make_retailer("beauty", 6000, 7)
    key = open_key(shop)
    parts = key.profit_and_loss()
    assert parts.drop(["profit", "roi"]).sum() == pytest.approx(parts["profit"])
    costs = shop.tables["costs"].groupby("item")["amount"].sum()
    assert -parts["setup"] == pytest.approx(costs["setup"])
    assert -parts["running"] == pytest.approx(costs["running"])
    paid = shop.tables["rewards"]["cost_amount"].sum()
    assert -(parts["rewards_subsidised"] + parts["rewards_incremental"]) == pytest.approx(paid)
    assert parts["pulled_forward"] < 0 < parts["extra_margin"]
    whole = key.effects().set_index(["metric", "span"]).loc[("margin", "whole")]
    treated = key.customers["treated"]
    gained = (key.customers["margin_whole_1"] - key.customers["margin_whole_0"])[treated].mean()
    assert gained == pytest.approx(whole["effect"], rel=0.3)


def test_null_loses_what_it_costs():
    shop = make_retailer("null", 3000, 8)
    parts = open_key(shop).profit_and_loss()
    assert parts["extra_margin"] == parts["pulled_forward"] == 0
    assert parts["roi"] == pytest.approx(-1.0)
    assert parts["profit"] < 0


def test_a_programme_that_drives_customers_away_takes_orders():
    harm = {"programme.orders": dict.fromkeys("CBA", -0.5), "programme.pull_forward": 0.0, "programme.enrol_lag": 0.5}
    shop = make_retailer("fashion", 3000, 5, {**harm, "programme.novelty": 0.0, "programme.spend": {}})
    inside = open_key(shop).customers.query("would_enrol")
    assert inside["orders_1"].sum() / inside["orders_0"].sum() == pytest.approx(0.5, abs=0.06)
    out = _test_outcomes(shop)
    found, error = _difference(out, "orders")
    assert found < -3 * error


def test_a_programme_without_costs_has_no_return_on_them():
    free = {"programme.reward_value": 0.0, "programme.running_cost": 0.0, "programme.setup_cost": 0.0}
    parts = open_key(make_retailer("fashion", 800, 5, free)).profit_and_loss()
    assert np.isnan(parts["roi"])
    assert parts["profit"] == pytest.approx(parts["extra_margin"] + parts["pulled_forward"])
