"""Marks as CSV files that learning platforms read: Moodle's grade import and Canvas' gradebook."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from crm_lab.teach.grading.grades import Graded, StudentGrade

MOODLE_FILE: Final = "moodle.csv"
CANVAS_FILE: Final = "canvas.csv"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write_platform_marks(graded: Graded, folder: Path) -> None:
    """Write ``moodle.csv`` and ``canvas.csv``.

    Moodle: *Grades, Import, CSV file*, the column ``idnumber`` (or ``username``) mapped to the user, one grade item a
    page. Canvas: *Grades, Import*; ``SIS Login ID`` finds the student, a page is an assignment, made if need be.

    Args:
        graded: The class.
        folder: Of its grades.
    """
    _write(folder / MOODLE_FILE, _moodle(graded))
    _write(folder / CANVAS_FILE, _canvas(graded))


def _moodle(graded: Graded) -> Iterable[list[str]]:
    yield ["idnumber", "username", "fullname", *graded.course.pages, "total"]
    for grade in graded.students:
        total = f"{grade.points:g}" if grade.has_marks else ""
        yield [grade.student.id, grade.student.id, _text(grade.student.name), *_points(grade), total]


def _canvas(graded: Graded) -> Iterable[list[str]]:
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *graded.course.pages]
    most = [max((grade.pages[i].of for grade in graded.students), default=0) for i in range(len(graded.course.pages))]
    yield ["    Points Possible", "", "", "", "", *(f"{points:g}" for points in most)]
    for grade in graded.students:
        yield [_text(grade.student.name or grade.student.id), "", "", grade.student.id, "", *_points(grade)]


def _points(grade: StudentGrade) -> list[str]:
    """Points by page; nothing where there is no mark, so that an import changes nothing."""
    return [f"{page.points:g}" if page.has_mark else "" for page in grade.pages]


def _text(name: str) -> str:
    """A name that cannot start a spreadsheet formula; ids stay as they are, or nobody would be found by them."""
    return f"'{name}" if name.startswith(_FORMULA) else name


def _write(path: Path, rows: Iterable[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
