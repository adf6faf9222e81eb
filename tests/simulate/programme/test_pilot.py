"""A programme of whole cities: what the key says is what the data would have been."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_lab.checks import BadInput
from crm_lab.simulate import load_scenario, make_retailer, open_key, prepare, write_retailer
from crm_lab.simulate.scenario.clock import make_clock, with_city_shocks
from crm_lab.simulate.scenario.scenario import Scenario

FIRST = {  # digests of 700 customers' lines, from before there were such cities
    "beauty": "2f9b15a015230738fff0",
    "cohort": "9fa6e6352bcca352f75a",
    "fashion": "06efb88eb12d50949bbd",
    "grocery": "9c2105c6340d9ebcb4ee",
    "messy": "0eba24a242704b7ff294",
    "null": "d179f212175f01588b74",
    "offer": "76f0ab9e2a1f73dd876c",
}


@pytest.fixture(scope="module")
def shop():
    return make_retailer("pilot", 4000)


@pytest.fixture(scope="module")
def truth(shop):
    return open_key(shop).pilot_truth()


def _panel(shop):
    """Net sales and margin by home city and week, by pandas, not by the key."""
    lines = shop.tables["transactions"].merge(shop.tables["customers"][["customer_id", "city"]], on="customer_id")
    lines = lines.merge(shop.tables["products"][["product_id", "unit_cost"]], on="product_id")
    lines["margin"] = lines["net_amount"] - lines["quantity"] * lines["unit_cost"]
    lines["week"] = lines["date"] - pd.to_timedelta(lines["date"].dt.day_of_week, unit="D")
    return lines.groupby(["city", "week"])[["net_amount", "margin"]].sum()


@pytest.mark.parametrize("name", FIRST)
def test_retailers_without_such_cities_are_as_they_were(name):
    lines = make_retailer(name, n_customers=700).tables["transactions"]
    told = lines[["line_id", "order_id", "customer_id", "product_id", "store_id", "day", "hour"]]
    told = told.assign(cents=(100 * lines["net_amount"]).round().astype(int))
    digest = hashlib.sha256(told.to_csv(index=False, lineterminator="\n").encode())
    assert digest.hexdigest()[:20] == FIRST[name]


def test_the_data_are_the_world_with_it_where_it_was_and_without_it_elsewhere(shop, truth):
    frame = truth.frame.set_index(["city", "week"])
    seen = _panel(shop).reindex(frame.index, fill_value=0.0)
    for column, name in (("net_amount", "sales"), ("margin", "margin")):
        expected = frame[f"{name}_with"].where(frame["treated"], frame[f"{name}_without"])
        np.testing.assert_allclose(seen[column], expected, atol=0.006)


def test_without_it_the_data_are_the_worlds_without_it(shop, truth):
    off = make_retailer("pilot", 4000, overrides={"pilot.on": False, "pilot.lift": 0.0, "pilot.cost": 0.0})
    frame = truth.frame.set_index(["city", "week"])
    np.testing.assert_allclose(
        _panel(off)["net_amount"].reindex(frame.index, fill_value=0.0), frame["sales_without"], atol=0.006
    )
    ours, theirs = _panel(shop), _panel(off)
    before = ours.index.get_level_values("week") < pd.Timestamp(truth.start)
    pd.testing.assert_frame_equal(ours[before], theirs.loc[ours.index[before]])


def test_the_lift_is_the_planted_one_in_every_city():
    frame = open_key(make_retailer("pilot", 12_000, overrides={"pilot.lift": 0.5})).pilot_truth().frame
    running = frame[frame["running"]]
    lift = running["sales_effect"].sum() / running["sales_without"].sum()
    assert lift == pytest.approx(0.5, abs=0.02)
    weeks = running.groupby("week")[["sales_effect", "sales_without"]].sum()
    assert weeks["sales_effect"].div(weeks["sales_without"]).between(0.4, 0.6).all()  # from the first week on
    after = frame[~frame["running"]]
    assert -0.01 < after["sales_effect"].sum() / after["sales_without"].sum() < 0  # goods that come back


def test_totals_add_up_and_the_cost_is_in_the_tables(shop, truth):
    totals, frame = truth.totals(), truth.frame
    mine = frame[frame["treated"] & frame["running"]]
    assert len(mine) == 5 * 14
    assert totals["sales_effect"] == pytest.approx((mine["sales_with"] - mine["sales_without"]).sum())
    assert totals["roi"] == pytest.approx(totals["margin_effect"] / totals["cost"] - 1)
    assert shop.tables["costs"].groupby("item")["amount"].sum()["pilot"] == totals["cost"] == 5 * 14 * 60
    assert truth.totals(after=True)["cost"] == totals["cost"]
    assert truth.end == pd.Timestamp(truth.start).date() + pd.Timedelta(days=97)


def test_all_of_a_city_are_in_one_arm(shop, truth):
    drawn = shop.tables["assignments"].merge(shop.tables["customers"], on="customer_id")
    arms = drawn.groupby("city")["arm"].unique()
    assert all(len(arm) == 1 for arm in arms)
    assert set(arms.index[arms.str[0] == "treatment"]) == set(truth.treated)
    assert (drawn["assigned_on"] >= pd.Timestamp(truth.start)).all()
    assert (drawn["assigned_on"] >= drawn["joined_on"]).all()


def test_cities_can_be_named_and_lots_depend_on_the_seed():
    named = open_key(make_retailer("pilot", 60, overrides={"pilot.cities": ["Selma", "Alba"]})).pilot_truth()
    assert named.treated == ("Alba", "Selma")
    drawn = {open_key(make_retailer("pilot", 40, seed)).pilot_truth().treated for seed in range(6)}
    assert len(drawn) == 6


def test_more_customers_change_nobodys_rows():
    few, more = make_retailer("pilot", 300), make_retailer("pilot", 900)
    ours = few.tables["transactions"]
    pd.testing.assert_frame_equal(ours, more.tables["transactions"].head(len(ours)), check_dtype=False)
    ours = open_key(few).pilot
    pd.testing.assert_frame_equal(ours, open_key(more).pilot.head(len(ours)))


def test_the_key_on_disk_is_the_key_in_memory(tmp_path):
    write_retailer(prepare("pilot", 200), tmp_path / "shop", tmp_path / "key")
    told, known = open_key(tmp_path / "key").pilot_truth(), open_key(make_retailer("pilot", 200)).pilot_truth()
    pd.testing.assert_frame_equal(told.frame, known.frame)
    assert (told.treated, told.start) == (known.treated, known.start)


def test_a_retailer_without_it_has_no_such_truth(tmp_path):
    key = open_key(make_retailer("null", 30))
    assert key.pilot.empty
    with pytest.raises(BadInput, match="null has no programme of whole cities; the scenario pilot has one"):
        key.pilot_truth()
    write_retailer(prepare("null", 30), tmp_path / "shop", tmp_path / "key")
    assert open_key(tmp_path / "key").pilot.empty


@pytest.mark.parametrize("persistence", [0.0, 0.7])
def test_demand_of_cities_deviates_as_planted(persistence):
    asked = {"city_shocks.persistence": persistence, "city_shocks.sd": 0.2, "city_shocks.level_sd": 0.3}
    scenario: Scenario = replace(load_scenario("pilot", asked), promotions=())
    clock = with_city_shocks(make_clock(scenario, -540), scenario, np.random.default_rng(5))
    speed = np.log(np.diff(clock.local, axis=1) / clock.speed)
    weeks = speed[:, 540 % 7 :: 7]  # a day of each whole week: all days of one are alike
    assert np.ptp(speed[:, 540:547], axis=1).max() < 1e-9
    own = weeks - weeks.mean(axis=1, keepdims=True)
    assert own.std() == pytest.approx(0.2, rel=0.1)
    assert stats.pearsonr(own[:, 1:].ravel(), own[:, :-1].ravel())[0] == pytest.approx(persistence, abs=0.06)
    assert 0.15 < weeks.mean(axis=1).std() < 0.45


def test_time_runs_back_as_it_ran_in_every_city():
    scenario = load_scenario("pilot")
    clock = with_city_shocks(make_clock(scenario, -30), scenario, np.random.default_rng(1))
    city, time = np.arange(20), np.linspace(-30.5, 700.25, 20)
    np.testing.assert_allclose(clock.time_of(clock.demand_until(time, city), city), time)
    np.testing.assert_allclose(clock.demand_at_end(city), clock.demand_until(np.full(20, clock.end), city))
