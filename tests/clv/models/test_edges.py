"""Where data cannot tell: drop-out, truncation; and what comes out of the lab into lifetimes."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from crm_lab.checks import BadInput
from crm_lab.clv import MODELS, NBD, CustomerValue, ParetoNBD, bootstrap, first_purchases, purchase_model
from crm_lab.data.kernels.purchases import calibration_holdout, purchase_summary


@pytest.fixture(scope="module")
def faithful():
    """2,000 customers with gamma-distributed rates who never leave."""
    rng = np.random.default_rng(5)
    days = []
    for customer, rate in enumerate(rng.gamma(0.8, 1 / 60, 2000)):
        start = rng.integers(0, 100)
        times = np.concatenate([[start], start + np.cumsum(rng.exponential(1 / rate, rng.poisson(rate * 900) + 9))])
        days += [(f"c{customer:04d}", int(t), 20.0 + customer % 7) for t in times if t < 400]
    return pd.DataFrame(days, columns=["customer_id", "day", "net_amount"])


@pytest.mark.parametrize("key", ["bgnbd", "mbgnbd", "paretonbd"])
def test_a_base_that_never_leaves_is_said_not_to_identify_dropout(faithful, key):
    fit = purchase_model(key).fit(purchase_summary(faithful, "1971-02-04"))
    assert fit.refusal() is not None
    assert fit.refusal().key in {"clv.no_dropout", "clv.not_identified"}
    assert fit.readout().action.key == "clv.fit.action_edge"


def test_value_without_identified_dropout_is_refused_and_what_can_be_done_is_said(faithful):
    result = CustomerValue(model="paretonbd", draws=100).fit(faithful, "1971-02-04")
    assert result.refusal() is not None
    assert [f.value for f in result.facts()] == [None]
    assert "No value is stated for these 2,000 customers." in result.readout().text("en")


def test_pareto_on_complete_journey_is_refused_and_bg_is_not(complete_journey):
    data = calibration_holdout(complete_journey["orders"], "2017-09-30", "2017-12-31", keep_zero=False)
    bg = purchase_model("bgnbd").fit(data)
    assert_allclose(bg.estimates, [1.3914, 1.3469, 0.0310, 29.82], rtol=2e-3)
    assert bg.log_likelihood == pytest.approx(-61_673.64, abs=0.01)
    assert bg.refusal() is None
    pareto = ParetoNBD().fit(data)
    assert pareto.refusal().text("en").startswith("The data do not pin Pareto/NBD down: s, beta cannot be told")


def test_pile_up_at_the_start_of_the_records_is_found(complete_journey, sample):
    ours = first_purchases(complete_journey["orders"], "2017-12-31")
    assert ours.truncated
    assert "about 97% of them were customers before the records began" in ours.readout().text("en")
    assert ours.to_frame()["customers"].sum() == complete_journey["orders"]["customer_id"].nunique()
    cohort = first_purchases(sample, "1998-06-30")
    assert not cohort.truncated
    assert cohort.pile_up == pytest.approx(1, abs=0.35)


def test_published_nbd_and_pareto(calibration):
    nbd = NBD().fit(calibration)
    assert_allclose(nbd.estimates, [0.38477, 12.07202], atol=5e-4)
    assert nbd.log_likelihood == pytest.approx(-9763.6576, abs=1e-3)
    pareto = ParetoNBD().fit(calibration)
    assert_allclose(pareto.estimates, [0.55328, 10.57768, 0.60624, 11.66874], rtol=2e-3)
    assert pareto.log_likelihood == pytest.approx(-9594.9762, abs=1e-3)
    assert pareto.expected_purchases(52.0) == pytest.approx(1.47343, abs=1e-4)
    assert pareto.conditional_purchases(52, 26, 30.86, 31) == pytest.approx(25.4563, abs=1e-2)
    assert pareto.p_alive(26, 30.86, 31) == pytest.approx(0.99792, abs=1e-4)
    assert pareto.conditional_purchases(39, 2, 30.43, 38.86) == pytest.approx(1.45510, abs=1e-3)
    alive = pareto.p_alive(calibration["frequency"], calibration["recency"], calibration["T"])
    assert alive.mean() == pytest.approx(0.44628, abs=1e-4)
    expected = pareto.conditional_purchases(39, calibration["frequency"], calibration["recency"], calibration["T"])
    by_x = pd.Series(expected).groupby(calibration["frequency"].clip(upper=7)).mean()
    assert_allclose(by_x, [0.1384, 0.5995, 1.1958, 1.7138, 2.3983, 2.9072, 3.8186, 6.4031], atol=5e-4)
    assert expected.sum() == pytest.approx(1665.5, abs=0.1)
    assert np.abs(expected - calibration["holdout_purchases"]).mean() == pytest.approx(0.7545, abs=1e-4)


@pytest.mark.parametrize(
    "history",
    [
        (221, 103.42857, 103.57143),
        (254, 97.14286, 97.28571),
        (161, 94.71429, 98.0),
        (204, 98.57143, 99.42857),
        (132, 200.0, 200.0),
        (2000, 51.9, 52.0),
    ],
)
def test_extreme_buyers_have_finite_answers(history, calibration):
    """Histories on which published implementations overflowed."""
    pareto = ParetoNBD().fit(calibration).with_values(np.array([0.5143, 2.8845, 0.2856, 14.1087]))
    for fit in (pareto, purchase_model("bgnbd").fit(calibration)):
        assert 0 <= fit.p_alive(*history) <= 1
        assert np.isfinite(fit.conditional_purchases(52, *history))


def test_no_nan_in_a_hundred_thousand_random_points():
    fuzz(100_000, seed=1)


@pytest.mark.slow
def test_no_nan_in_many_random_points():
    fuzz(300_000, seed=2)


def fuzz(size, seed):
    rng = np.random.default_rng(seed)
    batch = 500
    for _ in range(size // (batch * len(MODELS))):
        x = np.where(rng.random(batch) < 0.3, 0, np.floor(10 ** rng.uniform(0, 3.3, batch)))
        T = 10 ** rng.uniform(-2, 4, batch)
        t_x = np.where(x == 0, 0.0, T * rng.uniform(0, 1, batch) ** 0.2)
        x = np.where(t_x == 0, 0.0, x)
        ahead = 10 ** rng.uniform(-2, 4)
        for model in (cls() for cls in MODELS.values()):
            params = 10 ** rng.uniform(-2.5, 2.5, len(model.parameters))
            alive = model.p_alive(params, x, t_x, T)
            rate = model.alive_rate(params, x, T, np.full(batch, ahead))
            assert np.isfinite(alive).all()
            assert (alive >= 0).all()
            assert (alive <= 1).all()
            assert np.isfinite(rate).all()
            assert (rate >= 0).all()


@pytest.mark.parametrize("key", ["bgnbd", "mbgnbd", "paretonbd"])
def test_lifetimes_object_predicts_what_we_predict(calibration, key):
    fit = purchase_model(key).fit(calibration)
    theirs = fit.to_lifetimes()
    ours = fit.conditional_purchases(39, calibration["frequency"], calibration["recency"], calibration["T"])
    predicted = theirs.predict(39, calibration["frequency"], calibration["recency"], calibration["T"])
    assert_allclose(predicted, ours, rtol=1e-6)
    assert_allclose(theirs.standard_errors_, fit.to_frame()["standard_error"])
    assert "2357 subjects" in repr(theirs)


def test_lifetimes_values_customers_from_our_fits(sample):
    result = CustomerValue(model="bgnbd", draws=100).fit(sample, "1998-06-30")
    purchases, spend = result.to_lifetimes()
    summary = result.summary
    theirs = spend.conditional_expected_average_profit(summary["frequency"], summary["monetary_value"])
    ours = result.spend.expected_spend(summary["frequency"], summary["monetary_value"])
    assert_allclose(theirs, ours, rtol=1e-9)
    assert purchases.params_["alpha"] == result.fit.params["alpha"]


def test_lifetimes_has_no_nbd(calibration):
    with pytest.raises(BadInput, match="lifetimes has no NBD"):
        NBD().fit(calibration).to_lifetimes()


def test_bootstrap_errors_are_those_of_the_hessian(calibration):
    refits = bootstrap(purchase_model("bgnbd"), calibration, 200, rng=1)
    assert len(refits) == 200
    fit = purchase_model("bgnbd").fit(calibration)
    spread = np.log(refits).std().to_numpy()
    assert_allclose(spread, np.sqrt(np.diag(fit.optimum.log_covariance)), rtol=0.25)
