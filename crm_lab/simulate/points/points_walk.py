"""Walks through the entries of all members at once, step by step, and finds what happens to whose points.

Lots are redeemed first in, first out. What members do depends on where they stand: a reward that is near or was just
received, a tier, a threshold close to the year's end. So the walk is made several times where the key asks what would
have been: without tiers, and in the other tier.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_lab.arrays import Booleans, Integers
from crm_lab.simulate.points.points_book import FAR, Book, Entry, Traits
from crm_lab.simulate.programme.worlds import Cause
from crm_lab.simulate.scenario.scenario import Scenario

Small = NDArray[np.int32]
ACTUAL, WITHOUT, FORCED = 0, 1, 2
_NEW_YEAR, _ADJUST, _OUT, _IN, _RETURN, _ORDER = (int(kind) for kind in Entry)
_TIER, _NEAR, _AFTER, _TOP_UP = int(Cause.TIER), int(Cause.NEAR_REWARD), int(Cause.AFTER_REWARD), int(Cause.TOP_UP)
_EXACT = 100_000  # points per currency unit are counted in thousandths, money in cents


@dataclass(frozen=True)
class Rows:
    """Whose entries are walked through, in which world; every array is (rows,).

    Attributes:
        member: Whose.
        world: `ACTUAL`, `WITHOUT` tiers, or `FORCED` into a tier in one year.
        year: That year, from the window's first; -1 for none.
        tier: That tier.
        received: Points that a transfer brings.
    """

    member: Integers
    world: Integers
    year: Integers
    tier: Integers
    received: Integers


@dataclass(frozen=True)
class Walked:
    """What happened, by row; entries and lots are places within the member's.

    Attributes:
        rows: The rows.
        made: Whether each order was made, and each other entry had an effect (rows, entries).
        points: Points of each entry: those of the lot it made, or what a return, an adjustment or a transfer moved.
        redeemed: Price of the reward redeemed at each order, 0 for none (rows, entries).
        left: What is left in each lot after the tail: expired (rows, lots).
        used: Points of each lot redeemed within the window and after it (2, rows, lots).
        tier: Tier in each year (rows, years).
        counted: Net spend that counted in each year, in cents (rows, years).
        missed: Whether the member left at a year's beginning, having missed the tier by little (rows, years).
    """

    rows: Rows
    made: Booleans
    points: Integers
    redeemed: Integers
    left: Small
    used: Small
    tier: Integers
    counted: Integers
    missed: Booleans


class Walk:
    """One walk; the state of every row between steps."""

    def __init__(self, scenario: Scenario, book: Book, traits: Traits, rows: Rows) -> None:
        counts = np.diff(book.starts)[rows.member]
        rank = np.argsort(-counts, kind="stable")  # those with most entries first: each step is a head of the rows
        self._rank, self._rows, self._counts = rank, rows, counts[rank]
        self._scenario, self._book, self._traits = scenario, book, traits
        self._member, self._world = rows.member[rank], rows.world[rank]
        self._force_year, self._force_tier = rows.year[rank], rows.tier[rank]
        self._received = rows.received[rank]
        n, lots, entries = rank.size, book.last_day.shape[1], int(counts.max(initial=0))
        years = int(book.year.max(initial=0)) + 1
        self._active_from, self._last_day = book.active_from[self._member], book.last_day[self._member]
        self._remaining = np.zeros((n, lots), dtype=np.int32)
        self._rate = np.zeros((n, lots), dtype=np.int32)
        self._lot_year = np.zeros((n, lots), dtype=np.int32)
        self._used = np.zeros((2, n, lots), dtype=np.int32)
        self._made = np.zeros((n, entries), dtype=bool)
        self._points = np.zeros((n, entries), dtype=np.int64)
        self._redeemed = np.zeros((n, entries), dtype=np.int64)
        self._tier = np.zeros((n, years), dtype=np.int64)
        self._counted = np.zeros((n, years), dtype=np.int64)
        self._missed = np.zeros((n, years), dtype=bool)
        self._alive = np.ones(n, dtype=bool)
        self._tier_now = np.zeros(n, dtype=np.int64)
        self._last_reward = np.full(n, -FAR)
        self._set_terms()

    def _set_terms(self) -> None:
        """The rules as arrays by tier, and each row's reward."""
        given, names = self._scenario.points, self._scenario.tiers.names
        self._effects = np.array([given.tier_orders.get(name, 0.0) for name in names])
        self._rates = np.array([round(1000 * given.rate * given.earns.get(name, 1.0)) for name in names])
        self._cuts = np.rint(100 * np.array(self._scenario.tiers.thresholds)).astype(np.int64)
        prices = np.array(list(given.rewards.values()))[self._traits.reward[self._member]]
        self._price, self._later_price = prices, np.rint(prices * given.price_factor).astype(np.int64)
        place = names.index(given.sorted_tier) - 1 if given.sorted_tier else -1
        self._readiness_factor = given.readiness_factor
        self._widest_gap = round(100 * given.sorting_gap)
        self._sorted_cut = int(self._cuts[place]) if place >= 0 else -FAR

    def walk(self) -> Walked:
        """Step through all entries."""
        book = self._book
        for step in range(self._made.shape[1]):
            n = int(np.searchsorted(-self._counts, -step, side="left"))
            place = book.starts[self._member[:n]] + step
            kind, day = book.kind[place], book.day[place]
            head = min(step + 1, self._remaining.shape[1])
            on = day[:, None].astype(np.int32)
            there = self._remaining[:n, :head] * (self._last_day[:n, :head] >= on)
            active = there * (self._active_from[:n, :head] <= on)
            self._new_year(np.flatnonzero(kind == _NEW_YEAR), place)
            self._move(np.flatnonzero((kind >= _ADJUST) & (kind <= _IN)), place, active, step)
            self._return(np.flatnonzero(kind == _RETURN), place, step)
            self._order(np.flatnonzero(kind == _ORDER), place, there, active, step)
        return self._result()

    def _new_year(self, k: Integers, place: Integers) -> None:
        """Set tiers by what counted in the year before; near misses may leave."""
        if not k.size:
            return
        year = self._book.year[place[k]]
        counted = self._counted[k, year - 1]
        tier = np.searchsorted(self._cuts, counted, side="right")
        tier = np.where(self._world[k] == WITHOUT, 0, tier)
        tier = np.where(self._force_year[k] == year, self._force_tier[k], tier)
        self._tier_now[k] = self._tier[k, year] = tier
        short = self._sorted_cut - counted
        near = (short > 0) & (short <= round(100 * self._scenario.points.missed_by))
        near &= self._traits.leaves[self._member[k]] & (self._world[k] != WITHOUT)
        near &= tier < np.searchsorted(self._cuts, self._sorted_cut, side="right")
        self._missed[k, year] = near
        self._alive[k] &= ~near

    def _move(self, k: Integers, place: Integers, active: Small, step: int) -> None:
        """Adjustments and transfers: new lots, or points taken from the oldest that are active."""
        if not k.size:
            return
        e = place[k]
        kind, asked = self._book.kind[e], self._book.points[e]
        asked = np.where(kind == _IN, self._received[k], asked)
        takes = (kind == _OUT) | (asked < 0)
        balance = active[k].sum(axis=1)
        enough = balance >= np.abs(
            asked
        )  # a transfer is refused where points are missing, a correction takes what is there
        taken = np.where(kind == _OUT, np.where(enough, asked, 0), np.minimum(-asked, balance))
        taken = np.where(takes, taken, 0)
        self._take(k, taken, active)
        gained = np.where(takes, 0, asked)
        self._remaining[k, np.maximum(self._book.lot[e], 0)] += gained.astype(np.int32)
        self._points[k, step] = gained - taken
        self._made[k, step] = gained != taken

    def _return(self, k: Integers, place: Integers, step: int) -> None:
        """Goods come back: their points are taken from the order's lot, as far as they are still there."""
        if not k.size:
            return
        e = place[k]
        lot, cents, day = self._book.target[e], self._book.cents[e], self._book.day[e]
        made = self._rate[k, lot] > 0
        there = np.where(self._last_day[k, lot] >= day, self._remaining[k, lot], 0)
        back = np.minimum(cents * self._rate[k, lot] // _EXACT, there)
        back = np.where(made, back, 0)
        self._remaining[k, lot] -= back.astype(np.int32)
        same_year = self._lot_year[k, lot] == self._book.year[e]
        self._counted[k, self._book.year[e]] -= np.where(made & same_year, cents, 0)
        self._points[k, step] = -back
        self._made[k, step] = made

    def _order(self, k: Integers, place: Integers, there: Small, active: Small, step: int) -> None:
        """An order is made or not; it may redeem a reward, and earns."""
        if not k.size:
            return
        e = place[k]
        day = self._book.day[e]
        later = self._is_changed(day)
        price = np.where(later, self._later_price[k], self._price[k])
        ready = self._traits.readiness[self._member[k]] * np.where(later, self._readiness_factor, 1.0)
        made = self._is_made(k, e, price - there[k].sum(axis=1), day)
        redeems = made & (self._book.chance[e] < ready)
        redeems &= active[k].sum(axis=1) >= price
        paid = np.where(redeems, price, 0)
        self._redeemed[k, step] = paid
        self._last_reward[k[redeems]] = day[redeems]
        late = (day >= self._scenario.days).astype(np.int64)
        self._take(k, paid, active, late)
        rate = np.where(made, self._rates[self._tier_now[k]], 0)
        points = np.maximum(self._book.cents[e], 0) * rate // _EXACT
        lot = self._book.lot[e]
        self._remaining[k, lot] = points
        self._rate[k, lot], self._lot_year[k, lot] = rate, self._book.year[e]
        self._counted[k, self._book.year[e]] += np.where(made, self._book.cents[e], 0)
        self._points[k, step] = points
        self._made[k, step] = made

    def _is_changed(self, day: Integers) -> Booleans:
        """Whether the changed rule holds on a day."""
        change = self._scenario.points.rule_change
        later: Booleans = day >= (change or FAR)
        return later

    def _is_made(self, k: Integers, e: Integers, gap: Integers, day: Integers) -> Booleans:
        """Whether each order is made, by what caused it and where the member stands."""
        given, book, traits = self._scenario.points, self._book, self._traits
        origin, member = book.origin[e], self._member[k]
        near = (gap > 0) & (gap <= given.pressure_points) & traits.redeems[member]
        made: Booleans = (origin != _TIER) | (book.mark[e] < self._effects[self._tier_now[k]])
        made &= (origin != _NEAR) | near
        made &= (origin != _AFTER) | (day - self._last_reward[k] <= given.after_days)
        made &= self._alive[k]
        if (top := np.flatnonzero(origin == _TOP_UP)).size:
            rows, cents = k[top], book.cents[e[top]]
            missing = self._sorted_cut - self._counted[rows, book.year[e[top]]]
            made[top] &= (missing > 0) & (missing <= self._widest_gap) & (cents >= missing)
            made[top] &= self._world[rows] != WITHOUT
        return made

    def _take(self, k: Integers, amount: Integers, active: Small, late: Integers | None = None) -> None:
        """Take points from the oldest active lots; of redemptions it is kept from which."""
        some = np.flatnonzero(amount > 0)
        if not some.size:
            return
        rows = k[some]
        lots = active[rows]
        before = np.cumsum(lots, axis=1) - lots
        taken = np.clip(amount[some, None] - before, 0, lots).astype(np.int32)
        self._remaining[rows, : lots.shape[1]] -= taken
        if late is not None:
            self._used[late[some], rows, : lots.shape[1]] += taken

    def _result(self) -> Walked:
        back = np.empty_like(self._rank)
        back[self._rank] = np.arange(self._rank.size)
        return Walked(
            self._rows,
            self._made[back],
            self._points[back],
            self._redeemed[back],
            self._remaining[back],
            self._used[:, back],
            self._tier[back],
            self._counted[back],
            self._missed[back],
        )


def walk(scenario: Scenario, book: Book, traits: Traits, rows: Rows) -> Walked:
    """What happens to whose points in which world."""
    return Walk(scenario, book, traits, rows).walk()


def rows_of(member: Integers, world: int, received: Integers) -> Rows:
    """Rows of members in one world; `received` is by member of the block."""
    n = member.size
    return Rows(member, np.full(n, world), np.full(n, -1), np.zeros(n, dtype=np.int64), received[member])
