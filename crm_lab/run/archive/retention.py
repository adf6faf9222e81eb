"""Which runs are kept, and where a suite stands: runs, room on disk, the last good one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crm_lab.run.archive.fact_history import keep_figures
from crm_lab.run.archive.past_runs import PastRun, last_good, past_runs
from crm_lab.run.archive.refusals import Refusal, last_refusal
from crm_lab.run.archive.store import LATEST, locked

_MONTH: Final = 7  # characters of a run's id that name its month


def superfluous(runs: Sequence[PastRun], keep: int, keep_monthly: int) -> list[PastRun]:
    """The runs that may go, oldest first: neither of the newest, nor the last good one of a recent month.

    The last good run of all stays, whatever is asked for.

    Args:
        runs: Oldest first.
        keep: How many of the newest stay.
        keep_monthly: Of how many months the last good run stays.
    """
    monthly = {run.id[:_MONTH]: run.id for run in runs if run.is_whole}
    months = sorted(monthly)
    kept = {run.id for run in runs[len(runs) - keep :]} if keep else set()
    kept |= {monthly[month] for month in (months[-keep_monthly:] if keep_monthly else [])}
    kept |= {monthly[months[-1]]} if months else set()
    return [run for run in runs if run.id not in kept]


def prune(suite_folder: Path, keep: int, keep_monthly: int, *, only_say: bool = False) -> list[PastRun]:
    """Remove the superfluous runs of a suite; each disappears in one step, and ``latest`` never points to nothing.

    Their figures stay, for `fact_history`.

    Args:
        suite_folder: ``outputs/<suite>``.
        keep: How many of the newest stay.
        keep_monthly: Of how many months the last good run stays.
        only_say: Remove nothing.

    Returns:
        The runs that are gone, or would be.

    Raises:
        BadInput: If a run of the suite is at work.
    """
    with locked(suite_folder):
        going = superfluous(past_runs(suite_folder), keep, keep_monthly)
        latest = (suite_folder / LATEST).resolve().name
        going = [run for run in going if run.id != latest]
        if not only_say:
            keep_figures(suite_folder, going)
        for run in () if only_say else going:
            away = run.folder.with_name(f".{run.id}.part")
            run.folder.replace(away)
            shutil.rmtree(away)
    return going


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a suite stands.

    Attributes:
        suite: Its name.
        runs: How many published runs there are.
        good: How many of them are whole and good.
        last: The newest run; ``None`` where there is none.
        last_good: The newest good one.
        megabytes: Room on disk.
        refusal: The run after the newest that did not even start; ``None`` where none was refused.
    """

    suite: str
    runs: int
    good: int
    last: PastRun | None
    last_good: PastRun | None
    megabytes: float
    refusal: Refusal | None = None


def standing(suite_folder: Path) -> Standing:
    """Where a suite stands.

    Args:
        suite_folder: ``outputs/<suite>``.
    """
    runs = past_runs(suite_folder)
    size = sum(file.stat().st_size for run in runs for file in run.folder.rglob("*") if file.is_file())
    good = sum(run.is_whole for run in runs)
    last, megabytes = runs[-1] if runs else None, size / 2**20
    refusal = last_refusal(suite_folder, last.id if last else "")
    return Standing(suite_folder.name, len(runs), good, last, last_good(runs), megabytes, refusal)
