"""How large segments are, how much of the data they rest on, and what they buy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.data.rule_segments.built_tables import TablesOfADay
from crm_lab.data.rule_segments.rule_segment import RuleSegment
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message, language
from crm_lab.results import Fact, Readout, Result


@dataclass(frozen=True)
class SegmentSizes:
    """Counts segments by rule: customers, share, revenue, and lines of which the conditions are known.

    >>> from datetime import date
    >>> from crm_lab import open_workspace
    >>> from crm_lab.data.rule_segments import CustomerCondition
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> regulars = RuleSegment("regulars", CustomerCondition(orders_at_least=3), date(1997, 12, 31), 365)
    >>> SegmentSizes().analyze([regulars], tables).to_frame()["customers"].item()
    615
    """

    def analyze(self, segments: Iterable[RuleSegment], tables: TablesOfADay) -> SegmentSizesResult:
        """Evaluate each segment on its own day.

        Args:
            segments: One or several.
            tables: Of the latest segment's day or later.

        Returns:
            Sizes and members.

        Raises:
            BadInput: If there is none, or the data lack what one asks for.

        >>> SegmentSizes().analyze([], tables)
        Traceback (most recent call last):
        crm_lab.checks.BadInput: There is no segment; give one or more.
        """
        given = tuple(segments)
        if not given:
            raise BadInput("There is no segment; give one or more.")
        rows, members = [], []
        for segment in given:
            frame = segment.evaluate(tables)
            inside = frame["member"].fillna(value=False).astype(bool)
            rows.append(_row(segment, frame, inside))
            members.append(frame.loc[inside, ["customer_id"]].assign(segment=segment.name))
        return SegmentSizesResult(given, pd.DataFrame(rows), pd.concat(members, ignore_index=True), tables.currency)


def _row(segment: RuleSegment, frame: pd.DataFrame, inside: pd.Series) -> dict[str, object]:
    places = [c.removeprefix("known_") for c in map(str, frame) if c.startswith("known_")]
    shares = [frame[f"known_{p}"].sum() / max(frame[f"of_{p}"].sum(), 1) for p in places]
    total = float(frame["revenue"].sum())
    mine = float(frame.loc[inside, "revenue"].sum())
    return {
        "segment": segment.name, "as_of": pd.Timestamp(segment.as_of), "window_days": segment.window_days,
        "customers": int(inside.sum()), "base_customers": len(frame),
        "share": float(inside.mean()) if len(frame) else 0.0, "untold": int(frame["member"].isna().sum()),
        "coverage": float(min(shares, default=1.0)), "revenue": mine,
        "revenue_share": mine / total if total > 0 else float("nan"),
    }  # fmt: skip


@dataclass(frozen=True, eq=False)
class SegmentSizesResult(Result):
    """Sizes of segments by rule, and their members.

    >>> from datetime import date
    >>> from crm_lab import open_workspace
    >>> from crm_lab.data.rule_segments import CustomerCondition
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> regulars = RuleSegment("regulars", CustomerCondition(orders_at_least=3), date(1997, 12, 31), 365)
    >>> sizes = SegmentSizes().analyze([regulars], tables)

    Attributes:
        segments: What was evaluated.
        sizes: One row per segment.
        members: `customer_id`, `segment`; one row a membership.
        currency: Of the amounts.
    """

    name: ClassVar[str] = "segment_sizes"
    formats: ClassVar[Mapping[str, str]] = {
        "share": ".1%", "coverage": ".1%", "revenue_share": ".1%", "revenue": ",.0f",
    }  # fmt: skip

    segments: tuple[RuleSegment, ...]
    sizes: pd.DataFrame = field(repr=False)
    members: pd.DataFrame = field(repr=False)
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """One row per segment: customers, share of the base, customers not told, coverage, revenue.

        >>> list(sizes.to_frame())[:5]
        ['segment', 'as_of', 'window_days', 'customers', 'base_customers']
        """
        return self.sizes.copy()

    def shown(self) -> pd.DataFrame:
        """The table with the labels and rules of the active language.

        >>> sizes.shown()["rule"].item()
        'at least 3 orders'
        """
        labels = [segment.label(language()) for segment in self.segments]
        return self.to_frame().assign(segment=labels, rule=[segment.explain() for segment in self.segments])

    def readout(self) -> Readout:
        """How large the largest segment is, what it rests on, what to do.

        >>> print(sizes.readout().finding)
        regulars holds 615 of 2,357 customers (26.1%) with 66.4% of revenue.
        """
        row = self.sizes.sort_values("customers", ascending=False, kind="stable").iloc[0]
        values = {
            **{name: row[name] for name in ("customers", "share", "revenue_share")},
            "base": row["base_customers"], "segments": len(self.sizes), "untold": int(self.sizes["untold"].max()),
            "coverage": float(self.sizes["coverage"].min()), "empty": int((self.sizes["customers"] == 0).sum()),
            "segment": Message("rule_segments.label", {
                "en": next(s for s in self.segments if s.name == row["segment"]).label(language())
            }),
        }  # fmt: skip
        values["untold_said"] = Message("rule_segments.sizes.untold", dict(values)) if values["untold"] else ""
        finding = "finding" if len(self.sizes) > 1 else "one_finding"
        return Readout.of("rule_segments.sizes", values, finding, action="widen" if values["empty"] else "use")

    def facts(self) -> tuple[Fact, ...]:
        """Customers in each segment.

        >>> sizes.facts()[0].id
        'rule_segments.regulars.customers'
        """
        return facts_of(
            self.sizes, "rule_segments.{segment}.customers", "rule_segments.sizes.customers", "customers", "customers",
            n="base_customers",
        )  # fmt: skip
