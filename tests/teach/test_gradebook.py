"""Points with weights and lateness, comments that stay, who wrote alike, and files for learning platforms."""

import csv
import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from crm_lab import BadInput
from crm_lab.teach.course.course import plan_course
from crm_lab.teach.course.marking_policy import POLICY_FILE, POLICY_TEMPLATE, Policy, read_policy
from crm_lab.teach.gradebook.comments import COMMENTS_FILE, with_comments
from crm_lab.teach.gradebook.feedback import write_feedback
from crm_lab.teach.gradebook.similarity import alike
from crm_lab.teach.grading.grades import Graded, PageGrade, StudentGrade
from crm_lab.teach.grading.marking import mark
from crm_lab.teach.grading.page_source import PageSource
from crm_lab.teach.grading.remarks import of_source
from crm_lab.teach.grading.submissions import Submission

COPIED = """
by_customer = orders.groupby("customer_id")["net_amount"].sum().sort_values(ascending=False)
best = by_customer.head(int(len(by_customer) * 0.2))
answer_1 = int((best > best.mean()).sum() + orders["date"].nunique() // 7)
"""
RENAMED = COPIED.replace("by_customer", "spent").replace("best", "top") + "# my own work\n"
OTHER = """
weekly = orders.set_index("date").resample("W")["order_id"].nunique()
answer_1 = int(weekly.rolling(4).mean().dropna().gt(weekly.median()).sum() - weekly.shape[0] % 3)
"""


@pytest.fixture
def graded(page, students):
    course = plan_course([page], students, lang="en", salt="word")
    first, second = PageSource.read(page).questions
    right = mark(first, {"value": 7, "given": "7"}, 7, None)
    wrong = mark(second, {"value": 0.5, "given": "0.5"}, 0.1, None)
    grades = [StudentGrade(student, (PageGrade(page.name, (right, wrong)),)) for student in students]
    return Graded(course, {page.name: page}, tuple(grades))


def rows(path, encoding="utf-8-sig"):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def policy(tmp_path):
    def write(text):
        (tmp_path / POLICY_FILE).write_text(text, encoding="utf-8")
        return read_policy(tmp_path)

    return write


def test_without_a_policy_or_with_the_template_everything_counts_one(tmp_path, policy):
    assert read_policy(tmp_path) == policy(POLICY_TEMPLATE) == Policy()


def test_weights_and_a_deadline_are_read(policy, tmp_path):
    found = policy('[weights]\n"40.q1" = 2\n[late]\ndue = 2026-03-01T12:00:00+01:00\nper_day = 0.2\nmost = 0.5\n')
    assert (found.weight("40.q1"), found.weight("40.q2")) == (2.0, 1.0)
    file = tmp_path / "x.ipynb"
    file.touch()
    for day, share in ((1, 0.0), (2, 0.2), (3, 0.4), (9, 0.5)):
        stamp = datetime(2026, 3, day, 10, 59, tzinfo=UTC).timestamp()
        os.utime(file, (stamp, stamp))
        assert found.lateness(file).share == share


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[weights]\n"40.q1" = -1\n', "the weight of 40.q1 is -1"),
        ("[late]\ndue = 3\n", "due is 3"),
        ("[late]\nper_day = 2\n", "per_day is 2"),
        ("[late]\nper_week = 0.1\n", "has no setting per_week"),
        ("[latest]\n", r"there is no table \[latest\]"),
        ("[late", "cannot be read"),
    ],
)
def test_a_policy_that_cannot_be_one_is_refused(policy, text, words):
    with pytest.raises(BadInput, match=words):
        policy(text)


def test_lateness_costs_its_share_of_a_pages_points(graded):
    (page,) = graded.students[0].pages
    assert (page.points, replace(page, late=0.25).points, page.of) == (1.0, 0.75, 2.0)


def test_comments_survive_grading_again_and_their_points_count(graded, tmp_path):
    write_feedback(graded, tmp_path)
    file = tmp_path / COMMENTS_FILE
    assert file.read_text(encoding="utf-8-sig") == "student,question,points,comment\n"
    file.write_text(
        'student,question,points,comment\nada,40.q2,"0,5","Right idea, <b>wrong</b> column"\nben,40.q1,,Nice\n'
    )
    written = file.read_bytes()
    for _ in range(2):
        write_feedback(graded, tmp_path)
        assert file.read_bytes() == written
        found = {row["student"]: float(row["points"]) for row in rows(tmp_path / "marks.csv")}
        assert found == {"ada": 1.5, "ben": 1, "li": 1}
    page = (tmp_path / "ada.html").read_text(encoding="utf-8")
    assert "Right idea, &lt;b&gt;wrong&lt;/b&gt; column" in page
    assert "Nice" in (tmp_path / "ben.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("zoe,40.q1,1,x", "no student 'zoe'"),
        ("ada,99.q1,1,x", "question '99.q1'"),
        ("ada,40.q1,many,x", "the points are 'many'"),
        ("ada,40.q1,-1,x", "the points are '-1'"),
        ("ada,40.q1,1,x\nada,40.q1,1,y", "ada has a comment on 40.q1 already"),
    ],
)
def test_comments_that_cannot_be_read_are_refused_and_stay(graded, tmp_path, line, words):
    file = tmp_path / COMMENTS_FILE
    file.write_text(f"student,question,points,comment\n{line}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=words):
        with_comments(graded, tmp_path)
    assert line in file.read_text(encoding="utf-8")


def test_files_for_moodle_and_canvas(graded, tmp_path):
    write_feedback(graded, tmp_path)
    moodle = rows(tmp_path / "moodle.csv", "utf-8")
    assert [(row["idnumber"], row["40_how_many"], row["total"]) for row in moodle] == [
        ("ada", "1", "1"), ("ben", "1", "1"), ("li", "1", "1"),
    ]  # fmt: skip
    canvas = rows(tmp_path / "canvas.csv", "utf-8")
    assert (canvas[0]["Student"], canvas[0]["40_how_many"]) == ("    Points Possible", "2")
    assert list(canvas[0])[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert [row["SIS Login ID"] for row in canvas[1:]] == ["ada", "ben", "li"]
    assert canvas[3]["Student"] == "李雷"


def test_copied_code_is_found_under_other_names(page, page_content, tmp_path):
    written = {"ada": COPIED, "ben": RENAMED, "li": OTHER}
    submissions = {
        (id_, page.name): Submission(tmp_path, id_, id_, page.name, new_notebook(cells=[new_code_cell(code)]))
        for id_, code in written.items()
    }
    (pair,) = alike(submissions, {page.name: page_content})
    assert (pair.one, pair.other, pair.share) == ("ada", "ben", 1.0)


def test_what_the_page_says_and_what_everybody_writes_is_no_likeness(page, page_content, tmp_path):
    same = new_notebook(cells=[*page_content.cells, new_code_cell(OTHER)])
    submissions = {(str(i), page.name): Submission(tmp_path, "", str(i), page.name, same) for i in range(9)}
    assert alike(submissions, {page.name: page_content}) == ()


def test_cells_longer_than_anybody_writes_are_named_and_not_read(page_content):
    handed_in = new_notebook(cells=[*page_content.cells, new_code_cell("x = 1\n" * 20_000)])
    (said,) = of_source(handed_in, page_content)
    assert said.key == "submission.cells_long"
