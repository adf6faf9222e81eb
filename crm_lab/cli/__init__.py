"""The command line: ``crm-lab COMMAND``. A command is one file here and a row of `COMMANDS`.

A command's module must be cheap to import: only click and `crm_lab.checks` at its top, the rest inside functions.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

from crm_lab.checks import BadInput

COMMANDS: Final = {
    "run": "run:run",
    "init": "init:init",
    "list": "catalogue:list_",
    "help": "catalogue:help_",
    "notebooks": "notebooks:notebooks",
    "lab": "lab:lab",
    "status": "runs.status:status",
    "diff": "runs.diff:diff",
    "history": "runs.history:history",
    "answer": "runs.answer:answer",
    "assistant": "runs.assistant:assistant",
    "verify": "runs.verify:verify",
    "prune": "runs.prune:prune",
    "notify": "runs.notify:notify",
    "schedule": "runs.scheduler_text:schedule",
    "simulate": "simulate:simulate",
    "teach": "teach:teach",
    "claims": "claims:claims",
    "activate": "activate:activate",
}
"""Each command's module and its name there."""
WITHOUT_A_PROJECT: Final = ("simulate", "claims", "activate")
INTERRUPTED = 130


class Refused(click.ClickException):
    """What the user gave cannot be used: the sentence goes to standard error, the exit code is 2."""

    exit_code = 2


class LazyGroup(click.Group):
    """A click group that imports a command's module only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the table."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """The command of that name, its module loaded now."""
        return _command(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was asked for, refused where it needs a project and there is none."""
        from crm_lab.project import find_project

        name, command, rest = super().resolve_command(ctx, args)
        works_here = name in WITHOUT_A_PROJECT or set(rest) & set(ctx.help_option_names)
        if not works_here and find_project() is None:
            raise BadInput(
                f"'crm-lab {name}' works on a project, a folder with notebooks/ and suites/, and there is none here: "
                "run it in one or name it in CRM_LAB_HOME; the Python package works without."
            )
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the user can mend becomes one sentence and exit code 2."""
        from crm_lab.run.execution import kernel_installation

        kernel_installation.point_to_this_interpreter()
        try:
            return super().invoke(ctx)
        except BadInput as error:
            raise Refused(str(error)) from error
        except OSError as error:
            sentence = _file_sentence(error)
            if sentence is None:
                raise
            raise Refused(sentence) from error
        except KeyboardInterrupt:
            click.echo("Interrupted: nothing was published.", err=True)
            ctx.exit(INTERRUPTED)


def _command(name: str) -> click.Command | None:
    """A command by its name; its module is loaded only now, so that ``--help`` and ``list`` answer at once."""
    if name not in COMMANDS:
        return None
    module, _, function = COMMANDS[name].partition(":")
    command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), function)
    return command


def _file_sentence(error: OSError) -> str | None:
    """What the user can do about a file; ``None`` where it is no matter of room or permission."""
    from crm_lab.run.archive.store import NO_ACCESS, NO_ROOM

    where = f" '{error.filename}'" if error.filename else ""
    if error.errno in NO_ROOM:
        return f"The disk is full: could not write{where}. Free some space and run it again."
    if error.errno in NO_ACCESS:
        return f"Cannot read or write{where}: {error.strerror}. Change its permissions or name another folder."
    return None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="crm-lab")
def main() -> None:
    """Retail CRM analytics: questions in notebooks, answers in reports.

    Start with `crm-lab list`.
    """
