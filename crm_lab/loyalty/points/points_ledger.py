"""The ledger of points: lots with issue and expiry, what is left of them and where the rest went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import pandas as pd

from crm_lab.calendar import day_number
from crm_lab.checks import BadInput, check_settings, not_among
from crm_lab.loyalty.points.ledger_breaches import LedgerBreach, breach_table, oddities, repeated
from crm_lab.loyalty.points.ledger_files import LedgerFile, ahead
from crm_lab.loyalty.points.ledger_result import PointsLedgerResult
from crm_lab.loyalty.points.ledger_rows import LedgerRows, read_ledger
from crm_lab.loyalty.points.ledger_settling import BelowZero, Settled, ShortPoints, settle
from crm_lab.loyalty.points.ledger_totals import LedgerSum, LedgerTotals
from crm_lab.loyalty.points.lots.lot_allocation import Order
from crm_lab.loyalty.points.lots.point_kinds import EXPIRE, NEVER
from crm_lab.loyalty.points.point_scale import converted, monthly_medians, scale_change

Expiry = Literal["auto", "written", "by_date"]
_ORDERS = ("fifo", "soonest", "lifo")


@dataclass(frozen=True)
class PointsLedger:
    """Follow every point from its issue to its end.

    >>> rewards = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "a", "a", "b"],
    ...         "event": [1, 2, 3, 1],
    ...         "date": pd.to_datetime(["2024-01-05", "2024-02-01", "2024-03-01", "2024-01-09"]),
    ...         "kind": ["earn", "earn", "redeem", "earn"],
    ...         "points": [100, 50, -120, 80],
    ...     }
    ... )
    >>> ledger = PointsLedger().analyze(rewards, as_of="2024-12-31")
    >>> ledger.balances()[["customer_id", "earned", "redeemed", "active"]].to_dict("list")
    {'customer_id': ['a', 'b'], 'earned': [150, 80], 'redeemed': [120, 0], 'active': [30, 80]}

    Attributes:
        order: Which lots a redemption takes first: ``fifo`` the oldest, ``soonest`` those that expire first, ``lifo``
            the youngest.
        expiry: ``written``: points expire by the ledger's expire events; ``by_date``: the day after their last day;
            ``auto``: written if there is any such event.
        below_zero: What becomes of members whose balance falls below zero: ``refuse``; ``set_aside`` leaves them out;
            ``opening`` gives them the points they must have had before, as a lot of unknown age.
        repeats: Whether rows that say of an order what an earlier row said are kept or ``set_aside``; either way they
            are counted.
        scale_changes: First day of a new scale of points to what one old point is in new ones, such as 100, or 0.01; a
            jump that nobody has named is refused. ``{}`` says that there is none.
    """

    order: Order = "fifo"
    expiry: Expiry = "auto"
    below_zero: BelowZero = "refuse"
    repeats: Literal["keep", "set_aside"] = "keep"
    scale_changes: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        """Refuse settings without a meaning."""
        check_settings(
            self,
            not_among(self, order=_ORDERS),
            not_among(self, expiry=("auto", "written", "by_date")),
            not_among(self, below_zero=("refuse", "set_aside", "opening")),
            not_among(self, repeats=("keep", "set_aside")),
        )

    def analyze(self, rewards: pd.DataFrame, as_of: str | date) -> PointsLedgerResult:
        """Allocate every event of a ledger to lots.

        >>> PointsLedger(order="lifo").analyze(rewards, as_of="2024-12-31").uses()["points"].tolist()
        [70, 50]

        Args:
            rewards: The contract's table ``rewards``: one row per event.
            as_of: Last day that counts; later rows are not known yet and are counted.

        Returns:
            Balances, lots and uses, and what is odd in the ledger.

        Raises:
            BadInput: With everything that cannot be reconciled, and counts.
        """
        end = day_number(as_of)
        rows = read_ledger(rewards, end)
        rows, scaled = self._in_one_scale(rows)
        breaches = [_breach(rows.quarantine, "copy", "set_aside"), scaled]
        twice = repeated(rows.frame)
        breaches.append(_breach(rows.frame[twice], "repeated", self.repeats))
        if self.repeats == "set_aside":
            rows = rows.without(twice, "repeated")
        by_date = self._by_date(
            written=bool((rows.events.kind == EXPIRE).any()), dated=bool((rows.events.expires != NEVER).any())
        )
        rows, settled = self._settled(rows, end, by_date=by_date)
        breaches.append(_breach(rows.quarantine[rows.quarantine["reason"] == "below_zero"], "below_zero", "set_aside"))
        breaches += oddities(rows, settled, end, by_date=by_date)
        return PointsLedgerResult(
            rows=rows, settled=settled, order=self.order, by_date=by_date, breaches=breach_table(breaches), end=end
        )

    def analyze_file(self, source: Path | str | duckdb.DuckDBPyRelation, as_of: str | date) -> LedgerTotals:
        """Allocate every event of a ledger of any size, some members after the others.

        Args:
            source: Path of a Parquet file, or a DuckDB relation, with the columns of the contract's table ``rewards``.
                Rows of a customer that stand together are read as they are; otherwise they are sorted first.
            as_of: Last day that counts.

        Returns:
            Points by part, and the redemption triangle.

        Raises:
            BadInput: With everything that cannot be reconciled, and counts.
        """
        end = day_number(as_of)
        file = LedgerFile(source, end)
        if self.scale_changes:
            raise BadInput("scale_changes are for frames; give a relation in which points have one scale.")
        if self.scale_changes is None and (change := scale_change(file.monthly_medians())):
            raise BadInput("The ledger of points", [str(change)])
        by_date = self._by_date(written="expire" in file.kinds, dated=file.dated > 0)
        total, short = LedgerSum(file.first, end), ShortPoints()
        for events, _ in ahead(file.parts()):
            lenient = "opening" if self.below_zero == "refuse" else self.below_zero
            settled = settle(events, self.order, end, by_date=by_date, below_zero=lenient)
            aside = settled.broken[settled.events.member] & (self.below_zero == "set_aside")
            gone = int(np.abs(settled.events.points[aside]).sum())
            if aside.any():
                kept = settled.events.take(np.flatnonzero(~aside))
                settled = settle(kept, self.order, end, by_date=by_date, below_zero="refuse")
            if self.below_zero == "refuse":
                short.add(settled)
            total.add(settled, int(aside.sum()), gone)
        short.raise_any()
        return total.total(file.later)

    def _by_date(self, *, written: bool, dated: bool) -> bool:
        if self.expiry == "by_date" and not dated:
            raise BadInput("Points are to expire by date, and no row of the ledger has expires_on.")
        if self.expiry == "by_date" and written:
            raise BadInput(
                "Points are to expire by date, and the ledger has expire events as well; both would expire them twice. "
                "Take expiry='written', which compares the two."
            )
        return self.expiry == "by_date" or (self.expiry == "auto" and not written)

    def _in_one_scale(self, rows: LedgerRows) -> tuple[LedgerRows, LedgerBreach]:
        """The ledger with points of one scale, and what was converted.

        Raises:
            BadInput: If the scale changes and nobody has said so.
        """
        if self.scale_changes is None and (change := scale_change(monthly_medians(rows.frame))):
            raise BadInput("The ledger of points", [str(change)])
        if not self.scale_changes:
            return rows, LedgerBreach("scale_changed", "converted", 0, 0, 0)
        frame, n = converted(rows.frame, self.scale_changes)
        other = (frame["points"] != rows.frame["points"]).to_numpy()
        members = int(frame.loc[other, "customer_id"].nunique())
        moved = int((frame["points"] - rows.frame["points"]).abs().sum())
        return rows.with_points(frame["points"]), LedgerBreach("scale_changed", "converted", n, members, moved)

    def _settled(self, rows: LedgerRows, end: int, *, by_date: bool) -> tuple[LedgerRows, Settled]:
        settled = settle(rows.events, self.order, end, by_date=by_date, below_zero=self.below_zero)
        if self.below_zero != "set_aside" or not settled.broken.any():
            return rows, settled
        broken = np.zeros(len(rows.frame), dtype=bool)
        broken[rows.events.row] = settled.broken[rows.events.member]
        rows = rows.without(broken, "below_zero")
        return rows, settle(rows.events, self.order, end, by_date=by_date, below_zero="refuse")


def _breach(rows: pd.DataFrame, breach: str, handled: str) -> LedgerBreach:
    return LedgerBreach(
        breach, handled, len(rows), int(rows["customer_id"].nunique()), int(rows["points"].abs().sum())
    )  # fmt: skip
