"""Guardrails: read from suites and text, held against their margins, and stronger than any return."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, GuardrailCheck, OwnTest, Programme, SeveralArms, SteadyState
from crm_lab.experiments.core.guardrail import Guardrail, guardrails_of
from crm_lab.experiments.payoff.decision_file import decision_content
from crm_lab.messages import LANGUAGES

TERMS = Programme(margin_share=0.4, reward_rate=0.01)


def make(rails, n=4_000, worse=0.0, arms=("control", "offer")):
    """A treatment that pays, and moves complaints (5 %) and visits by as much as is said."""
    rng = np.random.default_rng(5)
    arm = np.array(arms)[np.arange(n) % len(arms)]
    treated = arm != "control"
    spend = rng.gamma(4, 20, n) + 20 * treated
    frame = pd.DataFrame({"arm": arm, "spend": spend, "visits": rng.poisson(6, n) * 1.0,
                          "complaint": (rng.random(n) < 0.05 + worse * treated) * 1.0})  # fmt: skip
    weeks = {f"week_{w}": spend / 6 for w in range(1, 7)}
    test = Experiment.from_frame(frame.assign(**weeks), arm="arm", outcomes=["spend", "complaint", "visits"])
    return replace(test, guardrails=guardrails_of(rails))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("complaints down 0.01", Guardrail("complaints", "down", 0.01)),
        ("spend / orders UP 2 %", Guardrail("spend / orders", "up", 0.02, relative=True)),
        ([{"metric": "basket", "direction": "up", "margin": 1}], Guardrail("basket", "up", 1.0)),
        ([{"metric": "basket", "direction": "up", "margin": "1.5%"}], Guardrail("basket", "up", 0.015, relative=True)),
    ],
)
def test_guardrails_are_read_as_tables_and_as_text(given, found):
    assert guardrails_of(given) == (found,)


@pytest.mark.parametrize(
    "given",
    ["complaints", "complaints sideways 1", "complaints down 0", "complaints down -1", "complaints down 1.2.3",
     [{"metric": "x", "direction": "up"}], [{"metric": "x", "direction": "up", "margin": 1, "colour": 2}], [3]],
)  # fmt: skip
def test_what_is_no_guardrail_is_refused_by_name(given):
    with pytest.raises(BadInput, match="direction"):
        guardrails_of(given)


@pytest.mark.parametrize(
    ("rails", "worse", "allows", "decision"),
    [
        ("complaint down 0.03", 0.0, "ship", "ship"),
        ("complaint down 0.005", 0.0, "extend", "extend"),
        ("complaint down 0.03", 0.2, "stop", "stop"),
        ("complaint down 0.03; visits up 10%", 0.0, "ship", "ship"),
        ("visits up 0.001%", 0.0, "extend", "extend"),
        ("complaint down 0.03; visits up 10%", 0.2, "stop", "stop"),
    ],
)
def test_a_return_ships_only_with_its_guardrails(rails, worse, allows, decision):
    test = make(rails, worse=worse)
    answer = TERMS.analyze(test, "spend")
    assert answer.p_needed > 0.99
    assert (answer.guardrails.allows, answer.decision) == (allows, decision)
    assert SteadyState(launch=2).analyze(test, answer).decisive.decision == decision
    content = decision_content(answer)
    assert content["decision"] == decision
    assert set(content["guardrails"]) == {rail.metric for rail in test.guardrails}
    if decision != "ship":
        assert "margin allows" in answer.readout().action.text("en")
    for lang in LANGUAGES:
        assert answer.readout().text(lang)
        assert answer.guardrails.readout().text(lang)


def test_several_treatments_are_held_against_the_guardrails_each():
    compared = SeveralArms(programme=TERMS).analyze(
        make("complaint down 0.03", 6_000, 0.2, ("control", "a", "b")), "spend"
    )
    assert compared.to_frame()["decision"].tolist() == ["stop", "stop"]


def test_a_loss_is_a_stop_whatever_the_guardrails():
    poor = replace(
        make("complaint down 0.03"), frame=make("complaint down 0.03").frame.assign(spend=lambda d: -d["spend"])
    )
    assert Programme(margin_share=0.4, reward_rate=0.0).analyze(poor, "spend").decision == "stop"


def test_a_guardrail_without_a_number_is_not_shown_to_hold():
    few = make("complaint down 0.03")
    few = replace(few, frame=few.frame.assign(complaint=np.nan))
    held = GuardrailCheck().analyze(few)
    assert held.allows == "extend"
    assert held.facts()[0].refusal is not None
    with pytest.raises(BadInput, match="no guardrails"):
        GuardrailCheck().analyze(replace(few, guardrails=()))


def test_the_margin_is_missed_as_rarely_as_the_level_says():
    """Exactly at the margin a guardrail holds in 2.5 % of tests."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(150):
        frame = pd.DataFrame({"arm": ["control", "offer"] * 500, "visits": rng.gamma(4, 2, 1_000)})
        frame.loc[frame["arm"] == "offer", "visits"] -= 0.5
        test = Experiment.from_frame(frame, arm="arm", outcomes=["visits"])
        held += GuardrailCheck().analyze(replace(test, guardrails=guardrails_of("visits up 0.5"))).allows == "ship"
    assert held / 150 <= 0.025 + 3 * (0.025 * 0.975 / 150) ** 0.5


def test_a_suite_states_guardrails(tmp_path):
    frame = make("complaint down 0.03").frame.assign(complaint=lambda d: d["complaint"].map({1.0: "yes", 0.0: "no"}))
    frame.to_csv(tmp_path / "units.csv", index=False)
    suite = tmp_path / "case.toml"
    suite.write_text(
        '[source]\nkind = "test"\npath = "units.csv"\noutcome = "spend"\n\n'
        '[[source.guardrails]]\nmetric = "complaint"\ndirection = "down"\nmargin = 0.03\n',
        encoding="utf-8",
    )
    test = OwnTest(file=str(suite)).open()
    assert test.guardrails == (Guardrail("complaint", "down", 0.03),)
    assert TERMS.analyze(test, "spend").guardrails.states() == {"complaint": "holds"}
    with pytest.raises(BadInput, match="lacks the column temper"):
        OwnTest(file=str(tmp_path / "units.csv"), guardrails="temper up 1").open()
