"""``crm-lab notify``: tell people of a run, or show what they would be told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    from crm_lab.run.archive.past_runs import PastRun
    from crm_lab.run.notice.notice import Notice
    from crm_lab.run.run_suite import Report
    from crm_lab.run.suites.suite import Suite

REPORT_URL = "CRM_LAB_REPORT_URL"


@click.command()
@click.argument("run")
@click.option("--to", "mail_to", multiple=True, metavar="ADDRESS", help="Mail it to ADDRESS.")
@click.option("--dry-run", is_flag=True, help="Show it, send nothing.")
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language (default: the run's).")
def notify(run: str, mail_to: tuple[str, ...], lang: str | None, *, dry_run: bool) -> None:
    """Tell of RUN by mail and by the services in CRM_LAB_NOTIFY.

    A run is SUITE (its latest), SUITE/RUN, or its folder. A dry run also looks at the suite's [notify] table and at
    what the environment must hold for it: the exit code is 2 if somebody would not be told.
    """
    from crm_lab.project import project_root
    from crm_lab.run.archive.past_runs import find_run
    from crm_lab.run.notice.sending import send

    found = find_run(project_root() / "outputs", run)
    notice = notice_of(found, lang or str(found.manifest["lang"]))
    went = [] if dry_run else send(notice, mail_to)
    click.echo(f"{notice.subject}\n{notice.body}")
    if dry_run:
        _say_whom(found, notice, mail_to)
    elif went:
        click.echo(f"→ {', '.join(went)}")


def _say_whom(run: PastRun, notice: Notice, mail_to: tuple[str, ...]) -> None:
    """Whom the suite would tell of such a run, and by which ways.

    Raises:
        BadInput: If the suite, its [notify] table or the environment has a mistake.
    """
    from crm_lab.project import project_root
    from crm_lab.run.notice.sending import check_ways
    from crm_lab.run.suites.notebook_file import notebooks
    from crm_lab.run.suites.suite import load_suite

    root = project_root()
    wanted = load_suite(str(run.manifest.get("asked") or run.suite), root, notebooks(root)).notify
    if wanted is None and not mail_to:
        click.echo(f"The suite {run.suite!r} has no [notify] table: nobody is told of its runs.")
        return
    ways = ", ".join(check_ways(mail_to or (wanted.mail if wanted else ())))
    if mail_to or (wanted and notice.is_wanted(wanted.on)):
        click.echo(f"→ would go to {ways}")
    elif wanted:
        click.echo(f"→ would go to nobody: it is no {' or '.join(wanted.on)}; else to {ways}")


def notice_of(run: PastRun, lang: str) -> Notice:
    """What is told of a published run."""
    from crm_lab.run.archive.changes import changes_since
    from crm_lab.run.archive.past_runs import last_good, runs_before
    from crm_lab.run.notice.notice import notice_of_run

    before = last_good(runs_before(run))
    changes = changes_since(before, run) if before else None
    title, against = str(run.manifest["title"]), run.manifest.get("contradictions", ())
    return notice_of_run(title, list(run.pages.values()), against, changes, link_to(run), lang)


def link_to(run: PastRun) -> str:
    """Where people find a report: under ``CRM_LAB_REPORT_URL``, else its file."""
    base = os.environ.get(REPORT_URL, "").rstrip("/")
    path = f"{run.folder.parent.name}/{run.folder.name}/index.html"
    return f"{base}/{path}" if base else str(run.folder / "index.html")


@contextmanager
def tell_of_refusal(suite: Suite, outputs: Path, lang: str) -> Iterator[None]:
    """Tell people, where the suite names any, that a run did not even start; the refusal goes on."""
    from crm_lab.run.archive.past_runs import last_good, past_runs
    from crm_lab.run.notice.notice import notice_of_refusal
    from crm_lab.run.suites.plan import TooOldError

    try:
        yield
    except BadInput as error:
        good = last_good(past_runs(outputs / suite.name))
        link, stale = link_to(good) if good else "", isinstance(error, TooOldError)
        _tell(suite, notice_of_refusal(suite.title, str(error), link, lang, stale=stale))
        raise


def tell_of_run(suite: Suite, report: Report, lang: str) -> None:
    """Tell people, where the suite names any and something of what they asked for has happened."""
    from crm_lab.run.archive.past_runs import PastRun
    from crm_lab.run.notice.notice import notice_of_run

    link = link_to(PastRun(report.folder))
    _tell(suite, notice_of_run(suite.title, report.pages, report.contradictions, report.changes, link, lang))


def _tell(suite: Suite, notice: Notice) -> None:
    """Send a notice if it is wanted; that it could not be sent is said, and changes no exit code."""
    from crm_lab.run.notice.sending import send

    if suite.notify is None or not notice.is_wanted(suite.notify.on):
        return
    try:
        click.echo(f"→ {', '.join(send(notice, suite.notify.mail))}")
    except BadInput as error:
        click.echo(f"✗ {error}", err=True)
