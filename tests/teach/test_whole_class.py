"""Twenty honest, ten wrong and eighty hostile submissions in one class, graded twice: right marks, and nothing else."""

import json
import os
import shutil
import socket
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from crm_lab.project import project_root
from crm_lab.teach.course.build_course import build
from crm_lab.teach.course.course import Course, plan_course
from crm_lab.teach.course.roster import Student
from crm_lab.teach.gradebook.feedback import write_feedback
from crm_lab.teach.grading.grade import Options, grade
from crm_lab.teach.grading.grades import Graded
from crm_lab.teach.sandbox.sandbox import Limits
from tests.teach.hostile_submissions import ALL

pytestmark = pytest.mark.slow

LIMITS = Limits(seconds=6, cell_seconds=3, memory_mb=512, disk_mb=16, threads=32, patience=2)
NAMESPACES = ("files", "processes", "network", "ipc", "host", "user")
COUNTED = (
    "len(orders)",
    "orders.shape[0]",
    "int(orders['net_amount'].size)",
    "str(len(orders))",
    "orders['date'].size",
)
SPENT = ("orders['net_amount'].sum() / 1e6", "round(orders['net_amount'].sum() / 1e6, 4)",
         "sum(orders['net_amount']) / 10**6", "float(orders['net_amount'].to_numpy().sum()) * 1e-6")  # fmt: skip
HONEST = {f"honest_{i}_{j}": (count, spent) for i, count in enumerate(COUNTED) for j, spent in enumerate(SPENT)}
WRONG = {f"wrong_{i}": (f"len(orders) + {i + 1}", f"{0.9 + i / 1000}") for i in range(10)}
FIRST_USER, LAST_USER = 61184, 65519


@dataclass
class Around:
    """What a class runs beside, and must leave as it is."""

    course: Path
    outside: Path
    listening: socket.socket

    def fill(self, code):
        places = {"COURSE": self.course, "ROOT": project_root(), "GRADER": os.getpid(), "OUTSIDE": self.outside,
                  "PORT": self.listening.getsockname()[1]}  # fmt: skip
        for name, value in places.items():
            code = code.replace(name, str(value))
        return code


@pytest.fixture(scope="module")
def around(tmp_path_factory, class_page):
    folder = tmp_path_factory.mktemp("class")
    outside = folder / "outside"
    outside.mkdir()
    outside.chmod(0o777)
    (outside / "theirs.txt").write_text("theirs", encoding="utf-8")
    students = [Student(id_) for id_ in (*HONEST, *WRONG, *(f"h_{name}" for name in ALL))]
    build(plan_course([class_page], students, lang="en", salt="word"), [class_page], folder / "course")
    os.environ["A_SECRET"] = "of the instructor"  # noqa: S105 - what submissions look for
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        made = Around(folder / "course", outside, listening)
        for id_, answers in {**HONEST, **WRONG}.items():
            hand_in(made, id_, *(f"answer_{n} = {a}" for n, a in enumerate(answers, start=1)))
        for name, one in ALL.items():
            hand_in(made, f"h_{name}", made.fill(one.code))
        yield made
    del os.environ["A_SECRET"]


def hand_in(around, id_, first, second="answer_2 = globals().get('answer_2', ...)"):
    content = json.loads((around.course / "students" / id_ / "40_how_many.ipynb").read_text(encoding="utf-8"))
    for cell in content["cells"]:
        for n, code in ((1, first), (2, second)):
            if cell["id"] == f"solution-{n}":
                lines = "".join(cell["source"]).split("\n")
                cell["source"] = "\n".join(code if line.startswith(f"answer_{n} =") else line for line in lines)
    target = around.course / "submitted" / id_ / "40_how_many.ipynb"
    target.parent.mkdir()
    target.write_text(json.dumps(content), encoding="utf-8")


def graded(around, **options):
    *_, everything = grade(around.course / "submitted", around.course, Options(LIMITS, **options))
    assert isinstance(everything, Graded)
    write_feedback(everything, around.course / "grades")
    return everything


@pytest.fixture(scope="module")
def twice(around):
    before = state(around)
    first = graded(around)
    between = state(around)
    return first, graded(around), (before, between, state(around))


