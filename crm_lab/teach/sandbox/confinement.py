"""All layers of a submission's isolation, in the only order in which each can still be put around it.

A layer that the kernel does not give is left out, and not said to be held; whoever asks for it does not run.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crm_lab.teach.foreign_folders import remove
from crm_lab.teach.sandbox import call_filter, landlock, private_root
from crm_lab.teach.sandbox import kernel_calls as kernel
from crm_lab.teach.sandbox.sandbox import Job, Limits

_FIRST_USER, _USERS = 61184, 4336  # numbers that no person and no service has
_NAMESPACES: Final = {
    "processes": kernel.NEW_PID, "network": kernel.NEW_NET, "ipc": kernel.NEW_IPC, "host": kernel.NEW_UTS,
}  # fmt: skip
_INSIDE: Final = 1000  # number of the user in a namespace of its own
_OPEN_FILES: Final = 256
_RESERVED_MB: Final = 4096  # address space that allocators and stacks of threads reserve, and hardly use
_GRACE_S: Final = 5  # of the processor, beyond what the keeper allows
_SYSTEM: Final = (  # what DuckDB and psutil read of a machine
    "/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/sys/vm/overcommit_memory", "/sys/fs/cgroup",
)  # fmt: skip


class UnsafeError(RuntimeError):
    """A layer that is required cannot be had."""


@dataclass
class Confinement:
    """The layers around one run, as they are put there.

    Attributes:
        job: What is to run.
        outside: A folder for its files where it can have no root of its own.
        held: Layers that are there.
        home: Where it runs.
    """

    job: Job
    outside: Path
    held: list[str] = field(default_factory=list)
    home: Path = private_root.HOME

    def __post_init__(self) -> None:
        self.administrator = os.geteuid() == 0
        self.user = _FIRST_USER + os.getpid() % _USERS if self.administrator else os.geteuid()
        for written in self.job.writable.values():
            if self.administrator:
                os.chown(written, self.user, self.user)

    def leave_namespaces(self) -> None:
        """By the keeper: the child that it starts next is alone in what it can see of processes and network."""
        wanted = {name: flag for name, flag in _NAMESPACES.items() if name not in self.job.without}
        flags = sum(wanted.values())
        if self.administrator:
            self._try((*wanted,), lambda: kernel.unshare(flags))
        elif "user" not in self.job.without:
            self._try((*wanted, "user"), lambda: self._own_user(flags))

    def _own_user(self, flags: int = 0) -> None:
        kernel.unshare(kernel.NEW_USER | flags)
        numbers = {"uid_map": os.getuid(), "gid_map": os.getgid()}
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        for name, number in numbers.items():
            Path("/proc/self", name).write_text(f"{_INSIDE} {self.user if self.administrator else number} 1")

    def close(self, prepare: Callable[[], object]) -> int:
        """By the child: everything else, for good.

        Args:
            prepare: What our own code has to do inside, before system calls are filtered.

        Returns:
            The listener of refused calls; -1 where there is none.

        Raises:
            UnsafeError: If a required layer is missing.
        """
        if "processes" in self.held and "files" not in self.job.without:
            self._try(("files",), self._own_root)
        if "files" not in self.held:
            self._shared_root()
        if self.administrator and ("files" in self.held or self._all_open()):
            self._drop_user()
        elif self.administrator:
            self._own_places()
        kernel.drop_capabilities()
        kernel.die_with_parent()
        limit(self.job.limits, alone=self.administrator or "user" in self.held)
        if "landlock" not in self.job.without:
            self._try(("landlock",), self._landlock)
        prepare()
        return self._filter()

    def _filter(self) -> int:
        listener = -1
        if "calls" not in self.job.without:
            with contextlib.suppress(OSError):
                listener = call_filter.install(os.getpid(), shared="files" not in self.held)
                self.held.append("calls")
        missing = set(self.job.required) - set(self.held)
        if missing:
            raise UnsafeError(", ".join(sorted(missing)))
        return listener

    def _try(self, layers: tuple[str, ...], step: Callable[[], object]) -> None:
        with contextlib.suppress(OSError):
            step()
            self.held.extend(layers)

    def _own_root(self) -> None:
        owner = self.user if self.administrator else _INSIDE
        places, job = private_root.interpreter_places(), self.job
        private_root.enter(places, job.readable, job.writable, owner, job.limits.disk_mb)

    def _shared_root(self) -> None:
        """Links in a folder of the common file system; Landlock alone keeps it there."""
        self.home = self.outside
        for inside, outside in {**self.job.readable, **self.job.writable}.items():
            (self.home / inside).parent.mkdir(parents=True, exist_ok=True)
            (self.home / inside).symlink_to(outside)
        (self.home / "tmp").mkdir()
        if self.administrator and self._all_open():
            for place in (self.home, *self.home.rglob("*")):
                os.chown(place, self.user, self.user, follow_symlinks=False)

    def _all_open(self) -> bool:
        """Whether another user could read the interpreter where it lies."""
        places = private_root.interpreter_places()
        return all(folder.stat().st_mode & 0o1 for place in places for folder in place.parents)

    def _own_places(self) -> None:
        """What it may write into belongs to the user that it keeps, whose rights beyond that go away."""
        for written in self.job.writable.values():
            os.chown(written, os.geteuid(), os.getegid())

    def _drop_user(self) -> None:
        os.setgroups([])
        os.setresgid(self.user, self.user, self.user)
        os.setresuid(self.user, self.user, self.user)
        kernel.readable_by_itself()
        if "user" not in self.job.without:
            self._try(("user",), self._own_user)

    def _landlock(self) -> None:
        proc = [Path("/proc")] if "files" in self.held else [Path(name).resolve() for name in _SYSTEM]
        readable = [*private_root.interpreter_places(), *map(Path, self.job.readable.values()), *proc]
        if "files" in self.held:
            readable += [self.home / inside for inside in self.job.readable]
        writable = [self.home, Path("/dev/shm"), Path("/tmp")] if "files" in self.held else [self.home]  # noqa: S108 - its own
        landlock.restrict(readable, [*writable, *map(Path, self.job.writable.values())], private_root.DEVICES)

    def give_back(self) -> None:
        """By the keeper, at the end: what was written for others can be read by them, the folder outside is gone."""
        remove(self.outside)
        for written in map(Path, self.job.writable.values()):
            for made in (written, *written.rglob("*")):
                if not made.is_symlink():
                    made.chmod(0o755 if made.is_dir() else 0o644)


def limit(limits: Limits, *, alone: bool) -> None:
    """Limits of address space, time, threads and files; none can be raised again.

    Memory in use is watched by the keeper: address space grows by what allocators reserve, 64 MB for a thread that
    never uses them, and how much that is differs from start to start. Its limit only refuses what is beyond measure.

    Args:
        limits: What it may use.
        alone: Whether nobody else's threads are counted with its own.
    """
    memory = _address_space() + (limits.memory_mb + _RESERVED_MB) * 2**20
    for what, wanted in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits.disk_mb * 2**20),
        (resource.RLIMIT_CPU, int(limits.seconds) + _GRACE_S),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        *([(resource.RLIMIT_NPROC, limits.all_threads)] if alone else []),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(what, (most, most))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
