"""What changed since the scoring was fitted: customers, or the cut points?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.rfm.rfm import RFMResult
from crm_lab.segmentation.rfm.scoring_file import DIMENSIONS, RFMScoring
from crm_lab.segmentation.rfm.segment_rules import segment_name, with_names

_SAME_HISTORY = 0.05  # histories that differ by less are read as equally long


@dataclass(frozen=True, eq=False)
class ScoringDriftResult(Result):
    """Segments on the day of the fit, now under the same cut points, and now under new ones.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import RFM
    >>> spring, summer = (open_workspace("cdnow_sample").at(day) for day in ("1998-03-31", "1998-06-30"))
    >>> fitted = RFM().fit(spring["customer_360"], as_of=spring.as_of)
    >>> fresh = RFM().fit(summer["customer_360"], as_of=summer.as_of)
    >>> drift = compare_scorings(fitted.score(summer["customer_360"], as_of=summer.as_of), fresh)
    >>> drift.renamed, drift.customers
    (618, 2357)

    Attributes:
        frame: Per segment: customers and shares in the three tables, and the two steps between them.
        fitted: The scoring in force.
        fresh: The scoring that the present data would give.
        renamed: Customers who would have another segment under the fresh scoring.
        customers: Customers now.
        history_days: Days that the present data cover.
    """

    frame: pd.DataFrame
    fitted: RFMScoring
    fresh: RFMScoring
    renamed: int
    customers: int
    history_days: int

    name: ClassVar[str] = "scoring_drift"
    formats: ClassVar[Mapping[str, str]] = {
        "share_then": ".1%",
        "share_now": ".1%",
        "share_new_cuts": ".1%",
        "by_customers": "+.1%",
        "by_cut_points": "+.1%",
    }

    @property
    def first_run(self) -> bool:
        """Whether the scoring in force was fitted on the present data.

        >>> drift.first_run
        False
        """
        return self.fitted == self.fresh

    @property
    def longer_history(self) -> bool:
        """Whether orders and money were counted over clearly more (or fewer) days than at the fit.

        >>> drift.longer_history
        True
        """
        return abs(self.history_days / self.fitted.history_days - 1) > _SAME_HISTORY

    def to_frame(self) -> pd.DataFrame:
        """One row per segment: customers and shares (0-1) at the fit, now, and now under new cut points; none at first.

        >>> list(drift.to_frame())
        ['segment', 'customers_then', 'customers_now', 'customers_new_cuts', 'share_then', 'share_now',
        'share_new_cuts', 'by_customers', 'by_cut_points']
        """
        return self.frame.head(0) if self.first_run else self.frame.copy()

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the segments' names in the active language.

        >>> list(drift.shown())
        ['segment', 'name', 'customers_then', 'customers_now', 'customers_new_cuts', 'share_then',
        'share_now', 'share_new_cuts', 'by_customers', 'by_cut_points']
        """
        return with_names(self.to_frame())

    def cut_points(self) -> pd.DataFrame:
        """Both scorings' cut points side by side: dimension, cut, fitted, fresh.

        >>> drift.cut_points().head(1).to_dict("records")
        [{'dimension': 'recency_days', 'cut': 1, 'fitted': 125.0, 'fresh': 152.0}]
        """
        rows = [
            (name, k + 1, *pair)
            for name in DIMENSIONS
            for k, pair in enumerate(zip(self.fitted.cut_points[name], self.fresh.cut_points[name], strict=False))
        ]
        return pd.DataFrame(rows, columns=["dimension", "cut", "fitted", "fresh"])

    def readout(self) -> Readout:
        """What moved, why, what to do.

        >>> print(drift.readout().finding)
        Under the cut points of 1998-03-31, About to sleep changed most: 17.0% of the customers ...
        """
        top = self.frame.loc[self.frame["by_customers"].abs().sort_values(ascending=False).index].iloc[0]
        values = {
            "as_of": str(self.fitted.as_of), "segment": segment_name(top["segment"]), "then": top["share_then"],
            "now": top["share_now"], "renamed": self.renamed, "customers": self.customers,
            "share": self.renamed / self.customers,
        }  # fmt: skip
        days = {"then": self.fitted.history_days, "now": self.history_days}
        key = "longer" if self.longer_history else "certainty"
        said = ("first", "first_certainty", "first_action") if self.first_run else ("finding", key, f"{key}_action")
        finding, certainty, action = (f"segments.drift.{name}" for name in said)
        return Readout(Message(finding, values), Message(certainty, days), action)

    def facts(self) -> tuple[Fact, ...]:
        """Customers whose segment depends on the choice of cut points, and the change per segment.

        >>> {fact.id: fact.unit for fact in drift.facts()[:2]}
        {'drift.renamed': 'customers', 'drift.champions': 'share'}
        """
        found, n = partial(Fact, n=self.customers), self.renamed
        renamed = Message("segments.about.renamed", {"as_of": self.fitted.as_of})
        changed = "segments.about.changed"
        moved = found("drift.renamed", "segments.drift.fact_renamed", n, "customers", definition=renamed)
        rows = [] if self.first_run else self.frame[["segment", "by_customers"]].to_numpy().tolist()
        labels = [Message("segments.drift.fact", {"segment": segment_name(segment)}) for segment, _ in rows]
        changes = (
            found(f"drift.{id_part(segment)}", label, change, "share", definition=changed)
            for (segment, change), label in zip(rows, labels, strict=True)
        )
        return (moved, *changes)


def compare_scorings(scored: RFMResult, fresh: RFMResult) -> ScoringDriftResult:
    """Explain the difference between the fitted scoring and one fitted now, on the same customers.

    The change of a segment's share is split: first customers change under the same cut points, then the
    cut points change for the same customers.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import RFM
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> rfm = RFM().fit(tables["customer_360"], as_of=tables.as_of)
    >>> compare_scorings(rfm, rfm).renamed
    0

    Args:
        scored: The customers under the scoring in force.
        fresh: The same customers under a scoring fitted on them.

    Returns:
        Customers per segment in the three tables.

    Raises:
        BadInput: If the two hold different customers.
    """
    if not scored.customers["customer_id"].equals(fresh.customers["customer_id"]):
        raise BadInput("The two results hold different customers; score the same table both times.")
    names = list(dict.fromkeys([*scored.scoring.rules.names, *fresh.scoring.rules.names]))
    then = pd.Series(dict(scored.scoring.segments)).reindex(names).fillna(0).astype("int64")
    if not then.sum():
        then = scored.customers["segment"].value_counts().reindex(names).fillna(0).astype("int64")
    now, new = (r.customers["segment"].value_counts().reindex(names).fillna(0).astype("int64") for r in (scored, fresh))
    frame = pd.DataFrame(
        {
            "segment": names,
            "customers_then": then.to_numpy(),
            "customers_now": now.to_numpy(),
            "customers_new_cuts": new.to_numpy(),
            "share_then": (then / then.sum()).to_numpy(),
            "share_now": (now / now.sum()).to_numpy(),
            "share_new_cuts": (new / new.sum()).to_numpy(),
        }
    )
    frame["by_customers"] = frame["share_now"] - frame["share_then"]
    frame["by_cut_points"] = frame["share_new_cuts"] - frame["share_now"]
    renamed = int(np.sum(scored.customers["segment"].to_numpy() != fresh.customers["segment"].to_numpy()))
    return ScoringDriftResult(frame, scored.scoring, fresh.scoring, renamed, len(scored.customers), scored.history_days)
