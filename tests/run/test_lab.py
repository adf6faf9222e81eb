"""`crm-lab lab` and `crm-lab notebooks`: what is started, and the sentences."""

import os
import sys

import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.run.canonical import KERNEL

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


def test_an_unknown_notebook_is_refused(root, started):
    result = CliRunner().invoke(main, ["lab", "77"])
    assert result.exit_code == 2
    assert "There is no notebook '77' in notebooks/" in result.output
    assert not started


def test_copy_says_where_it_is_and_how_to_open_it(root):
    result = CliRunner().invoke(main, ["notebooks", "copy", "04", "my_calls"])
    assert result.exit_code == 0
    assert result.output == "notebooks/my_calls.ipynb is yours; open it with 'crm-lab lab my_calls'.\n"


def test_check_of_an_unknown_notebook_exits_2(root):
    result = CliRunner().invoke(main, ["notebooks", "refresh", "55", "--check"])
    assert result.exit_code == 2
    assert "There is no notebook '55'" in result.output
