"""What is published has words for its columns in every language, or is refused with the names of all that have none."""

from dataclasses import dataclass, field

import pandas as pd
import pytest

from crm_lab import publish
from crm_lab.checks import BadInput
from crm_lab.messages import LANGUAGES
from crm_lab.results import Readout, TableResult, unlabelled
from crm_lab.run.html.words import cell, label, without_names


@dataclass(frozen=True)
class Made(TableResult):
    """A table of any columns."""

    frame: pd.DataFrame = field(repr=False)
    of_data: tuple[str, ...] = ()
    name = "made"

    def columns_of_data(self):
        return self.of_data

    def readout(self):
        return Readout("churn.drift.keep", "churn.drift.keep", "churn.drift.keep")

    def facts(self):
        return ()


def made(*columns, of_data=()):
    return Made(pd.DataFrame([[1] * len(columns)], columns=list(columns)), of_data)


def test_all_columns_without_a_label_are_named():
    with pytest.raises(BadInput, match=r"Made has columns without a label: my_score, wurst\. Add one to \[column\]"):
        publish(made("customers", "my_score", "wurst"))


@pytest.mark.parametrize(
    "names", [("customers", "share", "share_lo", "share_hi"), ("my score", "2017-Q4", "客户"), (3, "customers")]
)
def test_labels_ends_of_intervals_and_words_are_taken(names):
    assert not unlabelled(made(*names))
    assert publish(made(*names))


def test_an_end_without_its_number_has_no_label():
    assert unlabelled(made("customers", "zeal_lo")) == ["zeal_lo"]


def test_names_of_the_data_stand_for_themselves():
    assert unlabelled(made("arm", "my_control", of_data=("my_control",))) == []


def test_a_label_in_one_language_alone_is_none(monkeypatch):
    from crm_lab import results

    whole = results.catalogue
    monkeypatch.setattr(results, "catalogue", lambda lang: whole(lang) if lang == "en" else {})
    assert unlabelled(made("customers")) == ["customers"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("file", ["my_orders.csv", "decision.json", "data/raw_2024.xlsx", "rfm_scoring.toml"])
def test_names_of_files_are_no_words(lang, file):
    assert label(file, lang) == file
    assert without_names(f"see {file}, then net_amount", lang).startswith(f"see {file}, then ")
    assert "net_amount" not in without_names(f"see {file}, then net_amount", lang)
    assert cell(file, "file", lang, plain=True) == file
