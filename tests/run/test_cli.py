"""The command line as a user meets it."""

import errno

import click
import pytest
from click.testing import CliRunner

from crm_lab import cli
from crm_lab.checks import BadInput


@pytest.fixture
def command(monkeypatch):
    """Runs `crm-lab boom`, a command that raises what the test hands in."""

    def run(error):
        @click.command("boom")
        def boom():
            raise error

        monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: boom)
        return CliRunner().invoke(cli.main, ["boom"])

    return run


def test_every_command_of_the_table_has_a_sentence_of_help():
    context = click.Context(cli.main)
    assert all(cli.main.get_command(context, name).get_short_help_str() for name in cli.COMMANDS)


def test_bad_input_is_its_sentence_and_exit_code_2(command):
    outcome = command(BadInput("the suite 'x'", ["a is 1; it must be 2.", "b is missing."]))
    assert outcome.exit_code == 2
    assert outcome.stderr == "Error: the suite 'x':\n  - a is 1; it must be 2.\n  - b is missing.\n"


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "The disk is full: could not write '/x'."), (errno.EACCES, "Could not write '/x': no.")],
)
def test_a_full_disk_and_a_closed_door_are_one_sentence(command, number, said):
    outcome = command(OSError(number, "no", "/x"))
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith(f"Error: {said}")
    assert outcome.stderr.count("\n") == 1


def test_a_fault_of_ours_keeps_its_traceback(command):
    assert isinstance(command(OSError(errno.EIO, "io")).exception, OSError)


def test_ctrl_c_is_exit_code_130(command):
    assert command(KeyboardInterrupt()).exit_code == 130


def test_an_unknown_command_is_refused():
    outcome = CliRunner().invoke(cli.main, ["rnu"])
    assert outcome.exit_code == 2
    assert "No such command 'rnu'" in outcome.output
