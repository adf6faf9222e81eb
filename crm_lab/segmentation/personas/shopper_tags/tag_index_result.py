"""The index of every tag in every segment, and which of them differ from the base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message, named
from crm_lab.results import Fact, Kind, Readout, TableResult

if TYPE_CHECKING:
    from crm_lab.segmentation.personas.shopper_tags.tag_index import TagIndex


def tag_name(tag: object) -> str:
    """A tag as people read it: a column's label, a value of a product column behind it, or the name itself.

    >>> tag_name("weekend_share"), tag_name("category:tops")
    ('weekend share', 'category: tops')
    """
    kind, colon, value = str(tag).partition(":")
    return f"{named('column', kind)}: {value}" if colon else named("column", kind)


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
    """

    spec: TagIndex
    frame: pd.DataFrame
    base: int
    outside: int
    simulated: bool

    name: ClassVar[str] = "tag_index"
    formats: ClassVar[dict[str, str]] = {
        "share": ".1%", "base_share": ".1%", "customers": ",.0f", "tagged": ",.0f", "index": ",.0f", "lo": ",.0f",
        "hi": ",.0f", "pvalue": ".3g", "qvalue": ".3g",
    }  # fmt: skip

    def shown(self) -> pd.DataFrame:
        """The indices that are shown, those that differ first, by how far they are from the base.

        >>> found.shown()["tag"].tolist()
        ['late']
        """
        rows = self.frame[~self.frame["suppressed"]].drop(columns="suppressed")
        rows = rows.sort_values(["differs", "index"], ascending=[False, False], kind="stable")
        return rows.assign(tag=[tag_name(tag) for tag in rows["tag"]])

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
            return Message("persona_tags.fact_index", {"segment": row["segment"], "tag": tag_name(row["tag"])})

        made = facts_of(
            rows, "tag_index.{segment}.{tag}", named_row, "index", ends=("lo", "hi"), level=self.spec.level,
            n="customers", kind=kind,
        )  # fmt: skip
        return (count, *made)

    def _values(self) -> dict[str, Any]:
        shown = self.frame[~self.frame["suppressed"]]
        far = _surest(shown).head(1)
        first = far.iloc[0] if len(far) else None
        return {
            "shown": len(shown), "differ": int(shown["differs"].sum()), "hidden": len(self.frame) - len(shown),
            "least": self.spec.least, "false": self.spec.false_share, "base": self.base, "outside": self.outside,
            "level": self.spec.level, "segment": "" if first is None else first["segment"],
            "tag": "" if first is None else tag_name(first["tag"]),
            **{name: float("nan") if first is None else float(first[name]) for name in ("index", "lo", "hi")},
        }  # fmt: skip


def _surest(rows: pd.DataFrame) -> pd.DataFrame:
    """Indices that differ, the least likely to be false first; of equal ones the highest."""
    return rows[rows["differs"]].sort_values(["qvalue", "index"], ascending=[True, False], kind="stable")
