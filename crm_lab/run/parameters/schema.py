"""A notebook's parameters: read from its cell without running it, checked before a kernel starts."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from crm_lab.checks import BadInput, Problems
from crm_lab.run.parameters.bounds import Bounds, bounds_in
from crm_lab.run.parameters.types import (
    NotOfTypeError,
    UnreadableTypeError,
    choices,
    describe,
    from_text,
    json_schema,
    spelled,
    type_of,
    validated,
)

INJECTED_START = "# Parameters"
LATEST = "latest"
_AS_OF = "as_of"
_AS_OF_RULE = f'a date like 2017-12-31, or "{LATEST}"'


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: ``name: kind = default  # comment``."""

    name: str
    kind: Any
    default: Any
    comment: str = ""

    @property
    def rule(self) -> str:
        """What it must be, in words."""
        return _AS_OF_RULE if self.name == _AS_OF else describe(self.kind) + self.bounds.words()

    @property
    def bounds(self) -> Bounds:
        """Within what a number must lie, as its comment says."""
        return bounds_in(self.comment)

    @property
    def spelled(self) -> str:
        """Its type as written in the cell."""
        return spelled(self.kind)

    @property
    def choices(self) -> tuple[Any, ...]:
        """The closed list of its values, empty where it is open."""
        return choices(self.kind)

    def takes(self, given: Any) -> bool:
        """Whether a value can be used as it is."""
        try:
            self.value(given)
        except NotOfTypeError:
            return False
        return True

    def value(self, given: Any) -> Any:
        """The value as the notebook will see it; dates become ISO text.

        Raises:
            NotOfTypeError: If it cannot be used.
        """
        if isinstance(given, date):
            given = given.isoformat()
        return self._known_date(self._inside(validated(given, self.kind)))

    def from_text(self, text: str) -> Any:
        """The value that a text on the command line means.

        Raises:
            NotOfTypeError: If it means none.
        """
        return self._known_date(self._inside(from_text(text, self.kind)))

    def _inside(self, value: Any) -> Any:
        if not self.bounds.take(value):
            raise NotOfTypeError(repr(value))
        return value

    def _known_date(self, value: Any) -> Any:
        if self.name == _AS_OF and isinstance(value, str) and value != LATEST:
            try:
                return date.fromisoformat(value).isoformat()
            except ValueError as error:
                raise NotOfTypeError(repr(value)) from error
        return value


@dataclass(frozen=True)
class Schema:
    """The parameters of one notebook, by name, in the order of the cell."""

    notebook: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    has_cell: bool = True

    @property
    def defaults(self) -> dict[str, Any]:
        """What every parameter is unless given."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def problems(self, given: Mapping[str, Any], into: MutableMapping[str, Any] | None = None) -> list[str]:
        """What is wrong with given values, a sentence each.

        Args:
            given: Values by name. Text may stand for any type, as on the command line, if it is a `Text`.
            into: Receives the usable values.
        """
        found = []
        for name, value in given.items():
            parameter = self.parameters.get(name)
            if parameter is None:
                found.append(self._unknown(name))
                continue
            try:
                usable = parameter.from_text(value) if isinstance(value, Text) else parameter.value(value)
            except NotOfTypeError:
                found.append(f"{self.notebook}: {name} is {_shown(value)}; it must be {parameter.rule}.")
                continue
            if into is not None:
                into[name] = usable
        return found

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Given values as the notebook will see them.

        Raises:
            BadInput: If any is unknown or not of its type; all of them are named.
        """
        usable: dict[str, Any] = {}
        problems = Problems("The parameters cannot be used", self.problems(given, usable))
        problems.raise_any()
        return usable

    def _unknown(self, name: str) -> str:
        if not self.has_cell:
            return f"{self.notebook} takes no parameters (no cell is tagged 'parameters'); it was given {name}."
        return f"{self.notebook} has no parameter {name!r}{meant(name, self.parameters)}"

    def json_schema(self) -> dict[str, Any]:
        """The parameters as JSON Schema."""
        properties = {
            p.name: {**json_schema(p.kind), **p.bounds.json_schema(), "default": p.default, "description": p.comment}
            for p in self.parameters.values()
        }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.notebook,
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }


class Text(str):
    """A value as typed on the command line: it may stand for any type."""

    __slots__ = ()


def _shown(value: Any) -> str:
    text = repr(str(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the close match, or all there are.

    >>> meant("bin", ["bins", "as_of"])
    "; did you mean 'bins'?"
    """
    known = list(known)
    close = get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join(known)}." if known else "; there are none."


def schema_of(source: str | None, notebook: str) -> Schema:
    """The schema of a ``parameters`` cell.

    Args:
        source: The cell's text; ``None`` where the notebook has none.
        notebook: Name for messages.

    Raises:
        BadInput: If the cell holds anything but imports from typing and annotated literals; all is named.
    """
    if source is None:
        return Schema(notebook, has_cell=False)
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise BadInput(f"The parameters cell of {notebook} is no Python: {error.msg}, line {error.lineno}.") from None
    problems = Problems(f"The parameters cell of {notebook}")
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in tree.body:
        parameter = _parameter(statement, comments, problems)
        if parameter is not None:
            problems.unless(parameter.name not in found, f"{parameter.name} is declared twice.")
            found[parameter.name] = parameter
    problems.raise_any()
    return Schema(notebook, found)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("#").strip() for t in tokens if t.type == tokenize.COMMENT}


def _parameter(statement: ast.stmt, comments: Mapping[int, str], problems: Problems) -> Parameter | None:
    match statement:
        case ast.ImportFrom(module="typing" | "__future__") | ast.Expr(value=ast.Constant()):
            return None
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
            return _declared(name, annotation, value, comments.get(statement.end_lineno or 0, ""), problems)
    problems.extend(
        [
            (
                f"line {statement.lineno}, {_first_line(statement)!r}, is no parameter; "
                "write 'name: type = literal  # comment'."
            )
        ]
    )
    return None


def _declared(name: str, annotation: ast.expr, value: ast.expr, comment: str, problems: Problems) -> Parameter | None:
    try:
        kind = type_of(annotation)
    except (UnreadableTypeError, SyntaxError, ValueError):
        problems.extend(
            [
                (
                    f"{name} has the type {ast.unparse(annotation)!r}; "
                    "it must be of str, int, float, bool, None, Literal, list or dict."
                )
            ]
        )
        return None
    try:
        default = ast.literal_eval(value)
    except ValueError:
        problems.extend([f"{name} is {ast.unparse(value)!r}; a default must be a literal, not computed."])
        return None
    parameter = Parameter(name, kind, default, comment)
    try:
        return Parameter(name, kind, parameter.value(default), comment)
    except NotOfTypeError:
        problems.extend([f"{name} is {default!r} by default; it must be {parameter.rule}."])
        return None


def _first_line(statement: ast.stmt) -> str:
    return ast.unparse(statement).splitlines()[0]


def notebook_schema(nb: Any) -> Schema:
    """The schema of an open notebook's ``parameters`` cell."""
    tagged = [cell for cell in nb.cells if "parameters" in cell.metadata.get("tags", [])]
    return schema_of(tagged[0].source if tagged else None, "the notebook")
