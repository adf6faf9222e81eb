"""The events of a ledger of points as arrays, in order within members."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from crm_lab.arrays import Booleans, Integers, Positions
from crm_lab.loyalty.points.lots.point_kinds import ACTIVATE, ADJUST, EARN, EXPIRE, NEVER, PENDING, REVERSE, TRANSFER

NOTHING, CREATE, CREATE_PENDING, RELEASE, USE, TAKE_BACK, WRITE_OFF = range(7)
"""What an event does to lots."""


@dataclass(frozen=True, eq=False)
class PointEvents:
    """Events of a ledger, sorted by member, day and number; each array has the shape (events,).

    >>> events = PointEvents.sorted(
    ...     member=np.array([0, 0]),
    ...     day=np.array([5, 2]),
    ...     event=np.array([2, 1]),
    ...     kind=np.array([3, 0]),
    ...     points=np.array([-30, 100]),
    ...     order=np.array([-1, -1]),
    ...     expires=np.array([NEVER, NEVER]),
    ...     members=1,
    ... )
    >>> events.points.tolist(), events.first.tolist()
    ([100, -30], [0, 2])

    Attributes:
        member: Number of the member.
        day: Days since 1970-01-01.
        event: Number of the event of its member.
        kind: Place in `KINDS`.
        points: Signed.
        order: Number of the order; -1 without one.
        expires: Last day on which the points of a lot can be redeemed; `NEVER` without one.
        row: Place of the event in the table it came from.
        members: Members in all.
    """

    member: Integers
    day: Integers
    event: Integers
    kind: Integers
    points: Integers
    order: Integers
    expires: Integers
    row: Positions
    members: int

    @classmethod
    def sorted(cls, *, members: int, **columns: Integers) -> PointEvents:
        """Events in any order.

        >>> PointEvents.sorted(members=1, **{n: np.zeros(1, int) for n in EVENT_COLUMNS}).members
        1

        Args:
            members: Members in all; they are numbered from 0.
            **columns: The arrays.

        Returns:
            The same events in order.
        """
        rank = np.lexsort((columns["event"], columns["day"], columns["member"]))
        return cls(**{name: values[rank] for name, values in columns.items()}, row=rank, members=members)

    def take(self, rank: Positions) -> PointEvents:
        """The events in another order, or some of them.

        >>> events.take(np.array([0])).points.tolist()
        [100]

        Args:
            rank: Places of the events.

        Returns:
            Those events.
        """
        columns = {name: getattr(self, name)[rank] for name in (*EVENT_COLUMNS, "row")}
        return replace(self, **columns)

    def __len__(self) -> int:
        return len(self.member)

    @cached_property
    def first(self) -> Positions:
        """Where each member's events begin, and at the end the number of events, shape (members + 1,).

        >>> events.first.tolist()
        [0, 2]
        """
        return np.searchsorted(self.member, np.arange(self.members + 1))

    @cached_property
    def creates(self) -> Booleans:
        """Which events make a lot.

        >>> events.creates.tolist()
        [True, False]
        """
        return np.asarray((self.points > 0) & (self.kind != ACTIVATE))

    @cached_property
    def action(self) -> Integers:
        """What each event does to lots.

        >>> events.action.tolist() == [CREATE, USE]
        True
        """
        kind = self.kind
        action = np.full(len(self), USE, dtype=np.int8)
        for code, does in ((PENDING, CREATE_PENDING), (ACTIVATE, RELEASE), (EXPIRE, WRITE_OFF), (REVERSE, TAKE_BACK)):
            action[kind == code] = does
        action[(kind == EARN) | (((kind == ADJUST) | (kind == TRANSFER)) & (self.points > 0))] = CREATE
        action[self.points == 0] = NOTHING
        return action.astype(np.int64)

    @cached_property
    def lots(self) -> Positions:
        """Places of the events that make a lot: the lot's number is its place herein.

        >>> events.lots.tolist()
        [0]
        """
        return np.flatnonzero(self.creates)

    @cached_property
    def lot_expires(self) -> Integers:
        """Last day of each lot; a pending one without gets that of the first activation of its order.

        >>> bool(events.lot_expires[0] == NEVER)
        True
        """
        expires = self.expires[self.lots]
        gives = np.flatnonzero((self.kind == ACTIVATE) & (self.expires != NEVER) & (self.order >= 0))
        lacks = np.flatnonzero((self.kind[self.lots] == PENDING) & (expires == NEVER) & (self.order[self.lots] >= 0))
        if not gives.size or not lacks.size:
            return expires
        pair = self.pairs(np.concatenate([gives, self.lots[lacks]]))
        known, place = np.unique(pair[: gives.size], return_index=True)
        wanted = pair[gives.size :]
        found = np.minimum(np.searchsorted(known, wanted), known.size - 1)
        fits = known[found] == wanted
        expires[lacks[fits]] = self.expires[gives[place[found[fits]]]]
        return expires

    def pairs(self, places: Positions) -> Integers:
        """Numbers of the member and order of some events that have an order.

        >>> events.pairs(np.array([], dtype=int)).tolist()
        []

        Args:
            places: Of the events.

        Returns:
            Equal for events of the same member and order, shape as `places`.
        """
        member, order = self.member[places], self.order[places]
        most = int(order.max(initial=0)) + 1
        if most * (self.members + 1) < _EXACT:
            return member * most + order
        return order ^ (member * _MIX)  # numbers of orders are hashes of 62 bits then

    def lots_of_orders(self) -> tuple[Positions, Positions, Positions]:
        """For each event that names the order of its lots: where those lots are.

        Returns:
            Lots by member and order, and where those of each event begin and end in them, shapes (k,), (n,), (n,).

        >>> [places.tolist() for places in events.lots_of_orders()]
        [[], [0, 0], [0, 0]]
        """
        lo, hi = np.zeros(len(self), dtype=np.intp), np.zeros(len(self), dtype=np.intp)
        asks = np.flatnonzero(((self.kind == REVERSE) | (self.kind == ACTIVATE)) & (self.order >= 0))
        has = np.flatnonzero(self.order[self.lots] >= 0)
        if not asks.size or not has.size:
            return np.zeros(0, dtype=np.intp), lo, hi
        pair = self.pairs(np.concatenate([asks, self.lots[has]]))
        wanted, of = pair[: asks.size], pair[asks.size :]
        rank = np.argsort(of, kind="stable")
        lo[asks] = np.searchsorted(of[rank], wanted, "left")
        hi[asks] = np.searchsorted(of[rank], wanted, "right")
        return has[rank], lo, hi


_EXACT = 2**62
_MIX = np.int64(0x1E3779B97F4A7C15)  # odd, so that members stay apart; it wraps around
EVENT_COLUMNS = ("member", "day", "event", "kind", "points", "order", "expires")
