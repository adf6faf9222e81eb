"""Ending a process with everything it started: a page's worker, its kernel, the kernel's children."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it, the youngest first; empty where it has ended."""
    try:
        process = psutil.Process(pid)
        return [*reversed(process.children(recursive=True)), process]
    except psutil.NoSuchProcess:
        return []


def kill_tree(*pids: int) -> None:
    """Kill processes and all below them; those that have ended are passed over."""
    _kill(member for pid in pids for member in family(pid))


def _kill(members: Iterable[psutil.Process]) -> None:
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
