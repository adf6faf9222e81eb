"""Fresh processes for notebooks, forked from one server that has the libraries loaded, and ended on time."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.forkserver
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, TypeVar

from crm_lab.run.environment import steady_environment
from crm_lab.run.processes import kill_tree
from crm_lab.teach.sandbox.execution import Job, run

_LONGEST_MESSAGE: Final = 1_000_000
_PRELOAD: Final = (
    "duckdb", "IPython.core.interactiveshell", "matplotlib.pyplot", "pandas", "scipy.stats", "seaborn",
    "sklearn.ensemble", "sklearn.linear_model", "statsmodels.api", "crm_lab.data.workspace", "crm_lab.plots",
    "crm_lab.results", "crm_lab.teach.sandbox.execution",
)  # fmt: skip
_PATIENCE_S: Final = 5  # beyond a job's own limit

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class CellRun:
    """How one cell went: the name of its error or ``None``, and the answers taken down after it."""

    id: str
    error: str | None
    words: str
    seconds: float
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a notebook went.

    Attributes:
        cells: Those that came to an end, in order.
        ended: ``done``; ``late`` where the whole took too long; ``died`` where the process went away.
        at: The cell that was at work when it did not end well.
        seconds: In all.
    """

    cells: tuple[CellRun, ...]
    ended: str
    at: str | None
    seconds: float

    @property
    def answers(self) -> dict[str, Mapping[str, Any]]:
        """What was taken down, by question."""
        return {question: taken for cell in self.cells for question, taken in cell.answers.items()}

    @property
    def errors(self) -> tuple[CellRun, ...]:
        """The cells that failed."""
        return tuple(cell for cell in self.cells if cell.error)


@contextmanager
def server(root: Path) -> Iterator[multiprocessing.context.ForkServerContext]:
    """The server that processes are forked from: the libraries loaded, one arithmetic thread, a fixed hash seed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOAD))
    before = dict(os.environ)
    os.environ.update({**steady_environment(root), "MPLBACKEND": "agg"})
    try:
        multiprocessing.forkserver.ensure_running()
        yield context
    finally:
        os.environ.clear()
        os.environ.update(before)


def execute(context: multiprocessing.context.ForkServerContext, job: Job) -> Ran:
    """Run a job in a process of its own and wait for it; after its time, it and all it started are killed."""
    began = time.monotonic()
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=run, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()
    messages, late = _listen(ours, began + job.limits.seconds + _PATIENCE_S)
    if process.pid is not None:
        kill_tree(process.pid)
    process.join()
    ours.close()
    return _ran(messages, late, time.monotonic() - began)


def each(work: Callable[[Given], Made], given: Sequence[Given], jobs: int) -> Iterator[Made]:
    """The work on each of many, so many at once, in order."""
    with ThreadPoolExecutor(jobs) as threads:
        yield from threads.map(work, given)


def _listen(connection: Connection, deadline: float) -> tuple[list[dict[str, Any]], bool]:
    messages: list[dict[str, Any]] = []
    while not (messages and messages[-1].get("done")):
        if not connection.poll(max(0.0, deadline - time.monotonic())):
            return messages, True
        try:
            message = json.loads(connection.recv_bytes(_LONGEST_MESSAGE))
        except (EOFError, OSError, ValueError):
            break
        messages.append(message if isinstance(message, dict) else {})
    return messages, False


def _ran(messages: Iterable[Mapping[str, Any]], late: bool, seconds: float) -> Ran:
    cells, at, ended = [], None, "late" if late else "died"
    for message in messages:
        if "begins" in message:
            at = str(message["begins"])
        elif "cell" in message:
            cells.append(_cell_run(message))
        elif message.get("done"):
            ended, at = "done", None
    return Ran(tuple(cells), ended, at, round(seconds, 2))


def _cell_run(message: Mapping[str, Any]) -> CellRun:
    error = message.get("error")
    answers = {str(q): dict(taken) for q, taken in dict(message.get("answers", {})).items()}
    words, seconds = str(message.get("words", "")), float(message.get("seconds", 0))
    return CellRun(str(message["cell"]), None if error is None else str(error), words, seconds, answers)
