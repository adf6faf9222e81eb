"""Whose fault is a run that failed: the submission's, or the machine's? What the machine did is tried again.

A failure of the machine is never a mark. Where it stays, the page is not graded, and that is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

from crm_lab.teach.sandbox.sandbox import Cell, Ran

_PAUSES_S: Final = (0.0, 1.0, 5.0)  # before each trial

Fault = Callable[[Ran], str]


class NotGradedError(RuntimeError):
    """The machine could not grade a page; the message says what happened."""


def tried(run: Callable[[], Ran], fault: Fault) -> tuple[Ran, str]:
    """Run until the machine is not at fault, three times at most.

    Args:
        run: Makes the run.
        fault: What the machine did wrong in a run; empty where nothing.

    Returns:
        The last run, and what the machine did wrong in it.
    """
    for pause in _PAUSES_S:
        time.sleep(pause)
        ran = run()
        said = fault(ran)
        if not said:
            break
    return ran, said


def fault_of_machine(ran: Ran) -> str:
    """What the machine did wrong in any run; empty where nothing.

    >>> fault_of_machine(Ran((), "unsafe", "no more namespaces", 0.1))
    'no more namespaces'
    """
    if ran.ended in {"unsafe", "starved"} or not ran.held:
        return ran.at or ran.ended
    return ""


def fault_in_solution(ran: Ran, exercises: Collection[str]) -> str:
    """The same for the run of a solution: the page's own cells have to run, or there is nothing to compare with.

    Args:
        ran: The run.
        exercises: Cells that may fail: then their questions do not count.
    """
    failed = [f"{cell.id}: {cell.error}: {cell.words}" for cell in ran.errors if cell.id not in exercises]
    if said := fault_of_machine(ran):
        return said
    return f"{ran.ended} ({ran.at})" if ran.ended != "done" else "".join(failed[:1])


def fault_in_submission(ran: Ran, cells: Sequence[Cell], own: Sequence[Cell]) -> str:
    """The same for a submission: where nothing but the page's own cells ran, and failed, nobody's answer is at fault.

    Cells are told in order, so what is told before the first foreign cell is true.

    Args:
        ran: The run.
        cells: What ran.
        own: The page as it was handed out; its solution has run.
    """
    if said := fault_of_machine(ran):
        return said
    done = len(ran.cells) if ran.ended != "done" else len(cells)
    failed = next((n for n, cell in enumerate(ran.cells) if cell.error), done)
    untouched = [(c.id, c.source) for c in cells[: failed + 1]] == [(c.id, c.source) for c in own[: failed + 1]]
    if failed >= len(cells) or not untouched:
        return ""
    return f"{cells[failed].id}: {ran.cells[failed].error if failed < len(ran.cells) else ran.ended}"


def own_cell_failed(ran: Ran, own: Sequence[Cell], exercises: Collection[str]) -> bool:
    """Whether a cell of the page failed, which a student's code can cause as well as a machine."""
    theirs = {cell.id for cell in own} - set(exercises)
    return any(cell.id in theirs for cell in ran.errors)
