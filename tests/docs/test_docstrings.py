"""Public names are explained where they stand: a summary, arguments, what comes back, and an example that runs."""

import ast
import inspect
import re

import pytest
from public_names import methods, public

from crm_lab.project import project_root

SHARE_WITH_EXAMPLE = 0.9
SHARE_EXPLAINED = 0.95


def without_example(explained):
    return sorted(name for name, found in explained.items() if ">>>" not in (found.__doc__ or ""))


def test_every_public_name_has_a_summary():
    everything = public() | methods()
    assert len(everything) > 500
    assert not [name for name, found in everything.items() if not (found.__doc__ or "").strip()]


@pytest.mark.parametrize("kind", [public, methods], ids=["names", "methods"])
def test_public_names_have_an_example_that_runs(kind):
    missing = without_example(kind())
    share = 1 - len(missing) / len(kind())
    assert share >= SHARE_WITH_EXAMPLE, f"{share:.1%} have an example; add one to {', '.join(missing)}"


def parameters(found):
    return {name for name in inspect.signature(found).parameters if name not in ("self", "cls")}


@pytest.mark.parametrize("section", ["Args", "Returns|Yields"])
def test_functions_explain_their_arguments_and_what_they_return(section):
    functions = {n: f for n, f in (public() | methods()).items() if inspect.isfunction(f) and parameters(f)}
    pattern = re.compile(rf"^\s*({section}):$", flags=re.MULTILINE)
    missing = [name for name, found in functions.items() if not any(map(pattern.search, texts_of(found)))]
    missing = [name for name in missing if section == "Args" or returns_something(functions[name])]
    assert len(missing) <= (1 - SHARE_EXPLAINED) * len(functions), missing


def texts_of(found):
    """What is said of a function, and of the methods that it overrides."""
    owner = getattr(inspect.getmodule(found), found.__qualname__.partition(".")[0], None)
    of_bases = [vars(base).get(found.__name__) for base in owner.__mro__] if inspect.isclass(owner) else []
    return [found.__doc__, *(text for text in (getattr(base, "__doc__", None) for base in of_bases) if text)]


def returns_something(found):
    return inspect.signature(found).return_annotation not in ("None", None)


def test_arguments_in_docstrings_are_those_of_the_signature():
    wrong = []
    for name, found in (public() | methods()).items():
        text = inspect.cleandoc(found.__doc__ or "") + "\n"
        said = re.search(r"^Args:\n((?:    .*\n|\n)+)", text, flags=re.MULTILINE)
        if said:
            names = {n.lstrip("*") for n in re.findall(r"^    ([*\w]+):", said[1], flags=re.MULTILINE)}
            wrong += [f"{name}: {extra}" for extra in sorted(names - set(inspect.signature(found).parameters))]
    assert not wrong


def test_a_summary_is_one_short_sentence():
    everything = (public() | methods()).items()
    assert not [name for name, found in everything if len(inspect.cleandoc(found.__doc__).split("\n\n")[0]) > 200]


def test_sections_of_docstrings_stand_alone_on_their_line():
    mixed = []
    for path in (project_root() / "crm_lab").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = ast.get_docstring(node) or "" if isinstance(node, ast.FunctionDef | ast.ClassDef) else ""
            if re.search(r"^(Args|Returns|Raises|Attributes|Source):[^\n]", text, flags=re.MULTILINE):
                mixed.append(f"{path.name}:{node.name}")
    assert not mixed


def test_changelog_lines_are_short():
    lines = (project_root() / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if len(line) > 160]
