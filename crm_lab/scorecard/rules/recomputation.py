"""Rules about recomputation: claims about data that are available."""

from __future__ import annotations

from collections.abc import Iterator

from crm_lab.scorecard.claim import Claim
from crm_lab.scorecard.printed_number import Span
from crm_lab.scorecard.rules.registry import Book, Remark, claim_rule


@claim_rule("recomputation")
def computed_again(claim: Claim, book: Book) -> Iterator[Remark]:
    """A claim about data at hand lies in the interval that they give."""
    measured = book.measured.get(claim.metric)
    level = claim.value or claim.after
    if measured is None or level is None or not claim.data or claim.data != measured.data:
        return
    if not claim.span(level).meets(Span(measured.lo, measured.hi)):
        values = {"value": level.text, "measured": measured.value, "lo": measured.lo, "hi": measured.hi}
        yield Remark([claim], "outside", {**values, "data": measured.data})
