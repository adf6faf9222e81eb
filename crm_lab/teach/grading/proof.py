"""``crm-lab teach build --check``: does a course keep what it promises, on every student's data?"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nbformat
from nbformat import NotebookNode

from crm_lab.messages import Message
from crm_lab.teach.answers import Plain, shown
from crm_lab.teach.course.build_course import INSTRUCTOR, STUDENTS
from crm_lab.teach.course.course import Course
from crm_lab.teach.course.questions import BEGIN, END, Question, solution_code
from crm_lab.teach.course.roster import Student
from crm_lab.teach.course.versions import filled_in
from crm_lab.teach.grading.grade import Grader, Options, grader
from crm_lab.teach.grading.grades import PageGrade
from crm_lab.teach.grading.page_source import PageSource
from crm_lab.teach.grading.submissions import Submission
from crm_lab.teach.grading.trials import NotGradedError
from crm_lab.teach.sandbox.pool import each
from crm_lab.teach.sandbox.sandbox import Limits, Ran

_HEX = re.compile(r"(?<![0-9a-zA-Z_])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12,}(?![0-9a-zA-Z_])")
_BASE64 = re.compile(r"(?<![\w+/])(?=[\w+/]*\d)(?=[\w+/]*[A-Z])(?=[\w+/]*[a-z])[A-Za-z0-9+/]{24,}={0,2}(?![\w+/])")
_DIGESTS: Final = ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256")
_TELLING: Final = 4  # digits of an answer that would not stand in a notebook by chance
_SHORTEST_LINE: Final = 16


@dataclass(frozen=True, slots=True)
class Proof:
    """What the check of a course found; `problems` is empty where it keeps its promises.

    Attributes:
        problems: A sentence each.
        notes: What an instructor may want to know.
        runs: Notebooks that were run.
    """

    problems: tuple[Message, ...]
    notes: tuple[Message, ...]
    runs: int


def prove(course_at: Path, limits: Limits, jobs: int) -> Proof:
    """Run every solution on every student's data, and the first student's filled and blank notebooks as submissions.

    Args:
        course_at: The built course.
        limits: Of one notebook.
        jobs: Students at once.
    """
    course = Course.read(course_at / INSTRUCTOR)
    problems: list[Message] = []
    with grader(course, course_at, Options(limits, jobs)) as at_work:
        runs = dict(zip(course.students, each(at_work.expected, course.students, jobs), strict=True))
        answers = {student: {name: _answers(ran) for name, ran in pages.items()} for student, pages in runs.items()}
        for student, pages in runs.items():
            for name, ran in pages.items():
                folder = course_at / STUDENTS / student.id
                problems += _unsolved(student, at_work.pages[name], ran)
                problems += leaks(folder / f"{name}.ipynb", at_work.pages[name], answers[student][name], student)
        first = course.students[0]
        for name, page in at_work.pages.items():
            problems += _scores(at_work, first, page, course_at / STUDENTS / first.id, runs[first][name])
    problems += [Message("proof.same_answers", pair) for pair in _alike(answers)]
    notes = tuple(Message("proof.one_answer", {"question": q}) for q in _constant(answers))
    return Proof(tuple(problems), notes, len(course.pages) * (len(course.students) + 2))


def _answers(ran: Ran) -> dict[str, Plain]:
    return {question: taken.get("value") for question, taken in ran.answers.items()}


def _unsolved(student: Student, page: PageSource, ran: Ran) -> Iterator[Message]:
    where = {"student": student.id, "page": page.file.name}
    for cell in ran.errors:
        yield Message("proof.cell_fails", {**where, "cell": cell.id, "error": f"{cell.error}: {cell.words}"})
    if ran.ended != "done":
        yield Message("proof.not_ended", {**where, "cell": str(ran.at)})
    for question in page.questions:
        if ran.answers.get(question.id, {}).get("value") is None:
            yield Message("proof.no_answer", {**where, "question": question.id})


def _scores(at_work: Grader, student: Student, page: PageSource, folder: Path, solved: Ran) -> Iterator[Message]:
    """The student's own file as a submission: filled in with the solutions, and as it is."""
    path = folder / page.file.path.name
    blank = nbformat.read(path, as_version=4)
    full = filled_in(blank, page.content)
    for notebook, share in ((full, 1.0), (blank, 0.0)):
        handed_in = Submission(path, path.name, student.id, page.file.name, notebook)
        try:
            graded = at_work.grade_page(student, page, handed_in, solved)
        except NotGradedError as error:
            yield Message("proof.not_ended", {"student": student.id, "page": page.file.name, "cell": str(error)})
            return
        if graded.points != share * len(page.questions):
            yield _score_message(page, graded, share)


