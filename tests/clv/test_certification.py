"""Quick version of the coverage certification: a few small bases, wide bounds."""

import numpy as np
import pytest

from certification.clv import TRUTH, covered, simulate_base
from crm_lab.clv import purchase_model


@pytest.mark.parametrize("key", sorted(TRUTH))
def test_simulated_bases_follow_the_model_they_are_simulated_from(key):
    base = simulate_base(key, 20_000, np.random.default_rng(1))
    fit = purchase_model(key).fit(base)
    # within five standard errors of the truth
    errors = np.sqrt(np.diag(fit.optimum.log_covariance))
    assert (np.abs(np.log(fit.estimates / TRUTH[key])) < 5 * errors).all()
    expected = fit.conditional_purchases(39.0, base["frequency"], base["recency"], base["T"])
    assert expected.sum() == pytest.approx(base["later"].sum(), rel=0.05)


def test_intervals_cover_on_a_few_bases():
    shares = covered("mbgnbd", bases=6, customers=800, seed=4)
    assert shares["customers"] > 0.88
    assert 0.85 < shares["pit"] < 0.95
    assert shares["base_total"] >= 0.5
