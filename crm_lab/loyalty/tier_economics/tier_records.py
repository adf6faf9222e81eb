"""Who was in which tier on which day, and what members bought in which days: from the tables to arrays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.messages.no_answer import cannot_answer

NO_TIER = -1
Day = str | date | datetime


def checked_history(tier_history: pd.DataFrame, tiers: Sequence[str]) -> pd.DataFrame:
    """The history in order of members and days, with ``day`` and the tier's place (``rank``, 0 is the lowest).

    Args:
        tier_history: ``customer_id, tier, since``, and perhaps ``qualifying_amount``.
        tiers: Names from the lowest to the highest.

    Raises:
        BadInput: If columns are missing, a tier has no place, or a member has two tiers on one day.
    """
    need_columns(tier_history.columns, ("customer_id", "tier", "since"), "The history of tiers")
    problems = Problems("The history of tiers")
    gaps = int(tier_history[["customer_id", "tier", "since"]].isna().any(axis=1).sum())
    problems.unless(not gaps, f"{gaps} of {len(tier_history)} rows lack customer, tier or day; leave them out.")
    unknown = sorted(set(tier_history["tier"].dropna()) - set(tiers))
    problems.unless(
        not unknown, f"Tiers {', '.join(map(str, unknown))} are not among {', '.join(tiers)}; name all, lowest first."
    )
    twice = int(tier_history.duplicated(["customer_id", "since"]).sum())
    problems.unless(not twice, f"{twice} rows repeat a customer and day; one tier a day is needed.")
    problems.raise_any()
    places = {tier: place for place, tier in enumerate(tiers)}
    rows = tier_history.assign(
        day=day_numbers(pd.to_datetime(tier_history["since"])), rank=tier_history["tier"].map(places).astype(int)
    )
    return rows.sort_values(["customer_id", "day"], kind="stable", ignore_index=True)


def purchase_rows(orders: pd.DataFrame, amount: str, what: str = "The orders") -> pd.DataFrame:
    """Orders of known customers with ``day`` as a number, in order of customers and days.

    Args:
        orders: ``customer_id``, ``date`` and an amount.
        amount: Column with the amount.
        what: Named in errors.

    Raises:
        BadInput: If columns or amounts are missing.
    """
    need_columns(orders.columns, ("customer_id", "date", amount), what)
    known = orders[orders["customer_id"].notna()]
    gaps = int(known[["date", amount]].isna().any(axis=1).sum())
    if gaps:
        raise BadInput(f"{what}: {gaps} of {len(known)} rows lack a date or {amount}; leave them out.")
    rows = known.assign(day=day_numbers(pd.to_datetime(known["date"])))
    return rows.sort_values(["customer_id", "day"], kind="stable", ignore_index=True)


def tier_ranks(history: pd.DataFrame, customers: pd.Series, days: Integers) -> Integers:
    """Place of the tier each customer was in on a day; -1 before the first.

    Args:
        history: As `checked_history` gives it.
        customers: Ids, shape (n,).
        days: Days, shape (n,).
    """
    left = pd.DataFrame({"customer_id": customers.to_numpy(), "day": days, "place": np.arange(len(days))})
    found = pd.merge_asof(
        left.sort_values("day", kind="stable"),
        history[["customer_id", "day", "rank"]].sort_values("day", kind="stable"),
        on="day",
        by="customer_id",
    )
    ranks = np.full(len(days), NO_TIER, dtype=np.int64)
    ranks[found["place"].to_numpy()] = found["rank"].fillna(NO_TIER).to_numpy(dtype=np.int64)
    return ranks


def sums_within(rows: pd.DataFrame, ids: pd.Series, first: Integers, last: Integers, amount: str) -> Floats:
    """What each customer has in the rows from a day of their own to another, both included, shape (n,).

    Args:
        rows: As `purchase_rows` gives it.
        ids: One customer each, shape (n,).
        first: First day of each, shape (n,).
        last: Last day of each, shape (n,).
        amount: What is summed.
    """
    codes = pd.Index(ids.unique())
    who = codes.get_indexer(rows["customer_id"])
    known = who >= 0
    key = who[known].astype(np.int64) * _SPAN + rows["day"].to_numpy(dtype=np.int64)[known]
    order = np.argsort(key, kind="stable")
    key, totals = key[order], np.concatenate([[0.0], np.cumsum(rows[amount].to_numpy(dtype=float)[known][order])])
    own = codes.get_indexer(ids).astype(np.int64) * _SPAN
    low, high = np.searchsorted(key, own + first, "left"), np.searchsorted(key, own + last, "right")
    return np.asarray(totals[np.maximum(high, low)] - totals[low])


_SPAN = 10_000_000  # days that keep customers apart in one sorted key


def threshold_members(
    tier_history: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    tiers: Sequence[str],
    tier: str,
    as_of: Day,
    days: int = 365,
    amount: str = "net_amount",
) -> pd.DataFrame:
    """Members whose tier was decided by an amount at the latest decision that has a whole follow-up.

    >>> history = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b"],
    ...         "tier": ["base", "gold"],
    ...         "since": ["2023-01-01"] * 2,
    ...         "qualifying_amount": [480.0, 510.0],
    ...     }
    ... )
    >>> orders = pd.DataFrame({"customer_id": ["b"], "date": ["2023-03-01"], "net_amount": [70.0]})
    >>> threshold_members(history, orders, tiers=("base", "gold"), tier="gold", as_of="2023-12-31")[
    ...     ["qualifying_amount", "treated", "spend", "left"]
    ... ].to_dict("list")
    {'qualifying_amount': [480.0, 510.0], 'treated': [0.0, 1.0], 'spend': [0.0, 70.0], 'left': [1.0, 0.0]}

    Args:
        tier_history: ``customer_id, tier, since, qualifying_amount``.
        orders: ``customer_id, date`` and an amount.
        tiers: Names from the lowest to the highest.
        tier: The tier above the threshold.
        as_of: Last day of the orders.
        days: Follow-up of everybody, from the day of the decision.
        amount: Column of the orders.

    Returns:
        One row a member: ``customer_id, since, qualifying_amount, treated`` (in the tier or a higher one), ``spend``,
        ``orders`` and ``left`` (no order) in the follow-up, ``before`` (orders in as many days before).

    Raises:
        BadInput: If columns are missing or the tier is not among the names, or is the lowest.
        CannotAnswer: If no decision has a whole follow-up.
    """
    if tier not in tiers or tier == tiers[0]:
        raise BadInput(f"tier is {tier!r}; it must be one of {', '.join(tiers[1:])}.")
    need_columns(tier_history.columns, ("qualifying_amount",), "The history of tiers")
    history = checked_history(tier_history, tiers)
    rows = purchase_rows(orders, amount).assign(orders=1.0)
    decided = history[history["qualifying_amount"].notna() & (history["day"] + days - 1 <= day_number(as_of))]
    if decided.empty:
        raise cannot_answer("no_tier_decision", days=days)
    last = decided.groupby("customer_id", as_index=False).tail(1).reset_index(drop=True)
    since = last["day"].to_numpy(dtype=np.int64)
    ids = last["customer_id"]
    after = sums_within(rows, ids, since, since + days - 1, "orders")
    return pd.DataFrame(
        {
            "customer_id": ids,
            "since": last["since"],
            "qualifying_amount": last["qualifying_amount"].astype(float),
            "treated": (last["rank"] >= list(tiers).index(tier)).astype(float),
            "spend": sums_within(rows, ids, since, since + days - 1, amount),
            "orders": after,
            "left": (after == 0).astype(float),
            "before": sums_within(rows, ids, since - days, since - 1, "orders"),
        }
    )


def tier_days(history: pd.DataFrame, index: pd.Index, k: int, span: tuple[int, int]) -> Floats:
    """Days of each member in each tier within a span, shape (members, tiers)."""
    day, who = history["day"].to_numpy(), index.get_indexer(pd.Index(history["customer_id"]))
    following = np.append(np.where(who[1:] == who[:-1], day[1:], span[1] + 1), span[1] + 1)
    length = np.clip(np.minimum(following, span[1] + 1) - np.maximum(day, span[0]), 0, None)
    return np.bincount(who * k + history["rank"], length, len(index) * k).reshape(-1, k).astype(float)
