"""``crm-lab run SUITE``: a suite of notebooks becomes a dated report."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    from datetime import date

    from crm_lab.data.workspace import Workspace


@click.command()
@click.argument("suite")
@click.option(
    "-p",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter: NAME=VALUE for every notebook that declares it, NOTEBOOK.NAME=VALUE for one.",
)
@click.option("--as-of", metavar="DATE|latest", help="Last day that counts; the same as -p as_of=...")
@click.option("--only", multiple=True, metavar="NOTEBOOK", help="Run only this page; its number will do.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Pages at once.")
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language of the report.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="S", help="Seconds a page may take.")
def run(
    suite: str,
    settings: tuple[str, ...],
    as_of: str | None,
    only: tuple[str, ...],
    jobs: int,
    lang: str | None,
    timeout: float | None,
) -> None:
    """Run a suite into outputs/<suite>/<run>/.

    SUITE is a name of `crm-lab list` or a TOML file. The exit code is 0 if every page is good, 1 if one
    failed, 2 for input that cannot be used, 124 if one took too long.
    """
    import datetime as dt

    from crm_lab.cli.progress import watcher, write_summary
    from crm_lab.project import project_root
    from crm_lab.run.run_suite import Options, run_plan
    from crm_lab.run.suites.notebook_file import notebooks
    from crm_lab.run.suites.plan import make_plan, with_dates
    from crm_lab.run.suites.suite import load_suite

    root = project_root()
    known = notebooks(root)
    chosen = load_suite(suite, root, known)
    typed = [*settings, *([f"as_of={as_of}"] if as_of else [])]
    plan = make_plan(chosen, known, typed, only)
    lang = lang or chosen.lang
    data = _Data(lang)
    plan = with_dates(plan, data, dt.date.today())  # noqa: DTZ011 - the user's calendar
    options = Options(root, lang, timeout or chosen.timeout_s, jobs, sys.argv[1:], ledger=data.ledger)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    with watcher(plan) as watching:
        report = run_plan(plan, options, watching)
    write_summary(report, lang)
    sys.exit(report.exit_code)


class _Data:
    """The days that the data hold, asked for only when a plan needs them; says so, as the first time takes a while."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._open: dict[str, Workspace] = {}

    def day_range(self, source: str) -> tuple[date, date]:
        """First and last day."""
        return self._workspace(source).day_range

    def last_complete_day(self, source: str) -> date:
        """The last day that is there as a whole."""
        return self._workspace(source).last_complete_day

    def ledger(self, source: str, key: str) -> dict[str, list[Any]] | None:
        """What the lines of each day are, if the data are still those of the key."""
        from crm_lab.data.workspace import open_workspace

        try:
            workspace = self._open.get(source) or open_workspace(source)
        except BadInput:  # data that a page made for itself
            return None
        return workspace.day_ledger().to_dict("list") if workspace.key == key else None

    def _workspace(self, source: str) -> Workspace:
        from crm_lab.data.workspace import open_workspace
        from crm_lab.messages import Message

        if source not in self._open:
            click.echo(Message("run.data", {"source": source}).text(self._lang))
            self._open[source] = open_workspace(source)
        return self._open[source]
