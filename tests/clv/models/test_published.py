"""Published numbers of the CDNOW data: Fader, Hardie & Lee (2005) and Hardie's notes; REFERENCE section 1."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from crm_lab.clv import BGNBD, MBGNBD, GammaGamma, HoldoutCheck, track
from crm_lab.clv.models.model_registry import purchase_model
from crm_lab.data.kernels.purchases import calibration_holdout, purchase_summary


@pytest.fixture(scope="module")
def fits(calibration):
    return {"bgnbd": BGNBD().fit(calibration), "mbgnbd": MBGNBD().fit(calibration)}


def test_counts_of_the_sample(calibration):
    assert len(calibration) == 2357
    assert calibration["frequency"].sum() == 2457
    assert (calibration["frequency"] > 0).sum() == 946
    assert calibration["holdout_purchases"].sum() == 1882
    assert calibration["holdout_spend"].sum() == pytest.approx(70_976.39, abs=0.01)
    repeat = calibration.loc[calibration["frequency"] > 0, "monetary_value"]
    assert repeat.mean() == pytest.approx(35.0778, abs=1e-3)
    assert_allclose([calibration["T"].min(), calibration["T"].max()], [27.0, 38.857], atol=0.01)


@pytest.mark.parametrize(
    ("key", "estimates", "tolerance", "log_likelihood"),
    [
        ("bgnbd", [0.242594, 4.413602, 0.792920, 2.425907], 5e-4, -9582.4292),
        ("mbgnbd", [0.52484, 6.18309, 0.89136, 1.61400], 1e-3, -9582.1357),
    ],
)
def test_parameters_on_the_sample(fits, key, estimates, tolerance, log_likelihood):
    assert_allclose(fits[key].estimates, estimates, atol=tolerance)
    assert fits[key].log_likelihood == pytest.approx(log_likelihood, abs=1e-3)
    assert fits[key].refusal() is None


def test_bgnbd_on_the_full_file(full):
    fit = BGNBD().fit(calibration_holdout(full, "1997-09-30", "1998-06-30"))
    assert fit.n == 23_570
    assert_allclose(fit.estimates, [0.25162, 4.78895, 0.72343, 2.16109], atol=2e-5)
    assert fit.log_likelihood == pytest.approx(-95_368.44, abs=0.01)


def test_standard_errors_of_bgnbd(fits):
    assert_allclose(fits["bgnbd"].to_frame()["standard_error"], [0.0126, 0.378, 0.186, 0.705], rtol=0.02)


def test_expected_purchases_of_a_new_customer(fits):
    assert_allclose(fits["bgnbd"].expected_purchases([39, 52]), [1.19501, 1.44401], atol=1e-4)


def test_single_customers(fits):
    assert fits["bgnbd"].conditional_purchases(52, 26, 30.86, 31) == pytest.approx(25.7590, abs=1e-2)
    assert fits["bgnbd"].p_alive(26, 30.86, 31) == pytest.approx(0.96892, abs=1e-4)
    assert fits["bgnbd"].conditional_purchases(39, 2, 30.43, 38.86) == pytest.approx(1.22591, abs=1e-3)
    assert fits["mbgnbd"].conditional_purchases(39, 2, 30.43, 38.86) == pytest.approx(1.26267, abs=1e-3)


@pytest.mark.parametrize(("key", "mean"), [("bgnbd", 0.81344), ("mbgnbd", 0.44872)])
def test_mean_p_alive(fits, calibration, key, mean):
    alive = fits[key].p_alive(calibration["frequency"], calibration["recency"], calibration["T"])
    assert alive.mean() == pytest.approx(mean, abs=1e-4)


def test_holdout_by_frequency(sample):
    check = HoldoutCheck(draws=100).analyze(sample, "1997-09-30", "1998-06-30")
    table = check.by_frequency.pivot_table(index="repeat_purchases", columns="model", values="expected")
    assert_allclose(table["BG/NBD"], [0.2251, 0.5231, 1.0441, 1.5203, 2.1639, 2.6538, 3.5040, 6.1572], atol=5e-4)
    assert_allclose(table["MBG/NBD"], [0.1852, 0.5514, 1.0490, 1.4929, 2.1043, 2.5636, 3.3608, 5.8485], atol=5e-4)
    actual = check.by_frequency.query("model == 'BG/NBD'")
    assert actual["customers"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert_allclose(actual["actual"], [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594], atol=5e-4)
    totals = check.to_frame().set_index("model")
    assert_allclose(totals["expected"], [1653.4, 1576.7], atol=0.1)
    assert_allclose(totals["mae"], [0.7855, 0.7648], atol=1e-4)
    assert totals.loc["BG/NBD", "expected_revenue"] == pytest.approx(59_932, abs=1)


@pytest.mark.parametrize(
    ("key", "cumulative"), [("bgnbd", [2494.0, 3127.7, 3675.0, 4160.6]), ("mbgnbd", [2475.6, 3083.0, 3598.9, 4050.0])]
)
def test_tracking(fits, sample, key, cumulative):
    frame = track(fits[key], sample, "1997-09-30", "1998-06-30").to_frame().set_index("week")
    assert frame.loc[[39, 52, 65, 78], "actual"].tolist() == [2457, 3183, 3844, 4339]
    assert_allclose(frame.loc[[39, 52, 65, 78], "expected"], cumulative, atol=0.5)


def test_gamma_gamma(calibration):
    spend = GammaGamma().fit(calibration)
    assert_allclose(spend.estimates, [6.24957, 3.74422, 15.44352], atol=5e-3)
    assert spend.log_likelihood == pytest.approx(-4055.9177, abs=1e-3)
    assert spend.correlation == pytest.approx(0.11389, abs=1e-4)
    first_ten = spend.expected_spend(calibration["frequency"], calibration["monetary_value"])[:10]
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert_allclose(first_ten, published, atol=0.01)
    assert spend.mean_spend == pytest.approx(35.17, abs=0.01)


def test_weights_are_customers(calibration):
    repeat = calibration[calibration["frequency"] > 0]
    x, mean = repeat["frequency"].to_numpy(), repeat["monetary_value"].to_numpy()
    twice = GammaGamma().fit_arrays(x, mean, weight=np.full(len(x), 2.0))
    once = GammaGamma().fit_arrays(x, mean)
    assert_allclose(twice.estimates, once.estimates, rtol=1e-6)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood)


@pytest.mark.parametrize("key", ["bgnbd", "mbgnbd", "paretonbd"])
def test_drop_out_is_not_identified_on_uci_online_retail(uci, key):
    """REFERENCE section 6: calibrated to 2011-06-08, BG/NBD's a goes to 0 and Pareto's s to 0."""
    orders = uci.at("2011-06-08")["orders"]
    fit = purchase_model(key).fit(purchase_summary(orders[orders["net_amount"] > 0], "2011-06-08"))
    assert fit.refusal() is not None
    assert "Drop-out is not identified" in fit.readout().finding.text() + fit.refusal().text()
