"""What happened in a block, and what would have happened without tiers or in the other tier."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crm_lab.arrays import Booleans, Columns, Integers
from crm_lab.simulate.orders.common import Common
from crm_lab.simulate.points.points_book import Book, Entry, Traits, draw_traits, make_book
from crm_lab.simulate.points.points_orders import PointsLife, live_points
from crm_lab.simulate.points.points_walk import ACTUAL, FORCED, WITHOUT, Rows, Walked, rows_of, walk
from crm_lab.simulate.programme.programme_effects import NEVER
from crm_lab.simulate.programme.worlds import World
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK, stream

NEAR_SHARE = 0.2
"""Members within this share of a threshold are walked through in the other tier, too."""


@dataclass(frozen=True)
class Happened:
    """The actual world of a block by entry and by member.

    Attributes:
        lived: Everything that is true of the block; orders that were not made are on the day `NEVER`.
        book: The entries.
        traits: How members deal with points.
        made: Whether each entry had an effect (entries,).
        points: Points it moved (entries,).
        redeemed: Price of the reward redeemed at each order (entries,).
        left: Points left in each lot when it expired (BLOCK, lots).
        used: Points of each lot redeemed in the window, and after it (2, BLOCK, lots).
        tier: Tier in each year (BLOCK, years).
        counted: Net spend that counted in each year, in cents (BLOCK, years).
        missed: Whether the member left, having missed a tier by little (BLOCK, years).
        spend: Net spend in each year, returns on their own day, in cents: actual and without tiers (2, BLOCK, years).
        margin: The same of margin.
        other_tier: A row for each member and year near a threshold: member, year, place of the threshold, spend in
            that year below and above it, in cents.
    """

    lived: PointsLife
    book: Book
    traits: Traits
    made: Booleans
    points: Integers
    redeemed: Integers
    left: Integers
    used: Integers
    tier: Integers
    counted: Integers
    missed: Booleans
    spend: Integers
    margin: Integers
    other_tier: Columns


def happen(common: Common, block: int, *, keyed: bool = True) -> Happened:
    """Simulate a block with its points; what would have been, which only the key asks for, where it is `keyed`."""
    scenario, seed = common.scenario, common.seed
    lived = live_points(common, block)
    rng = stream(seed, "members_points", block)
    traits = draw_traits(scenario, rng)
    book = make_book(scenario, lived, stream(seed, "points_chance", block))
    first, second = _walks(scenario, book, traits, keyed=keyed)
    actual = _by_member(book, first, second, ACTUAL)
    without = _by_member(book, first, second, WITHOUT) if keyed else actual
    spend, margin = (np.stack([_by_year(lived, book, w["made"], what) for w in (actual, without)]) for what in (0, 1))
    return Happened(
        lived=replace(lived, life=replace(lived.life, world=_as_made(lived.life.world, book, actual["made"]))),
        book=book,
        traits=traits,
        made=actual["made"],
        points=actual["points"],
        redeemed=actual["redeemed"],
        left=actual["left"],
        used=np.stack([actual["used_0"], actual["used_1"]]),
        tier=actual["tier"],
        counted=actual["counted"],
        missed=actual["missed"],
        spend=spend,
        margin=margin,
        other_tier=_other_tier(scenario, lived, book, second, spend[0], actual),
    )


def _walks(scenario: Scenario, book: Book, traits: Traits, *, keyed: bool) -> tuple[Walked, Walked]:
    """Everybody but those whom points are given to; then these, and those near a threshold in the other tier."""
    nothing = np.zeros(BLOCK, dtype=np.int64)
    gets = np.zeros(BLOCK, dtype=bool)
    gets[book.member[book.kind == Entry.TRANSFER_IN]] = True
    most, rest = np.flatnonzero(~gets), np.flatnonzero(gets)
    worlds = (ACTUAL, WITHOUT) if keyed else (ACTUAL,)
    first = walk(scenario, book, traits, _joined(*(rows_of(most, world, nothing) for world in worlds)))
    received = nothing.copy()
    row, step = np.nonzero(first.made & _is_kind(book, first.rows.member, first.made.shape[1], Entry.TRANSFER_OUT))
    actual = first.rows.world[row] == ACTUAL
    giver = first.rows.member[row[actual]]
    received[book.other[giver]] = -first.points[row[actual], step[actual]]
    forced = (_near(scenario, first),) if keyed else ()
    parts = (*(rows_of(rest, world, received) for world in worlds), *forced)
    return first, walk(scenario, book, traits, _joined(*parts))


def _joined(*parts: Rows) -> Rows:
    names = ("member", "world", "year", "tier", "received")
    return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _is_kind(book: Book, member: Integers, steps: int, kind: Entry) -> Booleans:
    place = book.starts[member][:, None] + np.arange(steps)
    inside = place < book.starts[member + 1][:, None]
    is_kind: Booleans = inside & (book.kind[np.minimum(place, book.kind.size - 1)] == kind)
    return is_kind


def _near(scenario: Scenario, walked: Walked) -> Rows:
    """Members near a threshold, in the tier on its other side, in years whose outcome lies in the window."""
    cuts = np.rint(100 * np.array(scenario.tiers.thresholds))
    last_year = scenario.last_date.year - scenario.start.year
    parts = []
    for year in range(1, last_year + 1):
        counted = walked.counted[:, year - 1]
        for place, cut in enumerate(cuts):
            near = (np.abs(counted - cut) <= NEAR_SHARE * cut) & (walked.rows.world == ACTUAL)
            member = walked.rows.member[near]
            other = np.where(counted[near] >= cut, place, place + 1)
            n = member.size
            parts.append(Rows(member, np.full(n, FORCED), np.full(n, year), other, np.zeros(n, dtype=np.int64)))
    return _joined(*parts)


def _by_member(book: Book, first: Walked, second: Walked, world: int) -> Columns:
    """A world's results by entry, lot and year of all members."""
    flat: Columns = {
        "made": np.zeros(book.day.size, dtype=bool),
        "points": np.zeros(book.day.size, dtype=np.int64),
        "redeemed": np.zeros(book.day.size, dtype=np.int64),
    }
    lots, years = first.left.shape[1], first.tier.shape[1]
    of_members: Columns = {
        "left": np.zeros((BLOCK, lots), dtype=np.int64),
        "used_0": np.zeros((BLOCK, lots), dtype=np.int64),
        "used_1": np.zeros((BLOCK, lots), dtype=np.int64),
        "tier": np.zeros((BLOCK, years), dtype=np.int64),
        "counted": np.zeros((BLOCK, years), dtype=np.int64),
        "missed": np.zeros((BLOCK, years), dtype=bool),
    }
    for walked in (first, second):
        row = np.flatnonzero(walked.rows.world == world)
        member = walked.rows.member[row]
        inside = np.arange(walked.made.shape[1]) < np.diff(book.starts)[member][:, None]
        place = (book.starts[member][:, None] + np.arange(walked.made.shape[1]))[inside]
        for name in flat:
            flat[name][place] = getattr(walked, name)[row][inside]
        for name in of_members:
            values = walked.used[int(name[-1])] if name.startswith("used") else getattr(walked, name)
            of_members[name][member] = values[row]
    return {**flat, **of_members}


