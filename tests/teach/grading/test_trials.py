"""What the machine does wrong is tried again and is never a mark; what a submission does wrong is its own."""

import csv
import json
import os
import signal
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.teach.course.build_course import build
from crm_lab.teach.course.course import plan_course
from crm_lab.teach.course.roster import Student
from crm_lab.teach.gradebook.feedback import write_feedback
from crm_lab.teach.grading import trials
from crm_lab.teach.grading.grade import Options, grade
from crm_lab.teach.grading.trials import (
    fault_in_solution,
    fault_in_submission,
    fault_of_machine,
    own_cell_failed,
    tried,
)
from crm_lab.teach.sandbox.keeper import usage_of
from crm_lab.teach.sandbox.pool import Server, each, server
from crm_lab.teach.sandbox.sandbox import Cell, CellRun, Job, Limits, Ran

OWN = (Cell("parameters", "a = 1"), Cell("load", "b = a"), Cell("solution-1", "answer_1 = ..."))
THEIRS = (*OWN[:2], Cell("solution-1", "answer_1 = 7"))
FULL = ("files", "calls")
LIMITS = Limits(seconds=20, cell_seconds=8, memory_mb=512)


def ran(*errors, ended="done", at=None, held=FULL):
    cells = tuple(CellRun(cell.id, error, "", 0.1) for cell, error in zip(OWN, errors, strict=False))
    return Ran(cells, ended, at, 1.0, held=held)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(trials, "_PAUSES_S", (0.0, 0.0, 0.0))


def test_a_run_is_repeated_until_the_machine_is_not_at_fault_and_three_times_at_most():
    runs = iter([ran(ended="unsafe", at="no"), ran(ended="starved", at="load"), ran(None, None, None), None])
    assert tried(lambda: next(runs), fault_of_machine) == (ran(None, None, None), "")
    assert tried(lambda: ran(ended="unsafe", at="no"), fault_of_machine)[1] == "no"
    assert next(runs) is None


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        (ran(None, None, None), ""),
        (ran(None, None, "ZeroDivisionError"), ""),
        (ran(None, None, ended="died", at="solution-1"), ""),
        (ran(None, None, ended="late", at="solution-1"), ""),
        (ran(None, None, ended="memory", at="solution-1"), ""),
        (ran(None, None, "StalledError"), ""),  # it slept
        (ran(None, None, ended="starved", at="solution-1"), "solution-1"),
        (ran(None, "ArrowException", "NameError"), "load: ArrowException"),
        (ran(None, ended="died", at="load"), "load: died"),
        (ran(None, ended="late", at="load"), "load: late"),
        (ran(ended="unsafe", at="keeper"), "keeper"),
        (ran(ended="late", held=()), "late"),
    ],
)
def test_what_fails_before_any_line_of_a_student_is_the_machines(one, fault):
    assert fault_in_submission(one, THEIRS, OWN) == fault


def test_a_cell_of_the_page_that_fails_behind_foreign_code_is_not_the_machines():
    first = (Cell("mine", "del open"), *OWN)
    assert fault_in_submission(ran("NameError", "NameError"), first, OWN) == ""
    assert fault_in_submission(ran(None, "NameError"), (OWN[0], Cell("load", "b = c"), OWN[2]), OWN) == ""
    assert own_cell_failed(ran(None, "NameError"), OWN, {"solution-1"})
    assert not own_cell_failed(ran(None, None, "NameError"), OWN, {"solution-1"})


def test_a_solution_has_to_run_but_for_its_exercises():
    assert fault_in_solution(ran(None, None, "KeyError"), {"solution-1"}) == ""
    assert fault_in_solution(ran(None, "KeyError"), {"solution-1"}) == "load: KeyError: "
    assert fault_in_solution(ran(None, ended="late", at="load"), {"solution-1"}) == "late (load)"


@pytest.fixture(scope="module")
def course(tmp_path_factory, class_page):
    out = tmp_path_factory.mktemp("class") / "course"
    build(plan_course([class_page], [Student("ada"), Student("ben")], lang="en", salt="word"), [class_page], out)
    for id_ in ("ada", "ben"):
        content = json.loads((out / "students" / id_ / "40_how_many.ipynb").read_text(encoding="utf-8"))
        for cell in content["cells"]:
            cell["source"] = "".join(cell["source"]).replace("answer_1 = ...", "answer_1 = len(orders)")
        (out / "submitted" / id_).mkdir()
        (out / "submitted" / id_ / "40_how_many.ipynb").write_text(json.dumps(content), encoding="utf-8")
    return out


def graded(course, limits=LIMITS):
    *_, everything = grade(course / "submitted", course, Options(limits))
    return everything


def points(everything):
    return {g.student.id: (g.points, g.of) for g in everything.students}


def broken(monkeypatch, breaks):
    """Runs of the server fail as long as `breaks(job, n)` says so, where n counts the runs of notebooks."""
    real, count = Server.run, iter(range(10**6))

    def run(self, job):
        n = next(count) if len(job.cells) > 1 else -1
        failed = breaks(job, n)
        return failed if failed and n >= 0 else real(self, job)

    monkeypatch.setattr(Server, "run", run)


