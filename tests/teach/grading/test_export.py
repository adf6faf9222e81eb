"""Pages as nbgrader's assignments: hidden tests judge as grading does, and nbgrader takes them."""

import contextlib
import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from crm_lab import BadInput
from crm_lab.cli import main
from crm_lab.project import project_root
from crm_lab.teach.course.build_course import build, find_pages
from crm_lab.teach.course.course import Course, plan_course
from crm_lab.teach.course.questions import Question
from crm_lab.teach.course.roster import Student
from crm_lab.teach.grading.export import assignment, export, hidden_test
from crm_lab.teach.grading.export_course import export_course, hidden_table
from crm_lab.teach.grading.grade import Options
from crm_lab.teach.grading.page_source import PageSource

NBGRADER = "nbgrader==0.9.6"  # BSD-3-Clause
EVERY_PAGE = find_pages(project_root(), [p.stem for p in sorted((project_root() / "notebooks").glob("[0-9]*.ipynb"))])


def run(test, **names):
    exec(test, names)  # noqa: S102 - an assertion of our own making


@pytest.mark.parametrize("file", EVERY_PAGE, ids=lambda f: f.name)
def test_every_page_becomes_an_assignment(file):
    page = PageSource.read(file)
    notebook = assignment(page)
    marks = [cell.metadata["nbgrader"] for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert [m["grade_id"] for m in marks if m["solution"]] == [q.id.replace(".", "-") for q in page.questions]
    assert len({m["grade_id"] for m in marks}) == len(marks) == 2 * len(page.questions)
    assert sum(m.get("points", 0) for m in marks) == len(page.questions)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    for question in page.questions:
        run(hidden_test(question, page.published[question.id]), **{question.name: page.published[question.id]})


@pytest.mark.parametrize(("given", "passes"), [(0.2155, True), (0.2175, False), ("0.2155", True)])
def test_hidden_tests_allow_the_stated_rounding(given, passes):
    question = Question("04.q1", "solution", "answer_1", "share", 3, "", "")
    test = hidden_test(question, 0.21549)
    if passes:
        run(test, answer_1=given)
    else:
        with pytest.raises(AssertionError, match=r"04\.q1"):
            run(test, answer_1=given)


def test_hidden_tests_of_labels():
    question = Question("03.q1", "solution", "answer_1", "label", 0, "", "")
    run(hidden_test(question, "2017-12"), answer_1=" 2017-12")  # spaces around do not count
    with pytest.raises(AssertionError, match=r"03\.q1"):
        run(hidden_test(question, "2017-12"), answer_1="2017-11")


def test_a_page_without_outputs_is_refused(page):
    with pytest.raises(BadInput, match=r"40_how_many has no answer to 40\.q1, 40\.q2 in its outputs"):
        assignment(PageSource.read(page))


def test_a_hidden_table_takes_the_answer_of_the_student_whose_folder_it_is(tmp_path, monkeypatch):
    question = Question("04.q1", "solution", "answer_1", "share", 3, "", "")
    test = hidden_table(question, {"ada": {"04.q1": 0.21549}, "ben": {"04.q1": 0.4}}, "word")
    assert "ada" not in test
    for student, given, passes in (
        ("ada", 0.2155, True),
        ("ada", 0.4, False),
        ("ben", "0.4", True),
        ("ben", "nan", False),
    ):
        (tmp_path / student / "page").mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(tmp_path / student / "page")
        with contextlib.nullcontext() if passes else pytest.raises(AssertionError, match=r"04\.q1"):
            run(test, answer_1=given)


@pytest.fixture(scope="module")
def built(tmp_path_factory, class_page):
    out = tmp_path_factory.mktemp("class") / "course"
    students = [Student("ada", "Ada Lovelace"), Student("ben")]
    build(plan_course([class_page], students, lang="en", salt="word"), [class_page], out)
    return out


def test_a_course_on_files_of_students_is_refused(built, tmp_path, monkeypatch):
    course = Course.read(built / "instructor")
    given = {"ada": {"40_how_many": replace(course.given["ada"]["40_how_many"], folder="data_fashion")}}
    monkeypatch.setattr(Course, "read", lambda _: replace(course, given=given))
    with pytest.raises(BadInput, match="40_how_many: data of these pages are files of each student"):
        export_course(built, tmp_path / "nb", Options())


def test_pages_or_a_course_are_exported():
    for given in ([], ["04", "--course", "x"]):
        done = CliRunner().invoke(main, ["teach", "export", *given, "--out", "nb"])
        assert (done.exit_code, "Name pages, or a built course" in done.output) == (2, True)


def test_a_folder_in_use_is_refused(tmp_path):
    (tmp_path / "x").write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match="already holds files"):
        export(EVERY_PAGE[:1], tmp_path)


