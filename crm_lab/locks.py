"""A lock between processes that dies with its holder (filelock)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock


@contextmanager
def locked(path: Path, wait_s: float = -1, note: str = "") -> Iterator[None]:
    """Hold an exclusive lock on a file while inside.

    Args:
        path: The lock's file; it stays, and whoever waits may read in it who holds the lock.
        wait_s: How long to wait for others; for ever if negative.
        note: What the file says of the holder.

    Raises:
        filelock.Timeout: If others hold it all the while.
    """

    def write(number: int) -> None:
        os.ftruncate(number, 0)
        os.pwrite(number, note.encode(), 0)

    with FileLock(path, wait_s, on_acquired=write, preserve_lock_file=True, fallback_to_soft=False):
        yield
