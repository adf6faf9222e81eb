"""One notebook run inside its confinement: cell after cell, whatever fails, answers taken down by value.

What it tells the grader is what the submission says of itself: it is read as text, and never believed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_lab.teach.answers import plain
from crm_lab.teach.sandbox import private_root
from crm_lab.teach.sandbox.outside_places import OutsidePlaces
from crm_lab.teach.sandbox.sandbox import Cell, Limits

if TYPE_CHECKING:
    from crm_lab.teach.sandbox.confinement import Confinement

_WORDS: Final = 300  # of an error
_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class TooLongError(BaseException):
    """A cell went over its time; no ``except Exception`` of a submission holds it up."""


class StalledError(TooLongError):
    """A cell took too long by the clock, and little of the processor: it slept."""


def run(around: Confinement, report: int) -> None:
    """Run the cells, tell of each as a line of JSON, end the process."""
    _tell(report, {"held": around.held})
    sys.addaudithook(OutsidePlaces(around, lambda place: _tell(report, {"reached": place})))
    shell = _shell()  # made already
    for cell in around.job.cells:
        _tell(report, {"begins": cell.id})
        _tell(report, _run_cell(shell, cell, around.job.limits))
    _tell(report, {"done": True})
    os._exit(0)  # a submission's threads and exit handlers are nobody's business any more


def _tell(report: int, what: dict[str, Any]) -> None:
    left = json.dumps(what).encode() + b"\n"
    while left:
        left = left[os.write(report, left) :]


def prepare(around: Confinement) -> None:
    """The environment, which is empty but for what is given, the folder, and IPython."""
    home = str(around.home)
    os.chdir(home)
    os.environ.clear()
    own = dict.fromkeys(("HOME", "IPYTHONDIR", "XDG_CACHE_HOME", "MPLCONFIGDIR"), home)
    os.environ.update({
        **own, "TMPDIR": f"{home}/tmp",  # noqa: S108 - its own
        "CRM_LAB_OUT": f"{home}/outputs", "CRM_LAB_HOME": home,
        "CRM_LAB_CACHE": f"{home}/cache", "CRM_LAB_WORKSPACES": f"{home}/workspaces",
        "LANG": "C.UTF-8", "TZ": "UTC", "MPLBACKEND": "agg", **dict.fromkeys(_THREADS, "1"),
        **around.job.environment,
    })  # fmt: skip
    tempfile.tempdir = None
    sys.path[:] = [entry for entry in sys.path if private_root.is_shown(entry)]
    _shell()


def _shell() -> Any:
    """The one IPython, as the kernel has it, without history file and without showing results."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.display_trap.hook = lambda _: None
    shell.colors = "nocolor"
    return shell


def _run_cell(shell: Any, cell: Cell, limits: Limits) -> dict[str, Any]:
    began = time.monotonic()
    try:
        with _alarm(limits.cell_seconds, limits.cell_seconds * limits.patience):
            outcome = shell.run_cell(cell.source, store_history=True)
            error = outcome.error_before_exec or outcome.error_in_exec
    except TooLongError as late:
        error = late
    found = {question: _taken(shell.user_ns.get(name, ...)) for question, name in cell.answers.items()}
    _close_figures()
    return {
        "cell": cell.id,
        "error": None if error is None else type(error).__name__,
        "words": "" if error is None else _words(error),
        "seconds": round(time.monotonic() - began, 2),
        "answers": found,
    }


def _words(error: BaseException) -> str:
    try:
        return str(error)[:_WORDS]
    except Exception:  # noqa: BLE001 - an error of the submission with methods of its own
        return ""


def _taken(answer: Any) -> dict[str, Any]:
    """An answer as JSON: its plain value, and what it looked like."""
    try:
        return {"value": plain(answer), "given": "" if answer is ... else repr(answer)[:_WORDS]}
    except Exception:  # noqa: BLE001 - an object of the submission with methods of its own
        return {"value": None, "given": type(answer).__name__}


def waited_by(pid: int | str) -> float:
    """Seconds for which the first thread of a process could have run, and others ran; 0 where nobody counts them."""
    try:
        return int(Path("/proc", str(pid), "schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


@contextmanager
def _alarm(seconds: float, by_the_clock: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TooLongError(f"stopped after {seconds:g} s of the processor")

    began = time.monotonic() - waited_by("self")

    def ring_late(*_: object) -> None:
        if time.monotonic() - waited_by("self") - began >= by_the_clock:
            raise StalledError(f"stopped after {by_the_clock:g} s")

    signal.signal(signal.SIGPROF, ring)
    signal.signal(signal.SIGALRM, ring_late)
    signal.setitimer(signal.ITIMER_PROF, seconds, 1)
    signal.setitimer(signal.ITIMER_REAL, by_the_clock, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _close_figures() -> None:
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
