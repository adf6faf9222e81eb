"""Sample ratio and balance."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, SampleRatios, SoundnessCheck
from crm_lab.experiments.core.planned_shares import srm_pvalue
from crm_lab.messages import LANGUAGES

EVEN = {"control": 0.5, "treatment": 0.5}


def test_sample_ratio_of_the_reference_case():
    """REFERENCE section 4: 821,588 against 815,482 gives p = 1.8218e-6."""
    assert srm_pvalue({"control": 821_588, "treatment": 815_482}, EVEN) == pytest.approx(1.8218e-6, rel=0.01)


def test_uneven_plans_are_held_against_the_plan():
    assert srm_pvalue({"control": 100, "treatment": 900}, {"control": 0.1, "treatment": 0.9}) == pytest.approx(1)


def test_nobody_is_refused():
    with pytest.raises(BadInput, match="No unit is in any arm"):
        srm_pvalue({"control": 0, "treatment": 0}, EVEN)


def test_a_sound_test_says_go_on(experiment):
    result = SoundnessCheck().analyze(experiment)
    assert result.sound
    assert result.refusal() is None
    assert "Go on" in result.readout().action.text("en")
    assert all(result.readout().text(lang) for lang in LANGUAGES)


def test_imbalance_before_the_start_is_seen(households):
    worse = households.assign(spend_before=households["spend_before"] + 400 * (households["arm"] == "treatment"))
    test = Experiment.from_frame(worse, arm="arm", outcomes=["spend"], covariates=["spend_before"])
    result = SoundnessCheck().analyze(test)
    assert result.balance_pvalue < 1e-6
    assert not result.sound
    assert "No effect of this test can be believed" in result.readout().finding.text("en")


def test_imbalance_that_chance_seldom_makes_is_said(households):
    worse = households.assign(spend_before=households["spend_before"] * (1 + 0.5 * (households["arm"] == "treatment")))
    test = Experiment.from_frame(worse, arm="arm", outcomes=["spend"], covariates=["spend_before"])
    result = SoundnessCheck().analyze(test)
    assert 1e-6 < result.balance_pvalue < 0.01
    assert result.sound
    assert "more than chance explains" in result.readout().certainty.text("en")


@pytest.mark.slow
def test_balance_p_is_uniform_under_random_splits(households):
    rng = np.random.default_rng(10)
    low = 0
    for _ in range(300):
        households["arm"] = rng.permutation(households["arm"].to_numpy())
        test = Experiment.from_frame(households, arm="arm", outcomes=["spend"], covariates=["spend_before", "orders"])
        low += SoundnessCheck().analyze(test).balance_pvalue < 0.1
    assert low == pytest.approx(30, abs=4 * (300 * 0.1 * 0.9) ** 0.5)


def test_without_covariates_the_sizes_are_shown(households):
    result = SoundnessCheck().analyze(Experiment.from_frame(households, arm="arm", outcomes=["spend"]))
    assert list(result.to_frame()) == ["arm", "units", "planned"]
    assert "could not be checked" in result.readout().certainty.text("en")


def test_bounds_are_refused():
    with pytest.raises(BadInput, match="srm_alpha is 5; it lies between 0 and 1"):
        SoundnessCheck(srm_alpha=5)


def test_sizes_of_whole_stores_are_counted_in_stores():
    """A large store in one arm is no lost unit, and its own column is no segment."""
    rng = np.random.default_rng(5)
    stores = np.repeat(np.arange(30), np.r_[400, rng.integers(10, 40, 29)])
    frame = pd.DataFrame({"store": [f"s{i}" for i in stores], "arm": np.where(stores % 2, "treatment", "control")})
    frame = frame.assign(spend=rng.gamma(2, 10, len(frame)), tier=rng.choice(["base", "gold"], len(frame)))
    test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"])
    found = SampleRatios(by=("store", "tier")).analyze(test)
    assert found.broken.empty
    assert found.to_frame()["by"].tolist() == ["", "tier", "tier"]
    assert found.to_frame()[["control", "treatment"]].iloc[0].tolist() == [15, 15]
