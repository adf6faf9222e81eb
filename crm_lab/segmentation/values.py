"""Recency, frequency and money of each customer, from receipt lines in a DataFrame."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, as_date, need_columns
from crm_lab.segmentation.codes import run_starts
from crm_lab.segmentation.periods import day_numbers
from crm_lab.segmentation.scores import Integers

_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, eq=False)
class PurchaseValues:
    """What RFM needs, and what was left out.

    Attributes:
        frame: ``customer_id``, ``recency_days``, ``tenure_days``, ``n_orders``, ``revenue``; one row per
            customer with a sale line in the window.
        null_lines: Lines without a customer.
        only_returns: Customers with lines in the window but no sale.
    """

    frame: pd.DataFrame
    null_lines: int
    only_returns: int


def purchase_values(
    lines: pd.DataFrame, *, as_of: str | date | datetime, window_days: int | None = None
) -> PurchaseValues:
    """Roll lines up to one row per customer. Returns lower revenue and are no orders.

    Args:
        lines: ``customer_id``, ``order_id``, ``date``, ``net_amount`` and, where there are returns,
            ``kind`` (``sale`` or another word).
        as_of: Last day that counts; recency counts back from it.
        window_days: Count only so many days that end with `as_of`; all of them if not given.

    Raises:
        BadInput: If columns are missing, or no sale lies in the window.

    >>> lines = pd.DataFrame({"customer_id": ["a", "a", None], "order_id": ["1", "2", "3"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-20", "2024-01-05"]), "net_amount": [5.0, 7.0, 1.0]})
    >>> purchase_values(lines, as_of="2024-01-31").frame[["recency_days", "n_orders"]].to_numpy().tolist()
    [[11, 2]]
    """  # fmt: skip
    need_columns(lines.columns, ["customer_id", "order_id", "date", "net_amount"], "The table of lines")
    day = as_date(as_of)
    today = (day - date(1970, 1, 1)).days
    named, null_lines = _inside(lines, today, window_days)
    starts = run_starts(*(named[c] for c in ("customer_id", "order_id", "date", "kind") if c in named))
    amount = np.add.reduceat(named["net_amount"].to_numpy(np.float64), starts) if len(starts) else np.empty(0)
    runs = named.iloc[starts]
    sale = (runs["kind"] == "sale").to_numpy() if "kind" in runs else np.ones(len(runs), dtype=bool)
    if not sale.any():
        raise BadInput(f"No customer has a sale up to {day}; choose a later as_of or a longer window.")
    code, ids = pd.factorize(runs["customer_id"])
    n, days = len(ids), day_numbers(runs["date"])
    revenue = np.bincount(code, weights=amount, minlength=n)
    first, last = _first_and_last(code[sale], days[sale], n)
    n_orders = _orders(code[sale], runs["order_id"][sale], n)
    bought = n_orders > 0
    frame = pd.DataFrame(
        {
            "customer_id": ids[bought],
            "recency_days": today - last[bought],
            "tenure_days": today - first[bought],
            "n_orders": n_orders[bought],
            "revenue": np.round(revenue[bought], 4),  # the cents of a decimal sum, not the order of a float one
        }
    )
    return PurchaseValues(frame, null_lines, int((~bought).sum()))


def _inside(lines: pd.DataFrame, today: int, window_days: int | None) -> tuple[pd.DataFrame, int]:
    """Lines of the window that name a customer, and how many do not."""
    days = day_numbers(lines["date"])
    inside = days <= today
    if window_days is not None:
        inside &= days > today - window_days
    named = lines["customer_id"].notna().to_numpy()
    null_lines = int((inside & ~named).sum())
    inside &= named
    return (lines if inside.all() else lines[inside]), null_lines


def _first_and_last(code: Integers, days: Integers, n: int) -> tuple[Integers, Integers]:
    first, last = np.full(n, -_NEVER - 1), np.full(n, _NEVER)
    np.minimum.at(first, code, days)
    np.maximum.at(last, code, days)
    return first, last


def _orders(code: Integers, orders: pd.Series, n: int) -> Integers:
    """Distinct orders per customer; an order number may be used for several customers."""
    order, names = pd.factorize(orders)
    owner = np.full(len(names), -1, dtype=np.int64)
    owner[order] = code
    if (owner[order] == code).all():
        return np.bincount(owner, minlength=n).astype(np.int64)
    pairs = np.unique(code * len(names) + order) // len(names)
    return np.bincount(pairs, minlength=n).astype(np.int64)
