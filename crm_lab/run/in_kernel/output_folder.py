"""Where a notebook's files go when plain papermill runs it: beside the notebook it writes, so that no two jobs meet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

OUT = "CRM_LAB_OUT"


def choose_output_folder() -> None:
    """Set ``CRM_LAB_OUT`` in a kernel that papermill started and nobody gave one.

    The command line of papermill says where its output notebook goes; a job that is started from Python gets a folder
    of its own. In JupyterLab, which names the notebook, it stays ``outputs/interactive/``.
    """
    parent = os.environ.get("JPY_PARENT_PID", "")
    if os.environ.get(OUT) or os.environ.get("JPY_SESSION_NAME") or not parent.isdigit():
        return
    import psutil

    try:
        process = psutil.Process(int(parent))
        command, cwd = process.cmdline(), process.cwd()
    except psutil.Error:
        return
    beside = folder_beside_output(command, Path(cwd))
    if beside is not None:
        os.environ[OUT] = str(beside)


def folder_beside_output(command: Sequence[str], cwd: Path) -> Path | None:
    """The folder named like the output notebook of a papermill command; ``None`` for other commands.

    >>> folder_beside_output(
    ...     ["python", "/bin/papermill", "in.ipynb", "out/calls.ipynb", "-p", "bins", "4"], Path("/lab")
    ... )
    PosixPath('/lab/out/calls')
    >>> folder_beside_output(["python", "-m", "jupyterlab"], Path("/lab")) is None
    True

    Args:
        command: The process's command line.
        cwd: Its working folder.
    """
    places = [
        n
        for n, word in enumerate(command[:3])
        if Path(word).stem == "papermill" or word.endswith("papermill/__main__.py")
    ]
    if not places:
        return None
    from click import ClickException
    from papermill.cli import papermill

    try:
        given = papermill.make_context("papermill", list(command[places[-1] + 1 :]), resilient_parsing=True).params
    except ClickException:
        return None
    output = str(given.get("output_path") or "")
    return (cwd / output).with_suffix("") if output.endswith(".ipynb") and "://" not in output else None
