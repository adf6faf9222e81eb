"""Rules about feasibility: possible values, base rates and comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from crm_lab.scorecard.claim import Claim
from crm_lab.scorecard.printed_number import exactly
from crm_lab.scorecard.rules.registry import Book, Remark, claim_rule, rule
from crm_lab.stats.intervals import z_value


@claim_rule("feasibility")
def payback_margin(claim: Claim, _: Book) -> Iterator[Remark]:
    """An investment is paid back by margin, not by sales: the margin that a payback takes for granted."""
    investment, sales = claim.given.get("investment"), claim.given.get("sales_gain_per_year")
    if claim.metric != "payback_years" or claim.value is None or investment is None or sales is None:
        return
    if claim.value.value <= 0 or sales.value <= 0:
        yield Remark([claim], "never", {"years": claim.value.text, "investment": investment.text, "sales": sales.text})
        return
    years = claim.span(claim.value).scaled(1 / 365)
    needed = investment.span / (years * sales.span)
    share = investment.value / (claim.plain(claim.value) / 365 * sales.value)
    values = {"years": claim.value.text, "investment": investment.text, "sales": sales.text, "needed": share}
    margin = claim.given.get("contribution_margin")
    if needed.lo > 1:
        yield Remark([claim], "impossible", values)
    elif margin is None:
        yield Remark([claim], "unknown", values, "unclear")
    elif needed.lo > margin.span.hi:
        yield Remark([claim], "too_small", {**values, "margin": margin.text})


@claim_rule("feasibility")
def by_itself(claim: Claim, book: Book) -> Iterator[Remark]:
    """Where something comes about by itself, only what is above that counts."""
    level = claim.headline
    if claim.about.by_itself is None or level is None:
        return
    control = claim.control.value or claim.control.after if claim.control else None
    base = claim.base_rate or control
    measured = book.measured.get(claim.about.by_itself)
    if base is not None:
        if claim.span(level).hi <= claim.span(base).lo:
            yield Remark([claim], "no_better", {"value": level.text, "base": base.text})
    elif measured is None:
        yield Remark([claim], "unknown", {"value": level.text}, "unclear")
    else:
        key = "below_measured" if level.value <= measured.hi else "mostly_itself"
        values = {"value": level.text, "base": measured.value, "lo": measured.lo, "hi": measured.hi}
        yield Remark([claim], key, {**values, "data": measured.data}, "unclear")


@rule("feasibility")
def fair_comparison(book: Book) -> Iterator[Remark]:
    """Those who chose to take part differ already; a before-after alone has no counterpart. One finding a deck."""
    for _, claims in groupby(book.claims, key=attrgetter("deck")):
        doubtful: dict[str, list[Claim]] = {}
        for claim in claims:
            if key := _unfair(claim):
                doubtful.setdefault(key, []).append(claim)
        for key, found in doubtful.items():
            listed = ", ".join(f"{claim.id} {claim.shown}" for claim in found)
            yield Remark(found, key, {"number": len(found), "listed": listed}, "unclear")


def _unfair(claim: Claim) -> str | None:
    if claim.comparison == "self_selected":
        return "self_selected"
    fair = claim.control is not None or claim.comparison in {"random", "matched"}
    return "no_control" if claim.credited_to and not fair else None


@claim_rule("feasibility")
def possible_share(claim: Claim, _: Book) -> Iterator[Remark]:
    """A share of n is one of 0/n, 1/n, ..., n/n (GRIM; Brown and Heathers 2017)."""
    if claim.n is None or not claim.about.is_share:
        return
    for level in claim.levels.values():
        span = claim.span(level)
        if level.open_ended or level is claim.target:
            continue
        if math.floor(span.hi * claim.n + 1e-9) < math.ceil(span.lo * claim.n - 1e-9):
            nearest = round(level.value * claim.n) / claim.n
            yield Remark([claim], "impossible", {"value": level.text, "n": claim.n, "nearest": nearest})


@claim_rule("feasibility")
def stated_precision(claim: Claim, _: Book) -> Iterator[Remark]:
    """Plus or minus so many points takes a sample of a certain size: n = z² p (1 - p) / margin²."""
    if claim.n is None or claim.margin is None or claim.value is None or not claim.about.is_share:
        return
    p, widest = claim.value.value, max(claim.margin.span.hi, claim.margin.value)
    needed = math.ceil(z_value() ** 2 * p * (1 - p) / widest**2)
    if claim.n < needed:
        yield Remark(
            [claim], "too_few", {"value": claim.value.text, "margin": claim.margin.text, "n": claim.n, "needed": needed}
        )


@claim_rule("feasibility")
def more_than_chance(claim: Claim, _: Book) -> Iterator[Remark]:
    """A change between two shares of n each is more than two draws from one urn would differ."""
    if claim.n is None or not claim.about.is_share or claim.before is None or claim.after is None:
        return
    p, q = claim.before.value, claim.after.value
    if not 0 <= min(p, q) <= max(p, q) <= 1 or claim.before.open_ended or claim.after.open_ended:
        return
    reach = z_value() * math.sqrt((p * (1 - p) + q * (1 - q)) / claim.n)
    if abs(q - p) < reach and not (claim.span(claim.after) - claim.span(claim.before)).meets(exactly(0.0)):
        values = {"before": claim.before.text, "after": claim.after.text, "n": claim.n, "reach": reach * 100}
        yield Remark([claim], "chance", values, "unclear")
