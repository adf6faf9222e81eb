"""The process beside each submission: starts it, hears which calls the kernel refused it, ends it in any case.

The submission cannot see it. Whatever happens inside, the keeper lives, and what it tells the grader is true.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from crm_lab.teach.foreign_folders import exceeds
from crm_lab.teach.sandbox import kernel_calls as kernel
from crm_lab.teach.sandbox import private_root
from crm_lab.teach.sandbox.call_filter import refuse_next
from crm_lab.teach.sandbox.confinement import Confinement
from crm_lab.teach.sandbox.execution import prepare, run, waited_by
from crm_lab.teach.sandbox.sandbox import Job

_REPORT, _TO_KEEPER = 3, 4  # descriptors of the submission
_LOOK_S: Final = 0.1  # between looks at what it uses
_FOLDER_S: Final = 0.5  # between looks at the size of its folder, where nothing else limits it
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def keep(job_file: int, report: int, verdict: int, life: int) -> None:
    """Run a job to its end.

    Args:
        job_file: Holds the job.
        report: Where the submission tells of its cells.
        verdict: Where the keeper tells how it ended.
        life: Closes when the grader wants it ended, or has ended itself.
    """
    with os.fdopen(job_file, "rb") as file:
        job = Job.from_json(file.read())
    os.umask(0o022)
    around = Confinement(job, Path(tempfile.mkdtemp(prefix="crm_lab_run_")))
    ours, theirs = socket.socketpair()
    kernel.adopt_orphans()
    around.leave_namespaces()
    pid = os.fork()
    if pid == 0:
        _become(around, report, theirs)
    os.close(report)
    theirs.close()
    said = _Watch(around, pid, ours, life).until_the_end()
    around.give_back()
    os.write(verdict, json.dumps(said).encode())
    os._exit(0)


def _become(around: Confinement, report: int, theirs: socket.socket) -> None:
    """By the child: be the submission. It does not come back."""
    try:
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")  # if memory is short, this goes first
        os.setsid()
        _only(report, theirs.fileno())
        channel = socket.socket(fileno=_TO_KEEPER)
        try:
            listener = around.close(lambda: prepare(around))
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing foreign may run now
            channel.send(f"unsafe: {type(error).__name__}: {error}".encode()[:400])
            os._exit(1)
        if listener >= 0:
            socket.send_fds(channel, [b"calls"], [listener])
            os.close(listener)
        channel.close()
        run(around, _REPORT)
    finally:
        os._exit(1)


def _only(report: int, channel: int) -> None:
    """Nothing stays open but the ways to the grader and to the keeper."""
    nothing = os.open(os.devnull, os.O_RDWR)
    high = [os.dup(os.dup(os.dup(os.dup(descriptor)))) for descriptor in (nothing, report, channel)]
    for stream in (0, 1, 2):
        os.dup2(high[0], stream)
    os.dup2(high[1], _REPORT, inheritable=False)
    os.dup2(high[2], _TO_KEEPER, inheritable=False)
    os.closerange(_TO_KEEPER + 1, os.sysconf("SC_OPEN_MAX"))


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process uses, as the kernel counts it.

    Attributes:
        memory: Bytes of memory of its own, in use.
        threads: At once.
        processor: Seconds, of all threads.
        waited: Seconds for which its first thread could have run, and others ran.
    """

    memory: int
    threads: int
    processor: float
    waited: float


def usage_of(pid: int | str) -> Usage:
    """What a process uses now.

    Raises:
        OSError: If there is no such process any more.

    >>> usage_of("self").threads >= 1
    True
    """
    process = Path("/proc", str(pid))
    lines = (line.split() for line in process.joinpath("status").read_text(encoding="utf-8").splitlines())
    found = {words[0]: words[1] for words in lines if len(words) > 1}
    times = process.joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return Usage(
        memory=1024 * sum(int(found.get(name, 0)) for name in ("RssAnon:", "RssShmem:", "VmSwap:")),
        threads=int(found.get("Threads:", 0)),
        processor=sum(map(int, times)) / _TICKS,
        waited=waited_by(pid),
    )


