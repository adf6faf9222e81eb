"""`crm-lab teach`: what cannot be used is refused in a sentence, with exit code 2, before anything is written."""

import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.messages import Message
from crm_lab.teach.course.course import Course
from crm_lab.teach.grading.grades import PageGrade, StudentGrade
from crm_lab.teach.grading.proof import Proof
from crm_lab.teach.sandbox.pool import server


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(main, ["teach", *map(str, arguments)])

    return run


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,name\nada,Ada\nben,\n", encoding="utf-8")
    return path


def test_build_says_what_it_wrote(call, roster, tmp_path):
    done = call("build", "04", "--students", roster, "--out", "course", "--salt", "word", "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "2 名学生，1 个页面：course" in done.output
    course = Course.read(tmp_path / "course" / "instructor")
    assert (course.pages, course.lang, course.salt) == (("04_whom_to_call_first",), "zh", "word")


def test_a_salt_is_drawn_where_none_is_given(call, roster, tmp_path):
    for name in ("one", "two"):
        call("build", "04", "--students", roster, "--out", name)
    salts = {Course.read(tmp_path / name / "instructor").salt for name in ("one", "two")}
    assert len(salts) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [("id\nada\nADA\n", "1 ids stand more than once"), ("id,name\n,Ada\nben,\n", "1 of 2 ids are missing: rows 2.")],
)
def test_a_faulty_list_is_refused_with_counts(call, roster, tmp_path, text, words):
    roster.write_text(text, encoding="utf-8")
    done = call("build", "04", "--students", roster, "--out", "course")
    assert done.exit_code == 2
    assert words in done.output
    assert not (tmp_path / "course").exists()


def test_an_unknown_scenario_is_refused_and_leaves_nothing(call, roster, tmp_path):
    done = call("build", "04", "--students", roster, "--out", "course", "--data", "simulated:atlantis")
    assert done.exit_code == 2
    assert "atlantis" in done.output
    assert not (tmp_path / "course").exists()


def test_a_folder_that_is_no_course_is_refused(call, tmp_path):
    done = call("grade", tmp_path)
    assert done.exit_code == 2
    assert "is no part of a built course" in done.output


def test_a_check_that_fails_says_each_reason_and_exits_1(call, roster, monkeypatch):
    problem = Message("proof.leak_output", {"student": "ada", "page": "04"})
    monkeypatch.setattr("crm_lab.teach.grading.proof.prove", lambda *_: Proof((problem,), (), 3))
    done = call("build", "04", "--students", roster, "--out", "course", "--check")
    assert done.exit_code == 1
    assert "  - 04: the file of ada has outputs." in done.output


def test_export_says_the_next_command(call):
    done = call("export", "04", "--out", "nb")
    assert done.exit_code == 0, done.output
    assert "nbgrader generate_assignment 04_whom_to_call_first --course-dir nb" in done.output


@pytest.mark.slow
def test_what_a_machine_lacks_is_said_once_before_grading_and_refused_if_asked(call, roster, tmp_path, monkeypatch):
    call("build", "04", "--students", roster, "--out", "course")
    monkeypatch.setattr("crm_lab.teach.grading.grade.server", lambda _: server(("landlock", "network")))
    monkeypatch.setattr(
        "crm_lab.teach.grading.grade.Grader.grade", lambda _, student, __: StudentGrade(student, (PageGrade("04", ()),))
    )
    done = call("grade", "course")
    assert done.exit_code == 0, done.output
    assert done.output.count("It lacks: network: a network namespace of their own; Landlock") == 1
    assert done.output.index("It lacks") < done.output.index("ada 0/0")
    refused = call("grade", "course", "--require-isolation")
    assert refused.exit_code == 2
    assert "it lacks: network" in refused.output
    assert "ada" not in refused.output
