"""A page's exercises are read from its cells; what cannot be read is refused."""

import pytest

from crm_lab import BadInput
from crm_lab.teach.course.questions import calls, questions_of


def test_exercises_of_a_page(page_content):
    first, second = questions_of(page_content)
    assert (first.id, first.cell, first.name, first.form, first.digits) == (
        "40.q1",
        "solution-1",
        "answer_1",
        "count",
        0,
    )
    assert first.task == "**1.** How many orders are there?"
    assert (second.form, second.digits) == ("share", 4)
    assert second.call == "check('40.q2', answer_2, 'share', digits=4)"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("### END SOLUTION", "", "solution-1 has no ### BEGIN SOLUTION"),
        ('check("40.q1", answer_1, "count")', "answer_1", "solution-1 must end with one check"),
        ('check("40.q1", answer_1, "count")', 'check("40.q1", len(orders), "count")', "must end with one check"),
        ('"40.q1"', '"first"', "the id is 'first'"),
        ('"40.q1"', '"40.q2"', "an id stands twice"),
        ('"count"', '"integer"', "the form is 'integer'"),
    ],
)
def test_exercises_that_cannot_be_read_are_refused(page_content, old, new, words):
    cell = next(cell for cell in page_content.cells if cell.id == "solution-1")
    cell.source = cell.source.replace(old, new)
    with pytest.raises(BadInput, match=words):
        questions_of(page_content)


def test_a_page_without_exercises_is_refused(page_content):
    page_content.cells = page_content.cells[:3]
    with pytest.raises(BadInput, match="there is none"):
        questions_of(page_content)


@pytest.mark.parametrize("source", ["check(", "x = (" * 500, "\0", "print('check')", "a.check()", "-" * 10**6 + "1"])
def test_cells_that_are_no_python_have_no_calls(source):
    assert calls(source) == []
