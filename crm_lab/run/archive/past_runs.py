"""Published runs as they lie on disk: which there are, what they published, and the last that was good."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.run.archive.store import LATEST

MANIFEST = "manifest.json"
CHANGES = "changes.json"
LEDGERS = "ledgers"


@dataclass(frozen=True)
class PastRun:
    """A published run.

    Attributes:
        folder: Where it lies.
    """

    folder: Path

    @property
    def id(self) -> str:
        """Its name: the time of its start in UTC."""
        return self.folder.name

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """What its ``manifest.json`` says."""
        content: Mapping[str, Any] = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        return content

    @property
    def suite(self) -> str:
        """The suite it ran."""
        return str(self.manifest["suite"])

    @property
    def is_whole(self) -> bool:
        """Whether every page of the suite ran, and none failed."""
        return self.manifest["exit_code"] == 0 and not self.manifest["only"]

    @cached_property
    def pages(self) -> Mapping[str, Mapping[str, Any]]:
        """The record of each page that ran, by notebook."""
        return dict(self._pages())

    def _pages(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for entry in self.manifest["pages"]:
            file = self.folder / entry["notebook"] / "results.json"
            if file.is_file():
                yield entry["notebook"], json.loads(file.read_text(encoding="utf-8"))

    @cached_property
    def unusual(self) -> frozenset[tuple[str, str]]:
        """Notebook and id of each fact that this run found unusual when it was made."""
        file = self.folder / CHANGES
        told = json.loads(file.read_text(encoding="utf-8"))["facts"] if file.is_file() else []
        return frozenset((fact["notebook"], fact["id"]) for fact in told if fact["verdict"] == "unusual")

    def ledger(self, key: str) -> Mapping[str, Any] | None:
        """What the data of a key were day by day; ``None`` where the run did not keep it."""
        file = self.folder / LEDGERS / f"{key}.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def past_runs(suite_folder: Path) -> list[PastRun]:
    """The published runs of a suite, oldest first; what has no readable manifest is none.

    Args:
        suite_folder: ``outputs/<suite>``.
    """
    found = (
        PastRun(folder)
        for folder in sorted(suite_folder.glob("[0-9]*T*Z*"), key=lambda folder: run_age(folder.name))
        if folder.is_dir()
    )
    return [run for run in found if _is_readable(run)]


def run_age(run_id: str) -> tuple[str, int]:
    """What runs are ordered by: those of one second are numbered, the tenth after the ninth.

    >>> run_age("2026-01-31T06-00-00Z-10") > run_age("2026-01-31T06-00-00Z-9")
    True
    """
    start, _, number = run_id.partition("Z-")
    return start.removesuffix("Z"), int(number) if number.isdigit() else 1


def _is_readable(run: PastRun) -> bool:
    try:
        return {"suite", "exit_code", "only", "pages"} <= run.manifest.keys()
    except (OSError, ValueError, AttributeError):
        return False


def runs_before(run: PastRun) -> list[PastRun]:
    """The published runs of its suite that are older than a run, oldest first."""
    return [one for one in past_runs(run.folder.parent) if run_age(one.id) < run_age(run.id)]


def last_good(runs: Sequence[PastRun]) -> PastRun | None:
    """The newest whole and good of some runs, oldest first; ``None`` where there is none."""
    return next((run for run in reversed(runs) if run.is_whole), None)


def find_run(outputs: Path, text: str) -> PastRun:
    """The run that a text means: a folder, ``SUITE`` (its latest), ``SUITE/RUN``, or a run's id of any suite.

    Args:
        outputs: The project's ``outputs/``.
        text: What the user typed.

    Raises:
        BadInput: If no run, or more than one, is meant.
    """
    direct = Path(text)
    places = [direct, outputs / text, outputs / text / LATEST, *outputs.glob(f"*/{direct.name}")]
    found = list(dict.fromkeys(place.resolve() for place in places if (place / MANIFEST).is_file()))
    if len(found) != 1:
        several = "; ".join(f"{place.parent.name}/{place.name}" for place in found)
        what = f"may be {several}; write SUITE/RUN" if found else "is no run: name SUITE, SUITE/RUN or a run's folder"
        if not found and (outputs.parent / "suites" / f"{direct.name}.toml").is_file():
            what = f"has no good run yet: crm-lab run {text}"
        raise BadInput(f"{text!r} {what}.")
    run = PastRun(found[0])
    if not _is_readable(run):
        raise BadInput(f"The manifest of {run.folder.parent.name}/{run.id} cannot be read: that run is damaged.")
    return run
