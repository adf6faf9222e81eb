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


@cache
def _memory(folder: Path) -> Memory:
    return Memory(folder, verbose=0)


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """Compute once per content of the arguments and source of the function.

    ``CRM_LAB_CACHE=off`` computes every time.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if os.environ.get("CRM_LAB_CACHE") == "off":
            return function(*args, **kwargs)
        kept: Any = _memory(cache_dir()).cache(function)
        result: R = kept(*args, **kwargs)
        return result

    return call
