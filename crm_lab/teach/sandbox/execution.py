"""One notebook run in a fresh process: cell after cell, whatever fails, answers taken down by value."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from crm_lab.teach.answers import plain
from crm_lab.teach.sandbox.sandbox import Limits, confine, temp_folders

_WORDS: Final = 300  # of an error


@dataclass(frozen=True, slots=True)
class Cell:
    """Code to run; `answers` are the variables to take down after it, by question."""

    id: str
    source: str
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """What to run and where.

    Attributes:
        cells: In order.
        folder: Where the notebook's relative paths begin; its data lie here.
        scratch: The folder it may write into.
        hidden: What it may not read.
        environment: Variables of the lab.
        limits: Memory and time.
    """

    cells: tuple[Cell, ...]
    folder: Path
    scratch: Path
    hidden: tuple[Path, ...]
    environment: Mapping[str, str]
    limits: Limits = field(default_factory=Limits)


class TooLongError(BaseException):
    """A cell went over its time; no ``except Exception`` of a submission holds it up."""


def run(job: Job, tell: Connection) -> None:
    """The life of the process: confine it, run the cells, tell of each as a line of JSON, end."""
    os.setsid()
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - a file descriptor for all three
        for stream in (0, 1, 2):
            os.dup2(nothing.fileno(), stream)
    os.environ.update({**job.environment, **temp_folders(job.scratch)})
    os.chdir(job.folder)
    confine(job.scratch, job.hidden, job.limits)
    shell = _shell()
    for cell in job.cells:
        tell.send_bytes(json.dumps({"begins": cell.id}).encode())
        tell.send_bytes(json.dumps(_run_cell(shell, cell, job.limits.cell_seconds)).encode())
    tell.send_bytes(json.dumps({"done": True}).encode())
    tell.close()
    os._exit(0)  # a submission's threads and exit handlers are nobody's business any more


def _shell() -> Any:
    """IPython as the kernel has it, without history file and without showing results."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.display_trap.hook = lambda _: None
    shell.colors = "nocolor"
    return shell


def _run_cell(shell: Any, cell: Cell, seconds: float) -> dict[str, Any]:
    began = time.monotonic()
    try:
        with _alarm(seconds):
            outcome = shell.run_cell(cell.source, store_history=True)
            error = outcome.error_before_exec or outcome.error_in_exec
    except TooLongError as late:
        error = late
    found = {question: _taken(shell.user_ns.get(name, ...)) for question, name in cell.answers.items()}
    _close_figures()
    return {
        "cell": cell.id,
        "error": None if error is None else type(error).__name__,
        "words": "" if error is None else str(error)[:_WORDS],
        "seconds": round(time.monotonic() - began, 2),
        "answers": found,
    }


def _taken(answer: Any) -> dict[str, Any]:
    """An answer as JSON: its plain value, and what it looked like."""
    try:
        return {"value": plain(answer), "given": "" if answer is ... else repr(answer)[:_WORDS]}
    except Exception:  # noqa: BLE001 - an object of the submission with methods of its own
        return {"value": None, "given": type(answer).__name__}


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TooLongError(f"stopped after {seconds:g} s")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _close_figures() -> None:
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
