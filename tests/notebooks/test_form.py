"""Every committed notebook has the lab's form, and the card's packages are used where the README says."""

from pathlib import Path

import nbformat
import pytest

import crm_lab
from crm_lab.run.committed.canonical import KERNEL, canonical, write_text
from crm_lab.run.committed.refresh import CARD, card_table, card_uses, committed_notebooks
from tests.notebooks.form import RULES, Form, answers, box_can_go, exercises, open_box, outputs, parameters, short_calls, size, title

ROOT = Path(crm_lab.__file__).parents[1]
NOTEBOOKS = committed_notebooks(ROOT)
V4 = nbformat.v4
SOLVED = '### BEGIN SOLUTION\na = 1\n### END SOLUTION\ncheck("10.q1", a, "count")'


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_has_the_form(path):
    found = [f"{rule.__name__}: {problem}" for rule in RULES for problem in rule(Form(path))]
    assert not found, "\n".join(found)


def test_every_package_of_the_card_is_used():
    table = card_table(ROOT)
    assert all(f"| {package} |" in table for package in CARD)
    used = card_uses(ROOT)
    assert set(used) == set(CARD)
    assert {"pandas", "numpy", "statsmodels", "seaborn", "papermill", "nbval", "jupyterlab"} <= {
        package for package, (notebooks, rooms) in used.items() if notebooks or rooms
    }


def form(tmp_path, *cells, name="10_bad.ipynb"):
    notebook = V4.new_notebook(cells=list(cells), metadata={"kernelspec": KERNEL})
    path = tmp_path / name
    path.write_text(write_text(canonical(notebook)), encoding="utf-8")
    return Form(path)


def code(source, *tags):
    cell = V4.new_code_cell(source)
    cell.metadata["tags"] = list(tags)
    return cell


@pytest.mark.parametrize(
    ("rule", "cell", "problem"),
    [
        (title, V4.new_markdown_cell("# 08 · Another number?\n"), "must begin with '# 10 · ...?'"),
        (title, V4.new_markdown_cell("# 07 · No question\n"), "must begin with"),
        (parameters, code("x = 1"), "0 cells are tagged"),
        (parameters, code("x: int = 1", "parameters"), "the parameter x has no comment"),
        (parameters, code("x: int = 1  # one", "parameters"), "no cell calls check_params"),
        (short_calls, code("def f():\n    return 1"), "FunctionDef"),
        (short_calls, code("for i in range(3):\n    i"), "For"),
        (short_calls, code("print(1)"), "print()"),
        (short_calls, code("%matplotlib inline"), "a magic"),
        (short_calls, code("x = 1\n" * 13), "13 lines"),
        (open_box, code("1 + 1", "open-box"), "assert_allclose"),
        (exercises, code("1", "solution"), "0 solutions|1 solutions"),
        (exercises, code("1", "solution"), "would be in the report"),
        (exercises, code("1", "solution", "teaching"), "no BEGIN SOLUTION"),
        (answers, code("1", "solution", "teaching"), "no ### BEGIN SOLUTION"),
        (answers, code(SOLVED.replace("10.q1", "04.q1"), "solution"), "they must be 10.q1"),
        (answers, code(SOLVED, "solution"), "there is no hint.10.q1.1"),
        (answers, code(f"check = 1\n{SOLVED}", "solution"), "a variable is called check"),
        (size, code("1"), "1 code cells"),
        (outputs, code("1"), "were never run"),
    ],
)
def test_a_breach_of_the_form_is_found(tmp_path, rule, cell, problem):
    found = list(rule(form(tmp_path, cell)))
    assert any(part in sentence for part in problem.split("|") for sentence in found), found


def test_a_cell_that_leans_on_the_open_box_is_found(tmp_path):
    boxed = code("mine = 1", "open-box")
    assert list(box_can_go(form(tmp_path, boxed, code("mine + 1"))))
    assert not list(box_can_go(form(tmp_path, boxed, code("mine = 2\nmine + 1"), code("mine"))))


def test_boxes_solutions_and_ones_own_cells_are_free(tmp_path):
    loop = "for i in range(3):\n    print(i)"
    mine = V4.new_markdown_cell("## Make it yours")
    checks = V4.new_markdown_cell("## Checks")
    free = form(tmp_path, code(loop, "open-box"), code(loop, "solution"), mine, code(loop), checks, code("1"))
    assert not list(short_calls(free))
