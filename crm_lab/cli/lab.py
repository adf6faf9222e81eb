"""``crm-lab lab``: JupyterLab in this environment."""

from __future__ import annotations

import os
import sys

import click

FIRST = "00_start_here"
# Lab asks nothing of the network: no news, no update check, no extension catalogue
QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


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
    page = [f"--LabApp.default_url=/lab/tree/notebooks/{wanted[0].name}"] if wanted else []
    os.chdir(root)
    os.environ["CRM_LAB_HOME"] = str(root)
    as_root = ["--allow-root"] if os.geteuid() == 0 else []  # a container's only user; Lab listens to this machine
    settings = [f"--ServerApp.root_dir={root}", *QUIET, *as_root]
    command = [sys.executable, "-m", "jupyterlab", *settings, *page, *options]
    os.execv(sys.executable, command)  # noqa: S606 - JupyterLab takes the place of this process
