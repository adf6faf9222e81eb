"""The processes are the ones they are named after: closed forms, published curves, parameters found again."""

from dataclasses import replace

import numpy as np
import pytest
from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter
from scipy.special import betaln, gammaln

from crm_lab.simulate import load_scenario, make_retailer, open_key
from crm_lab.simulate.customers.timing import draw_habits, draw_purchases
from crm_lab.simulate.scenario.clock import make_clock
from crm_lab.simulate.scenario.settings import Timing
from crm_lab.simulate.scenario.streams import stream

CDNOW = Timing(process="bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426)
EXACT = replace(CDNOW, r=0.242594, alpha=4.413602, a=0.792920, b=2.425907)  # the fit's own digits (REFERENCE 1)
SEEDS = range(20)


def _plain_clock(days, before=0):
    return make_clock(replace(load_scenario("cohort"), days=days), -before)


def _purchases(timing, joined, days, seed):
    rng = stream(seed, "timing")
    habits = draw_habits(timing, joined.size, rng)
    return habits, draw_purchases(timing, habits, joined, _plain_clock(days), rng)


def _repeats(timing, joined, days, seed):
    _, bought = _purchases(timing, joined, days, seed)
    return np.bincount(bought.customer, minlength=joined.size) - 1


def test_the_cumulative_curve_meets_the_models_own_on_cdnow(cdnow_sample):
    """4,160.6 repeat purchases by week 78 (Fader, Hardie & Lee 2005, figure 7; REFERENCE section 1)."""
    orders = cdnow_sample["orders"]
    first = orders.groupby("customer_id")["day"].min().to_numpy()
    joined = (first - first.min()).astype(float)
    totals = {week: [] for week in (39, 78)}
    for seed in range(200):
        _, bought = _purchases(EXACT, joined, 78 * 7, seed)
        for week, found in totals.items():
            found.append((bought.time < week * 7).sum() - joined.size)
    for week, expected in ((39, 2494.0), (78, 4160.6)):
        mean, error = np.mean(totals[week]), np.std(totals[week]) / np.sqrt(200)
        assert abs(mean - expected) < 3 * error


def _summary(bought, n, end):
    """x, t_x, T in weeks, from continuous times."""
    x = np.bincount(bought.customer, minlength=n) - 1
    first, last = np.full(n, np.inf), np.zeros(n)
    np.minimum.at(first, bought.customer, bought.time)
    np.maximum.at(last, bought.customer, bought.time)
    return x, (last - first) / 7, (end - 1 - first) / 7  # time ends with the last day


@pytest.mark.slow
def test_bgnbd_parameters_are_found_again_within_sampling_error():
    truth = np.array([CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b])
    found = []
    for seed in SEEDS:
        joined = stream(seed, "traits").uniform(0, 84, 4000)
        _, bought = _purchases(CDNOW, joined, 546, seed)
        fit = BetaGeoFitter().fit(*_summary(bought, 4000, 546))
        found.append(fit.params_[["r", "alpha", "a", "b"]].to_numpy())
    logs = np.log(np.array(found))
    z = (logs.mean(axis=0) - np.log(truth)) / (logs.std(axis=0, ddof=1) / np.sqrt(len(SEEDS)))
    assert (np.abs(z) < 3).all(), z
    assert (logs.std(axis=0, ddof=1) < 0.4).all()


@pytest.mark.slow
def test_mbgnbd_parameters_are_found_again():
    timing = replace(CDNOW, process="mbg_nbd", r=0.525, alpha=6.183, a=0.891, b=1.614)
    truth = np.array([timing.r, timing.alpha, timing.a, timing.b])
    found = []
    for seed in SEEDS:
        joined = stream(seed, "traits").uniform(0, 84, 4000)
        _, bought = _purchases(timing, joined, 546, seed)
        fit = ModifiedBetaGeoFitter().fit(*_summary(bought, 4000, 546))
        found.append(fit.params_[["r", "alpha", "a", "b"]].to_numpy())
    logs = np.log(np.array(found))
    z = (logs.mean(axis=0) - np.log(truth)) / (logs.std(axis=0, ddof=1) / np.sqrt(len(SEEDS)))
    assert (np.abs(z) < 3).all(), z


def test_nbd_counts_have_the_negative_binomial_distribution():
    timing = Timing(process="nbd", r=0.8, alpha=6.0)
    counts = np.concatenate([_repeats(timing, np.zeros(5000), 180, seed) for seed in range(10)])
    t = 179 / 7  # from the end of the first day to the end of the last
    k = np.arange(12)
    log_p = gammaln(0.8 + k) - gammaln(0.8) - gammaln(k + 1) + 0.8 * np.log(6 / (6 + t)) + k * np.log(t / (6 + t))
    seen = np.bincount(counts, minlength=12)[:12] / counts.size
    error = np.sqrt(np.exp(log_p) / counts.size)
    assert (np.abs(seen - np.exp(log_p)) < 4 * error).all()


def test_pareto_survival_is_the_paretos():
    timing = Timing(process="pareto_nbd", r=0.55, alpha=10.6, s=0.6, beta=11.7)
    _, bought = _purchases(timing, np.zeros(50_000), 546, 3)
    for weeks in (10, 40, 78):
        alive = (11.7 / (11.7 + weeks)) ** 0.6
        assert (bought.left > weeks * 7).mean() == pytest.approx(alive, abs=0.008)


def test_pareto_counts_have_the_models_mean():
    """E[X(t)] of Pareto/NBD: r beta / (alpha (s - 1)) (1 - (beta / (beta + t))^(s - 1))."""
    timing = Timing(process="pareto_nbd", r=0.553, alpha=10.578, s=0.606, beta=11.669)
    counts = np.concatenate([_repeats(timing, np.zeros(50_000), 52 * 7 + 1, seed) for seed in range(4)])
    expected = 1.4734  # REFERENCE section 1: Pareto E[X(52)]
    assert counts.mean() == pytest.approx(expected, abs=3 * counts.std() / np.sqrt(counts.size))


@pytest.mark.parametrize(("process", "survives"), [("bg_nbd", 1.0), ("mbg_nbd", 2.426 / (0.793 + 2.426))])
def test_who_stays_after_the_first_purchase(process, survives):
    timing = replace(CDNOW, process=process)
    habits, _ = _purchases(timing, np.zeros(100_000), 90, 5)
    assert (habits.lifetime_orders > 0).mean() == pytest.approx(survives, abs=0.005)
    # E[(1-p)^k] = B(a, b + k) / B(a, b): who survives k chances of leaving
    for k in (1, 3):
        stays = np.exp(betaln(0.793, 2.426 + k) - betaln(0.793, 2.426))
        chances = k if process == "mbg_nbd" else k + 1
        assert (habits.lifetime_orders >= chances).mean() == pytest.approx(stays, abs=0.005)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_gaps_are_erlang(k):
    timing = Timing(process="nbd", r=1e6, alpha=1e6, regularity=k)  # everybody buys once a week
    _, bought = _purchases(timing, np.zeros(400), 5000, 8)
    gaps = np.diff(bought.time)[np.diff(bought.customer) == 0] / 7
    assert gaps.mean() == pytest.approx(1.0, abs=0.01)
    assert gaps.std() == pytest.approx(1 / np.sqrt(k), abs=0.01)


def test_nobody_buys_twice_a_day_where_that_is_ruled_out():
    timing = replace(CDNOW, same_day=False, r=3.0, alpha=0.5)
    _, bought = _purchases(timing, np.arange(300.0) % 80, 300, 4)
    _, twice = _purchases(replace(timing, same_day=True), np.arange(300.0) % 80, 300, 4)
    np.testing.assert_array_equal(bought.customer, twice.customer)
    within = np.diff(bought.customer) == 0
    assert (np.diff(bought.day)[within] >= 1).all()
    assert (np.diff(twice.day)[within] == 0).any()
    assert (bought.day >= twice.day).all()


def test_the_clock_runs_with_the_season_and_is_inverted_exactly():
    scenario = load_scenario("fashion")
    clock = make_clock(scenario, -900)
    times = np.linspace(-899, scenario.days - 1, 5001)
    np.testing.assert_allclose(clock.time_of(clock.demand_until(times)), times, atol=1e-9)
    quiet = make_clock(replace(scenario, promotions=()), -900)
    assert quiet.speed[-scenario.days :].mean() == pytest.approx(1.0)
    lifted = clock.speed / quiet.speed
    assert set(np.round(lifted, 9)) == {1.0, 1.5, 1.9}
    assert (lifted > 1).sum() == (7 + 4 * 21) + 5 * 11  # days of summer and November sales since July 15, 2020


def test_orders_follow_the_season():
    shop = make_retailer("fashion", 6000, 3, {"acquisition.before": 0.9, "programme.late_joiners": False})
    orders = shop.tables["transactions"].query("kind == 'sale'").drop_duplicates("order_id")
    weekday = orders["weekday"].value_counts(normalize=True)
    expected = np.array(shop.scenario.season.weekdays) / sum(shop.scenario.season.weekdays)
    np.testing.assert_allclose(weekday.sort_index(), expected, atol=0.01)
    daily = orders["date"].dt.month.value_counts()
    assert daily[11] > 1.3 * daily[2]


def test_customers_known_before_the_window_are_cut_at_its_edge():
    shop = make_retailer("fashion", 1500, 2)
    key = open_key(shop).customers
    lines = shop.tables["transactions"]
    assert lines["date"].min() >= np.datetime64("2023-01-01")
    assert lines["date"].max() <= np.datetime64("2024-12-31")
    old = key["joined_time"] < 0
    assert old.mean() == pytest.approx(0.6, abs=0.05)
    seen = key["customer_id"].isin(lines["customer_id"])
    assert 0.1 < (~seen)[old].mean() < 0.9  # some left, or slept, before it began
    assert seen[~old].all()


def test_spend_is_independent_of_frequency_unless_planted():
    def slope(link):
        key = open_key(make_retailer("null", 4000, 3, {"spend.frequency_link": link})).customers
        return np.polyfit(np.log(key["rate_per_week"]), np.log(key["mean_order_value"]), 1)[0]

    assert slope(0.0) == pytest.approx(0.0, abs=0.02)
    assert slope(0.3) == pytest.approx(0.3, abs=0.02)


def test_orders_are_worth_what_gamma_gamma_says():
    shop = make_retailer("cohort", 4000, 3)
    lines = shop.tables["transactions"]
    orders = lines.groupby(["customer_id", "order_id"])["gross_amount"].sum().reset_index()
    key = open_key(shop).customers.set_index("customer_id")["mean_order_value"]
    ratio = orders["gross_amount"] / key[orders["customer_id"]].to_numpy()
    assert ratio.mean() == pytest.approx(1.0, abs=0.02)  # products are the nearest in price, so nearly
    assert ratio.std() == pytest.approx(1 / np.sqrt(6.25), abs=0.03)
    assert key.mean() == pytest.approx(36.0, rel=0.05)
