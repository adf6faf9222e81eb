"""`crm-lab lab` and `crm-lab notebooks`: what is started, and the sentences."""

import os
import sys

import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.run.committed.canonical import KERNEL

NOTEBOOK = '{"cells": [], "metadata": {"kernelspec": %s}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("00_start_here", "04_calls", "my_04"):
        (folder / f"{name}.ipynb").write_text(NOTEBOOK % str(KERNEL).replace("'", '"'))
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def started(monkeypatch):
    commands = []
    monkeypatch.setattr(os, "execv", lambda program, command: commands.append((program, command)))
    return commands


@pytest.mark.parametrize(
    ("arguments", "page"),
    [([], "00_start_here"), (["--no-browser"], "00_start_here"), (["04"], "04_calls"), (["my_04"], "my_04")],
)
def test_lab_opens_a_notebook_in_this_environment_and_asks_nothing_of_the_network(root, started, arguments, page):
    result = CliRunner().invoke(main, ["lab", *arguments])
    assert result.exit_code == 0, result.output
    ((program, command),) = started
    assert program == sys.executable
    assert command[1:3] == ["-m", "jupyterlab"]
    assert f"--LabApp.default_url=/lab/tree/notebooks/{page}.ipynb" in command
    assert f"--ServerApp.root_dir={root}" in command
    assert "--LabApp.news_url=None" in command
    assert ("--no-browser" in command) == ("--no-browser" in arguments)


@pytest.mark.parametrize("absolute", [True, False])
def test_lab_opens_a_path_inside_the_project(root, started, absolute):
    path = root / "notebooks" / "04_calls.ipynb"
    result = CliRunner().invoke(main, ["lab", str(path if absolute else path.relative_to(root))])
    assert result.exit_code == 0, result.output
    assert "--LabApp.default_url=/lab/tree/notebooks/04_calls.ipynb" in started[0][1]
    assert f"--ServerApp.root_dir={root}" in started[0][1]


def test_a_project_named_by_a_link_or_from_within_it_is_the_root(root, started, tmp_path_factory, monkeypatch):
    link = tmp_path_factory.mktemp("links") / "lab"
    link.symlink_to(root)
    for home in (str(link), "."):
        monkeypatch.setenv("CRM_LAB_HOME", home)
        assert CliRunner().invoke(main, ["lab", str(root / "notebooks" / "04_calls.ipynb")]).exit_code == 0
        assert f"--ServerApp.root_dir={root.resolve()}" in started[-1][1]


@pytest.mark.parametrize(("given", "page"), [("a class/first hour.ipynb", "first%20hour.ipynb"), ("a class", ".")])
def test_lab_opens_a_path_outside_the_project(root, started, tmp_path_factory, given, page):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "a class").mkdir()
    (elsewhere / "a class" / "first hour.ipynb").write_text("{}")
    result = CliRunner().invoke(main, ["lab", str(elsewhere / given)])
    assert result.exit_code == 0, result.output
    assert f"--LabApp.default_url=/lab/tree/{page}" in started[0][1]
    assert f"--ServerApp.root_dir={elsewhere / 'a class'}" in started[0][1]


@pytest.mark.parametrize(
    "name",
    [
        "77",
        "/no/such/notebook.ipynb",
        "no/such.ipynb",
        "*",
        "[",
        "notebooks/../../x",
        "~nobody/x.ipynb",
        "x" * 300,
        "loop",
    ],
)
def test_an_unknown_notebook_is_refused(root, started, name):
    (root / "loop").symlink_to("loop")
    result = CliRunner().invoke(main, ["lab", name])
    assert result.exit_code == 2
    assert f"There is no notebook {name!r} in notebooks/" in result.output
    assert not started


def test_copy_says_where_it_is_and_how_to_open_it(root):
    result = CliRunner().invoke(main, ["notebooks", "copy", "04", "my_calls"])
    assert result.exit_code == 0
    assert result.output == "notebooks/my_calls.ipynb is yours; open it with 'crm-lab lab my_calls'.\n"


def test_check_of_an_unknown_notebook_exits_2(root):
    result = CliRunner().invoke(main, ["notebooks", "refresh", "55", "--check"])
    assert result.exit_code == 2
    assert "There is no notebook '55'" in result.output
