"""What a class gets back: marks as CSV, a page for each student, an overview for the instructor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

from crm_lab.exports import write_csv_to
from crm_lab.run.html.rendering import environment, write_html
from crm_lab.teach.answers import HINTS, form_message, hints
from crm_lab.teach.course.questions import Question
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
    """Write ``marks.csv``, ``answers.csv``, ``ID.html`` for each student and ``index.html`` into a folder.

    Args:
        graded: The class.
        out: The folder; files of an earlier grading are replaced.
        reveal: Whether a student's page says the right answers.
    """
    out.mkdir(parents=True, exist_ok=True)
    lang = graded.course.lang
    templates = environment(lang, TEMPLATES)
    shared = {
        "lang": lang,
        "reveal": reveal,
        "questions": {name: page.question(lang) for name, page in graded.files.items()},
        "task": task_html,
        "form": lambda question: form_message(question.form, question.digits).text(lang),
        "hints": lambda question: hints(question.id, HINTS),
    }
    for grade in graded.students:
        html = templates.get_template("feedback.html.j2").render(grade=grade, **shared)
        write_html(out / f"{grade.student.id}.html", html, lang)
    overview = templates.get_template("class.html.j2").render(**_overview(graded), lang=lang)
    write_html(out / "index.html", overview, lang)
    _write_tables(graded, out)


def task_html(question: Question) -> Markup:
    """The task as HTML: escaped, with the little Markdown that tasks have."""
    text = str(escape(question.task))
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
    scores = [grade.score for grade in graded.students]
    return {
        "grades": graded.students,
        "pages": graded.course.pages,
        "strays": graded.strays,
        "mean": sum(scores) / len(scores) if scores else 0.0,
        "alike": [(grade, m) for grade, m in _all_marks(graded) if m.like],
        "by_question": by_question(graded),
    }


def _write_tables(graded: Graded, out: Path) -> None:
    import pandas as pd

    lang = graded.course.lang
    marks = [
        {
            "student": grade.student.id,
            "name": grade.student.name,
            "points": grade.points,
            "of": grade.of,
            "score": round(grade.score, 4),
            **{page.page[:2]: page.points for page in grade.pages},
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
            "remark": m.remark.text(lang),
            "like": m.like,
        }
        for grade, m in _all_marks(graded)
    ]
    write_csv_to(pd.DataFrame(marks), out / "marks.csv")
    write_csv_to(pd.DataFrame(answers), out / "answers.csv")
