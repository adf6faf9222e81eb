"""Calibration readouts, ranked rules, and pictures in both languages."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crm_lab import churn
from crm_lab.checks import BadInput
from crm_lab.churn.evaluation.ranking_report import probability_measures

mpl.use("Agg")


def outcome(seed=0, n=4000, sure=1.0):
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0, 1, n)
    left = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    return pd.Series(left), pd.Series(1 / (1 + np.exp(-sure * log_odds)))


def test_right_chances_may_be_used_and_too_sure_ones_may_not():
    good = churn.CalibrationCheck().analyze(*outcome())
    bad = churn.CalibrationCheck().analyze(*outcome(sure=3.0))
    assert good.interval().lo < 1 < good.interval().hi
    assert "may be multiplied with money" in str(good.readout().action)
    assert bad.interval().hi < 0.5
    assert "read them by what was observed" in str(bad.readout().action)
    assert good.to_frame()["customers"].sum() == 4000


def test_bins_are_checked():
    with pytest.raises(BadInput, match="bins is 1; it must be 2 or more"):
        churn.CalibrationCheck(bins=1)


def test_ranked_rules_order_customers_as_said(known):
    features, _, _ = known
    order = churn.frequency_then_recency(features).sort_values(ascending=False).index
    by_hand = features.sort_values(["n_days", "recency_days"], ascending=[True, False])
    columns = ["n_days", "recency_days"]
    np.testing.assert_array_equal(features.loc[order, columns], by_hand[columns])
    assert churn.longest_silence(features).idxmax() == features["recency_days"].idxmax()
    assert churn.fewest_visits(features).idxmin() == features["n_days"].idxmax()
    assert churn.silent_this_month(features).sum() == (features["days_30"] == 0).sum()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pictures_have_the_words_of_the_language(monkeypatch, orders, known, lang):
    from matplotlib import pyplot as plt

    monkeypatch.setenv("CRM_LAB_LANG", lang)
    features, left, as_of = known
    report = churn.ChurnComparison(draws=100).analyze(
        features, left, models={"logistic": churn.logistic()},
        rivals={"frequency_then_recency": churn.frequency_then_recency(features)}, rng=1,
    )  # fmt: skip
    window = churn.ChurnWindow(windows=(20, 40), horizon_days=30).analyze(orders, as_of=as_of)
    check = churn.CalibrationCheck().analyze(left, report.probabilities["logistic"])
    for result in (report, window, check):
        ax = result.plot()
        assert ax.get_title(loc="left")
        assert ax.get_title(loc="left").isascii() == (lang == "en")
    assert len(report.plot().get_yticks()) == 2
    plt.close("all")


def test_probability_measures_by_hand():
    found = probability_measures([1, 0, 0, 1], [0.8, 0.4, 0.2, 0.6])
    assert found["brier"] == pytest.approx((0.04 + 0.16 + 0.04 + 0.16) / 4)
    assert found["log_loss"] == pytest.approx(-2 * (np.log(0.8) + np.log(0.6)) / 4)
    assert np.isfinite(probability_measures([1, 0], [0.0, 0.5])["log_loss"])
