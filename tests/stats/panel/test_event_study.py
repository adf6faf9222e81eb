"""The event study equals its regression; its test of trends says what it can see."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols

from crm_lab.checks import BadInput
from crm_lab.stats.panel import DifferenceInDifferences, EventStudy, Panel

N, T, FIRST = 14, 7, 4
TREATED = np.arange(N) < 6


def panel(n=N, t=T, seed=1, slope=0.0, sd=1.0):
    rng = np.random.default_rng(seed)
    values = rng.normal(0, sd, (n, t)) + rng.normal(0, 5, (n, 1)) + rng.normal(0, 2, (1, t))
    values[: n * 6 // 14] += slope * np.arange(t)
    return Panel(values, tuple(f"u{i:03d}" for i in range(n)), tuple(range(t)))


@pytest.mark.parametrize("reference", [-1, -2])
def test_it_is_the_two_way_regression_on_leads_and_lags(reference):
    data = panel()
    frame = data.to_frame()
    names = []
    for period in range(T):
        lead = period - FIRST
        if lead != reference:
            names.append(f"e{period}")
            frame[names[-1]] = (np.repeat(TREATED, T) & (frame["period"].astype(int) == period)).astype(float)
    groups = pd.factorize(frame["unit"])[0]
    peer = ols(f"value ~ C(unit) + C(period) + {' + '.join(names)}", frame).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, use_t=True
    )
    found = EventStudy(reference, "cr1").fit(data, TREATED, FIRST)
    rows = found.table[found.table["lead"] != reference]
    assert rows["effect"].to_numpy() == pytest.approx(peer.params[names].to_numpy(), rel=1e-9)
    # statsmodels counts the unit effects, which are nested in the clusters, among the parameters
    k_all, k_own = N + T - 1 + len(names), 1 + T - 1 + len(names)
    factor = np.sqrt((N * T - k_all) / (N * T - k_own))
    assert rows["se"].to_numpy() == pytest.approx(peer.bse[names].to_numpy() * factor, rel=1e-9)
    assert found.cov == pytest.approx(peer.cov_params().loc[names, names].to_numpy() * factor**2, rel=1e-8)


def test_after_one_period_each_it_is_the_difference_in_differences():
    data = panel(t=2)
    found = EventStudy().fit(data, TREATED, 1)
    assert found.effect == pytest.approx(DifferenceInDifferences().effect(data.values, TREATED, 1))
    assert found.trend is None
    claim = DifferenceInDifferences().claim(data.values, TREATED, 1)
    assert (found.se, found.df) == pytest.approx((claim.se, claim.df))


def test_the_trend_test_keeps_its_level_and_has_the_power_it_says():
    runs = 200
    calm = [EventStudy().fit(panel(42, seed=i), np.arange(42) < 18, FIRST) for i in range(runs)]
    assert np.mean([found.trend.pvalue <= 0.05 for found in calm]) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    slope = float(np.median([found.trend.missed_slope for found in calm]))
    drifting = [EventStudy().fit(panel(42, seed=i, slope=slope), np.arange(42) < 18, FIRST) for i in range(runs)]
    assert np.mean([found.trend.pvalue <= 0.05 for found in drifting]) == pytest.approx(0.8, abs=0.08)
    assert np.mean([found.trend.slope for found in drifting]) == pytest.approx(slope, rel=0.15)


def test_what_a_missed_drift_would_add():
    trend = EventStudy().fit(panel(), TREATED, FIRST).trend
    assert trend.missed_bias == pytest.approx(trend.missed_slope * np.mean([1, 2, 3]))
    assert trend.df == (3, N - 4)


@pytest.mark.parametrize(
    ("mask", "first", "reference", "sentence"),
    [
        (np.arange(N) < 1, FIRST, -1, "1 treated and 13 other units have no clustered errors"),
        (TREATED, FIRST, 0, "reference is 0; it must lie from -4 to -1"),
        (TREATED, FIRST, -5, "reference is -5"),
        (TREATED, 0, -1, "0 periods lie before the start"),
    ],
)
def test_what_has_no_event_study_is_refused(mask, first, reference, sentence):
    with pytest.raises(BadInput, match=sentence):
        EventStudy(reference=reference).fit(panel(), mask, first)


@pytest.mark.parametrize(("n", "t", "start"), [(10, 9, 7), (12, 6, 4), (30, 20, 15)])
def test_the_trend_test_keeps_its_level_with_few_units_and_many_leads(n, t, start):
    runs = 250
    found = [EventStudy().fit(panel(n, t, seed=i), np.arange(n) < n // 2, start).trend.pvalue for i in range(runs)]
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / runs))


def test_more_leads_than_units_leave_no_joint_test():
    assert EventStudy().fit(panel(6, 12), np.arange(6) < 2, 9).trend is None


def test_constant_series_have_effects_of_zero():
    flat = Panel(np.ones((6, 5)), tuple("abcdef"), tuple(range(5)))
    found = EventStudy().fit(flat, np.arange(6) < 3, 3)
    assert (found.table["effect"] == 0).all()
    assert found.trend is None
