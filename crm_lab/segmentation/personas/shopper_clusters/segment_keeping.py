"""Who is in which segment this month: a customer moves only on evidence that exceeds a bar and lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.checks import BadInput, check_settings, not_inside, too_small
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import ClusterScoring
from crm_lab.segmentation.personas.shopper_clusters.segment_words import segment_names
from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures
from crm_lab.stats.intervals import wilson_interval


@dataclass(frozen=True, eq=False)
class SegmentState:
    """What is believed of each customer after a month, and what the next month starts from.

    Attributes:
        customer_id: Ids, shape (customers,).
        chances: Probability of each segment, shape (customers, segments).
        segment: Place of the segment that each customer is kept in.
        rival: Place of the segment that the last months spoke for, -1 where none.
        months: How many months in a row they did.
        end: Last day of the lines behind it.
    """

    customer_id: pd.Index
    chances: Floats
    segment: Integers
    rival: Integers
    months: Integers
    end: date


@dataclass(frozen=True, kw_only=True)
class KeepSegments:
    """When a customer changes the segment.

    Each month, the chance of each segment before is mixed with a small chance of a change, and multiplied by how well
    the month's lines fit each segment (the forward pass of a hidden Markov chain). The segment changes when another
    one's chance reaches `bar` in `months` months in a row with lines.

    Attributes:
        bar: Least chance of the other segment.
        months: Months in a row; months without lines neither count nor break.
        change: Chance that a customer changes in a month, before any lines are seen.

    Source:
        Rabiner (1989), A tutorial on hidden Markov models (forward algorithm).
    """

    bar: float = 0.8
    months: int = 2
    change: float = 0.01

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "bar", "change"), too_small(self, months=1))

    def start(self, scoring: ClusterScoring, features: ShopperFeatures) -> SegmentState:
        """The state after the lines that the first segments come from.

        Args:
            scoring: The segments.
            features: Lines up to now.

        Returns:
            Every customer in the most probable segment.

        Raises:
            BadInput: If the data lack a feature of the segments.
        """
        chances = scoring.posterior(features)
        n = len(chances)
        best = chances.argmax(axis=1).astype(np.int64) if n else np.zeros(0, dtype=np.int64)
        ids = pd.Index(features.frame["customer_id"])
        return SegmentState(ids, chances, best, np.full(n, -1), np.zeros(n, dtype=np.int64), features.end)

    def update(self, scoring: ClusterScoring, state: SegmentState, month: ShopperFeatures) -> SegmentMovesResult:
        """Add the lines of a month.

        Args:
            scoring: The segments of the state.
            state: What was believed before.
            month: Lines of the days since then only.

        Returns:
            Who moved from where to where, and the state to start the next month from.

        Raises:
            BadInput: If the month is not after the state, or lacks a feature of the segments.
        """
        if month.start <= state.end:
            raise BadInput(
                f"The month begins on {month.start}, the state ends on {state.end}: its lines would count twice."
            )
        grown = _with_new(state, month, scoring)
        rows = grown.customer_id.get_indexer(pd.Index(month.frame["customer_id"]))
        before = (1 - self.change) * grown.chances[rows] + self.change * scoring.mixture.weights
        chances = grown.chances.copy()
        chances[rows] = scoring.posterior(month, before)
        seen = np.zeros(len(chances), dtype=bool)
        seen[rows] = True
        after = self._decided(grown, chances, seen, month.end)
        known = grown.customer_id.isin(state.customer_id)
        return SegmentMovesResult(_moves(scoring, grown, after, known), scoring, state, after, self, month.simulated)

    def _decided(self, state: SegmentState, chances: Floats, seen: Booleans, end: date) -> SegmentState:
        best = chances.argmax(axis=1)
        against = seen & (best != state.segment) & (chances.max(axis=1) >= self.bar)
        again = against & (state.rival == best)
        months = np.where(~seen, state.months, np.where(against, np.where(again, state.months + 1, 1), 0))
        rival = np.where(~seen, state.rival, np.where(against, best, -1))
        moves = against & (months >= self.months)
        return SegmentState(
            state.customer_id, chances, np.where(moves, best, state.segment), np.where(moves, -1, rival),
            np.where(moves, 0, months), end,
        )  # fmt: skip

    def run(
        self, scoring: ClusterScoring, first: ShopperFeatures, months: Sequence[ShopperFeatures]
    ) -> list[SegmentMovesResult]:
        """The moves of several months, one after the other.

        Args:
            scoring: The segments.
            first: Lines before the first month.
            months: Lines of each month.

        Returns:
            One result a month.
        """
        state, found = self.start(scoring, first), []
        for month in months:
            found.append(self.update(scoring, state, month))
            state = found[-1].after
        return found


def _with_new(state: SegmentState, month: ShopperFeatures, scoring: ClusterScoring) -> SegmentState:
    """The state with customers who are new this month: they start from the sizes of the segments."""
    fresh = pd.Index(month.frame["customer_id"]).difference(state.customer_id, sort=False)
    if fresh.empty:
        return state
    own = scoring.posterior(month)[pd.Index(month.frame["customer_id"]).get_indexer(fresh)]
    n, weights = len(fresh), np.tile(scoring.mixture.weights, (len(fresh), 1))
    return SegmentState(
        state.customer_id.append(fresh), np.vstack([state.chances, weights]),
        np.concatenate([state.segment, own.argmax(axis=1)]), np.concatenate([state.rival, np.full(n, -1)]),
        np.concatenate([state.months, np.zeros(n, dtype=np.int64)]), state.end,
    )  # fmt: skip


def _moves(scoring: ClusterScoring, before: SegmentState, after: SegmentState, known: Booleans) -> pd.DataFrame:
    """Customers by segment before and after; new customers are no moves."""
    ids = np.asarray(scoring.segments, dtype=object)
    table = pd.crosstab(
        pd.Categorical(ids[before.segment[known]], ids), pd.Categorical(ids[after.segment[known]], ids), dropna=False
    )
    frame = table.reset_index(names="from_segment").melt("from_segment", var_name="to_segment", value_name="customers")
    total = frame.groupby("from_segment", observed=True)["customers"].transform("sum")
    frame["share"] = frame["customers"] / total.where(total > 0)
    order = [(a, b) for a in ids for b in ids]
    frame = frame.astype({"from_segment": object, "to_segment": object}).set_index(["from_segment", "to_segment"])
    return frame.loc[order].reset_index()


@dataclass(frozen=True, eq=False)
class SegmentMovesResult(TableResult):
    """Customers who kept or changed their segment in a month.

    Attributes:
        frame: ``from_segment, to_segment, customers, share`` (of those in the first), every pair.
        scoring: The segments.
        before: What was believed before.
        after: What is believed now; the next month starts from it.
        spec: When a customer changes.
        simulated: Whether the data are.
    """

    frame: pd.DataFrame
    scoring: ClusterScoring
    before: SegmentState
    after: SegmentState
    spec: KeepSegments
    simulated: bool = False

    name: ClassVar[str] = "segment_moves"
    formats: ClassVar[dict[str, str]] = {"customers": ",.0f", "share": ".1%"}

    @property
    def members(self) -> pd.DataFrame:
        """``customer_id, segment, p`` (chance of the segment that each customer is kept in), now."""
        ids = np.asarray(self.scoring.segments, dtype=object)
        rows = np.arange(len(self.after.segment))
        chance = self.after.chances[rows, self.after.segment]
        return pd.DataFrame({"customer_id": self.after.customer_id, "segment": ids[self.after.segment], "p": chance})

    @property
    def kept(self) -> tuple[float, Interval]:
        """Share of customers who kept their segment, with Wilson's interval."""
        total = int(self.frame["customers"].sum())
        same = int(self.frame["customers"][self.frame["from_segment"] == self.frame["to_segment"]].sum())
        return same / max(total, 1), wilson_interval(same, total)

    def shown(self) -> pd.DataFrame:
        """The moves that happened, segments by name."""
        names = {segment: name.text() for segment, name in segment_names(self.scoring).items()}
        frame = self.frame[self.frame["customers"] > 0].reset_index(drop=True)
        return frame.assign(**{side: frame[side].map(names) for side in ("from_segment", "to_segment")})

    def readout(self) -> Readout:
        """How many kept their segment, and by which rule the others moved."""
        share, interval = self.kept
        total = int(self.frame["customers"].sum())
        values = {
            "share": share, "lo": interval.lo, "hi": interval.hi, "n": total, "moved": round(total * (1 - share)),
            "bar": self.spec.bar, "months": self.spec.months, "end": str(self.after.end),
            "waiting": int((self.after.months > 0).sum()),
        }  # fmt: skip
        return Readout.of("persona_clusters", values, "moves_finding", "moves_certainty", "moves_action")

    def facts(self) -> tuple[Fact, ...]:
        """Share who kept their segment, and customers who moved."""
        share, interval = self.kept
        kind: Kind = "simulated" if self.simulated else "fact"
        n = int(self.frame["customers"].sum())
        label = "persona_clusters.fact_"
        return (
            Fact("segment_moves.kept", Message(f"{label}kept"), share, "share", ci=interval, n=n, kind=kind),
            Fact("segment_moves.moved", Message(f"{label}moved"), round(n * (1 - share)), "customers", n=n, kind=kind),
        )
