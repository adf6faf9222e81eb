"""The notebooks there are: names, numbers, questions and parameters, read without Jupyter."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.messages import catalogue
from crm_lab.run.parameters.schema import Schema, meant, schema_of

_TITLE = re.compile(r"^#\s*(?:\d+\s*·\s*)?(?P<question>.+?)\s*$", re.MULTILINE)
_FIRST = re.compile(r"^\d")


@dataclass(frozen=True)
class NotebookFile:
    """One notebook: a file whose name is ``NN_topic.ipynb`` and whose title is its question."""

    path: Path

    @property
    def name(self) -> str:
        """File name without its ending: ``04_whom_to_call_first``."""
        return self.path.stem

    @property
    def number(self) -> str:
        """The digits it starts with: ``04``; empty where there are none."""
        head = self.name.partition("_")[0]
        return head if head.isdigit() else ""

    @cached_property
    def cells(self) -> list[dict[str, Any]]:
        """Its cells as they stand in the file."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return list(content["cells"])
        except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError):
            raise BadInput(f"{self.path} is no notebook; restore it, or save it again from JupyterLab.") from None

    @cached_property
    def sources_sha256(self) -> str:
        """SHA-256 of what its cells say and do, whatever they once put out."""
        return sources_hash(self.cells)

    @property
    def takes_parameters(self) -> bool:
        """Whether it is a page: it can be read, and has a cell of parameters."""
        try:
            return any("parameters" in cell.get("metadata", {}).get("tags", []) for cell in self.cells)
        except BadInput:
            return False

    def question(self, lang: str = "en") -> str:
        """The question it answers: in Chinese from the catalogue, else its first heading."""
        known = catalogue(lang).get(f"question.{self.name}") if lang != "en" else None
        if known:
            return known
        texts = (_text(cell) for cell in self.cells if cell.get("cell_type") == "markdown")
        found = next((match for match in map(_TITLE.search, texts) if match), None)
        return found["question"] if found else self.name.replace("_", " ")

    @cached_property
    def imports(self) -> set[tuple[str, str]]:
        """What its cells import: pairs of module and name; the name is empty for a module alone."""
        found: set[tuple[str, str]] = set()
        for cell in self.cells:
            if cell.get("cell_type") == "code":
                found |= _imports(_text(cell))
        return found

    @cached_property
    def schema(self) -> Schema:
        """Its parameters."""
        tagged = [cell for cell in self.cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
        return schema_of(_text(tagged[0]) if tagged else None, self.name)


def _imports(source: str) -> set[tuple[str, str]]:
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:  # the page will say so
        return set()
    plain = {(alias.name, "") for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {
        (node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for alias in node.names
    }


def sources_hash(cells: Sequence[dict[str, Any]]) -> str:
    """SHA-256 of what cells say and do, whatever they once put out."""
    told = [[cell.get("cell_type"), _text(cell), cell.get("metadata", {}).get("tags", [])] for cell in cells]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def notebooks(root: Path) -> dict[str, NotebookFile]:
    """The notebooks of a project by name, in order: those with a number, and others with parameters (``my_04``)."""
    files = [NotebookFile(path) for path in sorted((root / "notebooks").glob("*.ipynb"))]
    return {file.name: file for file in files if _FIRST.match(file.name) or file.takes_parameters}


def pick(text: str, names: Sequence[str], what: str = "notebook") -> str:
    """The one name that a text means: the name itself or a prefix no other name has.

    >>> pick("04", ["00_start_here", "04_whom_to_call_first"])
    '04_whom_to_call_first'

    Raises:
        BadInput: If no name or more than one starts so.
    """
    text = text.removesuffix(".ipynb")
    if text in names:
        return text
    found = [name for name in names if name.startswith(text)] if text else []
    if len(found) > 1:
        raise BadInput(f"{text!r} may be {' or '.join(found)}; type more of it.")
    if not found:
        raise BadInput(f"There is no {what} {text!r}{meant(text, names)}")
    return found[0]
