"""A kernel that is spoken to through files of its own instead of ports of the machine.

A port that was free when jupyter looked for it may be taken by the time the kernel binds it, and then the kernel
dies before it has said anything: a schedule that starts many pages at once meets that. Nobody else can take a name in
a private folder, nor listen to what passes there.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from jupyter_client.manager import AsyncKernelManager

LONGEST_FOLDER: Final = 70  # bytes; a socket's path has room for 103 with its name


class LocalKernelManager(AsyncKernelManager):  # type: ignore[misc] # jupyter_client is untyped here
    """Jupyter's manager for a kernel on this machine; with ports only where socket files cannot be had."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._folder = _short_folder()
        if self._folder is not None:
            self.transport = "ipc"
            self.connection_file = str(self._folder / "kernel.json")
            self.ip = str(self._folder / "socket")

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart)
        if self._folder is not None and not restart:
            shutil.rmtree(self._folder, ignore_errors=True)

    cleanup_resources = _async_cleanup_resources


def _short_folder() -> Path | None:
    """A new private folder for sockets; ``None`` on Windows and where temporary folders have long names."""
    if sys.platform == "win32" or len(os.fsencode(tempfile.gettempdir())) > LONGEST_FOLDER:
        return None
    return Path(tempfile.mkdtemp(prefix="crm_lab_"))
