"""Files that a page leaves: each has a name of its own, tables of published results among them."""

import pandas as pd
import pytest

from crm_lab import open_workspace, publish
from crm_lab.checks import BadInput
from crm_lab.clv import first_purchases
from crm_lab.exports import write_csv
from crm_lab.messages import LANGUAGES
from crm_lab.mime import REPORT_VARIABLE, RESULT_MIME

TABLE = pd.DataFrame({"n": [1]})


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    monkeypatch.setenv(REPORT_VARIABLE, "1")
    return tmp_path


@pytest.fixture(scope="module")
def first():
    tables = open_workspace("cdnow_sample").at("1998-06-30")
    return first_purchases(tables["orders"], tables.as_of)


def test_a_list_named_like_a_published_result_is_another_file(report, first):
    shown = publish(first)
    write_csv(TABLE, f"{first.name}.csv")
    names = [path.name for path in report.rglob("*.csv")]
    assert len(names) == len(set(names)) == 2
    assert (report / shown._repr_mimebundle_()[RESULT_MIME]["csv"]).exists()


def test_a_second_file_of_one_name_is_refused(report):
    write_csv(TABLE, "calls/list.csv")
    write_csv(TABLE, "calls/list.csv")  # the same file, written again
    with pytest.raises(BadInput, match=r"has a file calls/list\.csv already, so list\.csv needs another name"):
        write_csv(TABLE, "list.csv")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_figures_of_a_part_say_so_in_their_labels(lang, first, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    whole, known, own = (
        publish(first, part=part)._repr_mimebundle_()[RESULT_MIME]["facts"][0]["label"]
        for part in ("", "in_time", "mine")
    )
    assert len({whole, known, own}) == 3
    assert known.startswith(whole)
    assert "in_time" not in known
    assert "mine" in own
