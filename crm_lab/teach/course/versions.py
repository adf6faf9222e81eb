"""One page, three notebooks: the student's, the solution on that student's data, and what runs when it is graded."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from typing import Any, Final

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from crm_lab.messages import LANGUAGES, Message
from crm_lab.run.execution.engine import INJECTED
from crm_lab.run.parameters.schema import INJECTED_START, notebook_schema
from crm_lab.teach.course.course import Assigned, Course
from crm_lab.teach.course.questions import Question, cut, questions_of
from crm_lab.teach.course.roster import Student
from crm_lab.teach.course.task_texts import task_of
from crm_lab.teach.sandbox.sandbox import Cell

BOX: Final = "open-box"
COVER: Final = "cover"
LAST: Final = "after-the-last-cell"
_VERSIONS: Final = tuple(key for lang in LANGUAGES[1:] for key in (lang, f"{lang}_of"))  # of a cell's text


def student_notebook(page: NotebookNode, course: Course, student: Student, name: str) -> NotebookNode:
    """The page as a student gets it: own data, no outputs, answers cut out.

    Args:
        page: The committed page.
        course: Says which data are whose, and the language.
        student: Who gets it.
        name: Name of the page.
    """
    notebook = solution_notebook(page, course.given[student.id][name])
    asked = questions_of(page)
    names = {question.cell: question.name for question in asked}
    _translate(notebook, asked, course.lang)
    for cell in notebook.cells:
        if cell.id in names:
            blank = Message("teach.your_answer").text(course.lang)
            cell.source = cut(cell.source, f"{names[cell.id]} = ...  # {blank}")
            cell.metadata["tags"] = ["teaching"]
    notebook.cells[1:1] = [_cover(course, student), *_language(course)]
    notebook.metadata["crm_lab"] = {"student": student.id, "page": name, "lang": course.lang}
    return notebook


def _translate(notebook: NotebookNode, asked: tuple[Question, ...], lang: str) -> None:
    """Put texts and tasks into the language of the course; a task stands in the text before its cell."""
    for cell in notebook.cells:
        versions = {key: cell.metadata.pop(key) for key in _VERSIONS if key in cell.metadata}
        if cell.cell_type == "markdown" and lang in versions:
            cell.source = versions[lang]
    if lang == LANGUAGES[0]:
        return
    tasks = {question.cell: (question.task, task_of(question, lang)) for question in asked}
    text = None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = cell
        elif cell.id in tasks and text is not None:
            english, translated = tasks[cell.id]
            heading = Message("exercises.heading")
            text.source = text.source.replace(english, translated).replace(heading.text("en"), heading.text(lang))


def solution_notebook(page: NotebookNode, given: Assigned) -> NotebookNode:
    """The page with its solutions on a student's data, without outputs; without open boxes where they do not hold."""
    notebook = copy.deepcopy(page)
    if not given.open_box:
        notebook.cells = [cell for cell in notebook.cells if BOX not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = with_values(cell.source, given.parameters)
    return notebook


def filled_in(student_version: NotebookNode, page: NotebookNode) -> NotebookNode:
    """The student's notebook with the page's solutions typed in, as a student would who knows them all."""
    notebook = copy.deepcopy(student_version)
    solved = {cell.id: cell.source for cell in page.cells}
    exercises = {question.cell for question in questions_of(page)}
    for cell in notebook.cells:
        if cell.id in exercises:
            cell.source = solved[cell.id]
    return notebook


def runnable(
    notebook: NotebookNode, page: NotebookNode, parameters: Mapping[str, Any], asked: tuple[Question, ...]
) -> tuple[Cell, ...]:
    """The cells to run: the notebook's own, with the parameters as they were handed out, answers taken down.

    An answer is the value of its variable after the exercise's cell; where that cell is gone, at the end.

    Args:
        notebook: A submission or a solution.
        page: The committed page, for its parameters.
        parameters: What was handed out.
        asked: The exercises.
    """
    values = {**notebook_schema(page).defaults, **parameters}
    injected = Cell(INJECTED, "\n".join([INJECTED_START, *(f"{n} = {v!r}" for n, v in values.items())]))
    cells: list[Cell] = []
    for position, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
        answers = {question.id: question.name for question in asked if is_cell_of(cell, question)}
        cells.append(Cell(str(cell.get("id", f"cell-{position}")), str(cell.source), answers))
        if "parameters" in cell.metadata.get("tags", []):
            cells.append(injected)
    if injected not in cells:
        cells.insert(0, injected)
    return (*cells, Cell(LAST, "", {question.id: question.name for question in asked}))


def is_cell_of(cell: NotebookNode, question: Question) -> bool:
    """Whether a cell is an exercise's: by its id, or by the check in it where a tool gave it another id."""
    return cell.get("id") == question.cell or f'check("{question.id}"' in str(cell.source)


def with_values(source: str, values: Mapping[str, Any]) -> str:
    """A parameters cell with other defaults, comments kept.

    >>> with_values('source: str = "cdnow"  # data set', {"source": "mine"})
    "source: str = 'mine'  # data set"
    """
    lines = source.split("\n")
    for statement in ast.parse(source).body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in values:
                line = lines[value.lineno - 1].encode()
                end = value.end_col_offset if value.end_lineno == value.lineno else len(line)
                new = line[: value.col_offset] + repr(values[name]).encode() + line[end:]
                lines[value.lineno - 1] = new.decode()
    return "\n".join(lines)


def _cover(course: Course, student: Student) -> NotebookNode:
    text = Message("teach.cover", {"name": student.name or student.id, "id": student.id}).text(course.lang)
    cell = new_markdown_cell(text, metadata={"tags": ["teaching"]})
    cell["id"] = COVER
    return cell


def _language(course: Course) -> list[NotebookNode]:
    """The cell that makes hints and readouts speak the course's language on a student's computer."""
    if course.lang == LANGUAGES[0]:
        return []
    cell = new_code_cell(f'import os\n\nos.environ["CRM_LAB_LANG"] = "{course.lang}"', metadata={"tags": ["teaching"]})
    cell["id"] = "language"
    return [cell]
