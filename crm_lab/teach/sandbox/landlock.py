"""Landlock: which files a process may read and write, and that it may connect to nothing; kept by the kernel."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from crm_lab.teach.sandbox.kernel_calls import checked, syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same number on every processor
_PATH_BENEATH: Final = 1
_WRITE_FILE, _READ_FILE, _READ_FOLDER, _REFER, _TRUNCATE, _DEVICE = 1 << 1, 1 << 2, 1 << 3, 1 << 13, 1 << 14, 1 << 15
_EXECUTE: Final = 1
_CHANGES: Final = sum(1 << bit for bit in range(4, 13))  # remove and make files and folders
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE
_TCP: Final = 3  # bind and connect
_SCOPES: Final = 3  # abstract sockets and signals stay inside
READING: Final = _READ_FILE | _READ_FOLDER


def landlock_version() -> int:
    """The version of Landlock that this system has; 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(0, syscall(_CREATE_RULESET, None, 0, 1))


def restrict(readable: Iterable[Path], writable: Iterable[Path], devices: Iterable[Path]) -> None:
    """Restrict this process for good, and all that come from it.

    Args:
        readable: Files and folders it may read, with all beneath.
        writable: Folders it may write into.
        devices: Files it may read and write.

    Raises:
        OSError: If the kernel has no Landlock, or refuses.
    """
    version = landlock_version()
    change = _WRITE_FILE | _CHANGES | (_REFER if version > 1 else 0) | (_TRUNCATE if version > 2 else 0)
    handled = struct.pack(
        "QQQ",
        _EXECUTE | READING | change | (_DEVICE if version > 4 else 0),
        _TCP if version > 3 else 0,
        _SCOPES if version > 5 else 0,
    )[: 24 if version > 5 else 16 if version > 3 else 8]
    rules = checked(syscall(_CREATE_RULESET, handled, len(handled), 0), "Landlock")
    for path in readable:
        _allow(rules, path, READING)
    for path in writable:
        _allow(rules, path, READING | change)
    for path in devices:
        _allow(rules, path, _READ_FILE | _WRITE_FILE)
    checked(syscall(_RESTRICT_SELF, rules, 0), "Landlock")
    os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # gone, or not ours: then it is not allowed
        return
    if not path.is_dir():
        rights &= _OF_FILES
    checked(syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0), f"Landlock on {path}")
    os.close(place)
