"""One move among customers who were sent something in the period, and among the others: no effect of either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.calendar import period_index, period_label
from crm_lab.checks import need_columns
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, TableResult
from crm_lab.segmentation.tiers.migration import MigrationResult
from crm_lab.segmentation.tiers.move_baseline import state_name
from crm_lab.stats.intervals import wilson

GROUPS = ("contacted", "not_contacted")


def contacted_moves(
    moves: MigrationResult, contacts: pd.DataFrame, start: str = "C", end: str = "B"
) -> ContactedMovesResult:
    """The move in every pair of periods, for who was contacted in the later one and for who was not.

    A baseline of moves is what happens as things are run, campaigns included. Who is sent a campaign was selected:
    neither group shows what happens without one, and their difference is no effect.

    Args:
        moves: States of customers by period.
        contacts: ``customer_id`` and ``date`` of each contact.
        start: Tier before.
        end: Tier after.

    Returns:
        Moves of both groups, each with its interval.

    Raises:
        CannotAnswer: If nobody was in the tier at the start of a period.
    """
    need_columns(map(str, contacts.columns), ("customer_id", "date"), "contacts")
    unit = moves.spec.period
    label = pd.Series(period_index(contacts["date"], unit), index=contacts.index).map(partial(period_label, unit=unit))
    sent = contacts.groupby(label)["customer_id"].agg(set).to_dict()
    rows = []
    for before, after in moves.pairs:
        could = moves.states.index[moves.states[before] == start]
        moved = (moves.states.loc[could, after] == end).to_numpy()
        reached = could.isin(sent.get(after, set()))
        rows += [
            (before, after, group, int((moved & mask).sum()), int(mask.sum()))
            for group, mask in zip(GROUPS, (reached, ~reached), strict=True)
            if mask.any()
        ]
    if not rows:
        raise cannot_answer("nobody_in_tier", tier=start)
    frame = pd.DataFrame(rows, columns=["from_period", "to_period", "group", "moved", "customers"])
    lo, hi = wilson(frame["moved"].to_numpy(), frame["customers"].to_numpy())
    frame["share"] = frame["moved"] / frame["customers"]
    return ContactedMovesResult(frame.assign(lo=lo, hi=hi), start, end)


@dataclass(frozen=True, eq=False)
class ContactedMovesResult(TableResult):
    """Both groups in every pair of periods.

    Attributes:
        frame: ``from_period``, ``to_period``, ``group`` (contacted or not_contacted in the later period), ``moved``,
            ``customers``, ``share``, ``lo``, ``hi``.
        start: Tier before.
        end: Tier after.
    """

    frame: pd.DataFrame
    start: str
    end: str

    name: ClassVar[str] = "contacted_moves"
    words: ClassVar[Mapping[str, str]] = {"group": "segments.contacted."}
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%"}

    def _pooled(self) -> dict[str, Any]:
        """Customers and share that moved of each group over all pairs; nothing where a group is empty."""
        sums = self.frame.groupby("group")[["moved", "customers"]].sum().reindex(list(GROUPS), fill_value=0)
        share = sums["moved"] / sums["customers"].where(sums["customers"] > 0)
        return {
            "reached": float(sums["customers"].iloc[0] / sums["customers"].sum()),
            "contacted": float(share.iloc[0]), "others": float(share.iloc[1]),
        }  # fmt: skip

    def readout(self) -> Readout:
        """How many were contacted, what share of each group moved, and why that is no effect."""
        values = {"start": state_name(self.start), "end": state_name(self.end), **self._pooled()}
        values["windows"] = self.frame["to_period"].nunique()
        finding = "none" if not values["reached"] else "all" if np.isnan(values["others"]) else "finding"
        return Readout.of("segments.contacted", values, finding)

    def facts(self) -> tuple[Fact, ...]:
        """The share of each group in each pair of periods."""
        return facts_of(
            self.frame, f"contacted.{self.start}_to_{self.end}.{{to_period}}.{{group}}", self._label, "share", "share",
            ends=("lo", "hi"), n="customers", kind="estimate",
        )  # fmt: skip

    def _label(self, row: Mapping[str, Any]) -> Message:
        group = Message(f"segments.contacted.{row['group']}")
        ends = {"start": state_name(self.start), "end": state_name(self.end)}
        return Message("segments.contacted.fact", {**ends, "later": row["to_period"], "group": group})
