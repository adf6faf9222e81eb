"""Purchases up to a day, and the days on which each customer bought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Integers
from crm_lab.checks import need_columns
from crm_lab.data.kernels.dataframes import PURCHASES, purchase_table
from crm_lab.messages.no_answer import cannot_answer

_COLUMNS = ("customer_id", "date")


def known_purchases(
    orders: IntoFrame, day: date, columns: Sequence[str] = _COLUMNS, *, also: Sequence[str] = (), **names: str
) -> pd.DataFrame:
    """The rows that name a customer and lie up to a day.

    Args:
        orders: One row per order, line or customer-day; a DataFrame of any engine.
        day: Last day that counts.
        columns: What the caller needs, by our names.
        also: Columns that are used where they are there.
        names: The user's names, as in `purchase_table`: customer, date, amount.

    Raises:
        BadInput: If columns are missing, or there is no purchase up to the day.
    """
    amount = names.pop("amount", "net_amount") if "net_amount" in columns else None
    table = purchase_table(orders, amount=amount, also=[*columns, *also, "kind"], **names)
    need_columns(table.columns, columns, PURCHASES)
    known = table[table["customer_id"].notna() & (table["date"] <= pd.Timestamp(day))]
    if known.empty:
        raise cannot_answer("no_purchases", day=day)
    return known


def purchase_days(code: Integers, days: Integers, today: int) -> tuple[Integers, Integers]:
    """Customer and day of each purchase day, in order; several purchases on one day count once.

    Args:
        code: Number of the customer of each purchase, 0 or more.
        days: Its day, up to today.
        today: The as-of day.

    >>> [a.tolist() for a in purchase_days(np.array([1, 0, 1, 1]), np.array([5, 9, 7, 5]), 20)]
    [[0, 1, 1], [9, 5, 7]]
    """
    who, when = np.divmod(np.unique(code.astype(np.int64) * (today + 1) + days), today + 1)
    return who, when
