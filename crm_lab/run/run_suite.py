"""A whole run: from a plan to a published folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_lab.run.archive import provenance
from crm_lab.run.archive.fact_registry import contradictions, same_words, two_states
from crm_lab.run.archive.past_runs import CHANGES, LEDGERS, MANIFEST, PastRun, last_good, past_runs
from crm_lab.run.archive.store import LATEST, locked, publish_run, run_folder, run_id_of, write_json
from crm_lab.run.execution.page_record import ENDED_WELL, FAILED, NOT_RUN, OK, REFUSED, TIMEOUT
from crm_lab.run.execution.reuse import content_keys, reusable
from crm_lab.run.execution.schedule import PageRun, Setting, Watcher, run_pages
from crm_lab.run.suites.plan import Plan

if TYPE_CHECKING:
    from crm_lab.run.archive.changes import Changes

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_BAD_INPUT: Final = 2
EXIT_TIMEOUT: Final = 124
LOG: Final = "run.log"
_HOW: Final = ("--jobs", "--out")
_LEVELS: Final = {OK: logging.INFO, REFUSED: logging.WARNING, NOT_RUN: logging.WARNING, FAILED: logging.ERROR}


@dataclass(frozen=True)
class Options:
    """How to run a plan.

    Attributes:
        root: The project's folder.
        lang: Language of readouts and index.
        timeout_s: Time limit of a page, in seconds.
        jobs: Pages at once.
        command: What the user typed, for the manifest.
        lock_wait_s: How long to wait for another run of the suite.
        ledger: What the data of a source and a key are day by day; nothing where they are not those any more.
        outputs: Folder of all runs; ``outputs/`` of the project by default.
        resume: Take over pages that an earlier run has just so; it tells the key of a source's data as they are now.
    """

    root: Path
    lang: str
    timeout_s: float
    jobs: int
    command: Sequence[str] = ()
    lock_wait_s: float = 5.0
    ledger: Callable[[str, str], Mapping[str, Any] | None] = lambda _source, _key: None
    outputs: Path | None = None
    resume: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Report:
    """A published run."""

    folder: Path
    pages: tuple[dict[str, Any], ...]
    exit_code: int
    seconds: float
    is_latest: bool = False
    contradictions: tuple[str, ...] = ()
    changes: Changes | None = None

    @property
    def index(self) -> Path:
        """The file to open."""
        return (self.folder.parent / LATEST if self.is_latest else self.folder) / "index.html"


def run_plan(plan: Plan, options: Options, watcher: Watcher) -> Report:
    """Run a plan and publish its folder; a failed run is published too, but ``latest`` stays.

    Args:
        plan: What to run, every date decided.
        options: How.
        watcher: Hears how it goes.

    Returns:
        What was published.

    Raises:
        BadInput: If another run of the suite holds the folder.
        OSError: If the folder cannot be written.
        KeyboardInterrupt: If the user stopped it; nothing is left behind.
    """
    suite_folder = (options.outputs or options.root / "outputs") / plan.suite.name
    with locked(suite_folder, options.lock_wait_s), run_folder(suite_folder) as folder:
        report = write_run(plan, options, folder.part, past_runs(suite_folder), watcher)
        final = publish_run(folder, move_latest=report.is_latest)
    return replace(report, folder=final)


def write_run(plan: Plan, options: Options, folder: Path, past: Sequence[PastRun], watcher: Watcher) -> Report:
    """Run a plan into a folder whose name holds the run's id, and compare it with the last good run before it.

    Args:
        plan: What to run.
        options: How.
        folder: Existing, empty folder.
        past: Earlier runs of the suite, oldest first.
        watcher: Hears how it goes.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    keys = content_keys(plan, options.root, options.lang)
    log = _Log(folder / LOG, watcher)
    try:
        setting = Setting(options.root, folder, plan.suite, options.lang, options.timeout_s, options.jobs, log)
        reused = reusable(keys, past, options.resume) if options.resume else {}
        runs = run_pages(plan, setting, reused)
    finally:
        log.close()
    seconds = round(time.monotonic() - clock, 2)
    finders, pages = (contradictions, same_words, two_states), pages_of(runs)
    against = [sentence for find in finders for sentence in find(pages, options.lang)]
    exit_code = exit_code_of(pages_of(runs)) or (EXIT_FAILED if against else EXIT_OK)
    manifest = _manifest(plan, options, run_id_of(folder), runs) | {
        "pages": [{**_manifest_entry(run), "content_key": keys[run.page["notebook"]]} for run in runs],
        "started": started.isoformat(timespec="seconds"),
        "seconds": seconds,
        "exit_code": exit_code,
        "contradictions": against,
    }
    write_json(folder / MANIFEST, manifest)
    _keep_ledgers(manifest["data"], options, folder)
    changes = _changes(past, folder)
    shown = {"pages": [_index_entry(run) for run in runs], "command": what_of(options.command)}
    _index({**manifest, **shown}, folder, past, changes)
    is_latest = exit_code == EXIT_OK and not plan.only
    return Report(folder, pages_of(runs), exit_code, seconds, is_latest, tuple(against), changes)


