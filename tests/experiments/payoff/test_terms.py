"""Terms are the retailer's or asked for; a success may have a fixed value; the file for machines holds them all."""

import json

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, OwnUnit, Preregistration, Programme, SteadyState, judged
from crm_lab.experiments.core.outcome_metrics import no_money
from crm_lab.experiments.payoff.decision_file import decision_content
from crm_lab.experiments.payoff.terms import ASKED
from crm_lab.messages import LANGUAGES


def make(n=400, effect=12.0):
    """Spend with an effect, its margin and rewards, and who bought."""
    rng = np.random.default_rng(3)
    arm = np.where(np.arange(n) % 2 == 0, "control", "treatment")
    spend = rng.gamma(4, 20, n) + effect * (arm == "treatment")
    frame = pd.DataFrame({"arm": arm, "spend": spend, "profit": 0.4 * spend, "cost": 0.02 * spend * (arm != "control"),
                          "bought": (rng.random(n) < 0.3 + 0.1 * (arm != "control")) * 1.0})  # fmt: skip
    weeks = {f"week_{w}": spend / 6 for w in range(1, 7)}
    outcomes = ["spend", "profit", "cost", "bought"]
    return Experiment.from_frame(frame.assign(**weeks), arm="arm", outcomes=outcomes)


def terms(**given):
    return Programme(**{"margin_share": 0.3, "reward_rate": 0.01, "contact_cost": 0.5, "running_cost": 100.0, **given})


def test_own_terms_decide():
    assert terms().analyze(make(), "spend").decision == "ship"


@pytest.mark.parametrize("assumed", [ASKED, ASKED[:1], ASKED[2:]])
def test_examples_decide_nothing_and_name_their_break_evens(assumed):
    answer = terms(assumed=assumed).analyze(make(), "spend")
    assert answer.decision == "terms"
    assert answer.under_terms == "ship"
    said = answer.readout().action.text("en")
    assert said.startswith("Needs your terms")
    words = {"margin_share": "gross margin", "reward_rate": "rewards of", "contact_cost": "communication",
             "running_cost": "running cost"}  # fmt: skip
    assert {name for name, word in words.items() if word in said} == set(assumed)
    assert all(answer.readout().text(lang) for lang in LANGUAGES)


def test_what_the_test_measured_is_no_example():
    answer = terms(assumed=ASKED).analyze(make(), "spend", margin="profit", rewards="cost")
    assert answer.open_terms == ("contact_cost", "running_cost")


def test_a_planted_effect_is_an_example_itself():
    planted = make()
    planted = Experiment.from_frame(planted.frame, arm="arm", outcomes=["spend"], truth={"spend": 12.0})
    assert terms(assumed=ASKED).analyze(planted, "spend").decision == "ship"


@pytest.mark.parametrize(
    ("quantity", "name"),
    [
        ("margin", "margin_share"),
        ("reward_rate", "reward_rate"),
        ("contact", "contact_cost"),
        ("running", "running_cost"),
    ],
)
def test_at_its_break_even_a_term_earns_exactly_what_is_needed(quantity, name):
    for needed in (0.0, 0.5):
        answer = terms(roi_needed=needed).analyze(make(), "spend")
        at = answer.break_evens().set_index("quantity")["break_even"][quantity]
        again = terms(**{name: at, "roi_needed": needed}).analyze(make(), "spend")
        assert again.returns.roi == pytest.approx(needed, abs=1e-9)


def test_a_success_has_a_fixed_value():
    """Ten a purchase: the gain is ten times the difference of the shares, whatever the margin of spend."""
    test = make(4000)
    share = test.frame.groupby("arm")["bought"].mean()
    answer = terms(value_per_success=10.0, assumed=ASKED[:1]).analyze(test, "bought")
    assert answer.refusal() is None
    assert answer.returns.gain == pytest.approx(10 * (share["treatment"] - share["control"]))
    assert answer.open_terms == ()
    assert terms().analyze(test, "bought").refusal().key == "experiments.refused.no_amount"


def test_the_steady_state_keeps_the_question_open():
    test = make()
    answer = terms(assumed=ASKED).analyze(test, "spend")
    steady = SteadyState(launch=2).analyze(test, answer)
    assert steady.decisive.decision == "terms"
    measured = terms(assumed=ASKED[:1]).analyze(test, "spend", margin="profit")
    assert SteadyState(launch=2).analyze(test, measured).decisive.decision == "ship"


def test_the_file_for_machines_has_every_term():
    open_ = decision_content(terms(assumed=ASKED).analyze(make(), "spend"))
    assert (open_["decision"], open_["withheld"]) == (None, "terms")
    assert open_["terms"]["assumed"] == list(ASKED)
    assert {*ASKED, "redemption_share", "value_per_success", "roi_needed", "ship_at", "stop_at"} <= set(open_["terms"])
    closed = decision_content(terms().analyze(make(), "spend"))
    assert (closed["decision"], closed["withheld"], closed["schema"]) == ("ship", None, 5)
    assert [row["quantity"] for row in closed["break_evens"]][-2:] == ["contact", "running"]


def test_terms_that_are_none_are_refused():
    with pytest.raises(BadInput, match=r"assumed .* margin_share, reward_rate, contact_cost, running_cost"):
        terms(assumed=("price",))


def test_plans_written_before_keep_their_hash(tmp_path):
    plan = Preregistration(name="spring", written_on="2024-01-01", first_day="2024-02-01", last_day="2024-03-01",
                           outcome="spend", programme=terms())  # fmt: skip
    assert "assumed" not in plan.content()["programme"]
    path = tmp_path / "plan.json"
    for programme in (terms(), terms(assumed=ASKED[:2])):
        again = Preregistration(**{**plan.__dict__, "programme": programme})
        path.write_text(json.dumps({**again.content(), "sha256": again.sha256}))
        assert Preregistration.read(path) == again


@pytest.mark.parametrize(
    ("name", "values", "money"),
    [("clicks", [3, 0, 12, 5], False), ("orders", [1, 2, 0, 3], False), ("订单数", [1, 2, 0, 3], False),
     ("orders", [10.5, 0, 3.2, 8.1], True), ("order_amount", [100, 0, 50, 20], True), ("spend", [3, 0, 12, 5], True),
     ("y", [3, 0, 12, 5], True), ("bought", [1, 0, 0, 1], False)],
)  # fmt: skip
def test_numbers_of_things_are_no_money(name, values, money):
    frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, name: np.tile(values, 100)})
    frame.loc[::7, name] = values[-1]
    test = Experiment.from_frame(frame, arm="arm", outcomes=[name])
    assert no_money(frame[name], name) is not money
    refused = terms().analyze(test, name).refusal()
    assert (refused is None) == money
    assert (judged(test, "EUR")[0].unit == "EUR") == money
    if not money:
        own = OwnUnit.if_no_money(terms(assumed=ASKED), refused).analyze(test, name)
        assert own.decision == "terms"
        assert terms(value_per_success=2.0).analyze(test, name).refusal() is None
