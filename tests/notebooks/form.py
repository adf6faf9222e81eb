"""The form of a notebook, as problems found: one sentence each, empty where it is kept."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from crm_lab.mime import RESULT_MIME
from crm_lab.checks import BadInput
from crm_lab.messages import catalogue
from crm_lab.run.committed.canonical import write_text
from crm_lab.run.committed.comparison import never_run
from crm_lab.run.committed.refresh import committed_form
from crm_lab.run.parameters.schema import schema_of
from crm_lab.teach.answers import HINTS
from crm_lab.teach.course.questions import questions_of

MAX_LINES, MAX_BOX_LINES = 12, 20  # "about 10" and "15" of code that a formatter may have broken
FEWEST_CELLS, MOST_CELLS = 15, 30
LONGER = {
    "07": 32,  # kinds, tags and rules are three readings of the same shares
    "20": 32,  # lists, what they are worth, another choice and the next action answer one question
    "19": 42,  # one ledger read by two people: what it owes, and what tiers and invitations bring
}
EXERCISES = 3
SECTIONS = ("Open the box", "Make it yours", "Checks", "What we now know", "Exercises")
FREE = {"parameters", "open-box", "solution"}
_HIDDEN_LOGIC = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.With, ast.AsyncFunctionDef)
_MAGIC = re.compile(r"^\s*[%!]", re.MULTILINE)
_BYTES = 1_500_000


@dataclass(frozen=True)
class Form:
    """One notebook to look at."""

    path: Path

    @cached_property
    def notebook(self):
        return nbformat.read(self.path, as_version=4)

    @property
    def code(self):
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    def tagged(self, tag):
        return [cell for cell in self.notebook.cells if tag in cell.metadata.get("tags", [])]

    def after(self, heading):
        """The code cells of a section."""
        inside, found = False, []
        for cell in self.notebook.cells:
            if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.MULTILINE):
                inside = f"## {heading}" in cell.source
            elif inside and cell.cell_type == "code":
                found.append(cell)
        return found


def title(form):
    number = form.path.stem[:2]
    first = form.notebook.cells[0]
    if first.cell_type != "markdown" or not re.match(rf"# {number} · [^\n]+\?\n", first.source):
        yield f"the first cell must begin with '# {number} · ...?'"


def sections(form):
    headings = "\n".join(c.source for c in form.notebook.cells if c.cell_type == "markdown")
    yield from (f"there is no '## {name}'" for name in SECTIONS if f"## {name}" not in headings)


def parameters(form):
    cells = form.tagged("parameters")
    if len(cells) != 1:
        yield f"{len(cells)} cells are tagged 'parameters'; it must be one"
        return
    try:
        declared = schema_of(cells[0].source, form.path.stem).parameters
    except BadInput as error:
        yield str(error)
        return
    yield from (f"the parameter {name} has no comment" for name, p in declared.items() if not p.comment)
    if not any("check_params(globals())" in cell.source for cell in form.code):
        yield "no cell calls check_params(globals())"


def short_calls(form):
    free = [id(cell) for cell in form.after("Make it yours")]
    for cell in form.code:
        if FREE.intersection(cell.metadata.get("tags", [])) or id(cell) in free:
            continue
        if _MAGIC.search(cell.source):
            yield f"{cell.id}: a magic"
            continue
        tree = ast.parse(cell.source)
        nodes = list(ast.walk(tree))
        yield from (f"{cell.id}: {type(node).__name__}" for node in nodes if isinstance(node, _HIDDEN_LOGIC))
        calls = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
        yield from (f"{cell.id}: {name}()" for name in sorted(calls & {"print", "Path", "open", "exec", "eval", "display"}))
        lines = [line for line in cell.source.splitlines() if line.strip()]
        imports = all(isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) for node in tree.body)
        if len(lines) > MAX_LINES and not imports:
            yield f"{cell.id}: {len(lines)} lines"


def open_box(form):
    cells = form.tagged("open-box")
    if not any("assert_allclose" in cell.source for cell in cells):
        yield "no open-box cell compares with assert_allclose"
    for cell in cells:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        if len(lines) > MAX_BOX_LINES:
            yield f"{cell.id}: {len(lines)} lines in the open box"


def box_can_go(form):
    """Cells use no name that only an open box makes: a suite or a course may leave the boxes out."""
    made, boxed = set(), set()
    for cell in form.code:
        names = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        tags = set(cell.metadata.get("tags", []))
        if "open-box" in tags:
            boxed |= stored - made
        else:
            loaded = {node.id for node in names if isinstance(node.ctx, ast.Load)}
            yield from (f"{cell.id}: uses {name} of the open box" for name in sorted((loaded - stored) & boxed))
            made |= stored
            boxed -= stored


def exercises(form):
    solutions = [cell for cell in form.tagged("solution") if cell.cell_type == "code"]
    if len(solutions) < EXERCISES:
        yield f"{len(solutions)} solutions; there must be {EXERCISES}"
    for cell in solutions:
        if "teaching" not in cell.metadata.tags:
            yield f"{cell.id}: a solution without the tag 'teaching' would be in the report"
        if not re.search(r"^### BEGIN SOLUTION\n.*\S.*^### END SOLUTION", cell.source, re.MULTILINE | re.DOTALL):
            yield f"{cell.id}: no BEGIN SOLUTION / END SOLUTION around the answer"


def answers(form):
    """Each exercise ends with a check that grading can read, q1, q2, q3 of this page; nothing else is called check."""
    try:
        asked = questions_of(form.notebook)
    except BadInput as error:
        yield from error.problems
        return
    wanted = [f"{form.path.stem[:2]}.q{n}" for n in range(1, len(asked) + 1)]
    if [question.id for question in asked] != wanted:
        yield f"the exercises are called {', '.join(q.id for q in asked)}; they must be {', '.join(wanted)}"
    for question in asked:
        levels = [f"hint.{question.id}.{level}" for level in range(1, HINTS + 1)]
        yield from (f"there is no {key} in teach.toml" for key in levels if key not in catalogue("en"))
    for cell in form.code:
        names = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)]
        if any(node.id == "check" and isinstance(node.ctx, ast.Store) for node in names):
            yield f"{cell.id}: a variable is called check, which the exercises need"


def size(form):
    most = LONGER.get(form.path.stem[:2], MOST_CELLS)
    if not FEWEST_CELLS <= len(form.code) <= most:
        yield f"{len(form.code)} code cells; {FEWEST_CELLS} to {most} are a page"
    if form.path.stat().st_size > _BYTES:
        yield f"{form.path.stat().st_size:,} bytes"


def outputs(form):
    missing = never_run(form.notebook)
    if missing:
        yield f"cells {missing} were never run"
    elif write_text(committed_form(form.notebook)) != form.path.read_text(encoding="utf-8"):
        yield "not in canonical form: run 'crm-lab notebooks refresh'"
    shown = [o for cell in form.code for o in cell.outputs]
    if not missing and not any(o.get("data", {}).get(RESULT_MIME, {}).get("headline") for o in shown):
        yield "no result is published as the headline"
    yield from (f"an error: {o.ename}" for o in shown if o.output_type == "error")
    yield from (f"a warning on screen: {o.text[:80]}" for o in shown if o.get("name") == "stderr")


RULES = (title, sections, parameters, short_calls, open_box, box_can_go, exercises, answers, size, outputs)
