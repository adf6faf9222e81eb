"""Jobs handed to the server that forks for them, and what comes back, read within limits."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from crm_lab.checks import BadInput
from crm_lab.run.environment import THREADS
from crm_lab.teach.sandbox.fork_server import READY
from crm_lab.teach.sandbox.reports import read_report
from crm_lab.teach.sandbox.sandbox import LAYERS, Job, Ran

_PATIENCE_S: Final = 60  # beyond a job's own limit, for its keeper to start and to end it
_PIECE: Final = 65536

Given = TypeVar("Given")
Made = TypeVar("Made")


class Server:
    """Runs jobs in a process that forks for each of them.

    Attributes:
        held: Layers that this machine gives.
        missing: Those it does not.
    """

    def __init__(self, forks: _Forks, without: Iterable[str]) -> None:
        self._forks, self._without = forks, tuple(without)
        self.held: tuple[str, ...] = ()
        first = self.run(Job(()))
        if first.ended != "done":
            raise BadInput(f"Submissions cannot be run on this machine: {first.at or first.ended}.")
        self.held = first.held
        self.missing = tuple(layer for layer in LAYERS if layer not in self.held)

    def run(self, job: Job) -> Ran:
        """Run a job within the layers that this machine has, and wait for it; it and all it started are gone then."""
        began = time.monotonic()
        job = replace(job, required=self.held, without=self._without)
        report, report_in = os.pipe()
        verdict, verdict_in = os.pipe()
        life_out, life = os.pipe()
        with tempfile.TemporaryFile() as file:
            file.write(job.to_json())
            file.seek(0)
            self._forks.hand_over([file.fileno(), report_in, verdict_in, life_out])
        for descriptor in (report_in, verdict_in, life_out):
            os.close(descriptor)
        heard = _Heard(report, verdict, life, job.limits.report_kb * 1024)
        heard.listen(began + job.limits.last_second + _PATIENCE_S)
        return read_report(heard.report, heard.verdict, flooded=heard.flooded, seconds=time.monotonic() - began)


class _Forks:
    """The process that forks; a new one is started where it has gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-m", "crm_lab.teach.sandbox.fork_server", str(theirs.fileno())]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, env=_environment(), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, cwd="/"
        )
        theirs.close()
        if self._control.recv(1) != READY:
            self.end()
            raise BadInput("The server for submissions did not start; what it said stands above.")

    def hand_over(self, descriptors: list[int]) -> None:
        """Have it fork for a job.

        Raises:
            BadInput: If it has gone, and cannot be started again.
        """
        with self._lock:
            try:
                socket.send_fds(self._control, [READY], descriptors)
            except OSError:
                self.end()
                self._start()
                socket.send_fds(self._control, [READY], descriptors)

    def end(self) -> None:
        """End it, and with it everything that it has started."""
        self._control.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Heard:
    """Both ways in from one run, read side by side until its keeper has ended."""

    def __init__(self, report: int, verdict: int, life: int, most: int) -> None:
        self._report, self._verdict, self._life, self._most = report, verdict, life, most
        self.report, self.verdict, self.flooded = b"", b"", False

    def listen(self, deadline: float) -> None:
        """Read until the end, or until it is too late or too much; the run has ended then."""
        with selectors.DefaultSelector() as ready:
            ready.register(self._report, selectors.EVENT_READ)
            ready.register(self._verdict, selectors.EVENT_READ)
            while self._verdict in ready.get_map() and time.monotonic() < deadline:
                for key, _ in ready.select(deadline - time.monotonic()):
                    if not self._read(key.fd):
                        ready.unregister(key.fd)
        self._close()

    def _read(self, descriptor: int) -> bool:
        piece = os.read(descriptor, _PIECE)
        if descriptor == self._verdict:
            self.verdict += piece
        elif len(self.report) + len(piece) <= self._most:
            self.report += piece
        elif not self.flooded:
            self.flooded = True
            self._end()
        return bool(piece)

    def _end(self) -> None:
        """The keeper sees this way close, and ends the run."""
        os.close(self._life)
        self._life = -1

    def _close(self) -> None:
        os.set_blocking(self._report, False)
        with contextlib.suppress(BlockingIOError):
            while self._read(self._report):
                pass
        if self._life >= 0:
            self._end()
        os.close(self._report)
        os.close(self._verdict)


@contextmanager
def server(without: Iterable[str] = ()) -> Iterator[Server]:
    """Start the server; with it, everything that it started ends.

    Args:
        without: Layers not to use, to see how a machine without them does.

    Raises:
        BadInput: If this is no Linux, or nothing can be run.
    """
    if sys.platform != "linux":
        raise BadInput("Submissions are run on Linux only, whose kernel keeps them apart; grade in a container.")
    forks = _Forks()
    try:
        yield Server(forks, without)
    finally:
        forks.end()


def _environment() -> Mapping[str, str]:
    """What the server starts with: where modules are, and what makes two runs the same; nothing of the instructor's."""
    places = [str(Path(__file__).resolve().parents[3]), *(entry for entry in sys.path if entry)]
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(places)),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_DATE_EPOCH": "1735689600",
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        **dict.fromkeys(THREADS, "1"),
    }


def each(work: Callable[[Given], Made], given: Sequence[Given], jobs: int) -> Iterator[Made]:
    """The work on each of many, so many at once, in order."""
    with ThreadPoolExecutor(jobs) as threads:
        yield from threads.map(work, given)
