"""Parameters as jupyter-scheduler writes them: ``name = text`` after the parameters' cell, with nothing in quotes.

They are read as on the command line, by the types that the cell declares, and marked as given: `check_params` refuses
the others with its sentence, instead of Python with a NameError.
"""

from __future__ import annotations

import ast
import os
import re
from contextlib import suppress
from typing import Any, Final

_LINE = re.compile(r"([A-Za-z_]\w*) = (.*)\n?")
_INTERACTIVE: Final = ("JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD")  # somebody types: the cell is a cell


def read_scheduled_parameters(shell: Any) -> None:
    """Have a shell read the cell after the first as parameters, if it is of that form and nobody sits before it."""
    if not set(_INTERACTIVE) & os.environ.keys():
        shell.input_transformers_cleanup.append(lambda lines: _second_cell(shell, lines))


def _second_cell(shell: Any, lines: list[str]) -> list[str]:
    cells = shell.user_ns.get("In", [])
    if shell.execution_count != 2 or len(cells) < 2:
        return lines
    return as_given(lines, str(cells[1]))


def as_given(lines: list[str], declaring: str) -> list[str]:
    r"""The lines of a cell of parameters in Python's words.

    >>> cell = 'bins: int = 5  # how many\nas_of: str = "latest"  # last day\n'
    >>> as_given(["bins = 4\n", "as_of = 2017-11-30"], cell)
    ['# Parameters\n', 'bins = 4\n', "as_of = '2017-11-30'\n"]
    >>> as_given(["import pandas\n"], cell)
    ['import pandas\n']

    Args:
        lines: Of the cell.
        declaring: The cell that declares the parameters.

    Returns:
        The lines as they are, unless each gives one name a value.
    """
    found = [_LINE.fullmatch(line) for line in lines]
    if not found or None in found:
        return lines
    from crm_lab.checks import BadInput
    from crm_lab.run.parameters.schema import INJECTED_START, schema_of

    try:
        declared = schema_of(declaring, "").parameters
    except BadInput:
        return lines
    if not declared:
        return lines
    given = ((match[1], match[2]) for match in found if match)
    return [f"{INJECTED_START}\n", *(f"{name} = {_value(declared.get(name), text)!r}\n" for name, text in given)]


def _value(parameter: Any, text: str) -> Any:
    """The value that a text means for a parameter; as Python reads it, or the text itself, where it means none."""
    from crm_lab.run.parameters.types import NotOfTypeError

    literal: Any = text
    with suppress(ValueError, SyntaxError):
        literal = ast.literal_eval(text)
    if parameter is None or parameter.takes(literal):
        return literal
    try:
        return parameter.from_text(text)
    except NotOfTypeError:
        return literal
