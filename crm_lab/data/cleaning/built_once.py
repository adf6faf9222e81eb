"""Folders of tables that appear whole or not at all, and are made by one process while others wait."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import Timeout

from crm_lab.data.connection import workspaces_dir
from crm_lab.locks import locked

ABOUT = "workspace.json"
_NAME = 120  # characters of a source's name in that of its folder


def built_once(name: str, key: str, make: Callable[[Path], str]) -> Path:
    """The folder of some tables, made first if it is missing.

    Args:
        name: Of the source.
        key: Of its tables.
        make: Writes the tables into an empty folder, and returns what they were made from.
    """
    folder = workspaces_dir() / (re.sub(r"[^\w.-]+", "_", name)[:_NAME] + f"-{key}")
    if not (folder / ABOUT).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder.with_suffix(".lock")):
            if not (folder / ABOUT).exists():
                _publish(folder, make)
    return folder


def _publish(folder: Path, make: Callable[[Path], str]) -> None:
    _remove_dead_builds(folder)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        (part / ABOUT).write_text(make(part), encoding="utf-8")
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _remove_dead_builds(folder: Path) -> None:
    """Remove what killed builds left, raw rows among it: whoever still builds a workspace holds its lock."""
    for left in folder.parent.glob(".*-*.????????"):
        of = left.with_name(left.name.removeprefix(".").rpartition(".")[0])
        if of == folder:  # its lock is held here
            shutil.rmtree(left, ignore_errors=True)
        elif of.with_suffix(".lock").is_file():
            with suppress(Timeout), locked(of.with_suffix(".lock"), wait_s=0):
                shutil.rmtree(left, ignore_errors=True)