def kills_for_memory() -> int:
    """How many processes this machine has ended so far because its memory was used up."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    return 0


class _Watch:
    """What the keeper waits for, until the submission is gone."""

    def __init__(self, around: Confinement, pid: int, channel: socket.socket, life: int) -> None:
        self._around, self._pid, self._channel, self._life = around, pid, channel, life
        self._limits = around.job.limits
        self._refused = Counter[str]()
        self._said: dict[str, Any] = {"unsafe": ""}
        self._libraries = usage_of("self").memory  # the submission starts with the same
        self._kills = kills_for_memory()
        self._next_look_at_folder = 0.0

    def until_the_end(self) -> dict[str, Any]:
        """Everything that is to be said of the run."""
        began = time.monotonic()
        ended = os.pidfd_open(self._pid)
        poll = select.poll()
        for descriptor in (ended, self._life, self._channel.fileno()):
            poll.register(descriptor, select.POLLIN)
        listener = -1
        while True:
            ready = dict(poll.poll(1000 * _LOOK_S))
            if ended in ready or self._life in ready or self._over(began):
                break
            if self._channel.fileno() in ready:
                poll.unregister(self._channel)
                listener = self._hear()
                if listener >= 0:
                    poll.register(listener, select.POLLIN)
            elif listener in ready:
                self._refuse(listener, poll, ready[listener])
        self._end(by_itself=ended in ready)
        return {**self._said, "refused": dict(self._refused)}

    def _hear(self) -> int:
        """What the submission says before any foreign code runs: its listener, or why it cannot run."""
        message, descriptors, _, _ = socket.recv_fds(self._channel, 500, 1)
        if message.startswith(b"unsafe"):
            self._said["unsafe"] = message.decode(errors="replace")
        return descriptors[0] if descriptors else -1

    def _refuse(self, listener: int, poll: select.poll, events: int) -> None:
        if events & select.POLLIN:
            self._refused[refuse_next(listener) or "gone"] += 1
        else:
            poll.unregister(listener)

    def _over(self, began: float) -> bool:
        """Whether it has used more than it may, and then of what."""
        passed = time.monotonic() - began
        try:
            used = usage_of(self._pid)
        except OSError:
            return False
        self._said["late"] = used.processor > self._limits.seconds or passed - used.waited > self._limits.clock_seconds
        self._said["starved"] = not self._said["late"] and passed > self._limits.last_second
        self._said["memory"] = used.memory - self._libraries > self._limits.memory_mb * 2**20
        self._said["large"] = used.threads > self._limits.all_threads or self._too_large()
        return any(self._said.get(reason) for reason in ("late", "starved", "memory", "large"))

    def _too_large(self) -> bool:
        """Whether it has written more than it may; where it has a root of its own, the kernel sees to that."""
        if (now := time.monotonic()) < self._next_look_at_folder:
            return False
        self._next_look_at_folder = now + _FOLDER_S
        return exceeds(self._around.outside, self._limits.disk_mb * 2**20, private_root.MOST_FILES)

    def _end(self, *, by_itself: bool) -> None:
        """Kill it, and all that it may have left: the first process of a namespace takes every other with it."""
        os.kill(self._pid, signal.SIGKILL)
        _, status, used = os.wait4(self._pid, 0)
        self._said["status"] = status
        if by_itself and os.WIFSIGNALED(status):
            self._said["late"] = used.ru_utime + used.ru_stime > self._limits.seconds
            self._said["starved"] = kills_for_memory() > self._kills
        while left := psutil.Process().children(recursive=True):
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, os.WNOHANG)


def main(*descriptors: int) -> None:
    """`keep`, and whatever goes wrong in it ends this process alone."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        keep(*descriptors)
    except BaseException as error:  # noqa: BLE001 - there is nobody above to catch it
        with contextlib.suppress(OSError):
            os.write(descriptors[2], json.dumps({"broken": f"{type(error).__name__}: {error}"[:400]}).encode())
    finally:
        sys.stdout.flush()
        os._exit(1)
