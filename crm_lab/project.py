"""Where the project is: the folder that holds ``notebooks/`` and ``suites/``."""

from __future__ import annotations

import os
from pathlib import Path


def project_root() -> Path:
    """The folder that holds ``notebooks/`` and ``suites/``: ``$CRM_LAB_HOME``, or found upwards from here."""
    given = os.environ.get("CRM_LAB_HOME")
    if given:
        return Path(given)
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "suites").is_dir() and (folder / "notebooks").is_dir():
            return folder
    return Path(__file__).resolve().parents[1]
