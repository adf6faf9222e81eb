"""Keeping notebooks: finding, refreshing, checking, copying, and the table of the card's packages."""

import json

import nbformat
import pytest

from crm_lab.checks import BadInput
from crm_lab.run.committed.canonical import KERNEL
from crm_lab.run.committed.refresh import card_table, card_uses, copy_notebook, find_notebook, refresh

V4 = nbformat.v4


def write(path, *sources):
    cells = [V4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(V4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)
    return path


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    write(tmp_path / "notebooks" / "04_calls.ipynb", "import pandas as pd\nx = 1 / 3", "x")
    (tmp_path / "crm_lab").mkdir()
    (tmp_path / "crm_lab" / "clv.py").write_text("from sklearn.base import clone\n")
    return tmp_path


@pytest.mark.parametrize("name", ["04", "04_calls", "04_calls.ipynb", "notebooks/04_calls.ipynb"])
def test_a_notebook_is_found_by_number_and_name(root, name):
    assert find_notebook(root, name).stem == "04_calls"


def test_an_unknown_notebook_is_refused_with_what_there_is(root):
    with pytest.raises(BadInput, match=r"There is no notebook '05'; there (is|are) 04_calls\."):
        find_notebook(root, "05")


def test_a_copy_has_no_outputs_and_a_name_git_ignores(root):
    path = copy_notebook(root, "04", "my_04")
    assert path == root / "notebooks" / "my_04.ipynb"
    assert all(not cell.outputs for cell in nbformat.read(path, as_version=4).cells)
    with pytest.raises(BadInput, match="exists already; choose another name or remove it"):
        copy_notebook(root, "04", "my_04")


@pytest.mark.parametrize("name", ["mine", "my_", "my_../x", "../my_04"])
def test_a_copy_under_another_name_is_refused(root, name):
    with pytest.raises(BadInput, match="must start with 'my_'"):
        copy_notebook(root, "04", name)


def test_the_card_table_names_notebooks_and_rooms(root):
    assert card_uses(root)["pandas"] == (["04_calls"], [])
    assert card_uses(root)["scikit-learn"] == ([], ["clv"])
    assert "| scikit-learn | – | clv |" in card_table(root)
    assert "| pandas | 04 | – |" in card_table(root)


def test_check_says_what_was_never_run(root):
    (outcome,) = refresh(root, check=True)
    assert (outcome.status, outcome.good) == ("never run", False)
    assert outcome.details == ("cells 0, 1 have no outputs to compare with",)


@pytest.mark.slow
def test_refreshing_twice_gives_an_empty_diff_and_check_agrees(root):
    path = root / "notebooks" / "04_calls.ipynb"
    assert [o.status for o in refresh(root)] == ["written"]
    first = path.read_bytes()
    assert [o.status for o in refresh(root, ["04"])] == ["unchanged"]
    assert path.read_bytes() == first
    assert [o.status for o in refresh(root, check=True)] == ["unchanged"]


@pytest.mark.slow
def test_check_names_the_number_that_differs(root):
    path = root / "notebooks" / "04_calls.ipynb"
    list(refresh(root))
    text = path.read_text().replace("0.3333333333333333", "0.3333433333333333")
    path.write_text(text)
    (outcome,) = refresh(root, check=True)
    assert outcome.status == "differs"
    assert outcome.details == ("cell 1 (cell-1): text/plain 0.3333433333333333 became 0.3333333333333333",)
    assert path.read_text() == text


@pytest.mark.slow
def test_a_notebook_that_fails_is_left_as_it_was(root):
    path = write(root / "notebooks" / "05_broken.ipynb", "1 / 0")
    before = json.loads(path.read_text())
    (outcome,) = refresh(root, ["05"])
    assert outcome.status == "failed"
    assert "ZeroDivisionError" in outcome.details[0]
    assert json.loads(path.read_text()) == before
