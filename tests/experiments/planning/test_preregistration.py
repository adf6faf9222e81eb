"""The plan: hashed before the data, read back, deviations named."""

import json

import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, Preregistration, Programme, held_against
from crm_lab.messages import LANGUAGES

TERMS = Programme(margin_share=0.3, reward_rate=0.01, running_cost=100.0)


@pytest.fixture
def test(households):
    return Experiment.from_frame(households, arm="arm", outcomes=["spend"], covariates=["spend_before"])


def plan(**changes):
    settings = {
        "name": "spring",
        "written_on": "2017-06-20",
        "first_day": "2017-07-01",
        "last_day": "2017-12-31",
        "outcome": "spend",
        "covariates": ("spend_before",),
        "filters": {"staff": "employees of the retailer"},
        "programme": TERMS,
    }
    return Preregistration(**{**settings, **changes})


WINDOW = ("2017-07-01", "2017-12-31")


def test_a_plan_is_read_back_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    path = plan().write()
    assert Preregistration.read(path) == plan()
    assert json.loads(path.read_text(encoding="utf-8"))["sha256"] == plan().sha256


def test_every_word_changes_the_hash():
    hashes = {plan().sha256, plan(outcome="orders").sha256, plan(units=5).sha256, plan(filters={}).sha256}
    assert len(hashes) == 4


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    path = plan().write()
    path.write_text(path.read_text(encoding="utf-8").replace("2017-12-31", "2017-11-30"), encoding="utf-8")
    with pytest.raises(BadInput, match="was changed after it was written"):
        Preregistration.read(path)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match="is no plan that can be read"):
        Preregistration.read(path)


def test_a_plan_written_late_is_no_plan():
    with pytest.raises(BadInput, match="not before the first day"):
        plan(written_on="2017-07-02")


def test_following_the_plan_is_said(test):
    answer = TERMS.analyze(test, "spend")
    found = plan().hold_against(test, answer, WINDOW, ("staff",))
    assert found.rows == ()
    assert "follows the plan" in found.readout().finding.text("en")
    assert found.under_plan.decision == answer.decision


def test_every_deviation_is_listed_and_the_plans_decision_recomputed(test):
    eager = Programme(margin_share=0.9, reward_rate=0.01, running_cost=100.0, ship_at=0.5)
    answer = eager.analyze(test, "spend")
    strict = Programme(margin_share=0.01, reward_rate=0.01, running_cost=100.0)
    found = plan(programme=strict).hold_against(test, answer, ("2017-07-01", "2017-11-30"), ())
    assert set(found.to_frame()["what"]) == {"last_day", "filters", "programme.margin_share", "programme.ship_at"}
    assert (answer.decision, found.under_plan.decision) == ("ship", "stop")
    assert "Follow the plan's decision" in found.readout().action.text("en")
    assert {f.id: f.value for f in found.facts()}["plan.deviations"] == 4
    assert all(found.readout().text(lang) for lang in LANGUAGES)


def test_a_planned_outcome_that_is_missing_is_said(test):
    found = plan(outcome="profit").hold_against(test, TERMS.analyze(test, "spend"), WINDOW)
    assert "profit is not in the data" in found.refusal().text("en")
    assert found.readout().text("zh")


def test_a_plan_held_against_a_test_without_dates_says_what_is_not_compared(test):
    answer = TERMS.analyze(test, "spend")
    kept = held_against(plan(), test, answer, ("staff",))
    assert "window, terms and looks are not compared" in kept.readout().finding.text("en")
    odd = held_against(plan(), test, answer)
    assert list(odd.to_frame()["what"]) == ["filters"]
    assert "Window and looks are not compared" in odd.readout().finding.text("en")
    assert all(found.readout().text(lang) for found in (kept, odd) for lang in LANGUAGES)
