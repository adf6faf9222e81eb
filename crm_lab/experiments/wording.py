"""The sentences of effects and returns: which message, with which numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crm_lab.messages import Message
from crm_lab.results import Readout

if TYPE_CHECKING:
    from crm_lab.experiments.effects import Effect, EffectTable
    from crm_lab.experiments.returns import ProgrammeReturn


def spaced(unit: str) -> str:
    """A unit as it stands behind a number: with a space before it, or nothing."""
    return f" {unit}" if unit else ""


def effect_readout(table: EffectTable) -> Readout:
    """Readout of the primary metric."""
    e = table.headline
    if e.found is None:
        refused = e.refusal or Message("experiments.effect.action_refused")
        return Readout(
            refused, Message("experiments.effect.certainty_refused"), Message("experiments.effect.action_refused")
        )
    d = e.found
    values = {
        "metric": e.metric.label, "unit": spaced(e.metric.unit), "control": d.control, "treatment": d.treatment,
        "effect": d.effect, "lo": d.lo, "hi": d.hi, "level": table.spec.level,
        "relative": _relative(e), "effect_points": 100 * d.effect, "lo_points": 100 * d.lo, "hi_points": 100 * d.hi,
    }  # fmt: skip
    finding = Message(f"experiments.effect.finding{'_share' if e.metric.kind == 'share' else ''}", values)
    return Readout(finding, _effect_certainty(table, e), _effect_action(e))


def _relative(e: Effect) -> Message:
    if e.relative is None:
        return Message("experiments.effect.no_relative")
    return Message("experiments.effect.relative", {"rel": e.rel_effect, "lo": e.relative.lo, "hi": e.relative.hi})


def _effect_certainty(table: EffectTable, e: Effect) -> Message:
    found = e.found
    plain = next(
        (x.found for x in table.effects if x.metric == e.metric and x.arm == e.arm and x.adjust == "none"), None
    )
    cap = table.caps.get(e.metric.column)
    capped = "" if cap is None else Message("experiments.effect.capped", {"cap": cap})
    said = {"p": math.nan if found is None else found.pvalue, "capped": capped}
    if found is None or plain is None or e.adjust == "none" or plain.se == 0:
        return Message("experiments.effect.certainty_plain", said)
    narrower = 1 - found.se / plain.se
    if narrower < 0.01:
        return Message("experiments.effect.certainty_no_gain", said)
    # units the plain analysis would need for the same interval
    return Message(
        "experiments.effect.certainty_adjusted",
        {**said, "narrower": narrower, "factor": (plain.se / found.se) ** 2},
    )


def _effect_action(e: Effect) -> Message:
    d = e.found
    if e.not_worse is not None:
        return Message(f"experiments.effect.action_{'not_worse' if e.not_worse else 'may_be_worse'}")
    if d is None or d.lo <= 0 <= d.hi:
        return Message("experiments.effect.action_open")
    good = (d.effect > 0) == (e.metric.better != "down")
    return Message(f"experiments.effect.action_{'works' if good else 'harms'}")


def programme_readout(result: ProgrammeReturn) -> Readout:
    """Readout of a programme's return, in currency, for a reader who sees nothing else."""
    if result.parts is None:
        refused = result.refused or Message("experiments.roi.action_refused")
        return Readout(refused, Message("experiments.roi.certainty_refused"), Message("experiments.roi.action_refused"))
    r, spec = result.returns, result.spec
    net, _ = r.net()
    money = {"currency": spec.currency, "gain": r.gain, "cost": r.cost, "net": net, "total": net * result.treated}
    span = r.multiple_set(spec.level)
    if span.kind == "bounded" and r.cost > 0:
        values = {**money, "roi": r.roi, "lo": span.lo - 1, "hi": span.hi - 1, "level": spec.level}
        finding = Message("experiments.roi.finding", values)
    else:
        finding = Message("experiments.roi.finding_no_ratio", money)
    measured = [role for role in ("margin", "rewards") if role in result.money]
    kind = "planted" if result.truth is not None else "measured" if measured else "real"
    terms = {"p": result.p_needed, "needed": spec.roi_needed, "measured": _measured(measured)}
    certainty = Message(f"experiments.roi.certainty_{kind}", terms)
    return Readout(finding, certainty, _action(result))


def _measured(roles: list[str]) -> Message | str:
    """Margin, rewards or both in words; nothing for none."""
    return Message(f"experiments.money.{'both' if len(roles) > 1 else roles[0]}") if roles else ""


def _action(result: ProgrammeReturn) -> Message:
    spec, needed = result.spec, result.units_needed
    values = {"p": result.p_needed, "ship_at": spec.ship_at, "stop_at": spec.stop_at, "needed": spec.roi_needed}
    if result.decision == "extend" and math.isfinite(needed):
        return Message("experiments.roi.extend", {**values, "n": math.ceil(needed), "units": result.units})
    if result.decision == "extend":
        return Message("experiments.roi.extend_blind", values)
    return Message(f"experiments.roi.{result.decision}", values)
