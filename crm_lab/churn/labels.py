"""Who left: no purchase in the window after a date."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from crm_lab.checks import BadInput, as_date, need_columns
from crm_lab.churn.log import day_number, day_numbers


def left_after(
    orders: pd.DataFrame,
    customers: pd.Index,
    *,
    as_of: str | date,
    window_days: int,
    last_day: str | date,
) -> pd.Series:
    """1 for customers without an order in the `window_days` days after `as_of`, else 0.

    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "b", "a"], "date": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-02-01"])}
    ... )
    >>> left_after(orders, pd.Index(["a", "b"]), as_of="2024-01-10", window_days=30, last_day="2024-02-29").to_dict()
    {'a': 0, 'b': 1}

    Args:
        orders: The table `orders`, going beyond `as_of`.
        customers: Whom to label.
        as_of: Last day that was known.
        window_days: Length of the window, days.
        last_day: Last day the data cover; the window must have ended by then.

    Returns:
        A series named ``left`` on the index `customers`.

    Raises:
        BadInput: If the window is not over on `last_day`, or is shorter than a day.
    """
    need_columns(orders.columns, ("customer_id", "date"), "orders")
    start, end, known = as_date(as_of), day_number(as_of) + window_days, as_date(last_day, "last_day")
    if window_days < 1:
        raise BadInput(f"window_days is {window_days}; it must be 1 or more days.")
    if end > day_number(known):
        raise BadInput(
            f"A window of {window_days} days after {start} ends on {start + timedelta(days=window_days)}, and the data "
            f"end on {known}. Choose as_of {known - timedelta(days=window_days)} or earlier, or a shorter window."
        )
    day = day_numbers(orders["date"])
    back = set(orders.loc[(day > day_number(start)) & (day <= end), "customer_id"].unique())
    return pd.Series([int(who not in back) for who in customers], index=customers, name="left")
