"""What a ledger of any size comes to: points by part, and the redemption triangle, added up part by part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.calendar import day_date
from crm_lab.loyalty.points.ledger_settling import Settled
from crm_lab.loyalty.points.lots.lot_allocation import BY_DATE
from crm_lab.loyalty.points.lots.point_events import PointEvents
from crm_lab.loyalty.points.lots.point_kinds import ADJUST, EARN, PENDING, TRANSFER, USES
from crm_lab.loyalty.points.redeemed_by_month import triangle_frame

IN = ("opening", "earned", "adjusted", "transferred")
OUT = ("active", "pending", "redeemed", "expired", "reversed")
_WENT = {"redeemed": "redeem", "expired": "expire", "reversed": "reverse"}
_WITHDRAWN = np.isin(USES, ("reverse", "adjust", "transfer"))


def points_by_member(events: PointEvents, settled: Settled) -> dict[str, Integers]:
    """Points of each member by part: what came in from events, what is left and what went from lots.

    Args:
        events: In the order of the settled ledger.
        settled: Its lots and uses.

    Returns:
        By part of `IN` and `OUT`, each shape (members,).
    """
    lots, n = settled.allocation, events.members
    cell = lots.lot_member[lots.use_lot] * len(USES) + lots.use_of
    used = sums(cell, lots.use_points, n * len(USES)).reshape(n, len(USES))
    came = sums(events.member * 8 + events.kind, events.points, n * 8).reshape(n, 8)
    return {
        "opening": settled.opening + settled.opening_pending,
        "earned": came[:, EARN] + came[:, PENDING],
        "adjusted": came[:, ADJUST],
        "transferred": came[:, TRANSFER],
        "active": sums(lots.lot_member, lots.active, n),
        "pending": sums(lots.lot_member, lots.pending, n),
        **{part: used[:, USES.index(kind)] for part, kind in _WENT.items()},
    }


def sums(index: Integers, points: Integers, n: int) -> Integers:
    """Sum of whole points by place, exactly.

    >>> sums(np.array([0, 2, 0]), np.array([1, 2, 3]), 3).tolist()
    [4, 0, 2]

    Args:
        index: Place of each.
        points: To add.
        n: Places.

    Returns:
        Sums, shape (n,).
    """
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, index, points)
    return total


@dataclass(frozen=True, eq=False)
class LedgerTotals:
    """A ledger of any size, added up.

    Attributes:
        rows: Events.
        members: Members.
        points: Points by part: what came in (`opening`, `earned`, `adjusted`, `transferred`), what is left (`active`,
            `pending`), what went (`redeemed`, `expired`, `reversed`).
        unbalanced: Members whose points do not add up.
        opening_members: Members who must have had points before the ledger begins.
        reordered: Members whose events of a day were put in another order.
        set_aside: Rows of members set aside.
        set_aside_points: Sum of the absolute points in those rows.
        later: Rows after the last day.
        as_of: Last day that counts.
        first_month: Month of the first event, since 1970-01.
        used: Points by kind of use (of `USES`), month of issue and age, shape (kinds, months, months).
        issued: Points by month of issue, shape (months,).
        withdrawn: Of them taken back, adjusted or transferred away, shape (months,).
    """

    rows: int
    members: int
    points: dict[str, int]
    unbalanced: int
    opening_members: int
    reordered: int
    set_aside: int
    set_aside_points: int
    later: int
    as_of: date
    first_month: int
    used: Integers
    issued: Integers
    withdrawn: Integers

    def to_frame(self) -> pd.DataFrame:
        """Points by part.

        Returns:
            One row per part: `part`, `points`.
        """
        return pd.DataFrame({"part": pd.array(list(self.points), dtype="str"), "points": list(self.points.values())})

    def redeemed_by_month(self, kind: str = "redeem") -> pd.DataFrame:
        """The redemption triangle: points by month of issue and age in months.

        Args:
            kind: Of the uses.

        Returns:
            As `redeemed_by_month` gives it.
        """
        months = np.flatnonzero(self.issued)
        ages = len(self.issued) - months
        start = np.repeat(months, ages)
        age = np.arange(len(start)) - np.repeat(np.cumsum(ages) - ages, ages)
        return triangle_frame(
            start + self.first_month, age, self.used[USES.index(kind), start, age], self.issued[start],
            self.withdrawn[start], pd.Timestamp(self.as_of),
        )  # fmt: skip


class LedgerSum:
    """Adds the parts of a ledger up.

    Args:
        first: First day of the ledger.
        end: Last day that counts.
    """

    def __init__(self, first: int, end: int) -> None:
        self._first, self._end = first, end
        calendar = np.arange(first, end + 2).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        self._month, self._first_month = calendar - calendar[0], int(calendar[0])
        months = int(calendar[-2] - calendar[0]) + 1
        self._used = np.zeros((len(USES), months + 1, months + 1), dtype=np.int64)
        self._issued = np.zeros(months + 1, dtype=np.int64)
        self._points = dict.fromkeys((*IN, *OUT), 0)
        self._counts = dict.fromkeys(
            ("rows", "members", "unbalanced", "opening_members", "reordered", "set_aside", "set_aside_points"), 0
        )

    def add(self, settled: Settled, aside: int, aside_points: int) -> None:
        """Add some members.

        Args:
            settled: Their events and lots.
            aside: Rows set aside.
            aside_points: Their points.
        """
        events, lots = settled.events, settled.allocation
        parts = points_by_member(events, settled)
        gaps = sum(parts[name] for name in IN) - sum(parts[name] for name in OUT)
        for name, points in parts.items():
            self._points[name] += int(points.sum())
        new = {
            "rows": len(events), "members": int(np.count_nonzero(np.diff(events.first))),
            "unbalanced": int(np.count_nonzero(gaps)), "opening_members": int(np.count_nonzero(parts["opening"])),
            "reordered": int(settled.reordered.sum()), "set_aside": aside, "set_aside_points": aside_points,
        }  # fmt: skip
        for name, n in new.items():
            self._counts[name] += n
        made = np.flatnonzero(lots.lot_event >= 0)
        month = np.full(len(lots.lot_event), -1, dtype=np.int64)
        month[made] = self._month[events.day[lots.lot_event[made]] - self._first]
        np.add.at(self._issued, month[made], lots.lot_points[made])
        issue = month[lots.use_lot]
        day = np.where(lots.use_event == BY_DATE, lots.lot_expires[lots.use_lot] + 1, events.day[lots.use_event])
        known = issue >= 0
        age = self._month[day[known] - self._first] - issue[known]
        n = self._used.shape[1]
        np.add.at(self._used.reshape(-1), (lots.use_of[known] * n + issue[known]) * n + age, lots.use_points[known])

    def total(self, later: int) -> LedgerTotals:
        """The sum.

        Args:
            later: Rows after the last day.

        Returns:
            Everything added up.
        """
        used = self._used[:, :-1, :-1]
        return LedgerTotals(
            points=dict(self._points), later=later, as_of=day_date(self._end), first_month=self._first_month, used=used,
            issued=self._issued[:-1], withdrawn=used[_WITHDRAWN].sum(axis=(0, 2)), **self._counts,
        )  # fmt: skip
