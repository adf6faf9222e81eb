"""A ledger of points with every point accounted for: balances, lots and uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers, Positions
from crm_lab.calendar import day_date
from crm_lab.loyalty.points.ledger_rows import LedgerRows
from crm_lab.loyalty.points.ledger_settling import Settled
from crm_lab.loyalty.points.ledger_totals import IN, OUT, points_by_member, sums
from crm_lab.loyalty.points.lots.lot_allocation import BY_DATE, Order
from crm_lab.loyalty.points.lots.point_kinds import KINDS, LEFT_AS, NEVER, UNKNOWN, USES
from crm_lab.loyalty.points.redeemed_by_month import redeemed_by_month
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

_S = "points.ledger"
_ENDED = np.array([*LEFT_AS.values(), "open"], dtype=object)


@dataclass(frozen=True, eq=False)
class PointsLedgerResult(Result):
    """A ledger with lots.

    >>> from crm_lab.loyalty.points import PointsLedger
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

    Attributes:
        rows: The ledger as read, with what was set aside.
        settled: Events, lots and uses as arrays.
        order: Which lots were redeemed first.
        by_date: Whether lots expired by their last day, without an event.
        breaches: What is odd: `breach`, `handled`, `rows`, `members`, `points`.
        end: Last day, days since 1970-01-01.
    """

    name: ClassVar[str] = "points_ledger"
    formats: ClassVar[Mapping[str, str]] = {"rows": ",.0f", "members": ",.0f", "points": ",.0f"}
    words: ClassVar[Mapping[str, str]] = {
        "part": f"{_S}.part_", "breach": f"{_S}.breach_", "handled": f"{_S}.handled_",
    }  # fmt: skip
    rows: LedgerRows
    settled: Settled
    order: Order
    by_date: bool
    breaches: pd.DataFrame
    end: int

    @property
    def as_of(self) -> date:
        """Last day that counts.

        >>> ledger.as_of
        datetime.date(2024, 12, 31)
        """
        return day_date(self.end)

    @cached_property
    def _sums(self) -> dict[str, Integers]:
        """Points by member; those that came in from events, those that are left or went from lots."""
        return points_by_member(self.settled.events, self.settled)

    def balances(self) -> pd.DataFrame:
        """Points of each member: what came in equals what is left and what went.

        >>> ledger.balances().query("customer_id == 'a'")["active"].item()
        30

        Returns:
            One row per member: `customer_id`, what came in (`opening`, `earned`, `adjusted`, `transferred`), what is
            left (`active`, `pending`) and what went (`redeemed`, `expired`, `reversed`).
        """
        return pd.DataFrame({"customer_id": self.rows.members.to_numpy(), **self._sums})

    @property
    def unbalanced(self) -> int:
        """Members whose points that came in are not exactly those that are left and that went.

        >>> ledger.unbalanced
        0
        """
        came, went = (sum(self._sums[name] for name in names) for names in (IN, OUT))
        return int(np.count_nonzero(came - went))

    def lots(self) -> pd.DataFrame:
        """Every lot, in order within members.

        >>> ledger.lots()[["customer_id", "points", "redeemed", "active", "ended"]].iloc[:1].to_dict("list")
        {'customer_id': ['a'], 'points': [100], 'redeemed': [100], 'active': [0], 'ended': ['redeemed']}

        Returns:
            One row per lot: `customer_id`, `lot` (number of the event that made it; -1 for points from before the
            ledger begins), `kind`, `issued_on` and `expires_on` (missing where unknown, or where it never expires),
            `order_id`, `channel`, `points`, what is left (`active`, `pending`), what went (`redeemed`, `expired`,
            `reversed`, `adjusted_out`, `transferred_out`), `ended_on` (day on which nothing was left) and `ended` (how
            the last of it went; ``open`` if some is left).
        """
        return self._lots.copy()

    def uses(self) -> pd.DataFrame:
        """Which lot gave how many points to which event.

        >>> ledger.uses()[["lot", "event", "points", "age_days"]].to_dict("list")
        {'lot': [1, 2], 'event': [3, 3], 'points': [100, 20], 'age_days': [56.0, 29.0]}

        Returns:
            One row per lot and event: `customer_id`, `lot`, `event` (number of the event; -1 where the lot's last day
            passed without one), `date`, `kind` (of `USES`), `points` (above 0), `issued_on`, `expires_on`, `age_days`
            and `order_id` (of the event).
        """
        return self._uses.copy()

    @cached_property
    def _use_day(self) -> Integers:
        events, lots = self.settled.events, self.settled.allocation
        by_date = lots.use_event == BY_DATE
        return np.where(by_date, lots.lot_expires[lots.use_lot] + 1, events.day[lots.use_event])

    @cached_property
    def _lots(self) -> pd.DataFrame:
        events, lots = self.settled.events, self.settled.allocation
        n, made = len(lots.lot_points), lots.lot_event >= 0
        row = events.row[lots.lot_event]
        last, how = np.full(n, NEVER), np.full(n, len(USES))
        place = np.where(lots.use_event == BY_DATE, len(events), lots.use_event)
        final = np.lexsort((place, self._use_day, lots.use_lot))
        last[lots.use_lot[final]] = self._use_day[final]  # of several, the last one stays
        how[lots.use_lot[final]] = lots.use_of[final]
        done = (lots.active + lots.pending) == 0
        frame = pd.DataFrame({
            "customer_id": self.rows.members.to_numpy()[lots.lot_member],
            "lot": np.where(made, events.event[lots.lot_event], -1),
            "kind": np.where(made, np.array(KINDS, dtype=object)[events.kind[lots.lot_event]], "opening"),
            "issued_on": _dates(np.where(made, events.day[lots.lot_event], NEVER)),
            "expires_on": _dates(np.where(lots.lot_expires == UNKNOWN, NEVER, lots.lot_expires)),
            **{name: self._given(name, row, made) for name in ("order_id", "channel")},
            "points": lots.lot_points, "active": lots.active, "pending": lots.pending,
            **{
                LEFT_AS[kind]: sums(lots.use_lot[of], lots.use_points[of], n)
                for kind, of in ((kind, lots.use_of == USES.index(kind)) for kind in USES)
            },
            "ended_on": _dates(np.where(done, last, NEVER)),
            "ended": _ENDED[np.where(done, how, len(USES))],
        })  # fmt: skip
        rank = np.lexsort((np.where(made, lots.lot_event, -1), lots.lot_member))
        return frame.iloc[rank].astype({"kind": "str", "ended": "str"}).reset_index(drop=True)

    def _given(self, name: str, row: Positions, made: Any) -> pd.Series:
        """A column of the ledger for the rows of lots or events; missing where they have none."""
        if name not in self.rows.frame:
            return pd.Series([pd.NA] * len(row), dtype="str")
        return self.rows.frame[name].iloc[row].reset_index(drop=True).where(made)

    @cached_property
    def _uses(self) -> pd.DataFrame:
        events, lots = self.settled.events, self.settled.allocation
        of = lots.lot_event[lots.use_lot]
        made, written = of >= 0, lots.use_event != BY_DATE
        issued = np.where(made, events.day[of], NEVER)
        expires = lots.lot_expires[lots.use_lot]
        frame = pd.DataFrame({
            "customer_id": self.rows.members.to_numpy()[lots.lot_member[lots.use_lot]],
            "lot": np.where(made, events.event[of], -1),
            "event": np.where(written, events.event[lots.use_event], -1),
            "date": _dates(self._use_day),
            "kind": np.array(USES, dtype=object)[lots.use_of],
            "points": lots.use_points,
            "issued_on": _dates(issued),
            "expires_on": _dates(np.where(expires == UNKNOWN, NEVER, expires)),
            "age_days": np.where(made, self._use_day - issued, np.nan),
            "order_id": self._given("order_id", events.row[lots.use_event], written),
        })  # fmt: skip
        rank = np.lexsort((of, np.where(written, lots.use_event, NEVER), self._use_day, lots.lot_member[lots.use_lot]))
        return frame.iloc[rank].astype({"kind": "str"}).reset_index(drop=True)

    def redeemed_by_month(self, kind: str = "redeem") -> pd.DataFrame:
        """The redemption triangle: points by month of issue and age in months.

        >>> ledger.redeemed_by_month().query("points > 0")[["age", "points", "issued"]].to_dict("list")
        {'age': [2, 1], 'points': [100, 20], 'issued': [180, 50]}

        Args:
            kind: Of the uses, ``redeem`` unless given.

        Returns:
            As `redeemed_by_month` gives it.
        """
        return redeemed_by_month(self._lots, self._uses, self.as_of, kind=kind)

    def quarantine(self) -> pd.DataFrame:
        """Rows that were set aside, with their `reason`.

        >>> len(ledger.quarantine())
        0
        """
        return self.rows.quarantine.copy()

    def to_frame(self) -> pd.DataFrame:
        """Where the points came from and went, in total.

        >>> ledger.to_frame().set_index("part")["points"].to_dict()["redeemed"]
        120

        Returns:
            One row per part: `part`, `members` with any, `points`.
        """
        parts = [(name, self._sums[name]) for name in (*IN, *OUT)]
        return pd.DataFrame({
            "part": pd.array([name for name, _ in parts], dtype="str"),
            "members": [int(np.count_nonzero(points)) for _, points in parts],
            "points": [int(points.sum()) for _, points in parts],
        })  # fmt: skip

    def facts(self) -> tuple[Fact, ...]:
        """Points by part, members, and the checks.

        >>> [fact.id for fact in ledger.facts()][:2]
        ['points.members', 'points.earned']
        """
        until = Message(f"{_S}.until", {"day": self.as_of.isoformat()})
        parts = self.to_frame().set_index("part")["points"]
        shown = [name for name in (*IN, *OUT) if name in ("earned", "active", "redeemed") or parts[name]]
        aside = self.rows.quarantine
        return (
            Fact("points.members", f"{_S}.fact_members", len(self.rows.members), "customers", window=until),
            *(
                Fact(f"points.{name}", f"{_S}.part_{name}", int(parts[name]), "points", window=until,
                     definition=f"{_S}.definition_{name}")
                for name in sorted(shown, key=lambda name: name != "earned")
            ),
            Fact("points.unbalanced", f"{_S}.fact_unbalanced", self.unbalanced, "customers", better="down",
                 definition=f"{_S}.definition_unbalanced"),
            Fact("points.set_aside", f"{_S}.fact_set_aside", len(aside), "rows", better="down", window=until),
        )  # fmt: skip

    def readout(self) -> Readout:
        """What the ledger holds, how it was read, and what to look at.

        >>> print(ledger.readout().finding)
        Members earned 230 points; 120 are redeemed, 0 expired, and 110 can be redeemed on 2024-12-31.
        """
        parts = {name: int(self._sums[name].sum()) for name in (*IN, *OUT)}
        order = Message(f"{_S}.order_{self.order}")
        expiry = Message(f"{_S}.expiry_{'by_date' if self.by_date else 'written'}")
        values: dict[str, Any] = {
            **parts, "day": self.as_of.isoformat(), "order": order, "expiry": expiry, "unbalanced": self.unbalanced,
            "rows": len(self.rows.frame), "aside": len(self.rows.quarantine), "breaches": len(self.breaches),
            "members": len(self.rows.members),
        }  # fmt: skip
        if len(self.breaches):
            worst = self.breaches.sort_values("points").iloc[-1]
            values["worst"] = Message(f"{_S}.breach_{worst['breach']}")
            values["worst_rows"] = int(worst["rows"])
        return Readout.of(
            _S, values, "finding", "certainty" if not self.unbalanced else "certainty_unbalanced",
            "action_breaches" if len(self.breaches) else "action_none",
        )  # fmt: skip


def _dates(days: Integers) -> pd.Series:
    """Days since 1970-01-01 as dates, missing where they are no day."""
    known = np.abs(days) < NEVER
    return pd.Series(np.where(known, days, 0).astype("datetime64[D]").astype("datetime64[s]")).where(known)
