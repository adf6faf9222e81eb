"""A ledger with its orders and tiers as arrays, ready to be played through rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import need_columns
from crm_lab.loyalty.tier_economics.tier_records import Day, checked_history

SPAN = 10_000_000  # days that keep members apart in one sorted key
_ISSUE, _OUT = ("earn", "pending"), ("adjust", "transfer")


@dataclass(frozen=True, eq=False)
class MemberRecord:
    """A ledger with its orders and tiers as arrays, in order of members and days.

    Attributes:
        members: Members in all.
        tiers: Names, lowest first.
        lots: ``member, day, place`` (row of the ledger), ``points, amount`` (nan without an order), ``since`` (place of
            the decision in force, or -1), ``back`` (points of it that were taken back).
        reversals: ``member, place, lot, points``: what was taken back of which lot, and when.
        days: ``member, day, place`` (row of the first redemption, else of the first event), ``out`` (points given
            away or written off), ``redeemed, cost, order``.
        decisions: ``member, day, amount, rank``.
        price: Points of each member's usual reward, shape (members,).
        cost: What that costs the retailer, shape (members,).
        end: Last day.
        ledger: Totals of the ledger: issued, redeemed, expired, outstanding.
    """

    members: int
    tiers: Sequence[str]
    lots: pd.DataFrame
    reversals: pd.DataFrame
    days: pd.DataFrame
    decisions: pd.DataFrame
    price: Floats
    cost: Floats
    end: int
    ledger: dict[str, float]


def member_record(
    orders: pd.DataFrame,
    rewards: pd.DataFrame,
    tier_history: pd.DataFrame | None,
    tiers: Sequence[str],
    as_of: Day,
    amount: str,
) -> MemberRecord:
    """Bring ledger, orders and tiers into order.

    Args:
        orders: ``order_id`` and an amount.
        rewards: ``customer_id, date, kind, points, order_id, cost_amount``.
        tier_history: ``customer_id, tier, since, qualifying_amount``; everybody is in the lowest tier unless given.
        tiers: Names, lowest first.
        as_of: Last day.
        amount: Column of the orders.

    Raises:
        BadInput: If columns are missing.
    """
    need_columns(orders.columns, ("order_id", amount), "The orders")
    need_columns(
        rewards.columns, ("customer_id", "date", "kind", "points", "order_id", "cost_amount"), "The ledger of points"
    )
    end = day_number(as_of)
    rows = rewards.assign(day=day_numbers(pd.to_datetime(rewards["date"])))
    rows = rows[(rows["day"] <= end) & rows["customer_id"].notna()]
    index = pd.Index(rows["customer_id"].unique())
    rows = rows.assign(member=index.get_indexer(rows["customer_id"]))
    rows = rows.sort_values(["member", "day", *(("event",) if "event" in rows else ())], kind="stable")
    rows["place"] = np.arange(len(rows))
    points = rows["points"].to_numpy(dtype=float)
    given = rows["kind"].isin(_ISSUE).to_numpy() | (rows["kind"].isin(("adjust", "transfer")).to_numpy() & (points > 0))
    paid = orders.drop_duplicates("order_id").set_index("order_id")[amount].astype(float)
    lots = rows.loc[given, ["member", "day", "place", "points"]].assign(
        amount=rows.loc[given, "order_id"].map(paid).to_numpy(float)
    )
    lots["order_id"] = rows.loc[given, "order_id"].to_numpy()
    lots = lots.reset_index(drop=True)
    lots.loc[~rows.loc[given, "kind"].isin(_ISSUE).to_numpy(), "amount"] = np.nan
    decisions = _decisions(tier_history, tiers, index, end)
    lots["since"] = decision_in_force(decisions, lots["member"].to_numpy(), lots["day"].to_numpy(dtype=np.int64))
    reversals = _reversals(rows[rows["kind"] == "reverse"], lots)
    lots["back"] = np.bincount(reversals["lot"], reversals["points"], len(lots))
    redeems = rows[rows["kind"] == "redeem"]
    price, cost = _usual_reward(redeems, len(index))
    kinds = rows.groupby("kind")["points"].sum()
    issued = float(points[given].sum())
    ledger = {
        "issued": issued, "redeemed": -float(kinds.get("redeem", 0)), "expired": -float(kinds.get("expire", 0)),
        "outstanding": float(points[(rows["kind"] != "activate").to_numpy()].sum()),
    }  # fmt: skip
    return MemberRecord(
        len(index), tuple(tiers), lots, reversals, _member_days(rows, points), decisions, price, cost, end, ledger
    )


def _reversals(rows: pd.DataFrame, lots: pd.DataFrame) -> pd.DataFrame:
    """What was taken back of which lot: that of its order, no more than it has."""
    first = lots[lots["order_id"].notna()].assign(lot=lambda f: f.index).drop_duplicates(["member", "order_id"])
    found = rows[["member", "place", "order_id", "points"]].merge(
        first[["member", "order_id", "lot", "points"]].rename(columns={"points": "size"}), on=["member", "order_id"]
    )
    found = found.sort_values("place", ignore_index=True)
    taken = (-found["points"]).groupby(found["lot"]).cumsum()
    fits = np.minimum(taken, found["size"]) - np.minimum(taken + found["points"], found["size"])
    return found[["member", "place", "lot"]].assign(points=fits.astype(float))


def _decisions(history: pd.DataFrame | None, tiers: Sequence[str], index: pd.Index, end: int) -> pd.DataFrame:
    """Days on which a member's tier was set, and by what amount."""
    if history is None:
        return pd.DataFrame({"member": np.arange(len(index)), "day": 0, "amount": np.nan, "rank": 0})
    need_columns(history.columns, ("qualifying_amount",), "The history of tiers")
    rows = checked_history(history, tiers)
    rows = rows.assign(
        member=index.get_indexer(pd.Index(rows["customer_id"])), amount=rows["qualifying_amount"].astype(float)
    )
    rows = rows[(rows["member"] >= 0) & (rows["day"] <= end)]
    return rows[["member", "day", "amount", "rank"]].sort_values(["member", "day"], ignore_index=True)


