"""What a class gets back: marks as CSV, a page for each student, an overview for the instructor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import nbformat
from markupsafe import Markup, escape
from nbformat import NotebookNode

from crm_lab.exports import write_csv_to
from crm_lab.run.html.rendering import environment, write_html
from crm_lab.run.suites.notebook_file import NotebookFile
from crm_lab.teach.answers import HINTS, form_message, hints
from crm_lab.teach.course.task_texts import task_of
from crm_lab.teach.gradebook.comments import with_comments
from crm_lab.teach.gradebook.platform_marks import write_platform_marks
from crm_lab.teach.gradebook.similarity import Likeness, alike
from crm_lab.teach.grading.grades import Graded, StudentGrade
from crm_lab.teach.grading.marking import Mark

TEMPLATES: Final = Path(__file__).parent / "templates"
_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_ITALIC = re.compile(r"\*(.+?)\*")


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """How a class did on one question."""

    id: str
    answered: int
    right: int
    uncounted: int


def write_feedback(graded: Graded, out: Path, *, reveal: bool = False) -> None:
    """Write tables of marks, ``ID.html`` for each student and ``index.html`` into a folder.

    Args:
        graded: The class.
        out: The folder; files of an earlier grading are replaced, but for the comments, which are read.
        reveal: Whether a student's page says the right answers.

    Raises:
        BadInput: If the comments cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    graded = with_comments(graded, out)
    similar = alike(graded.submissions, {name: file_content(page) for name, page in graded.files.items()})
    lang = graded.course.lang
    templates = environment(lang, TEMPLATES)
    shared = {
        "lang": lang,
        "reveal": reveal,
        "questions": {name: page.question(lang) for name, page in graded.files.items()},
        "task": lambda question: task_html(task_of(question, lang)),
        "form": lambda question: form_message(question.form, question.digits).text(lang),
        "hints": lambda question: hints(question.id, HINTS),
    }
    for grade in graded.students:
        html = templates.get_template("feedback.html.j2").render(grade=grade, **shared)
        write_html(out / f"{grade.student.id}.html", html, lang)
    overview = templates.get_template("class.html.j2").render(**_overview(graded), similar=similar, lang=lang)
    write_html(out / "index.html", overview, lang)
    _write_tables(graded, similar, out)
    write_platform_marks(graded, out)


def file_content(page: NotebookFile) -> NotebookNode:
    """A page of a course, read."""
    return nbformat.read(page.path, as_version=4)


def task_html(task: str) -> Markup:
    """The task as HTML: escaped, with the little Markdown that tasks have."""
    text = str(escape(task))
    text = _CODE.sub(r"<code>\1</code>", text)
    text = _ITALIC.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", text))
    return Markup("".join(f"<p>{part}</p>" for part in text.split("\n\n")))  # noqa: S704 - escaped above


def by_question(graded: Graded) -> list[QuestionRow]:
    """How the class did, question by question."""
    marks: dict[str, list[Mark]] = {}
    for _, m in _all_marks(graded):
        marks.setdefault(m.question.id, []).append(m)
    return [
        QuestionRow(
            id_, sum(m.given is not None for m in many), sum(m.right for m in many), sum(not m.counts for m in many)
        )
        for id_, many in marks.items()
    ]


def _all_marks(graded: Graded) -> Iterator[tuple[StudentGrade, Mark]]:
    for grade in graded.students:
        for page in grade.pages:
            for m in page.marks:
                yield grade, m


def _overview(graded: Graded) -> dict[str, Any]:
    scores = [grade.score for grade in graded.students if grade.has_marks]
    return {
        "grades": graded.students,
        "open": sum(not page.has_mark for grade in graded.students for page in grade.pages),
        "pages": graded.course.pages,
        "strays": graded.strays,
        "mean": sum(scores) / len(scores) if scores else 0.0,
        "alike": [(grade, m) for grade, m in _all_marks(graded) if m.like],
        "by_question": by_question(graded),
    }


def _number(points: float) -> int | float:
    """Points as they are written: whole where they are."""
    return int(points) if points == int(points) else points


def _write_tables(graded: Graded, similar: tuple[Likeness, ...], out: Path) -> None:
    import pandas as pd

    lang = graded.course.lang
    marks = [
        {
            "student": grade.student.id,
            "name": grade.student.name,
            "points": _number(grade.points),
            "of": _number(grade.of),
            "score": round(grade.score, 4),
            **{page.page[:2]: _number(page.points) if page.has_mark else "" for page in grade.pages},
            "late": " ".join(f"{page.page[:2]}: {page.late:.0%}" for page in grade.pages if page.late),
            "remarks": " ".join(f"{p.page[:2]}: {r.text(lang)}" for p in grade.pages for r in p.remarks),
        }
        for grade in graded.students
    ]
    answers = [
        {
            "student": grade.student.id,
            "question": m.question.id,
            "answer": "" if m.given is None else m.given,
            "expected": "" if m.expected is None else m.expected,
            "right": m.right,
            "counts": m.counts,
            "points": _number(m.points),
            "comment": m.comment,
            "remark": m.remark.text(lang),
            "like": m.like,
        }
        for grade, m in _all_marks(graded)
    ]
    write_csv_to(pd.DataFrame(marks), out / "marks.csv")
    write_csv_to(pd.DataFrame(answers), out / "answers.csv")
    columns = ["page", "one", "other", "share", "pieces"]
    write_csv_to(pd.DataFrame([asdict(pair) for pair in similar], columns=columns), out / "similar.csv")
