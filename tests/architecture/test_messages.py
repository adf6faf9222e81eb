"""Every message exists in both languages, with the same numbers in it, and is used."""

import ast
import re
from pathlib import Path
from string import Formatter

import crm_lab
from crm_lab.messages import LANGUAGES, catalogue

PACKAGE = Path(crm_lab.__file__).parent
KEY = re.compile(r"Message\(\s*\"([a-z0-9_.]+)\"")


def placeholders(template):
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in Formatter().parse(template) if name}


def test_languages_have_the_same_keys():
    first, *others = (set(catalogue(lang)) for lang in LANGUAGES)
    assert all(other == first for other in others), [first ^ other for other in others]


def test_templates_take_the_same_values_in_every_language():
    differ = {
        key: [placeholders(catalogue(lang)[key]) for lang in LANGUAGES]
        for key in catalogue("en")
        if len({frozenset(placeholders(catalogue(lang)[key])) for lang in LANGUAGES}) > 1
    }
    assert not differ


def test_every_key_named_in_the_code_exists():
    named = {key for file in PACKAGE.rglob("*.py") for key in KEY.findall(file.read_text(encoding="utf-8"))}
    missing = {key for key in named if key not in catalogue("en") and not key.endswith(".")}
    assert named
    assert not missing


def calls_of(name):
    """Calls of a function by its plain name in the package, with the file."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield file.name, node


def test_what_data_cannot_answer_is_said_in_every_language():
    in_one = [file for file, call in calls_of("CannotAnswer") if not isinstance(call.args[0], ast.Call)]
    assert not in_one, "say it with cannot_answer(key, ...)"
    said = [(call.args[0], {word.arg for word in call.keywords}) for _, call in calls_of("cannot_answer")]
    keys = {key: given for named, given in said if isinstance(named, ast.Constant) for key in [named.value]}
    assert len(keys) > 40
    english = catalogue("en")
    assert not {key: given for key, given in keys.items() if placeholders(english[f"cannot.{key}"]) != given}
    chosen = {"nobody_left", "everybody_left"}  # by a name of the code
    assert {key.removeprefix("cannot.") for key in english if key.startswith("cannot.")} == keys.keys() | chosen
