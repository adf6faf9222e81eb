"""The check of parameters inside a notebook, whoever runs it: JupyterLab, papermill, `crm-lab run`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from crm_lab.checks import Problems
from crm_lab.run.parameters.schema import INJECTED_START, Parameter, Schema
from crm_lab.run.parameters.types import UnreadableTypeError, is_kind, type_of


def check_params(namespace: Mapping[str, Any]) -> None:
    """Check, inside a notebook, that the parameters still are what their cell declares.

    Call it as ``check_params(globals())`` after the parameters: it sees what JupyterLab's user typed and
    what papermill injected, and refuses a wrong type, and a name that the cell does not declare.

    Args:
        namespace: The notebook's ``globals()``.

    Raises:
        BadInput: If a value is not of its annotated type, or papermill injected an undeclared name.

    >>> notebook = {"In": ["horizon_days: int = 30"], "horizon_days": "thirty"}  # its globals()
    >>> check_params(notebook)
    Traceback (most recent call last):
    crm_lab.checks.BadInput: The parameters of this notebook cannot be used...
    """
    cells = [str(source) for source in namespace.get("In", ())]
    declared = {
        name: Parameter(name, kind, None) for name, kind in _annotations(namespace, cells).items() if name in namespace
    }
    schema = Schema("this notebook", declared)
    given = {name: namespace[name] for name in declared} | dict.fromkeys(_injected(cells) - set(declared))
    problems = [sentence.removeprefix("this notebook: ") for sentence in schema.problems(given)]
    Problems("The parameters of this notebook cannot be used", problems).raise_any()


def _annotations(namespace: Mapping[str, Any], cells: Iterable[str]) -> dict[str, Any]:
    """Annotated names and their types; those of other types than parameters have are passed over."""
    cells = list(cells)
    if not cells:  # a script: Python keeps the annotations itself
        return {name: kind for name, kind in namespace.get("__annotations__", {}).items() if is_kind(kind)}
    found: dict[str, Any] = {}
    for statement in _statements(cells):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                with suppress(UnreadableTypeError, SyntaxError):
                    found[name] = type_of(annotation)
    return found


def _injected(cells: Iterable[str]) -> set[str]:
    """Names that papermill assigned: its cell starts with a comment of its own."""
    injected = (source for source in cells if source.lstrip().startswith(INJECTED_START + "\n"))
    return {
        target.id
        for statement in _statements(injected)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _statements(cells: Iterable[str]) -> Iterable[ast.stmt]:
    for source in cells:
        try:
            yield from ast.parse(source).body
        except SyntaxError:  # a magic: no parameters in there
            continue
