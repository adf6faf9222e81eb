"""How much more common a tag is in a segment than in the base: the index, with an interval and multiplicity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, need_columns, not_inside, too_small
from crm_lab.data.kernels.dataframes import as_pandas, plain_ids
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_tags.tag_names import segment_label, tag_name
from crm_lab.stats.intervals import z_value

EXPECTED: Final = 5  # customers with the tag that a segment is expected to have, below which no index is given


@dataclass(frozen=True, kw_only=True)
class TagIndex:
    """Settings of the index.

    >>> rng = np.random.default_rng(1)
    >>> who = np.arange(2_000)
    >>> segment = np.where(who < 400, "night owls", "others")
    >>> tagged = rng.random(2_000) < np.where(who < 400, 0.4, 0.2)
    >>> membership = pd.DataFrame({"customer_id": who, "segment": segment})
    >>> found = TagIndex().analyze(pd.DataFrame({"late": tagged}, index=who), membership)
    >>> found.to_frame()["index"].round(0).tolist()
    [181.0, 80.0]

    Attributes:
        least: Customers of a segment below which it is not shown.
        level: Confidence level of the intervals.
        false_share: Share of false ones allowed among the indices that are called different (Benjamini & Hochberg).
    """

    least: int = 30
    level: float = 0.95
    false_share: float = 0.05

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "level", "false_share"), too_small(self, least=2))

    def analyze(
        self, tags: pd.DataFrame, membership: Any, *, simulated: bool = False, labels: Mapping[str, str] | None = None
    ) -> TagIndexResult:
        """Compare every segment with the base it is part of, tag by tag.

        >>> bool(found.to_frame()["differs"].all())
        True

        Args:
            tags: True or false, a row a customer of the base, a column a tag, indexed by customer (`ShareTags` gives
                it by ``has()``).
            membership: Any engine's table with ``customer_id`` and ``segment``, a row a membership; a customer may be
                in several. Members who are not in the base are counted and left out.
            simulated: Whether any of it is.
            labels: What readers call a segment, where that is not its name.

        Returns:
            One row a segment and tag.

        Raises:
            BadInput: If columns are missing, or a customer stands twice in the base.
            CannotAnswer: If there is no tag, no customer or no member in the base.
        """
        has = _checked(tags)
        members = as_pandas(membership, "The segments", ("customer_id", "segment"))
        need_columns(members.columns, ("customer_id", "segment"), "The segments")
        members = members[["customer_id", "segment"]].dropna().drop_duplicates()
        at = has.index.get_indexer(pd.Index(plain_ids(members["customer_id"])))
        outside = int((at < 0).sum())
        inside, at = members[at >= 0], at[at >= 0]
        if inside.empty:
            raise cannot_answer("no_member_in_base", members=len(members))
        segments = pd.Categorical(inside["segment"].astype(str))
        z = np.zeros((len(has), len(segments.categories)), dtype=np.float32)
        z[at, segments.codes] = 1
        x = has.to_numpy(dtype=np.float32)
        both = (z.T @ x).astype(float)  # below 2^24 customers a segment these are whole numbers
        frame = self._rows(both, z.sum(axis=0, dtype=float), x.sum(axis=0, dtype=float), len(has))
        frame.insert(0, "segment", np.repeat(np.asarray(segments.categories, dtype=object), x.shape[1]))
        frame.insert(1, "tag", np.tile(np.asarray(has.columns, dtype=object), z.shape[1]))
        return TagIndexResult(self, frame, len(has), outside, simulated, dict(labels or {}))

    def _rows(self, both: Floats, segment: Floats, tag: Floats, n: int) -> pd.DataFrame:
        """One row a segment and tag from the counts, shapes (s, t), (s,), (t,)."""
        of = np.repeat(segment, len(tag))
        tagged, yes = np.tile(tag, len(segment)), both.ravel()
        shown = (of >= self.least) & (of * tagged / n >= EXPECTED)
        shown &= of < n  # the base is no segment of itself
        with np.errstate(divide="ignore", invalid="ignore"):
            index = 100 * (yes / of) / (tagged / n)
            half = z_value(self.level) * log_index_se(yes, of, tagged, n)
            start = np.log(np.maximum(yes, 0.5) / of / (tagged / n))
        p = np.where(shown, pearson_p(yes, of, tagged, n), np.nan)
        q = np.full(len(p), np.nan)
        if shown.any():
            q[shown] = stats.false_discovery_control(p[shown])
        made = {
            "customers": of.astype(int), "tagged": yes, "share": yes / of, "base_share": tagged / n, "index": index,
            "lo": 100 * np.exp(start - half), "hi": 100 * np.exp(start + half), "pvalue": p, "qvalue": q,
        }  # fmt: skip
        frame = pd.DataFrame(made)
        hidden = ["tagged", "share", "index", "lo", "hi"]
        frame.loc[~shown, hidden] = np.nan
        return frame.assign(differs=shown & (q <= self.false_share), suppressed=~shown)


def _checked(tags: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(tags, pd.DataFrame) or tags.index.has_duplicates:
        raise BadInput("The tags must be a pandas DataFrame with one row a customer, indexed by customer.")
    if tags.empty:
        raise cannot_answer("no_tags")
    gaps = int(tags.isna().to_numpy().sum())
    if gaps:
        raise BadInput(f"The tags hold {gaps:,} missing values; a customer has a tag or not: fill them with False.")
    return tags


def log_index_se(yes: Floats, segment: Floats, tagged: Floats, n: int) -> Floats:
    """Standard error of the log of P(tag | segment) / P(tag), the segment being part of the base.

    From the influence of one customer (delta method), with customers drawn at random: that of the segment's share, that
    of the base's, and what both have in common. A segment without the tag is taken to have half a customer with it.

    >>> log_index_se(np.array([40.0]), np.array([100.0]), np.array([200.0]), 1_000).round(4).tolist()
    [0.114]

    Args:
        yes: Customers in the segment with the tag.
        segment: Customers in the segment.
        tagged: Customers with the tag.
        n: Customers in the base.
    """
    k = np.maximum(yes, 0.5)
    both, z, x = n / k, n / segment, n / tagged
    only_tag, only_segment = tagged - yes, segment - yes
    squares = k * (both - z - x) ** 2 + only_tag * x**2 + only_segment * z**2
    return np.asarray(np.sqrt(np.maximum(squares / n - 1, 0) / n))


def pearson_p(yes: Floats, segment: Floats, tagged: Floats, n: int) -> Floats:
    """P value of no difference between the segment and the rest (Pearson's chi-squared, one degree of freedom).

    >>> pearson_p(np.array([20.0]), np.array([100.0]), np.array([200.0]), 1_000).tolist()
    [1.0]
    """
    expected = segment * tagged / n
    variance = expected * (1 - segment / n) * (1 - tagged / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        z2 = np.where(variance > 0, (yes - expected) ** 2 / variance, 0.0)
    return np.asarray(stats.chi2.sf(z2, 1))


@dataclass(frozen=True, eq=False)
class TagIndexResult(TableResult):
    """How much more common each tag is in each segment than in the base.

    >>> import numpy as np
    >>> from crm_lab.segmentation.personas.shopper_tags.tag_index import TagIndex
    >>> rng = np.random.default_rng(1)
    >>> late = rng.random(2_000) < np.where(np.arange(2_000) < 400, 0.4, 0.2)
    >>> membership = pd.DataFrame({"customer_id": range(400), "segment": "night owls"})
    >>> found = TagIndex().analyze(pd.DataFrame({"late": late}), membership)

    Attributes:
        spec: The settings.
        frame: One row a segment and tag: ``segment, tag, customers, tagged, share, base_share, index`` with ``lo, hi``,
            ``pvalue, qvalue`` (Benjamini & Hochberg over all that are shown), ``differs``, ``suppressed``.
        base: Customers in the base.
        outside: Memberships of customers who are not in the base.
        simulated: Whether any of it is.
        labels: What readers call a segment.
    """

    spec: TagIndex
    frame: pd.DataFrame
    base: int
    outside: int
    simulated: bool
    labels: Mapping[str, str] = field(default_factory=dict)

    name: ClassVar[str] = "tag_index"
    formats: ClassVar[dict[str, str]] = {
        "share": ".1%", "base_share": ".1%", "customers": ",.0f", "tagged": ",.0f", "index": ",.0f", "lo": ",.0f",
        "hi": ",.0f", "pvalue": "p", "qvalue": "p",
    }  # fmt: skip

    def shown(self) -> pd.DataFrame:
        """The indices that are shown, those that differ first, by how far they are from the base.

        >>> found.shown()["tag"].tolist()
        ['late']
        """
        rows = self._sorted().drop(columns=["suppressed", "pvalue", "qvalue"])
        said = [segment_label(segment, self.labels) for segment in rows["segment"]]
        return rows.assign(segment=said, tag=[tag_name(tag) for tag in rows["tag"]])

    def surest(self, most: int) -> pd.DataFrame:
        """The indices that are shown and least likely to be false, in the words of `shown`, by their index.

        >>> found.surest(5)["tag"].tolist()
        ['late']

        Args:
            most: Rows to take.

        Returns:
            Rows of `shown`, lowest index first.
        """
        first = self._sorted().sort_values("qvalue", kind="stable").head(most).index
        return self.shown().loc[first].sort_values("index", kind="stable")

    def _sorted(self) -> pd.DataFrame:
        rows = self.frame[~self.frame["suppressed"]]
        return rows.sort_values(["differs", "index"], ascending=[False, False], kind="stable")

    def refusal(self) -> Message | None:
        """Said where every segment or tag is too small.

        >>> found.refusal() is None
        True
        """
        return Message("persona_tags.index_refused", self._values()) if self.frame["suppressed"].all() else None

    def readout(self) -> Readout:
        """How many indices differ, the furthest of them, and what to do.

        >>> found.readout().finding.key
        'persona_tags.index_finding'
        """
        why = self.refusal()
        if why is not None:
            return Readout.of("persona_tags", self._values(), why, "index_certainty", "index_action_refused")
        if not self.frame["differs"].any():
            return Readout.of("persona_tags", self._values(), "index_none", "index_certainty", "index_action_none")
        return Readout.of("persona_tags", self._values(), "index_finding", "index_certainty", "index_action")

    def facts(self) -> tuple[Fact, ...]:
        """How many differ, and the index of each that does, at most ten.

        >>> [fact.id for fact in found.facts()]
        ['tag_index.differ', 'tag_index.night_owls.late']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        shown = int((~self.frame["suppressed"]).sum())
        label = Message("persona_tags.fact_differ", self._values())
        count = Fact("tag_index.differ", label, int(self.frame["differs"].sum()), kind=kind, n=shown)
        rows = _surest(self.frame).head(10)

        def named_row(row: Any) -> Message:
            return Message(
                "persona_tags.fact_index",
                {"segment": segment_label(row["segment"], self.labels), "tag": tag_name(row["tag"])},
            )

        made = facts_of(
            rows, "tag_index.{segment}.{tag}", named_row, "index", ends=("lo", "hi"), level=self.spec.level,
            n="customers", kind=kind,
        )  # fmt: skip
        return (count, *made)

    def _hidden(self) -> Message | str:
        n = int(self.frame["suppressed"].sum())
        return Message("persona_tags.index_hidden", {"hidden": n, "least": self.spec.least}) if n else ""

    def _values(self) -> dict[str, Any]:
        shown = self.frame[~self.frame["suppressed"]]
        far = _surest(shown).head(1)
        first = far.iloc[0] if len(far) else None
        return {
            "shown": len(shown), "differ": int(shown["differs"].sum()), "hidden": len(self.frame) - len(shown),
            "least": self.spec.least, "false": self.spec.false_share, "base": self.base, "outside": self.outside,
            "level": self.spec.level, "hidden_said": self._hidden(),
            "segment": "" if first is None else segment_label(first["segment"], self.labels),
            "tag": "" if first is None else tag_name(first["tag"]),
            **{name: float("nan") if first is None else float(first[name]) for name in ("index", "lo", "hi")},
        }  # fmt: skip


def _surest(rows: pd.DataFrame) -> pd.DataFrame:
    """Indices that differ, the least likely to be false first; of equal ones the highest."""
    return rows[rows["differs"]].sort_values(["qvalue", "index"], ascending=[True, False], kind="stable")
