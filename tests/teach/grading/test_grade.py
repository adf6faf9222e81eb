"""A class of bad submissions: each costs its own student alone, and its feedback says why."""

import csv
import json
import time

import pytest
from click.testing import CliRunner

from crm_lab.checks import BadInput
from crm_lab.cli import main
from crm_lab.project import project_root
from crm_lab.teach.course.build_course import build
from crm_lab.teach.course.course import plan_course
from crm_lab.teach.course.roster import Student
from crm_lab.teach.gradebook.feedback import write_feedback
from crm_lab.teach.grading.grade import Options, course_folder, grade, submissions_folder
from crm_lab.teach.grading.grades import Graded
from crm_lab.teach.sandbox.sandbox import Limits

pytestmark = pytest.mark.slow

RIGHT = {"solution-1": "len(orders)", "solution-2": 'orders["net_amount"].sum() / 1e6'}
LIMITS = Limits(seconds=12, cell_seconds=4, memory_mb=1024)


def answered(cells, answers):
    for cell in cells:
        if cell["id"] in answers:
            cell["source"] = "".join(cell["source"]).replace("= ...", f"= {answers[cell['id']]}", 1)


def good(cells):
    answered(cells, RIGHT)


def off(cells):
    answered(cells, {"solution-1": "len(orders) + 1", "solution-2": 'orders["net_amount"].sum() / 1e4'})


def blank(cells):
    del cells


def crash(cells):
    answered(cells, {**RIGHT, "solution-1": "1 / 0"})


def endless(cells):
    answered(cells, RIGHT)
    loop = "while True:\n    try:\n        pass\n    except Exception:\n        pass\n"
    next(cell for cell in cells if cell["id"] == "load")["source"] = loop


def deaf(cells):
    """An endless loop that no signal of Python reaches."""
    answered(cells, RIGHT)
    cells.append(code("after", "sum(range(10**12))"))


def greedy(cells):
    answered(cells, {**RIGHT, "solution-1": 'len("x" * 2**34)'})


def vanishing(cells):
    answered(cells, RIGHT)
    cells.append(code("after", "import os; os._exit(0)"))
    cells.insert(3, cells.pop())


def check_gone(cells):
    good(cells)
    for cell in cells:
        cell["source"] = "".join(cell["source"]).split("check(")[0]


def check_redefined(cells):
    answered(cells, {"solution-1": "7", "solution-2": "0.5"})
    cells.insert(4, code("trick", "import crm_lab\ncrm_lab.check = lambda *a, **k: 'right'\ncheck = crm_lab.check"))


def exercise_gone(cells):
    good(cells)
    cells[:] = [cell for cell in cells if cell["id"] != "solution-1"]


def other_data(cells):
    """Whoever changes the parameters is graded on their own data all the same."""
    good(cells)
    cells[2]["source"] = 'source: str = "cdnow"  # easier\nas_of: str = "latest"'


def spy(cells):
    root = project_root()
    answered(cells, {"solution-1": f'len(open("{root}/notebooks/00_start_here.ipynb").read())', "solution-2": "0.5"})


def code(id_, source):
    return {"cell_type": "code", "id": id_, "source": source, "metadata": {}, "outputs": [], "execution_count": None}


