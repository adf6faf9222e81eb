"""The list of students: a CSV with a column ``id`` and, if wanted, ``name``."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crm_lab.checks import BadInput, Problems

_ID_HEADS: Final = ("id", "student", "student_id", "学号")
_NAME_HEADS: Final = ("name", "姓名")
_SAFE = re.compile(r"[\w@+][\w.@+-]{0,63}")
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Student:
    """One student; the id names folder and files."""

    id: str
    name: str = ""


def read_students(path: Path) -> tuple[Student, ...]:
    """The students of a list, in its order.

    Args:
        path: CSV in UTF-8 or, as Excel in China writes it, GB 18030; separated by commas, semicolons or tabs.

    Raises:
        BadInput: If ids are missing, stand twice or cannot name a folder, with counts; or there are no students.
    """
    rows = _rows(path)
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    at = _column(head, _ID_HEADS)
    if at is None:
        raise BadInput(f"{path} has no column 'id'; its first line is {', '.join(head) or 'empty'}.")
    name_at = _column(head, _NAME_HEADS)
    numbered = [(n, row) for n, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    students = [(n, Student(_cell(row, at), _cell(row, name_at))) for n, row in numbered]
    problems = Problems(f"The student list {path}")
    problems.extend(_problems(students))
    problems.unless(students, "it names nobody; write one student a line.")
    problems.raise_any()
    return tuple(student for _, student in students)


def _rows(path: Path) -> list[list[str]]:
    if not path.is_file():
        raise BadInput(f"There is no student list {path}; name a CSV file with a column 'id'.")
    for encoding in _ENCODINGS:
        try:
            text = path.read_bytes().decode(encoding)
        except UnicodeDecodeError:
            continue
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        return list(csv.reader(text.splitlines(), delimiter=delimiter))
    raise BadInput(f"{path} is no text in UTF-8 or GB 18030; save it as 'CSV UTF-8'.")


def _column(head: list[str], names: Iterable[str]) -> int | None:
    return next((head.index(name) for name in names if name in head), None)


def _cell(row: list[str], at: int | None) -> str:
    return row[at].strip() if at is not None and at < len(row) else ""


def _problems(students: list[tuple[int, Student]]) -> list[str]:
    rows_of = defaultdict[str, list[int]](list)
    for n, student in students:
        rows_of[student.id.casefold()].append(n)
    missing = rows_of.pop("", [])
    twice = {id_: rows for id_, rows in rows_of.items() if len(rows) > 1}
    unsafe = [student.id for _, student in students if student.id and not _SAFE.fullmatch(student.id)]
    found = []
    if missing:
        found.append(f"{len(missing)} of {len(students)} ids are missing: rows {_some(missing)}.")
    if twice:
        listed = _some(f"{id_} (rows {', '.join(map(str, rows))})" for id_, rows in twice.items())
        found.append(f"{len(twice)} ids stand more than once (capitals do not count): {listed}.")
    if unsafe:
        listed = _some(map(repr, unsafe))
        found.append(f"{len(unsafe)} ids cannot name a folder: {listed}; use letters, digits and . _ - @ + only.")
    return found


def _some(things: Iterable[object]) -> str:
    named = [str(thing) for thing in things]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more
