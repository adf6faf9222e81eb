"""A page's exercises, read from its cells: one source for the report, the student's notebook and the solution."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Final, cast, get_args

from nbformat import NotebookNode

from crm_lab.checks import BadInput, Problems
from crm_lab.teach.answers import Form

BEGIN: Final = "### BEGIN SOLUTION"
END: Final = "### END SOLUTION"
LONGEST_CELL: Final = 100_000  # characters of code that are looked at
_REGION = re.compile(rf"^{BEGIN}\n(?P<code>.*?)^{END}[ \t]*$", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"\d+\.q\d+")


@dataclass(frozen=True, slots=True)
class Question:
    """One exercise.

    Attributes:
        id: Page and number: ``04.q1``.
        cell: Id of its cell.
        name: The variable that holds the answer.
        form: What kind of answer is wanted.
        digits: Decimals that count.
        task: What the student is asked, as Markdown.
        call: The line that checks it.
    """

    id: str
    cell: str
    name: str
    form: Form
    digits: int
    task: str
    call: str


def questions_of(notebook: NotebookNode) -> tuple[Question, ...]:
    """The exercises of a page, in order.

    Raises:
        BadInput: If a solution has no region, no check, or one that cannot be read; all of them are named.
    """
    problems = Problems("The exercises of the page")
    found: list[Question] = []
    task = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            task = cell.source
        elif "solution" in cell.metadata.get("tags", []):
            question = _question(cell, task, problems)
            found += [question] if question else []
    problems.unless(found, "there is none; tag its cell 'solution' and end it with check(...).")
    ids = [question.id for question in found]
    problems.unless(len(ids) == len(set(ids)), f"an id stands twice: {', '.join(ids)}.")
    problems.raise_any()
    return tuple(found)


def _question(cell: NotebookNode, task: str, problems: Problems) -> Question | None:
    problems.unless(_REGION.search(cell.source), f"{cell.id} has no {BEGIN} ... {END}.")
    match calls(cell.source):
        case [ast.Call(args=[ast.Constant(value=str(id_)), ast.Name(id=name), ast.Constant(value=str(form))]) as call]:
            digits = next((k.value.value for k in call.keywords if k.arg == "digits"), 0)  # type: ignore[attr-defined] # literal
            problems.unless(_ID.fullmatch(id_), f"{cell.id}: the id is {id_!r}; it must be like 04.q1.")
            problems.unless(form in get_args(Form), f"{cell.id}: the form is {form!r}; see crm_lab.check.")
            text = re.sub(r"\A#+ .*\n+", "", task).strip()
            return Question(id_, cell.id, name, cast("Form", form), digits, text, ast.unparse(call))
    problems.unless(False, f'{cell.id} must end with one check("04.q1", answer_1, "count").')
    return None


def calls(source: str) -> list[ast.Call]:
    """The calls of ``check`` that stand by themselves in a cell; none where the cell is no Python."""
    tree = parsed(source)
    found = [statement.value for statement in tree.body if isinstance(statement, ast.Expr)] if tree else []
    return [call for call in found if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "check"]


def parsed(source: str) -> ast.Module | None:
    """The code of a cell that anything may stand in; ``None`` where it is no Python, or longer than anybody writes.

    >>> parsed("x = (") is None, parsed("1 +" * 10**6) is None
    (True, True)
    """
    if len(source) > LONGEST_CELL:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def cut(source: str, blank: str) -> str:
    r"""A cell without its solution, `blank` in its place.

    >>> cut("### BEGIN SOLUTION\nx = 7\n### END SOLUTION\ncheck('04.q1', x, 'count')", "x = ...")
    "x = ...\ncheck('04.q1', x, 'count')"
    """
    return _REGION.sub(lambda _: blank, source)


def solution_code(source: str) -> str:
    """What stands between the marks.

    Raises:
        BadInput: If there are none.
    """
    found = _REGION.search(source)
    if found is None:
        raise BadInput(f"The cell has no {BEGIN} ... {END}.")
    return found["code"]
