"""Intervals of a running test that hold at every look."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.experiments import (
    AlwaysValid,
    Effects,
    Experiment,
    mean_of,
    probability_needed,
    pvalue_needed,
    ratio_of,
    share_of,
)
from crm_lab.messages import LANGUAGES
from crm_lab.stats.sequential.alpha_spending import limits, type_one
from crm_lab.stats.sequential.confidence_sequences import always_valid_level, mixture_limit


def make(control=800, treated=800, lift=1.0, seed=1, sigma=0.5):
    rng = np.random.default_rng(seed)
    n = control + treated
    arm = np.where(np.arange(n) < control, "control", "treatment")
    level = rng.normal(3, sigma, n)
    spend = np.exp(level + rng.normal(0, 0.4, n)) * np.where(arm == "treatment", lift, 1)
    frame = pd.DataFrame({"arm": arm, "spend": spend, "before": np.exp(level), "orders": 1.0 + rng.poisson(2, n),
                          "bought": (rng.random(n) < 0.3) * 1.0})  # fmt: skip
    shares = {"control": control / n, "treatment": treated / n}
    outcomes = ["spend", "orders", "bought"]
    return Experiment.from_frame(frame, arm="arm", outcomes=outcomes, covariates=["before"], shares=shares)


METRICS = (mean_of("spend"), share_of("bought"), ratio_of("spend", "orders"))


@pytest.mark.parametrize("adjust", ["none", "cuped", "lin"])
def test_every_metric_has_an_interval_as_wide_as_the_limit(adjust):
    test = make()
    running = AlwaysValid(METRICS, now=13, planned=26, adjust=adjust).analyze(test)
    once = Effects(METRICS, adjust=(adjust,)).analyze(test)
    for always, plain in zip(running.effects, once.effects, strict=True):
        assert always.found.effect == pytest.approx(plain.found.effect)
        reach = (always.found.hi - always.found.lo) / 2 / plain.found.se
        assert reach == pytest.approx(mixture_limit(0.5), rel=0.01)  # a t interval is a little wider
    assert all(running.readout().text(lang) for lang in LANGUAGES)


@pytest.mark.parametrize(("arms", "sigma"), [((60, 900), 0.5), ((300, 3000), 1.5), ((99, 99), 0.5)])
def test_arms_for_which_normal_theory_does_not_hold_are_refused(arms, sigma):
    running = AlwaysValid("spend", now=13, planned=26).analyze(make(*arms, sigma=sigma))
    assert running.verdict == "refused"
    assert running.refusal().key == "experiments.always.small"
    assert running.to_frame()["effect"].isna().all()
    assert running.facts()[0].value is None
    assert "looks planned before the start" in running.readout().finding.text("en")
    assert all(running.readout().text(lang) for lang in LANGUAGES)


@pytest.mark.parametrize(("lift", "verdict"), [(1.4, "gain"), (0.6, "loss"), (1.0, "go_on")])
def test_a_clear_effect_may_end_the_test(lift, verdict):
    running = AlwaysValid("spend", now=5, planned=26).analyze(make(lift=lift))
    assert running.verdict == verdict
    assert all(running.readout().text(lang) for lang in LANGUAGES)


def test_the_limits_err_at_no_number_of_looks_and_are_narrowest_at_the_planned_end():
    """By integration over 80 looks up to four times the plan: below alpha, and not idle."""
    share = list(np.arange(1, 81) / 20)
    found = type_one([mixture_limit(s) for s in share], share)
    assert 0.02 < found < 0.05
    widths = [mixture_limit(s) / np.sqrt(s) for s in share]
    once = [mixture_limit(s, 0.05) for s in (0.5, 1.0, 2.0)]
    assert min(once) == once[1]
    assert all(np.diff(widths) < 0)
    assert always_valid_level(1.0) > 0.99


@pytest.mark.parametrize("looks", [1, 2, 5, 10])
@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_extending_and_looking_again_ships_no_more_often_than_agreed(looks, spending):
    """20,000 programmes that just earn their cost, read again and again: by .9 each time, and by what is left."""
    rng, weeks = np.random.default_rng(looks), [26 * (k + 1) / looks for k in range(looks)]
    z = np.cumsum(rng.standard_normal((20_000, looks)), axis=1) / np.sqrt(np.arange(1, looks + 1))
    needed = [probability_needed(weeks[:k], weeks[k], 26, 0.9, spending) for k in range(looks)]
    ships = (z >= _z(needed)).any(axis=1).mean()
    assert ships == pytest.approx(0.1, abs=3 * (0.09 / 20_000) ** 0.5)
    if looks > 1:
        assert (z >= _z([0.9] * looks)).any(axis=1).mean() > 0.14


def _z(probabilities):
    from scipy.stats import norm

    return norm.ppf(probabilities)


def test_a_look_needs_what_lan_demets_say():
    assert pvalue_needed((), 26, 26) == pytest.approx(0.05)
    shares = [13 / 26, 20 / 26, 1.0]
    expected = limits(shares, 0.025, two_sided=False)[-1]
    assert _z([1 - pvalue_needed((13, 20), 26, 26) / 2])[0] == pytest.approx(expected)


@pytest.mark.parametrize(("taken", "now"), [((26,), 30), ((13,), 27), ((26,), 26)])
def test_after_the_planned_end_nothing_is_left(taken, now):
    with pytest.raises(CannotAnswer, match="Plan a new test"):
        probability_needed(taken, now, 26)


@pytest.mark.parametrize(("settings"), [{"now": 0, "planned": 26}, {"now": 3, "planned": 0}])
def test_settings_that_cannot_be_are_refused(settings):
    with pytest.raises(BadInput):
        AlwaysValid("spend", **settings)
    with pytest.raises(BadInput):
        mixture_limit(0.0)
    with pytest.raises(BadInput):
        probability_needed((), 3, 26, ship_at=0.3)
