"""Fronts of tests: how large, sound, worth it."""

from __future__ import annotations

import math

from crm_lab.checks import BadInput
from crm_lab.experiments.effects.effects import EffectsResult
from crm_lab.experiments.payoff.programme_return import ProgrammeResult
from crm_lab.experiments.payoff.steady_state import SteadyStateResult
from crm_lab.experiments.planning.decision_power import RoiDesignResult
from crm_lab.experiments.planning.design import DesignResult
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
