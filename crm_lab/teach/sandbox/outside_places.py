"""Which places a submission looks for that it has not: an audit hook of Python that refuses nothing and names them.

The kernel keeps everything away. This only says what was tried, and only what was tried through Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from crm_lab.teach.sandbox import private_root

if TYPE_CHECKING:
    from crm_lab.teach.sandbox.confinement import Confinement

_EVENTS: Final = frozenset({"open", "os.listdir", "os.scandir", "os.chmod", "os.remove", "os.rename", "os.mkdir",
                            "os.rmdir", "os.link", "os.symlink", "os.truncate"})  # fmt: skip
_COMMON: Final = ("/dev", "/sys", "/usr", "/lib", "/lib64", "/etc/localtime")
_OWN_PROC: Final = ("/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/sys", "/proc/filesystems")
_MOST: Final = 20


class OutsidePlaces:
    """The hook."""

    def __init__(self, around: Confinement, tell: Callable[[str], None]) -> None:
        given = [*around.job.readable.values(), *around.job.writable.values()]
        places = [*private_root.interpreter_places(), around.home, around.outside, *given, *_COMMON, *_OWN_PROC]
        self._own = tuple(str(place) for place in places)
        self._searched = set(sys.path)
        self._own_temp = "files" in around.held
        self._tell = tell
        self._told = set[str]()

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """Look at an event of the interpreter."""
        if event not in _EVENTS or not args or not isinstance(args[0], str | bytes | os.PathLike):
            return
        path = os.path.abspath(os.fsdecode(args[0]))  # noqa: PTH100 - of whatever stands there
        if path in self._told or len(self._told) >= _MOST or self._is_own(path):
            return
        self._told.add(path)
        self._tell(path)

    def _is_own(self, path: str) -> bool:
        if self._own_temp and os.path.isdir(os.path.dirname(path)) and path.startswith("/tmp/"):  # noqa: PTH112, PTH120, S108
            return True
        return path in self._searched or any(path == own or path.startswith(f"{own}/") for own in self._own)
