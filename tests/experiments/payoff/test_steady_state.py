"""The return after the launch beside that of all weeks."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, Programme, SteadyState
from crm_lab.experiments.payoff.decision_file import decision_content
from crm_lab.experiments.payoff.programme_return import action_of
from crm_lab.experiments.payoff.steady_state import as_terms
from crm_lab.messages import LANGUAGES
from crm_lab.results import payload

TERMS = {"margin_share": 0.3, "reward_rate": 0.01, "contact_cost": 2.0, "running_cost": 900.0, "currency": "EUR"}


def weekly(households, lifts):
    """Spend of as many weeks, treated units' week w raised by lifts[w]."""
    rng = np.random.default_rng(5)
    treated = (households["arm"] == "treatment").to_numpy()
    share = rng.dirichlet([20] * len(lifts), len(households)) * households["spend_before"].to_numpy()[:, None]
    weeks = share * (1 + treated[:, None] * np.array(lifts))
    frame = households.assign(**{f"week_{w + 1:02d}": weeks[:, w] for w in range(len(lifts))})
    frame["spend"] = weeks.sum(axis=1)
    outcomes = ["spend", "rewards", "margin"]
    frame["rewards"], frame["margin"] = 0.02 * frame["spend"] * treated, 0.4 * frame["spend"]
    return Experiment.from_frame(frame, arm="arm", outcomes=outcomes, covariates=["spend_before"])


def read(test, launch=2, **money):
    answer = Programme(**TERMS).analyze(test, "spend", **money)
    return answer, SteadyState(launch=launch).analyze(test, answer)


def test_a_fading_effect_earns_less_after_the_launch(households):
    answer, steady = read(weekly(households, [0.5, 0.5, 0.05, 0.05, 0.05, 0.05]))
    every, later = steady.to_frame().to_dict("records")
    assert (every["weeks"], later["weeks"]) == ("1-6", "3-6")
    assert every["roi"] == pytest.approx(answer.returns.roi, rel=1e-9)  # all weeks are the whole window
    assert later["roi"] < every["roi"]
    assert later["low"] < later["roi"] < later["high"]


def test_the_steady_return_is_that_of_the_later_weeks_alone(households):
    """By hand: spend of weeks 3 to 6, two thirds of the cost that does not depend on spend."""
    test = weekly(households, [0.5, 0.5, 0.05, 0.05, 0.05, 0.05])
    _, steady = read(test)
    frame = test.frame.assign(spend=test.frame[[f"week_{w:02d}" for w in range(3, 7)]].sum(axis=1))
    alone = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["spend_before"])
    terms = Programme(**{**TERMS, "contact_cost": 2.0 * 4 / 6, "running_cost": 900.0 * 4 / 6})
    assert steady.to_frame()["roi"][1] == pytest.approx(terms.analyze(alone, "spend").returns.roi, rel=1e-9)


def test_a_lasting_effect_has_one_return(households):
    _, steady = read(weekly(households, [0.2] * 6))
    every, later = steady.to_frame()["roi"]
    assert later == pytest.approx(every, abs=0.1)  # the weeks' shares are drawn
    assert "so their figure is the one to use" in steady.readout().action.text("en")


def test_a_launch_that_decides_otherwise_is_said(households):
    _, steady = read(weekly(households, [2.0, 2.0, 0.0, 0.0, 0.0, 0.0]))
    assert steady.every.decision == "ship"
    assert steady.later.decision == "stop"
    assert "Decide on the steady weeks (stop), not on all of them (ship)" in steady.readout().action.text("en")
    assert all(steady.readout().text(lang) for lang in LANGUAGES)
    assert {f.id for f in steady.facts()} == {"steady.roi", "steady.p_needed", "steady.decision"}


def test_the_whole_window_is_one_number_and_the_steady_weeks_decide(households):
    answer, steady = read(weekly(households, [2.0, 2.0, 0.0, 0.0, 0.0, 0.0]))
    assert steady.to_frame()["roi"][0] == answer.returns.roi
    assert steady.decisive is steady.later
    content = decision_content(answer, [steady], None, steady)
    assert (content["decision"], answer.decision) == ("stop", "ship")
    assert content["p_roi_above_needed"] == steady.later.p_needed
    assert content["readout"]["action"] == steady.readout().action.text()
    ids = [fact["id"] for fact in content["facts"]]
    assert len(ids) == len(set(ids))
    alone = decision_content(answer)
    assert alone["decision"] == "ship"


def test_more_units_are_advised_only_up_to_three_times_those_at_hand(households):
    for lift in (0.02, 0.05, 0.1, 0.2):
        _, steady = read(weekly(households, [lift] * 6))
        for found in (steady.every, steady.later):
            said = action_of(found)
            if said.key == "experiments.roi.extend":
                assert said.values["n"] <= 3 * found.units + 1
            if said.key == "experiments.roi.extend_far":
                assert said.values["times"] > 3
                assert f"{said.values['times']:,.0f} times the units at hand" in said.text("en")


def test_measured_money_is_taken_per_unit_of_spend(households):
    answer, steady = read(weekly(households, [0.1] * 6), margin="margin", rewards="rewards")
    terms = as_terms(answer)
    assert terms.margin_share == pytest.approx(0.4)
    assert terms.reward_rate * terms.redemption_share == pytest.approx(0.02, rel=1e-3)
    assert steady.to_frame()["roi"][0] == pytest.approx(answer.returns.roi, abs=0.02)


