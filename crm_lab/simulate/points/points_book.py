"""What may happen to the points of a block's members, entry by entry, before it is known what does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Booleans, Columns, Floats, Integers
from crm_lab.simulate.points.points_orders import PointsLife, lines_of
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK

FAR = 10**6
"""A day after every other."""


class Entry(IntEnum):
    """Kinds of entries, in the order in which a day has them."""

    NEW_YEAR = 0
    ADJUST = 1
    TRANSFER_OUT = 2
    TRANSFER_IN = 3
    RETURN = 4
    ORDER = 5


LOTS = (Entry.ADJUST, Entry.TRANSFER_IN, Entry.ORDER)
_ADJUSTED = (-60, 40, 50, 80, 100, 150, 200)  # what manual adjustments are about


@dataclass(frozen=True)
class Book:
    """Entries in order within members; arrays are (entries,) unless said otherwise.

    Attributes:
        member: Whose.
        day: When.
        kind: An `Entry`.
        order: Which of the world's orders; -1 for entries without one.
        cents: Net value of an order, or of what comes back of it.
        points: What an adjustment or a transfer is about.
        origin: Cause of an order.
        mark: For an order that a tier adds, the effect it takes.
        chance: Uniform draw that decides on redeeming.
        lot: Place of the entry's lot among the member's; -1 where it makes none.
        target: Place of the lot that a return takes from; -1 for none.
        year: Calendar year from the window's first, of `day`.
        starts: First entry of each member (BLOCK + 1,).
        active_from: First day on which each lot can be redeemed (BLOCK, lots).
        last_day: Last day on which it can be (BLOCK, lots).
        other: The other side of transfers (BLOCK,); -1 for none.
    """

    member: Integers
    day: Integers
    kind: Integers
    order: Integers
    cents: Integers
    points: Integers
    origin: Integers
    mark: Floats
    chance: Floats
    lot: Integers
    target: Integers
    year: Integers
    starts: Integers
    active_from: Integers
    last_day: Integers
    other: Integers


@dataclass(frozen=True)
class Traits:
    """How the members of a block deal with points; every array is (BLOCK,).

    Attributes:
        redeems: Whether a member ever does.
        readiness: Chance at an order where it is possible; 0 for those who never do.
        reward: Number of the reward that a member saves for.
        leaves: Whether a near miss would make the member leave.
    """

    redeems: Booleans
    readiness: Floats
    reward: Integers
    leaves: Booleans


def draw_traits(scenario: Scenario, rng: Generator) -> Traits:
    """The traits of a block's members."""
    given = scenario.points
    mean = np.clip(given.readiness, 1e-6, 1 - 1e-6)
    redeems = rng.random(BLOCK) >= given.never
    readiness = np.where(redeems, rng.beta(4 * mean, 4 * (1 - mean), BLOCK), 0.0)
    edges = np.cumsum([given.reward_shares[name] for name in given.rewards])
    reward = np.searchsorted(edges / edges[-1], rng.random(BLOCK), side="right")
    return Traits(redeems, readiness, np.minimum(reward, edges.size - 1), rng.random(BLOCK) < given.missed_leave)


def make_book(scenario: Scenario, lived: PointsLife, rng: Generator) -> Book:
    """All entries of a block."""
    orders, returns = _orders(scenario, lived, rng), _returns(scenario, lived)
    parts = [_new_years(lived), *_by_hand(scenario, lived, rng), returns, orders]
    other = parts[3].pop("other")
    flat = {name: np.concatenate([part[name] for part in parts]) for name in orders}
    rank = np.lexsort((flat["order"], flat["hour"], flat["kind"], flat["day"], flat["member"]))
    flat = {name: values[rank] for name, values in flat.items()}
    member, kind, day = flat["member"], flat["kind"], flat["day"]
    starts = np.searchsorted(member, np.arange(BLOCK + 1))
    is_lot = np.isin(kind, LOTS)
    counted = np.cumsum(is_lot)
    lot = np.where(is_lot, counted - 1 - np.append(0, counted)[starts[member]], -1)
    made_by = np.full(lived.life.world.orders.day.size, -1)
    bought = kind == Entry.ORDER
    made_by[flat["order"][bought]] = lot[bought]
    target = np.where(kind == Entry.RETURN, made_by[flat["order"]], -1)
    lots = int(lot.max(initial=-1)) + 1
    active_from, last_day = np.full((BLOCK, lots), FAR), np.full((BLOCK, lots), -FAR)
    pending = flat.pop("pending")[is_lot]
    active_from[member[is_lot], lot[is_lot]] = day[is_lot] + scenario.points.pending_days * pending
    last_day[member[is_lot], lot[is_lot]] = expiry_of(scenario, day[is_lot])
    del flat["hour"]
    year = np.searchsorted(lived.years, day, side="right") - 1
    return Book(
        **flat,
        lot=lot,
        target=target,
        year=year,
        starts=starts,
        active_from=active_from.astype(np.int32),
        last_day=last_day.astype(np.int32),
        other=other,
    )


