"""``crm-lab teach build``: a folder of notebooks and data for each student, and one for the instructor."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nbformat import NotebookNode

from crm_lab.checks import BadInput
from crm_lab.exports import whole_folder
from crm_lab.run.committed.canonical import write_text
from crm_lab.run.suites.notebook_file import NotebookFile, notebooks, pick
from crm_lab.teach.course.course import COURSE_FILE, Assigned, Course
from crm_lab.teach.course.further_exercises import course_page
from crm_lab.teach.course.marking_policy import POLICY_FILE, POLICY_TEMPLATE
from crm_lab.teach.course.questions import questions_of
from crm_lab.teach.course.roster import Student
from crm_lab.teach.course.versions import student_notebook

STUDENTS: Final = "students"
INSTRUCTOR: Final = "instructor"
SUBMITTED: Final = "submitted"
PAGES: Final = "notebooks"


def new_salt() -> str:
    """A word that nobody guesses."""
    return secrets.token_hex(8)


def find_pages(root: Path, names: Sequence[str]) -> tuple[NotebookFile, ...]:
    """The pages of a course by number or name, each once, in order.

    Raises:
        BadInput: If one is unknown, or its exercises cannot be read.
    """
    known = notebooks(root)
    chosen = sorted({pick(name, list(known)) for name in names})
    for name in chosen:
        try:
            questions_of(course_page(known[name]))
        except BadInput as error:
            raise BadInput(f"{name} is no page for a course", error.problems) from None
    return tuple(known[name] for name in chosen)


def build(course: Course, pages: Sequence[NotebookFile], out: Path) -> None:
    """Write a course: all of it or nothing.

    ``students/ID/`` is for that student alone, ``instructor/`` for nobody else, ``submitted/`` for what comes back.

    Args:
        course: What to write.
        pages: Its notebooks.
        out: A folder that does not exist yet, or is empty.

    Raises:
        BadInput: If the folder is in use, or a page cannot have data of one's own.
    """
    if out.exists() and any(out.iterdir()):
        raise BadInput(f"{out} already holds files; name a new folder with --out, or empty it.")
    with whole_folder(out) as part:
        _write_instructor(course, pages, part / INSTRUCTOR)
        (part / SUBMITTED).mkdir()
        contents = {page.name: course_page(page) for page in pages}
        for student in course.students:
            folder = part / STUDENTS / student.id
            folder.mkdir(parents=True)
            for page in pages:
                _write_page(folder, course, student, page, contents[page.name])


def _write_instructor(course: Course, pages: Sequence[NotebookFile], folder: Path) -> None:
    (folder / PAGES).mkdir(parents=True)
    (folder / COURSE_FILE).write_text(course.to_json(), encoding="utf-8")
    (folder / POLICY_FILE).write_text(POLICY_TEMPLATE, encoding="utf-8")
    for page in pages:
        (folder / PAGES / page.path.name).write_text(write_text(course_page(page)), encoding="utf-8")


def _write_page(folder: Path, course: Course, student: Student, page: NotebookFile, content: NotebookNode) -> None:
    write_data(course.given[student.id][page.name], folder)
    notebook = student_notebook(content, course, student, page.name)
    (folder / page.path.name).write_text(write_text(notebook), encoding="utf-8")


def write_data(given: Assigned, folder: Path) -> None:
    """A student's simulated retailer, where there is to be one and it is not there yet; its key stays unwritten."""
    from crm_lab.simulate import prepare, write_retailer

    target = folder / given.folder
    if given.scenario and not target.exists():
        write_retailer(prepare(given.scenario, given.customers, given.seed), target)


def instructors_pages(folder: Path, course: Course) -> tuple[NotebookFile, ...]:
    """The pages as they were when the course was built.

    Raises:
        BadInput: If one is missing.
    """
    files = tuple(NotebookFile(folder / PAGES / f"{name}.ipynb") for name in course.pages)
    missing = [file.path.name for file in files if not file.path.is_file()]
    if missing:
        raise BadInput(f"{folder / PAGES} lacks {', '.join(missing)}; build the course again.")
    return files
