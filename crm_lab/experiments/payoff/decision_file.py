"""``decision.json``: the facts of the report for the systems that act on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crm_lab.experiments.payoff.programme_return import ProgrammeResult
from crm_lab.exports import write_json
from crm_lab.results import DataSet, Result, payload


def decision_content(
    answer: ProgrammeResult, support: Sequence[Result] = (), data: DataSet | None = None
) -> dict[str, Any]:
    """The decision and the published facts behind it, as plain JSON."""
    results = [payload(r, data, r is answer) for r in (answer, *support)]
    head = results[0]
    return {
        "schema": 1,
        "decision": answer.decision,
        "p_roi_above_needed": None if answer.parts is None else answer.p_needed,
        "roi_needed": answer.spec.roi_needed,
        "readout": head["readout"],
        "refusal": head["refusal"],
        "simulated": any(r["simulated"] for r in results),
        "facts": [fact for r in results for fact in r["facts"]],
        "data": head["data"],
    }


def write_decision(
    answer: ProgrammeResult, support: Sequence[Result] = (), data: DataSet | None = None, name: str = "decision.json"
) -> Path:
    """Write `decision_content` beside the notebook's other files.

    Args:
        answer: The programme's return.
        support: Results whose facts belong with it (soundness, effect).
        data: The tables behind them, for provenance.
        name: File name.
    """
    return write_json(decision_content(answer, support, data), name)
