"""Recency, frequency and money of each customer, from receipt lines in a DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import as_date, need_columns
from crm_lab.data.kernels.dataframes import as_pandas, column_names, purchase_table
from crm_lab.messages.no_answer import cannot_answer

_LONG = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class PurchaseValues:
    """Recency, frequency and revenue per customer, and what was left out.

    >>> days = pd.to_datetime(["2024-01-01", "2024-01-20"])
    >>> lines = pd.DataFrame({"customer_id": ["a", None], "order_id": ["1", "2"], "date": days, "net_amount": 5.0})
    >>> purchase_values(lines, as_of="2024-01-31").null_lines
    1

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
    lines: IntoFrame,
    *,
    as_of: str | date | datetime,
    window_days: int | None = None,
    customer: str = "customer_id",
    date: str = "date",
    amount: str = "net_amount",
) -> PurchaseValues:
    """Roll lines up to one row per customer. Returns lower revenue and are no orders; fees do not count.

    Args:
        lines: One row per line, receipt or purchase, in a DataFrame of any engine; where they are there, ``order_id``
            (without it the purchases of a customer on one day are one order) and ``kind`` (``sale`` or another word
            for returns) are used.
        as_of: Last day that counts; recency counts back from it.
        window_days: Count only so many days that end with `as_of`; all of them if not given.
        customer: Column with the customer.
        date: Column with the date.
        amount: Column with the amount.

    Returns:
        One row per purchase with its value.

    Raises:
        BadInput: If columns are missing, or no sale lies in the window.

    >>> lines = pd.DataFrame({"customer_id": ["a", "a", None], "order_id": ["1", "2", "3"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-20", "2024-01-05"]), "net_amount": [5.0, 7.0, 1.0]})
    >>> purchase_values(lines, as_of="2024-01-31").frame[["recency_days", "n_orders"]].to_numpy().tolist()
    [[11, 2]]
    """  # fmt: skip
    table = purchase_table(lines, customer=customer, date=date, amount=amount, also=["order_id", "kind"])
    known = receipts(table, as_of=as_of, window_days=window_days)
    n_orders, recency, revenue = known.dealt(np.ones(known.n_orders, dtype=np.int64))
    bought = n_orders > 0
    frame = pd.DataFrame(
        {
            "customer_id": known.customers[bought],
            "recency_days": recency[bought],
            "tenure_days": known.tenure()[bought],
            "n_orders": n_orders[bought],
            "revenue": np.round(revenue[bought], 4),  # the cents of a decimal sum, not the order of a float one
        }
    )
    return PurchaseValues(frame, known.null_lines, int((~bought).sum()))


def customer_values(
    table: IntoFrame,
    needed: Sequence[str],
    *,
    as_of: str | date | datetime,
    window_days: int | None = None,
    customer: str = "customer_id",
    date: str = "date",
    amount: str = "net_amount",
) -> PurchaseValues:
    """The values of each customer: as they stand in a customer table, or rolled up from purchases.

    Args:
        table: A customer table where it has a column of `needed`, otherwise purchases, as in `purchase_values`.
        needed: Columns of a customer table that the analysis reads.
        as_of: Last day that counts.
        window_days: Of purchases, count only so many days that end with `as_of`.
        customer: Column with the customer.
        date: Column with the date of a purchase.
        amount: Column with its amount.

    Raises:
        BadInput: If columns are missing.

    >>> sales = pd.DataFrame({"cust": ["a", "a"], "when": ["2024-01-01", "2024-01-20"], "eur": [5.0, 7.0]})
    >>> made = customer_values(sales, ["revenue"], as_of="2024-01-31", customer="cust", date="when", amount="eur")
    >>> made.frame["revenue"].tolist()
    [12.0]
    """
    names = column_names(table, "The customer table")
    if not set(needed) & set(names):
        return purchase_values(table, as_of=as_of, window_days=window_days, customer=customer, date=date, amount=amount)
    need_columns(names, [customer, *needed], "The customer table")
    frame = as_pandas(table, "The customer table")
    if customer != "customer_id":
        frame = frame.drop(columns="customer_id", errors="ignore").rename(columns={customer: "customer_id"})
    return PurchaseValues(frame, 0, 0)


