"""A small page of our own, so that building and grading can be tried in seconds."""

import hashlib
import textwrap

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from crm_lab.run.committed.canonical import write_text
from crm_lab.run.suites.notebook_file import NotebookFile
from crm_lab.teach.course.roster import Student

PARAMETERS = """
    source: str = "cdnow_sample"  # data set
    as_of: str = "1998-06-30"  # last day
"""
LOAD = """
    from crm_lab import open_workspace

    tables = open_workspace(source).at(as_of)
    orders = tables["orders"]
"""
COUNT = """
    from crm_lab import check

    ### BEGIN SOLUTION
    answer_1 = len(orders)
    ### END SOLUTION
    check("40.q1", answer_1, "count")
"""
SPEND = """
    ### BEGIN SOLUTION
    answer_2 = float(orders["net_amount"].sum() / 1_000_000)
    ### END SOLUTION
    check("40.q2", answer_2, "share", digits=4)
"""


def code(source, id_, *tags):
    cell = new_code_cell(textwrap.dedent(source).strip(), metadata={"tags": list(tags)})
    cell["id"] = id_
    return cell


def text(source, id_, *tags, zh=""):
    """A cell of text, and as on the lab's pages its Chinese version with the digest of what it translates."""
    translated = {"zh": zh, "zh_of": hashlib.sha256(source.encode()).hexdigest()[:12]} if zh else {}
    cell = new_markdown_cell(source, metadata={"tags": list(tags), **translated})
    cell["id"] = id_
    return cell


def small_page_content():
    notebook = new_notebook(
        cells=[
            text("# 40 · How many?", "title", zh="# 40 · 有多少？"),
            code(PARAMETERS, "parameters", "parameters"),
            code(LOAD, "load"),
            text("## Exercises\n**1.** How many orders are there?", "task-1", "teaching"),
            code(COUNT, "solution-1", "teaching", "solution"),
            text("**2.** How much was spent, in *millions*? (`net_amount`)", "task-2", "teaching"),
            code(SPEND, "solution-2", "teaching", "solution"),
        ]
    )
    notebook.metadata.kernelspec = {"name": "crm-lab", "display_name": "crm_lab", "language": "python"}
    return notebook


def write_page(folder):
    """The small page as a file of a lab of its own."""
    path = folder / "lab" / "notebooks" / "40_how_many.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(write_text(small_page_content()), encoding="utf-8")
    return NotebookFile(path)


@pytest.fixture
def page_content():
    return small_page_content()


@pytest.fixture
def page(tmp_path):
    return write_page(tmp_path)


@pytest.fixture(scope="module")
def class_page(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page"))


@pytest.fixture
def students():
    return (Student("ada", "Ada Lovelace"), Student("ben"), Student("li", "李雷"))


@pytest.fixture
def read():
    return lambda path: nbformat.read(path, as_version=4)
