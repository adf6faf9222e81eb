"""Invitations of members as they can be counted: who invited whom, what was set aside and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Booleans, Floats, Integers, Positions
from crm_lab.calendar import day_date, day_number
from crm_lab.checks import Problems
from crm_lab.loyalty.referral.invitation_log.log_checks import (
    NEVER,
    checked_tables,
    days_of,
    ids_of,
    refuse_strangers,
    refuse_swapped,
)
from crm_lab.messages import Message

UNKNOWN: Final = -1  # code of an account that is not named

REASONS: Final = (
    "no_inviter", "no_date", "after_as_of", "repeated", "conflicting_id", "own_account", "unknown_inviter",
    "unknown_invited", "joined_before_invited",
)  # fmt: skip
"""Why an invitation is set aside, in the order in which they are looked for."""


@dataclass(frozen=True, eq=False)
class ReferralLog:
    """Invitations, accounts, their marks and purchases, as numbers that analyses count with.

    Accounts are positions in `customer_id`; days are numbers since 1970-01-01, `NEVER` where there is none.

    >>> from crm_lab.loyalty.referral.planted.planted_referrals import PlantedReferrals
    >>> log = PlantedReferrals(members=2_000, seed=1).make().log()
    >>> log.accounts == len(log.joined), int(log.credited.sum()) < len(log.rows)
    (True, True)

    Attributes:
        customer_id: Ids of accounts, shape (n,).
        joined: Day each joined, shape (n,).
        rows: One row per usable invitation: ``referral``, ``inviter``, ``invited`` (`UNKNOWN` where not named),
            ``invited_day``, ``joined_day``, ``rewarded_day``, ``reward``, ``channel``, and ``hour`` where times are
            known.
        credited: Which of them brought a new account, shape (rows,): each account is brought once.
        second: Which joined rows name an account that another invitation had brought, shape (rows,).
        existing: Which joined rows name an account that was there before, shape (rows,).
        marks: Pairs of account and mark: ``account``, ``kind``, ``mark`` (codes); none where there are none.
        lines: What was bought: ``account``, ``day``, ``amount`` (negative where returned).
        set_aside: One row per invitation that cannot be used: ``referral``, ``customer_id``, ``invited_id``,
            ``reason``, ``reward``.
        as_of: Last day known.
        simulated: Whether the data are.
    """

    customer_id: pd.Index
    joined: Integers
    rows: pd.DataFrame
    credited: Booleans
    second: Booleans
    existing: Booleans
    marks: pd.DataFrame
    lines: pd.DataFrame
    set_aside: pd.DataFrame
    as_of: int
    simulated: bool = False

    @classmethod
    def of(
        cls,
        referrals: pd.DataFrame,
        customers: pd.DataFrame,
        as_of: str | date,
        *,
        marks: pd.DataFrame | None = None,
        transactions: pd.DataFrame | None = None,
        simulated: bool = False,
    ) -> ReferralLog:
        """Read the contract's tables; what is known after `as_of` is left out.

        Args:
            referrals: The contract's `referrals`.
            customers: The contract's `customers`; ``joined_on`` where it is known.
            as_of: Last day known.
            marks: The contract's `account_marks`.
            transactions: The contract's `transactions`, or any table of ``customer_id``, ``date``, ``net_amount``.
            simulated: Whether the data are.

        Returns:
            The log.

        Raises:
            BadInput: If columns are missing, dates or amounts cannot be read, ids stand twice or marks are in the
                clear: everything at once.
        """
        day = day_number(as_of)
        problems = Problems("The referrals")
        checked_tables(problems, referrals, customers, marks, transactions)
        problems.raise_any()
        ids = pd.Index(ids_of(customers["customer_id"]).astype(str))
        table = _numbered(referrals, ids, day)
        reason = _reasons(table, day)
        refuse_strangers(table, reason)
        kept = reason == ""
        lines = _lines(transactions, ids, day)
        rows = table[kept].drop(columns=["customer_id", "invited_id", "whole"]).reset_index(drop=True)
        joined = _joined(customers, rows, lines, len(ids), day)
        credited, second, existing = _credit(rows, joined, _first_days(lines, len(ids)))
        refuse_swapped(rows, existing, joined)
        aside = table.loc[~kept, ["referral", "customer_id", "invited_id", "reward"]]
        aside = aside.assign(reason=reason[~kept]).reset_index(drop=True)
        found = _marks(marks, ids, day)
        return cls(ids, joined, rows, credited, second, existing, found, lines, aside, day, simulated)

    @property
    def accounts(self) -> int:
        """Accounts known.

        >>> log.accounts > 2_000
        True
        """
        return len(self.customer_id)

    @cached_property
    def brought(self) -> pd.DataFrame:
        """The invitations that brought a new account.

        >>> bool(log.brought["invited"].is_unique)
        True
        """
        return self.rows[self.credited]

    @cached_property
    def inviter_of(self) -> Positions:
        """Who brought each account, shape (n,); `UNKNOWN` where nobody did.

        >>> int((log.inviter_of != UNKNOWN).sum()) == int(log.credited.sum())
        True
        """
        found = np.full(self.accounts, UNKNOWN, dtype=np.intp)
        found[self.brought["invited"].to_numpy()] = self.brought["inviter"].to_numpy()
        return found

    def spent(self, start: Integers, days: int) -> tuple[Floats, Floats]:
        """What each account bought and what it returned in the days from a start of its own, the first included.

        >>> bought, returned = log.spent(log.joined, 90)
        >>> bool((bought >= 0).all()), bool((returned >= 0).all())
        (True, True)

        Args:
            start: Day for each account, shape (n,); `NEVER` for those that have none.
            days: How many.

        Returns:
            Bought and returned, both positive, shape (n,).
        """
        account, day = self.lines["account"].to_numpy(), self.lines["day"].to_numpy()
        amount = self.lines["amount"].to_numpy()
        first = start[account]
        inside = (first != NEVER) & (day >= first) & (day < first + days)
        who, how_much = account[inside], amount[inside]
        sums = [np.bincount(who, np.maximum(sign * how_much, 0.0), minlength=self.accounts) for sign in (1, -1)]
        return sums[0].astype(np.float64), sums[1].astype(np.float64)

    def reasons(self) -> pd.DataFrame:
        """How many invitations were set aside or count for nobody, by reason, with the rewards paid for them.

        >>> log.reasons().empty
        True

        Returns:
            Columns ``reason``, ``rows``, ``reward``.
        """
        grouped = self.set_aside.groupby("reason")["reward"].agg(["size", "sum"])
        sizes, sums = grouped["size"].to_dict(), grouped["sum"].to_dict()
        found: list[tuple[str, int, float]]
        found = [(name, int(sizes[name]), float(sums[name])) for name in REASONS if name in sizes]
        for name, which in (("second_inviter", self.second), ("existing_member", self.existing)):
            if which.any():
                found.append((name, int(which.sum()), float(self.rows["reward"].to_numpy()[which].sum())))
        return pd.DataFrame(found, columns=["reason", "rows", "reward"])

    def said_aside(self) -> Message | str:
        """What was set aside, in words; nothing where nothing was."""
        found = self.reasons()
        if found.empty:
            return ""
        return Message("referral.aside", {"n": int(found["rows"].sum()), "reward": float(found["reward"].sum())})

    @property
    def day(self) -> date:
        """Last day known, as a date."""
        return day_date(self.as_of)


def _numbered(referrals: pd.DataFrame, ids: pd.Index, as_of: int) -> pd.DataFrame:
    """Invitations with accounts as positions and days as numbers; what came after `as_of` had not happened."""
    texts = {name: ids_of(referrals[name]) for name in ("referral", "customer_id", "invited_id")}
    invited, joined, rewarded = (days_of(referrals[name]) for name in ("invited_on", "joined_on", "rewarded_on"))
    hidden = joined > as_of
    paid = (rewarded != NEVER) & (rewarded <= as_of)
    reward = pd.to_numeric(referrals["reward_amount"]).fillna(0.0).to_numpy(dtype=float)
    channel = referrals["channel"] if "channel" in referrals else pd.Series(pd.NA, index=referrals.index)
    made = pd.DataFrame(texts).reset_index(drop=True)
    made["inviter"] = _codes(ids, made["customer_id"])
    made["invited"] = _codes(ids, made["invited_id"])
    made["invited_day"] = invited
    made["joined_day"] = np.where(hidden, NEVER, joined)
    made["rewarded_day"] = np.where(paid, rewarded, NEVER)
    made["reward"] = np.where(paid, reward, 0.0)
    made["channel"] = channel.astype("string").fillna("").to_numpy()
    made["hour"] = _hours(referrals["invited_on"], invited)
    made["whole"] = _contents(referrals, made["referral"])
    return made


def _contents(referrals: pd.DataFrame, name: pd.Series) -> NDArray[Any]:
    """Hash of all that each row of a repeated id holds; 0 for ids that stand once."""
    found = np.zeros(len(referrals), dtype=np.uint64)
    twice = name.duplicated(keep=False).to_numpy()
    if twice.any():
        found[twice] = pd.util.hash_pandas_object(referrals[twice].astype("string"), index=False).to_numpy()
    return found


def _codes(ids: pd.Index, names: pd.Series) -> Positions:
    return np.asarray(ids.get_indexer(pd.Index(names.fillna("").astype(object))), dtype=np.intp)


def _hours(dates: pd.Series, days: Integers) -> Integers:
    """Hours since 1970; `NEVER` where the file holds days only."""
    times = pd.to_datetime(dates, errors="coerce")
    hour = times.dt.hour.fillna(0).to_numpy(dtype=np.int64)
    return np.where(days == NEVER, NEVER, days * 24 + hour) if hour.any() else np.full(len(days), NEVER)


def _reasons(table: pd.DataFrame, as_of: int) -> NDArray[Any]:
    """Why each invitation cannot be used; empty where it can."""
    inviter, invited = table["inviter"].to_numpy(), table["invited"].to_numpy()
    who, whom = table["customer_id"].fillna("").to_numpy(), table["invited_id"].fillna("").to_numpy()
    sent, joined = table["invited_day"].to_numpy(), table["joined_day"].to_numpy()
    twice = table["referral"].duplicated(keep=False).to_numpy()
    same = table.duplicated(["referral", "whole"], keep="first").to_numpy()
    kinds = table.groupby("referral")["whole"].transform("nunique").to_numpy() if twice.any() else np.ones(len(table))
    tests = {
        "no_inviter": (who == "") | table["referral"].isna().to_numpy(),
        "no_date": sent == NEVER,
        "after_as_of": sent > as_of,
        "repeated": same & (kinds == 1),
        "conflicting_id": kinds > 1,
        "own_account": (who == whom) & (who != ""),
        "unknown_inviter": inviter == UNKNOWN,
        "unknown_invited": (invited == UNKNOWN) & (whom != "") & (joined != NEVER),
        "joined_before_invited": (joined != NEVER) & (joined < sent),
    }
    return np.select(list(tests.values()), list(tests), default="")


def _first_days(lines: pd.DataFrame, accounts: int) -> Integers:
    """First day on which each account bought; a far day where it never did."""
    first = np.full(accounts, np.iinfo(np.int64).max)
    bought = lines["amount"].to_numpy() > 0
    np.minimum.at(first, lines["account"].to_numpy()[bought], lines["day"].to_numpy()[bought])
    return first


def _joined(customers: pd.DataFrame, rows: pd.DataFrame, lines: pd.DataFrame, n: int, as_of: int) -> Integers:
    """Day each account joined: as the customers say it, else the referrals, else the first purchase."""
    days = days_of(customers["joined_on"]) if "joined_on" in customers else np.full(n, NEVER)
    days = np.where(days > as_of, NEVER, days)
    came = rows[(rows["joined_day"] != NEVER) & (rows["invited"] != UNKNOWN)].sort_values("joined_day")
    first = came.drop_duplicates("invited")
    told = np.full(n, NEVER)
    told[first["invited"].to_numpy()] = first["joined_day"].to_numpy()
    bought = _first_days(lines, n)
    days = np.where(days == NEVER, told, days)
    return np.where((days == NEVER) & (bought <= as_of), bought, days)


def _credit(rows: pd.DataFrame, joined: Integers, bought: Integers) -> tuple[Booleans, Booleans, Booleans]:
    """Which rows brought an account, which name one brought already, which one that was there before."""
    invited, sent, came = (rows[name].to_numpy() for name in ("invited", "invited_day", "joined_day"))
    there = (came != NEVER) & (invited != UNKNOWN)
    at = np.where(invited == UNKNOWN, 0, invited)
    known = joined[at]
    existing = there & (((known != NEVER) & (known < sent)) | (bought[at] < sent))
    asks = there & ~existing
    order = np.lexsort((np.arange(len(rows)), sent, came))
    order = order[asks[order]]
    first = order[~pd.Series(invited[order]).duplicated().to_numpy()]
    credited = np.zeros(len(rows), dtype=bool)
    credited[first] = True
    return credited, asks & ~credited, existing


def _lines(transactions: pd.DataFrame | None, ids: pd.Index, as_of: int) -> pd.DataFrame:
    if transactions is None:
        return pd.DataFrame({"account": np.zeros(0, np.intp), "day": np.zeros(0, np.int64), "amount": np.zeros(0)})
    days = days_of(transactions["date"])
    account = _codes(ids, ids_of(transactions["customer_id"]))
    amount = transactions["net_amount"].to_numpy(dtype=float)
    kept = (account != UNKNOWN) & (days <= as_of) & (days != NEVER) & (amount != 0)
    if "kind" in transactions:
        kept &= (transactions["kind"] != "fee").to_numpy()
    return pd.DataFrame({"account": account[kept], "day": days[kept], "amount": amount[kept]})


def _marks(marks: pd.DataFrame | None, ids: pd.Index, as_of: int) -> pd.DataFrame:
    """Pairs of account and mark, each once; an empty mark marks nobody."""
    if marks is None or marks.empty:
        empty = np.zeros(0, np.intp)
        return pd.DataFrame({"account": empty, "kind": pd.Categorical([]), "mark": empty})
    text = marks["mark"].astype("string").str.strip()
    account = _codes(ids, ids_of(marks["customer_id"]))
    kept = (account != UNKNOWN) & text.notna().to_numpy() & (text.fillna("") != "").to_numpy()
    if "first_seen" in marks:
        kept &= days_of(marks["first_seen"]) <= as_of
    kind = pd.Categorical(marks["kind"])[kept]
    code = pd.factorize(text[kept])[0].astype(np.int64) * len(kind.categories) + kind.codes
    made = {"account": account[kept], "kind": kind, "mark": pd.factorize(code)[0].astype(np.intp)}
    return pd.DataFrame(made).drop_duplicates(["account", "mark"]).reset_index(drop=True)
