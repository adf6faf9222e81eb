"""What a fact was in every run of a suite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.run.archive.causes import data_of
from crm_lab.run.archive.past_runs import PastRun, past_runs

_COLUMNS = ("run", "as_of", "notebook", "id", "label", "value", "lo", "hi", "unit", "is_unusual", "is_good")


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
    rows = [row for run in runs for row in _rows(run, fact)]
    if not rows:
        raise BadInput(_nothing_like(fact, runs, suite_folder.name))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _rows(run: PastRun, fact: str) -> list[tuple[object, ...]]:
    return [
        (run.id, _day(page), name, fact, one["label"], one["value"], one["lo"], one["hi"], one["unit"],
         (name, fact) in run.unusual, run.is_whole)
        for name, page in run.pages.items()
        for result in page["results"]
        for one in result["facts"]
        if one["id"] == fact
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
