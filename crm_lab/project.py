"""Where the project is: the folder that holds ``notebooks/`` and ``suites/``."""

from __future__ import annotations

import os
from pathlib import Path

from crm_lab.checks import BadInput


def find_project() -> Path | None:
    """The folder that holds ``notebooks/`` and ``suites/``, if there is one.

    ``$CRM_LAB_HOME``, else the working folder or one above it, else the checkout that this package is part of.
    """
    given = os.environ.get("CRM_LAB_HOME")
    if given:
        return Path(given)
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / "suites").is_dir() and (folder / "notebooks").is_dir():
            return folder
    return None


def project_root() -> Path:
    """The project's folder; the working folder where the package is used without a project."""
    return find_project() or Path.cwd()


def need_project(command: str) -> None:
    """Refuse a command that reads notebooks or suites where there are none.

    Raises:
        BadInput: If no project is found.
    """
    if find_project() is None:
        raise BadInput(
            f"'crm-lab {command}' works on a project, a folder with notebooks/ and suites/, and there is none here: "
            "run it in one or name it in CRM_LAB_HOME; the Python package works without."
        )
