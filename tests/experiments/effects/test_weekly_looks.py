"""A test that is looked at while it runs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, Preregistration, Programme, WeeklyLooks
from crm_lab.messages import LANGUAGES
from crm_lab.stats.sequential import limits


def make(control=500, treated=500, effect=0.0, weeks=12, seed=1):
    rng = np.random.default_rng(seed)
    n = control + treated
    arm = np.where(np.arange(n) < control, "control", "treatment")
    level = rng.gamma(4, 0.25, n)
    spend = {f"week_{w}": level * rng.gamma(2, 5, n) + effect * (arm == "treatment") for w in range(1, weeks + 1)}
    frame, shares = (
        pd.DataFrame({"arm": arm, **spend, "spend": sum(spend.values())}), {"control": control, "treatment": treated}
    )  # fmt: skip
    return Experiment.from_frame(frame, arm="arm", outcomes=["spend"]).planned_as(shares)


def test_large_arms_have_the_limits_of_the_theory():
    result = WeeklyLooks(planned=(4, 8, 12)).analyze(make())
    assert result.method == "normal"
    assert result.table["limit"].to_numpy() == pytest.approx(limits([1 / 3, 2 / 3, 1.0]))
    assert result.verdict == "ended"


def test_small_arms_have_limits_of_their_own_sequence():
    result = WeeklyLooks(planned=(4, 8, 12)).analyze(make(40, 800))
    assert result.method == "permutation"
    assert (result.table["limit"].diff().dropna() < 0).all()
    assert "dealing the arms anew" in result.readout().certainty.text("en")


@pytest.mark.parametrize(("effect", "verdict"), [(3.0, "gain"), (-3.0, "loss")])
@pytest.mark.parametrize("arms", [(500, 500), (60, 700)])
def test_a_clear_effect_ends_the_test(effect, verdict, arms):
    result = WeeklyLooks(planned=(4, 8, 12), spending="pocock").analyze(make(*arms, effect=effect))
    assert result.verdict == verdict
    assert all(result.readout().text(lang) for lang in LANGUAGES)


def test_a_running_test_says_which_look_it_is():
    result = WeeklyLooks(planned=(3, 6, 12, 20)).analyze(make())
    assert (result.came, result.verdict) == (3, "go_on")
    assert result.readout().finding.text("en").startswith("Look 3 of 4 (week 12)")
    assert "next look is after week 20" in result.readout().action.text("en")


@pytest.mark.parametrize(("planned", "key"), [((), "no_plan"), ((20,), "none_came")])
def test_without_a_look_there_is_a_reason(planned, key):
    result = WeeklyLooks(planned=planned).analyze(make())
    assert result.refusal().key == f"experiments.looks.{key}"
    assert all(result.readout().text(lang) for lang in LANGUAGES)
    assert result.facts()[0].refusal == result.refusal()


def test_looks_that_do_not_rise_are_refused():
    with pytest.raises(BadInput, match="they are weeks, rising from 1"):
        WeeklyLooks(planned=(4, 4))


def test_the_plan_names_the_looks_and_older_plans_keep_their_hash(tmp_path):
    plan = Preregistration(name="spring", written_on="2024-01-01", first_day="2024-02-01", last_day="2024-03-01",
                           outcome="spend", programme=Programme(margin_share=0.3, reward_rate=0.01))  # fmt: skip
    assert "looks" not in plan.content()
    looked = replace(plan, looks=(2, 4))
    assert looked.sha256 != plan.sha256
    path = looked.write(str(tmp_path / "plan.json"))
    assert Preregistration.read(path).looks == (2, 4)
