"""Comments and points by hand: ``grades/comments.csv``, written by people, read at every grading, never overwritten."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from crm_lab.checks import BadInput, Problems
from crm_lab.teach.grading.grades import Graded, PageGrade, StudentGrade

COMMENTS_FILE: Final = "comments.csv"
_COLUMNS: Final = ("student", "question", "points", "comment")


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said of an answer, and the points they gave it; ``None`` where the marking stands."""

    points: float | None
    text: str


Key = tuple[str, str]


def with_comments(graded: Graded, folder: Path) -> Graded:
    """The class with what was said by hand; an empty file to write into where there is none yet.

    Args:
        graded: The class.
        folder: Of its grades.

    Raises:
        BadInput: If a line names nobody, no question, or no number; all of them are named.
    """
    path = folder / COMMENTS_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(",".join(_COLUMNS) + "\n", encoding="utf-8-sig")
        return graded
    known = {(g.student.id, m.question.id): m.weight for g in graded.students for p in g.pages for m in p.marks}
    comments = _read(path, known)
    return replace(graded, students=tuple(_student(grade, comments) for grade in graded.students))


def _read(path: Path, known: Mapping[Key, float]) -> dict[Key, Comment]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    problems, found = Problems(f"The comments {path}"), dict[Key, Comment]()
    for line, row in enumerate(rows, start=2):
        key = ((row.get("student") or "").strip(), (row.get("question") or "").strip())
        problems.unless(key in known, f"line {line}: there is no student {key[0]!r} with a question {key[1]!r}.")
        problems.unless(key not in found, f"line {line}: {key[0]} has a comment on {key[1]} already.")
        try:
            points = _points(row.get("points") or "")
        except BadInput as error:
            problems.unless(False, f"line {line}: {error}")
            continue
        found[key] = Comment(points, (row.get("comment") or "").strip())
    problems.raise_any()
    return found


def _points(text: str) -> float | None:
    """Points as they were typed; ``None`` where nothing was.

    >>> _points(" 1,5 "), _points("")
    (1.5, None)
    """
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        points = float(text)
    except ValueError:
        points = -1.0
    if not 0 <= points < float("inf"):
        raise BadInput(f"the points are {text!r}; write a number, 0 or more, or nothing.")
    return points


def _student(grade: StudentGrade, comments: Mapping[Key, Comment]) -> StudentGrade:
    return replace(grade, pages=tuple(_page(page, grade.student.id, comments) for page in grade.pages))


def _page(page: PageGrade, student: str, comments: Mapping[Key, Comment]) -> PageGrade:
    marks = []
    for mark in page.marks:
        said = comments.get((student, mark.question.id))
        marks.append(replace(mark, by_hand=said.points, comment=said.text) if said else mark)
    return replace(page, marks=tuple(marks))