@dataclass(frozen=True, eq=False)
class Receipts:
    """What customers bought and brought back, a row per receipt and kind of line.

    Attributes:
        customers: Shape (n,), everybody with a line in the window.
        customer: Shape (rows,), place in `customers`.
        order: Shape (rows,), number 0 ... n_orders - 1 of the order of that customer.
        days_ago: Shape (rows,), as_of minus the day.
        amount: Shape (rows,).
        sale: Shape (rows,), whether the row is a sale.
        null_lines: Lines without a customer.
    """

    customers: np.ndarray
    customer: Integers
    order: Integers
    days_ago: Integers
    amount: Floats
    sale: np.ndarray
    null_lines: int

    @property
    def n_orders(self) -> int:
        """How many orders there are."""
        return int(self.order.max()) + 1

    def dealt(self, times: Integers) -> tuple[Integers, Integers, Floats]:
        """Orders, days since the last sale and revenue of each customer if each order had happened `times` times.

        Args:
            times: Shape (n_orders,); all ones for what did happen.

        Returns:
            Three arrays of shape (n,); recency is meaningless where there is no order.
        """
        n, weight = len(self.customers), times[self.order]
        revenue = np.bincount(self.customer, weights=self.amount * weight, minlength=n).astype(np.float64, copy=False)
        happened = self.sale & (weight > 0)
        recency: Integers = np.full(n, _LONG, dtype=np.int64)
        np.minimum.at(recency, self.customer[happened], self.days_ago[happened])
        owner = np.zeros(self.n_orders, dtype=np.int64)
        sold = np.zeros(self.n_orders, dtype=bool)
        owner[self.order] = self.customer
        sold[self.order[self.sale]] = True
        orders = np.bincount(owner, weights=times * sold, minlength=n).astype(np.int64)
        return orders, recency, revenue

    def tenure(self) -> Integers:
        """Days since each customer's first sale, shape (n,)."""
        longest: Integers = np.full(len(self.customers), -1, dtype=np.int64)
        np.maximum.at(longest, self.customer[self.sale], self.days_ago[self.sale])
        return longest


def receipts(lines: IntoFrame, *, as_of: str | date | datetime, window_days: int | None = None) -> Receipts:
    """Roll lines up to receipts; see `purchase_values` for the arguments.

    Raises:
        BadInput: If columns are missing, or no sale lies in the window.
    """
    table = purchase_table(lines, also=["order_id", "kind"])
    day = as_date(as_of)
    today = day_number(day)
    named, null_lines = _inside(table, today, window_days)
    starts = run_starts(*(named[c] for c in ("customer_id", "order_id", "date", "kind") if c in named))
    amount = np.add.reduceat(named["net_amount"].to_numpy(np.float64), starts) if len(starts) else np.empty(0)
    runs = named.iloc[starts]
    sale = (runs["kind"] == "sale").to_numpy() if "kind" in runs else np.ones(len(runs), dtype=bool)
    if not sale.any():
        raise cannot_answer("no_sale", day=day)
    customer, ids = pd.factorize(runs["customer_id"])
    order = _orders(customer, runs["order_id"] if "order_id" in runs else runs["date"])
    return Receipts(np.asarray(ids), customer, order, today - day_numbers(runs["date"]), amount, sale, null_lines)


def _inside(lines: pd.DataFrame, today: int, window_days: int | None) -> tuple[pd.DataFrame, int]:
    """Lines of the window that name a customer, and how many do not."""
    days = day_numbers(lines["date"])
    inside = days <= today
    if window_days is not None:
        inside &= days > today - window_days
    named = lines["customer_id"].notna().to_numpy()
    null_lines = int((inside & ~named).sum())
    inside &= named
    if "kind" in lines:
        inside &= (lines["kind"] != "fee").to_numpy(dtype=bool)
    return (lines if inside.all() else lines[inside]), null_lines


def _orders(customer: Integers, orders: pd.Series) -> Integers:
    """Orders as numbers from 0; an order number may be used for several customers."""
    order: Integers
    order, names = pd.factorize(orders)
    owner = np.full(len(names), -1, dtype=np.int64)
    owner[order] = customer
    if (owner[order] == customer).all():
        return order
    numbers: Integers = np.unique(customer * len(names) + order, return_inverse=True)[1]
    return numbers


def run_starts(*columns: pd.Series) -> Integers:
    """Where a new run begins: the rows in which any of the columns differs from the row before.

    On Complete Journey's lines, runs of customer, order and day are a tenth of the rows.

    >>> run_starts(pd.Series(["b", "b", "a", "a"]), pd.Series([1, 1, 1, 2])).tolist()
    [0, 2, 3]
    """
    n = len(columns[0])
    changed = np.ones(n, dtype=bool)
    if n:
        changed[1:] = False
    for column in columns:
        changed[1:] |= _differs(column)
    return np.flatnonzero(changed).astype(np.int64)


def _differs(column: pd.Series) -> Booleans:
    values = column.array
    different = values[1:] != values[:-1]
    if isinstance(different, np.ndarray) and different.dtype == np.bool_:
        return different
    known = pd.array(different, dtype="boolean").fillna(True)  # a missing value differs from all
    return np.asarray(known.to_numpy(dtype=bool), dtype=np.bool_)
