"""``decision.json``: the facts of the report for other systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crm_lab.experiments.payoff.deciding.own_unit import OwnUnitResult
from crm_lab.experiments.payoff.programme_return import ProgrammeResult
from crm_lab.experiments.payoff.steady_state import SteadyStateResult
from crm_lab.exports import write_json
from crm_lab.messages import Message
from crm_lab.results import DataSet, Result, payload

OWNER = "CRM manager"
Decided = ProgrammeResult | OwnUnitResult


def decision_content(
    answer: Decided,
    support: Sequence[Result] = (),
    data: DataSet | None = None,
    steady: SteadyStateResult | None = None,
    owner: str = OWNER,
) -> dict[str, Any]:
    """The decision and the published facts behind it, as plain JSON.

    Where the weeks after the launch are known, they decide, as on the page.
    On simulated data or a planted effect there is no decision, nor where terms are still examples: `decision` is null
    and `withheld` says why. The terms stand beside it with their break-evens.
    """
    decided = answer if steady is None or isinstance(answer, OwnUnitResult) else steady.decisive
    first: Result = answer if steady is None or decided is answer else steady
    results = [payload(r, data, r is first) for r in (first, *(r for r in (answer, *support) if r is not first))]
    head = results[0]
    simulated = any(r["simulated"] for r in results)
    return {
        "schema": 5,
        "decision": None if simulated or decided.decision == "terms" else decided.decision,
        "owner": owner,
        "withheld": _withheld(simulated, head["refusal"], decided),
        "terms": _terms(answer),
        "break_evens": answer.break_evens().astype(object).where(lambda d: d.notna(), None).to_dict("records"),
        "p_roi_above_needed": decided.p_needed if isinstance(decided, ProgrammeResult) and decided.parts else None,
        "roi_needed": answer.spec.roi_needed,
        "own_unit": _own_unit(answer) if isinstance(answer, OwnUnitResult) else None,
        "guardrails": {} if decided.guardrails is None else decided.guardrails.states(),
        "readout": head["readout"],
        "refusal": head["refusal"],
        "refusal_code": _code(first.refusal()),
        "simulated": simulated,
        "facts": [fact for r in results for fact in r["facts"]],
        "data": head["data"],
    }


def _code(refusal: Message | None) -> str | None:
    """Why there is no decision, for machines: ``chosen``, ``imbalance``, ``srm``, ...; the same in every language."""
    return None if refusal is None else refusal.key.removeprefix("experiments.").removeprefix("refused.")


def _own_unit(answer: OwnUnitResult) -> dict[str, Any]:
    """The effect needed of an outcome that is no money, and how likely it is."""
    return {
        "outcome": answer.metric.name,
        "unit": answer.metric.unit,
        "effect_needed": answer.asked.effect_needed,
        "p_effect_beyond_needed": None if answer.found is None else answer.p,
    }


def _withheld(simulated: bool, refusal: object, decided: Decided) -> str | None:
    if simulated:
        return "simulated"
    if refusal:
        return "refused"
    return "terms" if decided.decision == "terms" else None


def _terms(answer: Decided) -> dict[str, Any]:
    """Every term the decision rests on, which of them were measured, and which are examples."""
    return {**asdict(answer.spec), "assumed": list(answer.open_terms), "measured": sorted(answer.money)}


def write_decision(
    answer: Decided,
    support: Sequence[Result] = (),
    data: DataSet | None = None,
    name: str = "decision.json",
    *,
    steady: SteadyStateResult | None = None,
    owner: str = OWNER,
) -> Path:
    """Write `decision_content` beside the notebook's other files.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> from crm_lab.experiments import Programme
    >>> answer = Programme(margin_share=0.3, reward_rate=0.01).analyze(test, "spend")
    >>> path = write_decision(answer, name="decision_example.json")
    >>> path.name
    'decision_example.json'
    >>> path.unlink()

    Args:
        answer: The programme's return, or the decision in the outcome's own unit.
        support: Results whose facts belong with it (soundness, effect).
        data: The tables behind them, for provenance.
        name: File name.
        steady: The weeks after the launch; they decide where they are known.
        owner: Who sees to it that the decision is carried out.

    Returns:
        The path written.
    """
    return write_json(decision_content(answer, support, data, steady, owner), name)
