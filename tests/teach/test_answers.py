"""`check` says what it can of an answer, and nothing about whether it is right."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from crm_lab import check
from crm_lab.messages import LANGUAGES, Message
from crm_lab.mime import ANSWER_MIME
from crm_lab.teach.answers import HINTS, plain, shown


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (pd.Series([7.5]), 7.5),
        (pd.Period("2017-05", "M"), "2017-05"),
        (" Ann ", "Ann"),
        (True, None),
        (None, None),
        ([1], None),
        (math.inf, None),
        (float("nan"), None),
        (pd.Series([1, 2]), None),
        (np.array([[4]]), 4),
    ],
)
def test_answers_become_plain_numbers_and_text(given, value):
    assert plain(given) == value
    assert type(plain(given)) is type(value)


@pytest.mark.parametrize(
    ("answer", "form", "options", "words"),
    [
        (..., "count", {}, "99.q1: no answer yet. Wanted: a whole number."),
        (..., "share", {"digits": 3}, "99.q1: no answer yet. Wanted: a share from 0 to 1; decimals that count: 3."),
        (3.5, "count", {}, "99.q1: 3.5 is no whole number; wanted: a whole number."),
        ("three", "count", {}, "99.q1: 'three' is no answer of the form wanted here (it is of type str)"),
        (25, "share", {}, "99.q1: 25 is no share; a share lies between 0 and 1, so 25 % is 0.25."),
        (21, "count", {"most": 20}, "99.q1: 21 cannot be; it must be 20 or less on these data."),
        (-2.0, "number", {"least": -1}, "99.q1: -2.0 cannot be; it must be -1 or more on these data."),
        ("13", "label", {"among": ["1", "2"]}, "99.q1: 13 is not among the values that there are in these data"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_is_told_why(answer, form, options, words):
    feedback = check("99.q1", answer, form, **options)
    assert str(feedback).startswith(words)
    assert feedback.value is None


def test_an_answer_that_can_be_is_taken_down_as_it_will_be_compared():
    feedback = check("99.q1", 0.21547, "share", digits=3)
    assert str(feedback).startswith("99.q1: taken down as 0.215 (a share from 0 to 1; decimals that count: 3).")
    bundle = feedback._repr_mimebundle_()
    assert json.loads(json.dumps(bundle[ANSWER_MIME])) == {
        "question": "99.q1", "form": "share", "digits": 3, "value": 0.21547,
    }  # fmt: skip


def test_text_of_an_answer_is_escaped():
    html = check("99.q1", "<script>", "label")._repr_mimebundle_()["text/html"]
    assert "<script>" not in html


def test_periods_are_compared_as_they_are_written():
    months = pd.Series(pd.to_datetime(["2017-01-05", "2017-02-01"])).dt.to_period("M").unique()
    assert check("99.q1", "2017-02", "label", among=months).value == "2017-02"
    assert check("99.q1", "2017-03", "label", among=months).value is None


def test_right_and_wrong_answers_of_the_same_form_read_the_same():
    one, other = (str(check("04.q1", n, "count", most=9999)) for n in (2205, 2206))
    assert one.replace("2,205", "2,206") == other


def test_hints_come_in_levels_and_in_both_languages(monkeypatch):
    levels = [str(check("04.q1", 7, "count", hint=level)) for level in range(HINTS + 1)]
    assert [text.count("Hint ") for text in levels] == [0, 1, 2]
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    assert "提示 1" in str(check("04.q1", ..., "count"))


def test_questions_without_hints_are_no_fault():
    assert "Hint" not in str(check("99.q9", 7, "count", hint=2))


def test_shown_rounds_as_the_question_asks():
    assert shown(1234.567, "number", 1) == "1,234.6"
    assert shown(None, "count", 0) == "–"


@pytest.mark.parametrize(
    ("text", "form", "value"), [("280", "count", 280), (" 0.25 ", "share", 0.25), ("-1.5", "number", -1.5)]
)
def test_a_number_in_quotes_is_taken_as_the_number_and_told(text, form, value):
    found = check("99.q1", text, form, digits=2)
    assert found.value == value
    assert "a number needs no quotes" in str(found)


@pytest.mark.parametrize(
    "answer", [10**400, -(10**5000), 1e308 * 10, "9" * 400], ids=["large", "huge", "infinite", "text"]
)
def test_numbers_beyond_all_bounds_are_no_answer(answer):
    assert check("99.q1", answer, "number").value is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_data_that_allow_no_answer_say_why(lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    found = check("16.q2", Message("experiments.effect.certainty_refused"), "number", digits=2)
    assert found.value is None
    assert str(found).endswith(Message("experiments.effect.certainty_refused").text(lang))