def state(around):
    """What hostile code must not have changed, and who must not have stayed."""
    file = around.outside / "theirs.txt"
    strangers = [p.pid for p in psutil.process_iter() if is_left(p)]
    instructor = sorted(
        (str(p), p.stat().st_mode, p.stat().st_mtime) for p in (around.course / "instructor").rglob("*")
    )
    names = sorted(path.name for path in around.outside.iterdir())
    return file.read_text(encoding="utf-8"), file.stat().st_mode, names, strangers, instructor


def is_left(process):
    """Whether a process has a submission's user and no server above it any more: it outlived its grading."""
    try:
        above = " ".join(part for p in process.parents() for part in p.cmdline())
        return FIRST_USER <= process.uids().real <= LAST_USER and "fork_server" not in above
    except psutil.NoSuchProcess:
        return False


def points(everything):
    return {g.student.id: g.points for g in everything.students}


def named(page, remark):
    keys = {r.key for r in page.remarks} | {m.remark.key for m in page.marks}
    return remark is None or bool(keys & ({remark} if isinstance(remark, str) else set(remark)))


def test_the_class_is_as_large_as_it_says():
    assert (len(HONEST), len(WRONG)) == (20, 10)
    assert len(ALL) >= 40


def test_every_honest_student_has_the_right_marks_twice(twice):
    for everything in twice[:2]:
        found = points(everything)
        assert {id_: found[id_] for id_ in HONEST} == dict.fromkeys(HONEST, 2.0)
        assert {id_: found[id_] for id_ in WRONG} == dict.fromkeys(WRONG, 0.0)


def test_every_page_has_a_mark(twice):
    for everything in twice[:2]:
        said = {g.student.id: [str(r) for r in g.pages[0].remarks] for g in everything.students if not g.has_marks}
        assert said == {}


def test_honest_submissions_have_no_remark(twice):
    said = {g.student.id: [str(r) for r in g.pages[0].remarks] for g in twice[1].students if g.student.id in HONEST}
    assert said == {id_: [] for id_ in HONEST}


@pytest.mark.parametrize("name", ALL)
def test_hostile_submissions_earn_nothing_and_are_named(twice, name):
    for everything in twice[:2]:
        (page,) = next(g for g in everything.students if g.student.id == f"h_{name}").pages
        assert page.points == 0, [(m.given, m.expected) for m in page.marks]
        assert named(page, ALL[name].remark), [str(r) for r in page.remarks] + [str(m.remark) for m in page.marks]


def test_nothing_outside_has_changed_and_nobody_stayed(twice, around):
    before, between, after = twice[2]
    assert before == between == after
    assert after[3] == []
    with pytest.raises(TimeoutError):
        around.listening.accept()


def test_both_gradings_say_the_same(twice):
    assert points(twice[0]) == points(twice[1])


def test_nothing_of_a_submission_is_html(twice, around):
    page = (around.course / "grades" / "h_strange_text.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_without_namespaces_hostile_submissions_earn_nothing_either(around, tmp_path, monkeypatch):
    """The same but for what is announced: the layers that are left hold; tried on every fifth."""
    some_of_all = dict(list(ALL.items())[::5])
    folder, ids = tmp_path / "submitted", {*(f"h_{name}" for name in some_of_all), "honest_0_0"}
    course = Course.read(around.course / "instructor")
    some = replace(course, students=tuple(student for student in course.students if student.id in ids))
    monkeypatch.setattr(Course, "read", lambda _: some)
    for name in ids:
        shutil.copytree(around.course / "submitted" / name, folder / name)
    before = state(around)
    said, *_, everything = grade(folder, around.course, Options(LIMITS, without=NAMESPACES))
    assert said.key == "isolation.missing"
    found = {g.student.id: g for g in everything.students}
    assert found["honest_0_0"].points == 2
    assert [str(remark) for remark in found["honest_0_0"].pages[0].remarks] == []
    assert {id_: g.points for id_, g in found.items() if id_.startswith("h_") and g.points} == {}
    unnamed = [n for n, one in some_of_all.items() if not named(found[f"h_{n}"].pages[0], one.remark)]
    assert unnamed == []
    assert state(around) == before
