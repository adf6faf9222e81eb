"""Every message exists in both languages, with the same numbers in it, and is used."""

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
