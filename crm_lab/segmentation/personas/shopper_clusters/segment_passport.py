"""A passport of each segment: size, value, marks, stability, movement, and what to test next."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from crm_lab.checks import BadInput, check_settings, not_levels
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import ClusterScoring
from crm_lab.segmentation.personas.shopper_clusters.segment_keeping import SegmentMovesResult
from crm_lab.segmentation.personas.shopper_clusters.segment_words import (
    clear_marks,
    mark_words,
    next_test,
    segment_names,
)
from crm_lab.segmentation.personas.shopper_clusters.shopper_clusters import ShopperClustersResult
from crm_lab.stats.intervals import z_value


@dataclass(frozen=True, kw_only=True)
class SegmentPassport:
    """What a passport states.

    Attributes:
        level: Confidence level of revenue per customer.
        currency: ISO code.
    """

    level: float = 0.95
    currency: str = ""

    def __post_init__(self) -> None:
        check_settings(self, not_levels(self, "level"))

    def analyze(
        self, clusters: ShopperClustersResult, revenue: pd.DataFrame, moves: Sequence[SegmentMovesResult] = ()
    ) -> SegmentPassportResult:
        """Describe each segment.

        Args:
            clusters: The segments; with moves, members are those of the last month.
            revenue: ``customer_id, revenue``, a row a customer; who is missing spent nothing.
            moves: Moves of one or more months.

        Returns:
            One row a segment.

        Raises:
            BadInput: If columns are missing or a customer has several rows.
        """
        members = moves[-1].members if moves else clusters.members
        frame = _valued(members, _checked(revenue), clusters.scoring, self.level)
        known = clusters.frame.set_index("segment")
        for name in ("jaccard", "verdict", "feature", "feature_share", "feature_base", "feature_index"):
            frame[name] = frame["segment"].map(known[name])
        frame["moved_out"], frame["moved_in"] = _movement(frame["segment"], moves)
        return SegmentPassportResult(frame, clusters.scoring, self, len(moves), clusters.simulated)


def _checked(revenue: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ("customer_id", "revenue") if name not in revenue]
    if missing:
        raise BadInput(f"revenue has no {' and no '.join(missing)}; give customer_id and revenue, a row a customer.")
    twice = int(revenue["customer_id"].duplicated().sum())
    if twice:
        raise BadInput(f"{twice:,} customers have more than one row of revenue; add them up first.")
    return revenue[["customer_id", "revenue"]]


def _valued(members: pd.DataFrame, revenue: pd.DataFrame, scoring: ClusterScoring, level: float) -> pd.DataFrame:
    """Size and revenue of each segment, with the interval of its mean."""
    joined = members.merge(revenue, on="customer_id", how="left")
    spent = joined["revenue"].astype(float).fillna(0.0).groupby(joined["segment"])
    table = spent.agg(["size", "sum", "mean", "std"]).reindex(list(scoring.segments))
    size, total = table["size"].fillna(0), table["sum"].fillna(0)
    half = z_value(level) * table["std"] / size.clip(lower=1) ** 0.5
    out = pd.DataFrame(
        {
            "customers": size.astype(int), "share": size / max(size.sum(), 1),
            "revenue_share": total / total.sum() if total.sum() > 0 else math.nan, "per_customer": table["mean"],
            "lo": table["mean"] - half, "hi": table["mean"] + half,
        }
    )  # fmt: skip
    return out.rename_axis("segment").reset_index()


def _movement(segments: pd.Series, moves: Sequence[SegmentMovesResult]) -> tuple[pd.Series, pd.Series]:
    """Mean share of a segment's customers that left it in a month, and that came into it, by its size before."""
    missing = pd.Series(math.nan, segments.index)
    if not moves:
        return missing, missing
    pairs = pd.concat([move.frame for move in moves])
    own = pairs["from_segment"] == pairs["to_segment"]
    before = pairs.groupby("from_segment")["customers"].sum()
    out = pairs[~own].groupby("from_segment")["customers"].sum() / before.where(before > 0)
    into = pairs[~own].groupby("to_segment")["customers"].sum() / before.where(before > 0)
    return segments.map(out).fillna(0.0), segments.map(into).fillna(0.0)


