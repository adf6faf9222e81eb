"""Claimed values compared with the same metric on available data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pandas as pd

from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.scorecard.claim import Claim
from crm_lab.scorecard.claims_file import ClaimList
from crm_lab.scorecard.kpi_registry import metrics
from crm_lab.scorecard.measured_values import Measured, as_measured
from crm_lab.scorecard.printed_number import PrintedNumber, Span


def recompute(claims: ClaimList, measured: pd.DataFrame, *, simulated: bool = False) -> RecomputationResult:
    r"""Compare each claim about a measured metric with what data say.

    Claims about a metric with a known base rate (its level without any action) are compared, too.

    >>> from crm_lab.scorecard import packaged, parse_claims
    >>> claims = parse_claims("deck: spring\nclaims: [{id: a, metric: response_rate, value: 75 %}]")
    >>> recompute(claims, packaged()).to_frame()["place"].tolist()
    ['above']

    Args:
        claims: What the decks say.
        measured: Columns metric, value, lo, hi, n, data; from published results.
        simulated: Whether the data are made up.

    Returns:
        One row per claim.
    """
    known = {row.metric: row for row in as_measured(measured)}
    pairs: list[Pair] = []
    for claim in claims.claims:
        level, row = claim.headline, known.get(claim.metric) or known.get(claim.about.by_itself or "")
        if level is not None and row is not None and claim.about.is_share:
            pairs.append(Pair(claim, level, row, _place(claim, level, row)))
    return RecomputationResult(tuple(pairs), simulated)


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim beside what was measured, and where it lies: inside the interval, above or below it."""

    claim: Claim
    level: PrintedNumber
    row: Measured
    place: str

    @property
    def claimed(self) -> float:
        """What is claimed, as a share."""
        return self.claim.plain(self.level)


@dataclass(frozen=True)
class RecomputationResult(Result):
    r"""Claims beside the same metric on available data: a reference, not a verdict on another retailer's data.

    >>> from crm_lab.scorecard import packaged, parse_claims
    >>> claims = parse_claims("deck: spring\nclaims: [{id: a, metric: response_rate, value: 75 %}]")
    >>> result = recompute(claims, packaged())

    Attributes:
        pairs: Claim and measured value.
        simulated: Whether the data are made up.
    """

    name: ClassVar[str] = "recomputed"
    words: ClassVar[Mapping[str, str]] = {"place": "claims.place.", "measured_as": "claims.metric."}
    formats: ClassVar[Mapping[str, str]] = dict.fromkeys(("claimed", "measured", "lo", "hi"), ".1%")
    pairs: tuple[Pair, ...]
    simulated: bool = False

    def to_frame(self) -> pd.DataFrame:
        """One row per claim: claimed, measured with interval, where the claim lies, what was measured.

        >>> list(result.to_frame())
        ['claim', 'as_printed', 'claimed', 'measured', 'lo', 'hi', 'n', 'place', 'measured_as']
        """
        rows = [
            (
                p.claim.name, p.level.text, p.claimed, p.row.value, p.row.lo, p.row.hi, p.row.n, p.place, p.row.metric,
            )
            for p in self.pairs
        ]  # fmt: skip
        columns = ["claim", "as_printed", "claimed", "measured", "lo", "hi", "n", "place", "measured_as"]
        return pd.DataFrame(rows, columns=columns)

    def shown(self) -> pd.DataFrame:
        """`to_frame` with what each claim says.

        >>> list(result.shown())
        ['claim', 'says', 'as_printed', 'claimed', 'measured', 'lo', 'hi', 'n', 'place', 'measured_as']
        """
        frame = super().shown()
        frame.insert(1, "says", [pair.claim.text() for pair in self.pairs])
        return frame

    def readout(self) -> Readout:
        """How many claims differ from the measured values, and what that means.

        >>> print(result.readout().finding)
        1 of 1 claims lie off what the same metric is on these data; farthest off is spring/a: ...
        """
        certainty = Message("claims.recomputed.certainty")
        if not self.pairs:
            return Readout("claims.recomputed.none", certainty, "claims.recomputed.action_none")
        off = [pair for pair in self.pairs if pair.place != "inside"]
        values = {"claims": len(self.pairs), "off": len(off)}
        finding = Message("claims.recomputed.all_inside", values)
        if off:
            far = max(off, key=lambda pair: abs(pair.claimed - pair.row.value))
            row = {"measured": far.row.value, "lo": far.row.lo, "hi": far.row.hi, "metric": _label(far.row)}
            finding = Message(
                "claims.recomputed.finding", {**values, "claim": far.claim.name, "says": far.level.text, **row}
            )
        return Readout(finding, certainty, "claims.recomputed.action")

    def facts(self) -> tuple[Fact, ...]:
        """What was measured, once for each metric.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'recomputed.response_rate': 'share'}
        """
        found = partial(Fact, unit="share", kind="simulated" if self.simulated else "estimate")
        rows = {pair.row.metric: pair.row for pair in self.pairs}.values()
        return tuple(
            found(
                f"recomputed.{row.metric}", _label(row), row.value, ci=Interval(row.lo, row.hi), n=row.n,
                definition=row.definition,
            )
            for row in rows
        )  # fmt: skip


def _label(row: Measured) -> Message:
    return metrics()[row.metric].label


def _place(claim: Claim, level: PrintedNumber, row: Measured) -> str:
    span, interval = claim.span(level), Span(row.lo, row.hi)
    if span.meets(interval):
        return "inside"
    return "above" if span.lo > row.hi else "below"
