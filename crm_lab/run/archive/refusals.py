"""What a run that did not even start leaves: when and why, until the next run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crm_lab.run.archive.past_runs import past_runs, run_age
from crm_lab.run.archive.store import moment, write_json

REFUSED: Final = "refused.json"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A run that was refused.

    Attributes:
        when: As a run's id.
        why: The sentence that was said.
    """

    when: str
    why: str


def note_refusal(suite_folder: Path, why: str) -> None:
    """Keep that a run was refused.

    Args:
        suite_folder: ``outputs/<suite>``; made if missing.
        why: The sentence that was said.
    """
    suite_folder.mkdir(parents=True, exist_ok=True)
    newest = [run.id for run in past_runs(suite_folder)][-1:]
    write_json(suite_folder / REFUSED, {"when": moment(), "why": why, "after": "".join(newest)})


def last_refusal(suite_folder: Path, newest: str = "") -> Refusal | None:
    """The last refusal, if no run has begun since.

    Args:
        suite_folder: ``outputs/<suite>``.
        newest: Id of the newest run; empty where there is none.
    """
    try:
        told = json.loads((suite_folder / REFUSED).read_text(encoding="utf-8"))
        found, after = Refusal(str(told["when"]), str(told["why"])), str(told["after"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if run_age(after) >= run_age(newest) else None
