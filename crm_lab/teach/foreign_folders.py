"""Folders in which a submission could write: looked at and removed whatever stands in them, however deep."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

_DEEPEST: Final = 60  # folders in folders; nobody needs more


def exceeds(folder: Path, size: int, files: int) -> bool:
    """Whether a folder holds more bytes, more files, or deeper folders than it may.

    Args:
        folder: The folder; links in it are not followed.
        size: Bytes that it may hold.
        files: Files and folders that it may hold.
    """
    waiting, bytes_, count = [(str(folder), 0)], 0, 0
    while waiting:
        place, depth = waiting.pop()
        if depth > _DEEPEST:
            return True
        try:
            entries = _entries(place)
            count += len(entries)
            bytes_ += sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
            waiting += [(entry.path, depth + 1) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, PermissionError):  # it is at work there
            continue
        except OSError:  # a path that is longer than a path can be
            return True
        if bytes_ > size or count > files:
            return True
    return False


def remove(folder: Path) -> None:
    """Remove a folder with everything in it; folders are lifted to the top, so that no depth is too deep.

    Args:
        folder: The folder; nothing else may write into it any more. What cannot be removed stays.
    """
    count, word = 0, secrets.token_hex(8)  # no name that stands there already
    with contextlib.suppress(OSError):
        while below := [entry.path for entry in _entries(str(folder)) if not _unlinked(entry)]:
            for place in below:
                os.chmod(place, 0o700)  # noqa: PTH101 - strings all the way
                for entry in _entries(place):
                    if not _unlinked(entry):
                        count += 1
                        os.chmod(entry.path, 0o700)  # noqa: PTH101 - it cannot be moved otherwise
                        os.rename(entry.path, f"{folder}/{word}{count}")  # noqa: PTH104
                os.rmdir(place)  # noqa: PTH106
        folder.rmdir()


def _entries(place: str) -> list[os.DirEntry[str]]:
    with os.scandir(place) as entries:
        return list(entries)


def _unlinked(entry: os.DirEntry[str]) -> bool:
    """Whether it was no folder, and is gone."""
    if entry.is_dir(follow_symlinks=False):
        return False
    os.unlink(entry.path)  # noqa: PTH108
    return True