@pytest.mark.slow
@pytest.mark.parametrize("ended", ["unsafe", "starved"])
def test_a_sandbox_that_does_not_start_at_first_costs_nothing(course, monkeypatch, ended):
    broken(monkeypatch, lambda _, n: Ran((), ended, "no namespaces left", 0.1) if n in {0, 1, 4} else None)
    assert points(graded(course)) == {"ada": (1, 2), "ben": (1, 2)}


@pytest.mark.slow
def test_a_sandbox_that_never_starts_gives_no_mark(course, monkeypatch, tmp_path):
    broken(monkeypatch, lambda *_: Ran((), "unsafe", "no namespaces left", 0.1))
    everything = graded(course)
    assert not any(page.is_graded or page.marks[0].counts for g in everything.students for page in g.pages)
    assert [r.key for g in everything.students for p in g.pages for r in p.remarks] == ["submission.not_graded"] * 2
    write_feedback(everything, tmp_path)
    with (tmp_path / "marks.csv").open(encoding="utf-8-sig") as file:
        assert [row["40"] for row in csv.DictReader(file)] == ["", ""]
    for name in ("moodle.csv", "canvas.csv"):
        rows = list(csv.reader((tmp_path / name).read_text(encoding="utf-8").splitlines()))
        assert all(row[-1] == "" for row in rows[-2:])
    assert "Pages without a mark" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Not graded: this is no mark." in (tmp_path / "ada.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_command_says_what_was_not_graded_and_fails(course, monkeypatch, tmp_path):
    broken(monkeypatch, lambda *_: Ran((), "unsafe", "no namespaces left", 0.1))
    done = CliRunner().invoke(main, ["teach", "grade", str(course), "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "because the machine failed and not the submission: 2. Grade again." in done.output


@pytest.mark.slow
def test_points_by_hand_are_a_mark_where_the_machine_has_none(course, monkeypatch, tmp_path):
    broken(monkeypatch, lambda *_: Ran((), "unsafe", "no namespaces left", 0.1))
    rows = ["student,question,points,comment", "ada,40.q1,1,read it", "ada,40.q2,0,"]
    (tmp_path / "comments.csv").write_text("\n".join(rows), encoding="utf-8")
    write_feedback(graded(course), tmp_path)
    with (tmp_path / "marks.csv").open(encoding="utf-8-sig") as file:
        assert {row["student"]: row["40"] for row in csv.DictReader(file)} == {"ada": "1", "ben": ""}


@pytest.mark.slow
def test_data_that_were_left_half_built_are_built_again(course, monkeypatch):
    real, built = Server.run, []

    def run(self, job):
        if not job.writable:
            return real(self, job)
        (folder,) = map(Path, job.writable.values())
        built.append(list(folder.iterdir()))
        if len(built) > 2:
            return real(self, job)
        (folder / "half").mkdir()
        (folder / "half" / "workspace.json").touch()
        return Ran((CellRun("build", "MemoryError", "", 0.1),), "done", None, 0.1, held=FULL)

    monkeypatch.setattr(Server, "run", run)
    assert points(graded(course)) == {"ada": (1, 2), "ben": (1, 2)}
    assert len(built) == 4
    assert not any(built)


@pytest.mark.slow
def test_a_server_that_was_ended_is_started_again():
    with server() as machine:
        (process,) = [c for c in psutil.Process().children() if "fork_server" in " ".join(c.cmdline())]
        process.send_signal(signal.SIGKILL)
        process.wait()
        runs = [tried(lambda: machine.run(Job((Cell("a", "1"),))), fault_of_machine) for _ in range(2)]
        assert [(one.ended, fault) for one, fault in runs] == [("done", "")] * 2


@pytest.mark.slow
def test_address_space_that_nothing_uses_is_not_memory():
    """Libraries reserve it: 64 MB for each thread, a gigabyte at once; how much, differs from start to start."""
    code = "import mmap\nheld = [mmap.mmap(-1, 2**26, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) for _ in range(24)]"
    with server() as machine:
        one = machine.run(Job((Cell("a", code),), limits=Limits(memory_mb=300)))
    assert (one.ended, one.errors) == ("done", ())


@pytest.mark.slow
def test_waiting_for_a_busy_processor_is_not_time_of_a_submission():
    """Twice as many runs as processors, each of which needs most of its time."""
    code = "import time\nwhile time.process_time() - began < 1.0: pass"
    job = Job((Cell("a", "import time\nbegan = time.process_time()"), Cell("b", code)), limits=Limits(2, 1.8))
    with server() as machine:
        many = 3 * (os.cpu_count() or 1)
        assert [(r.ended, r.errors) for r in each(lambda _: machine.run(job), range(many), many)] == [
            ("done", ())
        ] * many


@pytest.mark.slow
def test_sleep_is_limited_by_the_clock():
    with server() as machine:
        job = Job((Cell("a", "import time\ntime.sleep(60)"),), limits=Limits(2, 0.5, patience=2))
        (cell,) = machine.run(job).cells
    assert cell.error == "StalledError"


def test_usage_is_the_kernels_word():
    used = usage_of(os.getpid())
    assert used.memory > 10 * 2**20
    assert used.threads >= 1
    assert used.processor > 0
    with pytest.raises(OSError, match="No such file"):
        usage_of(2**22 + 1)
