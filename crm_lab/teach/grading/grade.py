"""``crm-lab teach grade``: every submission in a fresh process, its answers against the solution on the same data."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
import psutil
from nbformat import NotebookNode

from crm_lab.checks import BadInput
from crm_lab.messages import Message
from crm_lab.mime import ANSWER_MIME
from crm_lab.run.suites.notebook_file import NotebookFile
from crm_lab.teach.answers import Plain
from crm_lab.teach.course.build_course import INSTRUCTOR, STUDENTS, SUBMITTED, instructors_pages, write_data
from crm_lab.teach.course.course import Assigned, Course, shared_sources
from crm_lab.teach.course.questions import Question, questions_of
from crm_lab.teach.course.roster import Student
from crm_lab.teach.course.versions import LAST, runnable, solution_notebook, student_notebook
from crm_lab.teach.grading.grades import Graded, PageGrade, StudentGrade, _with_likeness
from crm_lab.teach.grading.marking import mark
from crm_lab.teach.grading.submissions import Submission, collect, edits
from crm_lab.teach.sandbox.execution import Job
from crm_lab.teach.sandbox.pool import Ran, each, execute, server
from crm_lab.teach.sandbox.sandbox import Limits


@dataclass(frozen=True, slots=True)
class PageSource:
    """A page of a course, read once.

    Attributes:
        file: The committed page as it was when the course was built.
        content: The same, read.
        questions: Its exercises.
        published: Answers in its committed outputs, by question.
    """

    file: NotebookFile
    content: NotebookNode
    questions: tuple[Question, ...]
    published: Mapping[str, Plain]

    @classmethod
    def read(cls, file: NotebookFile) -> PageSource:
        """The page of a file."""
        content = nbformat.read(file.path, as_version=4)
        outputs = [output for cell in content.cells for output in cell.get("outputs", [])]
        answers = [output.get("data", {}).get(ANSWER_MIME) for output in outputs]
        return cls(file, content, questions_of(content), {a["question"]: a["value"] for a in answers if a})


@dataclass(frozen=True)
class Grader:
    """What grading one student needs.

    Attributes:
        course: Pages, students, data.
        pages: The pages by name.
        context: Where processes are forked.
        root: The project folder.
        base: Temporary folder for everybody's scratch.
        hidden: What no submission may read.
        limits: Time and memory of a submission.
    """

    course: Course
    pages: Mapping[str, PageSource]
    context: multiprocessing.context.ForkServerContext
    root: Path
    base: Path
    hidden: tuple[Path, ...]
    limits: Limits = field(default_factory=Limits)

    def expected(self, student: Student) -> dict[str, Ran]:
        """How the solution of each page runs on a student's data."""
        return {
            name: self.run(student, page, solution_notebook(page.content, self._given(student, name)))
            for name, page in self.pages.items()
        }

    def run(self, student: Student, page: PageSource, notebook: NotebookNode) -> Ran:
        """Run a notebook on a student's data."""
        given = self._given(student, page.file.name)
        cells = runnable(notebook, page.content, given.parameters, page.questions)
        return execute(self.context, Job(cells, *self._places(student, given), self._environment(student), self.limits))

    def grade(self, student: Student, found: Mapping[tuple[str, str], Submission]) -> StudentGrade:
        """All pages of a student. The solutions run first: nothing a submission does can change them."""
        expected = self.expected(student)
        pages = [
            self.grade_page(student, page, found.get((student.id, name)), expected[name])
            for name, page in self.pages.items()
        ]
        return StudentGrade(student, tuple(pages))

    def grade_page(self, student: Student, page: PageSource, handed_in: Submission | None, solved: Ran) -> PageGrade:
        """One page of a student against the run of its solution."""
        wanted = {question: taken.get("value") for question, taken in solved.answers.items()}
        if handed_in is None or handed_in.notebook is None:
            remarks = handed_in.remarks if handed_in else (Message("submission.missing"),)
            marks = [mark(q, None, wanted.get(q.id), None, handed_in is not None) for q in page.questions]
            return PageGrade(page.file.name, tuple(marks), remarks)
        handed_out = student_notebook(page.content, self.course, student, page.file.name)
        ran = self.run(student, page, handed_in.notebook)
        marks = [mark(q, ran.answers.get(q.id), wanted.get(q.id), page.published.get(q.id)) for q in page.questions]
        remarks = (*handed_in.remarks, *edits(handed_in.notebook, handed_out, page.questions), *self._ending(ran))
        return PageGrade(page.file.name, tuple(marks), remarks, ran.errors, ran.seconds)

    def _given(self, student: Student, page: str) -> Assigned:
        return self.course.given[student.id][page]

    def _places(self, student: Student, given: Assigned) -> tuple[Path, Path, tuple[Path, ...]]:
        """Folder, scratch and what is hidden; the student's data are made anew, whatever became of theirs."""
        scratch = self.base / student.id
        folder = scratch / "work"
        if not folder.exists():
            folder.mkdir(parents=True)
            _link_workspaces(scratch / "workspaces")
        write_data(given, folder)
        return folder, scratch, (*self.hidden, self.base)

    def _environment(self, student: Student) -> dict[str, str]:
        scratch = self.base / student.id
        share = psutil.virtual_memory().total // (self.limits.memory_mb * 2**20)  # DuckDB takes half of one
        return {
            "CRM_LAB_HOME": str(self.root),
            "CRM_LAB_WORKSPACES": str(scratch / "workspaces"),
            "CRM_LAB_CACHE": str(scratch / "cache"),
            "CRM_LAB_LANG": self.course.lang,
            "CRM_LAB_JOBS": str(max(1, share)),
        }

    def _ending(self, ran: Ran) -> tuple[Message, ...]:
        if ran.ended == "done":
            return ()
        return (Message(f"submission.{ran.ended}", {"cell": ran.at or LAST, "seconds": self.limits.seconds}),)


