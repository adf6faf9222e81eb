"""Quick versions of the certification: size under no effect, coverage of a planted one."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.experiments.validity.aa_splits import many_splits


@pytest.fixture(scope="module")
def histories():
    rng = np.random.default_rng(11)
    level = rng.gamma(0.9, 600, 500)
    return pd.DataFrame({"before": level * rng.gamma(6, 1 / 6, 500), "spend": level * rng.gamma(6, 1 / 6, 500)})


@pytest.mark.slow
def test_an_aa_test_rejects_5_percent(histories):
    record = many_splits(histories, "spend", ["before"], splits=1500, rng=1, ways=("none", "cuped", "lin"))
    for way, rate in record.rates.items():  # 4 simulation SEs around 5 %
        assert rate == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / 1500) ** 0.5), way


def test_the_interval_holds_a_planted_lift(histories):
    record = many_splits(histories, "spend", ["before"], splits=1000, rng=2, lift=0.05)
    for way, rate in record.rates.items():
        assert 1 - rate == pytest.approx(0.95, abs=4 * (0.05 * 0.95 / 1000) ** 0.5), way


def test_the_pre_period_makes_the_standard_error_smaller(histories):
    record = many_splits(histories, "spend", ["before"], splits=20, rng=3)
    rho = histories.corr().iloc[0, 1]
    assert record.se["lin"] / record.se["none"] == pytest.approx((1 - rho**2) ** 0.5, rel=0.02)


def test_readout_says_whether_the_analysis_can_be_used(histories):
    record = many_splits(histories, "spend", splits=200, rng=4, ways=("none",))
    assert "nothing was done" in record.readout().finding.text("en")
    assert record.facts()[0].id == "splits.none"
    broken = type(record)({"none": 60}, 200, {"none": 1.0}, 0.0, 0.95, 500)
    assert "do not use it" in broken.readout().action.text("en")
    assert record.to_frame()["rate"].iloc[0] == record.rejected["none"] / 200


def test_few_units_are_refused(histories):
    few = many_splits(histories.head(5), "spend", splits=10, rng=1)
    assert "5 of 5 units have an outcome" in few.refusal().text("en")
    gappy = histories.assign(spend=histories["spend"].where(histories.index > 2))
    assert "nothing to split" in many_splits(gappy, "spend", splits=10, rng=1).readout().finding.text("en")
    assert few.to_frame().empty
    assert few.facts()[0].value is None


@pytest.mark.slow
def test_an_aa_test_on_real_histories_rejects_5_percent(complete_journey):
    from crm_lab.experiments import spend_windows

    units = spend_windows(
        complete_journey["orders"], start="2017-07-01", pre_days=181, post_days=184, as_of="2017-12-31"
    )
    record = many_splits(units, "spend", ["spend_before", "orders_before"], splits=1500, rng=5)
    for way, rate in record.rates.items():
        assert rate == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / 1500) ** 0.5), way
