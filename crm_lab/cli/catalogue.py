"""``crm-lab list`` and ``crm-lab help NOTEBOOK``: what there is to run, and with which parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    from crm_lab.run.suites.notebook_file import NotebookFile


@click.command("list")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of the questions.")
def list_(lang: str) -> None:
    """Suites, and notebooks with their questions."""
    from crm_lab.project import project_root
    from crm_lab.run.suites.notebook_file import notebooks
    from crm_lab.run.suites.suite import suite_files

    root = project_root()
    known = notebooks(root)
    click.echo("Suites (crm-lab run SUITE)")
    for name in suite_files(root):
        click.echo(f"  {name:<28} {_described(name, root, known)}")
    click.echo("\nNotebooks (crm-lab help NOTEBOOK; the number will do)")
    for name, notebook in known.items():
        click.echo(f"  {name:<28} {notebook.question(lang)}")


def _described(name: str, root: Path, known: Mapping[str, NotebookFile]) -> str:
    from crm_lab.run.suites.suite import load_suite

    try:
        suite = load_suite(name, root, known)
    except BadInput as error:
        return f"cannot be used: {error.problems[0] if error.problems else error}"
    return f"{suite.title} ({', '.join(known[page.notebook].number for page in suite.page)})"


def _suite_with(notebook: str, root: Path, known: Mapping[str, NotebookFile]) -> str:
    """The first suite that runs a notebook; a file to be written where none does."""
    from crm_lab.run.suites.suite import load_suite, suite_files

    for name in suite_files(root):
        with contextlib.suppress(BadInput):
            if notebook in load_suite(name, root, known).pages:
                return name
    return "my_suite.toml"


@click.command("help")
@click.argument("notebook")
@click.option("--json", "as_json", is_flag=True, help="The parameters as JSON Schema.")
def help_(notebook: str, as_json: bool) -> None:
    """A notebook's question and parameters.

    NOTEBOOK is a name of `crm-lab list`, or its first digits.
    """
    import json
    import shlex

    from crm_lab.project import project_root
    from crm_lab.run.suites.notebook_file import notebooks, pick

    root = project_root()
    known = notebooks(root)
    page = known[pick(notebook, list(known))]
    if as_json:
        click.echo(json.dumps(page.schema.json_schema(), indent=2))
        return
    click.echo(f"{page.name}: {page.question()}")
    parameters = page.schema.parameters.values()
    if not parameters:
        click.echo("It takes no parameters.")
    for parameter in parameters:
        click.echo(f"\n  {parameter.name}: {parameter.spelled} = {parameter.default!r}")
        click.echo(f"      {f'{parameter.comment} ({parameter.rule})' if parameter.comment else parameter.rule}")
    click.echo("\nExamples")
    setting = next((f"{page.name}.{p.name}={p.default}" for p in parameters), None)
    example = ["--only", page.number or page.name, *(["-p", setting] if setting else [])]
    papermill = ["papermill", f"notebooks/{page.name}.ipynb", "out.ipynb", "--engine", "crm-lab"]
    click.echo(f"  {shlex.join(['crm-lab', 'run', _suite_with(page.name, root, known), *example])}")
    click.echo(f"  {shlex.join(papermill)}")
