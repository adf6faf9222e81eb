"""What must run again: whatever a page could read is part of its key, named directly or through a suite."""

import os
from types import SimpleNamespace

import pytest

from crm_lab.run.execution.reuse import content_keys


@pytest.fixture
def lab(tmp_path):
    for folder in ("data/samples", "data/.workspaces", "suites", "away/week"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("data/samples/a.csv", "data/.workspaces/b.bin", "away/test.csv", "away/week/1.csv", "away/terms.csv"):
        (tmp_path / name).write_text("1", encoding="utf-8")
    (tmp_path / "suites" / "own.toml").write_text(
        f'title = "a.csv"\n[parameters]\nrules = "away/terms.csv"\n[source]\npath = "{tmp_path}/away/test.csv"\n'
        'more = ["../away/week"]\n',
        encoding="utf-8",
    )
    return tmp_path


def key(root, **parameters):
    page = SimpleNamespace(name="15", part=None, parameters=parameters, notebook=SimpleNamespace(sources_sha256="x"))
    return content_keys(SimpleNamespace(pages=[page], suite=SimpleNamespace(left_out=())), root, "en")["15"]


@pytest.mark.parametrize(
    "changed", ["away/test.csv", "away/week/1.csv", "away/terms.csv", "suites/own.toml", "data/samples/a.csv"]
)
def test_a_changed_file_that_a_page_could_read_makes_it_run_again(lab, changed):
    before = key(lab, source="", test_file="suites/own.toml")
    assert key(lab, source="", test_file="suites/own.toml") == before
    os.utime(lab / changed, ns=(1, 1))
    assert key(lab, source="", test_file="suites/own.toml") != before


def test_a_new_file_in_a_named_folder_makes_it_run_again(lab):
    before = key(lab, source="suites/own.toml")
    (lab / "away" / "week" / "2.csv").write_text("2", encoding="utf-8")
    assert key(lab, source="suites/own.toml") != before


def test_what_the_lab_makes_itself_does_not(lab):
    before = key(lab, source="suites/own.toml")
    (lab / "data" / ".workspaces" / "b.bin").write_text("other", encoding="utf-8")
    assert key(lab, source="suites/own.toml") == before


@pytest.mark.parametrize("odd", ["x" * 5000, "\x00", "..", "💥", ["a", 3, None], {"a": "b"}, 3.0, None, "suites"])
def test_values_that_name_nothing_are_taken_as_they_are(lab, odd):
    assert key(lab, given=odd) == key(lab, given=odd)


@pytest.mark.parametrize("names", ["own.toml", "suites/own.toml", "other.toml"])
def test_a_suite_may_name_itself_also_through_another(lab, names):
    (lab / "suites" / "own.toml").write_text(f'[parameters]\nsource = "{names}"\nrules = "away/terms.csv"\n', "utf-8")
    (lab / "suites" / "other.toml").write_text('[parameters]\nsource = "suites/own.toml"\n', "utf-8")
    before = key(lab, source="suites/own.toml")
    os.utime(lab / "away" / "terms.csv", ns=(1, 1))
    assert key(lab, source="suites/own.toml") != before
