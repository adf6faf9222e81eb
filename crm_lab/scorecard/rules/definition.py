"""Rules about definition: unit, scale and basis of a number."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from crm_lab.messages import Message
from crm_lab.scorecard.claim import Change, Claim
from crm_lab.scorecard.printed_number import PrintedNumber, Span
from crm_lab.scorecard.rules.registry import Book, Remark, claim_rule, rule


def _levels(claim: Claim) -> list[PrintedNumber]:
    control = claim.control
    others = [control.value, control.before, control.after] if control else []
    return [*claim.levels.values(), *(level for level in others if level is not None)]


@claim_rule("definition")
def per_cent_sign(claim: Claim, _: Book) -> Iterator[Remark]:
    """A per cent sign stands only behind what can be a share, a growth or a ratio."""
    wrong = [level.text for level in _levels(claim) if level.percent and not claim.about.takes_percent]
    if wrong:
        yield Remark([claim], "wrong", {"values": ", ".join(wrong)})


@claim_rule("definition")
def on_its_scale(claim: Claim, _: Book) -> Iterator[Remark]:
    """Levels lie on the metric's scale, and the scale that is stated is the metric's."""
    lo, hi = claim.about.scale
    percent = claim.about.is_share
    values = {"lo": "0%" if percent else f"{lo:g}", "hi": "100%" if percent else f"{hi:g}"}
    if claim.scale is not None and not _same_scale(claim.scale, (lo, hi)):
        yield Remark([claim], "other_scale", {**values, "low": claim.scale[0], "high": claim.scale[1]})
        return
    off = [level.text for level in _levels(claim) if not claim.span(level).meets(Span(lo, hi))]
    if off:
        yield Remark([claim], "bounded" if math.isfinite(hi) else "below", {**values, "values": ", ".join(off)})
    elif claim.change and claim.change.form in {"percent", "relative"} and claim.change.by.span.hi < -1:
        yield Remark([claim], "fall", {"change": claim.change.text})


def _same_scale(stated: tuple[float, float], known: tuple[float, float]) -> bool:
    return all(math.isclose(a, b) for a, b in zip(stated, known, strict=True))


@claim_rule("definition")
def which_scale(claim: Claim, _: Book) -> Iterator[Remark]:
    """A level that fits two scales of the same name needs its scale beside it."""
    levels = list(claim.levels.values())
    if claim.scale is not None or not levels:
        return
    for lo, hi in claim.about.lookalikes:
        if all(lo <= level.value <= hi and not level.percent for level in levels):
            own_lo, own_hi = claim.about.scale
            texts = ", ".join(level.text for level in levels)
            values = {"values": texts, "lo": own_lo, "hi": own_hi, "low": lo, "high": hi}
            yield Remark([claim], "two", values, "unclear")
            return


@rule("definition")
def which_basis(book: Book) -> Iterator[Remark]:
    """A metric with several definitions is quoted under a stated one, everywhere."""
    quoted: dict[str, list[Claim]] = defaultdict(list)
    for claim in book.claims:
        if claim.about.bases and claim.levels:
            quoted[claim.metric].append(claim)
    for claims in quoted.values():
        if not all(claim.basis for claim in claims):
            listed = "; ".join(f"{c.name}: {c.shown}" for c in claims)
            bases = ", ".join(claims[0].about.bases)
            key = "several" if len(claims) > 1 else "one"
            yield Remark(claims, key, {"listed": listed, "bases": bases, "number": len(claims)}, "unclear")


@claim_rule("definition")
def control_in_points(claim: Claim, _: Book) -> Iterator[Remark]:
    """A control that "rose by 5 %" rose by points or relatively; the effect depends on which."""
    control = claim.control.change if claim.control else None
    if control and control.form == "percent" and claim.about.is_share:
        yield _against_control(claim, control)


@rule("definition")
def points_or_per_cent(book: Book) -> Iterator[Remark]:
    """A share's "+5 %" may be points or relative; levels, or a word, tell which. One finding a deck."""
    known = {(c.deck, c.metric, c.population) for c in book.claims if c.before and c.after}
    for _, claims in groupby(book.claims, key=attrgetter("deck")):
        open_ = [
            c for c in claims
            if c.about.is_share and c.change and c.change.form == "percent"
            and not (c.before and c.after) and (c.deck, c.metric, c.population) not in known
        ]  # fmt: skip
        if open_:
            listed = ", ".join(f"{c.id} {c.change}" for c in open_)
            yield Remark(
                open_, "several" if len(open_) > 1 else "one", {"number": len(open_), "listed": listed}, "unclear"
            )


def _against_control(claim: Claim, control: Change) -> Remark:
    if not (claim.before and claim.after):
        return Remark([claim], "control", {"change": control.text}, "unclear")
    rise = (claim.after.value - claim.before.value) * 100
    readings = {"points": rise - control.by.value * 100, "relative": rise - claim.before.value * control.by.value * 100}
    return Remark([claim], "control_read", {"change": control.text, **readings}, "unclear")


@claim_rule("definition")
def verdict_of_target(claim: Claim, _: Book) -> Iterator[Remark]:
    """A target called met is reached, one called missed is not; which way is good is the metric's."""
    level, target = claim.value or claim.after, claim.target
    if claim.verdict is None or level is None or target is None or claim.about.better == "none":
        return
    if level.span.meets(Span(target.value, target.value)) or level.open_ended:
        return  # equal as printed: either word may be right
    above = level.value > target.value
    met = above == (claim.about.better == "up")
    if met != (claim.verdict == "met"):
        verdict = Message(f"claims.verdict.{claim.verdict}")
        yield Remark([claim], "differs", {"value": level.text, "target": target.text, "verdict": verdict})