def _as_made(world: World, book: Book, made: Booleans) -> World:
    """The world with orders that were not made on no day."""
    day = world.actual.copy()
    not_made = book.order[(book.kind == Entry.ORDER) & ~made]
    day[not_made] = NEVER
    return replace(world, day0=day, day1=day, actual=day)


def _cents(lived: PointsLife, book: Book, margin: bool | int) -> Integers:
    """Net value, or margin, of each entry in cents: negative for returns (entries,)."""
    world = lived.life.world
    worth = world.lines.net - world.cost if margin else world.lines.net
    n = world.orders.day.size
    sold = np.bincount(world.lines.order, weights=worth, minlength=n).astype(np.int64)
    out = np.where(book.kind == Entry.ORDER, sold[np.maximum(book.order, 0)], 0)
    line = world.returned.line
    order = world.lines.order[line]
    key = order * 10_000 + lived.life.world.orders.day[order] + world.returned.lag
    unique, at = np.unique(key, return_inverse=True)
    back = np.bincount(at, weights=worth[line], minlength=unique.size).astype(np.int64)
    returns = np.flatnonzero(book.kind == Entry.RETURN)
    place = np.searchsorted(unique, book.order[returns] * 10_000 + book.day[returns])
    out[returns] = -back[place]
    return out


def _by_year(lived: PointsLife, book: Book, made: Booleans, margin: int) -> Integers:
    """Spend or margin of each member and year in cents (BLOCK, years)."""
    cents = np.where(made, _cents(lived, book, margin), 0)
    years = int(book.year.max(initial=0)) + 1
    sums = np.bincount(book.member * years + book.year, weights=cents, minlength=BLOCK * years)
    return sums.astype(np.int64).reshape(BLOCK, years)


def _other_tier(
    scenario: Scenario, lived: PointsLife, book: Book, walked: Walked, spend: Integers, actual: Columns
) -> Columns:
    """Spend of a year below and above the threshold, of members near it."""
    row = np.flatnonzero(walked.rows.world == FORCED)
    row = row[np.lexsort((walked.rows.year[row], walked.rows.member[row]))]
    member, year, tier = walked.rows.member[row], walked.rows.year[row], walked.rows.tier[row]
    cents = _cents(lived, book, 0)
    steps = walked.made.shape[1]
    place = book.starts[member][:, None] + np.arange(steps)
    inside = (place < book.starts[member + 1][:, None]) & walked.made[row]
    place = np.minimum(place, book.day.size - 1)
    inside &= book.year[place] == year[:, None]
    forced = np.where(inside, cents[place], 0).sum(axis=1)
    held = spend[member, year]
    counted = actual["counted"][member, year - 1]
    cuts = np.rint(100 * np.array(scenario.tiers.thresholds)).astype(np.int64)
    threshold = np.where(tier > actual["tier"][member, year], tier - 1, tier)
    above = counted >= cuts[threshold]
    return {
        "owner": member,
        "customer": member,
        "year": year,
        "threshold": threshold,
        "counted": counted,
        "below": np.where(above, forced, held),
        "above": np.where(above, held, forced),
    }
