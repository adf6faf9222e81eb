"""What a user sees while a suite runs, and the last lines."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from crm_lab.messages import Message
from crm_lab.run.execution.page_record import NOT_RUN, OK, REFUSED
from crm_lab.run.outcomes import headline

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from crm_lab.run.execution.schedule import Watcher
    from crm_lab.run.run_suite import Report
    from crm_lab.run.suites.plan import Plan

_MARKS = {OK: "✓", REFUSED: "–", NOT_RUN: "–"}
_BAD = "✗"


class Lines:
    """A quiet line per page, for logs and cron mails."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def started(self, name: str) -> None:
        """Nothing to say yet."""

    def progressed(self, name: str, cell: int, of: int) -> None:
        """Nothing to say yet."""

    def said(self, name: str, line: str) -> None:
        """The log file has it."""

    def ended(self, name: str, page: Mapping[str, Any], seconds: float) -> None:
        """One line."""
        with self._lock:
            click.echo(f"{_mark(page)} {name} {seconds:.0f} s{_why(page)}")


class Bars:
    """A bar per page, on a terminal."""

    def __init__(self, progress: Progress, tasks: Mapping[str, TaskID]) -> None:
        self._progress = progress
        self._tasks = tasks

    def started(self, name: str) -> None:
        """The clock of its bar starts."""
        self._progress.start_task(self._tasks[name])

    def progressed(self, name: str, cell: int, of: int) -> None:
        """Its bar moves."""
        self._progress.update(self._tasks[name], completed=cell, total=of)

    def said(self, name: str, line: str) -> None:
        """The log file has it."""

    def ended(self, name: str, page: Mapping[str, Any], seconds: float) -> None:  # noqa: ARG002 - the bar has a clock
        """Its bar is full, or says why not."""
        task = self._tasks[name]
        total = self._progress.tasks[task].total or 1
        self._progress.update(
            task,
            total=total,
            completed=total if page["status"] == OK else self._progress.tasks[task].completed,
            description=f"{_mark(page)} {name}",
        )
        self._progress.stop_task(task)


@contextmanager
def watcher(plan: Plan) -> Iterator[Watcher]:
    """Bars on a terminal, quiet lines elsewhere."""
    if not sys.stdout.isatty():
        yield Lines()
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        tasks = {page.name: progress.add_task(f"  {page.name}", start=False, total=None) for page in plan.pages}
        yield Bars(progress, tasks)


def write_summary(report: Report, lang: str) -> None:
    """The last lines: each page's finding, and where the report is."""
    click.echo()
    for page in report.pages:
        note = f" [{Message('report.kind.simulated').text(lang)}]" if headline(page).get("simulated") else ""
        click.echo(f"{_mark(page)} {page['number'] or page['notebook']} {page['question']}{note}")
        click.echo(f"    {answer(page, lang)}")
        if page["status"] not in _MARKS:
            click.echo(f"    {Message('run.again', {'command': page['command']}).text(lang)}")
    if report.contradictions:
        click.echo(f"\n{_BAD} {Message('run.contradictions').text(lang)}")
        for sentence in report.contradictions:
            click.echo(f"  {sentence}")
    if report.changes is not None:
        from crm_lab.run.html.change_sentences import sentences

        click.echo("\n" + "\n".join(sentences(report.changes, lang)))
    good, refused = (sum(page["status"] == status for page in report.pages) for status in (OK, REFUSED))
    numbers = {"ok": good, "refused": refused, "all": len(report.pages), "seconds": report.seconds}
    click.echo(f"\n{Message('run.done_refused' if refused else 'run.done', numbers).text(lang)}")
    click.echo(Message("run.index", {"path": report.index}).text(lang))


def answer(page: Mapping[str, Any], lang: str) -> str:
    """A page's answer in a sentence: its first headline finding, or why there is none."""
    if page["status"] in (NOT_RUN, REFUSED):
        return str(page["reason"])
    if page["status"] != OK:
        return Message("run.failed", {"reason": page["reason"]}).text(lang)
    first = headline(page)
    if not first:
        return Message("run.nothing").text(lang)
    return str(first["refusal"] or first["readout"]["finding"])


def _mark(page: Mapping[str, Any]) -> str:
    return _MARKS.get(page["status"], _BAD)


def _why(page: Mapping[str, Any]) -> str:
    if page.get("reused_from"):
        return f": {Message('run.reused', {'run': page['reused_from']}).text(page['lang'])}"
    return "" if page["status"] == OK else f": {page['reason']}"
