"""Models of set opportunities and renewals against their papers; REFERENCE section 2."""

from importlib import resources

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.clv import BGBB, ShiftedBetaGeometric
from crm_lab.clv.discrete.beta_terms import beta_likelihood

HIGH_END = [1, 0.869, 0.743, 0.653, 0.593, 0.551, 0.517, 0.491]
REGULAR = [1, 0.631, 0.468, 0.382, 0.326, 0.289, 0.262, 0.241]


@pytest.fixture(scope="module")
def donations():
    return pd.read_csv(str(resources.files("lifetimes") / "datasets" / "donations.csv"))


def test_donations_of_fader_hardie_shang(donations):
    fit = BGBB().fit(donations)
    assert fit.n == 11_104
    assert_allclose(fit.estimates, [1.2035, 0.7497, 0.6567, 2.7834], atol=1e-4)
    assert fit.log_likelihood == pytest.approx(-33_225.58, abs=0.01)
    next_five = fit.conditional_purchases(5, donations["frequency"], donations["recency"], donations["periods"])
    assert next_five @ donations["weights"] == pytest.approx(12_884.2, abs=1)
    assert fit.refusal() is None


@pytest.mark.parametrize(
    ("survival", "estimates", "log_likelihood", "later"),
    [
        (HIGH_END, [0.6681, 3.8061], -1611.158, [0.460, 0.436, 0.414, 0.395, 0.378]),
        (REGULAR, [0.7041, 1.1820], -1680.265, [0.220, 0.204, 0.191, 0.180, 0.170]),
    ],
)
def test_retention_of_fader_hardie(survival, estimates, log_likelihood, later):
    lost = -1000 * np.diff(survival)
    kept = np.zeros(7)
    kept[-1] = 1000 * survival[-1]
    fit = ShiftedBetaGeometric().fit(np.arange(1, 8), lost, kept)
    assert_allclose(fit.estimates, estimates, atol=1e-4)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-3)
    assert_allclose(fit.survival(np.arange(8, 13)), later, atol=1e-3)
    assert_allclose(np.cumprod(fit.retention(np.arange(1, 13))), fit.survival(np.arange(1, 13)))


def test_derivatives_are_those_of_the_likelihood():
    rng = np.random.default_rng(1)
    owner = np.sort(rng.integers(0, 6, 20))
    owner[:6] = np.arange(6)
    owner.sort()
    factors = [(rng.integers(0, 4, 20).astype(float), rng.integers(0, 4, 20).astype(float)) for _ in range(2)]
    loglik, at = beta_likelihood(owner, rng.random(6) + 0.5, factors), np.array([0.7, 1.2, 0.4, 2.5])
    _, gradient, hessian = loglik(at)
    steps = np.diag(1e-5 * at)
    assert_allclose(gradient, [(loglik(at + s)[0] - loglik(at - s)[0]) / (2 * s.sum()) for s in steps], rtol=1e-6)
    assert_allclose(hessian, [(loglik(at + s)[1] - loglik(at - s)[1]) / (2 * s.sum()) for s in steps], rtol=1e-5)


def test_conditional_expectations_are_those_of_simulated_donors():
    rng = np.random.default_rng(3)
    size, n, ahead = 200_000, 5, 4
    takes, stops = rng.beta(1.2, 0.75, size), rng.beta(0.66, 2.78, size)
    lives = rng.geometric(stops)[:, None] > np.arange(1, n + ahead + 1)
    gave = (rng.random((size, n + ahead)) < takes[:, None]) & lives
    x, t_x = gave[:, :n].sum(axis=1), np.where(gave[:, :n], np.arange(1, n + 1), 0).max(axis=1)
    fit = BGBB().fit(pd.DataFrame({"frequency": x, "recency": t_x, "periods": n}))
    kind = (x == 2) & (t_x == 4)
    came = gave[kind, n:].sum(axis=1)
    assert came.mean() == pytest.approx(
        float(fit.conditional_purchases(ahead, 2, 4, n)), abs=5 * came.std() / kind.sum() ** 0.5
    )
    assert lives[kind, n].mean() == pytest.approx(float(fit.p_alive(2, 4, n)), abs=5 * 0.5 / kind.sum() ** 0.5)


def test_impossible_rows_are_refused_in_words():
    good = {"frequency": 1, "recency": 2, "periods": 6}
    with pytest.raises(BadInput, match="1 rows break 0 <= frequency <= recency <= periods"):
        BGBB().fit(pd.DataFrame([good, {**good, "recency": 9}]))
    with pytest.raises(CannotAnswer, match="Not one of the 1 customers took a second opportunity"):
        BGBB().fit(pd.DataFrame([{"frequency": 0, "recency": 0, "periods": 6}]))
    with pytest.raises(CannotAnswer, match="No contract has ended at a renewal yet"):
        ShiftedBetaGeometric().fit([1, 2], [0, 0], [5, 5])
    with pytest.raises(BadInput, match="1 rows are impossible"):
        ShiftedBetaGeometric().fit([1, 1.5], [3, 2], [5, 5])
