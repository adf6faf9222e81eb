"""Effect table: refusals beside answers, relative effects, guardrails, corrections, wording."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from crm_lab.checks import BadInput
from crm_lab.experiments import Effects, Experiment, mean_of, ratio_of, share_of
from crm_lab.messages import LANGUAGES


def test_a_metric_that_cannot_answer_is_refused_and_the_others_are_said(households):
    households = households.assign(nothing=0.0, same=7.0, gaps=households["spend"].where(households.index > 9))
    test = Experiment.from_frame(households, arm="arm", outcomes=["spend", "nothing", "same", "gaps"])
    metrics = tuple(mean_of(c) for c in ("spend", "nothing", "same", "gaps"))
    frame = Effects(metrics=metrics).analyze(test).to_frame().set_index("metric")
    words = Effects(metrics=metrics).analyze(test).shown().set_index("metric")
    assert np.isfinite(frame.loc["spend", "effect"])
    for name, says in {"nothing": "is 0 for all 600", "same": "is 7.00 for all 600", "gaps": "no value for 10"}.items():
        assert np.isnan(frame.loc[name, "effect"])
        assert says in words.loc[name, "refusal"]


def test_a_refused_primary_metric_refuses_the_result(households):
    test = Experiment.from_frame(households.assign(spend=0.0), arm="arm", outcomes=["spend"])
    table = Effects(metrics=(mean_of("spend"),)).analyze(test)
    assert "nothing to compare" in table.refusal().text("en")
    assert table.facts()[0].value is None
    assert table.readout().text("zh")


def test_shares_must_be_0_or_1(experiment):
    table = Effects(metrics=(share_of("orders"),)).analyze(experiment)
    assert "values other than 0 and 1" in table.refusal().text("en")


def test_relative_effects_of_a_negative_base_are_signed_right(households):
    """Profit rises from about -100 to about -50: that is better by half, not worse."""
    rng = np.random.default_rng(8)
    profit = np.where(households["arm"] == "treatment", -50.0, -100.0) + rng.normal(0, 20, len(households))
    test = Experiment.from_frame(households.assign(profit=profit), arm="arm", outcomes=["profit"])
    e = Effects(metrics=(mean_of("profit"),)).analyze(test).headline
    assert e.rel_effect == pytest.approx(0.5, abs=0.03)
    assert 0 < e.relative.lo < e.rel_effect < e.relative.hi


def test_relative_effects_of_a_base_near_zero_are_refused(households):
    rng = np.random.default_rng(9)
    test = Experiment.from_frame(households.assign(x=rng.normal(0, 1, 600)), arm="arm", outcomes=["x"])
    table = Effects(metrics=(mean_of("x"),)).analyze(test)
    assert np.isnan(table.headline.rel_effect)
    assert "may be zero" in table.readout().finding.text("en")


def test_relative_interval_excludes_zero_when_the_effect_does(households):
    test = Experiment.from_frame(households, arm="arm", outcomes=["spend"], covariates=["spend_before"])
    e = Effects(metrics=(mean_of("spend"),)).analyze(test).headline
    assert (e.found.lo > 0) == (e.relative.lo > 0)


@pytest.mark.parametrize(("correction", "method"), [("holm", "holm"), ("fdr_bh", "fdr_bh")])
def test_corrections_are_statsmodels(experiment, correction, method):
    metrics = (mean_of("spend"), mean_of("orders"), share_of("bought"))
    table = Effects(metrics=metrics, adjust=("none",), correction=correction).analyze(experiment)
    p = [e.found.pvalue for e in table.effects]
    np.testing.assert_allclose([e.p_adjusted for e in table.effects], multipletests(p, method=method)[1])


def test_published_corrections():
    """REFERENCE section 4: ten p values under BH and Holm."""
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    bh = [0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.1057, 0.216, 0.216, 0.216]
    np.testing.assert_allclose(multipletests(p, method="fdr_bh")[1], bh, atol=1e-4)
    np.testing.assert_allclose(multipletests(p, method="holm")[1][:3], [0.01, 0.072, 0.312], atol=1e-4)


@pytest.mark.parametrize(("margin", "holds"), [(10.0, True), (0.01, False)])
def test_guardrails_are_shown_to_hold_or_not(experiment, margin, holds):
    table = Effects(metrics=(mean_of("orders", margin=margin),)).analyze(experiment)
    assert table.headline.not_worse is holds
    assert ("holds" in table.readout().action.text("en")) is holds


def test_a_cost_guardrail_looks_at_the_upper_end(experiment):
    table = Effects(metrics=(mean_of("orders", better="down", margin=10.0),)).analyze(experiment)
    assert table.headline.not_worse


def test_ratio_of_an_empty_arm_is_refused(households):
    frame = households.assign(orders=np.where(households["arm"] == "control", 0.0, 2.0))
    test = Experiment.from_frame(frame, arm="arm", outcomes=["spend", "orders"])
    table = Effects(metrics=(ratio_of("spend", "orders"),)).analyze(test)
    assert "orders adds up to 0 in an arm" in table.refusal().text("en")


@pytest.mark.parametrize("lift", [-0.5, 0.0, 0.5])
def test_every_reading_has_words_in_both_languages(lift):
    from tests.experiments.conftest import make_households

    test = Experiment.from_frame(make_households(lift=lift), arm="arm", outcomes=["spend"], covariates=["spend_before"])
    readout = Effects(metrics=(mean_of("spend", unit="USD"),)).analyze(test).readout()
    expected = {-0.5: "harms", 0.0: "Neither", 0.5: "works"}[lift]
    assert expected in readout.action.text("en")
    assert all(readout.text(lang) for lang in LANGUAGES)


def test_settings_are_refused():
    with pytest.raises(BadInput, match=r"level is 95[^$]*metrics is empty"):
        Effects(metrics=(), level=95)
    with pytest.raises(BadInput, match="margin of spend is -1"):
        mean_of("spend", margin=-1)
