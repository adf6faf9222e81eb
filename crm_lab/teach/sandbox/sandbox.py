"""What a run may see and use, and how it went: plain data between the grader and the processes that it starts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

LAYERS: Final = ("files", "processes", "network", "ipc", "host", "user", "landlock", "calls")


_OF_A_BUSY_MACHINE: Final = 20  # times the time by the clock, and then the machine is at fault


@dataclass(frozen=True, slots=True)
class Limits:
    """What one submission may use.

    Attributes:
        seconds: Of the processor, for the whole notebook.
        cell_seconds: Of the processor, for one cell.
        memory_mb: Memory in use beyond what the libraries take; address space that is only reserved does not count.
        disk_mb: For the files it writes.
        threads: At once, beyond one for each processor; other processes it may not start.
        report_kb: What it may tell the grader in all.
        patience: How many times as long it may take by the clock, which stands still while it waits for a busy
            processor: who sleeps is stopped.
    """

    seconds: float = 120
    cell_seconds: float = 60
    memory_mb: int = 4096
    disk_mb: int = 256
    threads: int = 64
    report_kb: int = 2048
    patience: float = 4

    @property
    def clock_seconds(self) -> float:
        """For the whole notebook, by the clock."""
        return self.seconds * self.patience

    @property
    def last_second(self) -> float:
        """When it is given up, however busy the machine was."""
        return self.clock_seconds * _OF_A_BUSY_MACHINE

    @property
    def all_threads(self) -> int:
        """Threads at once, with those that libraries start for each processor."""
        return self.threads + (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Cell:
    """Code to run; `answers` are the variables to take down after it, by question."""

    id: str
    source: str
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """What to run and what it sees.

    Attributes:
        cells: In order.
        readable: Places outside, by their path in the folder where the notebook runs.
        writable: The same for what it may change; nothing for a submission.
        environment: Variables of the lab; there are no others.
        limits: Memory, time, disk.
        required: Layers without which it does not run.
        without: Layers not to use, to see how a machine without them does.
    """

    cells: tuple[Cell, ...]
    readable: Mapping[str, str] = field(default_factory=dict)
    writable: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    required: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """The job as bytes for another process."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Job:
        """The job of another process.

        >>> job = Job((Cell("a", "1 + 1"),), {"data": "/data"})
        >>> Job.from_json(job.to_json()) == job
        True
        """
        given: dict[str, Any] = json.loads(content)
        return cls(
            **{
                **given,
                "cells": tuple(Cell(**cell) for cell in given["cells"]),
                "limits": Limits(**given["limits"]),
                "required": tuple(given["required"]),
                "without": tuple(given["without"]),
            }
        )


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
        ended: ``done``; ``late`` where the whole took too long; ``large`` where it took too much disk, ``memory`` where
            it took too much memory; ``died`` where the process went away; ``flooded`` where it said too much;
            ``unsafe`` where it was not run, for want of a layer; ``starved`` where the machine did not let it get on.
        at: The cell that was at work when it did not end well.
        seconds: In all.
        refused: Calls that the kernel refused, with how often.
        reached: Places it looked for that it has not.
        held: Layers that were around it.
    """

    cells: tuple[CellRun, ...]
    ended: str
    at: str | None
    seconds: float
    refused: Mapping[str, int] = field(default_factory=dict)
    reached: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def answers(self) -> dict[str, Mapping[str, Any]]:
        """What was taken down, by question."""
        return {question: taken for cell in self.cells for question, taken in cell.answers.items()}

    @property
    def errors(self) -> tuple[CellRun, ...]:
        """The cells that failed."""
        return tuple(cell for cell in self.cells if cell.error)
