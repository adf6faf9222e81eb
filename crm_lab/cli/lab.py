"""``crm-lab lab``: JupyterLab in this environment."""

from __future__ import annotations

import os
import sys

import click

FIRST = "00_start_here"


@click.command("lab", context_settings={"ignore_unknown_options": True})
@click.argument("notebook", required=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def lab(notebook: str | None, options: tuple[str, ...]) -> None:
    """Open JupyterLab, on notebook 00 unless another is named; further options go to JupyterLab."""
    from crm_lab.checks import BadInput
    from crm_lab.exports import project_root

    root = project_root()
    if notebook is not None and notebook.startswith("-"):
        options, notebook = (notebook, *options), None
    wanted = sorted((root / "notebooks").glob(f"{notebook or FIRST}*.ipynb"))
    if notebook and not wanted:
        raise BadInput(f"There is no notebook {notebook!r} in notebooks/; 'crm-lab list' shows what there is.")
    page = [str(wanted[0].relative_to(root))] if wanted else []
    os.chdir(root)
    os.environ["CRM_LAB_HOME"] = str(root)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}", *page, *options]
    os.execv(sys.executable, command)  # noqa: S606 - JupyterLab takes the place of this process
