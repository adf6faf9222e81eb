"""Difference in differences equals the regressions it stands for."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind
from statsmodels.formula.api import ols

from crm_lab.checks import BadInput
from crm_lab.stats.panel import DifferenceInDifferences, Panel, complete, wild_bootstrap
from crm_lab.stats.panel.estimators.difference_in_differences import change_scores

DID = DifferenceInDifferences()


def panel(n=9, t=7, seed=1):
    values = np.random.default_rng(seed).normal(50, 5, (n, t)).cumsum(axis=1)
    return Panel(values, tuple(f"u{i}" for i in range(n)), tuple(range(t)))


def long(panel, treated, first):
    frame = panel.to_frame().assign(value=lambda f: f["value"].astype(float))
    frame["treated"] = np.repeat(treated, len(panel.periods)).astype(float)
    frame["after"] = (frame["period"].astype(int) >= first).astype(float)
    return frame.assign(on=frame["treated"] * frame["after"])


@pytest.mark.parametrize(("n", "t", "k", "first"), [(4, 2, 2, 1), (9, 7, 3, 4), (12, 6, 11, 1)])
def test_it_is_the_two_way_regression_and_the_change_score(n, t, k, first):
    """REFERENCE section 4: 2x2 DiD = TWFE = change score, 1e-9."""
    data, treated = panel(n, t), np.arange(n) < k
    found = DID.effect(data.values, treated, first)
    change = change_scores(data.values, first)
    twoway = ols("value ~ C(unit) + C(period) + on", long(data, treated, first)).fit()
    assert found == pytest.approx(change[treated].mean() - change[~treated].mean(), rel=1e-9)
    assert found == pytest.approx(twoway.params["on"], rel=1e-9)
    assert DID.fit(data, treated, first).effect == pytest.approx(found, rel=1e-9)


def test_the_standard_error_is_that_of_statsmodels_by_cluster():
    data, treated = panel(), np.arange(9) < 4
    frame = long(data, treated, 4)
    peer = ols("value ~ treated * after", frame).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(frame["unit"])[0]}, use_t=True
    )
    claim = DifferenceInDifferences("cr1").claim(data.values, treated, 4)
    assert claim.se == pytest.approx(peer.bse["treated:after"], rel=1e-9)
    assert claim.pvalue == pytest.approx(peer.pvalues["treated:after"], rel=1e-9)
    own = claim.interval(0.95)
    assert [own.lo, own.hi] == pytest.approx(peer.conf_int().loc["treated:after"].tolist(), rel=1e-9)


@pytest.mark.parametrize(("n", "k"), [(9, 4), (10, 5), (20, 3)])
def test_the_unbiased_error_is_that_of_two_means_with_their_own_variances(n, k):
    data, treated = panel(n), np.arange(n) < k
    claim, change = DID.claim(data.values, treated, 4), change_scores(data.values, 4)
    peer = ols("change ~ treated", pd.DataFrame({"change": change, "treated": treated.astype(float)})).fit(
        cov_type="HC2"
    )
    assert claim.se == pytest.approx(peer.bse["treated"], rel=1e-9)
    if 2 * k == n:
        assert claim.pvalue == pytest.approx(ttest_ind(change[treated], change[~treated]).pvalue, rel=1e-9)


@pytest.mark.parametrize(("n", "k"), [(10, 5), (20, 5), (20, 3)])
def test_the_claimed_level_is_kept_with_few_units(n, k):
    """Shocks of unit and week; CR1 rejects more often than it says, CR2 does not."""
    treated, runs, rejected = np.arange(n) < k, 2_000, {"cr1": 0, "cr2": 0}
    rng = np.random.default_rng(9)
    for _ in range(runs):
        values = rng.normal(0, 1, (n, 8)).cumsum(axis=1) + rng.normal(0, 2, (1, 8))
        for errors in rejected:
            rejected[errors] += DifferenceInDifferences(errors).claim(values, treated, 5).pvalue <= 0.05
    bar = 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert rejected["cr2"] / runs <= bar
    assert rejected["cr1"] > rejected["cr2"]


def test_many_assignments_at_once_are_one_after_the_other():
    data = panel()
    masks = complete(np.arange(9) < 4).masks
    assert DID.effects(data.values, masks, 3) == pytest.approx([DID.effect(data.values, m, 3) for m in masks])


def test_one_treated_unit_has_an_effect_but_no_standard_error():
    found = DID.fit(panel(), ["u0"], 4)
    assert np.isfinite(found.effect)
    assert found.interval() is None
    assert found.cumulated_interval() is None
    assert np.isnan(wild_bootstrap(panel().values, np.arange(9) < 1, 4))


def test_the_path_adds_up_to_the_effect():
    found = DID.fit(panel(), ["u0", "u3"], 4)
    after = found.path[found.path["treated"]]
    assert after["difference"].mean() == pytest.approx(found.effect)
    assert after["cumulated"].iloc[-1] == pytest.approx(found.cumulated) == found.effect * 2 * 3
    assert found.path.loc[~found.path["treated"], "difference"].mean() == pytest.approx(0, abs=1e-9)
    assert found.rel_effect == pytest.approx(found.effect / after["counterfactual"].mean())
    assert found.scaled_imbalance == pytest.approx(1)
    assert found.cumulated_interval(0.9).hi == pytest.approx(found.interval(0.9).hi * 6)


@pytest.mark.parametrize(
    ("units", "first", "sentence"),
    [
        ([], 4, "0 of 9 units are treated"),
        ([f"u{i}" for i in range(9)], 4, "9 of 9 units are treated"),
        (["u0"], 0, "0 periods lie before the start"),
        (["berlin"], 4, "no unit 'berlin'"),
        (["u0"], 99, "no period of the panel"),
        (np.array([True]), 4, "has shape"),
    ],
)
def test_sets_and_starts_that_cannot_be_compared_are_refused(units, first, sentence):
    with pytest.raises(BadInput, match=sentence):
        DID.fit(panel(), units, first)


@pytest.mark.parametrize(("n", "k"), [(8, 4), (13, 5), (24, 12)])
def test_the_wild_bootstrap_keeps_its_level(n, k):
    rng, treated, runs = np.random.default_rng(5), np.arange(n) < k, 400
    shocks = rng.normal(0, 1, (runs, n, 6)) + rng.normal(0, 2, (runs, 1, 6)) + rng.normal(0, 3, (runs, n, 1))
    rejected = np.mean(
        [wild_bootstrap(values, treated, 3, draws=499, seed=i) <= 0.05 for i, values in enumerate(shocks)]
    )
    assert rejected < 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_the_wild_bootstrap_sees_an_effect():
    values = np.random.default_rng(2).normal(0, 1, (20, 6))
    values[:10, 3:] += 3
    assert wild_bootstrap(values, np.arange(20) < 10, 3) < 0.001
