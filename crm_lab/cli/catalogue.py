"""``crm-lab list``: what there is to run."""

from __future__ import annotations

import click


@click.command("list")
def list_() -> None:
    """Suites, and notebooks with their questions."""
    from crm_lab.exports import project_root

    for path in sorted((project_root() / "notebooks").glob("[0-9]*.ipynb")):
        click.echo(path.stem)
