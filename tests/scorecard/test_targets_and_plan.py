"""Targets against intervals: met, missed, or cannot tell yet and when one can."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.scorecard import Auditor, Measured, PlanReader, Target, n_to_tell, verdict
from crm_lab.stats.intervals import z_value

ROWS = (
    Measured("response_rate", 0.12, 0.11, 0.13, 6000, "d"),
    Measured("second_visit_30d", 0.61, 0.55, 0.67, 295, "d"),
    Measured("coverage", 0.92, 0.88, 0.95, 300, "d"),
    Measured("churn_rate", 0.10, 0.09, 0.11, 3000, "d"),
)

DAYS = dict.fromkeys((row.metric for row in ROWS), 300)


@pytest.fixture
def reading():
    targets = [
        Target(metric=m, target=t) for m, t in (("response_rate", 0.75), ("second_visit_30d", 0.3), ("coverage", 0.9))
    ]
    targets.append(Target(metric="churn_rate", target=0.15))
    targets.append(Target(metric="click_rate", target=0.15))
    return PlanReader(targets=targets).analyze(ROWS, as_of="2017-12-31", days=DAYS)


def test_a_verdict_for_each_target(reading):
    assert [line.verdict for line in reading.lines] == ["missed", "met", "cannot_tell", "met", None]


def test_the_day_when_it_can_be_told(reading):
    line = reading.lines[2]
    assert line.n_needed == 1200  # .04 to the left must shrink to .02: four times as many
    assert (line.tell_on - reading.as_of).days == 900


def test_a_day_in_another_decade_is_not_named():
    near = PlanReader(targets=[Target(metric="coverage", target=ROWS[2].value - 0.001)])
    plan = near.analyze([ROWS[2]], as_of="2017-12-31", days=DAYS)
    assert (plan.lines[0].verdict, plan.lines[0].tell_on) == ("cannot_tell", None)
    assert "cannot be decided with such numbers" in plan.readout().action.text("en")


def test_the_readout_and_the_facts(reading):
    assert str(reading.readout().finding) == ("Targets: 5; met: 2, missed: 1, cannot be told yet: 1, not measured: 1.")
    assert str(reading.readout().action) == "Begin with Response rate: it is farthest from its target."
    facts = {fact.id: fact for fact in reading.facts()}
    assert facts["plan.response_rate"].value == pytest.approx(-63)
    assert facts["plan.churn_rate"].better == "down"
    assert "plan.click_rate" not in facts


def test_with_an_audit_one_sentence_answers_both_questions(reading, honest):
    targets = [line.target for line in reading.lines]
    audit = Auditor().analyze(honest)
    plan = PlanReader(targets=targets).analyze(ROWS, as_of="2017-12-31", days=DAYS, audit=audit)
    n = len(honest.claims)
    assert str(plan.readout().finding) == (
        "On plan: 2 of 5 targets met, 1 missed, 1 cannot be told yet, 1 not measured. "
        f"Of {n} claims in the decks {n} hold as far as they can be checked, 0 stand in a contradiction, 0 are open."
    )
    assert "5 个目标中 2 个达成" in plan.readout().finding.text("zh")


@pytest.mark.parametrize(
    ("metric", "target", "sentence"),
    [
        ("coverage", 0.9, "Leave Coverage alone until"),
        ("coverage", 0.92, "cannot be decided"),
        ("coverage", 0.8, "Keep"),
    ],
)
def test_what_to_do(metric, target, sentence):
    plan = PlanReader(targets=[Target(metric=metric, target=target)])
    assert sentence in str(plan.analyze(ROWS, as_of="2017-12-31", days=DAYS).readout().action)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_up_and_down_are_mirror_images(target, a, b):
    lo, hi = sorted((a, b))
    assert verdict(target, lo, hi, "up") == verdict(-target, -hi, -lo, "down")


@given(st.integers(50, 2000), st.floats(0.2, 0.8), st.floats(0.02, 0.1))
def test_with_so_many_more_it_could_be_told_and_with_fewer_not(n, share, gap):
    spread = z_value() * math.sqrt(share * (1 - share))
    needed = n_to_tell(share + gap, share, share - spread / n**0.5, share + spread / n**0.5, n)
    assert spread / needed**0.5 <= gap * 1.000001 < spread / (needed - 1) ** 0.5 * 1.00001


def test_on_the_target_it_can_never_be_told():
    assert math.isinf(n_to_tell(0.5, 0.5, 0.4, 0.6, 100))


def test_bad_input():
    with pytest.raises(BadInput, match="the registry has no such metric"):
        Target(metric="nsp", target=1)
    with pytest.raises(BadInput, match="has no good direction"):
        Target(metric="top20_revenue_share", target=0.6)
    with pytest.raises(BadInput, match="targets is empty"):
        PlanReader(targets=[])
    twice = Target(metric="coverage", target=0.9)
    with pytest.raises(BadInput, match="targets holds coverage twice"):
        PlanReader(targets=[twice, twice])
    with pytest.raises(BadInput, match=r"days has no number above 0 for coverage"):
        PlanReader(targets=[twice]).analyze(ROWS, as_of="2017-12-31", days={"coverage": 0})
    with pytest.raises(BadInput, match="the interval runs from 2 to 1"):
        verdict(0.5, 2, 1)
