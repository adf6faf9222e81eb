"""What changed between two runs of the segments: size, centre, members, and what to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, not_inside
from crm_lab.fact_rows import facts_of
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import ClusterScoring
from crm_lab.segmentation.personas.shopper_clusters.segment_words import feature_words, segment_names
from crm_lab.segmentation.personas.shopper_clusters.shopper_clusters import ShopperClustersResult
from crm_lab.stats.clustering.group_alignment import align_by_units
from crm_lab.stats.clustering.group_stability import DISSOLVED
from crm_lab.stats.intervals import z_value

ALARMS = ("new", "gone", "members", "size", "centre", "none")
_NEW, _GONE = "new", "gone"


@dataclass(frozen=True, kw_only=True)
class SegmentDrift:
    """When a segment is said to have changed.

    Attributes:
        size: Change of its share of customers that rings, in points (0.05 = 5 points), beyond chance.
        centre: Change of a feature's share that rings, in points.
        overlap: Jaccard similarity of its members below which it rings.
        level: Confidence level of the change of size.
    """

    size: float = 0.05
    centre: float = 0.10
    overlap: float = DISSOLVED
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "size", "centre", "overlap", "level"))

    def analyze(self, before: ShopperClustersResult, after: ShopperClustersResult) -> SegmentDriftResult:
        """Compare two runs; segments are paired by the customers that are in both (Hungarian method).

        Args:
            before: The earlier run.
            after: The later one.

        Returns:
            One row a segment, with those that are new or gone.

        Raises:
            BadInput: If no customer is in both runs.
        """
        both = before.members.merge(after.members, on="customer_id", suffixes=("_before", "_after"))
        if both.empty:
            raise BadInput("No customer is in both runs; compare runs of the same customers, ids written the same way.")
        places = [
            pd.Index(run.scoring.segments).get_indexer(pd.Index(both[f"segment_{side}"]))
            for run, side in ((before, "before"), (after, "after"))
        ]
        aligned = align_by_units(places[0], places[1], (before.k, after.k))
        pairs = [(int(earlier), later) for later, earlier in enumerate(aligned.earlier)]
        gone = sorted(set(range(before.k)) - {earlier for earlier, _ in pairs})
        rows = [self._row(before, after, pair, places) for pair in [*pairs, *((place, -1) for place in gone)]]
        return SegmentDriftResult(pd.DataFrame(rows), aligned.ari, len(both), before, after, self, after.simulated)

    def _row(
        self, before: ShopperClustersResult, after: ShopperClustersResult, pair: tuple[int, int],
        places: list[np.ndarray],
    ) -> dict[str, object]:  # fmt: skip
        earlier, later = pair
        was, now = (places[0] == earlier) & (earlier >= 0), (places[1] == later) & (later >= 0)
        shares = [_share(before, earlier), _share(after, later)]
        change = shares[1] - shares[0]
        half = z_value(self.level) * math.sqrt(_variance(before, shares[0]) + _variance(after, shares[1]))
        feature, moved = _centre_moved(before.scoring, after.scoring, pair)
        either = int((was | now).sum())
        row = {
            "segment": after.scoring.segments[later] if later >= 0 else before.scoring.segments[earlier],
            "share_before": shares[0], "share_after": shares[1], "change": change, "lo": change - half,
            "hi": change + half, "stayed": int((was & now).sum()), "members_in": int((now & ~was).sum()),
            "members_out": int((was & ~now).sum()), "jaccard": (was & now).sum() / either if either else math.nan,
            "feature": feature, "feature_change": moved,
        }  # fmt: skip
        return row | {"alarm": self._alarm(row, pair)}

    def _alarm(self, row: dict[str, object], pair: tuple[int, int]) -> str:
        lo, hi, change = (float(row[name]) for name in ("lo", "hi", "change"))  # type: ignore[arg-type]
        rings = {
            _NEW: pair[0] < 0, _GONE: pair[1] < 0, "members": float(row["jaccard"]) < self.overlap,  # type: ignore[arg-type]
            "size": abs(change) >= self.size and not lo <= 0 <= hi,
            "centre": abs(float(row["feature_change"])) >= self.centre,  # type: ignore[arg-type]
        }  # fmt: skip
        return next((name for name in ALARMS if rings.get(name)), "none")


def _share(run: ShopperClustersResult, place: int) -> float:
    return float(run.frame["share"].iloc[place]) if place >= 0 else 0.0


def _variance(run: ShopperClustersResult, share: float) -> float:
    return share * (1 - share) / max(int(run.frame["customers"].sum()), 1)


def _centre_moved(before: ClusterScoring, after: ClusterScoring, pair: tuple[int, int]) -> tuple[str, float]:
    """The feature whose share changed most in a segment, and by how much; nothing for a new or gone one."""
    common = [name for name in before.features if name in after.features]
    if min(pair) < 0 or not common:
        return "", math.nan
    moved = after.centres()[common].iloc[pair[1]] - before.centres()[common].iloc[pair[0]]
    most = str(moved.abs().idxmax())
    return most, float(moved[most])


@dataclass(frozen=True, eq=False)
class SegmentDriftResult(TableResult):
    """What changed in each segment since the run before.

    Attributes:
        frame: One row a segment: its share before and after, ``change`` with ``lo, hi``, members who stayed, came and
            left among customers in both runs, ``jaccard``, the feature that moved most, and the ``alarm``.
        ari: Adjusted Rand index of both runs on the same customers.
        customers: Customers in both runs.
        before: The earlier run.
        after: The later one.
        spec: When it rings.
        simulated: Whether the data are.
    """

    frame: pd.DataFrame
    ari: float
    customers: int
    before: ShopperClustersResult
    after: ShopperClustersResult
    spec: SegmentDrift
    simulated: bool = False

    name: ClassVar[str] = "segment_drift"
    formats: ClassVar[dict[str, str]] = {
        "share_before": ".1%", "share_after": ".1%", "change": "+.1%", "lo": "+.1%", "hi": "+.1%", "stayed": ",.0f",
        "members_in": ",.0f", "members_out": ",.0f", "jaccard": ".2f", "feature_change": "+.1%",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"alarm": "persona_clusters.alarm_"}

    def shown(self) -> pd.DataFrame:
        """The table with names and features in words."""
        names = {**_texts(self.before.scoring), **_texts(self.after.scoring)}
        frame = self.in_words(self.frame)
        frame["feature"] = [feature_words(name).text() if name else "" for name in frame["feature"]]
        frame.insert(1, "name", [names[segment] for segment in frame["segment"]])
        return frame

    def readout(self) -> Readout:
        """How alike both runs are, and which segments changed."""
        rings = self.frame[self.frame["alarm"] != "none"]
        values = {
            "ari": self.ari, "n": self.customers, "rings": len(rings), "segments": len(self.frame),
            "named": ", ".join(rings["segment"]), "size": self.spec.size, "centre": self.spec.centre,
            "overlap": self.spec.overlap,
        }  # fmt: skip
        said = "drift" if len(rings) else "steady"
        return Readout.of("persona_clusters", values, f"{said}_finding", "drift_certainty", f"{said}_action")

    def facts(self) -> tuple[Fact, ...]:
        """Agreement of both runs, and the change of each share."""
        kind: Kind = "simulated" if self.simulated else "estimate"
        label = "persona_clusters.fact_"
        return (
            Fact("segment_drift.ari", f"{label}ari", self.ari, kind=kind, n=self.customers),
            *facts_of(self.frame, "segment_drift.{segment}.change", f"{label}change", "change", "share",
                      ends=("lo", "hi"), level=self.spec.level, n=self.customers, kind=kind),
        )  # fmt: skip


def _texts(scoring: ClusterScoring) -> dict[str, str]:
    return {segment: name.text() for segment, name in segment_names(scoring).items()}