def _score_message(page: PageSource, graded: PageGrade, share: float) -> Message:
    key = "proof.solution_score" if share else "proof.blank_score"
    return Message(key, {"page": page.file.name, "points": graded.points, "of": len(page.questions)})


def leaks(path: Path, page: PageSource, answers: Mapping[str, Plain], student: Student) -> Iterator[Message]:
    """What a student's file gives away: outputs, solutions, answers as text or behind a hash.

    Args:
        path: The student's notebook.
        page: The committed page.
        answers: The right answers on that student's data.
        student: Whose it is.
    """
    raw = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(raw, as_version=4)
    where = {"student": student.id, "page": page.file.name}
    if any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells):
        yield Message("proof.leak_output", where)
    text = _text(notebook)
    for line in _solution_lines(page):
        if line in text:
            yield Message("proof.leak_solution", {**where, "line": line})
    for token in {*_HEX.findall(raw), *_BASE64.findall(raw)}:
        yield Message("proof.leak_hash", {**where, "token": token})
    for question in page.questions:
        if any(re.search(rf"(?<![\d.,]){re.escape(t)}(?!\d)", text) for t in _telling(answers, question)):
            yield Message("proof.leak_answer", {**where, "question": question.id})
        if opened := opens(raw, answers.get(question.id), question, student):
            yield Message("proof.leak_hash", {**where, "token": opened})


def _text(notebook: NotebookNode) -> str:
    return "\n".join([*(cell.source for cell in notebook.cells), json.dumps(notebook.metadata)])


def _solution_lines(page: PageSource) -> Iterator[str]:
    """Lines that stand in solutions only."""
    exercises = {question.cell for question in page.questions}
    elsewhere = "\n".join(cell.source for cell in page.content.cells if cell.id not in exercises)
    yield from (BEGIN, END)
    for cell in page.content.cells:
        if cell.id in exercises:
            lines = (line.strip() for line in solution_code(cell.source).splitlines())
            yield from (line for line in lines if len(line) >= _SHORTEST_LINE and line not in elsewhere)


def _telling(answers: Mapping[str, Plain], question: Question) -> set[str]:
    """The ways an answer would be written, where it has digits enough to be known by them."""
    value = answers.get(question.id)
    if value is None or isinstance(value, str):
        return set()
    forms = {shown(value, question.form, question.digits), f"{value:.{question.digits}f}", repr(value)}
    return {form for form in forms if sum(c.isdigit() for c in form.lstrip("0.-")) >= _TELLING}


def opens(raw: str, value: Plain, question: Question, student: Student) -> str:
    """The first digest of an answer, rounded in any way and salted with what the file says, that stands in a file."""
    if value is None:
        return ""
    rounded = {str(value), *(f"{value:.{d}f}" for d in range(7) if not isinstance(value, str))}
    salts = ("", student.id, question.id, f"{student.id}{question.id}", f"{question.id}{student.id}")
    for text in sorted(rounded):
        for salted in {f"{salt}{text}" for salt in salts} | {f"{text}{salt}" for salt in salts}:
            for name in _DIGESTS:
                digest = hashlib.new(name, salted.encode(), usedforsecurity=False).digest()
                for written in (digest.hex()[:8], base64.b64encode(digest).decode()[:8]):
                    if written in raw:
                        return written
    return ""


def _alike(answers: Mapping[Student, Mapping[str, Mapping[str, Plain]]]) -> Iterator[dict[str, Any]]:
    """Pairs of students with the same answers to all questions of a page."""
    seen: dict[tuple[object, ...], Student] = {}
    for student, pages in answers.items():
        for page, given in pages.items():
            key = (page, *sorted(given.items()))
            other = seen.setdefault(key, student)
            if other != student:
                yield {"page": page, "one": other.id, "other": student.id}


def _constant(answers: Mapping[Student, Mapping[str, Mapping[str, Plain]]]) -> list[str]:
    """Questions to which everybody has the same answer, in a class of three or more."""
    by_question: dict[str, set[Plain]] = {}
    for pages in answers.values():
        for given in pages.values():
            for question, value in given.items():
                by_question.setdefault(question, set()).add(value)
    return [q for q, values in by_question.items() if len(values) == 1 and len(answers) >= 3]
