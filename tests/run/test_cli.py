"""The command line as a user meets it."""

import errno
import json
import subprocess
import sys

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
    [(errno.ENOSPC, "The disk is full: could not write '/x'."), (errno.EACCES, "Cannot read or write '/x': no.")],
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


def test_help_and_lists_load_no_pandas(project):
    project.notebook("01_one", title="01 · Which?")
    calls = [["--help"], ["list"], ["help", "01"], ["run", "--help"]]
    code = f"""
import sys
from crm_lab.cli import main
for arguments in {calls!r}:
    main(arguments, standalone_mode=False)
heavy = ("pandas", "numpy", "matplotlib", "duckdb", "nbformat", "jupyter_client")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=project.env())
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_run_loads_no_statistics_and_no_grammars():
    """What the pages need is loaded in their own processes; what nobody needs, nowhere (seconds of each process)."""
    code = """
import sys
import crm_lab.run.notice.notice, crm_lab.run.run_suite, crm_lab.run.html.rendering, crm_lab.run.execution.worker
import papermill.execute
print([name for name in ("scipy.stats", "sklearn", "statsmodels", "seaborn", "lark") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_list_shows_suites_and_questions_and_survives_a_broken_suite(project):
    project.notebook("01_one", title="01 · Which?")
    project.suite("bad", 'title = "B"\n[[page]]\nnotebook = "01_oen"\n')
    project.suite("good", 'title = "G"\n[[page]]\nnotebook = "01_one"\n')
    assert CliRunner().invoke(cli.main, ["list"]).output.splitlines() == [
        "Suites (crm-lab run SUITE)",
        "  bad                          cannot be used: there is no notebook '01_oen'; did you mean '01_one'?",
        "  good                         G (01)",
        "",
        "Notebooks (crm-lab help NOTEBOOK; the number will do)",
        "  01_one                       Which?",
    ]


def test_help_shows_every_parameter_with_its_rule(project):
    project.notebook("01_one", title="01 · Which?")
    project.suite("weekly", 'title = "G"\n[[page]]\nnotebook = "01_one"\n')
    assert CliRunner().invoke(cli.main, ["help", "01"]).output.splitlines() == [
        "01_one: Which?",
        "",
        "  shop: Literal['small', 'large'] = 'small'",
        "      where from (one of 'small', 'large')",
        "",
        "  as_of: str = '2017-12-31'",
        '      last day that counts (a date like 2017-12-31, or "latest")',
        "",
        "  bins: int = 5",
        "      how many (a whole number)",
        "",
        "Examples",
        "  crm-lab run weekly --only 01 -p 01_one.shop=small",
        "  papermill notebooks/01_one.ipynb out.ipynb --engine crm-lab",
    ]


def test_help_as_json_schema(project):
    project.notebook("01_one")
    content = json.loads(CliRunner().invoke(cli.main, ["help", "01", "--json"]).output)
    assert content["properties"]["bins"]["type"] == "integer"
