"""The plan: hashed before the data, read back, deviations named."""

import json
from dataclasses import replace

import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, Preregistration, Programme, held_against
from crm_lab.experiments.core.guardrail import guardrails_of
from crm_lab.messages import LANGUAGES, Message

TERMS = Programme(margin_share=0.3, reward_rate=0.01, running_cost=100.0)


WINDOW = ("2017-07-01", "2017-12-31")


@pytest.fixture
def test(households):
    found = Experiment.from_frame(households, arm="arm", outcomes=["spend"], covariates=["spend_before"])
    return replace(found, window=WINDOW)


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
    found = plan().hold_against(test, answer, ("staff",))
    assert found.rows == ()
    assert "follows the plan" in found.readout().finding.text("en")
    assert found.under_plan.decision == answer.decision


def test_every_deviation_is_listed_and_the_plans_decision_recomputed(test):
    eager = Programme(margin_share=0.9, reward_rate=0.01, running_cost=100.0, ship_at=0.5)
    answer = eager.analyze(test, "spend")
    strict = Programme(margin_share=0.01, reward_rate=0.01, running_cost=100.0)
    shorter = replace(test, window=("2017-07-01", "2017-11-30"))
    found = plan(programme=strict).hold_against(shorter, answer)
    assert set(found.to_frame()["what"]) == {"last_day", "filters", "programme.margin_share", "programme.ship_at"}
    assert (answer.decision, found.under_plan.decision) == ("ship", "stop")
    assert "Follow the plan's decision" in found.readout().action.text("en")
    assert {f.id: f.value for f in found.facts()}["plan.deviations"] == 4
    assert all(found.readout().text(lang) for lang in LANGUAGES)


def test_a_planned_outcome_that_is_missing_is_said(test):
    found = plan(outcome="profit").hold_against(test, TERMS.analyze(test, "spend"))
    assert "profit is not in the data" in found.refusal().text("en")
    assert found.readout().text("zh")


def weekly(test, weeks):
    spread = {f"week_{w:02d}": test.frame["spend"] / weeks for w in range(1, weeks + 1)}
    return replace(test, frame=test.frame.assign(**spread))


@pytest.mark.parametrize(
    ("looks", "weeks", "window", "terms", "left"),
    [
        ((), 0, WINDOW, True, ()),
        ((2, 4), 4, WINDOW, True, ()),
        ((2, 4), 0, WINDOW, True, ("looks",)),
        ((), 0, None, True, ("window",)),
        ((2, 4), 0, None, False, ("window", "looks", "terms")),
    ],
)
def test_what_cannot_be_compared_is_said_and_what_can_is_compared(test, looks, weeks, window, terms, left):
    held = replace(weekly(test, weeks) if weeks else test, window=window)
    written = plan(looks=looks, filters={})
    found = held_against(written, held, TERMS.analyze(held, "spend"), terms=terms)
    assert (found.left, found.rows) == (left, ())
    for part in ("window", "looks", "terms"):
        said = Message(f"experiments.plan.left_{part}")
        assert all((said.text(lang) in found.readout().certainty.text(lang)) == (part in left) for lang in LANGUAGES)
    assert found.facts()[0].id == ("plan.deviations" if terms else "plan.test_deviations")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"first_day": "2017-07-08"}, "first_day"),
        ({"last_day": "2018-01-31"}, "last_day"),
        ({"looks": (2, 4, 8)}, "looks"),
        ({"covariates": ()}, "covariates"),
        ({"shares": {"control": 0.1, "treatment": 0.9}}, "shares"),
        ({"units": 1}, "units"),
        ({"programme": replace(TERMS, running_cost=0.0)}, "programme.running_cost"),
    ],
)
def test_each_part_of_the_plan_is_compared_with_what_was_run(test, changes, what):
    held = weekly(test, 4)
    written = plan(**{"filters": {}, "looks": (2, 4), **changes})
    found = written.hold_against(held, TERMS.analyze(held, "spend"))
    assert list(found.to_frame()["what"]) == [what]


@pytest.mark.parametrize(
    ("stated", "kept"), [("orders up 0.5", True), ("orders up 0.2", False), ("orders up 5%", False), ("", False)]
)
def test_planned_guardrails_are_held_against_those_of_the_test(test, stated, kept):
    """A plan with a guardrail that the test lacks or loosens has no decision until it is stated as planned."""
    test = replace(test, outcomes=("spend", "orders"), guardrails=guardrails_of(stated))
    found = plan(guardrails={"orders": 0.5}).hold_against(test, TERMS.analyze(test, "spend"), ("staff",))
    assert [row[0] for row in found.rows] == ([] if kept else ["guardrails"])
    assert (found.under_plan is not None) == kept
    assert (found.refusal() is None) == kept
    said = {lang: found.readout().finding.text(lang) for lang in LANGUAGES}
    assert kept or all("orders" in text for text in said.values())
