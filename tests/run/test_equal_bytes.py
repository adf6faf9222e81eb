"""A report is the same whoever makes it, wherever and whenever."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.run.equal_bytes import SETTINGS, differences

PARAMETERS = 'source: str = "cdnow_sample"  # data set\nas_of: str = "1998-06-30"  # last day\n'
BOOKS = """
import time

import pandas as pd

from crm_lab import check_params, open_workspace, publish
from crm_lab.data.quality.reconciliation import reconcile

check_params(globals())
tables = open_workspace(source).at(as_of)
books = reconcile(tables)
publish(books, tables)
"""
MORE = """
print(time.tzname, time.strftime("%c", time.gmtime(0)), f"{1234.5:n}", sorted({"ä", "b", "z", "中"}), {"a", "b", "c"})
books.plot();
"""


@pytest.mark.slow
def test_three_runs_in_two_folders_zones_and_locales_are_the_same_bytes(tmp_path):
    pages = {name: new_notebook(cells=[
        new_markdown_cell(f"# {name} · Do the books close?", id="title"),
        new_code_cell(PARAMETERS, id="given", metadata={"tags": ["parameters"]}),
        new_code_cell(BOOKS, id="books"),
        new_code_cell(MORE, id="more"),
    ], metadata={"kernelspec": {"name": "crm-lab", "display_name": "crm_lab", "language": "python"}})
        for name in ("91_one", "92_two")}  # fmt: skip
    for folder in {setting.folder for setting in SETTINGS}:
        (tmp_path / folder / "notebooks").mkdir(parents=True)
        for name, page in pages.items():
            nbformat.write(page, tmp_path / folder / "notebooks" / f"{name}.ipynb")
    text = 'title = "Two"\n' + "".join(f'[[page]]\nnotebook = "{name}"\n' for name in pages)
    files, found, _ = differences(tmp_path, "two", text=text)
    assert found == []
    assert files >= 4 * len(pages)
