"""Synthetic control and difference, and time-based regression: published numbers, and what must hold on any panel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.api import OLS, add_constant

from crm_lab.checks import BadInput
from crm_lab.stats.panel import (
    ConformalTest,
    DifferenceInDifferences,
    DoseResponse,
    EventStudy,
    InterruptedSeries,
    Panel,
    PlaceboBench,
    StaggeredAdoption,
    SyntheticControl,
    SyntheticDifference,
    ThresholdRule,
    TimeBasedRegression,
    complete,
    investment,
    permutation_test,
)
from tests.stats.panel.published import geolift, prop99

CITIES = ["chicago", "portland"]
ALL = [
    DifferenceInDifferences(),
    SyntheticControl(),
    SyntheticControl(demean=False),
    SyntheticDifference(placebos=20),
    TimeBasedRegression(),
]


def test_the_walkthrough_of_geolift():
    """REFERENCE section 5: ATT 155.55569, 5.42319 %, 4,666.67 in all, L2 909.488, scaled .163639, all to 1e-3."""
    panel = geolift()
    found = SyntheticControl().fit(panel, CITIES, panel.periods[90])
    assert found.effect == pytest.approx(155.55569, abs=1e-3)
    assert found.rel_effect == pytest.approx(0.0542319, abs=1e-5)
    assert found.cumulated == pytest.approx(4_666.67, abs=1e-2)
    assert found.imbalance == pytest.approx(909.488, abs=1e-3)
    assert found.scaled_imbalance == pytest.approx(0.163639, abs=1e-5)
    assert DifferenceInDifferences().fit(panel, CITIES, panel.periods[90]).effect == pytest.approx(255, abs=0.5)
    assert SyntheticControl(demean=False).fit(panel, CITIES, panel.periods[90]).effect == pytest.approx(123, abs=0.5)


def test_conformal_p_values_of_the_walkthrough():
    """REFERENCE section 5: .0098 with exchangeable days (.002-.02), .0476 with moving blocks."""
    panel = geolift()
    task = (panel.values, panel.mask(CITIES), 90, SyntheticControl())
    assert 0.002 < ConformalTest().pvalue(*task) < 0.02
    assert ConformalTest("blocks").pvalue(*task) == pytest.approx(5 / 105)


@pytest.mark.parametrize(
    ("cities", "days", "lift", "budget"),
    [
        (CITIES, 15, 0.10, 64_563.75),
        (CITIES, 10, 0.10, 43_646.25),
        (["chicago", "cincinnati", "houston", "portland"], 15, 0.05, 74_118.375),
        (["chicago", "cincinnati", "houston", "portland"], 10, 0.10, 99_027.75),
        (["chicago", "houston", "portland"], 10, 0.10, 75_389.25),
    ],
)
def test_investments_of_the_walkthrough(cities, days, lift, budget):
    """REFERENCE section 5, GeoLift's market selection at 7.50 an additional unit."""
    panel = geolift("PreTest")
    first = len(panel.periods) - days
    assert investment(panel.values, panel.mask(cities), first, lift, 7.5) == pytest.approx(budget, abs=1e-3)


def test_a_planted_lift_of_the_walkthrough():
    """REFERENCE section 5: 10 % on the last 15 days gives ATT 290.007, 10.117 %."""
    panel = geolift("PreTest")
    values = panel.values.copy()
    values[panel.mask(CITIES), 75:] *= 1.1
    found = SyntheticControl().fit(Panel(values, panel.units, panel.periods), CITIES, panel.periods[75])
    assert found.effect == pytest.approx(290.007, abs=1e-3)
    assert found.rel_effect == pytest.approx(0.10117, abs=1e-5)


def test_proposition_99():
    """REFERENCE section 5: DiD -27.34911, simplex SC -19.51363 with its weights, SDID -15.60383, all to 1e-3."""
    panel = prop99()
    assert DifferenceInDifferences().fit(panel, ["California"], 1989).effect == pytest.approx(-27.34911, abs=1e-3)
    levels = SyntheticControl(demean=False).fit(panel, ["California"], 1989)
    assert levels.effect == pytest.approx(-19.51363, abs=1e-3)
    weights = levels.weights.set_index("unit")["weight"]
    for state, weight in {"Utah": 0.394, "Montana": 0.232, "Nevada": 0.205, "Connecticut": 0.109}.items():
        assert weights[state] == pytest.approx(weight, abs=1e-3)
    published = SyntheticDifference(search="frank_wolfe")
    assert published.effect(panel.values, panel.mask(["California"]), 19) == pytest.approx(-15.60383, abs=1e-3)


def test_the_published_search_ends_before_the_optimum():
    """The exact weights are nearer to their goal than the published ones; the effect differs by .0016 of -15.6."""
    panel = prop99()
    mask = panel.mask(["California"])
    exact = SyntheticDifference().effect(panel.values, mask, 19)
    assert exact == pytest.approx(-15.60383, abs=2e-3)
    noise = np.diff(panel.values[~mask, :19], axis=1).std(ddof=1)
    before = panel.values[:, :19] - panel.values[:, :19].mean(axis=1, keepdims=True)

    def objective(search):
        w = SyntheticDifference(search=search).course(panel.values, mask, 19).weights
        gap = w @ before - before[mask][0]
        return gap @ gap / 19 + np.sqrt(12) * noise**2 * (w @ w)

    assert objective("exact") < objective("frank_wolfe")


def world(n=9, t=16, seed=1):
    rng = np.random.default_rng(seed)
    return 100 + 5 * rng.normal(0, 1, (n, 1)) + rng.normal(0, 1, (n, t)) + rng.normal(0, 1, (1, t)).cumsum()


