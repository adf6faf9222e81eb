"""README's picture and the figures that guides quote are what the committed pages say, and a change is noticed."""

import json
import re
import shutil

import figures
import pictures
import pytest

from crm_lab.mime import RESULT_MIME
from tests.architecture.test_docs import GUIDES

MARK = "<!-- 11 sample published_sample.churn.auc .3f -->"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A project with the committed notebooks and suites only."""
    for folder in ("notebooks", "suites"):
        shutil.copytree(pictures.ROOT / folder, tmp_path / folder)
    for module in (pictures, figures):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    figures.published.cache_clear()
    yield tmp_path / "notebooks"
    figures.published.cache_clear()


def change(path, edit):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    edit(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def results(notebook):
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", []))
    return [output["data"][RESULT_MIME] for output in outputs if RESULT_MIME in output.get("data", {})]


def test_a_picture_of_the_same_pages_is_fresh(copy):
    assert pictures.is_fresh()


@pytest.mark.parametrize("page", ["00", "01", "04", "06", "08", "11", "16"])
def test_a_changed_answer_makes_the_picture_stale(copy, page):
    def edit(notebook):
        front = next(result["front"] for result in results(notebook) if result["headline"])
        front["answer"] += " 1"

    (path,) = copy.glob(f"{page}_*.ipynb")
    change(path, edit)
    assert not pictures.is_fresh()


def test_a_changed_question_makes_the_picture_stale(copy):
    path = copy / "04_whom_to_call_first.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("Whom do we call first?", "Whom do we phone first?"))
    assert not pictures.is_fresh()


def test_a_changed_suite_makes_the_picture_stale(copy):
    path = copy.parent / "suites" / "tour.toml"
    path.write_text(path.read_text(encoding="utf-8") + '\n[[page]]\nnotebook = "03_customer_base"\n')
    (page,) = copy.glob("03_*.ipynb")
    page.rename(copy / "03_customer_base.ipynb")
    assert not pictures.is_fresh()


def test_run_and_time_do_not_make_it_stale(tmp_path):
    index = pictures.committed(tmp_path)
    before = pictures.shown(index)
    index.write_text(index.read_text(encoding="utf-8") + "<p>2026-01-31T06-00-00Z</p>", encoding="utf-8")
    assert pictures.shown(index) == before


def test_a_changed_fact_changes_the_guide(copy):
    def edit(notebook):
        for result in results(notebook):
            for fact in result["facts"]:
                fact["value"] = 0.5

    change(copy / "11_who_is_leaving.ipynb", edit)
    assert figures.quoted(f"AUC .783{MARK}") == f"AUC .500{MARK}"


@pytest.mark.parametrize(
    ("wrong", "mark", "right"),
    [
        (".1", "11 sample published_sample.churn.auc .3f", ".783"),
        ("[-.1", "11 sample published_sample.churn.gain.lo +.4f", "[-.0039"),
        ("spent 1", "04 the-call-list-2 call_list.revenue_12m ,.0f", "spent 91,852"),
        ("is 1,234.5", "01 cell-13 kpis.revenue ,.2f", "is 4,596,039.58"),
        ("1 %", "13 alerts churn.alerts.never_accuracy .1%", "96.7 %"),
        ("1", "13 alerts three_falls:recall .1%", "7.2 %"),
    ],
)
def test_a_wrong_figure_is_put_right(wrong, mark, right):
    assert figures.quoted(f"{wrong}<!-- {mark} -->;") == f"{right}<!-- {mark} -->;"


@pytest.mark.parametrize(
    "text",
    [
        ".7<!-- 11 sample published_sample.churn.auc -->",
        ".7 <!-- 11 sample published_sample.churn.auc .3f -->",
        ".7<!--11 sample published_sample.churn.auc .3f -->",
    ],
)
def test_a_mark_that_is_none_is_named(text):
    with pytest.raises(SystemExit, match="a mark is '<!-- page cell fact format -->' right behind a number"):
        figures.quoted(text)


@pytest.mark.parametrize(
    "mark",
    [
        "99 a b .1f",
        "11 no churn.auc .1f",
        "11 sample published_sample.churn.no .1f",
        "11 sample published_sample.churn.auc x",
    ],
)
def test_a_mark_of_nothing_is_named(mark):
    with pytest.raises(SystemExit, match="no such number is published"):
        figures.quoted(f".7<!-- {mark} -->")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda p: p.name)
def test_figures_whose_source_is_a_page_are_marked(guide):
    rows = [
        line for line in guide.read_text(encoding="utf-8").splitlines() if re.search(r"\| pages? [\d, ]+.*\|$", line)
    ]
    assert not [row for row in rows if "<!-- " not in row]
