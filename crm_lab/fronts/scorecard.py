"""Front of a plan: its targets, met, missed or open."""

from __future__ import annotations

from crm_lab.fronts.front import Front, fronts
from crm_lab.fronts.pictures import Dot, dots
from crm_lab.messages import Message
from crm_lab.scorecard.targets_and_plan import VERDICTS, PlanLine, PlanResult


def _behind(line: PlanLine) -> float:
    """By how many points a target is missed."""
    return 0.0 if line.actual is None else abs(line.points(line.actual.value))


@fronts(PlanResult, "act")
def plan_front(result: PlanResult) -> Front:
    """What was measured as a dot, its target as a tick."""
    known = [(line, line.actual) for line in result.lines if line.actual is not None]
    drawn = [
        Dot(line.label.text(), actual.value, actual.lo, actual.hi, line.verdict == "met", line.target.target)
        for line, actual in known[:4]
    ]
    values: dict[str, int] = {"targets": len(result.lines)} | {str(name): result.count(name) for name in VERDICTS}
    missed = sorted((line for line in result.lines if line.verdict == "missed"), key=_behind)
    decision = None
    if missed and (actual := missed[-1].actual):
        said = {"metric": missed[-1].label, "actual": actual.value, "target": missed[-1].target.target}
        decision = Message("front.plan.decision", said)
    picture = dots(drawn, words=Message("front.plan.foot").text()) if drawn else ""
    return Front(Message("front.plan.answer", values), picture, decision, "management")
