"""A test that is looked at while it runs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.experiments import Effects, Experiment, PlantedTest, Preregistration, Programme, WeeklyLooks
from crm_lab.messages import LANGUAGES
from crm_lab.stats.sequential.alpha_spending import limits


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


@pytest.mark.parametrize("days", [182, 184])
def test_the_last_look_is_the_effect_that_the_other_pages_report(days):
    trial = PlantedTest(source="cdnow_sample", seed=1, lift=0.2, start="1997-12-01", pre_days=180, post_days=days)
    test = trial.open(open_workspace("cdnow_sample").at("1998-06-30"))
    found = Effects("spend").analyze(test).headline.found
    assert (found.method, test.covariates != ()) == ("normal", True)
    last = WeeklyLooks(planned=(8, 16, 26)).analyze(test).table.iloc[-1]
    assert last["z"] == pytest.approx(found.effect / found.se, rel=1e-9)


@pytest.mark.parametrize("arms", [(500, 500), (40, 300)])
def test_looks_are_adjusted_by_what_is_known_of_the_past(arms):
    """A past that explains the outcome makes the same effect clearer, by theory and by permutation."""
    plain = make(*arms, effect=1.0, seed=3)
    past = plain.frame["spend"] - 12 * (plain.frame["arm"] == "treatment")
    known = Experiment.from_frame(
        plain.frame.assign(past=past + np.random.default_rng(1).normal(0, 20, len(past))),
        arm="arm", outcomes=["spend"], covariates=["past"],
    ).planned_as(plain.shares)  # fmt: skip
    z = [WeeklyLooks(planned=(4, 8, 12)).analyze(test).table["z"].iloc[-1] for test in (plain, known)]
    assert z[1] > 1.5 * z[0] > 0
