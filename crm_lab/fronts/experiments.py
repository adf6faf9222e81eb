"""Fronts of tests: how large, sound, worth it."""

from __future__ import annotations

import math

from crm_lab.checks import BadInput
from crm_lab.experiments.effects.effects import EffectsResult
from crm_lab.experiments.payoff.programme_return import ProgrammeResult
from crm_lab.experiments.payoff.steady_state import SteadyStateResult
from crm_lab.experiments.pilots.answers.pilot_effect import PilotEffectResult
from crm_lab.experiments.pilots.answers.pilot_return import PilotReturnResult
from crm_lab.experiments.pilots.feasibility.pilot_plan import PilotPlanResult
from crm_lab.experiments.pilots.pilot_words import counted
from crm_lab.experiments.planning.decision_power import RoiDesignResult
from crm_lab.experiments.planning.design import DesignResult
from crm_lab.experiments.uplift.targeting_list import TargetingListResult
from crm_lab.experiments.uplift.uplift_result import UpliftResult
from crm_lab.experiments.validity.association import AssociationResult
from crm_lab.experiments.validity.soundness import SoundnessResult
from crm_lab.fronts.front import Front, fronts
from crm_lab.fronts.pictures import Bar, Dot, bars, dots, tiles
from crm_lab.messages import Message
from crm_lab.results import Fact


def _words(key: str, **values: object) -> str:
    return Message(f"front.{key}", values).text()


def _sizes(available: int, needed: float) -> str:
    rows = (("at_hand", available, True), ("needed", needed, False))
    return bars([Bar(_words(f"size.{name}"), n, f"{n:,.0f}", strong) for name, n, strong in rows])


@fronts(RoiDesignResult, "test")
def decision_size_front(result: RoiDesignResult) -> Front:
    """Units at hand beside those that a decision needs."""
    needed = math.ceil(result.units_needed)
    values = {"available": result.available, "n": needed, "times": needed / result.available}
    fits = needed <= result.available
    # terms that are examples decide nothing
    decision = None if fits or result.spec.programme.assumed else Message("front.size.decision", values)
    return Front(
        Message("front.size.fits" if fits else "front.size.decide", values),
        _sizes(result.available, needed),
        decision,
        "data",
    )


@fronts(DesignResult, "test")
def size_front(result: DesignResult) -> Front:
    """Units at hand beside those that show the lift."""
    needed = int(result.headline.whole[1])
    values = {"available": result.available, "n": needed, "lift": result.spec.lift}
    return Front(Message("front.size.see", values), _sizes(result.available, needed), owner="data")


@fronts(SoundnessResult, "test")
def sound_front(result: SoundnessResult) -> Front:
    """Which of the checks before the effect are passed."""
    alike = result.balance_pvalue >= result.spec.balance_alpha
    unknown = math.isnan(result.balance_pvalue)
    known = [result.sound] if unknown else [result.sound, alike]
    key = "unknown" if unknown else "alike" if alike else "unlike"
    passed = sum(known)
    foot = _words("sound.foot", passed=passed, total=len(known))
    return Front(
        Message(f"front.sound.{key}"), tiles([(passed, "on"), (len(known) - passed, "bad")], foot), owner="data"
    )


def _roi(fact: Fact, label: str, strong: bool) -> Dot | None:
    if fact.ci is None or not isinstance(fact.value, float) or not math.isfinite(fact.ci.lo + fact.ci.hi):
        return None
    return Dot(label, fact.value, fact.ci.lo, fact.ci.hi, strong)


def _payoff(answer: ProgrammeResult, shown: Fact, rows: list[Dot | None]) -> Front:
    """Ship, extend or stop in words, the ROI with its interval against what is needed."""
    drawn = [row for row in rows if row]
    needed = answer.spec.roi_needed
    foot = _words("roi.needed", needed=needed) if needed else _words("roi.break_even")
    key = answer.decision or "extend"
    values = {"needed": needed, "roi": shown.value or 0.0}
    values |= {"lo": shown.ci.lo, "hi": shown.ci.hi} if shown.ci else {"lo": math.nan, "hi": math.nan}
    said = f"{key}{'' if shown.ci else '_no_ratio'}"
    return Front(
        Message(f"front.roi.{said}", values),
        dots(drawn, needed, foot) if drawn else "",
        Message(f"front.roi.decision_{key}"),
        "management",
    )


@fronts(SteadyStateResult, "test")
def steady_front(result: SteadyStateResult) -> Front:
    """ROI of all weeks and of the steady ones."""
    decisive, shown = result.decisive, result.facts()[0]
    every = result.answer.facts()[0]
    last = _words("roi.later", first=result.spec.launch + 1, weeks=result.weeks)
    return _payoff(decisive, shown, [_roi(every, _words("roi.all"), False), _roi(shown, last, True)])


@fronts(ProgrammeResult, "test")
def programme_front(result: ProgrammeResult) -> Front:
    """ROI of all weeks."""
    shown = result.facts()[0]
    return _payoff(result, shown, [_roi(shown, _words("roi.all"), True)])


@fronts(EffectsResult, "test")
def effect_front(result: EffectsResult) -> Front:
    """The headline effect with its interval."""
    found = result.headline.found
    if found is None:
        raise BadInput("The primary metric has no effect, so there is none to draw.")
    sure = found.lo > 0 or found.hi < 0
    key = ("up" if found.effect > 0 else "down") if sure else "unsure"
    drawn = [Dot(_words("effect.label"), found.effect, found.lo, found.hi, True)]
    return Front(Message(f"front.effect.{key}"), dots(drawn, 0.0, _words("effect.none")), owner="management")


