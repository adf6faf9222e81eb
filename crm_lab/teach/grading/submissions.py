"""What came back: whose it is, which page, whether it is a notebook, and what was changed that should not be."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import nbformat
from nbformat import NotebookNode

from crm_lab.messages import Message
from crm_lab.teach.course.course import Course
from crm_lab.teach.course.questions import Question, calls
from crm_lab.teach.course.versions import COVER, is_cell_of

_LARGEST_MB: Final = 20
_MOST_CELLS: Final = 2000
_MOST_CODE: Final = 2_000_000  # characters
_NAMED: Final = 5
_DATA = re.compile(r"data_\w+")
_NOT_OURS = {".parquet", ".csv", ".toml", ".json", ".png", ".html"}  # what a notebook leaves beside it


class NoNotebookError(ValueError):
    """A file is no notebook, for a reason."""

    def __init__(self, reason: Message) -> None:
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True, slots=True)
class Submission:
    """One file that was handed in.

    Attributes:
        path: Where it lies.
        name: Its path inside the folder of submissions.
        student: Id of its student; empty where nobody could be found for it.
        page: Name of its page; empty likewise.
        notebook: Its content; ``None`` where it is no notebook.
        remarks: What is to be said of the file.
        is_named: Whether its folder or name says whose it is; what stands inside anybody can write.
    """

    path: Path
    name: str
    student: str
    page: str
    notebook: NotebookNode | None
    remarks: tuple[Message, ...] = ()
    is_named: bool = True


def collect(folder: Path, course: Course) -> tuple[dict[tuple[str, str], Submission], tuple[Submission, ...]]:
    """The submissions by student and page, and the files that belong to nobody.

    Of two files for the same page the one whose folder or name is the student's counts, then the one with the page's
    own name, else the newer one.
    """
    found: dict[tuple[str, str], list[Submission]] = {}
    strays: list[Submission] = []
    for path in _files(folder):
        one = identify(path, folder, course)
        if one.student and one.page:
            found.setdefault((one.student, one.page), []).append(one)
        elif one.notebook is not None or path.suffix not in _NOT_OURS:
            strays.append(one)
    return {key: _chosen(many) for key, many in found.items()}, tuple(strays)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or _DATA.fullmatch(part) for part in parts)
        if path.is_file() and not path.is_symlink() and not hidden:
            yield path


def _chosen(many: list[Submission]) -> Submission:
    best = max(many, key=lambda s: (s.is_named, s.notebook is not None, s.path.stem == s.page, s.path.stat().st_mtime))
    others = [Message("submission.passed_over", {"file": one.name}) for one in many if one is not best]
    return replace(best, remarks=(*best.remarks, *others))


def identify(path: Path, folder: Path, course: Course) -> Submission:
    """Whose file it is and for which page: by its folder and name first, then by what stands inside."""
    name = str(path.relative_to(folder)).encode(errors="replace").decode()
    remarks: list[Message] = []
    notebook: NotebookNode | None = None
    try:
        notebook = read_notebook(path)
    except NoNotebookError as error:
        remarks.append(Message("submission.no_notebook", {"file": name, "reason": error.reason}))
    about = notebook.metadata["crm_lab"] if notebook is not None else {}
    ids = [student.id for student in course.students]
    named, made_for = _student_in(name, ids), _known(about.get("student"), ids)
    student = named or made_for
    page = _known(about.get("page"), course.pages) or _page_in(path.stem, notebook, course.pages)
    if named and made_for and named != made_for:
        remarks.append(Message("submission.made_for", {"student": made_for}))
    if notebook is not None and page and path.stem != page:
        remarks.append(Message("submission.renamed", {"file": name, "page": f"{page}.ipynb"}))
    return Submission(path, name, student, page, notebook, tuple(remarks), is_named=bool(named))


def _known(value: Any, known: Iterable[str]) -> str:
    return value if isinstance(value, str) and value in known else ""


def _student_in(name: str, ids: Iterable[str]) -> str:
    """The outermost folder that is an id, else the longest id at an end of the file's name.

    Students name their files, and what lies in their folder; who made the folder, they do not say.
    """
    *folders, file = Path(name.casefold()).with_suffix("").parts
    by_key = {id_.casefold(): id_ for id_ in ids}
    if owner := next((by_key[folder] for folder in folders if folder in by_key), ""):
        return owner
    for key in sorted(by_key, key=len, reverse=True):
        if re.search(rf"^{re.escape(key)}(?:[_\s-]|$)|[_\s-]{re.escape(key)}$", file):
            return by_key[key]
    return ""


def _page_in(stem: str, notebook: NotebookNode | None, pages: Iterable[str]) -> str:
    inside = "".join(str(cell.source) for cell in notebook.cells) if notebook is not None else ""
    for page in pages:
        number = page.partition("_")[0]
        if page in stem or f'check("{number}.q' in inside or re.search(rf"(?<!\d){number}(?!\d)", stem):
            return page
    return ""


def read_notebook(path: Path) -> NotebookNode:
    """A notebook of format 4 from a file that anything may stand in.

    Raises:
        NoNotebookError: If it is none; it says why.
    """
    megabytes = path.stat().st_size / 2**20
    if megabytes > _LARGEST_MB:
        raise NoNotebookError(Message("submission.too_large", {"mb": megabytes, "most": _LARGEST_MB}))
    try:
        return _notebook(json.loads(path.read_text(encoding="utf-8-sig")))  # some editors write a mark at the start
    except (ValueError, RecursionError, MemoryError, OSError):
        raise NoNotebookError(Message("submission.no_json")) from None


def _notebook(content: Any) -> NotebookNode:
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NoNotebookError(Message("submission.no_cells"))
    if len(cells) > _MOST_CELLS:
        raise NoNotebookError(Message("submission.too_long", {"most": _MOST_CELLS, "characters": _MOST_CODE}))
    made = [_cell(cell) for cell in cells]
    if sum(len(cell["source"]) for cell in made) > _MOST_CODE:
        raise NoNotebookError(Message("submission.too_long", {"most": _MOST_CELLS, "characters": _MOST_CODE}))
    notebook: NotebookNode = nbformat.from_dict({"cells": made, "metadata": {"crm_lab": _about(content)}})
    return notebook


def _about(content: Mapping[str, Any]) -> dict[str, str]:
    """What a notebook says of whose it is, and of which page; text or nothing."""
    metadata = content.get("metadata")
    about = metadata.get("crm_lab") if isinstance(metadata, dict) else None
    about = about if isinstance(about, dict) else {}
    return {name: value for name in ("student", "page") if isinstance(value := about.get(name), str)}


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    source = cell.get("source", "")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    kept = {"tags": [str(tag) for tag in tags] if isinstance(tags, list) else []}
    id_ = cell.get("id")
    return {
        "cell_type": str(cell.get("cell_type")),
        "source": text,
        "metadata": kept,
        **({"id": id_[:64]} if isinstance(id_, str) else {}),
    }


def edits(handed_in: NotebookNode, handed_out: NotebookNode, asked: tuple[Question, ...]) -> tuple[Message, ...]:
    """What was changed in a notebook beside the answers, a sentence for each kind."""
    found: list[Message] = []
    exercises = {question.cell for question in asked}
    for question in asked:
        cell = next((cell for cell in handed_in.cells if is_cell_of(cell, question)), None)
        if cell is None:
            found.append(Message("submission.exercise_gone", {"question": question.id}))
        elif (n := sum(is_cell_of(cell, question) for cell in handed_in.cells)) > 1:
            found.append(Message("submission.exercise_twice", {"question": question.id, "n": n}))
        elif question.call not in {_without_hint(call) for call in calls(cell.source)}:
            found.append(Message("submission.check_changed", {"question": question.id}))
    there = {cell.get("id"): cell.source for cell in handed_in.cells}
    code = [c for c in handed_out.cells if c.cell_type == "code" and c.id not in exercises | {COVER}]
    gone = [cell.id for cell in code if cell.id not in there]
    changed = [cell.id for cell in code if there.get(cell.id, cell.source).strip() != cell.source.strip()]
    return (*found, *_listed("submission.cells_gone", gone), *_listed("submission.cells_changed", changed))


def _without_hint(call: ast.Call) -> str:
    keywords = [keyword for keyword in call.keywords if keyword.arg != "hint"]
    try:
        return ast.unparse(ast.Call(call.func, call.args, keywords))
    except RecursionError:  # nested deeper than anybody writes
        return ""


def _listed(key: str, ids: list[str]) -> tuple[Message, ...]:
    more = f" … (+{len(ids) - _NAMED})" if len(ids) > _NAMED else ""
    return (Message(key, {"n": len(ids), "cells": ", ".join(ids[:_NAMED]) + more}),) if ids else ()
