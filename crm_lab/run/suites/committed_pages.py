"""Which pages are not as they were committed: an experiment in JupyterLab must not change a scheduled report."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from crm_lab.run.suites.notebook_file import NotebookFile, sources_hash


def edited_pages(root: Path, pages: Iterable[NotebookFile]) -> list[str]:
    """Names of the pages whose cells differ from those of the last commit; outputs do not count.

    A page that was never committed, such as ``my_04``, is somebody's own and counts as it is. Outside a repository
    there is nothing to compare with.

    Args:
        root: The project's folder.
        pages: Notebooks in it.
    """
    return [page.name for page in pages if _is_edited(root, page)]


def _is_edited(root: Path, page: NotebookFile) -> bool:
    path = page.path.resolve()
    if not path.is_relative_to(root.resolve()):
        return False
    name = f"HEAD:./{path.relative_to(root.resolve()).as_posix()}"
    try:
        shown = subprocess.run(  # noqa: S603 - git with words of ours
            ["git", "-C", str(root), "show", name],  # noqa: S607 - whichever git the user has
            capture_output=True,
            check=True,
            timeout=20,
        )
        committed = json.loads(shown.stdout)["cells"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return False
    return sources_hash(committed) != page.sources_sha256