def _link_workspaces(folder: Path) -> None:
    """The project's built workspaces under a student's own: read, never written."""
    from crm_lab.data.connection import workspaces_dir

    folder.mkdir()
    for built in workspaces_dir().glob("*-*/workspace.json"):
        (folder / built.parent.name).symlink_to(built.parent, target_is_directory=True)


def prepare_shared(pages: tuple[str, ...]) -> None:
    """Build what pages open beside the students' own data, once for all."""
    from crm_lab.data.workspace import open_workspace

    for source in shared_sources(pages):
        open_workspace(source)


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
    """How to grade: limits of a submission, how many students at once, the language where it is not the course's."""

    limits: Limits = field(default_factory=Limits)
    jobs: int = 2
    lang: str | None = None


def grade(folder: Path, course_at: Path, root: Path, options: Options) -> Iterator[StudentGrade | Graded]:
    """Grade a class: each student's grade as it is known, then everything together.

    Args:
        folder: The submissions.
        course_at: The built course.
        root: The project folder.
        options: Limits and jobs.
    """
    course = Course.read(course_at / INSTRUCTOR)
    course = replace(course, lang=options.lang or course.lang)
    found, strays = collect(folder, course)
    grades: list[StudentGrade] = []
    with grader(course, course_at, root, options.limits, (folder,)) as at_work:

        def one(student: Student) -> StudentGrade:
            try:
                return at_work.grade(student, found)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is that student's and stops nobody else
                return _not_graded(student, at_work, error)

        for graded in each(one, course.students, options.jobs):
            grades.append(graded)
            yield graded
    files = {name: page.file for name, page in at_work.pages.items()}
    yield Graded(course, files, _with_likeness(grades), strays)


@contextmanager
def grader(
    course: Course, course_at: Path, root: Path, limits: Limits, hidden: tuple[Path, ...] = ()
) -> Iterator[Grader]:
    """A grader with its server and its temporary folder."""
    pages = {file.name: PageSource.read(file) for file in instructors_pages(course_at / INSTRUCTOR, course)}
    prepare_shared(course.pages)
    kept_back = (course_at / INSTRUCTOR, course_at / STUDENTS, root / "notebooks", *hidden)
    with server(root) as context, tempfile.TemporaryDirectory(prefix="crm_lab_grading_") as base:
        yield Grader(course, pages, context, root, Path(base).resolve(), kept_back, limits)


def _not_graded(student: Student, at_work: Grader, error: Exception) -> StudentGrade:
    words = f"{type(error).__name__}: {error}"
    remark = Message("submission.not_graded", {"reason": words[:200]})
    pages = [
        PageGrade(name, tuple(mark(q, None, None, None) for q in page.questions), (remark,))
        for name, page in at_work.pages.items()
    ]
    return StudentGrade(student, tuple(pages))
