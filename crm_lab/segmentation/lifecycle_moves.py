"""Moves between lifecycle stages from one window to the next, each stage as it was known on its day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import as_date, check_settings, too_small
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.segmentation.known_purchases import known_purchases
from crm_lab.segmentation.lifecycle import STAGES, Lifecycle, stage_name
from crm_lab.stats.intervals import wilson
from crm_lab.stats.markov import MoveDifference, share_difference

STARTS = (*STAGES, "not_yet")  # not_yet: no purchase so far; only a start
SILENT = ("dormant", "lost")
ACTIVE = tuple(stage for stage in STAGES if stage not in SILENT)
_MOVES = ("from_day", "to_day", "from_stage", "to_stage", "moved", "customers", "share", "lo", "hi")
_KINDS = {"fell_silent": (ACTIVE, SILENT), "came_back": (SILENT, ACTIVE)}


@dataclass(frozen=True)
class LifecycleMoves:
    """Give every customer a stage at the end of each of the last windows, and follow them from one to the next.

    A stage rests on what was known on its day: the rhythm of later purchases is not used. Windows are as long as the
    rule's `window_days` and end with the as-of day; each needs two such windows of data before it.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> moves = LifecycleMoves().analyze(tables["orders"], as_of=tables.as_of)
    >>> moves.days[-2:]
    (datetime.date(1998, 3, 31), datetime.date(1998, 6, 30))

    Attributes:
        rule: How stages are told.
        windows: Windows at most; the latest is held against the others.

    Raises:
        BadInput: If the settings are wrong.
    """

    rule: Lifecycle = field(default_factory=Lifecycle)
    windows: int = 4

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, windows=1))

    def analyze(
        self, orders: IntoFrame, *, as_of: str | date | datetime, customer: str = "customer_id", date: str = "date"
    ) -> LifecycleMovesResult:
        """Stages at the end of each window.

        >>> LifecycleMoves(windows=1).analyze(tables["orders"], as_of=tables.as_of).pairs
        ((datetime.date(1998, 3, 31), datetime.date(1998, 6, 30)),)

        Args:
            orders: ``customer_id`` and ``date``, one row per order or line with a sale.
            as_of: Last day that counts.
            customer: Column with the customer.
            date: Column with the date.

        Returns:
            The stage of every customer on the last day of each window.

        Raises:
            BadInput: If columns are missing or there is no order.
            CannotAnswer: If nobody has bought on two days.
        """
        day = as_date(as_of)
        known = known_purchases(orders, day, customer=customer, date=date)
        days = self._days(known, day)
        states = pd.DataFrame({end: self._stages(known, end) for end in days}).reindex(columns=list(days))
        return LifecycleMovesResult(states.fillna("not_yet").rename_axis("customer_id"), self, day, _length(known, day))

    def _days(self, known: pd.DataFrame, last: date) -> tuple[date, ...]:
        """Last days of windows, each with two windows before it and a rhythm to be seen by then."""
        again = known.drop_duplicates(["customer_id", "date"]).sort_values("date")
        second = again.loc[again.duplicated("customer_id"), "date"].min()
        step, windows = timedelta(days=self.rule.window_days), _length(known, last) // self.rule.window_days - 2
        fit = [last - step * back for back in range(min(windows, self.windows), 0, -1)]
        return (*(day for day in fit if pd.Timestamp(day) >= second), last)

    def _stages(self, known: pd.DataFrame, end: date) -> pd.Series:
        until = known[known["date"] <= pd.Timestamp(end)]
        return self.rule.analyze(until, as_of=end).customers.set_index("customer_id")["stage"]


@dataclass(frozen=True, eq=False)
class LifecycleMovesResult(Result):
    """Stages of all customers at the end of the last windows, and the moves between neighbours.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> moves = LifecycleMoves().analyze(tables["orders"], as_of=tables.as_of)

    Attributes:
        states: One row per customer, one column per day: the stage, or not_yet before the first purchase.
        spec: How they were made.
        as_of: Last day that counts.
        length: Days from the first purchase to the last day.
    """

    states: pd.DataFrame = field(repr=False)
    spec: LifecycleMoves
    as_of: date
    length: int

    name: ClassVar[str] = "lifecycle_moves"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%"}

    @property
    def days(self) -> tuple[date, ...]:
        """Last days of the windows, in order.

        >>> len(moves.days)
        5
        """
        return tuple(self.states.columns)

    @property
    def pairs(self) -> tuple[tuple[date, date], ...]:
        """Neighbouring days.

        >>> len(moves.pairs)
        4
        """
        return tuple(zip(self.days[:-1], self.days[1:], strict=True))

    def refusal(self) -> Message | None:
        """Why no move can be seen, or ``None``.

        >>> moves.refusal() is None
        True
        """
        needed = {"days": self.length, "needed": 3 * self.spec.rule.window_days}
        return None if self.pairs else Message("segments.stage_move.too_short", needed)

    def to_frame(self) -> pd.DataFrame:
        """One row per window (latest first) and move: moved, customers at the start, share (0-1) with interval.

        >>> list(moves.to_frame())
        ['from_day', 'to_day', 'from_stage', 'to_stage', 'moved', 'customers', 'share', 'lo', 'hi']
        """
        windows = [self._window(*pair) for pair in reversed(self.pairs)]
        return pd.concat(windows, ignore_index=True) if windows else pd.DataFrame(columns=list(_MOVES))

    def _window(self, start: date, end: date) -> pd.DataFrame:
        seen = self.states[self.states[end] != "not_yet"]
        counts = pd.crosstab(seen[start], seen[end]).reindex(index=list(STARTS), columns=list(STAGES), fill_value=0)
        rows = (
            counts.rename_axis("from_stage").reset_index().melt("from_stage", var_name="to_stage", value_name="moved")
        )
        rows["customers"] = rows.groupby("from_stage")["moved"].transform("sum")
        rows = rows[rows["customers"] > 0].reset_index(drop=True)
        rows.insert(0, "from_day", start)
        rows.insert(1, "to_day", end)
        return _with_shares(rows)

    def last_moves(self) -> pd.DataFrame:
        """The latest window: rows from, columns to, shares that sum to 1.

        >>> moves.last_moves().sum(axis=1).round(9).unique().tolist()
        [1.0]
        """
        frame = self.to_frame()
        last = frame[frame["to_day"] == self.as_of]
        wide = last.pivot_table(index="from_stage", columns="to_stage", values="share")
        return wide.reindex(index=[s for s in STARTS if s in wide.index], columns=list(STAGES))

    def silence(self) -> pd.DataFrame:
        """Who fell silent and who came back, window by window (latest first), with intervals.

        >>> moves.silence()[["move", "to_day", "moved", "customers"]].head(2).to_dict("records")[1]["move"]
        'came_back'

        Returns:
            ``fell_silent``: of those not dormant or lost at the start, who are at the end; ``came_back``: of those
            who are at the start, who are not at the end.
        """
        rows = []
        for start, end in reversed(self.pairs):
            for move in _KINDS:
                did, could = self._did(move, start, end)
                rows.append((start, end, move, int(did.sum()), int(could.sum())))
        frame = pd.DataFrame(rows, columns=["from_day", "to_day", "move", "moved", "customers"])
        return _with_shares(frame[frame["customers"] > 0].reset_index(drop=True))

    def change(self, move: str) -> MoveDifference | None:
        """The latest share less that of the earlier windows pooled, customers being the unit.

        >>> moves.change("fell_silent").ci.level
        0.95

        Args:
            move: ``fell_silent`` or ``came_back``.

        Returns:
            None where there is no earlier window, or nobody could have made the move.
        """
        (now, could), *earlier = [self._did(move, *pair) for pair in reversed(self.pairs)]
        before = sum((did for did, _ in earlier), np.zeros(len(now)))
        base = sum((could for _, could in earlier), np.zeros(len(now)))
        return share_difference((now, before), (could, base)) if could.sum() and base.sum() else None

    def _did(self, move: str, start: date, end: date) -> tuple[np.ndarray, np.ndarray]:
        """Per customer 1 for who made the move, and for who could have."""
        from_, to = _KINDS[move]
        could = self.states[start].isin(from_).to_numpy(dtype=np.float64)
        return could * self.states[end].isin(to).to_numpy(dtype=np.float64), could

    def shown(self) -> pd.DataFrame:
        """`silence` in words.

        >>> moves.shown()["move"].unique().tolist()
        ['fell silent', 'came back']
        """
        frame = self.silence()
        return frame.assign(move=[Message(f"segments.stage_move.{move}").text() for move in frame["move"]])

    def readout(self) -> Readout:
        """Who fell silent in the latest window, whether that is unusual, and what to do.

        >>> print(moves.readout().finding)
        Of 893 customers who were active on 1998-03-31, 12.9% [10.8%, 15.2%] were dormant or lost ...
        """
        of, refused = "segments.stage_move", self.refusal()
        if refused is not None:
            return Readout(refused, Message(f"{of}.by_rule"), Message(f"{of}.wait"))
        rows = self.silence()
        last = rows[rows["to_day"] == self.as_of].set_index("move")
        values = {"start": self.pairs[-1][0], "end": self.as_of, "windows": len(self.pairs) - 1}
        if "fell_silent" not in last.index:
            return Readout(Message(f"{of}.nobody_active", values), Message(f"{of}.by_rule"), Message(f"{of}.action"))
        fell, back = (_numbers(last, move) for move in _KINDS)
        key = "finding" if back["n"] else "finding_no_silent"
        finding = Message(f"{of}.{key}", values | fell | {f"back_{name}": value for name, value in back.items()})
        return Readout(finding, self._certainty(values), Message(f"{of}.action"))

    def _certainty(self, values: Mapping[str, object]) -> Message:
        found = self.change("fell_silent")
        if found is None:
            return Message("segments.stage_move.one_window", values)
        key = "same" if found.ci.lo <= 0 <= found.ci.hi else "changed"
        points = {"change": 100 * found.value, "lo": 100 * found.ci.lo, "hi": 100 * found.ci.hi}
        return Message(f"segments.stage_move.{key}", {**values, **points})

    def facts(self) -> tuple[Fact, ...]:
        """Shares that fell silent and came back in the latest window.

        >>> [fact.id for fact in moves.facts()]
        ['lifecycle_moves.fell_silent', 'lifecycle_moves.came_back']
        """
        rows = self.silence()
        last = rows[rows["to_day"] == self.as_of]
        return tuple(
            Fact(
                f"lifecycle_moves.{row['move']}",
                Message(f"segments.stage_move.{row['move']}"),
                row["share"],
                "share",
                ci=Interval(row["lo"], row["hi"]),
                kind="estimate",
                n=row["customers"],
                window=Message("segments.about.from_to", {"start": row["from_day"], "end": row["to_day"]}),
                denominator=Message(f"segments.stage_move.of_{row['move']}"),
            )
            for row in last.to_dict("records")
        )


def start_name(stage: str) -> Message:
    """What readers call a stage, or the state before the first purchase."""
    return Message("segments.stage_move.not_yet") if stage == "not_yet" else stage_name(stage)


def _length(known: pd.DataFrame, last: date) -> int:
    return (last - known["date"].min().date()).days + 1


def _with_shares(rows: pd.DataFrame) -> pd.DataFrame:
    lo, hi = wilson(rows["moved"].to_numpy(), rows["customers"].to_numpy())
    return rows.assign(share=rows["moved"] / rows["customers"], lo=lo, hi=hi)


def _numbers(last: pd.DataFrame, move: str) -> dict[str, float]:
    names: Sequence[str] = ("share", "lo", "hi")
    if move not in last.index:
        return {"n": 0}
    row = last.loc[move]
    return {**{name: float(row[name]) for name in names}, "n": int(row["customers"]), "moved": int(row["moved"])}
