"""One move judged: beside what happens as things are run, and treated minus control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import wilson
from crm_lab.stats.markov import MoveDifference, share_difference


def state_name(state: str) -> Message:
    """What readers call a tier or state."""
    return Message(f"segments.state.{state}")


@dataclass(frozen=True, eq=False)
class MoveBaselineResult(Result):
    """The share that made one move, period by period; the earlier periods are placebo windows.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import Migration
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> base = Migration().analyze(tables["transactions"], as_of=tables.as_of).baseline("C", "B", target=0.18)

    Attributes:
        rows: One row per pair of periods: moved, customers, share, lo, hi.
        start: Tier before.
        end: Tier after.
        change: Latest share minus the earlier ones pooled; missing where there is one pair only.
        target: A share promised for the move, to be seen beside the placebo.
        as_of: Last day that counts.
    """

    rows: pd.DataFrame
    start: str
    end: str
    change: MoveDifference | None
    target: float | None
    as_of: date

    name: ClassVar[str] = "move_baseline"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%"}

    def _ends(self) -> dict[str, Any]:
        return {"start": state_name(self.start), "end": state_name(self.end)}

    def to_frame(self) -> pd.DataFrame:
        """One row per pair of periods: moved, customers, share (0-1) with interval.

        >>> list(base.to_frame())
        ['from_period', 'to_period', 'from_tier', 'to_tier', 'moved', 'customers', 'share', 'lo', 'hi']
        """
        return self.rows.copy()

    @property
    def usual(self) -> float:
        """The share (0-1) over the earlier windows together (the latest if there is only one).

        >>> round(base.usual, 3)
        0.063
        """
        earlier = self.rows.iloc[:-1] if len(self.rows) > 1 else self.rows
        return float(earlier["moved"].sum() / earlier["customers"].sum())

    def refusal(self) -> Message | None:
        """A sentence if there is only one pair of periods, else ``None``.

        >>> base.refusal() is None
        True
        """
        return None if self.change else Message("segments.move.one_pair", self._ends())

    def readout(self) -> Readout:
        """The latest share beside the placebo windows, and what a target means.

        >>> print(base.readout().finding)
        9.9% [6.4%, 14.9%] of 192 customers moved from C to B in the latest period; in the earlier ...
        """
        last, values = self.rows.iloc[-1], self._ends()
        finding = Message("segments.move.finding", {
            **values, "share": last["share"], "lo": last["lo"], "hi": last["hi"], "n": int(last["customers"]),
            "usual": self.usual, "windows": len(self.rows) - 1,
        })  # fmt: skip
        if self.change is None:
            return Readout(finding, Message("segments.move.one_pair", finding.values), self._action())
        key = "same" if self.change.ci.lo <= 0 <= self.change.ci.hi else "changed"
        return Readout(finding, Message(f"segments.move.{key}", _in_points(self.change)), self._action())

    def _action(self) -> Message:
        if self.target is None:
            return Message("segments.move.action")
        values = {"target": self.target, "usual": self.usual, "own": _points(self.target - self.usual)}
        return Message("segments.move.action_target", values)

    def facts(self) -> tuple[Fact, ...]:
        """The share in every window, and the change.

        >>> {fact.id: fact.unit for fact in base.facts()[:2]}
        {'move.C_to_B.1997-Q2': 'share', 'move.C_to_B.1997-Q3': 'share'}
        """
        found, change = partial(Fact, unit="share", kind="estimate"), self.change
        ends, move = self._ends(), f"move.{self.start}_to_{self.end}"
        shares = (
            found(
                f"{move}.{row['to_period']}",
                Message(
                    "segments.move.fact_window", {**ends, "earlier": row["from_period"], "later": row["to_period"]}
                ),
                row["share"],
                ci=Interval(row["lo"], row["hi"]),
                n=row["customers"],
                window=Message("segments.about.from_to", {"start": row["from_period"], "end": row["to_period"]}),
                denominator=Message(
                    "segments.about.all_in", {"state": state_name(self.start), "period": row["from_period"]}
                ),
            )
            for row in self.rows.to_dict("records")
        )
        definition = "segments.about.latest_minus_earlier"
        number = _measured(change) if change else {"value": None, "unit": "points", "refusal": self.refusal()}
        label = Message("segments.move.fact_change", ends)
        return (*shares, found(f"{move}.change", label, definition=definition, **number))


def _measured(difference: MoveDifference) -> dict[str, Any]:
    """A difference of shares as a fact: in percentage points, as its sentence says it."""
    ci = difference.ci
    return {"value": 100 * difference.value, "unit": "points", "ci": Interval(100 * ci.lo, 100 * ci.hi, ci.level)}


def _points(share: float) -> float:
    """Percentage points to one digit, never minus zero."""
    return round(100 * share, 1) + 0.0


def _in_points(difference: MoveDifference) -> dict[str, Any]:
    value, ci = difference.value, difference.ci
    return {"change": _points(value), "lo": _points(ci.lo), "hi": _points(ci.hi)}


@dataclass(frozen=True)
class TreatedMoveResult(Result):
    """One move among treated and control customers.

    >>> trial = TreatedMoveResult("C", "B", 30, 200, 20, 200, drawn_by_lot=True)

    Attributes:
        start: Tier before.
        end: Tier after.
        moved_treated: Treated customers who moved.
        n_treated: Treated customers who could.
        moved_control: Control customers who moved.
        n_control: Control customers who could.
        drawn_by_lot: Whether treatment was randomised.
        nothing_done: Whether the draw is a rehearsal: nobody was treated, so the difference is chance alone.
    """

    start: str
    end: str
    moved_treated: int
    n_treated: int
    moved_control: int
    n_control: int
    drawn_by_lot: bool
    nothing_done: bool = False

    name: ClassVar[str] = "treated_move"
    words: ClassVar[Mapping[str, str]] = {"arm": "segments.move."}
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%"}

    @property
    def difference(self) -> MoveDifference:
        """Treated share minus control share (0-1), with its interval.

        >>> round(trial.difference.value, 3)
        0.05
        """
        n, total = (self.n_treated, self.n_control), self.n_treated + self.n_control
        treated = np.repeat([1.0, 0.0], n)
        up = np.repeat([1.0, 0.0], [self.moved_treated, total - self.moved_treated])
        up_control = np.repeat([0.0, 1.0], [total - self.moved_control, self.moved_control])
        return share_difference((up, up_control), (treated, 1 - treated))

    def _ends(self) -> dict[str, Any]:
        return {"start": state_name(self.start), "end": state_name(self.end)}

    def to_frame(self) -> pd.DataFrame:
        """One row per arm: moved, customers, share (0-1) with interval.

        >>> list(trial.to_frame())
        ['arm', 'moved', 'customers', 'share', 'lo', 'hi']
        """
        k, n = np.array([self.moved_treated, self.moved_control]), np.array([self.n_treated, self.n_control])
        lo, hi = wilson(k, n)
        arms = ["drawn", "not_drawn_out"] if self.nothing_done else ["treated", "control"]
        return pd.DataFrame({"arm": arms, "moved": k, "customers": n, "share": k / n, "lo": lo, "hi": hi})

    def refusal(self) -> Message | None:
        """A sentence if treatment was not randomised, since the difference is then no effect; else ``None``.

        >>> trial.refusal() is None
        True
        """
        return None if self.drawn_by_lot else Message("segments.move.not_drawn")

    def readout(self) -> Readout:
        """The difference, whether it can be chance, what to do.

        >>> print(trial.readout().finding)
        The share that moved from C to B differs by +5.0 points [-1.5, +11.5] between the 200 treated ...
        """
        d = self.difference
        values = {**self._ends(), **_in_points(d), "n_treated": self.n_treated, "n_control": self.n_control}
        chance = d.ci.lo <= 0 <= d.ci.hi
        if self.nothing_done:
            expected = f"segments.move.rehearsal_{'chance' if chance else 'odd'}"
            return Readout(Message("segments.move.rehearsal", values), expected, "segments.move.rehearsal_action")
        certainty = self.refusal() or f"segments.move.{'chance' if chance else 'no_chance'}"
        action = f"segments.move.{'wait' if chance or not self.drawn_by_lot else 'keep'}"
        return Readout(Message("segments.move.treated_finding", values), certainty, action)

    def facts(self) -> tuple[Fact, ...]:
        """The difference with its interval; refused without a draw.

        >>> {fact.id: fact.unit for fact in trial.facts()[:2]}
        {'treated_move.C_to_B': 'points'}
        """
        d = self.difference
        return (
            Fact(
                f"treated_move.{self.start}_to_{self.end}",
                Message(f"segments.move.fact_{'rehearsal' if self.nothing_done else 'treated'}", self._ends()),
                **(_measured(d) if self.drawn_by_lot else {"value": None, "unit": "points"}),
                kind="estimate",
                n=self.n_treated + self.n_control,
                definition="segments.about.treated_minus_control",
                better="up",
                refusal=self.refusal(),
            ),
        )
