"""Made-up tests in the forms that other systems write, each against what is true of it, from `init` to the answer."""

import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.experiments import (
    Design,
    Effects,
    Novelty,
    OwnTest,
    Programme,
    SoundnessCheck,
    SteadyState,
    judged,
    week_columns,
)
from crm_lab.project import project_root

CASES = project_root().parent / "shared" / "cases"
THERE = (CASES / "tests").is_dir()
pytestmark = pytest.mark.skipif(not THERE, reason="the made-up tests are not beside the project")
TERMS = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5)


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Put a file through `init`: what it says, and the test that its suite describes."""
    (tmp_path / "suites").mkdir()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))

    def put(name, *flags):
        given = [str(CASES / "tests" / f"{name}.csv"), "--name", "case", "--as-of", "2024-12-31", *flags]
        said = CliRunner().invoke(main, ["init", *given])
        assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
        suite = tmp_path / "suites" / "case.toml"
        return said, (OwnTest(file=str(suite)) if suite.exists() else None)

    return put


def headline(test):
    return Effects(metrics=judged(test)).analyze(test).headline


def test_a_column_from_after_the_assignment_is_never_proposed(read):
    _, own = read("after_as_covariate")
    assert own.described().covariates == ("past_orders",)


def test_a_column_from_after_the_assignment_is_refused_where_the_user_names_it(read):
    _, own = read("after_as_covariate", "--column", "covariates=past_orders,trans_after")
    test = own.open()
    assert test.past_of(["revenue"]) == ("past_orders",)
    said = SoundnessCheck().analyze(test).readout()
    assert "trans_after" in said.certainty.text("en")
    assert "no adjusted effect with them" in said.action.text("en")
    renamed = test.frame.rename(columns={"trans_after": "trips"})  # whatever it is called: the arms differ on it
    again = type(test).from_frame(renamed, arm=test.arm, outcomes=["revenue"], covariates=["past_orders", "trips"])
    assert list(again.guards.withdrawn) == ["trips"]


def test_gaps_of_one_arm_refuse_the_adjustment_with_counts(read):
    said, own = read("gaps_in_one_arm")
    test = own.open()
    assert "control 0 (0%), treatment 376 (31%)" in said.output
    assert test.past_of(["spend"]) == ()
    found = headline(test).found
    assert found.lo < 0 < found.hi
    assert TERMS.analyze(test, "spend").decision != "ship"
    assert "without the columns named" in SoundnessCheck().analyze(test).readout().action.text("en")


def test_an_outcome_of_0_and_1_is_planned_checked_and_read(read):
    _, own = read("binary")
    test, history = own.open(), own.history()
    assert headline(test).metric.kind == "share"
    assert Design(metrics=history.metrics).analyze(history.units).refusal() is None
    assert SoundnessCheck().analyze(test).sound
    answer = TERMS.analyze(test, "converted")
    assert answer.refusal().key == "experiments.refused.no_amount"
    assert "Repair" not in answer.readout().action.text("en")


def test_arms_called_none_are_arms(read):
    _, own = read("none_arm")
    assert own.open().counts() == {"None": 30, "offer": 30}


def test_missing_outcomes_are_one_question_with_counts(read):
    said, own = read("missing_outcomes")
    assert own is None
    assert "200 of 2,000 units (control 110, treatment 90)" in said.output
    _, own = read("missing_outcomes", "--missing-outcome", "drop")
    assert own.open().counts() == {"control": 932, "treatment": 868}


def test_weeks_stand_in_the_order_of_time(read):
    """The treatment adds 8 a week in weeks 1 to 4 and nothing later."""
    _, own = read("unpadded_weeks")
    test = own.open()
    assert week_columns(test) == tuple(f"week_{i}" for i in range(1, 13))
    effects = Novelty(weeks=week_columns(test), launch=4).analyze(test).to_frame()
    assert (effects["effect"][:4] > 6).all()
    assert (effects["effect"][4:].abs() < 2).all()
    steady = SteadyState(launch=4).analyze(test, TERMS.analyze(test, "spend"))
    assert steady.decisive.decision != "ship"
