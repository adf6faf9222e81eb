"""Pages that need not run again: same cells, parameters, code, packages and data as in an earlier run."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from crm_lab.run.archive import provenance
from crm_lab.run.archive.past_runs import PastRun
from crm_lab.run.execution.page_record import ENDED_WELL
from crm_lab.run.suites.plan import Plan, PlannedPage

DATA: Final = "data"
_HIDDEN: Final = "."

KeyOf = Callable[[str], str]


def content_keys(plan: Plan, root: Path, lang: str) -> dict[str, str]:
    """What decides each page's content, but for the data of its sources: one hash a page.

    Code, packages, the page's own cells, parameters, language, and the files that parameters name or that lie in the
    project's ``data/``.

    Args:
        plan: What is to run.
        root: The project's folder.
        lang: Language of the report.
    """
    common = {
        "code": provenance.code_state(root)["sources_sha256"],
        "versions": provenance.versions(),
        "lang": lang,
        "open_box": plan.suite.open_box,
        "files": _listing(root / DATA),
    }
    return {page.name: provenance.json_hash({**common, **_own(page, root)}) for page in plan.pages}


def _own(page: PlannedPage, root: Path) -> dict[str, Any]:
    named = [root / value for value in page.parameters.values() if isinstance(value, str) and value]
    files = {str(path): provenance.file_hash(path) for path in named if len(str(path)) < 1000 and path.is_file()}
    return {"cells": page.notebook.sources_sha256, "parameters": page.parameters, "named": files}


def _listing(folder: Path) -> str:
    """Names, sizes and times of the files of a folder; hidden ones, which the lab makes itself, do not count."""
    shown = (
        p
        for p in sorted(folder.rglob("*"))
        if not any(part.startswith(_HIDDEN) for part in p.relative_to(folder).parts)
    )
    told = [(p.relative_to(folder).as_posix(), p.stat().st_size, p.stat().st_mtime_ns) for p in shown if p.is_file()]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


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
