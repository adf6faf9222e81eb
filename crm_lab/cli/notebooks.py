"""``crm-lab notebooks``: refresh and check the committed notebooks, copy one to work on."""

from __future__ import annotations

import click


@click.group("notebooks")
def notebooks() -> None:
    """Keep the committed notebooks, or copy one to work on."""


@notebooks.command("refresh")
@click.argument("names", nargs=-1, metavar="[NN ...]")
@click.option("--check", is_flag=True, help="Write nothing; say which notebooks differ from their code.")
@click.pass_context
def refresh_(ctx: click.Context, names: tuple[str, ...], *, check: bool) -> None:
    """Execute notebooks (default: all) and write their canonical outputs."""
    from crm_lab.project import project_root
    from crm_lab.run.committed.refresh import refresh

    good = True
    for outcome in refresh(project_root(), names, check=check):
        click.echo(f"{outcome.path.stem}: {outcome.status}")
        for sentence in outcome.details:
            click.echo(f"  {sentence}", err=not outcome.good)
        good = good and outcome.good
    if not good:
        ctx.exit(1)


@notebooks.command("copy")
@click.argument("name", metavar="NN")
@click.argument("new_name", metavar="my_NAME")
def copy_(name: str, new_name: str) -> None:
    """Copy a notebook to notebooks/my_NAME.ipynb, which git ignores, without outputs."""
    from crm_lab.project import project_root
    from crm_lab.run.committed.refresh import copy_notebook

    path = copy_notebook(project_root(), name, new_name)
    click.echo(f"notebooks/{path.name} is yours; open it with 'crm-lab lab {path.stem}'.")
