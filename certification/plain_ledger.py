"""A slow ledger of points in plain Python, one lot at a time: what the fast one is held against."""

from dataclasses import dataclass, field

FAR = 10**9


@dataclass
class Lot:
    """A lot with what is left of it, what passed its last day, and its uses."""

    number: int
    day: int
    expires: int
    order: object
    points: int
    active: int = 0
    pending: int = 0
    dead: int = 0
    uses: list = field(default_factory=list)


def plain_ledger(events, order, as_of, by_date):
    """Events of one member (number, day, kind, points, order_id, expires) -> lots, {number: points nobody had}."""
    lots, short = [], {}
    for number, day, kind, points, order_id, expires in sorted(events, key=lambda e: (e[1], e[0])):
        if by_date and points and (points < 0 or kind == "activate"):
            bury(lots, day)
        own = [lot for lot in lots if order_id is not None and lot.order == order_id]
        if kind == "activate":
            short[number] = activate(own + lots, points)
        elif points < 0:
            short[number] = spend(steps(kind, own, lots, order), number, kind, -points)
        elif points > 0:
            lot = Lot(number, day, FAR if expires is None else expires, order_id, points)
            lot.active, lot.pending = (0, points) if kind == "pending" else (points, 0)
            lots.append(lot)
    if by_date:
        bury(lots, as_of)
        for lot in lots:
            lot.uses += [(-1, "expire", lot.dead)] if lot.dead else []
    return lots, {number: left for number, left in short.items() if left}


def activate(lots, left):
    """Pending points become active, lot by lot; what nobody had."""
    for lot in lots:
        moved = min(left, lot.pending)
        lot.pending, lot.active, left = lot.pending - moved, lot.active + moved, left - moved
    return left


def steps(kind, own, lots, order):
    """From which lots, in which order, a kind of event takes what."""
    in_order = {"fifo": lots, "lifo": list(reversed(lots)), "soonest": sorted(lots, key=lambda lot: lot.expires)}[order]
    if kind == "expire":
        return [("active", sorted(lots, key=lambda lot: lot.expires))]
    past = sorted(lots, key=lambda lot: lot.expires)[::-1]
    rest = [("active", in_order), *([("pending", lots)] if kind == "reverse" else []), ("dead", past)]
    return [(part, own) for part in ("pending", "active", "dead") if kind == "reverse"] + rest


def spend(steps, number, kind, left):
    """Points leave lots, step by step; what nobody had."""
    for part, lots in steps:
        for lot in lots:
            given = min(left, getattr(lot, part))
            if given:
                setattr(lot, part, getattr(lot, part) - given)
                lot.uses.append((number, kind, given))
                left -= given
    return left


def bury(lots, day):
    """Points whose last day is over."""
    for lot in lots:
        if lot.expires < day:
            lot.dead += lot.active + lot.pending
            lot.active = lot.pending = 0
