"""Quick versions of the certifications: a few small bases, wide bounds."""

import numpy as np
import pytest

from certification.clv import TRUTH, covered, simulate_base
from certification.totals import RECORDS, Tried, errors_by_length, rows_of, tried_by_record
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


def test_quick_certification_of_the_forecast_of_page_09():
    """A quarter and a year ahead from any day: intervals hold, and the same season brings the year nearer."""
    found = [[tried_by_record("fashion", 600, seed, ahead) for seed in range(6)] for ahead in RECORDS]
    quarter, year = ([shop for shop in shops if shop is not None] for shops in found)
    assert min(len(quarter), len(year)) >= 4
    held = [shop.held for shop in (*quarter, *year)]
    assert sum(held) >= len(held) - 4  # 5 or more of 12 outside would come in 4 of 1,000
    assert all(shop.plain == shop.corrected for shop in quarter)  # no date had the same season
    assert np.mean([abs(shop.corrected) for shop in year]) < np.mean([abs(shop.plain) for shop in year])


def test_entries_count_what_was_stated_alone():
    shops = [Tried(0.3, 0.1, True, True), Tried(-0.3, -0.1, False, True), Tried(0.3, 0.5, False, False), None]
    held, error = rows_of("x", lambda _, seed: shops[seed], retailers=4)
    assert (held["name"], held["value"], held["ok"]) == ("x.held", 0.5, False)
    assert error["value"] == pytest.approx(0.7 / 3)
    assert "3 retailers" in held["what"]
    assert "of 2 stated totals the interval held 50.0%" in held["what"]


def test_quick_certification_of_errors_by_length():
    table = errors_by_length("cdnow_sample", "1998-06-30", (30, 91), every=15)
    assert table["dates"].tolist() == [8, 28]
    assert table["spread"].iloc[1] < table["spread"].iloc[0]
    assert table["mean"].iloc[1] > table["mean"].iloc[0]
