"""Pages that need not run again: same cells, parameters, code, packages and data as in an earlier run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from crm_lab.run.archive import provenance
from crm_lab.run.archive.past_runs import PastRun
from crm_lab.run.execution.page_record import ENDED_WELL
from crm_lab.run.suites.plan import Plan, PlannedPage

DATA: Final = "data"
_HIDDEN: Final = "."
_NAMING: Final = ("source", "panel", "parameters")  # tables of a suite that name files

KeyOf = Callable[[str], str]


def content_keys(plan: Plan, root: Path, lang: str) -> dict[str, str]:
    """What decides each page's content, but for the data of its sources: one hash a page.

    Code, packages, the page's own cells, parameters, language, and the files in the project's ``data/`` or named by
    parameters, also through a suite: a page that was refused, or reads a test, publishes no source.

    Args:
        plan: What is to run.
        root: The project's folder.
        lang: Language of the report.
    """
    common = {
        "code": provenance.code_state(root)["sources_sha256"],
        "versions": provenance.versions(),
        "lang": lang,
        "left_out": list(plan.suite.left_out),
        "files": _listing(root / DATA),
    }
    return {page.name: provenance.json_hash({**common, **_own(page, root)}) for page in plan.pages}


def _own(page: PlannedPage, root: Path) -> dict[str, Any]:
    named: set[Path] = set()
    _add_named([page.parameters, page.part.whole if page.part else ""], [root], named)
    states = {str(place): _listing(place) for place in sorted(named)}
    return {"cells": page.notebook.sources_sha256, "parameters": page.parameters, "named": states}


def _add_named(value: Any, folders: Sequence[Path], known: set[Path]) -> None:
    """Files and folders that a value names, and those that a TOML file among them names in turn: a suite its data.

    A suite may name itself; what is known is not read again.
    """
    if isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            _add_named(one, folders, known)
    if not isinstance(value, str) or not value.strip():
        return
    for place in dict.fromkeys(Path(os.path.normpath(folder / value)) for folder in folders):
        if place in known or not _exists(place):
            continue
        known.add(place)
        if place.suffix == ".toml" and place.is_file():
            told = [text for name, text in _toml(place).items() if name in _NAMING]
            _add_named(told, list(dict.fromkeys([place.parent, *folders])), known)


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except (OSError, ValueError):  # too long for a name, or no name at all
        return False


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def _listing(place: Path) -> str:
    """Names, sizes and times of a file or of those in a folder; hidden ones, which the lab makes itself, left out."""
    told = [
        (file.relative_to(place).as_posix(), file.stat().st_size, file.stat().st_mtime_ns) for file in _shown(place)
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _shown(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    found = []
    for folder, inside, files in os.walk(place):
        inside[:] = sorted(name for name in inside if not name.startswith(_HIDDEN))
        found += [Path(folder) / name for name in sorted(files) if not name.startswith(_HIDDEN)]
    return [file for file in found if file.is_file()]


def reusable(keys: Mapping[str, str], past: Sequence[PastRun], key_of: KeyOf) -> dict[str, PastRun]:
    """The newest earlier run that has each page just as it would be again; pages without one are missing.

    Args:
        keys: `content_keys` of the plan.
        past: Earlier runs, oldest first.
        key_of: The key of a source's data as they are now; a source that is gone has an empty one.
    """
    known: dict[str, str] = {}

    def now(source: str) -> str:
        if source not in known:
            known[source] = key_of(source)
        return known[source]

    found: dict[str, PastRun] = {}
    for run in reversed(past):
        for entry in run.manifest["pages"]:
            name = entry["notebook"]
            same = name in keys and name not in found and name in run.pages and entry.get("content_key") == keys[name]
            if same and entry["status"] in ENDED_WELL and all(now(s) == k for s, k in entry["sources"].items()):
                found[name] = run
    return found


def take_over(name: str, run: PastRun, folder: Path) -> dict[str, Any]:
    """Copy a page's files from an earlier run, and return its record.

    Args:
        name: The notebook.
        run: The earlier run.
        folder: Of the run that is made.
    """
    shutil.copytree(run.folder / name, folder / name)
    for ending in (".html", ".ipynb"):
        shutil.copyfile(run.folder / f"{name}{ending}", folder / f"{name}{ending}")
    made_by = _entry(run, name).get("reused_from") or run.id
    return {**run.pages[name], "reused_from": made_by}


def _entry(run: PastRun, name: str) -> Mapping[str, Any]:
    return next(entry for entry in run.manifest["pages"] if entry["notebook"] == name)
