"""A page's answer for machines: small, of one form in every language, and never more than the page says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from crm_lab.checks import BadInput
from crm_lab.run.archive.causes import data_of
from crm_lab.run.archive.past_runs import PastRun, find_run
from crm_lab.run.outcomes import headline, short_name

SCHEMA: Final = 1
FACTS: Final = 3
_SAID: Final = ("id", "label", "value", "lo", "hi", "level", "unit", "kind", "refusal")
_DECISION: Final = "decision.json"
_WIDTHS: Final = (320, 240, 160, 100, 60)  # of a sentence, in characters
BYTES: Final = 2048


def answer(run: PastRun | Path | str, page: str, outputs: Path | None = None) -> dict[str, Any]:
    """What a page of a run answers, in at most 2 KB: finding, interval, decision, refusal, source.

    >>> answer("tour/2001-01-01T00-00-00Z", "04")
    Traceback (most recent call last):
    crm_lab.checks.BadInput: 'tour/2001-01-01T00-00-00Z' is no run: name SUITE, SUITE/RUN or a run's folder.

    Args:
        run: A run, its folder, or what `find_run` understands (``"tour"``, ``"tour/2026-01-31T06-00-00Z"``).
        page: Number or name of the page.
        outputs: Folder of all runs; ``outputs/`` of the project by default.

    Returns:
        As docs/answer.schema.json describes it.

    Raises:
        BadInput: If there is no such run, or no such page in it.
    """
    from crm_lab.project import project_root

    if not isinstance(run, PastRun):
        run = find_run(outputs or project_root() / "outputs", str(run))
    record = _page(run, page)
    for width in _WIDTHS:
        found = _answer(run, record, width)
        if len(json.dumps(found, ensure_ascii=False).encode()) <= BYTES:
            break
    return found


def _answer(run: PastRun, record: Mapping[str, Any], width: int) -> dict[str, Any]:
    first = headline(record)
    readout = first.get("readout") or {}
    refusal = first.get("refusal") or (record["reason"] if record["status"] != "ok" else None)
    return {
        "schema": SCHEMA,
        "suite": run.suite,
        "run": run.id,
        "page": record["notebook"],
        "question": record["question"],
        "lang": record["lang"],
        "status": record["status"],
        **{part: _short(readout.get(part), width) for part in ("finding", "certainty", "action")},
        "facts": [{name: fact.get(name) for name in _SAID} for fact in (first.get("facts") or [])[:FACTS]],
        "decision": _decision(run, record),
        "refusal": _short(refusal, width),
        "simulated": any(result["simulated"] for result in record["results"]),
        "source": [
            {name: data.get(name) for name in ("source", "title", "as_of", "rows", "currency")}
            for data in data_of(record).values()
        ][:FACTS],
    }


def _page(run: PastRun, text: str) -> Mapping[str, Any]:
    found = {name: page for name, page in run.pages.items() if text in (name, page["number"], short_name(page))}
    whole = [page for page in found.values() if not page.get("part")]
    if not found:
        have = ", ".join(map(short_name, run.pages.values()))
        raise BadInput(f"The run {run.suite}/{run.id} has no page {text!r}; it has {have}.")
    if len(found) > 1 and not whole:
        raise BadInput(f"The run {run.suite}/{run.id} has several pages {text!r}: {', '.join(found)}; name one.")
    return (whole or list(found.values()))[0]


def _decision(run: PastRun, page: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the page's own decision file says; ``None`` where it decides nothing."""
    file = run.folder / page["notebook"] / _DECISION
    if not file.is_file():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    return {name: told.get(name) for name in ("decision", "withheld", "refusal")}


def _short(text: object, width: int) -> str | None:
    if not text:
        return None
    words = str(text)
    return words if len(words) <= width else f"{words[: width - 1]}…"
