"""``crm-lab run SUITE``: a suite of notebooks becomes a dated report."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    from crm_lab.run.suites.plan import Plan


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
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    help="Folder of all runs (default: outputs/).",
)
@click.option("--resume", is_flag=True, help="Take over the pages that an earlier run has just as they would be.")
@click.option("--allow-dirty", is_flag=True, help="Run pages that were edited since the last commit.")
def run(  # noqa: PLR0913 - one argument per option
    suite: str,
    settings: tuple[str, ...],
    as_of: str | None,
    only: tuple[str, ...],
    jobs: int,
    lang: str | None,
    timeout: float | None,
    out: Path | None,
    *,
    resume: bool,
    allow_dirty: bool,
) -> None:
    """Run a suite into outputs/<suite>/<run>/.

    SUITE is a name of `crm-lab list` or a TOML file. The exit code is 0 if every page is good, 1 if one
    failed, 2 for input that cannot be used, 124 if one took too long.
    """
    import datetime as dt

    from crm_lab.cli.progress import watcher, write_summary
    from crm_lab.cli.runs.notify import tell_of_refusal, tell_of_run
    from crm_lab.cli.runs.suite_data import SuiteData
    from crm_lab.project import project_root
    from crm_lab.run.run_suite import Options, run_plan
    from crm_lab.run.suites.matrix import with_parts
    from crm_lab.run.suites.notebook_file import notebooks
    from crm_lab.run.suites.plan import make_plan, with_dates
    from crm_lab.run.suites.suite import load_suite

    root = project_root()
    outputs = out or root / "outputs"
    with _refusal_kept(suite, root, outputs):
        known = notebooks(root)
        chosen = load_suite(suite, root, known)
        lang = lang or chosen.lang
        data = SuiteData(lang)
        with tell_of_refusal(chosen, outputs, lang):
            typed = [*settings, *([f"as_of={as_of}"] if as_of else [])]
            plan = make_plan(chosen, known, typed, only)
            _say_edited(plan, root, lang, allowed=allow_dirty or sys.stdin.isatty())
            plan = with_parts(plan, data)
            plan = with_dates(plan, data, dt.date.today())  # noqa: DTZ011 - the user's calendar
        options = Options(
            root, lang, timeout or chosen.timeout_s, jobs, sys.argv[1:], ledger=data.ledger, outputs=outputs,
            resume=data.key if resume else None,
        )  # fmt: skip
        for ending in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.default_int_handler)
        with watcher(plan) as watching:
            report = run_plan(plan, options, watching)
    write_summary(report, lang)
    tell_of_run(chosen, report, lang)
    sys.exit(report.exit_code)


@contextmanager
def _refusal_kept(suite: str, root: Path, outputs: Path) -> Iterator[None]:
    """Where nobody sits before the terminal, a refused run is kept for ``crm-lab status``; the refusal goes on."""
    from crm_lab.run.archive.refusals import note_refusal

    try:
        yield
    except BadInput as error:
        folder, files = outputs / Path(suite).stem, (Path(suite), root / "suites" / f"{suite}.toml")
        if not sys.stdin.isatty() and (folder.is_dir() or any(file.is_file() for file in files)):
            with suppress(OSError):
                note_refusal(folder, str(error))
        raise


def _say_edited(plan: Plan, root: Path, lang: str, *, allowed: bool) -> None:
    """Name the pages that are not as they were committed; refuse them where nobody sits before the terminal."""
    from crm_lab.messages import Message
    from crm_lab.run.suites.committed_pages import edited_pages

    edited = edited_pages(root, {page.notebook.name: page.notebook for page in plan.pages}.values())
    if not edited:
        return
    values = {"pages": ", ".join(edited)}
    if not allowed:
        raise BadInput(Message("run.edited_refused", values).text(lang))
    click.echo(Message("run.edited", values).text(lang), err=True)
