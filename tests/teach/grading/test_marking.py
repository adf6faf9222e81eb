"""Right answers within the stated rounding, and wrong ones with what explains them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.teach.course.questions import Question
from crm_lab.teach.grading.marking import agrees, mark, with_likeness


def asked(form="share", digits=3, id_="40.q1"):
    return Question(id_, "solution-1", "answer_1", form, digits, "", "")


@pytest.mark.parametrize(
    ("answer", "expected", "form", "digits", "right"),
    [
        (2205, 2205, "count", 0, True),
        (2205.0, 2205, "count", 0, True),
        (2204, 2205, "count", 0, False),
        (0.215, 0.21549, "share", 3, True),
        (0.216, 0.21549, "share", 3, True),
        (0.217, 0.21549, "share", 3, False),
        (-34.45, -34.4548, "number", 2, True),
        ("2017-12", "2017-12", "label", 0, True),
        ("Champions", "champions", "label", 0, True),
        ("2017", 2017, "label", 0, False),
        (None, 3, "count", 0, False),
        (3, None, "count", 0, False),
    ],
)
def test_agreement(answer, expected, form, digits, right):
    assert agrees(answer, expected, asked(form, digits)) is right


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_an_answer_rounded_as_asked_is_right(value, digits):
    assert agrees(round(value, digits), value, asked("number", digits))


@given(st.floats(-1e4, 1e4), st.integers(0, 6))
def test_an_answer_two_off_in_the_last_decimal_is_wrong(value, digits):
    assert not agrees(value + 2.1 * 10.0**-digits, value, asked("number", digits))


@pytest.mark.parametrize(
    ("answer", "expected", "published", "form", "key"),
    [
        (21.5, 0.215, None, "share", "mark.per_cent"),
        (0.785, 0.215, None, "share", "mark.complement"),
        (160.01, 1.6, None, "number", "mark.hundredfold"),
        (-0.18, 0.18, None, "number", "mark.sign"),
        (0.222, 0.215, None, "share", "mark.rounding"),
        (0.9, 0.215, None, "share", "mark.wrong"),
        (0.766, 0.215, 0.766, "share", "mark.published"),
        ("A", "B", None, "label", "mark.wrong"),
        (0.2, None, None, "share", "mark.not_counted"),
    ],
)
def test_what_explains_a_wrong_answer(answer, expected, published, form, key):
    found = mark(asked(form), {"value": answer, "given": repr(answer)}, expected, published)
    assert found.remark.key == key
    assert not found.right


@pytest.mark.parametrize(
    ("taken", "handed_in", "key"),
    [
        (None, True, "mark.blank"),
        (None, False, "mark.not_handed_in"),
        ({"value": None, "given": ""}, True, "mark.blank"),
        ({"value": None, "given": "[1, 2]"}, True, "mark.no_form"),
        ({"value": {"evil": 1}, "given": "x"}, True, "mark.no_form"),
        ({"value": True, "given": "True"}, True, "mark.no_form"),
    ],
)
def test_no_answer_says_why(taken, handed_in, key):
    assert mark(asked(), taken, 0.2, None, handed_in).remark.key == key


def test_answers_of_another_students_data_are_named():
    question = asked("count", 0)
    own = mark(question, {"value": 4711, "given": "4711"}, 4600, None)
    others = {"ben": {"40.q1": 4711}, "li": {"40.q1": 4712}}
    assert with_likeness((own,), others)[0].like == "ben"
    small = mark(question, {"value": 17, "given": "17"}, 18, None)
    assert with_likeness((small,), {"ben": {"40.q1": 17}})[0].like == ""


def test_a_number_in_quotes_is_right_and_told():
    found = mark(asked("count", 0), {"value": "280", "given": "'280'"}, 280, None)
    assert (found.right, found.points, found.remark.key) == (True, 1.0, "mark.right_as_text")
    assert mark(asked("count", 0), {"value": "281", "given": "'281'"}, 280, None).remark.key == "mark.wrong"
    assert mark(asked("count", 0), {"value": "many", "given": "'many'"}, 280, None).remark.key == "mark.no_form"


def test_weights_and_points_by_hand_count():
    right = mark(asked("count", 0), {"value": 7, "given": "7"}, 7, None, weight=2.5)
    assert (right.points, right.worth) == (2.5, 2.5)
    assert replace(right, by_hand=1.0).points == 1.0
    assert replace(right, expected=None).worth == 0.0