@pytest.fixture(scope="session")
def nbgrader():
    """The folder of programs of an environment with nbgrader, made once: it does not fit into the lab's own."""
    home = Path(os.environ.get("CRM_LAB_NBGRADER", project_root() / "data" / ".workspaces" / ".nbgrader"))
    if not (home / "bin" / "nbgrader").exists():
        steps = (
            [sys.executable, "-m", "venv", "--clear", home],
            [home / "bin" / "python", "-m", "pip", "install", "--quiet", NBGRADER],
        )
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=900)
            if done.returncode:
                pytest.skip(f"no environment with {NBGRADER} could be made: {done.stderr.strip()[-200:]}")
    return home / "bin"


@pytest.mark.slow
def test_nbgrader_generates_the_assignment(nbgrader, tmp_path):
    page = next(file for file in EVERY_PAGE if file.number == "04")
    export([page], tmp_path / "course")
    done = subprocess.run(
        [nbgrader / "nbgrader", "generate_assignment", page.name, "--course-dir", tmp_path / "course"],
        cwd=tmp_path / "course",
        env={"PATH": f"{nbgrader}:{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    released = nbformat.read(tmp_path / "course" / "release" / page.name / page.path.name, as_version=4)
    text = "\n".join(cell.source for cell in released.cells)
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    assert "assert abs(float(" not in text
    assert text.count("raise NotImplementedError") == 3


@pytest.mark.slow
def test_nbgrader_marks_everybody_on_their_own_data(nbgrader, built, tmp_path):
    out = tmp_path / "nb"
    done = CliRunner().invoke(main, ["teach", "export", "--course", str(built), "--out", str(out)])
    assert done.exit_code == 0, done.output
    kernel = tmp_path / "jupyter" / "kernels" / "crm-lab"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.joinpath("kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "crm_lab", "language": "python"})
    )
    for id_ in ("ada", "ben"):
        given = out / "students" / id_ / "40_how_many" / "40_how_many.ipynb"
        text = given.read_text(encoding="utf-8")
        assert "HIDDEN" not in text
        assert "SOLUTION" not in text
        path = out / "submitted" / id_ / "40_how_many" / given.name
        path.parent.mkdir(parents=True)
        second = "orders['net_amount'].sum() / 1e6" if id_ == "ada" else "0"
        text = text.replace("answer_1 = ...", "answer_1 = len(orders)").replace(
            "answer_2 = ...", f"answer_2 = {second}"
        )
        path.write_text(text, encoding="utf-8")

    def call(*arguments):
        environment = {
            "PATH": f"{nbgrader}:{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHONWARNINGS": "ignore",
            "JUPYTER_DATA_DIR": str(tmp_path / "jupyter"),
        }  # fmt: skip
        command = [nbgrader / "nbgrader", *arguments]
        said = subprocess.run(
            command, cwd=out, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert said.returncode == 0, said.stderr

    call("db", "student", "import", str(out / "students.csv"))
    call("generate_assignment", "40_how_many")
    call("autograde", "40_how_many")
    call("export", "--to", str(tmp_path / "grades.csv"))
    with (tmp_path / "grades.csv").open(encoding="utf-8") as file:
        assert {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)} == {"ada": 2.0, "ben": 1.0}
