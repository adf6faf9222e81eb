"""The tree keeps its rules: names, sizes, and old names that are answered."""

import ast
import importlib
import subprocess
import tomllib
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


def test_suites_that_come_along_read_no_file_of_one_machine():
    listed = subprocess.run(
        ["git", "ls-files", "suites"], cwd=project_root(), capture_output=True, text=True, check=False
    )  # fmt: skip
    if listed.returncode or not listed.stdout:
        pytest.skip("not a git clone, so suites of this machine cannot be told from those that come along")
    suites = {
        name: tomllib.loads((project_root() / name).read_text(encoding="utf-8")) for name in listed.stdout.split()
    }
    assert "suites/tour.toml" in suites
    assert not [name for name, suite in suites.items() if isinstance(suite.get("source"), dict)]  # a file
