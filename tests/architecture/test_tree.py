"""The tree keeps its rules: names, sizes, and old names that are answered."""

import ast
import importlib
from collections import Counter

import pytest

from crm_lab.moved_modules import moved
from crm_lab.project import project_root

PACKAGE = project_root() / "crm_lab"
MODULES = [path for path in PACKAGE.rglob("*.py") if not path.stem.startswith("__")]
PARTS_OF_SPEECH = {"own", "chosen", "further", "taken", "named", "common_things", "utils", "helpers", "misc"}


def lines_of_code(path):
    """Lines of a module without its docstrings: what is explained to users does not make a module harder to change."""
    text = path.read_text(encoding="utf-8")
    holders = (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    )
    explained = sum(node.body[0].end_lineno - node.body[0].lineno + 1 for node in holders if ast.get_docstring(node))
    return len(text.splitlines()) - explained


def test_no_module_is_long():
    assert not [path for path in MODULES if lines_of_code(path) > 280]


def test_no_folder_is_crowded():
    assert not [folder for folder, n in Counter(path.parent for path in MODULES).items() if n > 12]


def test_a_name_stands_for_one_module():
    names = Counter(path.stem for path in MODULES if "plots" not in path.parts)
    assert not [name for name, n in names.items() if n > 1]
    assert not PARTS_OF_SPEECH & set(names)


def test_every_folder_says_what_it_answers():
    for folder in {path.parent for path in MODULES}:
        assert (folder / "__init__.py").read_text(encoding="utf-8").startswith('"""'), folder


@pytest.mark.parametrize("old", sorted(moved()))
def test_an_old_name_is_answered_with_the_new_one(old):
    with pytest.raises(ModuleNotFoundError, match=rf"crm_lab\.{old} is now crm_lab\.{moved()[old]}:"):
        importlib.import_module(f"crm_lab.{old}")
    importlib.import_module(f"crm_lab.{moved()[old]}")


def test_modules_are_where_the_guides_say():
    guide = (project_root() / "docs" / "architecture.md").read_text(encoding="utf-8")
    for room in (folder for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()):
        assert f"{room.name}/" in guide, room
