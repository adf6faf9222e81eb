"""Chinese reports hold the pages' own text in Chinese: all of it, of today's English, in the words of the glossary."""

import hashlib
import re
import tomllib
from pathlib import Path

import nbformat
import pytest

import crm_lab
from crm_lab.messages import catalogue, explanations
from crm_lab.run.committed.refresh import committed_notebooks
from crm_lab.run.html.notebook_cells import LEFT_OUT
from crm_lab.run.parameters.bounds import without_bounds
from crm_lab.run.parameters.schema import notebook_schema
from tests.run.html.shown_text import HAN, MOST_LATIN, latin_share

ROOT = Path(crm_lab.__file__).parents[1]
NOTEBOOKS = committed_notebooks(ROOT)
CODE = re.compile(r"`[^`]*`")
HALF_WIDTH = re.compile(rf"[{HAN}] ?[,;:!?()]|[,;:!?()] ?[{HAN}]|[{HAN}]\.")
CROWDED = re.compile(rf"[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]")
CALL = re.compile(r"[\w.]+\([^()（）]*\)|`[^`]*`|\{[^{}]*\}|\w+=[\w:]+")  # code, formulas and what is filled in
OF_CODE = ("hint.", "task.")  # what students are told of code
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+")


def rules():
    """Each word that the glossary refuses, with the phrases in which it may stand."""
    rows = [line.strip("|").split("|") for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()]
    named = [[cell.strip() for cell in row] for row in rows if len(row) == 4][2:]
    return {word: [p for p in row[3].split("、") if p] for row in named for word in row[2].split("、") if word}


REFUSED = rules()


def refused(text):
    """Words of a text that the glossary refuses."""
    found = []
    for word, phrases in REFUSED.items():
        rest = text
        for phrase in phrases:
            rest = rest.replace(phrase, "")
        if word in rest:
            found.append(word)
    return found


def problems(english, chinese, chinese_of):
    """What is wrong with the Chinese of a cell."""
    if not chinese:
        return ["has no Chinese"]
    found = []
    if chinese_of != hashlib.sha256(english.encode()).hexdigest()[:12]:
        found.append("its Chinese is of another English")
    prose = CODE.sub("", chinese)
    found += [f"the glossary refuses {word}" for word in refused(prose)]
    found += [f"half-width mark: {at[0]}" for at in HALF_WIDTH.finditer(prose)]
    found += [f"no space: {at[0]}" for at in CROWDED.finditer(prose)]
    if (share := latin_share(prose)) > MOST_LATIN:
        found.append(f"{share:.0%} of its words are Latin")
    if not set(CODE.findall(chinese)) <= set(CODE.findall(english)):
        found.append("names other code")
    if numbers(english) != numbers(chinese):
        found.append(f"other numbers: {sorted(numbers(english) ^ numbers(chinese))}")
    return found


def numbers(text):
    return set(NUMBER.findall(CODE.sub("", text)))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_shown_text_has_its_chinese(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    shown = [cell for cell in cells if not LEFT_OUT.intersection(cell.metadata.get("tags", []))]
    assert shown
    found = [
        f"{cell.id}: {problem}"
        for cell in shown
        for problem in problems(cell.source, cell.metadata.get("zh"), cell.metadata.get("zh_of"))
    ]
    assert not found, "\n".join(found)


def test_messages_use_the_words_of_the_glossary():
    messages = catalogue("zh")
    assert messages
    found = {key: words for key, text in messages.items() if (words := refused(text))}
    assert not found


def test_messages_have_full_width_marks_and_spaces():
    shown = {key: CALL.sub("", text) for key, text in catalogue("zh").items() if not key.startswith(OF_CODE)}
    assert len(shown) > 1500
    found = {key: [at[0] for rule in (HALF_WIDTH, CROWDED) for at in rule.finditer(text)] for key, text in shown.items()}
    assert not {key: marks for key, marks in found.items() if marks}


def comments():
    """The comment of each parameter of a committed page, without its bounds."""
    for path in NOTEBOOKS:
        for parameter in notebook_schema(nbformat.read(path, as_version=4)).parameters.values():
            yield without_bounds(parameter.comment)[0]


def test_what_parameters_mean_is_said_in_chinese():
    known, used = explanations("zh"), set(comments())
    assert len(used) > 80
    assert used == set(known)
    found = {comment: shared_problems(known[comment]) for comment in used}
    assert not {comment: words for comment, words in found.items() if words}


def shared_problems(chinese):
    """What is wrong with Chinese of which the English is not at hand."""
    return [*refused(chinese), *(at[0] for pattern in (HALF_WIDTH, CROWDED) for at in pattern.finditer(chinese))]


def scenario_texts():
    """Every Chinese sentence of the simulated retailers, by file."""
    folder = Path(crm_lab.__file__).parent / "simulate" / "scenario" / "scenarios"
    for file in sorted(folder.glob("*.toml")):
        told = tomllib.loads(file.read_text(encoding="utf-8"))["says"]["zh"]
        yield from ((file.stem, text) for part in told.values() for text in ([part] if isinstance(part, str) else part))


def test_scenarios_use_the_words_of_the_glossary_and_full_width_marks():
    texts = list(scenario_texts())
    assert len(texts) > 40
    found = [(name, text, shared_problems(text)) for name, text in texts]
    assert not [one for one in found if one[2]]


def test_the_glossary_refuses_words_and_allows_phrases():
    assert {"顾客", "收入", "单位"} <= set(REFUSED)
    assert refused("三个单位") == ["单位"]
    assert refused("以分为单位") == []


@pytest.mark.parametrize(
    ("chinese", "problem"),
    [
        (None, "has no Chinese"),
        ("有 3 位顾客用 `x`。", "the glossary refuses 顾客"),
        ("有 3 位客户, 用 `x`。", "half-width mark: 户,"),
        ("有 3 位客户用 `x`（见CLV）。", "no space: 见C"),
        ("有 3 位 customers of it 用 `x`。", "50% of its words are Latin"),
        ("有 3 位客户用 `y`。", "names other code"),
        ("有 4 位客户用 `x`。", "other numbers: ['3', '4']"),
    ],
)
def test_faults_are_named(chinese, problem):
    english = "3 customers use `x`."
    assert problems(english, chinese, hashlib.sha256(english.encode()).hexdigest()[:12]) == [problem]


def test_chinese_of_an_older_english_is_named():
    assert problems("Two use `x`.", "两位客户用 `x`。", "0" * 12) == ["its Chinese is of another English"]
