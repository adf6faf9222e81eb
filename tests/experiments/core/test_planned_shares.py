"""A broken sample ratio refuses every reading of a test, whoever asks."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.experiments import (
    ChosenOnPast,
    Effects,
    Experiment,
    Novelty,
    Preregistration,
    Programme,
    SeveralArms,
    SoundnessCheck,
    TakeUp,
    WeeklyLooks,
    held_against,
    week_columns,
)
from crm_lab.experiments.payoff.several_arms import only

TERMS = Programme(margin_share=0.3, reward_rate=0.01)
PLAN = Preregistration(
    name="spring", written_on="2024-01-02", first_day="2024-02-01", last_day="2024-04-30", outcome="spend",
    programme=TERMS,
)  # fmt: skip
READINGS = {
    "effects": lambda test: Effects(metrics=("spend",)).analyze(test),
    "looks": lambda test: WeeklyLooks(planned=(2, 4)).analyze(test),
    "take-up": lambda test: TakeUp(outcome="spend", taken="joined").analyze(test),
    "return": lambda test: TERMS.analyze(test, "spend"),
    "arms": lambda test: SeveralArms(programme=TERMS).analyze(test, "spend"),
    "plan": lambda test: held_against(PLAN, test, TERMS.analyze(test, "spend")).under_plan,
}
READINGS |= {
    "novelty": lambda test: Novelty(weeks=week_columns(test), launch=1).analyze(test),
    "chosen": lambda test: ChosenOnPast(outcome="spend", before="spend_before").analyze(test),
}


def split(control=300, treatment=300, **options):
    """Weekly spend of a test with so many units an arm."""
    rng = np.random.default_rng(3)
    n = control + treatment
    arm = np.repeat(["control", "treatment"], [control, treatment])
    weeks = pd.DataFrame({f"week_{w:02d}": rng.gamma(4, 5, n) for w in range(1, 5)})
    frame = weeks.assign(
        arm=arm, spend=weeks.sum(axis=1), spend_before=rng.gamma(4, 20, n), joined=1.0 * (arm == "treatment")
    )
    outcomes = ["spend", "joined", *weeks]
    return Experiment.from_frame(frame, arm="arm", outcomes=outcomes, covariates=["spend_before"], **options)


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
def test_no_reading_has_an_effect_where_units_were_lost(reading):
    refused = reading(split(300, 150)).refusal()
    assert refused is not None
    assert "experiments.refused.srm" in {refused.key, getattr(refused.values.get("why"), "key", "")}


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
def test_the_same_sizes_as_planned_are_read(reading):
    assert reading(split(300, 150, shares={"control": 2 / 3, "treatment": 1 / 3})).refusal() is None


def test_the_check_says_what_the_test_refuses():
    lost = split(300, 150)
    sound = SoundnessCheck().analyze(lost)
    assert sound.guarded is None
    assert sound.refusal().text() == lost.guards.refused.text()
    assert sound.readout().finding.key == "experiments.soundness.srm_broken"
    assert not SoundnessCheck(srm_alpha=1e-30).analyze(lost).sound
    action = Effects(metrics=("spend",)).analyze(lost).readout().action
    assert action.key == "experiments.effect.action_unfit"


def test_a_pair_of_arms_is_refused_with_the_whole_test():
    rng = np.random.default_rng(5)
    arm = np.repeat(["card", "control", "mail"], [300, 300, 100])
    test = Experiment.from_frame(pd.DataFrame({"arm": arm, "spend": rng.gamma(4, 20, 700)}), arm="arm",
                                 outcomes=["spend"])  # fmt: skip
    assert only(test, "card").guards.refused.key == "experiments.refused.srm"
