"""Runs the pages of a plan: dependencies first, several at once, each in a process of its own."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from crm_lab.messages import Message
from crm_lab.mime import REPORT_VARIABLE
from crm_lab.run.archive.past_runs import PastRun
from crm_lab.run.archive.store import write_json
from crm_lab.run.environment import steady_environment
from crm_lab.run.execution.page_record import ENDED_WELL, LOST, NOT_RUN, blank_page, lost_page
from crm_lab.run.execution.page_server import PageProcess, PageServer
from crm_lab.run.execution.reuse import take_over
from crm_lab.run.outcomes import TIMEOUT, short_name
from crm_lab.run.processes import kill_tree
from crm_lab.run.suites.plan import Plan, PlannedPage
from crm_lab.run.suites.suite import Suite

GRACE_S = 60.0
"""How long a page's process may take beyond the page's own time limit, to start and to render."""


class Watcher(Protocol):
    """Hears how a run goes; called from several threads."""

    def started(self, name: str) -> None:
        """A page's process starts."""
        ...

    def progressed(self, name: str, cell: int, of: int) -> None:
        """A cell of a page starts."""
        ...

    def ended(self, name: str, page: Mapping[str, Any], seconds: float) -> None:
        """A page has ended, one way or another."""
        ...

    def said(self, name: str, line: str) -> None:
        """A page's process wrote a line to standard error."""
        ...


@dataclass(frozen=True)
class Setting:
    """What all pages of a run share."""

    root: Path
    folder: Path
    suite: Suite
    lang: str
    timeout_s: float
    jobs: int
    watcher: Watcher


@dataclass(frozen=True)
class PageRun:
    """How one page went."""

    page: dict[str, Any]
    seconds: float = 0.0
    peak_mb: int = 0


@dataclass
class _Ending:
    """How a page's process ended: the outcome it told, its exit code and last words, whether it took too long."""

    outcome: dict[str, Any] | None = None
    code: int = 0
    last_words: str = ""
    overdue: bool = False


@dataclass
class _Running:
    """The processes at work, so that an interrupt can end them."""

    server: PageServer
    pids: set[int] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopped: bool = False

    def start(self, begin: Callable[[], PageProcess]) -> PageProcess | None:
        with self.lock:
            if self.stopped:
                return None
            process = begin()
            self.pids.add(process.pid)
            return process

    def end(self, pid: int) -> None:
        with self.lock:
            self.pids.discard(pid)

    def stop(self) -> None:
        with self.lock:
            self.stopped = True
            kill_tree(*self.pids)


def run_pages(plan: Plan, setting: Setting, reused: Mapping[str, PastRun] | None = None) -> list[PageRun]:
    """Run all pages; a failed one stops those that wait for it, and no other.

    Args:
        plan: What to run; every parameter decided.
        setting: Where and how.
        reused: Pages that are taken over from earlier runs, by notebook.

    Returns:
        One entry a page, in the order of the plan.

    Raises:
        OSError: If a page could not be written.
        KeyboardInterrupt: If the user stopped the run; all processes have ended by then.
    """
    common = {**os.environ, **steady_environment(setting.root), "CRM_LAB_LANG": setting.lang}
    running = _Running(PageServer(common, [page.notebook for page in plan.pages]))
    done = {name: PageRun(take_over(name, run, setting.folder)) for name, run in (reused or {}).items()}
    for name, run in done.items():
        setting.watcher.ended(name, run.page, 0.0)
    waiting = {page.name: page for page in plan.pages if page.name not in done}
    with ThreadPoolExecutor(setting.jobs) as pool:
        at_work: dict[Future[PageRun], str] = {}
        try:
            while waiting or at_work:
                _settle(waiting, done, setting)
                for name in [n for n, page in waiting.items() if all(a in done for a in page.after)]:
                    page = waiting.pop(name)
                    at_work[pool.submit(_run_page, page, setting, running)] = name
                if at_work:
                    for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                        done[at_work.pop(future)] = future.result()
        finally:
            running.stop()
    return [done[page.name] for page in plan.pages]


