"""Fronts of tests say what was checked, of the metric that the finding names."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.experiments import Effects, Experiment, SoundnessCheck, mean_of
from crm_lab.fronts.experiments import effect_front, sound_front
from crm_lab.messages import LANGUAGES


def make(effects, covariates=(), tilt=0.0):
    rng = np.random.default_rng(2)
    treated = np.arange(400) % 2 == 1
    frame = pd.DataFrame({"arm": np.where(treated, "treatment", "control"), "past": rng.gamma(4, 20, 400)})
    frame["past"] += tilt * treated
    for name, effect in effects.items():
        frame[name] = rng.gamma(4, 20, 400) + effect * treated
    return Experiment.from_frame(frame, arm="arm", outcomes=list(effects), covariates=list(covariates))


@pytest.mark.parametrize(
    ("covariates", "tilt", "key"), [((), 0.0, "unknown"), (("past",), 0.0, "alike"), (("past",), 15.0, "unlike")]
)
def test_alike_is_said_only_where_it_was_checked(covariates, tilt, key):
    front = sound_front(SoundnessCheck().analyze(make({"spend": 0.0}, covariates, tilt)))
    assert front.answer.key == f"front.sound.{key}"
    assert all(front.answer.text(lang) for lang in LANGUAGES)


@pytest.mark.parametrize(("first", "second", "key"), [(40, -40, "up"), (-40, 40, "down")])
def test_the_front_is_of_the_metric_that_the_finding_names(first, second, key):
    test = make({"spend": first, "other": second})
    front = effect_front(Effects(metrics=(mean_of("spend"), mean_of("other"))).analyze(test))
    assert front.answer.key == f"front.effect.{key}"
