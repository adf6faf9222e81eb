"""Do claims about the same thing agree?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

from crm_lab.scorecard.claim import Change, Claim
from crm_lab.scorecard.printed_changes import readings
from crm_lab.scorecard.printed_number import PrintedNumber, Span, exactly
from crm_lab.scorecard.rules.arithmetic import against_levels
from crm_lab.scorecard.rules.registry import Book, Remark, rule

_STATED: Final = ("value", "before", "after")


@rule("consistency")
def stated_twice(book: Book) -> Iterator[Remark]:
    """The same level of the same thing is the same number wherever it is said."""
    for claims in book.subjects(within_deck=False):
        for one, other in combinations(claims, 2):
            if (one.period, one.basis) != (other.period, other.basis):
                continue
            for name in _STATED:
                a, b = getattr(one, name), getattr(other, name)
                if a is not None and b is not None and not one.span(a).meets(other.span(b)):
                    values = {"one": a.text, "first": one.name, "other": b.text, "second": other.name}
                    yield Remark([one, other], "differs", {**values, "population": one.population})


@rule("consistency")
def change_elsewhere(book: Book) -> Iterator[Remark]:
    """A change said in one place follows from the levels said in another."""
    for claims in book.subjects():
        for levels, stated in product(claims, claims):
            if levels is not stated and stated.change and not (stated.before and stated.after):
                yield from against_levels(levels, stated, stated.change)


@dataclass(frozen=True)
class Relation:
    """A metric that follows from others: `of` gives it from their spans, in plain units."""

    metric: str
    inputs: tuple[str, ...]
    of: Callable[..., Span]


RELATIONS: Final = (
    Relation("purchases_per_year", ("repurchase_cycle",), lambda cycle: exactly(365.0) / cycle),
    Relation("revenue", ("orders", "order_value"), lambda orders, value: orders * value),
    Relation("orders", ("customers", "orders_per_customer"), lambda customers, each: customers * each),
    Relation("spend", ("orders_per_customer", "order_value"), lambda each, value: each * value),
    Relation("adoption_rate", ("adopted_suggestions", "suggestions"), lambda adopted, made: adopted / made),
    Relation("churn_rate", ("retention_rate",), lambda kept: exactly(1.0) - kept),
)
"""What follows from what, for the same population and period."""


@rule("consistency")
def follows_from(book: Book) -> Iterator[Remark]:
    """A metric that can be computed from others of the same deck is what comes out."""
    groups: dict[tuple[str, str, str], dict[str, list[Claim]]] = {}
    for claim in book.claims:
        if claim.population:
            group = groups.setdefault((claim.deck, claim.population, claim.period), {})
            group.setdefault(claim.metric, []).append(claim)
    for group, relation in product(groups.values(), RELATIONS):
        for claims in product(*(group.get(name, []) for name in (relation.metric, *relation.inputs))):
            yield from _held_against(relation, claims[0], claims[1:])


def _held_against(relation: Relation, claim: Claim, inputs: tuple[Claim, ...]) -> Iterator[Remark]:
    """Each level, and the change between two, against what the inputs make of it."""
    made = {name: span for name in _STATED if (span := _made(relation, inputs, name)) is not None}
    listed = {"inputs": "; ".join(f"{source.name}: {source.shown}" for source in inputs)}
    for name, span in made.items():
        level: PrintedNumber | None = getattr(claim, name)
        if level is not None and not claim.span(level).meets(span):
            values = {"stated": level.text, "lo": _shown(claim, span.lo), "hi": _shown(claim, span.hi)}
            yield Remark([claim, *inputs], "level", {**values, **listed})
    if claim.change is not None and "before" in made and "after" in made:
        yield from _change(claim, claim.change, inputs, made, listed)


def _change(
    claim: Claim, change: Change, inputs: tuple[Claim, ...], made: Mapping[str, Span], listed: dict[str, str]
) -> Iterator[Remark]:
    before, after = made["before"], made["after"]
    spans = {"absolute": after - before, "relative": after / before - exactly(1.0)}
    said = readings(claim, change)
    if not any(span.meets(spans[name]) for name, span in said.items()):
        name = next(iter(said))
        lo, hi = spans[name].lo, spans[name].hi
        shown = (f"{lo:+.0%}", f"{hi:+.0%}") if name == "relative" else (f"{lo:+.2f}", f"{hi:+.2f}")
        values = {"stated": change.text, "lo": shown[0], "hi": shown[1], **listed}
        yield Remark([claim, *inputs], "change", values)


def _made(relation: Relation, inputs: tuple[Claim, ...], name: str) -> Span | None:
    levels = [getattr(source, name) for source in inputs]
    if any(level is None for level in levels):
        return None
    return relation.of(*(source.span(level) for source, level in zip(inputs, levels, strict=True)))


def _shown(claim: Claim, value: float) -> str:
    return f"{value:.1%}" if claim.about.is_share else f"{value / claim.factor:,.4g}"
