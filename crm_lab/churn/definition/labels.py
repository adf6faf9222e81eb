"""Who left: no purchase in the window after a date."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import BadInput, as_date
from crm_lab.data.kernels.purchase_log import order_table


def left_after(
    orders: IntoFrame,
    customers: pd.Index,
    *,
    as_of: str | date,
    window_days: int | pd.Series,
    last_day: str | date,
    **names: str,
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
        window_days: Length of the window, days; or each customer's own, by customer id (a window per segment).
        last_day: Last day the data cover; the window must have ended by then.
        names: Names of columns: customer, date.

    Returns:
        A series named ``left`` on the index `customers`.

    Raises:
        BadInput: If the window is not over on `last_day`, or is shorter than a day.
    """
    table = order_table(orders, **names)
    if isinstance(window_days, pd.Series):
        own = window_days.reindex(customers)
    else:
        own = pd.Series(window_days, index=customers)
    _check_windows(own, as_date(as_of), as_date(last_day, "last_day"))
    wait = days_to_next_order(table, customers, day_number(as_of), day_number(as_of) + own.max())
    back = wait <= own.to_numpy(dtype=float)  # a missing first purchase is never back
    return pd.Series((~back).astype(int), index=customers, name="left")


def days_to_next_order(orders: pd.DataFrame, customers: pd.Index, start: int, end: float) -> Floats:
    """Days from `start` to each customer's first order after it; missing where there is none up to `end`.

    Args:
        orders: The table `orders`.
        customers: Whom to look at.
        start: Day number.
        end: Day number of the last day that counts.
    """
    day = day_numbers(orders["date"])
    later = (day > start) & (day <= end)
    first = pd.Series(day[later] - start).groupby(orders.loc[later, "customer_id"].to_numpy()).min()
    return first.reindex(customers).to_numpy(dtype=float)


def _check_windows(own: pd.Series, start: date, known: date) -> None:
    if own.isna().any():
        raise BadInput(f"{int(own.isna().sum())} customers have no window; give window_days for each.")
    if len(own) and own.min() < 1:
        raise BadInput(f"window_days is {int(own.min())}; it must be 1 or more days.")
    longest = int(own.max()) if len(own) else 1
    if day_number(start) + longest > day_number(known):
        raise BadInput(
            f"A window of {longest} days after {start} ends on {start + timedelta(days=longest)}, and the data "
            f"end on {known}. Choose as_of {known - timedelta(days=longest)} or earlier, or a shorter window."
        )
