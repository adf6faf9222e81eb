"""``crm-lab teach export --course``: a built course for nbgrader, everybody with data of their own.

nbgrader knows one notebook an assignment, so the hidden tests of that one hold everybody's right answers and take those
of the student in whose folder they run. What students get is made here: nbgrader has no version for each of them.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from crm_lab.checks import BadInput
from crm_lab.run.committed.canonical import write_text
from crm_lab.teach.answers import Plain
from crm_lab.teach.course.course import Course
from crm_lab.teach.course.questions import Question
from crm_lab.teach.course.roster import Student
from crm_lab.teach.course.versions import student_notebook
from crm_lab.teach.grading.export import CONFIG, marked_up, unused
from crm_lab.teach.grading.grade import Grader, Options, grader
from crm_lab.teach.grading.marking import tolerance
from crm_lab.teach.grading.trials import fault_in_solution
from crm_lab.teach.sandbox.pool import each

ROSTER: Final = "students.csv"
Answers = Mapping[str, Mapping[str, Plain]]  # by student's id and question


def export_course(course_at: Path, out: Path, options: Options) -> Course:
    """Write a course folder of nbgrader: ``source/PAGE/``, ``students/ID/PAGE/``, the students as CSV, its settings.

    Args:
        course_at: The built course.
        out: A folder that does not exist yet, or is empty.
        options: How solutions are run.

    Returns:
        The course.

    Raises:
        BadInput: If the folder is in use, or a page's data are files or a solution has no answer.
    """
    unused(out)
    course = Course.read(course_at / "instructor")
    files = sorted({page for given in course.given.values() for page, data in given.items() if data.folder})
    if files:
        raise BadInput(
            f"{', '.join(files)}: data of these pages are files of each student, and nbgrader hands the same files to "
            f"everybody; grade with 'crm-lab teach grade', or build the course without them."
        )
    with grader(course, course_at, options) as at_work:
        found = each(lambda student: _answers(at_work, student), course.students, options.jobs)
        answers = {student.id: given for student, given in zip(course.students, found, strict=True)}
    for name, page in at_work.pages.items():
        master = marked_up(page.content, page.questions, lambda question: hidden_table(question, answers, course.salt))
        _write(out / "source" / name / page.file.path.name, write_text(master))
        for student in course.students:
            own = marked_up(student_notebook(page.content, course, student, name), page.questions, lambda _: "")
            _write(out / "students" / student.id / name / page.file.path.name, write_text(own))
    _write_roster(course, out / ROSTER)
    _write(out / "nbgrader_config.py", CONFIG)
    return course


def _answers(at_work: Grader, student: Student) -> dict[str, Plain]:
    found: dict[str, Plain] = {}
    for page in at_work.pages.values():
        ran = at_work.solved(student, page)
        values = {question.id: ran.answers.get(question.id, {}).get("value") for question in page.questions}
        missing = [question for question, value in values.items() if value is None]
        if missing or (fault := fault_in_solution(ran, ())):
            reason = f"no answer to {', '.join(missing)}" if missing else fault
            raise BadInput(f"The solution of {page.file.name} does not run on the data of {student.id}: {reason}.")
        found |= values
    return found


def hidden_table(question: Question, answers: Answers, salt: str) -> str:
    """The assertion that an answer is right on the data of the student in whose folder it runs.

    Feedback shows the test, so the table names nobody: its keys are digests.

    >>> q = Question("04.q1", "solution", "answer_1", "share", 3, "", "")
    >>> "ada" in hidden_table(q, {"ada": {"04.q1": 0.21549}}, "word")
    False
    """
    word = hashlib.sha256(f"nbgrader {salt}".encode()).hexdigest()[:16]
    table = {key_of(student, word): given[question.id] for student, given in answers.items()}
    lines = [
        "import hashlib as _hashlib, pathlib as _pathlib",
        f"_who = '{word}' + _pathlib.Path.cwd().parent.name",
        f"_right = {table!r}[_hashlib.sha256(_who.encode()).hexdigest()[:16]]",
    ]
    if question.form == "label":
        lines.append(f'assert str({question.name}).strip().casefold() == str(_right).casefold(), "{question.id}"')
    else:
        lines.append(f'assert abs(float({question.name}) - _right) <= {tolerance(question):.6g}, "{question.id}"')
    return "\n".join(lines)


def key_of(student: str, word: str) -> str:
    """What stands for a student in a table that others may see."""
    return hashlib.sha256(f"{word}{student}".encode()).hexdigest()[:16]


def _write_roster(course: Course, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "first_name", "last_name", "email"])
        rows.writerows([student.id, "", student.name, ""] for student in course.students)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
