"""``crm-lab teach export``: pages as assignments of nbgrader, for courses that run on it.

nbgrader gives everybody the same notebook, so these keep the page's own data; the expected answers are those of its
committed outputs and stand in hidden tests, which nbgrader takes out of what students get.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from crm_lab.checks import BadInput
from crm_lab.run.committed.canonical import write_text
from crm_lab.run.suites.notebook_file import NotebookFile
from crm_lab.teach.answers import Plain
from crm_lab.teach.course.questions import Question
from crm_lab.teach.grading.marking import tolerance
from crm_lab.teach.grading.page_source import PageSource

_SCHEMA: Final = 3  # of nbgrader's cell metadata
CONFIG: Final = '''"""nbgrader's settings for this course."""

c = get_config()  # noqa: F821 - nbgrader gives it
c.CourseDirectory.course_id = "crm_lab"
'''


def export(pages: Sequence[NotebookFile], out: Path) -> None:
    """Write a course folder of nbgrader: ``source/PAGE/PAGE.ipynb`` for each page, and its settings.

    Args:
        pages: Committed pages.
        out: A folder that does not exist yet, or is empty.

    Raises:
        BadInput: If the folder is in use, or a page was never run.
    """
    unused(out)
    made = {page: write_text(assignment(PageSource.read(page))) for page in pages}
    for page, text in made.items():
        folder = out / "source" / page.name
        folder.mkdir(parents=True)
        (folder / page.path.name).write_text(text, encoding="utf-8")
    (out / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")


def unused(out: Path) -> None:
    """See to it that a folder can be written into.

    Raises:
        BadInput: If it holds files.
    """
    if out.exists() and any(out.iterdir()):
        raise BadInput(f"{out} already holds files; name a new folder with --out, or empty it.")


def assignment(page: PageSource) -> NotebookNode:
    """A page with nbgrader's marks on its exercises, and a cell of hidden tests behind each.

    Raises:
        BadInput: If the page's outputs hold no answer to one of its questions.
    """
    missing = [question.id for question in page.questions if page.published.get(question.id) is None]
    if missing:
        raise BadInput(
            f"{page.file.name} has no answer to {', '.join(missing)} in its outputs; "
            f"run 'crm-lab notebooks refresh {page.file.number}'."
        )
    return marked_up(page.content, page.questions, lambda question: hidden_test(question, page.published[question.id]))


def marked_up(content: NotebookNode, questions: Sequence[Question], hidden: Callable[[Question], str]) -> NotebookNode:
    """A notebook without outputs, with nbgrader's marks on its exercises and a cell of tests behind each.

    Args:
        content: The notebook.
        questions: Its exercises.
        hidden: The hidden test of each; empty in what students get.
    """
    notebook = copy.deepcopy(content)
    asked = {question.cell: question for question in questions}
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cells.append(cell)
        if question := asked.get(cell.id):
            cell.metadata["nbgrader"] = _marks(question.id, solution=True)
            cells.append(_tests(question, hidden(question)))
    notebook.cells = cells
    return notebook


def _tests(question: Question, hidden: str) -> NotebookNode:
    source = question.call
    if hidden:
        source += f"\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
    cell = new_code_cell(
        source, metadata={"nbgrader": _marks(f"{question.id}-test", grade=True, locked=True, points=1)}
    )
    cell["id"] = f"{question.cell}-test"
    return cell


def hidden_test(question: Question, expected: Plain) -> str:
    """The assertion that an answer is right, in plain Python.

    >>> q = Question("04.q1", "solution", "answer_1", "share", 3, "", "")
    >>> hidden_test(q, 0.21549)
    'assert abs(float(answer_1) - 0.21549) <= 0.001, "04.q1"'
    """
    if isinstance(expected, str):
        return f'assert str({question.name}).strip().casefold() == {expected.casefold()!r}, "{question.id}"'
    return f'assert abs(float({question.name}) - {expected!r}) <= {tolerance(question):.6g}, "{question.id}"'


def _marks(grade_id: str, **given: Any) -> dict[str, Any]:
    blank = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": _SCHEMA}
    return {**blank, "grade_id": grade_id.replace(".", "-"), **given}
