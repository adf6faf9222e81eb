"""The run folders: ``outputs/<suite>/<run id>/``, each published whole by one rename and never changed after.

While a run works, its folder is hidden (``.<run id>.part``); ``latest`` moves only to a run that succeeded.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from filelock import Timeout

from crm_lab.checks import BadInput
from crm_lab.locks import locked as file_locked

LATEST = "latest"
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
NO_ACCESS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR})
LOCK_WAIT_S = 5.0
_PART = ".part"
_AWAY = f".{LATEST}.away"


@dataclass(frozen=True)
class RunFolder:
    """A run on its way: where it is written, and where it will be."""

    id: str
    part: Path
    final: Path


@contextmanager
def locked(folder: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Hold the suite's folder for one run; the lock of a process that died is free.

    Args:
        folder: ``outputs/<suite>``; made if missing.
        wait_s: How long to wait for another run to end.

    Raises:
        BadInput: If another run still holds it; it names that one.
        OSError: If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError:
        raise BadInput(f"The folder {folder} cannot be made; name another one.") from None
    note = json.dumps({"pid": os.getpid(), "started": _now().isoformat(timespec="seconds")})
    with ExitStack() as held:
        try:
            held.enter_context(file_locked(folder / ".lock", wait_s, note))
        except Timeout:
            raise BadInput(_held_by(folder, wait_s)) from None
        yield


def _held_by(folder: Path, wait_s: float) -> str:
    try:
        held = json.loads((folder / ".lock").read_text(encoding="utf-8"))
        who = f"process {held['pid']} since {held['started']}"
    except (OSError, json.JSONDecodeError, KeyError):
        who = "another process"
    return (
        f"The suite {folder.name!r} is being run by {who}; waited {wait_s:.0f} s. "
        "Wait until that run has ended, or stop it."
    )


@contextmanager
def run_folder(suite_folder: Path) -> Iterator[RunFolder]:
    """A hidden folder to write a run into; it is removed unless it was published.

    Call it under `locked`: what an interrupted run left behind is removed first.

    Raises:
        OSError: If it cannot be written.
    """
    heal(suite_folder)
    run_id = _free_id(suite_folder)
    folder = RunFolder(run_id, suite_folder / f".{run_id}{_PART}", suite_folder / run_id)
    folder.part.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder.part, ignore_errors=True)


def heal(suite_folder: Path) -> None:
    """Undo what a killed run left: hidden folders go, and ``latest`` is whole again if it was cut off half-way.

    Call it under `locked`.
    """
    for left in suite_folder.glob(f".*{_PART}"):
        _remove(left)
    latest, away = suite_folder / LATEST, suite_folder / _AWAY
    if away.is_dir():  # a copy was being replaced
        if latest.is_dir():
            _remove(away)
        else:
            away.replace(latest)


def publish_run(folder: RunFolder, *, move_latest: bool) -> Path:
    """Let a finished run appear, in one step.

    Args:
        folder: The run.
        move_latest: Whether ``latest`` shall point to it.

    Returns:
        The folder where it now is.
    """
    folder.part.replace(folder.final)
    if move_latest:
        point_latest(folder.final)
    return folder.final


def run_id_of(folder: Path) -> str:
    """The id of the run that a folder holds, hidden or published.

    >>> run_id_of(Path("outputs/tour/.2026-01-31T06-00-00Z.part"))
    '2026-01-31T06-00-00Z'
    """
    return folder.name.removeprefix(".").removesuffix(_PART)


def point_latest(run: Path) -> None:
    """Make ``latest`` beside a run point to it; where links are not possible, it becomes a copy."""
    latest, part = run.parent / LATEST, run.parent / f".{LATEST}{_PART}"
    _remove(part)
    try:
        part.symlink_to(run.name, target_is_directory=True)
    except OSError:
        shutil.copytree(run, part)
    away = run.parent / _AWAY
    if latest.is_dir() and not latest.is_symlink():
        _remove(away)
        latest.replace(away)
    part.replace(latest)
    _remove(away)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all: sorted keys, readable, UTF-8."""
    part = path.with_name(f".{path.name}{_PART}")
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


def _now() -> datetime:
    return datetime.now(UTC)


def moment() -> str:
    """Now, as the id of a run that starts now."""
    return _now().strftime("%Y-%m-%dT%H-%M-%SZ")


def _free_id(suite_folder: Path) -> str:
    """The time of the start in UTC, numbered where two runs start in one second."""
    start = moment()
    names = (start, *(f"{start}-{number}" for number in range(2, 1000)))
    return next(name for name in names if not (suite_folder / name).exists())
