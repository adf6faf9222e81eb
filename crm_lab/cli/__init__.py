"""The command line: ``crm-lab COMMAND``. A command is one file here and one line in `COMMANDS`."""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

from crm_lab.checks import BadInput

COMMANDS: Final = {
    "run": "crm_lab.cli.run:run",
    "init": "crm_lab.cli.init:init",
    "list": "crm_lab.cli.catalogue:list_",
    "help": "crm_lab.cli.catalogue:help_",
    "notebooks": "crm_lab.cli.notebooks:notebooks",
    "lab": "crm_lab.cli.lab:lab",
    "simulate": "crm_lab.cli.simulate:simulate",
    "teach": "crm_lab.cli.teach:teach",
    "claims": "crm_lab.cli.claims:claims",
}
"""Command -> ``module:function``. A module is loaded when its command is called or its help is shown,
so it must be cheap to import: only click and `crm_lab.checks` at the top, the rest inside functions."""

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
        home = COMMANDS.get(cmd_name)
        if home is None:
            return None
        module, _, function = home.partition(":")
        command: click.Command = getattr(importlib.import_module(module), function)
        return command

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
