"""Do the numbers of a claim follow from each other?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import add

from crm_lab.messages import Message
from crm_lab.scorecard.claim import Change, Claim
from crm_lab.scorecard.printed_changes import Step, agreeing, readings, step
from crm_lab.scorecard.printed_number import Span, exactly
from crm_lab.scorecard.rules.registry import Book, Remark, claim_rule

WHOLE = exactly(1.0)


def against_levels(levels: Claim, stated: Claim, change: Change) -> Iterator[Remark]:
    """Hold a printed change against two levels, perhaps of another claim about the same thing."""
    if levels.before is None or levels.after is None:
        return
    done = step(levels, levels.before, levels.after)
    right = agreeing(done, readings(stated, change))
    claims = (levels,) if levels is stated else (levels, stated)
    values = {"before": levels.before.text, "after": levels.after.text, "change": change.text, **_words(levels, done)}
    unit = "share" if levels.about.is_share else "plain"
    if not right:
        yield Remark(claims, f"differs_{unit}", values)
    elif right == {"absolute"} and change.form == "percent":
        yield Remark(claims, "points_as_percent", values)


def _words(claim: Claim, done: Step) -> dict[str, float | str]:
    absolute = done.difference * 100 if claim.about.is_share else done.difference / claim.factor
    return {"absolute": absolute, "relative": "–" if done.growth is None else f"{done.growth:+.1%}"}


@claim_rule("arithmetic")
def change_of_levels(claim: Claim, _: Book) -> Iterator[Remark]:
    """Before, after and the change between them belong together."""
    if claim.change:
        yield from against_levels(claim, claim, claim.change)


@claim_rule("arithmetic")
def parts_of_whole(claim: Claim, book: Book) -> Iterator[Remark]:
    """Shares add up to one, amounts to their total."""
    parts = list(claim.parts.values())
    if not parts:
        return
    total = reduce(add, (claim.span(part) for part in parts))
    values = {"parts": " / ".join(part.text for part in parts)}
    if all(part.percent for part in parts):
        if not total.meets(WHOLE):
            yield _not_whole(claim, book, total, values)
    elif claim.total is not None and not total.meets(claim.span(claim.total)):
        amounts = {"sum": sum(part.value for part in parts), "total": claim.total.text}
        yield Remark([claim], "amounts", {**values, **amounts})


def _not_whole(claim: Claim, book: Book, total: Span, values: Mapping[str, object]) -> Remark:
    """Shares that do not add up; in a deck that names this sum as a total they are its amounts."""
    whole = sum(part.value for part in claim.parts.values())
    percent = {**values, "sum": whole}
    for other in book.claims if whole > 0 else ():
        if other.deck == claim.deck and other.total is not None and total.scaled(100).meets(other.total.span):
            shares = " / ".join(f"{part.value / whole:.0%}" for part in claim.parts.values())
            unit = Message(f"claims.unit.{other.unit or 'ones'}")
            return Remark(
                [claim, other],
                "amounts_as_shares",
                {**percent, "total": other.total.text, "unit": unit, "shares": shares},
            )
    return Remark([claim], "shares", percent)


@claim_rule("arithmetic")
def count_of_total(claim: Claim, _: Book) -> Iterator[Remark]:
    """A share is its count over its total."""
    if claim.count is None or claim.of is None or not claim.about.is_share:
        return
    if claim.count.value > claim.of.value:
        yield Remark([claim], "more_than_all", {"count": claim.count.text, "of": claim.of.text})
    elif claim.value is not None and not (claim.count.span / claim.of.span).meets(claim.span(claim.value)):
        share = claim.count.value / claim.of.value
        values = {"count": claim.count.text, "of": claim.of.text, "share": share, "value": claim.value.text}
        yield Remark([claim], "differs", values)


@claim_rule("arithmetic")
def items_listed(claim: Claim, _: Book) -> Iterator[Remark]:
    """As many things are listed as are announced."""
    if claim.items and claim.value is not None and not claim.span(claim.value).meets(exactly(len(claim.items))):
        yield Remark([claim], "differs", {"value": claim.value.text, "listed": len(claim.items)})


@claim_rule("arithmetic")
def effect_over_control(claim: Claim, _: Book) -> Iterator[Remark]:
    """The effect is the treated group's change less the control's."""
    control = claim.control
    if not (claim.effect and claim.before and claim.after and control and control.before and control.after):
        return
    own, other = step(claim, claim.before, claim.after), step(claim, control.before, control.after)
    both = Step(
        own.absolute - other.absolute,
        own.relative - other.relative,
        own.difference - other.difference,
        None if own.growth is None or other.growth is None else own.growth - other.growth,
    )
    if not agreeing(both, readings(claim, claim.effect)):
        yield Remark([claim], "differs", {"effect": claim.effect.text, **_words(claim, both)})
