"""What is odd in a ledger of points that can be read all the same: each named, with rows, members and points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Integers
from crm_lab.loyalty.points.ledger_rows import LedgerRows
from crm_lab.loyalty.points.ledger_settling import Settled
from crm_lab.loyalty.points.lots.lot_allocation import BY_DATE
from crm_lab.loyalty.points.lots.point_events import PointEvents
from crm_lab.loyalty.points.lots.point_kinds import NEVER, REDEEM, REVERSE, UNKNOWN, USES

_SOME, _FAR = 30, 10  # redemptions from which their size is looked at; how many times smaller they must be
_COLUMNS = ("breach", "handled", "rows", "members", "points")


@dataclass(frozen=True)
class LedgerBreach:
    """One thing that is odd in a ledger.

    Attributes:
        breach: Its name.
        handled: What was done with it.
        rows: Rows with it.
        members: Members with it.
        points: Points in those rows that are concerned.
    """

    breach: str
    handled: str
    rows: int
    members: int
    points: int


def breach_table(found: list[LedgerBreach]) -> pd.DataFrame:
    """Breaches as a table, those with no row left out.

    >>> breach_table([LedgerBreach("copy", "set_aside", 2, 1, 50)])["rows"].tolist()
    [2]

    Args:
        found: The breaches.

    Returns:
        One row each: `breach`, `handled`, `rows`, `members`, `points`.
    """
    return pd.DataFrame(
        [[getattr(b, name) for name in _COLUMNS] for b in found if b.rows], columns=list(_COLUMNS)
    ).astype({"breach": "str", "handled": "str", "rows": np.int64, "members": np.int64, "points": np.int64})


def repeated(frame: pd.DataFrame) -> Booleans:
    """Rows that say of an order what an earlier row said: same member, day, kind, points and order.

    >>> twice = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "a"],
    ...         "date": pd.to_datetime(["2024-01-01"] * 2),
    ...         "kind": ["earn"] * 2,
    ...         "points": [10, 10],
    ...         "order_id": ["o1", "o1"],
    ...     }
    ... )
    >>> repeated(twice).tolist()
    [False, True]

    Args:
        frame: Rows of a ledger.

    Returns:
        Which of them, shape (rows,).
    """
    if "order_id" not in frame:
        return np.zeros(len(frame), dtype=bool)
    same = frame.duplicated(["customer_id", "date", "kind", "points", "order_id"])
    return np.asarray(same & frame["order_id"].notna() & (frame["points"] != 0), dtype=bool)


def oddities(rows: LedgerRows, settled: Settled, as_of: int, *, by_date: bool) -> list[LedgerBreach]:
    """What is odd in a settled ledger.

    Args:
        rows: As read.
        settled: Its events and lots.
        as_of: Last day.
        by_date: Whether lots expire by their last day.

    Returns:
        One each, those with no row too.
    """
    events, lots = settled.events, settled.allocation
    day = np.where(lots.use_event >= 0, events.day[lots.use_event], NEVER)
    due = lots.lot_expires[lots.use_lot]
    written = lots.use_event != BY_DATE
    dated = (due != NEVER) & (due != UNKNOWN)
    redeemed = lots.use_of == USES.index("redeem")
    expired = lots.use_of == USES.index("expire")
    left = (lots.lot_expires < as_of) & (lots.lot_expires != UNKNOWN) & (lots.active + lots.pending > 0)
    lacks = (lots.lot_expires == NEVER) & (lots.lot_event >= 0)
    some_dated = bool((lots.lot_expires[lots.lot_event >= 0] != NEVER).any())
    had = settled.opening + settled.opening_pending
    late = written & redeemed & dated & (day > due)
    early = written & expired & dated & (day < due)
    backwards = _backwards(events)
    over = _beyond_order(events)
    return [
        _of_members("order_of_day", "credits_first", settled.reordered, np.zeros(events.members, dtype=np.int64)),
        _of_members("begins_in_the_middle", "opening_lot", had > 0, had),
        _of_events("out_of_order", "sorted_by_date", events, backwards, events.points),
        _of_events("reversed_beyond_order", "other_lots", events, over > 0, over),
        _of_lots("missing_expiry", "never_expires", lots.lot_member, lacks & some_dated, lots.lot_points),
        _of_lots("past_due", "kept_active", lots.lot_member, left & (not by_date), lots.active + lots.pending),
        _of_lots("redeemed_after_expiry", "counted_redeemed", lots.lot_member[lots.use_lot], late, lots.use_points),
        _of_lots("expired_early", "as_written", lots.lot_member[lots.use_lot], early, lots.use_points),
        _of_events("small_redemptions", "as_written", events, _small_redemptions(events), events.points),
        *_transfers(rows.frame),
    ]


def _of_members(breach: str, handled: str, which: Booleans, points: Integers) -> LedgerBreach:
    n = int(which.sum())
    return LedgerBreach(breach, handled, n, n, int(points[which].sum()))


def _of_events(breach: str, handled: str, events: PointEvents, which: Booleans, points: Integers) -> LedgerBreach:
    return _of_lots(breach, handled, events.member, which, np.abs(points))


def _of_lots(breach: str, handled: str, member: Integers, which: Booleans, points: Integers) -> LedgerBreach:
    return LedgerBreach(
        breach, handled, int(which.sum()), int(np.unique(member[which]).size), int(points[which].sum())
    )  # fmt: skip


def _small_redemptions(events: PointEvents) -> Booleans:
    """All redemptions, where they are usually far smaller than what one order earns: money, perhaps, and no points."""
    redeems, earns = events.kind == REDEEM, events.creates & (events.points > 0)
    if redeems.sum() < _SOME or not earns.any():
        return np.zeros(len(events), dtype=bool)
    small = -np.median(events.points[redeems]) * _FAR < np.median(events.points[earns])
    return np.asarray(redeems & bool(small))


def _backwards(events: PointEvents) -> Booleans:
    """Events whose number is smaller than that of the one before them, though their day is later."""
    later = np.zeros(len(events), dtype=bool)
    same = events.member[1:] == events.member[:-1]
    later[1:] = same & (events.event[1:] < events.event[:-1]) & (events.day[1:] > events.day[:-1])
    return later


def _beyond_order(events: PointEvents) -> Integers:
    """Points of each reversal by which its order has given back more than it had earned so far."""
    over = np.zeros(len(events), dtype=np.int64)
    named = events.order >= 0
    back = np.flatnonzero((events.kind == REVERSE) & named)
    if not back.size:
        return over
    earned = np.flatnonzero(events.creates & named)
    places = np.sort(np.concatenate([back, earned]))
    pair = events.pairs(places)
    rank = np.argsort(pair, kind="stable")
    places, pair = places[rank], pair[rank]
    total = np.cumsum(events.points[places])
    starts = np.concatenate([[True], pair[1:] != pair[:-1]])
    before = (total - events.points[places])[starts]
    balance = total - np.repeat(before, np.diff(np.append(np.flatnonzero(starts), len(pair))))
    takes = events.kind[places] == REVERSE
    over[places[takes]] = np.minimum(np.maximum(-balance[takes], 0), -events.points[places[takes]])
    return over


def _transfers(frame: pd.DataFrame) -> list[LedgerBreach]:
    """Transfers of which the other side is missing or has other points."""
    moved = frame[(frame["kind"] == "transfer") & (frame["points"] != 0)]
    if not len(moved):
        return []
    sides = ["customer_id", "counterpart_id"] if "counterpart_id" in moved else []
    if sides and moved["counterpart_id"].notna().all():
        out = moved["points"] < 0
        giver = moved["customer_id"].where(out, moved["counterpart_id"].astype("str"))
        taker = moved["counterpart_id"].astype("str").where(out, moved["customer_id"])
        net = moved["points"].groupby([giver.to_numpy(), taker.to_numpy(), moved["date"].to_numpy()]).transform("sum")
        open_side = net.to_numpy() != 0
        gap = (
            int(
                net[open_side]
                .groupby([giver[open_side], taker[open_side], moved["date"][open_side]])
                .first()
                .abs()
                .sum()
            )
            if open_side.any()
            else 0
        )
    else:
        net = moved["points"].groupby(moved["date"]).transform("sum")
        open_side = net.to_numpy() != 0
        gap = int(moved["points"].groupby(moved["date"]).sum().abs().sum())
    return [
        LedgerBreach(
            "transfers_open",
            "as_written",
            int(open_side.sum()),
            int(moved.loc[open_side, "customer_id"].nunique()),
            gap,
        )
    ]
