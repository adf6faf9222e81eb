"""Where the project is: the folder that holds ``notebooks/`` and ``suites/``."""

from __future__ import annotations

import os
from pathlib import Path


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
