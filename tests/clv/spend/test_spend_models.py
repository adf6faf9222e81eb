"""Spend where Gamma-Gamma has no answer: constant spend, spend that does not differ, and heavy tails."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.clv import CredibilitySpend, CustomerValue, GammaGammaFit, fit_spend
from crm_lab.clv.spend.credibility import credibility_spend


def bought(x, mean):
    return pd.DataFrame({"frequency": np.asarray(x, float), "monetary_value": np.asarray(mean, float)})


def counts(rng, size=4_000):
    return 1.0 + rng.negative_binomial(1, 0.25, size)


def test_gamma_gamma_where_it_has_an_answer(calibration):
    assert isinstance(fit_spend(calibration), GammaGammaFit)


def test_one_price_for_all():
    spend = fit_spend(bought([1, 2, 3] * 20, [9.99] * 60))
    assert isinstance(spend, CredibilitySpend)
    assert spend.expected_spend([0, 5], [0.0, 9.99]) == pytest.approx([9.99, 9.99])
    drawn = spend.draw_spend(np.array([3.0]), np.array([2.0]), np.array([9.99]), np.random.default_rng(0))
    assert drawn[0] == pytest.approx(29.97)
    assert "Gamma-Gamma has no answer here" in spend.readout().text("en")


def test_everybody_spends_alike_but_not_always_the_same():
    rng = np.random.default_rng(2)
    x = counts(rng)
    spend = fit_spend(bought(x, rng.gamma(4 * x, 10 / (4 * x))))
    near = spend.expected_spend(x, np.where(x > 5, 30.0, 10.0))
    assert spend.mean_spend == pytest.approx(10, abs=0.2)
    assert np.ptp(near) < 3  # hardly moved by a customer's own mean


def test_a_heavy_tail_gives_a_finite_total_near_that_of_the_next_year():
    """Totals of new purchases of the same customers, whose own levels have no mean of squares."""
    rng, ratios = np.random.default_rng(4), []
    for _ in range(40):
        own, x = 20 * (1 + rng.pareto(1.6, 3_000)), counts(rng, 3_000)
        spend = fit_spend(bought(x, own * rng.gamma(2 * x, 1 / (2 * x))))
        ratios.append(spend.expected_spend(x, own * rng.gamma(2 * x, 1 / (2 * x))).sum() / own.sum())
    assert np.median(ratios) == pytest.approx(1, abs=0.1)


def test_variances_and_expectation_are_those_of_the_population():
    rng = np.random.default_rng(5)
    x = counts(rng, 40_000)
    own = rng.gamma(25, 2, 40_000)  # mean 50, variance 100
    mean = rng.normal(own, np.sqrt(300 / x))
    spend = credibility_spend(x, mean)
    assert spend.between == pytest.approx(100, rel=0.1)
    assert spend.within == pytest.approx(300, rel=0.1)
    assert spend.centre == pytest.approx(50, abs=4 * spend.standard_error)
    for count in (1.0, 4.0):
        kind = x == count
        slope = np.polyfit(mean[kind], own[kind], 1)[0]
        assert slope == pytest.approx(count / (count + 3), abs=0.05)


def test_the_standard_error_of_the_centre_covers():
    rng, inside = np.random.default_rng(6), 0
    for _ in range(300):
        x = counts(rng, 300)
        mean = rng.normal(rng.gamma(25, 2, 300), np.sqrt(300 / x))
        inside += abs(credibility_spend(x, mean).centre - 50) < 1.645 * credibility_spend(x, mean).standard_error
    assert inside / 300 == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / 300))


def test_a_base_of_one_price_is_valued(sample):
    flat = sample.drop_duplicates(["customer_id", "date"]).assign(net_amount=12.0)
    value = CustomerValue(draws=100).fit(flat, "1998-06-30")
    assert value.refusal() is None
    total, interval = value.total()
    assert interval.lo < total < interval.hi
    assert total == pytest.approx(12 * (value.valuation.base.factor * value.valuation.expected).sum())
