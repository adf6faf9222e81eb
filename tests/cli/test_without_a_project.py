"""Where there is no project: what needs one says so in a sentence, and the package works."""

import pytest
from click.testing import CliRunner

from crm_lab import project
from crm_lab.cli import COMMANDS, WITHOUT_A_PROJECT, main


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A working folder without a project, and a package that is part of no checkout."""
    monkeypatch.delenv("CRM_LAB_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(project, "__file__", str(tmp_path / "site-packages" / "crm_lab" / "project.py"))
    return tmp_path


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - set(WITHOUT_A_PROJECT)))
def test_a_command_that_needs_a_project_says_so(command, nowhere):
    done = CliRunner().invoke(main, [command])
    assert done.exit_code == 2
    assert done.output.startswith(
        f"Error: 'crm-lab {command}' works on a project, a folder with notebooks/ and suites/"
    )
    assert len(done.output.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_no_project(command, nowhere):
    done = CliRunner().invoke(main, [command, "--help"])
    assert done.exit_code == 0
    assert done.output.startswith("Usage:")


def test_claims_are_read_without_a_project(nowhere):
    done = CliRunner().invoke(main, ["claims", "deck.yaml"])
    assert done.exit_code == 2
    assert "project" not in done.output


def test_files_go_to_the_working_folder(nowhere):
    assert project.find_project() is None
    assert project.project_root() == nowhere


def test_a_project_is_found_from_below(nowhere):
    for name in ("suites", "notebooks/drafts"):
        (nowhere / name).mkdir(parents=True)
    assert project.find_project() == nowhere
