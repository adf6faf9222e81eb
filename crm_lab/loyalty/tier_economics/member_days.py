"""Members' days between orders and events of points: how long a balance stood, and whether an order ended that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import BadInput, need_columns
from crm_lab.loyalty.tier_economics.tier_records import Day

_EARNED = ("earn", "pending")
_COUNTED = ("activate",)  # points that were counted when they became pending
NEVER = -1_000_000  # a day before all others
_MOST_BELOW = 0.01  # share of members whose balance may fall below zero


@dataclass(frozen=True)
class MemberDays:
    """Spans of days in which a member's balance stands still; each array has the shape (spans,).

    Attributes:
        member: Number of the member, in rising order.
        day: First day after the event that began the span.
        length: Days up to the next event, or to the last day of the data.
        balance: Points in the span, pending ones among them, as members see them coming.
        earned: Points earned by then in all.
        ordered: Whether an order ended the span.
        after_order: Whether an order began it.
        redeemed: Whether a reward was redeemed on the day that began it.
        paid: Points redeemed on that day.
        members: Members in all.
    """

    member: Integers
    day: Integers
    length: Integers
    balance: Floats
    earned: Floats
    ordered: Booleans
    after_order: Booleans
    redeemed: Booleans
    paid: Floats
    members: int

    @classmethod
    def of(cls, orders: pd.DataFrame, rewards: pd.DataFrame, as_of: Day) -> MemberDays:
        """Spans of all members of the ledger up to a day.

        Args:
            orders: ``customer_id, date``.
            rewards: ``customer_id, date, kind, points``.
            as_of: Last day.

        Raises:
            BadInput: If columns are missing, or balances of more than 1 % of members fall below zero.
        """
        need_columns(orders.columns, ("customer_id", "date"), "The orders")
        need_columns(rewards.columns, ("customer_id", "date", "kind", "points"), "The ledger of points")
        last = day_number(as_of)
        index = pd.Index(rewards["customer_id"].dropna().unique())
        days = _days(orders, rewards, index, last)
        rows = days.groupby(["member", "day"], as_index=False, sort=True).sum()
        rows[["balance", "earned"]] = rows.groupby("member")[["points", "earned"]].cumsum()
        below = int(rows.loc[rows["balance"] < 0, "member"].nunique())
        if below > _MOST_BELOW * len(index):
            raise BadInput(
                f"The balances of {below} of {len(index)} members fall below zero; the ledger begins in the middle. "
                "Give it from its beginning, or with opening balances as adjust events."
            )
        member, day = rows["member"].to_numpy(dtype=np.int64), rows["day"].to_numpy(dtype=np.int64)
        same = np.append(member[1:] == member[:-1], False)
        following = np.where(same, np.append(day[1:], last), last)
        bought = rows["orders"].to_numpy() > 0
        return cls(
            member, day, following - day, rows["balance"].to_numpy(dtype=float), rows["earned"].to_numpy(dtype=float),
            same & np.append(bought[1:], False), bought, rows["redeemed"].to_numpy() > 0,
            rows["paid"].to_numpy(dtype=float), len(index),
        )  # fmt: skip

    def latest(self, began: Booleans) -> Integers:
        """First day of the member's latest span that began so, each span itself among them; `NEVER` before the first.

        Args:
            began: Whether spans began so, shape (spans,).
        """
        place = np.maximum.accumulate(np.where(began, np.arange(len(self.day)), -1))
        own = (place >= 0) & (self.member[np.maximum(place, 0)] == self.member)
        return np.where(own, self.day[np.maximum(place, 0)], NEVER)


def _days(orders: pd.DataFrame, rewards: pd.DataFrame, index: pd.Index, last: int) -> pd.DataFrame:
    """Orders and events of points in one table: member, day, and what each adds."""
    kinds, points = rewards["kind"], rewards["points"].to_numpy(dtype=float)
    standing = np.where(kinds.isin(_COUNTED), 0.0, points)
    events = pd.DataFrame(
        {
            "member": index.get_indexer(pd.Index(rewards["customer_id"])),
            "day": day_numbers(pd.to_datetime(rewards["date"])),
            "points": standing, "earned": np.where(kinds.isin(_EARNED), points, 0.0), "orders": 0.0,
            "redeemed": (kinds == "redeem").astype(float), "paid": np.where(kinds == "redeem", -points, 0.0),
        }
    )  # fmt: skip
    known = orders[orders["customer_id"].isin(index)]
    bought = pd.DataFrame(
        {"member": index.get_indexer(pd.Index(known["customer_id"])), "day": day_numbers(pd.to_datetime(known["date"]))}
    ).assign(points=0.0, earned=0.0, orders=1.0, redeemed=0.0, paid=0.0)
    rows = pd.concat([events, bought], ignore_index=True)
    return rows[(rows["member"] >= 0) & (rows["day"] <= last)]
