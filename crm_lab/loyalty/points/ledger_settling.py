"""Balances that fall below zero: the order of a day, points from before the ledger begins, members set aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from crm_lab.arrays import Booleans, Integers
from crm_lab.checks import BadInput
from crm_lab.loyalty.points.lots.lot_allocation import Allocation, Order, allocate
from crm_lab.loyalty.points.lots.point_events import PointEvents
from crm_lab.loyalty.points.lots.point_kinds import ACTIVATE, EXPIRE, KINDS, REVERSE

BelowZero = Literal["refuse", "set_aside", "opening"]
_SAYS = {
    "activate": "activate more points than were pending",
    "reverse": "take back more points than there were",
    "expire": "let more points expire than there were",
}


@dataclass(frozen=True, eq=False)
class Settled:
    """Events of which each finds its points.

    Attributes:
        events: In their order, which may differ within days.
        allocation: Of all of them.
        opening: Active points that members must have had before, shape (members,).
        opening_pending: Pending ones, shape (members,).
        reordered: Members whose events of a day were put in another order, shape (members,).
        broken: Members whose events do not find their points all the same, shape (members,).
        short: Points of each event that no lot could give, before anything was mended, shape (events,).
    """

    events: PointEvents
    allocation: Allocation
    opening: Integers
    opening_pending: Integers
    reordered: Booleans
    broken: Booleans
    short: Integers


def settle(events: PointEvents, order: Order, as_of: int, *, by_date: bool, below_zero: BelowZero) -> Settled:
    """Allocate all events; balances below zero are mended, marked or refused.

    >>> from crm_lab.loyalty.points.lots.point_kinds import NEVER
    >>> events = PointEvents.sorted(
    ...     member=np.zeros(2, int),
    ...     day=np.array([3, 4]),
    ...     event=np.array([1, 2]),
    ...     kind=np.array([3, 0]),
    ...     points=np.array([-30, 100]),
    ...     order=np.full(2, -1),
    ...     expires=np.full(2, NEVER),
    ...     members=1,
    ... )
    >>> settle(events, "fifo", 9, by_date=False, below_zero="opening").opening.tolist()
    [30]

    Args:
        events: Of all members.
        order: Which lots are redeemed first.
        as_of: Last day.
        by_date: Whether lots expire by their last day.
        below_zero: What becomes of members whose balance falls below zero.

    Returns:
        The settled ledger.

    Raises:
        BadInput: If balances fall below zero and that is refused.
    """
    none = np.zeros(events.members, dtype=np.int64)
    found = allocate(events, order, as_of, by_date=by_date)
    reordered = np.zeros(events.members, dtype=bool)
    if found.short.any():
        events, found, reordered = _credits_first(events, found, order, as_of, by_date=by_date)
    broken = _short_members(events, found)
    settled = Settled(events, found, none, none, reordered, broken, found.short)
    if not broken.any() or below_zero == "set_aside":
        return settled
    if below_zero == "refuse":
        points = ShortPoints()
        points.add(settled)
        points.raise_any()
    return _with_opening(settled, order, as_of, by_date=by_date)


def _short_members(events: PointEvents, found: Allocation) -> Booleans:
    broken = np.zeros(events.members, dtype=bool)
    broken[events.member[found.short > 0]] = True
    return broken


def _credits_first(
    events: PointEvents, found: Allocation, order: Order, as_of: int, *, by_date: bool
) -> tuple[PointEvents, Allocation, Booleans]:
    """Put what a day brings before what it takes, for the members to whom that gives their points."""
    short = _short_members(events, found)
    mine = np.flatnonzero(short[events.member])
    other = events.take(mine[_rank_of_credits_first(events, mine)])
    mended = short & ~_short_members(other, allocate(other, order, as_of, by_date=by_date))
    if not mended.any():
        return events, found, mended
    rank = np.arange(len(events))
    places = np.flatnonzero(mended[events.member])
    rank[places] = places[_rank_of_credits_first(events, places)]
    events = events.take(rank)
    return events, allocate(events, order, as_of, by_date=by_date), mended


def _rank_of_credits_first(events: PointEvents, places: Integers) -> Integers:
    takes = events.points[places] < 0
    released = events.kind[places] == ACTIVATE
    return np.lexsort((events.event[places], 2 * takes + released, events.day[places], events.member[places]))


def _with_opening(settled: Settled, order: Order, as_of: int, *, by_date: bool) -> Settled:
    """Give members the least they must have had before; with lots that expire by date that may take several rounds."""
    events, found = settled.events, settled.allocation
    active, pending = settled.opening.copy(), settled.opening_pending.copy()
    while found.short.any():
        released = events.kind == ACTIVATE
        np.add.at(pending, events.member[released], found.short[released])
        np.add.at(active, events.member[~released], found.short[~released])
        found = allocate(events, order, as_of, by_date=by_date, opening=(active, pending))
    return Settled(events, found, active, pending, settled.reordered, settled.broken, settled.short)


class ShortPoints:
    """Counts events that do not find their points, part by part of a ledger, and refuses them together."""

    def __init__(self) -> None:
        self._rows: dict[str, Integers] = {}
        self._members = np.zeros(2, dtype=np.int64)
        self._days: list[tuple[int, int, Integers]] = []

    def add(self, settled: Settled) -> None:
        """Count those of some members.

        Args:
            settled: Their events.
        """
        events, points = settled.events, settled.short
        self._members += [int(settled.broken.sum()), events.members]
        short = points > 0
        if not short.any():
            return
        made = np.cumsum(events.creates)
        before = made - np.concatenate([[0], made])[events.first[:-1]][events.member] > 0
        for code in np.unique(events.kind[short]):
            these = short & (events.kind == code)
            early = these & ~before
            self._add(KINDS[code], these, events, points)
            if code not in (ACTIVATE, REVERSE, EXPIRE):
                self._add("early", early, events, points)
        self._days.append((int(events.day.min()), int(events.day.max()), events.day[short]))

    def _add(self, name: str, these: Booleans, events: PointEvents, points: Integers) -> None:
        members = int(np.unique(events.member[these]).size)
        new = np.array([int(these.sum()), members, int(points[these].sum())])
        self._rows[name] = self._rows.get(name, np.zeros(3, dtype=np.int64)) + new

    def raise_any(self) -> None:
        """Refuse the ledger if anything was counted.

        Raises:
            BadInput: With every kind of such events, and counts.
        """
        if not self._rows:
            return
        early = self._rows.pop("early", np.zeros(3, dtype=np.int64))
        sentences = []
        for kind, (rows, members, points) in self._rows.items():
            says = _SAYS.get(kind, "take more points than there are, so that the balance falls below 0")
            sentences.append(f"{rows:,} rows of kind {kind} {says}: {members:,} members, {points:,} points.")
        if early[0]:
            sentences.append(
                f"{early[0]:,} of these rows come before the member earned anything ({early[1]:,} members)."
            )
        raise BadInput("The ledger of points", [*sentences, self._advice()])

    def _advice(self) -> str:
        first, last = min(days[0] for days in self._days), max(days[1] for days in self._days)
        half = (first + last) / 2
        early = sum(int((days[2] < half).sum()) for days in self._days) / sum(len(days[2]) for days in self._days)
        middle = (
            "most of it lies in the first half of the ledger, as in one that begins in the middle of its programme; "
            if early > 0.5
            else ""
        )
        broken, members = self._members
        return (
            f"{broken:,} of {members:,} members are concerned ({middle}below_zero='opening' gives each the points it "
            "must have had before, as a lot of unknown age; below_zero='set_aside' leaves these members out and counts "
            "them)."
        )
