"""The server that pages' processes are forked from: what their notebooks import is imported once for all.

Where a process cannot be forked safely (macOS, Windows) each page's process starts afresh.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import multiprocessing.forkserver
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from crm_lab.run.execution import worker
from crm_lab.run.execution.preload import VARIABLE
from crm_lab.run.suites.notebook_file import NotebookFile


class PageProcess:
    """A page's process: its id, what it writes, and how it ended.

    Attributes:
        pid: Process id, also of its group.
        stdout: Lines of standard output.
        stderr: Lines of standard error.
    """

    def __init__(self, process: Any, stdout: IO[str], stderr: IO[str], alive: Any) -> None:
        self._process, self._alive = process, alive
        self.pid: int = process.pid
        self.stdout, self.stderr = stdout, stderr

    def ended(self) -> int:
        """Wait for its end: the exit code, negative for a signal."""
        self._process.join()
        return int(self._process.exitcode)

    def close(self) -> None:
        """Let go of what it wrote and of the line that kept it alive; it must have ended."""
        for end in (self.stdout, self.stderr, self._alive, self._process):
            end.close()


class PageServer:
    """Starts pages' processes.

    Args:
        environment: What all pages have in common; what is imported for all is imported under it.
        notebooks: What will be run.
    """

    def __init__(self, environment: Mapping[str, str], notebooks: Sequence[NotebookFile]) -> None:
        forks = sys.platform == "linux"
        self._context: Any = multiprocessing.get_context("forkserver" if forks else "spawn")
        if forks:
            imports = sorted(set().union(*(notebook.imports for notebook in notebooks)))
            self._context.set_forkserver_preload(["crm_lab.run.execution.preload"])
            with _environment({**environment, VARIABLE: json.dumps(imports)}):
                multiprocessing.forkserver.ensure_running()

    def start(self, job_file: str, environment: Mapping[str, str], folder: str) -> PageProcess:
        """Start the process of a page; see `worker.enter`."""
        out, told = self._context.Pipe(duplex=False)
        errors, said = self._context.Pipe(duplex=False)
        listening, alive = self._context.Pipe(duplex=False)
        arguments = (job_file, dict(environment), folder, told, said, listening)
        process = self._context.Process(target=worker.enter, args=arguments)
        process.start()
        for channel in (told, said, listening):
            channel.close()
        return PageProcess(process, _lines(out), _lines(errors), alive)


def _lines(channel: Any) -> IO[str]:
    stream = os.fdopen(os.dup(channel.fileno()), encoding="utf-8", errors="replace")
    channel.close()
    return stream


@contextlib.contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Another environment for the processes started meanwhile."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
