"""Spend that depends on frequency: found where it was planted, not found where it was not, stated in currency."""

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.clv import CustomerValue, SpendDependence
from crm_lab.clv.value.spend_dependence import _exponent

P, Q, GAMMA = 6.25, 3.74, 15.44


def buyers(n, beta, rng):
    """Repeat buyers whose scale of spend goes with (1 + x)^beta."""
    x = 1.0 + rng.poisson(rng.gamma(1.0, 3.0, n))
    rate = rng.gamma(Q, 1 / (GAMMA * (1 + x) ** beta))
    return x, rng.gamma(P * x) / rate / x


@pytest.mark.parametrize("beta", [-0.2, 0.0, 0.3])
def test_the_planted_exponent_is_found(beta):
    best, (lo, hi) = _exponent(*buyers(4000, beta, np.random.default_rng(1)), 0.95)
    assert lo < beta < hi
    assert best == pytest.approx(beta, abs=0.06)


@pytest.mark.slow
def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    held = [lo <= 0 <= hi for lo, hi in (_exponent(*buyers(300, 0.0, rng), 0.8)[1] for _ in range(100))]
    assert 0.70 <= np.mean(held) <= 0.90  # 80 % +- 2.5 standard errors of 100 bases


def test_money_scale_changes_nothing_but_money():
    x, mean = buyers(500, 0.2, np.random.default_rng(3))
    assert _exponent(x, mean, 0.95)[0] == pytest.approx(_exponent(x, mean * 1000, 0.95)[0], abs=1e-4)


@pytest.fixture(scope="module")
def sample(cdnow_sample):
    value = CustomerValue(draws=100).fit(cdnow_sample["orders"], "1998-06-30")
    return value, SpendDependence().analyze(value)


def test_effect_is_the_difference_of_two_values(sample):
    value, result = sample
    frame = result.to_frame()
    assert frame["independent"].sum() == pytest.approx(value.total()[0])
    assert frame["customers"].sum() == len(value.summary)
    assert result.effect_ci.lo < result.effect < result.effect_ci.hi
    assert result.beta_ci.lo < result.beta < result.beta_ci.hi


def test_readout_says_it_in_currency_and_plot_draws_it(sample):
    _, result = sample
    assert f"{result.effect:+,.0f} USD" in result.readout().finding.text("en")
    assert "beside the one without" in result.readout().action.text("en")
    assert {fact.id for fact in result.facts()} == {"clv.dependence.exponent", "clv.dependence.effect"}
    assert len(result.plot().patches) == len(result.to_frame())


def test_on_complete_journey_independence_is_tenable(complete_journey):
    value = CustomerValue(draws=100).fit(complete_journey["orders"], complete_journey.as_of)
    result = SpendDependence().analyze(value)
    assert result.beta_ci.lo < 0 < result.beta_ci.hi
    assert "Independence is tenable" in result.readout().action.text("en")


def test_equal_frequencies_teach_nothing():
    x, mean = np.full(50, 3.0), np.linspace(10, 20, 50)
    best, (lo, hi) = _exponent(x, mean, 0.95)
    assert (best, lo < -1, hi > 1) == (0.0, True, True)
    with pytest.raises(BadInput, match="level is 3"):
        SpendDependence(level=3)


def test_without_a_value_there_is_no_effect(uci):
    orders = uci.at("2011-06-08")["orders"]
    value = CustomerValue(draws=100).fit(orders[orders["net_amount"] > 0], "2011-06-08")
    result = SpendDependence().analyze(value)
    assert value.refusal() is not None
    assert result.refusal() == value.refusal()
    assert result.to_frame().empty
    assert [fact.value for fact in result.facts()] == [None]
    assert "no value that can be stated" in result.readout().finding.text("en")
    assert result.plot().texts