def _settle(waiting: dict[str, PlannedPage], done: dict[str, PageRun], setting: Setting) -> None:
    """Give up the pages whose predecessor failed, and those that wait for them in turn."""
    for name, page in list(waiting.items()):
        bad = next((a for a in page.after if a in done and done[a].page["status"] not in ENDED_WELL), None)
        if bad is None:
            continue
        del waiting[name]
        number = short_name(done[bad].page)
        key = "run.not_run_failed" if done[bad].page["status"] != NOT_RUN else "run.not_run_waits"
        reason = Message(key, {"needs": number}).text(setting.lang)
        blank = blank_page(page, setting.suite, setting.lang)
        done[name] = PageRun({**blank, "status": NOT_RUN, "reason": reason})
        setting.watcher.ended(name, done[name].page, 0.0)


def environment(page: PlannedPage, setting: Setting) -> dict[str, str]:
    """What a page's process and kernel find in their environment."""
    own = {
        "CRM_LAB_LANG": setting.lang,
        "CRM_LAB_OUT": str(setting.folder / page.name),
        "CRM_LAB_JOBS": str(setting.jobs),
        REPORT_VARIABLE: "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    return {**os.environ, **steady_environment(setting.root), **own}


def _run_page(page: PlannedPage, setting: Setting, running: _Running) -> PageRun:
    blank = blank_page(page, setting.suite, setting.lang)
    job = {
        "path": str(page.notebook.path),
        "page": blank,
        "given": dict(page.given),
        "folder": str(setting.folder),
        "timeout_s": setting.timeout_s,
        "left_out": list(setting.suite.left_out),
    }
    job_file = setting.folder / f".{page.name}.job"
    write_json(job_file, job)
    setting.watcher.started(page.name)
    start = time.monotonic()
    ending = _work(page, setting, running, job_file)
    job_file.unlink()
    outcome = ending.outcome
    if outcome is None and not running.stopped:
        outcome = {"page": _lost(page, blank, setting, ending)}
    outcome = outcome or {"page": blank}
    if "errno" in outcome:
        raise OSError(outcome["errno"], outcome["strerror"], outcome["filename"])
    seconds = time.monotonic() - start
    setting.watcher.ended(page.name, outcome["page"], seconds)
    return PageRun(outcome["page"], round(seconds, 2), outcome.get("peak_mb", 0))


def _work(page: PlannedPage, setting: Setting, running: _Running, job_file: Path) -> _Ending:
    """Run a page's process to its end."""
    ending = _Ending()
    cwd = str(page.notebook.path.parent)
    process = running.start(lambda: running.server.start(str(job_file), environment(page, setting), cwd))
    if process is None:
        return ending

    def end() -> None:
        ending.overdue = True
        kill_tree(process.pid)

    def listen() -> None:
        for line in process.stderr:
            ending.last_words = line.strip() or ending.last_words
            setting.watcher.said(page.name, line.rstrip())

    timer = threading.Timer(setting.timeout_s + GRACE_S, end)
    listener = threading.Thread(target=listen)
    timer.start()
    listener.start()
    try:
        for line in process.stdout:
            message = json.loads(line)
            if "cell" in message:
                setting.watcher.progressed(page.name, message["cell"], message["of"])
            else:
                ending.outcome = message
        ending.code = process.ended()
    finally:
        timer.cancel()
    listener.join()
    running.end(process.pid)
    process.close()
    return ending


def _lost(page: PlannedPage, blank: dict[str, Any], setting: Setting, ending: _Ending) -> dict[str, Any]:
    if ending.overdue:
        message, name = Message("run.timeout", {"seconds": setting.timeout_s}), TIMEOUT
    elif ending.code > 0 and ending.last_words:
        message, name = Message("run.lost_saying", {"words": ending.last_words}), LOST
    else:
        message, name = Message("run.lost"), LOST
    reason = message.text(setting.lang)
    return lost_page(blank, page.notebook.path, setting.folder, reason, name)
