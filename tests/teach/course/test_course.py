"""A course of six pages is built, taken with right and wrong answers, graded and exported."""

import copy
import csv
import re

import nbformat
import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.project import project_root
from crm_lab.run.committed.canonical import write_text
from crm_lab.teach.course.build_course import find_pages
from crm_lab.teach.course.further_exercises import course_page
from crm_lab.teach.course.questions import questions_of
from crm_lab.teach.course.versions import filled_in

PAGES = ("00", "01", "04", "08", "11", "16")
QUESTIONS = sum(len(questions_of(course_page(page))) for page in find_pages(project_root(), PAGES))


def right(notebook):
    return notebook


def wrong(notebook):
    """Every answer a hundred times too large, and one more."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.source = re.sub(
            r"^check\((\S+), (\w+),", r"\2 = 100 * \2 + 1\ncheck(\1, \2,", cell.source, flags=re.MULTILINE
        )
    return notebook


TAKEN = {"ada": (right, QUESTIONS), "ben": (wrong, 0)}


@pytest.fixture
def call():
    def run(*arguments):
        done = CliRunner().invoke(main, ["teach", *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


@pytest.mark.slow
def test_a_course_is_built_taken_graded_and_exported(call, tmp_path):
    roster, course = tmp_path / "list.csv", tmp_path / "course"
    roster.write_text("id,name\n" + "".join(f"{id_},\n" for id_ in TAKEN), encoding="utf-8")
    call("build", *PAGES, "--students", roster, "--out", course, "--salt", "course test")

    pages = find_pages(project_root(), PAGES)
    for id_, (act, _) in TAKEN.items():
        for page in pages:
            own = nbformat.read(course / "students" / id_ / page.path.name, as_version=4)
            solved = filled_in(own, course_page(page))
            target = course / "submitted" / id_ / page.path.name
            target.parent.mkdir(exist_ok=True)
            target.write_text(write_text(act(solved)), encoding="utf-8")
    output = call("grade", course)
    assert [line for line in output.splitlines() if "/" in line][:2] == [
        f"{id_} {points}/{QUESTIONS}" for id_, (_, points) in TAKEN.items()
    ]

    with (course / "grades" / "answers.csv").open(encoding="utf-8-sig") as file:
        answers = list(csv.DictReader(file))
    assert len(answers) == QUESTIONS * len(TAKEN)
    assert {row["counts"] for row in answers} == {"True"}
    expected = {id_: [row["expected"] for row in answers if row["student"] == id_] for id_ in TAKEN}
    differ = sum(one != other for one, other in zip(expected["ada"], expected["ben"], strict=True))
    assert differ >= QUESTIONS - 2  # small counts may agree by chance

    call("export", *PAGES, "--out", tmp_path / "nbgrader")
    exported = sorted((tmp_path / "nbgrader" / "source").rglob("*.ipynb"))
    assert [path.stem for path in exported] == [page.name for page in pages]
