"""The ledger of points against a plain one: fuzzed ledgers of all kinds, ties, full days; seeds are fixed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from certification.plain_ledger import plain_ledger
from crm_lab.loyalty.points.lots.lot_allocation import allocate
from crm_lab.loyalty.points.lots.point_events import PointEvents
from crm_lab.loyalty.points.lots.point_kinds import KINDS, NEVER, USES

SEED = 20_261_201
LEDGERS = 10_000
ORDERS = ("fifo", "soonest", "lifo")
SIGN = {"earn": 1, "pending": 1, "activate": 1, "redeem": -1, "expire": -1, "reverse": -1}
AS_OF = 70


def fuzzed(rng, members=4):
    """Ledgers of a few members with few days, small points and few orders, so that everything ties and collides."""
    by_date = bool(rng.random() < 0.4)
    kinds = [kind for kind in KINDS if not (by_date and kind == "expire")]
    if rng.random() < 0.3:
        kinds = [kind for kind in kinds if kind not in ("pending", "activate", "reverse")]
    weights = rng.dirichlet(np.where([kind in ("earn", "redeem") for kind in kinds], 2.0, 0.7))
    shape = rng.choice(["rising", "any", "some", "none"])
    ledgers = []
    for _ in range(members):
        events = []
        for number in range(int(rng.integers(0, 30))):
            kind = str(rng.choice(kinds, p=weights))
            day = int(rng.integers(0, 60))
            points = int(rng.integers(0, 12)) * SIGN.get(kind, int(rng.choice([-1, 1])))
            order = None if rng.random() < 0.3 else int(rng.integers(0, 5))
            expires = {
                "rising": day + 20,
                "any": day + int(rng.integers(-1, 40)),
                "some": None if rng.random() < 0.4 else day + int(rng.integers(0, 30)),
                "none": None,
            }[shape]
            if kind == "activate":
                expires = None
            events.append((number, day, kind, points, order, expires))
        ledgers.append(events)
    return ledgers, by_date


def as_events(ledgers, rng):
    """The events as arrays, from rows in any order."""
    rows = [(who, *event) for who, events in enumerate(ledgers) for event in events]
    rows = [rows[i] for i in rng.permutation(len(rows))]
    member, event, day, kind, points, order, expires = (list(column) for column in zip(*rows, strict=True))
    return PointEvents.sorted(
        members=len(ledgers), member=np.array(member), event=np.array(event), day=np.array(day),
        kind=np.array([KINDS.index(k) for k in kind]), points=np.array(points),
        order=np.array([-1 if o is None else o for o in order]),
        expires=np.array([NEVER if e is None else e for e in expires]),
    )  # fmt: skip


def of_fast(events, found):
    """Lots and shortfalls in the form of the plain ledger, by member."""
    uses = {}
    for lot, at, of, points in zip(found.use_lot, found.use_event, found.use_of, found.use_points, strict=True):
        uses.setdefault(int(lot), []).append((-1 if at < 0 else int(events.event[at]), USES[of], int(points)))
    lots = {
        (int(found.lot_member[lot]), int(events.event[found.lot_event[lot]])): (
            int(found.active[lot]), int(found.pending[lot]), sorted(uses.get(lot, []))
        )
        for lot in range(len(found.lot_points))
    }  # fmt: skip
    short = {
        (int(events.member[at]), int(events.event[at])): int(found.short[at]) for at in np.flatnonzero(found.short)
    }
    return lots, short


def differences(order, ledgers, seed):
    """Of some fuzzed ledgers: those that differ from the plain one in any lot or use, and points that are lost."""
    rng = np.random.default_rng([seed, ORDERS.index(order)])
    differ, lost, done = 0, 0, 0
    while done < ledgers:
        several, by_date = fuzzed(rng)
        if not any(several):
            continue
        done += len(several)
        events = as_events(several, rng)
        found = allocate(events, order, AS_OF, by_date=by_date)
        lots, short = of_fast(events, found)
        for who, one in enumerate(several):
            plain, nobody = plain_ledger(one, order, AS_OF, by_date)
            wanted = {(who, lot.number): (lot.active, lot.pending, sorted(lot.uses)) for lot in plain}
            mine = {key: lot for key, lot in lots.items() if key[0] == who}
            missing = {number: points for (owner, number), points in short.items() if owner == who}
            differ += mine != wanted or missing != nobody
        used = np.zeros(len(found.lot_points), dtype=np.int64)
        np.add.at(used, found.use_lot, found.use_points)
        lost += int(np.abs(found.lot_points - found.active - found.pending - used).sum())
    return differ, lost


def certify_lots() -> Iterator[dict[str, Any]]:
    """No fuzzed ledger differs from the plain one, and no point is lost, in any order of redemption."""
    for order in ORDERS:
        differ, lost = differences(order, LEDGERS, SEED)
        for name, value, what in (
            ("differ", differ, "ledgers whose lots or uses differ from the plain ones"),
            ("lost", lost, "points that are neither left nor used"),
        ):
            yield {
                "name": f"points.lots.{order}.{name}", "value": value, "lo": 0, "hi": 0, "ok": value == 0,
                "what": f"{what}, of {LEDGERS:,} fuzzed ledgers",
            }  # fmt: skip
