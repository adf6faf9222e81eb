"""The purchase log as arrays: one row per customer and day, cut at a date, in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from crm_lab.calendar import day_date, day_number, day_numbers
from crm_lab.data.kernels.dataframes import column_names, purchase_table
from crm_lab.messages.no_answer import cannot_answer

SUMS = ("n_units", "net_amount", "gross_amount", "discount_amount")


@dataclass(frozen=True, slots=True)
class PurchaseLog:
    """Purchase days up to `as_of`, ordered by customer and day.

    Attributes:
        ids: (m,) customer ids, sorted.
        starts: (m,) first row of each customer.
        unit: (n,) customer of each row, an index into `ids`.
        day: (n,) days since 1970-01-01.
        orders: (n,) orders that day.
        sums: Name to (n,) total of that day: units and money.
        as_of: Last day counted, days since 1970-01-01.
    """

    ids: NDArray[np.object_]
    starts: NDArray[np.int64]
    unit: NDArray[np.int64]
    day: NDArray[np.int64]
    orders: NDArray[np.int64]
    sums: dict[str, NDArray[np.float64]]
    as_of: int

    @property
    def counts(self) -> NDArray[np.int64]:
        """Purchase days of each customer (m,)."""
        return np.diff(np.append(self.starts, len(self.day)))

    def per_customer(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Sum a row value by customer (m,)."""
        out: NDArray[np.float64] = np.bincount(self.unit, values, len(self.ids)).astype(np.float64)
        return out


def order_table(orders: IntoFrame, what: str = "orders", **names: str) -> pd.DataFrame:
    """Orders of any engine under our names, with money and units where they are there.

    Args:
        orders: One row per purchase or order.
        what: What an error calls it.
        names: The user's names of columns, as in `purchase_table`: customer, date, amount.

    Raises:
        BadInput: As `purchase_table`; an amount is needed only where its column is there or was named.
    """
    there = "amount" in names or "net_amount" in column_names(orders, what)
    settings: dict[str, Any] = dict(names) if there else {**names, "amount": None}
    return purchase_table(orders, what, also=SUMS, **settings)


def purchase_log(orders: IntoFrame, as_of: str | date) -> PurchaseLog:
    """Orders up to and including `as_of` as arrays; orders without a customer are left out.

    Args:
        orders: `customer_id` and `date`, and where present units and money; a DataFrame of any engine.
        as_of: Last day that counts.

    Raises:
        BadInput: If a column is missing or no order is that early.
    """
    last = day_number(as_of)
    table = order_table(orders)
    day = day_numbers(table["date"])
    keep = (day <= last) & table["customer_id"].notna().to_numpy()
    if not keep.any():
        if not len(day):
            raise cannot_answer("no_order", day=day_date(last))
        raise cannot_answer("no_order_yet", day=day_date(last), first=day_date(day.min()))
    kept = table[keep]
    unit, ids = pd.factorize(kept["customer_id"], sort=True)
    day = day[keep]
    order = np.argsort(unit * (last - day.min() + 1) + (day - day.min()), kind="stable")
    unit, day = unit[order].astype(np.int64), day[order]
    new = np.flatnonzero((np.diff(unit, prepend=-1) != 0) | (np.diff(day, prepend=day[0] - 1) != 0))
    sums = {name: np.add.reduceat(_numbers(kept, name)[order], new) for name in SUMS if name in kept}
    per_day = np.diff(np.append(new, len(unit)))
    unit, day = unit[new], day[new]
    starts = np.searchsorted(unit, np.arange(len(ids)))
    return PurchaseLog(np.asarray(ids, dtype=object), starts, unit, day, per_day, sums, last)


def _numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return frame[name].to_numpy(dtype=float, na_value=0.0)
