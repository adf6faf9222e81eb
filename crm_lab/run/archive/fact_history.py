"""What a fact was in every run of a suite, also in those that are gone: of these a line each is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.exports import write_whole
from crm_lab.run.archive.causes import data_of
from crm_lab.run.archive.past_runs import PastRun, past_runs, run_age

KEPT: Final = "figures.jsonl"
_COLUMNS = ("run", "as_of", "notebook", "id", "label", "value", "lo", "hi", "unit", "is_unusual", "is_good")
_ID = _COLUMNS.index("id")
Row = tuple[Any, ...]


def fact_history(suite_folder: Path, fact: str) -> pd.DataFrame:
    """A row for each run and page that states a fact, oldest first.

    Args:
        suite_folder: ``outputs/<suite>``.
        fact: Id of the fact, such as ``rfm.customers``.

    Returns:
        ``run``, ``as_of``, ``notebook``, ``id``, ``label``, ``value``, ``lo``, ``hi``, ``unit``, ``is_unusual`` (when
        the run was made) and ``is_good`` (the run, as a whole).

    Raises:
        BadInput: If no run states it; it names similar ones.
    """
    runs = past_runs(suite_folder)
    there = {run.id for run in runs}
    gone = [row for row in _kept_figures(suite_folder) if row[0] not in there]
    rows = [row for row in (*gone, *(row for run in runs for row in _rows(run))) if row[_ID] == fact]
    if not rows:
        raise BadInput(_nothing_like(fact, runs, suite_folder.name))
    return pd.DataFrame(sorted(rows, key=lambda row: run_age(str(row[0]))), columns=list(_COLUMNS))


def keep_figures(suite_folder: Path, runs: Sequence[PastRun]) -> None:
    """Keep the figures of runs that are about to go, a line a run, in ``figures.jsonl``; written whole or not at all.

    Args:
        suite_folder: ``outputs/<suite>``.
        runs: Which.
    """
    file = suite_folder / KEPT
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    lines = (json.dumps({"run": run.id, "figures": _rows(run)}, ensure_ascii=False) for run in runs)
    write_whole(file, "".join([before, *(f"{line}\n" for line in lines)]).encode())


def _kept_figures(suite_folder: Path) -> Iterator[Row]:
    """Rows of runs that are gone; a run whose line was written, but that was not removed then, has several."""
    file = suite_folder / KEPT
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    for kept in {told["run"]: told for told in map(json.loads, lines)}.values():
        yield from (tuple(row) for row in kept["figures"])


def _rows(run: PastRun) -> list[Row]:
    """Every figure of a run."""
    return [
        (run.id, _day(page), name, one["id"], one["label"], one["value"], one["lo"], one["hi"], one["unit"],
         (name, one["id"]) in run.unusual, run.is_whole)
        for name, page in run.pages.items()
        for result in page["results"]
        for one in result["facts"]
    ]  # fmt: skip


def _day(page: Mapping[str, Any]) -> str:
    days = {str(data["as_of"]) for data in data_of(page).values()}
    return max(days, default="")


def _nothing_like(fact: str, runs: list[PastRun], suite: str) -> str:
    if not runs:
        return f"The suite {suite!r} has no runs yet: crm-lab run {suite}"
    known = {one["id"] for page in runs[-1].pages.values() for result in page["results"] for one in result["facts"]}
    words = set(fact.replace("_", ".").split("."))
    like = sorted(known, key=lambda name: (-len(words & set(name.replace("_", ".").split("."))), name))[:3]
    return f"No run of {suite!r} states {fact!r}; there are, for example, {', '.join(like)}."
