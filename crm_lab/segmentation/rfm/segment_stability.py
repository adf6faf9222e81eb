"""Stability of segments: how often a bootstrap of the customer's own orders gives the same segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput, check_settings, too_small
from crm_lab.data.kernels.receipts import Receipts, receipts
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.segmentation.rfm.cut_points import score
from crm_lab.segmentation.rfm.rfm import RFMResult
from crm_lab.segmentation.rfm.scoring_file import RFMScoring
from crm_lab.segmentation.rfm.segment_rules import segment_name
from crm_lab.stats.intervals import wilson_interval

SURE = 0.8
"""A segment that holds in at least so many of the draws is called sure."""


@dataclass(frozen=True)
class SegmentStability:
    """How sure each customer's segment is: resample their orders and score them with the same cut points.

    In each draw an order counts as often as a Poisson variable of mean 1 says (the Poisson bootstrap). So the number of
    orders varies as that of a steady Poisson buyer does, and the last order is missing in e^-1 of the draws.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import RFM
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> rfm = RFM().fit(tables["customer_360"], as_of=tables.as_of)
    >>> stability = SegmentStability(draws=50).analyze(rfm, tables["transactions"])

    Attributes:
        draws: Bootstrap samples; a share has a standard error of at most 1 / (2 sqrt(draws)).
        rng: Seed or generator.

    Raises:
        BadInput: If there are fewer than 50 draws.

    Source:
        Hanley & MacGibbon (2006), Creating non-parametric bootstrap samples using Poisson frequencies.
    """

    draws: int = 200
    rng: np.random.Generator | int = 0

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, draws=50))

    def analyze(self, rfm: RFMResult, lines: IntoFrame, *, window_days: int | None = None) -> SegmentStabilityResult:
        """How often each customer keeps the segment of `rfm`.

        >>> SegmentStability(draws=50).analyze(rfm, tables["transactions"]).draws
        50

        Args:
            rfm: The scored customers.
            lines: The receipt lines that their values come from; see `purchase_values`.
            window_days: The same as there.

        Returns:
            The share of draws with the same segment, per customer.

        Raises:
            BadInput: If the lines are not those of the scored customers.
        """
        known = receipts(lines, as_of=rfm.as_of, window_days=window_days)
        place = pd.Index(known.customers).get_indexer(pd.Index(rfm.customers["customer_id"]))
        strange = int((place < 0).sum())
        if strange:
            raise BadInput(
                f"{strange:,} of {len(place):,} scored customers have no receipt in these lines;"
                " give the lines, as_of and window_days that the scores were made from."
            )
        codes = _segment_counts(rfm.scoring, known, self.draws, np.random.default_rng(self.rng))[place]
        names = np.array([*rfm.scoring.rules.names, ""], dtype=object)
        own = pd.Index(names).get_indexer(pd.Index(rfm.customers["segment"]))
        rows = np.arange(len(own))
        holds = codes[rows, own] / self.draws
        codes[rows, own] = -1
        frame = pd.DataFrame(
            {
                "customer_id": rfm.customers["customer_id"].to_numpy(),
                "segment": rfm.customers["segment"].to_numpy(),
                "holds": holds,
                "else_segment": np.where(holds < 1, names[codes.argmax(axis=1)], ""),
            }
        )
        return SegmentStabilityResult(frame, rfm.scoring.rules.names, self.draws)


def _segment_counts(scoring: RFMScoring, known: Receipts, draws: int, rng: np.random.Generator) -> Integers:
    """Shape (customers, segments + 1): in how many draws each had which segment; the last is: no order left."""
    names = pd.Index(scoring.rules.names)
    counts = np.zeros((len(known.customers), len(names) + 1), dtype=np.int64)
    rows = np.arange(len(known.customers))
    for _ in range(draws):
        orders, recency, revenue = known.dealt(rng.poisson(1.0, known.n_orders))
        here = orders > 0
        codes = np.full(len(rows), len(names))
        codes[here] = names.get_indexer(pd.Index(_segments(scoring, recency[here], orders[here], revenue[here])))
        counts[rows, codes] += 1
    return counts


def _segments(scoring: RFMScoring, recency: Integers, orders: Integers, revenue: Floats) -> np.ndarray:
    cuts = scoring.cut_points
    r = score(recency.astype(np.float64), cuts["recency_days"], reverse=True)
    f, m = score(orders.astype(np.float64), cuts["n_orders"]), score(np.round(revenue, 4), cuts["revenue"])
    return scoring.rules.assign(r, f, m, scoring.bins)


@dataclass(frozen=True, eq=False)
class SegmentStabilityResult(Result):
    """Every customer's segment, how often it holds, and the most frequent other segment.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import RFM
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> rfm = RFM().fit(tables["customer_360"], as_of=tables.as_of)
    >>> stability = SegmentStability(draws=50).analyze(rfm, tables["transactions"])

    Attributes:
        frame: customer_id, segment, holds (share of draws), else_segment (empty where it always holds or no
            order was left).
        order: The segments in the order of the rules.
        draws: How many draws.
    """

    frame: pd.DataFrame
    order: tuple[str, ...]
    draws: int

    name: ClassVar[str] = "segment_stability"
    formats: ClassVar[Mapping[str, str]] = {"holds": ".0%"}

    def to_frame(self) -> pd.DataFrame:
        """One row per customer, in the order of the scored table.

        >>> list(stability.to_frame())
        ['customer_id', 'segment', 'holds', 'else_segment']
        """
        return self.frame.copy()

    def by_segment(self) -> pd.DataFrame:
        """One row per segment with customers: how many, mean of `holds`, share of sure ones (all shares 0-1).

        >>> list(stability.by_segment())
        ['segment', 'customers', 'holds', 'sure']
        """
        grouped = self.frame.groupby("segment")["holds"]
        table = pd.DataFrame(
            {
                "customers": grouped.size(),
                "holds": grouped.mean(),
                "sure": grouped.agg(lambda held: float((held >= SURE).mean())),
            }
        )
        return table.reindex([s for s in self.order if s in table.index]).rename_axis("segment").reset_index()

    @property
    def sure(self) -> tuple[float, Interval]:
        """Share of customers whose segment is sure (0-1), with Wilson's interval.

        >>> share, interval = stability.sure
        >>> interval.lo < share < interval.hi
        True
        """
        n, count = len(self.frame), int((self.frame["holds"] >= SURE).sum())
        return count / n, wilson_interval(count, n)

    def readout(self) -> Readout:
        """How many segments are sure, what that covers, and what to do about the rest.

        >>> print(stability.readout().finding)
        The segments of 13% [12%, 14%] of 2,357 customers are sure: they hold in at least 80% of ...
        """
        share, interval = self.sure
        least, *_, most = self.by_segment().sort_values("holds").iloc[[0, -1]].to_dict("records")
        values = {
            "share": share, "lo": interval.lo, "hi": interval.hi, "n": len(self.frame), "level": SURE,
            "mean": float(self.frame["holds"].mean()), "draws": self.draws,
            "least": segment_name(least["segment"]), "least_holds": least["holds"],
            "most": segment_name(most["segment"]), "most_holds": most["holds"],
        }  # fmt: skip
        return Readout(*(Message(f"segments.stability.{key}", values) for key in ("finding", "certainty", "action")))

    def facts(self) -> tuple[Fact, ...]:
        """Share of sure customers, and the mean.

        >>> {fact.id: fact.unit for fact in stability.facts()[:2]}
        {'stability.sure_share': 'share', 'stability.mean': 'share'}
        """
        share, interval = self.sure
        held = partial(Fact, unit="share", kind="estimate", n=len(self.frame), better="up")
        sure, mean = Message("segments.stability.sure", {"level": SURE}), float(self.frame["holds"].mean())
        return (
            held("stability.sure_share", sure, share, ci=interval, denominator="segments.about.scored"),
            held("stability.mean", "segments.stability.mean", mean, denominator="segments.about.draws"),
        )