def decision_in_force(decisions: pd.DataFrame, member: Integers, day: Integers) -> Integers:
    """Place of the decision in force for a member on a day, or -1."""
    keys = decisions["member"].to_numpy(dtype=np.int64) * SPAN + decisions["day"].to_numpy(dtype=np.int64)
    place = np.searchsorted(keys, member.astype(np.int64) * SPAN + day, "right") - 1
    fits = (place >= 0) & (decisions["member"].to_numpy()[np.maximum(place, 0)] == member)
    return np.where(fits, place, -1)


def _usual_reward(redeems: pd.DataFrame, members: int) -> tuple[Floats, Floats]:
    """Points and cost of each member's most frequent reward; the chain's where a member never redeemed."""
    if redeems.empty:
        return np.full(members, np.inf), np.zeros(members)
    sizes = redeems.assign(price=-redeems["points"]).groupby(["member", "price"])["cost_amount"].agg(["size", "mean"])
    most = sizes.reset_index()
    most.columns = ["member", "points", "n", "cost"]
    most = most.sort_values(["member", "n", "points"]).drop_duplicates("member", keep="last")
    usual = most.groupby("points")["n"].count().idxmax()
    price, cost = (
        np.full(members, usual, dtype=float),
        np.full(members, float(most.loc[most["points"] == usual, "cost"].mean())),
    )
    price[most["member"]], cost[most["member"]] = most["points"], most["cost"]
    return price, cost


def _member_days(rows: pd.DataFrame, points: Floats) -> pd.DataFrame:
    """What happens on each day of a member: points taken, redeemed, and whether something was earned (an order)."""
    kinds = rows["kind"]
    out = np.where(kinds.isin(_OUT) & (points < 0), -points, 0.0)
    redeemed = np.where(kinds == "redeem", -points, 0.0)
    table = pd.DataFrame(
        {
            "member": rows["member"].to_numpy(), "day": rows["day"].to_numpy(), "out": out, "redeemed": redeemed,
            "cost": np.where(kinds == "redeem", rows["cost_amount"].fillna(0).astype(float), 0.0),
            "order": (kinds.isin(_ISSUE) & rows["order_id"].notna()).to_numpy(dtype=float),
        }
    )  # fmt: skip
    sums = table.groupby(["member", "day"], as_index=False).sum()
    place = rows["place"].to_numpy() + np.where(kinds == "redeem", 0, len(rows))
    first = pd.Series(place).groupby([table["member"], table["day"]]).min().to_numpy()
    return sums.assign(place=first % len(rows))