@pytest.mark.parametrize(("weeks", "launch"), [(0, 2), (2, 1), (4, 4)])
def test_too_few_weeks_are_refused(households, weeks, launch):
    test = weekly(households, [0.1] * max(weeks, 2))
    if not weeks:
        test = Experiment.from_frame(test.frame[["arm", "spend"]], arm="arm", outcomes=["spend"])
    _, steady = read(test, launch)
    assert f"There are {weeks} weekly outcomes" in steady.readout().finding.text("en")
    assert steady.facts()[0].value is None
    assert steady.to_frame().empty
    assert steady.plot().texts  # the reason in place of a picture


def test_a_refused_answer_has_no_steady_state(households):
    test = weekly(households, [0.1] * 6)
    answer = Programme(**TERMS).analyze(Experiment.from_frame(test.frame.assign(spend=0.0), arm="arm",
                                                              outcomes=["spend"]), "spend")  # fmt: skip
    assert SteadyState().analyze(test, answer).refusal() == answer.refusal()


def test_a_launch_of_no_week_is_refused():
    with pytest.raises(BadInput, match="launch is 0; it must be 1 or more"):
        SteadyState(launch=0)


def test_a_free_programme_has_a_net_result_only(households):
    test = weekly(households, [0.1] * 6)
    answer = Programme(margin_share=0.3, reward_rate=0.0, currency="EUR").analyze(test, "spend")
    assert "there is no ROI" in SteadyState(launch=2).analyze(test, answer).readout().finding.text("en")


def test_two_returns_of_the_whole_window_are_each_named_for_what_they_hold(households):
    test = weekly(households, [0.5, 0.5, 0.05, 0.05, 0.05, 0.05])
    late = test.frame.assign(later=-0.05 * test.frame["spend"] * (test.frame["arm"] == "treatment"))
    moved = Experiment.from_frame(late, arm="arm", outcomes=["spend", "later"], covariates=["spend_before"])
    answer, steady = read(moved, later="later")
    _, plain = read(test)
    assert answer.returns.roi != pytest.approx(steady.to_frame()["roi"][0])
    said = steady.readout().finding.text("en")
    assert f"launch included, it is {steady.to_frame()['roi'][0]:+.0%}" in said
    assert f"with them the whole window has {answer.returns.roi:+.0%}" in said
    assert "with them" not in plain.readout().finding.text("en")
    assert "moved from later weeks, which have no week of their own: with them the" in said  # not from other shops
    margin = late.assign(margin=0.4 * late["spend"])
    names = ["spend", "later", "margin"]
    whole = Experiment.from_frame(margin, arm="arm", outcomes=names, covariates=["spend_before"])
    told = read(whole, later="later", margin="margin")[1].readout().finding.text("en")
    assert "take margin and rewards at their mean share of spend: with them, and with margin and rewards as" in told


@pytest.mark.parametrize("name", ["contact_cost", "running_cost"])
def test_break_evens_in_words_are_of_the_whole_window(households, name):
    """With the term at the value that the sentence names, the steady weeks earn exactly what is needed."""
    test = weekly(households, [0.5, 0.5, 0.3, 0.3, 0.3, 0.3])
    open_terms = Programme(**TERMS, assumed=(name,))
    steady = SteadyState(launch=2).analyze(test, open_terms.analyze(test, "spend"))
    value = action_of(steady.decisive).values["break_evens"].values["value"]
    at = replace(open_terms, **{name: value})
    again = SteadyState(launch=2).analyze(test, at.analyze(test, "spend"))
    assert again.decisive.returns.net()[0] == pytest.approx(0.0, abs=1e-8)
    assert all(steady.readout().text(lang) for lang in LANGUAGES)


@pytest.mark.parametrize("weeks", [2, 6])
@pytest.mark.parametrize(("options", "withheld"), [({}, False), ({"assumed": ("margin_share",)}, True)])
def test_a_decision_that_is_withheld_is_no_fact(households, weeks, options, withheld):
    test = weekly(households, [0.5] * weeks)
    for truth, none in (({}, withheld), ({"spend": 1.0}, True)):
        answer = Programme(**TERMS, **options).analyze(replace(test, truth=truth), "spend")
        steady = SteadyState(launch=2).analyze(test, answer)
        facts = {fact.id: fact.value for fact in (*answer.facts(), *steady.facts())}
        said = None if none else steady.decisive.decision
        assert [value for name, value in facts.items() if name.endswith("decision")] == ([said] if said else [])


@dataclass
class Made:
    """Tables of a retailer that is made up, or not."""

    simulated: bool

    def provenance(self):
        return {"simulated": self.simulated}


@pytest.mark.parametrize("simulated", [False, True])
def test_simulated_data_publish_the_return_and_no_decision(households, simulated):
    answer, steady = read(weekly(households, [2.0, 2.0, 0.0, 0.0, 0.0, 0.0]))
    content = decision_content(answer, [steady], Made(simulated), steady)
    ids = {fact["id"] for fact in payload(steady, Made(simulated))["facts"]}
    assert {"steady.roi", "steady.p_needed"} <= ids
    assert ("steady.decision" in ids) is ("steady.decision" in {f["id"] for f in content["facts"]}) is not simulated
    assert (content["decision"] is None) is simulated
