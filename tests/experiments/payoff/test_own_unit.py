"""Outcomes that are no money are decided in their own unit, or ask what a success is worth."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, OwnUnit, Programme
from crm_lab.experiments.payoff.decision_file import decision_content
from crm_lab.messages import LANGUAGES

TERMS = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5, running_cost=100.0, currency="EUR")


def make(n=2_000, lift=0.10, base=0.3, seed=4, **columns):
    rng = np.random.default_rng(seed)
    arm = np.where(np.arange(n) % 2 == 0, "control", "treatment")
    again = (rng.random(n) < base + lift * (arm == "treatment")) * 1.0
    frame = pd.DataFrame({"arm": arm, "again": again}).assign(**columns)
    return Experiment.from_frame(frame, arm="arm", outcomes=["again", *columns])


@pytest.mark.parametrize(
    ("lift", "needed", "decision"),
    [(0.1, 0.0, "ship"), (0.1, 0.3, "stop"), (-0.1, 0.0, "stop"), (0.1, 0.1, "extend"), (-0.1, -0.03, "ship"),
     (0.1, -0.03, "stop")],
)  # fmt: skip
def test_the_effect_needed_decides(lift, needed, decision):
    result = OwnUnit(terms=TERMS, effect_needed=needed).analyze(make(4_000, lift), "again")
    assert result.decision == decision
    content = decision_content(result)
    assert (content["decision"], content["own_unit"]["effect_needed"]) == (decision, needed)
    assert content["p_roi_above_needed"] is None
    assert all(result.readout().text(lang) for lang in LANGUAGES)


def test_without_what_is_needed_the_value_of_a_success_is_asked_and_pays_exactly():
    test = make(4_000)
    result = OwnUnit(terms=TERMS).analyze(test, "again")
    assert result.decision == "terms"
    content = decision_content(result)
    assert (content["decision"], content["withheld"]) == (None, "terms")
    assert "value_per_success" in content["terms"]["assumed"]
    each, span = result.per_success
    assert span.lo < each < span.hi
    at = Programme(margin_share=0.3, reward_rate=0.0, contact_cost=0.5, running_cost=100.0, value_per_success=each)
    assert at.analyze(test, "again").returns.roi == pytest.approx(0.0, abs=1e-9)
    assert content["break_evens"][0]["break_even"] == pytest.approx(each)


def test_where_no_gain_is_shown_no_value_is_promised():
    open_end = OwnUnit(terms=TERMS).analyze(make(400, 0.02, seed=1), "again")
    assert math.isinf(open_end.per_success[1].hi)
    assert open_end.readout().action.key.startswith("experiments.own_unit.terms_")
    loss = OwnUnit(terms=TERMS).analyze(make(4_000, -0.1), "again")
    assert loss.readout().action.key == "experiments.own_unit.terms_never"
    assert {f.id: f.value for f in loss.facts()}["own_unit.cost_per_success"] is None
    for lang in LANGUAGES:
        assert open_end.readout().text(lang)
        assert loss.readout().text(lang)


def test_the_probability_is_that_of_the_intervals_own_method():
    """At the level whose interval ends at what is needed, one less half of what is left out."""
    for test in (make(4_000), make(60, 0.3, base=0.05), make(200, visits=np.random.default_rng(1).gamma(0.3, 9, 200))):
        name = test.outcomes[-1]
        for needed in (-0.02, 0.05, 0.4):
            result = OwnUnit(terms=TERMS, effect_needed=needed).analyze(test, name)
            up = result.p if needed >= 0 else 1 - result.p
            level = abs(2 * up - 1)
            if not 0.02 < level < 0.99:
                continue
            again = OwnUnit(terms=Programme(margin_share=0.3, reward_rate=0.01, level=level)).analyze(test, name).found
            scale = max(abs(again.hi - again.lo), 0.01)
            assert (again.lo if up > 0.5 else again.hi) == pytest.approx(needed, abs=0.05 * scale)


def test_a_false_ship_is_as_rare_as_the_rule_says():
    """With no effect the rule ships at 90 % in a tenth of tests."""
    ships = [
        OwnUnit(terms=TERMS, effect_needed=0.0).analyze(make(400, 0.0, seed=s), "again").decision for s in range(300)
    ]
    assert ships.count("ship") / 300 <= 0.1 + 3 * (0.1 * 0.9 / 300) ** 0.5
    assert ships.count("stop") > 0


def test_measured_rewards_are_cost_and_refusals_stay_refusals():
    test = make(2_000, points=np.where(np.arange(2_000) % 2 == 0, 0.0, 2.0))
    plain, paid = (OwnUnit(terms=TERMS).analyze(test, "again", **m) for m in ({}, {"rewards": "points"}))
    assert paid.cost == pytest.approx(plain.cost + 2.0)
    lost = Experiment.from_frame(
        test.frame[(test.frame["arm"] == "control") | (test.frame.index % 8 == 1)], arm="arm", outcomes=["again"]
    )
    refused = OwnUnit(terms=TERMS, effect_needed=0.0).analyze(lost, "again")
    assert (refused.decision, decision_content(refused)["refusal_code"]) == (None, "srm")
    with pytest.raises(BadInput, match="effect_needed"):
        OwnUnit(terms=TERMS, effect_needed=math.nan)


def test_a_large_test_agrees_with_the_normal_distribution():
    result = OwnUnit(terms=TERMS, effect_needed=0.08).analyze(make(20_000), "again")
    d = result.found
    assert result.p == pytest.approx(stats.norm.cdf((d.effect - 0.08) / d.se), abs=1e-4)
