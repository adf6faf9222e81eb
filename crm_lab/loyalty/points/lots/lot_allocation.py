"""Which lots each redemption, expiry or reversal takes its points from: the k-th events of all members at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crm_lab.arrays import Booleans, Integers, Positions
from crm_lab.loyalty.points.lots.lot_chains import NONE, LotChains
from crm_lab.loyalty.points.lots.point_events import (
    CREATE,
    CREATE_PENDING,
    RELEASE,
    TAKE_BACK,
    USE,
    WRITE_OFF,
    PointEvents,
)
from crm_lab.loyalty.points.lots.point_kinds import (
    ADJUST,
    EXPIRE,
    NEVER,
    PENDING,
    REDEEM,
    REVERSE,
    TRANSFER,
    UNKNOWN,
    USES,
)

Order = Literal["fifo", "soonest", "lifo"]
_USE_OF = {REDEEM: 0, EXPIRE: 1, REVERSE: 2, ADJUST: 3, TRANSFER: 4}
_BY_KIND = np.array([_USE_OF.get(kind, NONE) for kind in range(8)], dtype=np.int64)
_EXPIRE = USES.index("expire")
_Act = Callable[[Positions, Integers, Integers, Positions], None]
BY_DATE = -1  # event of an expiry that no row writes


@dataclass(frozen=True, eq=False)
class Allocation:
    """Lots, what is left of them, and how the rest left them. Lots of an opening balance come last.

    Attributes:
        lot_event: Place of the event that made each lot; -1 for one that was there before, shape (lots,).
        lot_member: Whose it is, shape (lots,).
        lot_expires: Last day on which it can be redeemed, `NEVER` without one, shape (lots,).
        lot_points: Points at the start, shape (lots,).
        active: Points left that can be redeemed, shape (lots,).
        pending: Points left that cannot yet, shape (lots,).
        use_lot: Lot of each use, shape (uses,).
        use_event: Place of its event; -1 where the lot's last day passed without one, shape (uses,).
        use_of: Place of its kind in `USES`, shape (uses,).
        use_points: Points, above 0, shape (uses,).
        short: Points of each event that no lot could give, shape (events,).
    """

    lot_event: Integers
    lot_member: Integers
    lot_expires: Integers
    lot_points: Integers
    active: Integers
    pending: Integers
    use_lot: Integers
    use_event: Integers
    use_of: Integers
    use_points: Integers
    short: Integers


def allocate(
    events: PointEvents,
    order: Order,
    as_of: int,
    *,
    by_date: bool = False,
    opening: tuple[Integers, Integers] | None = None,
) -> Allocation:
    """Allocate every event to lots.

    >>> events = PointEvents.sorted(
    ...     member=np.zeros(3, int),
    ...     day=np.arange(3),
    ...     event=np.arange(3),
    ...     kind=np.array([0, 0, 3]),
    ...     points=np.array([100, 50, -120]),
    ...     order=np.full(3, -1),
    ...     expires=np.full(3, NEVER),
    ...     members=1,
    ... )
    >>> found = allocate(events, "fifo", as_of=9)
    >>> found.use_lot.tolist(), found.use_points.tolist(), found.active.tolist()
    ([0, 1], [100, 20], [0, 30])

    Args:
        events: Of all members.
        order: Which lots are redeemed first.
        as_of: Last day, days since 1970-01-01.
        by_date: Whether lots expire after their last day without an event that says so.
        opening: Active and pending points that members had before their first event, each shape (members,).

    Returns:
        The lots and uses.
    """
    return _Accounts(events, order, by_date=by_date, opening=opening).run(as_of)


class _Accounts:
    """The lots of all members while the events go over them."""

    def __init__(
        self, events: PointEvents, order: Order, *, by_date: bool, opening: tuple[Integers, Integers] | None
    ) -> None:
        self.events, self.order, self.by_date = events, order, by_date
        had = np.zeros(0, dtype=np.intp) if opening is None else np.flatnonzero(opening[0] + opening[1])
        made = events.lots.size
        self.lot_event = np.concatenate([events.lots, np.full(had.size, NONE)])
        self.lot_member = np.concatenate([events.member[events.lots], had])
        self.expires = np.concatenate([events.lot_expires, np.full(had.size, NEVER if by_date else UNKNOWN)])
        self.points = np.concatenate([events.points[events.lots], np.zeros(had.size, dtype=np.int64)])
        self.active = np.zeros(made + had.size, dtype=np.int64)
        self.pending = np.zeros(made + had.size, dtype=np.int64)
        self.lot_of = np.cumsum(events.creates) - 1
        self.main = LotChains(events.members, made + had.size)
        one = self._same_order(made) and not (by_date and had.size and order != "soonest")
        self.ends = self.main if one else LotChains(events.members, made + had.size)
        self.waiting = LotChains(events.members, made + had.size)
        self.past = LotChains(events.members, made + had.size) if by_date else None
        self.dead = np.zeros(made + had.size if by_date else 0, dtype=np.int64)
        self.short = np.zeros(len(events), dtype=np.int64)
        self.uses: list[tuple[Integers, Integers, Integers, Integers]] = []
        if opening is not None and had.size:
            lots = np.arange(made, made + had.size)
            self.active[lots], self.pending[lots] = opening[0][had], opening[1][had]
            self.points[lots] = self.active[lots] + self.pending[lots]
            self._enter(had, lots)
            waits = self.pending[lots] > 0
            self.waiting.append(had[waits], lots[waits])

    def _same_order(self, made: int) -> bool:
        """Whether lots expire in the order in which they are redeemed, so that one chain serves both."""
        if self.order == "soonest" or not (self.by_date or (self.events.kind == EXPIRE).any()):
            return True
        expires, member = self.expires[:made], self.lot_member[:made]
        rising = (np.diff(expires) >= 0) | (np.diff(member) != 0)
        return self.order == "fifo" and bool(rising.all())

    def run(self, as_of: int) -> Allocation:
        events, first = self.events, self.events.first
        counts = np.diff(first)
        ranked = np.argsort(-counts, kind="stable")
        holding = np.searchsorted(-counts[ranked], -np.arange(counts.max(initial=0)), "left")
        self.of_orders, self.lo, self.hi = events.lots_of_orders()
        for step, members in enumerate(holding):
            self._step(ranked[:members], first[ranked[:members]] + step)
        if self.past is not None:
            everybody = np.arange(events.members)
            self._bury(everybody, np.full(events.members, as_of))
            late = np.flatnonzero(self.dead)
            self._note(late, np.full(late.size, BY_DATE), np.full(late.size, _EXPIRE), self.dead[late])
        lot, event, of, points = (
            np.concatenate([np.zeros(0, dtype=np.int64), *(use[i] for use in self.uses)]) for i in range(4)
        )
        return Allocation(
            self.lot_event, self.lot_member, self.expires, self.points, self.active, self.pending,
            lot, event, of, points, self.short,
        )  # fmt: skip

    def _step(self, who: Positions, at: Positions) -> None:
        """One event of each of some members."""
        does = self.events.action[at]
        for action, act in (
            (CREATE, self._create), (CREATE_PENDING, self._create), (RELEASE, self._release),
            (USE, self._use), (TAKE_BACK, self._take_back), (WRITE_OFF, self._write_off),
        ):  # fmt: skip
            chosen = np.flatnonzero(does == action)
            if chosen.size:
                act(who[chosen], at[chosen])

    def _enter(self, who: Positions, lot: Positions | Integers) -> None:
        if self.order == "fifo":
            self.main.append(who, lot)
        elif self.order == "lifo":
            self.main.prepend(who, lot)
        else:
            self.main.insert(who, lot, self.expires)
        if self.ends is not self.main:
            self.ends.insert(who, lot, self.expires)

    def _leave(self, who: Positions, lot: Positions | Integers) -> None:
        self.main.remove(who, lot)
        if self.ends is not self.main:
            self.ends.remove(who, lot)

    def _create(self, who: Positions, at: Positions) -> None:
        lot = self.lot_of[at]
        if self.events.kind[at[0]] == PENDING:
            self.pending[lot] = self.points[lot]
            self.waiting.append(who, lot)
        else:
            self.active[lot] = self.points[lot]
        self._enter(who, lot)

    def _release(self, who: Positions, at: Positions) -> None:
        if self.past is not None:
            self._bury(who, self.events.day[at])
        left = self.events.points[at].copy()
        for some, lot in self._own_lots(at, left):
            self._set_free(who[some], lot, left, some)
        self._walk(self.waiting, who, left, self._set_free)
        self.short[at] = left

    def _set_free(self, who: Positions, lot: Integers, left: Integers, some: Positions) -> None:
        moved = np.minimum(self.pending[lot], left[some])
        had = self.pending[lot] > 0
        self.pending[lot] -= moved
        self.active[lot] += moved
        left[some] -= moved
        done = had & (self.pending[lot] == 0)
        self.waiting.remove(who[done], lot[done])

    def _use(self, who: Positions, at: Positions) -> None:
        left = -self.events.points[at]
        if self.past is not None:
            self._bury(who, self.events.day[at])
        self._spend(self.main, who, at, left)
        self._revive(who, at, left)
        self.short[at] = left

    def _write_off(self, who: Positions, at: Positions) -> None:
        left = -self.events.points[at]
        self._spend(self.ends, who, at, left)
        self.short[at] = left

    def _take_back(self, who: Positions, at: Positions) -> None:
        """Own order first: what is pending, what is active; then other lots, as they are redeemed."""
        left = -self.events.points[at]
        if self.past is not None:
            self._bury(who, self.events.day[at])
        held = (self.pending, self.active) if self.past is None else (self.pending, self.active, self.dead)
        for amounts in held:
            for some, lot in self._own_lots(at, left):
                self._give(amounts, who, at, lot, left, some)
        self._spend(self.main, who, at, left)
        self._walk(
            self.waiting, who, left, lambda _, lot, rest, some: self._give(self.pending, who, at, lot, rest, some)
        )
        self._revive(who, at, left)
        self.short[at] = left

    def _own_lots(self, at: Positions, left: Integers) -> Iterator[tuple[Positions, Positions]]:
        """Round by round the next lot of the order of each event, of those that still want points."""
        place, end = self.lo[at], self.hi[at]
        some = np.flatnonzero((place < end) & (left > 0))
        while some.size:
            yield some, self.of_orders[place[some]]
            place[some] += 1
            some = some[(place[some] < end[some]) & (left[some] > 0)]

    def _spend(self, chains: LotChains, who: Positions, at: Positions, left: Integers) -> None:
        self._walk(chains, who, left, lambda _, lot, rest, some: self._give(self.active, who, at, lot, rest, some))

    def _revive(self, who: Positions, at: Positions, left: Integers) -> None:
        """Points past their last day that were redeemed all the same."""
        if self.past is not None:
            self._walk(self.past, who, left, lambda _, lot, rest, some: self._give(self.dead, who, at, lot, rest, some))

    @staticmethod
    def _walk(chains: LotChains, who: Positions, left: Integers, act: _Act) -> None:
        """Go along the chains of some members until they want no more or have no more."""
        lot = chains.head[who]
        some = np.flatnonzero((lot != NONE) & (left > 0))
        while some.size:
            now = lot[some]
            act(who[some], now, left, some)
            lot[some] = chains.after[now]
            some = some[(lot[some] != NONE) & (left[some] > 0)]

    def _give(
        self, amounts: Integers, who: Positions, at: Positions, lot: Integers, left: Integers, some: Positions
    ) -> None:
        """Take points of some members' lots for their events."""
        had = amounts[lot]
        given = np.minimum(had, left[some])
        amounts[lot] = had - given
        left[some] -= given
        took = given > 0
        if not took.any():
            return
        lot, given, some = lot[took], given[took], some[took]
        self._note(lot, at[some], _BY_KIND[self.events.kind[at[some]]], given)
        if amounts is self.dead:
            gone = self.dead[lot] == 0
            self.past.remove(who[some][gone], lot[gone])  # type: ignore[union-attr]
            return
        if amounts is self.pending:
            gone = self.pending[lot] == 0
            self.waiting.remove(who[some][gone], lot[gone])
        gone = (self.active[lot] == 0) & (self.pending[lot] == 0)
        self._leave(who[some][gone], lot[gone])

    def _note(self, lot: Integers | Positions, event: Integers | Positions, of: Integers, points: Integers) -> None:
        if lot.size:
            self.uses.append((lot, event, of, points))

    def _bury(self, who: Positions, day: Integers) -> None:
        """Put away the lots whose last day is over."""
        lot = self.ends.head[who]
        some = np.flatnonzero(lot != NONE)
        some = some[self._over(lot[some], day[some])]
        while some.size:
            now = lot[some]
            self.dead[now] = self.active[now] + self.pending[now]
            waits = self.pending[now] > 0
            self.waiting.remove(who[some][waits], now[waits])
            self.active[now] = self.pending[now] = 0
            lot[some] = self.ends.after[now]
            self._leave(who[some], now)
            self.past.prepend(who[some], now)  # type: ignore[union-attr]
            some = some[lot[some] != NONE]
            some = some[self._over(lot[some], day[some])]

    def _over(self, lot: Integers, day: Integers) -> Booleans:
        return np.asarray(self.expires[lot] < day)