@fronts(AssociationResult, "test")
def association_front(result: AssociationResult) -> Front:
    """The association among comparable units with its interval; never a decision to ship."""
    found = result.found
    if found is None:
        raise BadInput("Nothing is said of comparable units, so there is nothing to draw.")
    drawn = [Dot(_words("association.label"), found.value, found.interval.lo, found.interval.hi, True)]
    return Front(Message("front.association.answer"), dots(drawn, 0.0, _words("association.none")), owner="data")


@fronts(TargetingListResult, "test")
def offer_list_front(result: TargetingListResult) -> Front:
    """Who gets the offer, and what that earns beside giving it to everybody."""
    values = {
        "n": len(result.to_frame()), "customers": result.customers, "gain": result.expected[0],
        "all": result.everybody[0], "currency": result.currency,
    }  # fmt: skip
    rows = [
        Dot(_words("offer.label_list"), *result.expected, True),
        Dot(_words(f"offer.label_{'all' if result.as_many is None else 'lot'}"), *result.everybody, False),
    ]
    open_question = result.simulated or bool(result.examples) or result.expected[1] <= 0
    decision = None if open_question else Message("front.offer.decision_list")
    picture = dots(rows, 0.0, _words("offer.foot"))
    said = "list" if result.as_many is None else "list_lot"
    return Front(Message(f"front.offer.{said}", values), picture, decision, "marketing", result.expected[0])


@fronts(UpliftResult, "test")
def offer_front(result: UpliftResult) -> Front:
    """Whether anybody can be told apart, and what the rule and everybody earn."""
    everybody, key = result.best_for_all, result.decision or "unclear"
    gain = result.units * result.strategies[0].gain
    told = [("rule", result.strategies[0])] if key == "target" else []
    rows = [
        Dot(
            _words(f"offer.label_{name}"),
            result.units * s.gain,
            result.units * s.lo,
            result.units * s.hi,
            name == "rule",
        )
        for name, s in (*told, ("lot" if everybody.by_lot else "all", everybody))
    ]
    shown = key == "all" or (key == "none" and everybody.hi < 0)
    settled = shown and not (result.simulated or result.examples)
    lot = "_lot" if everybody.by_lot and key in ("all", "target") else ""
    decision = Message(f"front.offer.decision_{key}{lot}") if settled else None
    said = "dear" if key == "none" and result.differ else f"{key}{lot}"
    answer = Message(
        f"front.offer.{said}", {"gain": gain, "all": result.units * everybody.gain, "currency": result.currency}
    )
    return Front(answer, dots(rows, 0.0, _words("offer.foot")), decision, "marketing")


@fronts(PilotPlanResult, "test")
def pilot_plan_front(result: PilotPlanResult) -> Front:
    """Whether the planned pilot can decide: the lift that it sees beside the one that is needed."""
    row, plan = result.planned, result.plan
    unit = counted(plan.unit, plan.treated)
    rows = [("seen", row.mde, True), ("needed", row.lift_needed, False)]
    drawn = [Bar(_words(f"pilot.{name}"), x, f"{x:.1%}", strong) for name, x, strong in rows if math.isfinite(x)]
    settled = row.verdict != "can" and not plan.terms.assumed and not result.simulated
    decision = Message("front.pilot.decision_cannot") if settled else None
    return Front(
        Message(f"front.pilot.plan_{row.verdict}", {"unit": unit, "chance": row.chance}),
        bars(drawn),
        decision,
        "management",
    )


@fronts(PilotEffectResult, "test")
def pilot_effect_front(result: PilotEffectResult) -> Front:
    """The lift of a pilot with its interval."""
    test, lift = result.answer, result.lift(result.main)
    if not math.isfinite(test.interval.lo + test.interval.hi):
        return Front(Message("front.pilot.floor", {"floor": test.floor}), "", None, "management")
    sure = "seen" if test.pvalue <= 1 - result.spec.level else "none"
    drawn = [Dot(_words("pilot.lift"), lift, test.interval.lo, test.interval.hi, True)]
    return Front(
        Message(f"front.pilot.effect_{sure}", {"lift": lift, "what": result.pilot.what}),
        dots(drawn, 0.0, _words("pilot.foot")),
        None,
        "management",
    )


@fronts(PilotReturnResult, "test")
def pilot_return_front(result: PilotReturnResult) -> Front:
    """The return of a pilot on the basis asked for, beside its target."""
    row, terms = result.to_frame().iloc[0], result.terms
    values = {
        "roi": row["roi"],
        "p_above": row["p_above"],
        "target": terms.roi_needed,
        "floor": result.effect.answer.floor,
    }
    open_question = result.decision in ("terms", "cannot") or result.effect.pilot.simulated
    decision = None if open_question else Message(f"front.pilot.decision_{result.decision}")
    if result.decision == "cannot" or not math.isfinite(row["lo"] + row["hi"]):
        return Front(Message("front.pilot.floor", values), "", decision, "management")
    drawn = [Dot(_words(f"pilot.{terms.basis}"), row["roi"], row["lo"], row["hi"], True)]
    foot = _words("pilot.target", target=terms.roi_needed)
    return Front(
        Message("front.pilot.return", values), dots(drawn, terms.roi_needed, foot), decision, "management", row["roi"]
    )
