"""Results of slow fits, kept on disk by the content of what went in."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from joblib import Memory

from crm_lab.project import project_root

P = ParamSpec("P")
R = TypeVar("R")


def cache_dir() -> Path:
    """Where results are kept: ``$CRM_LAB_CACHE`` or ``data/.workspaces/.cache`` of the project."""
    given = os.environ.get("CRM_LAB_CACHE")
    on = given and given != "off"
    return Path(str(given)) if on else project_root() / "data" / ".workspaces" / ".cache"


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can write into the folder: what is read from it is run as code. It is made if missing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = folder.stat()
    return not hasattr(os, "geteuid") or (state.st_uid == os.geteuid() and not state.st_mode & 0o022)


@cache
def _memory(folder: Path) -> Memory:
    return Memory(folder, verbose=0)


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """Compute once per content of the arguments and source of the function.

    ``CRM_LAB_CACHE=off`` computes every time, and so does a folder that others may write into.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if os.environ.get("CRM_LAB_CACHE") == "off" or not _is_ours(cache_dir()):
            return function(*args, **kwargs)
        kept: Any = _memory(cache_dir()).cache(function)
        result: R = kept(*args, **kwargs)
        return result

    return call