# student -> what they did, right answers, keys of remarks that must be there, name of an error
CLASS = {
    "good": (good, 2, [], ""),
    "off": (off, 0, [], ""),
    "blank": (blank, 0, [], ""),
    "crash": (crash, 1, ["submission.cells_failed"], "ZeroDivisionError"),
    "endless": (endless, 0, ["submission.cells_changed"], "TooLongError"),
    "deaf": (deaf, 2, ["submission.late"], ""),
    "greedy": (greedy, 1, ["submission.cells_failed"], "MemoryError"),
    "vanishing": (vanishing, 0, ["submission.died"], ""),
    "check_gone": (check_gone, 2, ["submission.check_changed", "submission.check_changed"], ""),
    "check_redefined": (check_redefined, 0, ["submission.check_redefined"], ""),
    "exercise_gone": (exercise_gone, 1, ["submission.exercise_gone"], "NameError"),
    "other_data": (other_data, 2, ["submission.cells_changed"], ""),
    "spy": (spy, 0, ["submission.reached"], "FileNotFoundError"),
    "word": (None, 0, ["submission.no_notebook"], ""),
    "absent": (None, 0, ["submission.missing"], ""),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory, class_page):
    course = plan_course([class_page], [Student(id_) for id_ in CLASS], lang="en", salt="word")
    out = tmp_path_factory.mktemp("class") / "course"
    build(course, [class_page], out)
    for id_, (act, *_) in CLASS.items():
        if act is not None:
            _hand_in(out, id_, act)
    (out / "submitted" / "word").mkdir()
    (out / "submitted" / "word" / "40_how_many.ipynb").write_text("dear teacher", encoding="utf-8")
    (out / "submitted" / "nobody.txt").write_text("hello", encoding="utf-8")
    began = time.monotonic()
    *_, everything = grade(submissions_folder(out, out), out, Options(LIMITS))
    assert isinstance(everything, Graded)
    return everything, out, time.monotonic() - began


def _hand_in(out, id_, act):
    content = json.loads((out / "students" / id_ / "40_how_many.ipynb").read_text(encoding="utf-8"))
    act(content["cells"])
    target = out / "submitted" / id_ / "40_how_many.ipynb"
    target.parent.mkdir()
    target.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("id_", CLASS)
def test_each_submission_costs_its_own_student_alone(graded, id_):
    _, points, keys, error = CLASS[id_]
    (page,) = next(g for g in graded[0].students if g.student.id == id_).pages
    assert page.points == points, [(str(m.remark), m.given, m.expected) for m in page.marks]
    assert [r.key for r in page.remarks] == keys or set(keys) <= {r.key for r in page.remarks}
    assert not error or error in [cell.error for cell in page.errors]


def test_files_of_nobody_are_listed(graded):
    assert [stray.name for stray in graded[0].strays] == ["nobody.txt"]


def test_per_cent_in_place_of_a_share_is_explained(graded):
    (page,) = next(g for g in graded[0].students if g.student.id == "off").pages
    assert [m.remark.key for m in page.marks] == ["mark.wrong", "mark.per_cent"]


def test_marks_and_pages_are_written(graded, tmp_path):
    write_feedback(graded[0], tmp_path)
    with (tmp_path / "marks.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {id_: int(row["points"]) for id_, row in rows.items()} == {id_: c[1] for id_, c in CLASS.items()}
    assert "stopped in cell" in rows["deaf"]["remarks"]
    page = (tmp_path / "off.html").read_text(encoding="utf-8")
    assert "Right answer" not in page
    assert "Hint 1" not in page  # this page has none
    write_feedback(graded[0], tmp_path, reveal=True)
    assert "Right answer" in (tmp_path / "off.html").read_text(encoding="utf-8")


def test_nothing_that_students_wrote_is_html(graded, tmp_path):
    write_feedback(graded[0], tmp_path)
    assert "<script" not in (tmp_path / "crash.html").read_text(encoding="utf-8")


def test_a_course_is_found_from_its_folders(graded):
    out = graded[1]
    assert course_folder(out / "submitted") == out.resolve()
    with pytest.raises(BadInput, match="is no part of a built course"):
        course_folder(out.parent)
    with pytest.raises(BadInput, match="There is no folder"):
        submissions_folder(out / "none", out)


def test_the_command_grades_and_says_where(graded, tmp_path, monkeypatch):
    monkeypatch.setattr("crm_lab.teach.grading.grade.grade", lambda *_: iter([*graded[0].students[:2], graded[0]]))
    done = CliRunner().invoke(main, ["teach", "grade", str(graded[1]), "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "good 2/2" in done.output
    assert f"{tmp_path}/index.html" in done.output