def expiry_of(scenario: Scenario, day: Integers) -> Integers:
    """Last day on which points issued on a day of the window can be redeemed: a month's end."""
    first = np.datetime64(scenario.start, "D")
    month = (first + day).astype("datetime64[M]") + scenario.points.expiry_months + 1
    return (month.astype("datetime64[D]") - first).astype(np.int64) - 1


def _entries(kind: Entry, member: Integers, day: Integers, **more: Integers | Floats) -> Columns:
    n = member.size
    plain: Columns = {
        "member": member,
        "day": day,
        "kind": np.full(n, int(kind)),
        "order": np.full(n, -1),
        "cents": np.zeros(n, dtype=np.int64),
        "points": np.zeros(n, dtype=np.int64),
        "origin": np.zeros(n, dtype=np.int64),
        "mark": np.zeros(n),
        "chance": np.zeros(n),
        "hour": np.zeros(n, dtype=np.int64),
        "pending": np.zeros(n, dtype=np.int64),
    }
    return {**plain, **more}


def _orders(scenario: Scenario, lived: PointsLife, rng: Generator) -> Columns:
    world = lived.life.world
    n = world.orders.day.size
    chance, cents = rng.random(n), lines_of(world.lines, n)
    last = scenario.days + scenario.points.tail_days
    kept = np.flatnonzero((world.actual >= 0) & (world.actual < last))
    return _entries(
        Entry.ORDER,
        world.orders.customer[kept],
        world.actual[kept],
        order=kept,
        cents=cents[kept],
        origin=world.origin[kept],
        mark=lived.mark[kept],
        chance=chance[kept],
        hour=world.orders.hour[kept],
        pending=world.orders.online[kept].astype(np.int64),
    )


def _returns(scenario: Scenario, lived: PointsLife) -> Columns:
    """What comes back of each order on each day."""
    world = lived.life.world
    line = world.returned.line
    order = world.lines.order[line]
    day = world.actual[order] + world.returned.lag
    kept = (world.actual[order] >= 0) & (day < scenario.days + scenario.points.tail_days)
    place, at = np.unique(np.stack([order[kept], day[kept]]), axis=1, return_inverse=True)
    cents = np.bincount(at.ravel(), weights=world.lines.net[line[kept]], minlength=place.shape[1]).astype(np.int64)
    return _entries(Entry.RETURN, world.orders.customer[place[0]], place[1], order=place[0], cents=cents)


def _new_years(lived: PointsLife) -> Columns:
    days = lived.years[1:]
    return _entries(Entry.NEW_YEAR, np.repeat(np.arange(BLOCK), days.size), np.tile(days, BLOCK))


def _by_hand(scenario: Scenario, lived: PointsLife, rng: Generator) -> tuple[Columns, Columns, Columns]:
    """Adjustments, points given and points received; those who give have even numbers, and the next one receives."""
    given, joined = scenario.points, np.maximum(lived.net.joined, 0)
    u = rng.random((4, BLOCK))
    day = joined + 1 + (u[0] * np.maximum(scenario.days - joined - 1, 0)).astype(np.int64)
    amount = np.array(_ADJUSTED)[(u[1] * len(_ADJUSTED)).astype(np.int64)]
    who = np.flatnonzero((u[2] < given.adjustments) & (day < scenario.days))
    adjusted = _entries(Entry.ADJUST, who, day[who], points=amount[who])
    giver = np.arange(0, BLOCK, 2)
    later = np.maximum(joined[giver], joined[giver + 1])
    when = later + 60 + (u[0, giver + 1] * np.maximum(scenario.days - later - 60, 0)).astype(np.int64)
    honest = (lived.net.scheme[giver] == 0) & (lived.net.scheme[giver + 1] == 0)
    gives = (u[3, giver] < 2 * given.transfers) & honest & (when < scenario.days)
    giver, when = giver[gives], when[gives]
    points = 10 * (2 + (u[1, giver] * 9).astype(np.int64))
    other = np.full(BLOCK, -1)
    other[giver], other[giver + 1] = giver + 1, giver
    out = _entries(Entry.TRANSFER_OUT, giver, when, points=points)
    received = _entries(Entry.TRANSFER_IN, giver + 1, when, points=points)
    return adjusted, out, {**received, "other": other}
