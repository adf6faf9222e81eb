"""The ledger of points once more, event by event in plain Python: first in, first out."""

from collections import defaultdict


def replay(rewards):
    """What becomes of each lot, and of each redemption which month's points it takes.

    Returns:
        Lots by customer, dicts with points, state and where they went; (month of issue, month of use) -> points.
    """
    books, uses = defaultdict(list), defaultdict(int)
    for row in rewards.itertuples(index=False):
        lots = books[row.customer_id]
        comes_in = row.kind in {"earn", "pending"} or (row.kind in {"adjust", "transfer"} and row.points > 0)
        if comes_in:
            lots.append(_lot(row))
        elif row.kind == "activate":
            lot = _of_order(lots, row.order_id)
            assert lot["pending"] == row.points
            lot["pending"], lot["active"] = 0, row.points
        elif row.kind == "reverse":
            lot = _of_order(lots, row.order_id)
            _move(lot, "pending" if lot["pending"] else "active", "reversed", -row.points)
        elif row.kind == "expire":
            _expire(lots, row)
        else:
            _take(lots, row, uses)
    return books, uses


def _lot(row):
    state = "pending" if row.kind == "pending" else "active"
    lot = {"order": row.order_id, "day": row.date, "points": row.points, "expires": row.expires_on}
    gone = dict.fromkeys(("pending", "active", "reversed", "redeemed", "expired", "taken"), 0)
    return {**lot, **gone, state: row.points}


def _of_order(lots, order_id):
    return next(lot for lot in lots if lot["order"] == order_id)


def _move(lot, source, target, points):
    assert 0 <= points <= lot[source]
    lot[source] -= points
    lot[target] += points


def _expire(lots, row):
    due = [lot for lot in lots if lot["expires"] == row.expires_on]
    assert sum(lot["active"] for lot in due) == -row.points
    for lot in due:
        _move(lot, "active", "expired", lot["active"])


def _take(lots, row, uses):
    left = -row.points
    for lot in lots:
        part = min(left, lot["active"])
        if part:
            assert lot["expires"] >= row.date
            _move(lot, "active", "redeemed" if row.kind == "redeem" else "taken", part)
            left -= part
        if part and row.kind == "redeem":
            uses[lot["day"].to_period("M"), row.date.to_period("M")] += part
    assert left == 0
