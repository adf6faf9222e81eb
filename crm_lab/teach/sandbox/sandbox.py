"""Limits for code that nobody has read: memory, time, files, processes, network.

Two layers. The kernel's Landlock, where there is one, lets the process write into its own folder alone and keeps it
from reading named places; it holds against any code. An audit hook of Python says the same in readable words and
also refuses other programs and connections; it stops accidents and simple mischief, not a determined attacker.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # system calls, the same number on every processor
_NO_NEW_PRIVILEGES = 38  # prctl
_PATH_BENEATH = 1
_WRITE_FILE, _READ_FILE, _TRUNCATE = 1 << 1, 1 << 2, 1 << 14
_CHANGES = sum(1 << bit for bit in (4, 5, 6, 7, 8, 9, 10, 11, 12))  # remove and make files and folders
_REFER = 1 << 13
_FILE_BYTES: Final = 200 * 2**20
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_PROGRAMS: Final = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"})
_CONNECTIONS: Final = frozenset({"socket.connect", "socket.bind", "socket.sendto"})
_CHANGING: Final = frozenset({"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.link",
                              "os.symlink", "shutil.rmtree"})  # fmt: skip
_DEVICES: Final = ("/dev/null", "/dev/tty", "/dev/zero")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one submission may use.

    Attributes:
        seconds: For the whole notebook.
        cell_seconds: For one cell.
        memory_mb: Memory beyond what the libraries take.
    """

    seconds: float = 120
    cell_seconds: float = 60
    memory_mb: int = 4096


class RefusedError(PermissionError):
    """A submission tried what it may not do."""


def confine(scratch: Path, hidden: Iterable[Path], limits: Limits) -> None:
    """Confine this process for good.

    Args:
        scratch: The folder it may write into.
        hidden: Files and folders it may not read.
        limits: Memory and time.
    """
    hidden = [path.resolve() for path in hidden]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(limits.seconds) + 5,) * 2)
    memory = _address_space() + limits.memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    _landlock(scratch, hidden)
    sys.addaudithook(_Guard(scratch.resolve(), hidden))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


class _Guard:
    """The audit hook: one question for every file, program and connection."""

    def __init__(self, scratch: Path, hidden: Iterable[Path]) -> None:
        self._scratch = str(scratch)
        self._hidden = [str(path) for path in hidden]

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _PROGRAMS:
            raise RefusedError("A submission may not start another program.")
        if event in _CONNECTIONS:
            raise RefusedError("A submission may not use the network.")
        if event == "open":
            self._open(args[0], args[2] if isinstance(args[2], int) else 0)
        elif event in _CHANGING and isinstance(args[0], str | bytes | os.PathLike):
            self._write(os.fsdecode(args[0]))

    def _open(self, path: Any, flags: int) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        name = os.fsdecode(path)
        if flags & _WRITING:
            self._write(name)
        elif not _beneath(name, self._scratch) and any(_beneath(name, hidden) for hidden in self._hidden):
            raise RefusedError(f"A submission may not read {name}.")

    def _write(self, name: str) -> None:
        if name not in _DEVICES and not _beneath(name, self._scratch):
            raise RefusedError(f"A submission may write into its own folder only, not {name}.")


def _beneath(name: str, folder: str) -> bool:
    real = os.path.realpath(name)
    return real == folder or real.startswith(f"{folder}/")


def landlock_version() -> int:
    """The version of Landlock that this system has; 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, 1)))


def _landlock(scratch: Path, hidden: list[Path]) -> None:
    version = landlock_version()
    if not version:
        return
    change = _WRITE_FILE | _CHANGES | (_REFER if version > 1 else 0) | (_TRUNCATE if version > 2 else 0)
    libc = ctypes.CDLL(None, use_errno=True)
    handled = struct.pack("Q", change | _READ_FILE)
    rules = libc.syscall(_CREATE_RULESET, handled, len(handled), 0)
    file_change = change & (_WRITE_FILE | _TRUNCATE)
    for path in beside(hidden):
        _allow(libc, rules, path, _READ_FILE)
    _allow(libc, rules, scratch, change | _READ_FILE)
    for device in _DEVICES:
        _allow(libc, rules, Path(device), file_change | _READ_FILE)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.syscall(_RESTRICT_SELF, rules, 0):
        raise OSError(ctypes.get_errno(), "The process could not be confined")
    os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # gone, or not ours: then it is not allowed
        return
    if not path.is_dir():
        rights &= _WRITE_FILE | _READ_FILE | _TRUNCATE
    libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    os.close(place)


def beside(hidden: Iterable[Path], root: Path = Path("/")) -> list[Path]:
    """The fewest files and folders that are everything beneath a root except what is hidden; links lead elsewhere."""
    hidden = [path for path in hidden if path.is_relative_to(root)]
    if not hidden:
        return [] if root.is_symlink() else [root]
    if root in hidden or root.is_symlink() or not root.is_dir():
        return []
    return [place for child in sorted(root.iterdir()) for place in beside(hidden, child)]


def temp_folders(scratch: Path) -> dict[str, str]:
    """Environment variables that send every library's files into a folder."""
    tempfile.tempdir = None
    names = ("HOME", "TMPDIR", "IPYTHONDIR", "CRM_LAB_OUT", "XDG_CACHE_HOME")
    return dict.fromkeys(names, str(scratch))
