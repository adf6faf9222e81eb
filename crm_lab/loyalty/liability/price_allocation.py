"""What members paid for each lot of points: the price of an order, shared out between its goods and its points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.calendar import day_numbers
from crm_lab.checks import Problems, check_settings, need_columns, not_positive, too_small
from crm_lab.loyalty.liability.minor_units import in_cents, shared_out

SOLD = ("earn", "pending")


@dataclass(frozen=True, kw_only=True)
class PriceAllocation:
    """How the price of an order is shared out.

    >>> lots = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b", "b"],
    ...         "lot": [1, 1, 2],
    ...         "kind": ["earn", "earn", "adjust"],
    ...         "order_id": ["o1", "o2", None],
    ...         "points": [1_000, 500, 200],
    ...     }
    ... )
    >>> orders = pd.DataFrame({"order_id": ["o1", "o2"], "amount": [100.0, 0.0]})
    >>> PriceAllocation(point_price=0.01).price(lots, orders, np.array([0.8, 0.8, 0.8])).tolist()
    [741, 0, 0]

    Attributes:
        point_price: Stand-alone price of a point that is redeemed.
        decimals: Of the currency.
    """

    point_price: float
    decimals: int = 2

    def __post_init__(self) -> None:
        check_settings(self, not_positive(self, "point_price"), too_small(self, decimals=0))

    def price(self, lots: pd.DataFrame, orders: pd.DataFrame, redeemed_share: Floats) -> Integers:
        """Price of each lot in cents; 0 for lots that were not sold: a bonus, an adjustment, an order of nothing.

        Args:
            lots: `customer_id`, `lot`, `kind`, `order_id`, `points`.
            orders: `order_id` and `amount` paid; `list_amount`, the stand-alone price of the goods, where it differs.
            redeemed_share: Share of the points expected to be redeemed, at the sale, shape (lots,).

        Returns:
            Cents, shape (lots,).

        Raises:
            BadInput: If orders are missing, repeated or below nothing.
        """
        need_columns(lots.columns, ("kind", "order_id", "points"), "The lots")
        need_columns(orders.columns, ("order_id", "amount"), "The orders")
        sold = (lots["kind"].isin(SOLD) & lots["order_id"].notna()).to_numpy()
        ids = pd.Index(orders["order_id"].astype("str"))
        problems = Problems("The orders of the points")
        problems.unless(ids.is_unique, f"{int(ids.duplicated().sum())} stand there more than once.")
        problems.raise_any()
        place = ids.get_indexer(pd.Index(lots["order_id"][sold].astype("str")))
        lacking = int((place < 0).sum())
        problems.unless(not lacking, f"{lacking} of {int(sold.sum())} lots name an order that is not there.")
        amounts = orders["amount"].to_numpy(dtype=float)
        below = int((amounts < 0).sum())
        problems.unless(not below, f"{below} have an amount below 0; give what was paid, before anything came back.")
        problems.raise_any()
        listed = orders["list_amount"].to_numpy(dtype=float) if "list_amount" in orders else amounts
        worth = lots["points"].to_numpy(dtype=float)[sold] * self.point_price * redeemed_share[sold]
        down = (listed + np.bincount(place, worth, minlength=len(orders)))[place]
        part = np.divide(amounts[place] * worth, down, out=np.zeros(len(place)), where=down > 0)
        cents = np.zeros(len(lots), dtype=np.int64)
        cents[sold] = in_cents(part, self.decimals)
        return cents


def values_of_uses(lots: pd.DataFrame, uses: pd.DataFrame, price: Integers) -> tuple[Integers, Integers]:
    """What each use takes of its lot's price, in cents, and the price with that of points handed on.

    A lot's price goes with its points, rounded to the cent in all, so that a lot without points has no price left. The
    price of points handed on to other members goes to the lots that came in on the same day, by their points.

    >>> lots = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b"],
    ...         "lot": [1, 1],
    ...         "kind": ["earn", "transfer"],
    ...         "points": [3, 1],
    ...         "issued_on": pd.to_datetime(["2024-01-01", "2024-02-01"]),
    ...     }
    ... )
    >>> uses = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "a", "b"],
    ...         "lot": [1, 1, 1],
    ...         "kind": ["transfer", "redeem", "redeem"],
    ...         "date": pd.to_datetime(["2024-02-01", "2024-03-01", "2024-03-01"]),
    ...         "points": [1, 1, 1],
    ...     }
    ... )
    >>> values, prices = values_of_uses(lots, uses, np.array([100, 0]))
    >>> values.tolist(), prices.tolist()
    ([33, 34, 33], [100, 33])

    Args:
        lots: `customer_id`, `lot`, `kind`, `issued_on`, `points`.
        uses: In order of time within lots: `customer_id`, `lot`, `kind`, `date`, `points`.
        price: Of each lot, in cents.

    Returns:
        Cents of each use, shape (uses,), and of each lot, shape (lots,).

    Raises:
        BadInput: If uses belong to no lot, or take more points than it has.
    """
    place = lot_of_uses(lots, uses)
    points, whole = uses["points"].to_numpy(dtype=np.int64), lots["points"].to_numpy(dtype=np.int64)
    after = pd.Series(points).groupby(place).cumsum().to_numpy() if len(points) else points
    problems = Problems("The uses of the points")
    over = int((after > whole[place]).sum()) if len(points) else 0
    problems.unless(not over, f"{over} take more points than are left of their lot.")
    problems.raise_any()
    prices = price.copy()

    def value(rows: Integers | slice) -> Integers:
        lot, to, size = place[rows], after[rows], points[rows]
        return _part(prices[lot], to, whole[lot]) - _part(prices[lot], to - size, whole[lot])

    incoming = np.flatnonzero((lots["kind"] == "transfer").to_numpy())
    if len(incoming):
        came, went = day_numbers(lots["issued_on"].iloc[incoming]), day_numbers(uses["date"])
        outgoing = (uses["kind"] == "transfer").to_numpy()
        for day in np.unique(came):
            to = incoming[came == day]
            out = np.flatnonzero(outgoing & (went == day))
            handed = int(value(out[~np.isin(place[out], to)]).sum())
            prices[to] = shared_out(handed, whole[to])
    return value(slice(None)), prices


def _part(price: Integers, points: Integers, whole: Integers) -> Integers:
    """Price of so many points of a lot, halves up; never a price times points beyond what is exact."""
    quotient, rest = np.divmod(price, np.maximum(whole, 1))
    return quotient * points + (2 * rest * points + whole) // np.maximum(2 * whole, 1)


def lot_of_uses(lots: pd.DataFrame, uses: pd.DataFrame) -> Integers:
    """Place of each use's lot among the lots.

    >>> lots = pd.DataFrame({"customer_id": ["a", "b"], "lot": [1, 1]})
    >>> lot_of_uses(lots, pd.DataFrame({"customer_id": ["b"], "lot": [1]})).tolist()
    [1]

    Args:
        lots: `customer_id` and `lot`.
        uses: The same.

    Returns:
        Places, shape (uses,).

    Raises:
        BadInput: If a lot stands there twice, or a use has none.
    """
    names = ["customer_id", "lot"]
    keys = lots[names].assign(place=np.arange(len(lots)))
    problems = Problems("The lots of the points")
    twice = int(keys.duplicated(names).sum())
    problems.unless(not twice, f"{twice} stand there more than once.")
    problems.raise_any()
    found = uses[names].merge(keys, on=names, how="left")["place"]
    lost = int(found.isna().sum())
    problems.unless(not lost, f"{lost} of {len(uses)} uses belong to no lot.")
    problems.raise_any()
    return found.to_numpy(dtype=np.int64)
