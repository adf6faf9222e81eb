"""Interrupted series: the regression of both series with all interactions, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols

from crm_lab.checks import BadInput
from crm_lab.stats.panel import InterruptedSeries


def series(t=40, first=28, level=6.0, slope=0.0, seed=1, sd=1.0, rho=0.0):
    rng = np.random.default_rng(seed)
    time, noise = np.arange(t), rng.normal(0, sd, t)
    for i in range(1, t):
        noise[i] += rho * noise[i - 1]
    shared = 100 + 0.4 * time + rng.normal(0, 3, t)
    return shared + 10 + noise + (level + slope * (time - first)) * (time >= first), shared


def test_it_is_the_regression_on_both_series_with_all_interactions():
    y, other = series()
    time = np.arange(40) - 28
    one = pd.DataFrame({"t": time, "after": (time >= 0).astype(float)})
    both = pd.concat([one.assign(y=y, treated=1.0), one.assign(y=other, treated=0.0)])
    peer = ols("y ~ treated * (t + after + after:t)", both).fit()
    found = InterruptedSeries().fit(y, 28, comparison=other)
    own = found.table.set_index("term")["effect"]
    assert own["level"] == pytest.approx(peer.params["treated:after"], rel=1e-9)
    assert own["slope"] == pytest.approx(peer.params["treated:after:t"], rel=1e-9)
    assert own["trend_before"] == pytest.approx(peer.params["treated:t"], rel=1e-9)
    assert found.effect == pytest.approx(own["level"] + own["slope"] * np.arange(12).mean())


def test_newey_and_west_are_those_of_statsmodels():
    y, other = series()
    time = np.arange(40) - 28
    frame = pd.DataFrame({"gap": y - other, "t": time, "after": (time >= 0).astype(float)})
    how = {"cov_type": "HAC", "cov_kwds": {"maxlags": 3, "use_correction": True}, "use_t": True}
    peer = ols("gap ~ after + after:t + t", frame).fit(**how)
    found = InterruptedSeries(errors="newey_west", lags=3).fit(y, 28, comparison=other)
    names = ["after", "after:t", "t"]
    assert found.table["se"].to_numpy() == pytest.approx(peer.bse[names].to_numpy(), rel=1e-9)
    assert found.table["pvalue"].to_numpy() == pytest.approx(peer.pvalues[names].to_numpy(), rel=1e-9)
    contrast = pd.Series(0.0, index=peer.params.index)
    contrast[["after", "after:t"]] = 1.0, np.arange(12).mean()
    row = peer.t_test(contrast.to_numpy())
    assert (found.effect, found.se) == pytest.approx((row.effect.item(), row.sd.item()))
    assert [found.interval.lo, found.interval.hi] == pytest.approx(row.conf_int()[0].tolist())


def test_without_autocorrelation_errors_are_those_of_least_squares():
    y, other = series(seed=4)
    gap, time = y - other, np.arange(40) - 28
    gap = gap + 3 * (-1.0) ** np.arange(40)  # what comes and goes hands nothing on
    frame = pd.DataFrame({"gap": gap, "t": time, "after": (time >= 0).astype(float)})
    peer = ols("gap ~ after + after:t + t", frame).fit()
    found = InterruptedSeries().fit(gap, 28)
    assert found.autocorrelation == 0
    assert found.df == peer.df_resid
    assert found.table["se"].to_numpy() == pytest.approx(peer.bse[["after", "after:t", "t"]].to_numpy(), rel=1e-9)


def alone(t, first, seed, rho):
    """A series that hands on a part of each shock, its start, and no effect."""
    noise = np.random.default_rng(seed).normal(0, 1, t + 50)
    for i in range(1, t + 50):
        noise[i] += rho * noise[i - 1]
    return 50 + 0.2 * np.arange(t) + noise[50:], first


@pytest.mark.parametrize("rho", [0.3, 0.6])
def test_autocorrelation_is_estimated_without_the_bias_of_the_regression(rho):
    found = [InterruptedSeries().fit(*alone(60, 40, seed, rho)).autocorrelation for seed in range(200)]
    assert np.median(found) == pytest.approx(rho, abs=0.07)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
@pytest.mark.parametrize(("t", "first"), [(24, 12), (40, 28), (104, 78)])
def test_intervals_cover_no_effect_whatever_is_handed_on(t, first, rho):
    runs, hits = 150, 0
    for seed in range(runs):
        own = InterruptedSeries().fit(*alone(t, first, seed, rho)).interval
        hits += own.lo <= 0 <= own.hi
    floor = 0.95 if t > 24 else 0.9  # two dozen periods cannot tell what is handed on
    assert hits / runs >= floor - 3 * np.sqrt(0.95 * 0.05 / runs)


def test_the_comparison_takes_shared_shocks_off():
    y, other = series()
    alone, controlled = InterruptedSeries().fit(y, 28), InterruptedSeries().fit(y, 28, comparison=other)
    assert controlled.se < alone.se / 2
    assert (alone.controlled, controlled.controlled) == (False, True)
    assert controlled.path["difference"][28:].mean() == pytest.approx(controlled.effect)
    assert controlled.path["difference"][:28].mean() == pytest.approx(0, abs=1e-9)


def test_a_season_is_taken_off():
    y, _ = series(t=60, first=44)
    wave = 20 * (np.arange(60) % 4 == 1)
    plain, season = InterruptedSeries().fit(y, 44), InterruptedSeries(season=4).fit(y + wave, 44)
    assert season.effect == pytest.approx(plain.effect, abs=1.5)
    assert season.se < 3 * plain.se


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: InterruptedSeries().fit(np.ones(20), 7), "7 periods lie before the start; 8 or more"),
        (lambda: InterruptedSeries().fit(np.ones(20), 18), "2 periods lie after the start"),
        (lambda: InterruptedSeries().fit([1.0] * 19 + [np.nan], 10), "1 values are no finite number"),
        (lambda: InterruptedSeries().fit(np.ones(20), 10, np.ones(19)), "the comparison has 19 periods, the series 20"),
        (lambda: InterruptedSeries(season=12).fit(np.ones(40), 20), "a season of 12 needs 24"),
    ],
)
def test_series_that_are_too_short_are_refused(call, sentence):
    with pytest.raises(BadInput, match=sentence):
        call()


def test_a_constant_series_changes_by_nothing():
    found = InterruptedSeries().fit(np.full(20, 5.0), 10)
    assert found.effect == pytest.approx(0, abs=1e-9)
    assert found.se == pytest.approx(0, abs=1e-9)