@dataclass(frozen=True, eq=False)
class SegmentPassportResult(TableResult):
    """Passports of the segments.

    Attributes:
        frame: One row a segment: ``customers, share, revenue_share, per_customer`` with ``lo, hi``, stability, the most
            different feature with its share, base and index, ``moved_out`` and ``moved_in`` (mean shares a month).
        scoring: The segments.
        spec: What is stated.
        months: Months of moves behind `moved_out` and `moved_in`.
        simulated: Whether the data are.
    """

    frame: pd.DataFrame
    scoring: ClusterScoring
    spec: SegmentPassport
    months: int
    simulated: bool = False

    name: ClassVar[str] = "segment_passport"
    formats: ClassVar[dict[str, str]] = {
        "customers": ",.0f", "per_customer": ",.0f", "lo": ",.0f", "hi": ",.0f", "jaccard": ".2f",
        **dict.fromkeys(("share", "revenue_share", "moved_out", "moved_in"), ".1%"),
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"verdict": "persona_clusters.verdict_"}

    def shown(self) -> pd.DataFrame:
        """The table with names, marks in words, and what to test next."""
        names = segment_names(self.scoring)
        frame = self.in_words(self.frame).drop(columns=["feature", "feature_share", "feature_base", "feature_index"])
        if not self.months:
            frame = frame.drop(columns=["moved_out", "moved_in"])
        frame.insert(1, "name", [names[segment].text() for segment in frame["segment"]])
        frame["marks"] = [self.marks(segment) for segment in frame["segment"]]
        frame["next_test"] = [next_test(self.scoring, segment).text() for segment in frame["segment"]]
        return frame

    def marks(self, segment: str) -> str:
        """What sets a segment apart, in words.

        Args:
            segment: Id, as ``s1``.

        Returns:
            Phrases as *at night: 31% of lines, all 6%*; a dash where nothing does.
        """
        found = clear_marks(self.scoring, segment)
        return Message("persona_clusters.mark_gap").text().join(mark_words(mark).text() for mark in found) or "–"

    def card(self, segment: str) -> str:
        """One segment on a card of a few lines, in the active language.

        Args:
            segment: Id, as ``s1``.

        Returns:
            Text.

        Raises:
            BadInput: If there is no such segment.
        """
        rows = self.frame[self.frame["segment"] == segment]
        if rows.empty:
            raise BadInput(f"There is no segment {segment!r}; there are {', '.join(self.frame['segment'])}.")
        row: dict[str, Any] = {str(name): value for name, value in rows.iloc[0].items()}
        values = row | {
            "name": segment_names(self.scoring)[segment], "marks": self.marks(segment),
            "verdict": Message(f"persona_clusters.verdict_{row['verdict']}"), "next": next_test(self.scoring, segment),
            "currency": f"{self.spec.currency} ".lstrip(), "level": self.spec.level,
        }  # fmt: skip
        lines = ["card_head", "card_value", "card_marks", "card_stable", *(["card_moves"] if self.months else []),
                 "card_next"]  # fmt: skip
        return "\n".join(Message(f"persona_clusters.{line}", values).text() for line in lines)

    def readout(self) -> Readout:
        """Which segment brings most by customer, and what to test first."""
        frame = self.frame[self.frame["customers"] > 0]
        names = segment_names(self.scoring)
        best = frame.iloc[int(frame["per_customer"].to_numpy().argmax())] if len(frame) else self.frame.iloc[0]
        values = {
            "name": names[best["segment"]], "per": best["per_customer"], "lo": best["lo"], "hi": best["hi"],
            "share": best["share"], "revenue_share": best["revenue_share"], "k": len(self.frame),
            "currency": f"{self.spec.currency} ".lstrip(), "level": self.spec.level,
            "next": next_test(self.scoring, best["segment"]),
        }  # fmt: skip
        said = "passport_one" if len(self.frame) == 1 else "passport_finding"
        return Readout.of("persona_clusters", values, said, "passport_certainty", "passport_action")

    def facts(self) -> tuple[Fact, ...]:
        """Revenue per customer and share of revenue of each segment."""
        names = segment_names(self.scoring)
        kind: Kind = "simulated" if self.simulated else "estimate"
        counted: Kind = "simulated" if self.simulated else "fact"

        def of(key: str) -> Callable[[Mapping[str, Any]], Message]:
            return lambda row: Message(f"persona_clusters.fact_{key}", {"name": names[row["segment"]]})

        return (
            *facts_of(self.frame, "passport.{segment}.per_customer", of("per_customer"), "per_customer",
                      self.spec.currency, ends=("lo", "hi"), level=self.spec.level, n="customers", kind=kind),
            *facts_of(self.frame, "passport.{segment}.revenue_share", of("revenue_share"), "revenue_share", "share",
                      n="customers", kind=counted),
        )  # fmt: skip
