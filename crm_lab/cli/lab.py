"""``crm-lab lab``: JupyterLab in this environment."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

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
    """Open JupyterLab on notebook 00, on another of the lab's, or on any notebook or folder by its path.

    Further options go to JupyterLab.
    """
    from crm_lab.project import project_root

    root = project_root().resolve()
    if notebook is not None and notebook.startswith("-"):
        options, notebook = (notebook, *options), None
    wanted = _wanted(notebook, root)
    folder = root if wanted.is_relative_to(root) else wanted if wanted.is_dir() else wanted.parent
    page = quote(wanted.relative_to(folder).as_posix())
    os.chdir(folder)
    os.environ["CRM_LAB_HOME"] = str(root)
    as_root = ["--allow-root"] if os.geteuid() == 0 else []  # a container's only user; Lab listens to this machine
    settings = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{page}", *QUIET, *as_root]
    command = [sys.executable, "-m", "jupyterlab", *settings, *options]
    os.execv(sys.executable, command)  # noqa: S606 - JupyterLab takes the place of this process


def _wanted(notebook: str | None, root: Path) -> Path:
    """The file to open: a name or its beginning in notebooks/, or a path as it stands.

    Raises:
        BadInput: If there is no such notebook.
    """
    from crm_lab.checks import BadInput

    name = notebook or FIRST
    if not Path(name).is_absolute():
        pages = sorted(path for path in (root / "notebooks").glob("*.ipynb") if path.name.startswith(name))
        if pages or not notebook:
            return pages[0] if pages else root
    with suppress(OSError, RuntimeError):  # nobody's home, a circle of links, a name that is too long
        given = Path(name).expanduser().resolve()
        if (given.suffix == ".ipynb" and given.is_file()) or given.is_dir():
            return given
    raise BadInput(f"There is no notebook {notebook!r} in notebooks/, nor a file of that path; see 'crm-lab list'.")
