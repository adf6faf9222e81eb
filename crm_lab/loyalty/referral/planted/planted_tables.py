"""Planted accounts, and the contract's tables that they leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Booleans, Floats, Integers

_SHARES = {"address": 1.0, "ip": 0.8, "device": 0.3, "card": 0.2, "phone": 0.02}  # of a household that share it
_OWN = {"address": 1.0, "ip": 1.0, "device": 1.0, "card": 0.7, "phone": 1.0}  # of accounts that have one


@dataclass(eq=False)
class Accounts:
    """Accounts while they are drawn.

    Attributes:
        joined: Day of the programme, shape (n,).
        inviter: Who brought each, -1 for nobody.
        scheme: honest, ring, self_referral or burst.
        group: Number of the ring or the like, -1 for none.
        household: Whether it honestly shares marks with another.
        marks: By kind the mark of each account, -1 for none.
        orders: How many orders each places.
        back: Chance that an order goes back.
        late: Whether it goes back after the reward only, whole.
    """

    joined: Integers
    inviter: Integers
    scheme: NDArray[Any]
    group: Integers
    household: Booleans
    marks: dict[str, Integers]
    orders: Floats
    back: Floats
    late: Booleans

    @classmethod
    def honest(
        cls, joined: Integers, homes: Integers, inviter: Integers, wifi: int, rng: np.random.Generator
    ) -> Accounts:
        """Honest accounts in their households; some of them seen on one shop's device and address."""
        n = len(joined)
        code, size = np.unique(homes, return_inverse=True, return_counts=True)[1:]
        together = size[code] > 1
        marks = {}
        for k, (kind, share) in enumerate(_SHARES.items()):
            common = rng.random(n) < share
            own = np.arange(n) + (k + 1) * 10**9
            mark = np.where(common & together, code + 10**8 + (k + 1) * 10**9, own)
            marks[kind] = np.where((rng.random(n) < _OWN[kind]) | (common & together), mark, -1)
        seen = rng.permutation(n)[:wifi]
        marks["ip"][seen] = 99
        marks["device"][seen[: wifi // 2]] = 98
        ring = np.full(n, -1)
        scheme = np.full(n, "honest", dtype=object)
        return cls(joined, inviter, scheme, ring, together, marks, np.zeros(n), np.zeros(n), np.zeros(n, bool))

    def joined_by(self, more: Accounts) -> Accounts:
        """Both together, the others last."""
        fields = ("joined", "inviter", "scheme", "group", "household", "orders", "back", "late")
        made = {name: np.concatenate([getattr(self, name), getattr(more, name)]) for name in fields}
        marks = {kind: np.concatenate([self.marks[kind], more.marks[kind]]) for kind in self.marks}
        return Accounts(marks=marks, **made)


def tables_of(
    rng: np.random.Generator, accounts: Accounts, rows: dict[str, Any], start: int, days: int, reward: float, on: str
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Referrals, customers, marks, lines and truth."""
    n = len(accounts.joined)
    ids = np.char.add("m", np.arange(n).astype(str)).astype(object)
    orders = _orders(rng, accounts, days)
    paid = _paid(rows, orders, n, on)
    paid[paid >= days] = -1
    lines = _with_returns(rng, accounts, orders, rows, paid, days)
    invited = rows["invited"]
    named = np.where(invited >= 0, ids[np.maximum(invited, 0)], None)
    referrals = pd.DataFrame(
        {
            "referral": np.char.add("r", np.arange(len(invited)).astype(str)),
            "customer_id": ids[rows["inviter"]],
            "invited_id": named,
            "invited_on": _dates(rows["sent"], start),
            "joined_on": _dates(np.where(invited >= 0, rows["joined"], -1), start),
            "rewarded_on": _dates(paid, start),
            "reward_amount": np.where(paid >= 0, reward, np.nan),
            "channel": rng.choice(["app", "wechat", "email"], len(invited), p=[0.5, 0.35, 0.15]),
        }
    )
    channel = np.where(accounts.inviter >= 0, "referral", rng.choice(["store", "search"], n))
    customers = pd.DataFrame(
        {"customer_id": ids, "joined_on": _dates(accounts.joined, start), "acquisition_channel": channel}
    )
    truth = pd.DataFrame(
        {"customer_id": ids, "scheme": accounts.scheme, "group": accounts.group, "household": accounts.household}
    )
    bought = {"customer_id": ids[lines["account"]], "date": _dates(lines["day"], start), "kind": lines["kind"]}
    return referrals, customers, _mark_rows(accounts, ids, start), pd.DataFrame(
        {**bought, "net_amount": lines["amount"]}
    ), truth  # fmt: skip


def _dates(days: Integers, start: int) -> pd.Series:
    made = np.where(days >= 0, days + start, np.iinfo(np.int64).min).astype("datetime64[D]")
    return pd.Series(made.astype("datetime64[s]"))


def _orders(rng: np.random.Generator, accounts: Accounts, days: int) -> dict[str, Any]:
    """Orders by account: the first within days or weeks of joining."""
    count = accounts.orders.astype(np.int64)
    account = np.repeat(np.arange(len(count)), count)
    honest = accounts.scheme[account] == "honest"
    wait = np.where(honest, rng.exponential(30, len(account)), rng.exponential(1.5, len(account)))
    day = accounts.joined[account] + np.floor(wait).astype(np.int64)
    amount = np.round(np.where(honest, rng.gamma(2, 30, len(account)), rng.uniform(5, 25, len(account))), 2) + 1
    kept = day < days
    return {"account": account[kept], "day": day[kept], "amount": amount[kept]}


def _paid(rows: dict[str, Any], orders: dict[str, Any], n: int, on: str) -> Integers:
    """Day on which each invitation was rewarded, -1 for none."""
    first = np.full(n, 10**9)
    np.minimum.at(first, orders["account"], orders["day"])
    invited = rows["invited"]
    day = rows["joined"] if on == "joining" else first[np.maximum(invited, 0)]
    return np.where((invited >= 0) & (day < 10**9), day + 3, -1)


def _with_returns(
    rng: np.random.Generator,
    accounts: Accounts,
    orders: dict[str, Any],
    rows: dict[str, Any],
    paid: Integers,
    days: int,
) -> dict[str, Any]:
    """Orders and what goes back of them: an honest order within weeks, a made-up one just after the reward."""
    account, day = orders["account"], orders["day"]
    rewarded = np.full(len(accounts.joined), -1)
    told = rows["invited"] >= 0
    rewarded[rows["invited"][told]] = paid[told]
    late = accounts.late[account]
    goes = late | (rng.random(len(account)) < accounts.back[account])
    when = np.where(late, np.maximum(rewarded[account], day) + 2, day + rng.integers(2, 21, len(account)))
    goes &= when < days
    kinds = np.array(["sale"] * len(account) + ["return"] * int(goes.sum()), dtype=object)
    return {
        "account": np.concatenate([account, account[goes]]),
        "day": np.concatenate([day, when[goes]]),
        "amount": np.concatenate([orders["amount"], -orders["amount"][goes]]),
        "kind": kinds,
    }


def _mark_rows(accounts: Accounts, ids: NDArray[Any], start: int) -> pd.DataFrame:
    made = [
        pd.DataFrame({"customer_id": ids[mark >= 0], "kind": kind, "mark": [f"{m:x}h" for m in mark[mark >= 0]],
                      "first_seen": _dates(accounts.joined[mark >= 0], start)})
        for kind, mark in accounts.marks.items()
    ]  # fmt: skip
    return pd.concat(made, ignore_index=True)