def _index(run: dict[str, Any], folder: Path, past: Sequence[PastRun], changes: Changes | None) -> None:
    """Write the index, and what pages say of other pages and of other runs."""
    from crm_lab.run.html.change_sentences import sentences
    from crm_lab.run.html.page_links import same_in_other_language
    from crm_lab.run.html.rendering import render_index
    from crm_lab.run.html.trends import trends
    from crm_lab.run.html.words import without_names

    lang = str(run["lang"])
    told = sentences(changes, lang) if changes is not None else []
    said = [without_names(sentence, lang) for sentence in told]
    moved = trends(PastRun(folder), past, changes, lang)
    render_index({**run, "changes": said}, folder, moved, same_in_other_language(run, past))


def what_of(command: Sequence[str]) -> list[str]:
    """A command without what says how and where it runs, not what: the report is the same with any of it.

    >>> what_of(["run", "tour", "--jobs", "4", "--out=/srv/reports", "--only", "04"])
    ['run', 'tour', '--only', '04']
    """
    words = [word for word in command if not word.startswith(tuple(f"{name}=" for name in _HOW))]
    return [word for before, word in zip(["", *words], words, strict=False) if word not in _HOW and before not in _HOW]


def pages_of(runs: Sequence[PageRun]) -> tuple[dict[str, Any], ...]:
    """The pages of their runs."""
    return tuple(run.page for run in runs)


def _keep_ledgers(data: Sequence[Mapping[str, Any]], options: Options, folder: Path) -> None:
    """What each source was day by day, for the next run to compare with."""
    (folder / LEDGERS).mkdir()
    for one in data:
        ledger = options.ledger(str(one["source"]), str(one["key"]))
        if ledger is not None:
            write_json(folder / LEDGERS / f"{one['key']}.json", ledger)


def _changes(past: Sequence[PastRun], folder: Path) -> Changes | None:
    """What is new since the last good run, kept as ``changes.json``; ``None`` for the first."""
    from crm_lab.run.archive.changes import changes_since

    before = last_good(past)
    if before is None:
        return None
    changes = changes_since(before, PastRun(folder))
    write_json(folder / CHANGES, changes.to_json())
    return changes


def exit_code_of(pages: Sequence[Mapping[str, Any]]) -> int:
    """0 if every page is good or refused by its data, 124 if one timed out, else 1.

    >>> exit_code_of([{"status": "ok", "failure": None}])
    0
    """
    if any(page["failure"] == TIMEOUT for page in pages):
        return EXIT_TIMEOUT
    return EXIT_OK if all(page["status"] in ENDED_WELL for page in pages) else EXIT_FAILED


def _manifest(plan: Plan, options: Options, run_id: str, runs: Sequence[PageRun]) -> dict[str, Any]:
    return {
        "schema": 1,
        "suite": plan.suite.name,
        "asked": plan.suite.asked,
        "title": plan.suite.title,
        "run_id": run_id,
        "lang": options.lang,
        "only": list(plan.only),
        "open_box": plan.suite.open_box,
        "after": {page.name: list(page.after) for page in plan.pages},
        "command": list(options.command),
        "jobs": options.jobs,
        "timeout_s": options.timeout_s,
        "code": provenance.code_state(options.root),
        "versions": provenance.versions(),
        "parameters_sha256": provenance.json_hash({run.page["notebook"]: run.page["parameters"] for run in runs}),
        "data": provenance.data_used([run.page for run in runs]),
    }


def _manifest_entry(run: PageRun) -> dict[str, Any]:
    page = run.page
    data = provenance.data_used([page])
    return {
        **{key: page[key] for key in ("notebook", "number", "part", "question", "status", "failure", "reason")},
        **{key: page[key] for key in ("parameters", "given", "command", "html", "files")},
        "seeds": provenance.seeds(page["parameters"]),
        "data_keys": sorted({str(entry.get("key")) for entry in data}),
        "sources": {str(entry.get("source")): str(entry.get("key")) for entry in data},
        "reused_from": page.get("reused_from"),
        "rows": {str(entry.get("source")): entry.get("rows") for entry in data},
        "sources_sha256": run.page.get("sources_sha256"),
        "seconds": run.seconds,
        "peak_mb": run.peak_mb,
    }


def _index_entry(run: PageRun) -> dict[str, Any]:
    return {**_manifest_entry(run), "results": run.page["results"], "error": run.page["error"]}


class _Log:
    """Writes the run's log file, and passes everything on."""

    def __init__(self, path: Path, watcher: Watcher) -> None:
        self._watcher = watcher
        self._handler = logging.FileHandler(path, encoding="utf-8")
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._logger = logging.Logger(__name__, logging.INFO)
        self._logger.addHandler(self._handler)

    def started(self, name: str) -> None:
        self._logger.info("%s: started", name)
        self._watcher.started(name)

    def progressed(self, name: str, cell: int, of: int) -> None:
        self._logger.info("%s: cell %d of %d", name, cell + 1, of)
        self._watcher.progressed(name, cell, of)

    def ended(self, name: str, page: Mapping[str, Any], seconds: float) -> None:
        self._logger.log(
            _LEVELS[page["status"]], "%s: %s after %.1f s. %s", name, page["status"], seconds, page["reason"]
        )
        self._watcher.ended(name, page, seconds)

    def said(self, name: str, line: str) -> None:
        self._logger.info("%s: %s", name, line)
        self._watcher.said(name, line)

    def close(self) -> None:
        self._handler.close()
