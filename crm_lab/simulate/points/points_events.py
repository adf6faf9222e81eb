"""The ledger of points as the retailer's systems have it: events in order within members, and another system's copy."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from crm_lab.arrays import Columns, Integers
from crm_lab.simulate.points.points_book import Entry
from crm_lab.simulate.points.points_worlds import Happened
from crm_lab.simulate.programme.programme_effects import NEVER
from crm_lab.simulate.scenario.scenario import Scenario

LEDGER_KINDS = ("earn", "pending", "activate", "redeem", "expire", "reverse", "adjust", "transfer")
MISMATCHES = ("missing", "other_points", "late")
_EARN, _PENDING, _ACTIVATE, _REDEEM, _EXPIRE, _REVERSE, _ADJUST, _TRANSFER = range(8)
_FIRST, _SECOND = -2, -1  # a day begins with what expired and what became active
SYSTEMS = ("store", "online", "head_office")


def ledger_events(scenario: Scenario, happened: Happened) -> Columns:
    """All events of the window; points that move nothing are left out."""
    parts = [
        _issued(happened),
        _redeemed(scenario, happened),
        _moved(happened),
        _activated(scenario, happened),
        _expired(happened),
    ]
    flat = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    kept = (flat["points"] != 0) & (flat["day"] >= 0) & (flat["day"] < scenario.days)
    flat = {name: values[kept] for name, values in flat.items()}
    rank = np.lexsort((flat["stage"], flat["day"], flat["customer"]))
    flat = {name: values[rank] for name, values in flat.items()}
    del flat["stage"]
    return {"owner": flat["customer"], "event": _numbered(flat["customer"]), **flat}


def _numbered(customer: Integers) -> Integers:
    starts = np.searchsorted(customer, customer)
    return np.arange(customer.size) - starts + 1


def _columns(happened: Happened, place: Integers, kind: Integers | int, points: Integers, stage: int) -> Columns:
    """Events of entries, with the order they belong to."""
    book, world = happened.book, happened.lived.life.world
    n = place.size
    order = book.order[place]
    online = world.orders.online[np.maximum(order, 0)]
    return {
        "customer": book.member[place],
        "day": book.day[place],
        "kind": np.broadcast_to(kind, n).astype(np.int64),
        "points": points.astype(np.int64),
        "order": order,
        "cost": np.zeros(n, dtype=np.int64),
        "expires": np.full(n, NEVER),
        "channel": np.where(order < 0, 2, online.astype(np.int64)),
        "other": np.full(n, -1),
        "stage": 2 * (place - book.starts[book.member[place]]) + stage,
    }


def _issued(happened: Happened) -> Columns:
    """Points of orders: pending where they were bought online."""
    book, online = happened.book, happened.lived.life.world.orders.online
    place = np.flatnonzero((book.kind == Entry.ORDER) & happened.made)
    kind = np.where(online[book.order[place]], _PENDING, _EARN)
    out = _columns(happened, place, kind, happened.points[place], 1)
    out["expires"] = book.last_day[book.member[place], book.lot[place]].astype(np.int64)
    return out


def _redeemed(scenario: Scenario, happened: Happened) -> Columns:
    book, given = happened.book, scenario.points
    place = np.flatnonzero(happened.redeemed > 0)
    out = _columns(happened, place, _REDEEM, -happened.redeemed[place], 0)
    costs = np.rint(100 * np.array([given.reward_costs[name] for name in given.rewards])).astype(np.int64)
    out["cost"] = costs[happened.traits.reward[book.member[place]]]
    return out


def _moved(happened: Happened) -> Columns:
    """Reversals, adjustments and transfers."""
    book = happened.book
    place = np.flatnonzero((book.kind != Entry.ORDER) & (book.kind != Entry.NEW_YEAR))
    entry = book.kind[place]
    transfer = (entry == Entry.TRANSFER_OUT) | (entry == Entry.TRANSFER_IN)
    kind = np.select([entry == Entry.RETURN, transfer], [_REVERSE, _TRANSFER], default=_ADJUST)
    out = _columns(happened, place, kind, happened.points[place], 0)
    member, lot = book.member[place], np.maximum(book.lot[place], 0)
    out["expires"] = np.where((book.lot[place] >= 0) & (out["points"] > 0), book.last_day[member, lot], NEVER)
    out["other"] = np.where(transfer, book.other[member], -1)
    return out


def _activated(scenario: Scenario, happened: Happened) -> Columns:
    """Pending points that became active, less what came back before."""
    book = happened.book
    issued = _issued(happened)
    place = np.flatnonzero((book.kind == Entry.ORDER) & happened.made)[issued["kind"] == _PENDING]
    when = book.day[place] + scenario.points.pending_days
    back = np.flatnonzero(book.kind == Entry.RETURN)
    member, lot = book.member[back], book.target[back]
    early = book.day[back] < book.active_from[member, np.maximum(lot, 0)]
    returned = np.zeros(book.last_day.shape, dtype=np.int64)
    np.add.at(returned, (member[early], lot[early]), happened.points[back[early]])
    points = happened.points[place] + returned[book.member[place], book.lot[place]]
    out = _columns(happened, place, _ACTIVATE, points, 0)
    out["day"], out["stage"] = when, np.full(place.size, _SECOND)
    out["expires"] = book.last_day[book.member[place], book.lot[place]].astype(np.int64)
    return out


def _expired(happened: Happened) -> Columns:
    """What was left of lots on the day after their last, one event for all lots of a month."""
    book = happened.book
    member, lot = np.nonzero(happened.left > 0)
    key = member * 10_000 + book.last_day[member, lot]
    unique, at = np.unique(key, return_inverse=True)
    points = np.bincount(at, weights=happened.left[member, lot], minlength=unique.size).astype(np.int64)
    n, last = unique.size, unique % 10_000
    return {
        "customer": unique // 10_000,
        "day": last + 1,
        "kind": np.full(n, _EXPIRE),
        "points": -points,
        "order": np.full(n, -1),
        "cost": np.zeros(n, dtype=np.int64),
        "expires": last,
        "channel": np.full(n, 2),
        "other": np.full(n, -1),
        "stage": np.full(n, _FIRST),
    }


def other_system(scenario: Scenario, ledger: Columns, rng: Generator) -> tuple[Columns, Columns]:
    """The copy of the ledger that another system keeps, and what is wrong with it.

    An event is missing, has other points or is dated up to three days late; late ones stay within the window.
    """
    n = ledger["customer"].size
    u = rng.random((3, n))
    wrong = u[0] < scenario.points.mismatches
    kind = np.where(wrong, (u[1] * len(MISMATCHES)).astype(np.int64), -1)
    shift = 1 + (u[2] * 3).astype(np.int64)
    kind = np.where((kind == 2) & (ledger["day"] + shift >= scenario.days), 0, kind)
    change = np.where(kind == 1, np.sign(ledger["points"]) * (1 + (u[2] * 40).astype(np.int64)), 0)
    copy = {**ledger, "points": ledger["points"] + change, "day": ledger["day"] + np.where(kind == 2, shift, 0)}
    there = kind != 0
    copy = {name: values[there] for name, values in copy.items()}
    rank = np.lexsort((copy["event"], copy["day"], copy["customer"]))
    copy = {name: values[rank] for name, values in copy.items()}
    copy["event"] = _numbered(copy["customer"])
    bad = np.flatnonzero(kind >= 0)
    labels = {name: ledger[name][bad] for name in ("owner", "customer", "event", "points", "day")}
    return copy, {**labels, "mismatch": kind[bad], "change": np.where(kind == 0, -ledger["points"], change)[bad]}
