"""Factorial tests: shares add up to the whole, by Shapley's rule for any number of levers, with honest intervals."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, Factorial, OwnTest
from crm_lab.experiments.core.guardrail import guardrails_of
from crm_lab.experiments.effects.factorial import shapley_weights
from crm_lab.messages import LANGUAGES

LEVERS = {"birthday": ("birthday", "both"), "care": ("care", "both")}


def make(lifts=(0, 38, 62, 100), n=400, seed=0, sd=12.0):
    rng = np.random.default_rng(seed)
    arm = np.repeat(["control", "birthday", "care", "both"], n)
    lift = dict(zip(("control", "birthday", "care", "both"), lifts, strict=True))
    before = rng.normal(100, sd, 4 * n)
    spend = before + rng.normal(0, sd, 4 * n) + [lift[a] for a in arm]
    frame = pd.DataFrame({"arm": arm, "spend": spend, "before": before})
    return Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])


def test_birthday_contributes_38_per_cent():
    """The deck's sentence, planted: 38 of 100, and the levers leave each other alone."""
    result = Factorial(metric="spend", levers=LEVERS).analyze(make())
    shares = result.to_frame().set_index("lever")
    assert shares["share"].sum() == pytest.approx(1)
    assert shares.loc["birthday", "share_low"] < 0.38 < shares.loc["birthday", "share_high"]
    assert shares.loc["birthday", "share"] == pytest.approx(0.38, abs=0.02)
    assert result.interaction[2] > 0.01


def test_of_two_levers_the_contribution_is_the_main_effect():
    """In arms of equal size and without a past, as an ordinary regression on both levers has it."""
    test = make((0, 10, 20, 50))
    plain = Experiment.from_frame(test.frame, arm="arm", outcomes=["spend"])
    result = Factorial(metric="spend", levers=LEVERS).analyze(plain)
    on = {name: test.frame["arm"].isin(arms) - 0.5 for name, arms in zip("ab", LEVERS.values(), strict=True)}
    frame = test.frame.assign(**on)
    fit = smf.ols("spend ~ a * b", frame).fit()
    found = result.to_frame().set_index("lever")["effect"]
    assert [found["birthday"], found["care"]] == pytest.approx([fit.params["a"], fit.params["b"]])
    assert result.interaction[0] == pytest.approx(fit.params["a:b"])


def test_the_weights_are_the_mean_over_all_orders():
    levers = ("a", "b", "c")
    rng = np.random.default_rng(1)
    value = {frozenset(k): v for k, v in zip(
        [(), "a", "b", "c", "ab", "ac", "bc", "abc"], rng.normal(size=8), strict=True)}  # fmt: skip
    for lever in levers:
        gains = []
        for order in permutations(levers):
            before = frozenset(order[: order.index(lever)])
            gains.append(value[before | {lever}] - value[before])
        by_weights = sum(w * value[on] for on, w in shapley_weights(levers, lever).items())
        assert by_weights == pytest.approx(np.mean(gains))


@pytest.mark.parametrize(
    ("lifts", "state"), [((0, 40, 60, 100), "apart"), ((0, 10, 10, 100), "help"), ((0, 60, 60, 70), "hinder")]
)
def test_levers_that_help_or_hinder_each_other_are_told(lifts, state):
    result = Factorial(metric="spend", levers=LEVERS).analyze(make(lifts, seed=3))
    assert result.readout().certainty.key == f"experiments.factorial.certainty_{state}"
    assert all(result.readout().text(lang) for lang in LANGUAGES)


def test_no_uplift_has_no_shares_and_small_arms_none_either():
    nothing = Factorial(metric="spend", levers=LEVERS).analyze(make((0, 0, 0, 0)))
    assert nothing.to_frame()["share"].isna().all()
    assert nothing.facts()[0].refusal is not None
    small = Factorial(metric="spend", levers=LEVERS).analyze(make(n=20))
    assert small.refusal().key == "experiments.factorial.small"
    for result in (nothing, small):
        assert all(result.readout().text(lang) for lang in LANGUAGES)


@pytest.mark.parametrize(
    ("levers", "said"),
    [({"birthday": ("birthday", "both"), "care": ("caring", "both")}, "no arm caring"),
     ({"birthday": ("birthday", "both"), "care": ("both",)}, "have the same levers"),
     ({"birthday": ("both",)}, "2 to 4")],
)  # fmt: skip
def test_arms_that_are_no_factorial_are_refused(levers, said):
    with pytest.raises(BadInput, match=said):
        Factorial(metric="spend", levers=levers).analyze(make())


def test_settings_and_levers_are_refused_in_chinese(monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    wrong = {"birthday": ("birthday", "both"), "care": ("caring", "both")}
    with pytest.raises(BadInput, match="没有 caring 这一组"):
        Factorial(metric="spend", levers=wrong).analyze(make())
    for settings, said in (
        ({"levers": "both"}, "levers 为 'both'；请写明"),
        ({"colour": "red"}, "没有 colour 这项设置"),
    ):
        with pytest.raises(BadInput, match=said):
            OwnTest(file="units.csv", **settings)
    with pytest.raises(BadInput, match="请写明指标、方向"):
        guardrails_of("complaints 0.01")


def test_levers_are_stated_as_text_or_in_a_table():
    text = OwnTest(file="units.csv", levers="birthday: birthday, both; care: care, both")
    assert text.levers == LEVERS == OwnTest(file="units.csv", levers={k: list(v) for k, v in LEVERS.items()}).levers
    said = "arm = arm; levers = birthday: birthday, both; care: care, both"
    assert OwnTest.stated("units.csv", said).levers == LEVERS
    with pytest.raises(BadInput, match="levers is"):
        OwnTest(file="units.csv", levers="birthday")
