"""Exercises beyond a page's own: ``notebooks/exercises/NN.toml``, put at the end of the page when a course is built.

They lie beside the pages and not in the package, which students have: their solutions are in them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any, Final

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from crm_lab.checks import BadInput
from crm_lab.run.suites.notebook_file import NotebookFile
from crm_lab.teach.course.questions import BEGIN, END

FOLDER: Final = "exercises"
_FIELDS: Final = {"task", "solution", "check"}


def course_page(page: NotebookFile) -> NotebookNode:
    """A page as courses have it: the committed one, and its further exercises.

    Raises:
        BadInput: If the file of further exercises cannot be read.
    """
    notebook: NotebookNode = nbformat.read(page.path, as_version=4)
    for n, exercise in enumerate(_exercises(page), start=1):
        notebook.cells += _cells(n, exercise)
    return notebook


def _exercises(page: NotebookFile) -> Iterator[dict[str, Any]]:
    path = page.path.parent / FOLDER / f"{page.number}.toml"
    if not path.is_file():
        return
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("exercise", [])
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} cannot be read: {error}.") from None
    for exercise in found:
        if set(exercise) != _FIELDS:
            raise BadInput(f"{path}: an exercise has {', '.join(exercise)}; it needs {', '.join(sorted(_FIELDS))}.")
        yield exercise


def _cells(n: int, exercise: dict[str, Any]) -> tuple[NotebookNode, NotebookNode]:
    task = new_markdown_cell(exercise["task"], metadata={"tags": ["teaching"]})
    source = f"{BEGIN}\n{exercise['solution'].strip()}\n{END}\n{exercise['check']}"
    code = new_code_cell(source, metadata={"tags": ["teaching", "solution"]})
    task["id"], code["id"] = f"further-task-{n}", f"further-{n}"
    return task, code
