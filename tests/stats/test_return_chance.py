"""Silences: Kaplan-Meier against statsmodels, clustered errors against a bootstrap of customers."""

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from crm_lab.stats.return_chance import Spells, return_chance, spells_between


def test_spells_of_two_customers_by_hand():
    spells = spells_between(np.array([0, 0, 0, 1]), np.array([10, 10, 14, 12]), last_day=20)
    assert spells.unit.tolist() == [0, 0, 1]
    assert spells.days.tolist() == [4, 6, 8]
    assert spells.ended.tolist() == [True, False, False]


def random_spells(seed, customers=400, per=1):
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(customers), per)
    scale = np.repeat(rng.gamma(1.0, 30, customers), per)
    days = np.ceil(rng.exponential(scale)).astype(int) + 1
    return Spells(unit, np.minimum(days, 100), days <= 100)


def test_chance_and_error_equal_statsmodels_when_each_customer_has_one_spell():
    spells = random_spells(1)
    theirs = SurvfuncRight(spells.days, spells.ended)
    kept = theirs.surv_prob[theirs.surv_times <= 60][-1]
    greenwood = theirs.surv_prob_se[theirs.surv_times <= 60][-1] / kept
    ours = return_chance(spells, 0, 60)
    assert ours.chance == pytest.approx(1 - kept, abs=1e-12)
    assert ours.log_se == pytest.approx(greenwood, rel=0.01)


def test_clustered_error_agrees_with_a_bootstrap_of_customers():
    spells = random_spells(2, customers=300, per=5)
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(400):
        times = np.bincount(rng.integers(0, 300, 300), minlength=300)[spells.unit]
        again = Spells(*(np.repeat(a, times) for a in (spells.unit, spells.days, spells.ended)))
        draws.append(np.log(1 - return_chance(again, 10, 30).chance))
    ours = return_chance(spells, 10, 30)
    assert ours.log_se == pytest.approx(np.std(draws), rel=0.12)
    independent = Spells(np.arange(len(spells.unit)), spells.days, spells.ended)
    assert return_chance(independent, 10, 30).log_se < 0.9 * ours.log_se


def test_a_horizon_beyond_the_data_is_said():
    spells = random_spells(3)
    assert not return_chance(spells, 50, 60).observed
    assert return_chance(spells, 200, 10).at_risk == 0


def test_interval_holds_the_chance_and_is_all_of_it_without_information():
    ours = return_chance(random_spells(4), 5, 30)
    lo, hi = ours.interval()
    assert 0 < lo < ours.chance < hi < 1
    nobody = Spells(np.array([0]), np.array([9]), np.array([False]))
    assert return_chance(nobody, 2, 3).interval() == (0.0, 1.0)
