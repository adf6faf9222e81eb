"""Proof of a run: its pages executed again, every file compared byte by byte."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from crm_lab.checks import BadInput
from crm_lab.run.archive.past_runs import MANIFEST, PastRun, runs_before
from crm_lab.run.execution.schedule import Watcher
from crm_lab.run.run_suite import LOG, Options, write_run
from crm_lab.run.suites.notebook_file import NotebookFile
from crm_lab.run.suites.plan import Part, Plan, PlannedPage
from crm_lab.run.suites.suite import Page, Suite

NOT_COMPARED: Final = frozenset({MANIFEST, LOG})
"""What says when and how long, which no second run can repeat."""
_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two files differ.

    Attributes:
        file: Path in the run's folder.
        line: Line, from 1; 0 where one of the files is missing.
        before: That line in the run.
        after: That line in its repetition.
    """

    file: str
    line: int = 0
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of running a run again.

    Attributes:
        files: How many files were compared.
        differences: One for each file that differs, in the order of their names.
    """

    files: int
    differences: tuple[Difference, ...] = ()


def verify(run: PastRun, options: Options, known: Mapping[str, NotebookFile], watcher: Watcher) -> Verification:
    """Run a published run again, with its parameters on today's code and data, and compare.

    Args:
        run: The run.
        options: How to run; language and command are the run's own.
        known: The project's notebooks by name.
        watcher: Hears how it goes.

    Raises:
        BadInput: If a notebook of the run is not there any more.
    """
    manifest = run.manifest
    options = replace(options, lang=str(manifest["lang"]), command=list(manifest["command"]))
    with tempfile.TemporaryDirectory(prefix="crm_lab_verify_") as place:
        again = Path(place) / run.id
        again.mkdir()
        write_run(plan_of(manifest, known), options, again, runs_before(run), watcher)
        names = sorted(_files(run.folder) | _files(again))
        ids = {entry["notebook"]: entry["reused_from"] for entry in manifest["pages"] if entry.get("reused_from")}
        _named_as_made(again, ids, run.id)
        found = (first_difference(run.folder, again, name) for name in names)
        return Verification(len(names), tuple(difference for difference in found if difference))


def plan_of(manifest: Mapping[str, Any], known: Mapping[str, NotebookFile]) -> Plan:
    """The plan that a manifest tells of, every date decided.

    Raises:
        BadInput: If a notebook is not there any more.
    """
    entries = manifest["pages"]
    parts = {entry["notebook"]: Part(**entry["part"]) for entry in entries if entry.get("part")}
    names = {e["notebook"]: _without(e["notebook"], parts.get(e["notebook"])) for e in entries}
    gone = [name for name in dict.fromkeys(names.values()) if name not in known]
    if gone:
        raise BadInput(f"The run cannot be repeated: there is no notebook {', '.join(gone)} any more.")
    after = manifest.get("after", {})
    pages = [
        PlannedPage(known[names[name]], tuple(after.get(name, ())), entry["given"], parts.get(name))
        for name, entry in ((str(entry["notebook"]), entry) for entry in entries)
    ]
    suite = Suite(
        title=str(manifest["title"]),
        name=str(manifest["suite"]),
        asked=str(manifest.get("asked") or manifest["suite"]),
        open_box=bool(manifest.get("open_box", True)),
        page=[Page(notebook=page.notebook.name) for page in pages],
    )
    return Plan(suite, tuple(pages), tuple(manifest["only"]))


def _without(name: str, part: Part | None) -> str:
    """The notebook of a page, whose name ends in its part."""
    return name.removesuffix(f"-{part.slug}") if part else name


def _named_as_made(folder: Path, made_by: Mapping[str, str], run_id: str) -> None:
    """Pages that the run took over from an earlier one name that one, and so do their repetitions then."""
    for name, origin in made_by.items():
        page = folder / f"{name}.html"
        page.write_text(page.read_text(encoding="utf-8").replace(run_id, origin), encoding="utf-8")


def _files(folder: Path) -> set[str]:
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if path.name not in NOT_COMPARED}


def first_difference(one: Path, other: Path, name: str) -> Difference | None:
    """Where a file of two folders differs first; ``None`` where it does not."""
    first, second = one / name, other / name
    if not (first.is_file() and second.is_file()):
        return Difference(name)
    if first.read_bytes() == second.read_bytes():
        return None
    return next(_lines(name, first, second))


def _lines(name: str, first: Path, second: Path) -> Iterator[Difference]:
    texts = (path.read_bytes().decode("utf-8", "replace").splitlines() for path in (first, second))
    for number, (before, after) in enumerate(zip_longest(*texts, fillvalue=""), start=1):
        if before != after:
            yield Difference(name, number, *_around(before, after))
    yield Difference(name)  # they differ in how lines end


def _around(before: str, after: str) -> tuple[str, str]:
    """Where long lines begin to differ."""
    start = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    begin = max(0, start - _WIDTH // 2)
    return before[begin : begin + _WIDTH], after[begin : begin + _WIDTH]
