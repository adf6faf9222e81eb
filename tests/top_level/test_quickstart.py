"""The quickstart's six answers take three lines and little computing each, and others' ways stand beside them."""

import ast
import contextlib
import doctest
import io
import re
import time

import numpy as np
import pytest

from crm_lab.project import project_root

TEXT = (project_root() / "docs" / "quickstart.md").read_text(encoding="utf-8")
ANSWERS = ("RFM", "Tiers", "Cohorts", "Customer lifetime value", "A churn list", "An A/B readout")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))
CUSTOMERS = 23_570  # of CDNOW
PEERS = ("lifetimes", "tea_tasting", "openretailscience")


def examples(text):
    return doctest.DocTestParser().get_examples(text)


def first_block(section):
    return examples(
        next(block for block in re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL) if ">>>" in block)
    )


def is_import(example):
    return isinstance(ast.parse(example.source).body[0], ast.Import | ast.ImportFrom)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_takes_at_most_three_lines_after_the_import(answer):
    lines = [example for example in first_block(SECTIONS[answer]) if not is_import(example)]
    assert 1 <= len(lines) <= 3
    assert lines[-1].want


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_same_stands_beside_it_in_another_package(answer):
    plain = [
        block for block in re.findall(r"```python\n(.*?)```", SECTIONS[answer], flags=re.DOTALL) if ">>>" not in block
    ]
    assert plain
    for block in plain:
        ast.parse(block)
    named = f"{plain} {SECTIONS[answer]}".replace("tea-tasting", "tea_tasting")
    assert any(peer in named for peer in PEERS)


@pytest.mark.slow
def test_each_answer_costs_at_most_five_times_as_much_as_dealing_its_customers_anew():
    start, rng = time.process_time(), np.random.default_rng(0)
    for _ in range(4_000):
        np.bincount(rng.integers(0, CUSTOMERS, CUSTOMERS), minlength=CUSTOMERS)
    dealing = time.process_time() - start
    names, spent = {}, dict.fromkeys(SECTIONS, 0.0)
    for section, text in {"": TEXT.split("\n## ")[0], **SECTIONS}.items():
        start = time.process_time()
        for example in examples(text):
            with contextlib.suppress(ValueError), contextlib.redirect_stdout(io.StringIO()):
                exec(compile(example.source, section, "single"), names)  # noqa: S102 - the guide's own examples
        spent[section] = time.process_time() - start
    assert {answer: spent[answer] for answer in ANSWERS if spent[answer] > 5 * dealing} == {}
