"""``crm-lab teach grade``: submissions kept apart by the kernel, answers against the solution on the same data."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import psutil
from nbformat import NotebookNode

from crm_lab.checks import BadInput
from crm_lab.messages import Message
from crm_lab.project import project_root
from crm_lab.teach.course.build_course import INSTRUCTOR, STUDENTS, SUBMITTED, instructors_pages
from crm_lab.teach.course.course import Assigned, Course
from crm_lab.teach.course.marking_policy import Policy, read_policy
from crm_lab.teach.course.roster import Student
from crm_lab.teach.course.versions import runnable, solution_notebook, student_notebook
from crm_lab.teach.grading.grades import Graded, PageGrade, StudentGrade, with_likeness_of_class
from crm_lab.teach.grading.marking import mark, not_marked
from crm_lab.teach.grading.page_source import PageSource
from crm_lab.teach.grading.remarks import of_run, of_source
from crm_lab.teach.grading.student_data import StudentData
from crm_lab.teach.grading.submissions import Submission, collect, edits
from crm_lab.teach.grading.trials import NotGradedError, fault_in_solution, fault_in_submission, own_cell_failed, tried
from crm_lab.teach.sandbox.pool import Server, each, server
from crm_lab.teach.sandbox.sandbox import Cell, Job, Limits, Ran

SAMPLES: Final = "data/samples"


@dataclass(frozen=True)
class Grader:
    """What grading one student needs.

    Attributes:
        course: Pages, students, data.
        pages: The pages by name.
        server: Runs notebooks.
        data: What they may read.
        limits: Time and memory of a submission.
        policy: What an exercise is worth, and what lateness costs.
    """

    course: Course
    pages: Mapping[str, PageSource]
    server: Server
    data: StudentData
    limits: Limits = field(default_factory=Limits)
    policy: Policy = field(default_factory=Policy)

    def expected(self, student: Student) -> dict[str, Ran]:
        """How the solution of each page runs on a student's data."""
        return {name: self.solved(student, page) for name, page in self.pages.items()}

    def solved(self, student: Student, page: PageSource) -> Ran:
        """How the solution of a page runs on a student's data."""
        cells = self.cells(student, page, solution_notebook(page.content, self._given(student, page)))
        return tried(lambda: self.run(student, page, cells), lambda ran: fault_in_solution(ran, _exercises(page)))[0]

    def submitted(self, student: Student, page: PageSource, notebook: NotebookNode, handed_out: NotebookNode) -> Ran:
        """How a submission runs on its student's data.

        Raises:
            NotGradedError: If the machine could not run it.
        """
        cells, own = self.cells(student, page, notebook), self.cells(student, page, handed_out)

        def trial() -> tuple[Ran, str]:
            return tried(lambda: self.run(student, page, cells), lambda ran: fault_in_submission(ran, cells, own))

        ran, fault = trial()
        if not fault and own_cell_failed(ran, own, _exercises(page)):
            ran, fault = trial()  # a student's code fails again
        if fault:
            raise NotGradedError(fault)
        return ran

    def cells(self, student: Student, page: PageSource, notebook: NotebookNode) -> tuple[Cell, ...]:
        """What runs of a notebook."""
        return runnable(notebook, page.content, self._given(student, page).parameters, page.questions)

    def run(self, student: Student, page: PageSource, cells: tuple[Cell, ...]) -> Ran:
        """Run cells of a page on a student's data."""
        readable = self.data.readable(student, page.file.name, self._given(student, page))
        return self.server.run(Job(cells, readable, environment=self._environment(), limits=self.limits))

    def _given(self, student: Student, page: PageSource) -> Assigned:
        return self.course.given[student.id][page.file.name]

    def grade(self, student: Student, found: Mapping[tuple[str, str], Submission]) -> StudentGrade:
        """All pages of a student; whatever goes wrong on one of them costs that page alone."""
        pages = [self._page(student, page, found.get((student.id, name))) for name, page in self.pages.items()]
        return StudentGrade(student, tuple(pages))

    def _page(self, student: Student, page: PageSource, handed_in: Submission | None) -> PageGrade:
        try:
            return self.grade_page(student, page, handed_in, self.solved(student, page))
        except NotGradedError as error:
            return self._not_graded(student, page, handed_in, str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is that page's and stops nothing else
            return self._not_graded(student, page, handed_in, f"{type(error).__name__}: {error}")

    def _not_graded(self, student: Student, page: PageSource, handed_in: Submission | None, reason: str) -> PageGrade:
        """A page without a mark: no answer was compared; what is to be said of the file and its code is said."""
        marks = tuple(not_marked(question, self.policy.weight(question.id)) for question in page.questions)
        remarks = [Message("submission.not_graded", {"reason": reason[:200]})]
        if handed_in is not None:
            remarks += handed_in.remarks
            handed_out = student_notebook(page.content, self.course, student, page.file.name)
            remarks += of_source(handed_in.notebook, handed_out) if handed_in.notebook is not None else ()
        return PageGrade(page.file.name, marks, tuple(remarks), is_graded=False)

    def grade_page(self, student: Student, page: PageSource, handed_in: Submission | None, solved: Ran) -> PageGrade:
        """One page of a student against the run of its solution, which came first: nothing can change it.

        Raises:
            NotGradedError: If the machine could not run the solution or the submission; there is no mark then.
        """
        wanted = {question: taken.get("value") for question, taken in solved.answers.items()}
        weight = self.policy.weight
        if handed_in is None or handed_in.notebook is None:
            remarks = handed_in.remarks if handed_in else (Message("submission.missing"),)
            empty = [mark(q, None, wanted.get(q.id), None, handed_in is not None, weight(q.id)) for q in page.questions]
            return PageGrade(page.file.name, tuple(empty), remarks)
        if fault := fault_in_solution(solved, _exercises(page)):
            raise NotGradedError(f"solution: {fault}")
        handed_out = student_notebook(page.content, self.course, student, page.file.name)
        ran = self.submitted(student, page, handed_in.notebook, handed_out)
        marks = [
            mark(q, ran.answers.get(q.id), wanted.get(q.id), page.published.get(q.id), weight=weight(q.id))
            for q in page.questions
        ]
        said = edits(handed_in.notebook, handed_out, page.questions)
        remarks = (*handed_in.remarks, *said, *of_source(handed_in.notebook, handed_out), *of_run(ran, self.limits))
        late = self.policy.lateness(handed_in.path)
        return PageGrade(page.file.name, tuple(marks), (*remarks, *late.remarks), ran.errors, ran.seconds, late.share)

    def _environment(self) -> dict[str, str]:
        share = psutil.virtual_memory().total // (self.limits.memory_mb * 2**20)  # DuckDB takes half of one
        return {"CRM_LAB_LANG": self.course.lang, "CRM_LAB_JOBS": str(max(1, share))}


def _exercises(page: PageSource) -> set[str]:
    return {question.cell for question in page.questions}


def course_folder(folder: Path) -> Path:
    """The built course that a folder is, or lies in.

    Raises:
        BadInput: If there is none.
    """
    for place in (folder, *folder.resolve().parents):
        if (place / INSTRUCTOR / "course.json").is_file():
            return place
    raise BadInput(f"{folder} is no part of a built course; name the course with --course.")


def submissions_folder(folder: Path, course: Path) -> Path:
    """Where submissions lie: the folder itself, or in a course ``submitted/``, or ``students/`` while that is empty.

    Raises:
        BadInput: If there is no such folder.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}; name the one with the students' notebooks.")
    if folder.resolve() != course.resolve():
        return folder
    waiting = folder / SUBMITTED
    return waiting if waiting.is_dir() and any(waiting.iterdir()) else folder / STUDENTS


@dataclass(frozen=True, slots=True)
class Options:
    """How to grade.

    Attributes:
        limits: Of a submission.
        jobs: Students at once.
        lang: The language where it is not the course's.
        isolated: Refuse to grade where a layer of the isolation is missing.
        without: Layers not to use, to see how a machine without them does.
    """

    limits: Limits = field(default_factory=Limits)
    jobs: int = 2
    lang: str | None = None
    isolated: bool = False
    without: tuple[str, ...] = ()


def grade(folder: Path, course_at: Path, options: Options) -> Iterator[Message | StudentGrade | Graded]:
    """Grade a class: what this machine cannot hold, each student's grade as it is known, then everything together.

    Args:
        folder: The submissions.
        course_at: The built course.
        options: Limits and jobs.

    Raises:
        BadInput: If isolation is required and this machine lacks a part of it.
    """
    course = Course.read(course_at / INSTRUCTOR)
    course = replace(course, lang=options.lang or course.lang)
    found, strays = collect(folder, course)
    grades: list[StudentGrade] = []
    with grader(course, course_at, options) as at_work:
        if at_work.server.missing:
            yield _missing(at_work.server, options)
        for graded in each(lambda student: at_work.grade(student, found), course.students, options.jobs):
            grades.append(graded)
            yield graded
    files = {name: page.file for name, page in at_work.pages.items()}
    yield Graded(course, files, with_likeness_of_class(grades), strays, found)


def _missing(machine: Server, options: Options) -> Message:
    layers = [Message(f"isolation.{layer}") for layer in machine.missing]
    if options.isolated:
        names = "; ".join(layer.text(options.lang) for layer in layers)
        raise BadInput(f"This machine cannot isolate submissions as --require-isolation asks; it lacks: {names}")
    return Message("isolation.missing", {"layers": "; ".join(layer.text(options.lang) for layer in layers)})


def _samples() -> dict[str, str]:
    folder = (project_root() / SAMPLES).resolve()
    return {SAMPLES: str(folder)} if folder.is_dir() else {}


@contextmanager
def grader(course: Course, course_at: Path, options: Options) -> Iterator[Grader]:
    """A grader with its server and its temporary folder."""
    pages = {file.name: PageSource.read(file) for file in instructors_pages(course_at / INSTRUCTOR, course)}
    policy = read_policy(course_at / INSTRUCTOR)
    with server(options.without) as machine, tempfile.TemporaryDirectory(prefix="crm_lab_grading_") as base:
        Path(base).chmod(0o711)  # a user of a submission's own passes through it, and sees nothing of it
        data = StudentData(machine, Path(base).resolve(), _samples())
        yield Grader(course, pages, machine, data, options.limits, policy)