def test_time_based_regression_is_the_forecast_of_statsmodels():
    values, treated, first = world(), np.arange(9) < 3, 11
    y, x = values[treated].sum(axis=0), values[~treated].sum(axis=0)
    peer = OLS(y[:first], add_constant(x[:first])).fit()
    claim = TimeBasedRegression().claim(values, treated, first)
    told = peer.predict(add_constant(x)[first:])
    assert claim.effect == pytest.approx((y[first:] - told).mean() / 3)
    ones = add_constant(x)[first:].sum(axis=0)
    total = np.sqrt(ones @ peer.cov_params() @ ones + 5 * peer.scale)
    assert claim.se * 15 == pytest.approx(total)
    assert claim.df == peer.df_resid == 9
    fit = TimeBasedRegression().fit(Panel(values, tuple("abcdefghi"), tuple(range(16))), treated, first)
    assert fit.effect == pytest.approx(claim.effect)
    assert fit.path["difference"][:first].sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("estimator", ALL, ids=lambda e: e.name)
def test_many_assignments_are_one_after_the_other(estimator):
    values, masks = world(), complete(np.arange(9) < 3).masks[:12]
    each = [estimator.fit(Panel(values, tuple("abcdefghi"), tuple(range(16))), m, 11).effect for m in masks]
    assert estimator.effects(values, masks, 11) == pytest.approx(each, rel=1e-9)
    assert [estimator.effect(values, m, 11) for m in masks] == pytest.approx(each, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(ALL),
    st.integers(0, 10**6),
    st.integers(3, 9),
    st.integers(3, 12),
    st.floats(-50, 50),
    st.sampled_from(["plain", "one treated", "flat", "flat treated"]),
)
def test_an_effect_on_the_treated_moves_the_estimate_by_itself(estimator, seed, n, first, effect, kind):
    """Adding to the treated cells adds to the estimate; scale and common shocks go through."""
    values = world(n, first + 4, seed)
    if kind == "flat":
        values[:] = 7.0
    if kind == "flat treated":
        values[0] = 7.0
    treated = np.arange(n) < (1 if kind != "plain" else 2)
    base = estimator.effect(values, treated, first)
    assert np.isfinite(base)
    moved = values + effect * np.outer(treated, np.arange(first + 4) >= first)
    assert estimator.effect(moved, treated, first) == pytest.approx(base + effect, abs=1e-6)
    assert estimator.effect(3 * values, treated, first) == pytest.approx(3 * base, abs=1e-4)
    order = np.random.default_rng(seed).permutation(n)
    assert estimator.effect(values[order], treated[order], first) == pytest.approx(base, abs=1e-4)


@pytest.mark.parametrize("estimator", ALL, ids=lambda e: e.name)
@pytest.mark.parametrize("form", ["additive", "multiplicative"])
def test_permutation_intervals_invert_their_test(estimator, form):
    values, treated = world(8, 12), np.arange(8) < 2
    values[:2, 9:] += 3
    made = complete(treated)
    found = permutation_test(values, 9, estimator, made, form=form, alpha=0.2)

    def pvalue(null):
        return permutation_test(values, 9, estimator, made, null=null, form=form, alpha=0.0).pvalue

    lo, hi = found.interval.lo, found.interval.hi
    width = hi - lo
    assert lo < found.effect < hi
    slack = 1e-6 if estimator.affine else 2e-3
    assert pvalue(lo + slack * width) > 0.2
    assert pvalue(hi - slack * width) > 0.2
    assert pvalue(lo - 1e-6 * width) <= 0.2
    assert pvalue(hi + 1e-6 * width) <= 0.2


def test_the_placebo_error_of_the_synthetic_difference_is_that_of_untreated_units():
    values, treated = world(7, 12), np.arange(7) < 1
    claim = SyntheticDifference().claim(values, treated, 9)
    others = values[1:]
    effects = [SyntheticDifference().effect(others, np.arange(6) == i, 9) for i in range(6)]
    assert claim.se == pytest.approx(np.std(effects))
    assert np.isnan(SyntheticDifference().claim(values, np.arange(7) < 4, 9).se)


def test_a_unit_beyond_all_others_is_said():
    values = world()
    values[0] += 1_000
    panel = Panel(values, tuple("abcdefghi"), tuple(range(16)))
    assert SyntheticControl(demean=False).fit(panel, ["a"], 11).outside == 1.0
    assert SyntheticControl().fit(panel, ["a"], 11).outside < 0.5
    assert SyntheticControl(demean=False).fit(panel, ["b"], 11).to_frame()["outside"].item() < 1


@pytest.mark.parametrize(
    "made",
    [
        lambda: SyntheticDifference(placebos=1),
        lambda: SyntheticDifference(search="luck"),
        lambda: ConformalTest("weekly", draws=0),
        lambda: PlaceboBench(step=0),
        lambda: EventStudy(level=95),
        lambda: StaggeredAdoption("always"),
        lambda: InterruptedSeries(season=1),
        lambda: InterruptedSeries(lags=-1, errors="white"),
        lambda: DoseResponse(level=0.2),
        lambda: ThresholdRule(1.0, level=1.0),
    ],
)
def test_settings_that_cannot_be_are_refused(made):
    with pytest.raises(BadInput, match="settings:"):
        made()


def test_period_weights_add_up():
    weights = SyntheticDifference().period_weights(world(), np.arange(9) < 3, 11)
    assert weights.shape == (11,)
    assert weights.sum() == pytest.approx(1)
