"""`SegmentOverlap`: who is in several segments, in exactly which, and in none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Integers
from crm_lab.checks import Problems, check_settings, need_columns, too_small
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

_MOST: Final = 60  # segments that fit into one number


@dataclass(frozen=True)
class SegmentOverlap:
    """Sizes of segments, Jaccard index of each pair, and exclusive intersections.

    >>> members = pd.DataFrame({"customer_id": list("aabc"), "segment": ["x", "y", "x", "y"]})
    >>> SegmentOverlap().analyze(members, list("abcd")).to_frame()[["intersection", "customers"]].to_numpy().tolist()
    [['x', 1], ['y', 1], ['x & y', 1], ['none', 1]]

    Attributes:
        most_segments: Largest segments that are looked at; the rest is said.
        most_intersections: Largest intersections that are shown; the rest is summed.

    Raises:
        BadInput: If the settings are wrong.

    Source:
        Lex et al. (2014), UpSet: visualization of intersecting sets.
    """

    most_segments: int = 10
    most_intersections: int = 15

    def __post_init__(self) -> None:
        many = f"{_MOST} segments are the most" if self.most_segments > _MOST else ""
        check_settings(self, too_small(self, most_segments=1, most_intersections=1), most_segments=many)

    def analyze(
        self, memberships: IntoFrame, customers: Iterable[str] | pd.DataFrame, labels: Mapping[str, str] | None = None
    ) -> SegmentOverlapResult:
        """Count customers by the segments they are in.

        Args:
            memberships: `customer_id`, `segment`; one row a membership.
            customers: Everybody who could be in one: ids, or a table with `customer_id`.
            labels: What readers call a segment, where that is not its name.

        Returns:
            Sizes, pairs and intersections.

        Raises:
            BadInput: If columns are missing, values are missing, or members are not among the customers.

        >>> SegmentOverlap().analyze(members, ["a"])
        Traceback (most recent call last):
        crm_lab.checks.BadInput: The memberships:
          - 2 of 3 members are not among the 1 customers; give everybody who could be in a segment.
        """
        table = as_pandas(memberships, "The memberships")
        need_columns(table.columns, ("customer_id", "segment"), "The memberships")
        ids = (
            customers["customer_id"]
            if isinstance(customers, pd.DataFrame)
            else pd.Series(list(customers), dtype=object)
        )
        base = pd.Index(ids.dropna().astype(str).unique())
        given = _checked(table[["customer_id", "segment"]], base)
        sizes = given["segment"].value_counts(sort=False).rename_axis("segment").rename("customers").reset_index()
        sizes = sizes.sort_values(["customers", "segment"], ascending=[False, True], ignore_index=True)
        shown = sizes["segment"].head(self.most_segments).tolist()
        rows = given[given["segment"].isin(shown)]
        place = pd.Index(shown).get_indexer(pd.Index(rows["segment"]))
        masks = np.zeros(len(base), dtype=np.int64)
        np.bitwise_or.at(masks, base.get_indexer(pd.Index(rows["customer_id"])), 1 << place.astype(np.int64))
        sizes = sizes.head(self.most_segments).assign(share=lambda f: f["customers"] / len(base))
        left = int(given["segment"].nunique()) - len(shown)
        said = dict(labels or {})
        return SegmentOverlapResult(self, sizes, _pairs(masks, shown), _cells(masks, shown), len(base), left, said)


def _checked(table: pd.DataFrame, base: pd.Index) -> pd.DataFrame:
    problems = Problems("The memberships")
    problems.unless(len(table), "There is no membership; give one row a member of a segment.")
    problems.unless(len(base), "There is no customer; give everybody who could be in a segment.")
    lost = int(table.isna().any(axis=1).sum())
    problems.unless(not lost, f"{lost:,} of {len(table):,} rows lack the customer or the segment; drop them.")
    given = table.dropna().astype(str).drop_duplicates()
    strangers = int((~pd.Index(given["customer_id"].unique()).isin(base)).sum())
    problems.unless(
        not strangers,
        f"{strangers:,} of {given['customer_id'].nunique():,} members are not among the {len(base):,} customers; "
        "give everybody who could be in a segment.",
    )
    problems.raise_any()
    return given


def _pairs(masks: Integers, names: list[str]) -> pd.DataFrame:
    inside = (masks[:, None] >> np.arange(len(names))) & 1
    both = (inside.T @ inside).astype(float)
    rows = [
        (names[i], names[j], int(both[i, j]), both[i, j] / max(both[i, i] + both[j, j] - both[i, j], 1))
        for i, j in combinations(range(len(names)), 2)
    ]
    return pd.DataFrame(rows, columns=["segment", "other", "customers", "jaccard"])


def _cells(masks: Integers, names: list[str]) -> pd.DataFrame:
    mask, n = np.unique(masks, return_counts=True)
    inside = [tuple(name for k, name in enumerate(names) if int(m) >> k & 1) for m in mask]
    table = pd.DataFrame({"segments": inside, "degree": [len(i) for i in inside], "customers": n})
    known = table[table["degree"] > 0].sort_values(["customers", "degree"], ascending=[False, True], kind="stable")
    none = table[table["degree"] == 0]
    return pd.concat([known, none], ignore_index=True)


@dataclass(frozen=True, eq=False)
class SegmentOverlapResult(Result):
    """Who is in exactly which segments.

    >>> members = pd.DataFrame({"customer_id": list("aabc"), "segment": ["x", "y", "x", "y"]})
    >>> overlap = SegmentOverlap().analyze(members, list("abcd"))

    Attributes:
        spec: The settings.
        sizes: `segment`, `customers`, `share`; largest first.
        pairs: `segment`, `other`, `customers` in both, `jaccard`.
        cells: `segments` (exactly these), `degree`, `customers`; in none at the end.
        base: Customers.
        left_out: Segments beyond `most_segments`.
        labels: What readers call a segment.
    """

    name: ClassVar[str] = "segment_overlap"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%"}

    spec: SegmentOverlap
    sizes: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    cells: pd.DataFrame = field(repr=False)
    base: int
    left_out: int
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_none(self) -> int:
        """Customers in no segment that is looked at.

        >>> overlap.in_none
        1
        """
        return int(self.cells.loc[self.cells["degree"] == 0, "customers"].sum())

    def jaccard(self) -> pd.DataFrame:
        """Each pair of segments: customers in both, and the share of those in either.

        >>> overlap.jaccard()["jaccard"].round(3).tolist()
        [0.333]
        """
        return self.pairs.copy()

    def to_frame(self) -> pd.DataFrame:
        """One row per exclusive intersection, largest first; then the rest that is summed, and who is in none.

        >>> list(overlap.to_frame())
        ['intersection', 'degree', 'customers', 'share']
        """
        known = self.cells[self.cells["degree"] > 0]
        top, rest = known.head(self.spec.most_intersections), known.iloc[self.spec.most_intersections :]
        shown: list[dict[str, Any]] = top.to_dict("records")  # type: ignore[assignment]  # names are texts
        rows = [(" & ".join(c["segments"]), int(c["degree"]), int(c["customers"])) for c in shown]
        rows += [("others", 0, int(rest["customers"].sum()))] if len(rest) else []
        table = pd.DataFrame([*rows, ("none", 0, self.in_none)], columns=["intersection", "degree", "customers"])
        return table.assign(share=table["customers"] / self.base)

    def shown(self) -> pd.DataFrame:
        """The table with *none* and *others* in words.

        >>> overlap.shown()["intersection"].iloc[-1]
        'in none'
        """
        frame = self.to_frame()
        said = {name: Message(f"persona_rules.overlap.{name}").text() for name in ("none", "others")}
        parts = [" & ".join(map(self.label, name.split(" & "))) for name in frame["intersection"]]
        plain = frame["degree"] == 0
        degree = frame["degree"].astype("Int64").mask(plain)
        return frame.assign(degree=degree, intersection=frame["intersection"].map(said).where(plain, pd.Series(parts)))

    def label(self, segment: str) -> str:
        """What readers call a segment.

        >>> overlap.label("x")
        'x'

        Args:
            segment: Its name.

        Returns:
            Its label, or the name.
        """
        return self.labels.get(segment, segment)

    def readout(self) -> Readout:
        """How many are in several, how many in none, what to do.

        >>> print(overlap.readout().finding)
        Of 4 customers 25.0% are in more than one of 2 segments and 25.0% in none.
        """
        several = int(self.cells.loc[self.cells["degree"] > 1, "customers"].sum())
        values: dict[str, object] = {
            "base": self.base, "several": several / self.base, "none": self.in_none / self.base,
            "segments": len(self.sizes), "left_out": self.left_out,
            "left_out_said": Message("persona_rules.overlap.left_out", {"n": self.left_out}) if self.left_out else "",
        }  # fmt: skip
        if self.pairs.empty:
            return Readout.of("persona_rules.overlap", values, "one_finding", action="single")
        row = self.pairs.sort_values("jaccard", ascending=False, kind="stable").iloc[0]
        values |= {"a": self.label(row["segment"]), "b": self.label(row["other"]), "jaccard": float(row["jaccard"])}
        return Readout.of("persona_rules.overlap", values, action="same" if row["jaccard"] > 0.5 else "apart")

    def facts(self) -> tuple[Fact, ...]:
        """Size of each segment, and the share in none.

        >>> overlap.facts()[0].id
        'overlap.x.customers'
        """
        sizes = facts_of(
            self.sizes, "overlap.{segment}.customers",
            lambda row: Message("persona_rules.overlap.size", {"segment": self.label(row["segment"])}),
            "customers", "customers",
            n=self.base,
        )  # fmt: skip
        share = self.in_none / self.base
        return (*sizes, Fact("overlap.none", "persona_rules.overlap.in_none", share, "share", n=self.base))
