"""Days on which a customer's own event calls for a message: birthday, back in stock, overdue, after a purchase."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from crm_lab.calendar import day_number
from crm_lab.checks import BadInput, need_columns
from crm_lab.data.kernels.dataframes import id_texts

COLUMNS = ["customer_id", "date", "product_id"]
"""Of a table of events: customer, day on which a message is due, and the product that it is about, if any."""
NEVER = -(10**9)
"""Day of what has no date."""
_YEAR = 365
_LEAP = 29  # of February: in other years on the 28th


def days_of(frame: pd.DataFrame, column: str, what: str) -> np.ndarray:
    """A column of dates as days since 1970-01-01, `NEVER` where there is none.

    >>> days = days_of(pd.DataFrame({"date": ["1970-01-03", None]}), "date", "The table")
    >>> days[0], days[1] == NEVER
    (np.int64(2), np.True_)

    Args:
        frame: The table.
        column: Name of the column.
        what: What an error calls the table.

    Returns:
        Whole days, shape (rows,).

    Raises:
        BadInput: If a value is no date.
    """
    given = pd.to_datetime(frame[column], errors="coerce", format="mixed")
    odd = int((given.isna() & frame[column].notna()).sum())
    if odd:
        raise BadInput(f"{what} has {odd:,} values of {column} that are no dates; write them as 2024-05-31.")
    days = given.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.where(given.isna(), NEVER, days)


def _events(customer: pd.Series, day: np.ndarray, product: pd.Series | None = None) -> pd.DataFrame:
    """A table of events in order; one of nobody is none."""
    made = pd.DataFrame({
        "customer_id": id_texts(customer).to_numpy(dtype=object),
        "date": day.astype("datetime64[D]").astype("datetime64[s]"),
        "product_id": None if product is None else product.to_numpy(),
    })  # fmt: skip
    known = made[made["customer_id"].notna()]
    return known.sort_values(["date", "customer_id", "product_id"], kind="stable", ignore_index=True)


def _with_ids(table: pd.DataFrame, **further: np.ndarray) -> pd.DataFrame:
    """The table with customers and products as text, without rows that lack one, so that tables fit each other."""
    names = [name for name in ("customer_id", "product_id") if name in table]
    made = table.assign(**{name: id_texts(table[name]) for name in names}, **further)
    return made.dropna(subset=names)


def _there(stock: pd.DataFrame) -> pd.Series:
    """Whether products are in stock; text such as "false" is refused, since any text would count as true."""
    given = stock["in_stock"].infer_objects()
    odd = int((~given.isin([True, False])).sum())
    if odd:
        raise BadInput(f"The table of stock has {odd:,} values of in_stock that are not true or false; write them so.")
    return given.astype(bool)


def birthdays(customers: pd.DataFrame, start: date, end: date, lead: int = 0) -> pd.DataFrame:
    """Messages due some days before a birthday, for birthdays whose message falls into a period.

    >>> people = pd.DataFrame({"customer_id": ["a", "b"], "birthday": ["1990-05-10", None]})
    >>> birthdays(people, date(2024, 5, 1), date(2024, 5, 31), lead=7)["date"].dt.date.astype(str).tolist()
    ['2024-05-03']

    Args:
        customers: ``customer_id, birthday``; whoever has none is left out. Who was born on 29 February has the
            birthday on the 28th in other years.
        start: First day of the period.
        end: Last day.
        lead: Days before, up to a year.

    Returns:
        ``customer_id, date, product_id``.

    Raises:
        BadInput: If a birthday is no date, or `lead` is not from 0 to 365.
    """
    if not 0 <= lead <= _YEAR:
        raise BadInput(f"lead is {lead}; it must be days before the birthday, from 0 to {_YEAR}.")
    need_columns(customers.columns, ["customer_id", "birthday"], "The table of customers")
    known = customers[days_of(customers, "birthday", "The table of customers") != NEVER]
    born = pd.DatetimeIndex(pd.to_datetime(known["birthday"], format="mixed"))
    found = []
    for year in range(start.year, end.year + 2):
        leap = (born.month == 2) & (born.day == _LEAP) & (not pd.Timestamp(year, 1, 1).is_leap_year)
        day = pd.to_datetime({"year": year, "month": born.month, "day": np.where(leap, _LEAP - 1, born.day)})
        at = day.to_numpy().astype("datetime64[D]").astype(np.int64) - lead
        inside = (at >= day_number(start)) & (at <= day_number(end))
        found.append(_events(known["customer_id"][inside], at[inside]))
    return pd.concat(found, ignore_index=True)


def back_in_stock(stock: pd.DataFrame, interest: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    """Messages due on the day a product is there again, to those who wanted it before.

    >>> stock = pd.DataFrame({"product_id": "tea", "date": ["2024-05-01", "2024-05-02", "2024-05-09"],
    ...     "in_stock": [True, False, True]})
    >>> wanted = pd.DataFrame({"customer_id": ["a", "b"], "product_id": "tea", "date": ["2024-04-01", "2024-06-01"]})
    >>> back_in_stock(stock, wanted, date(2024, 5, 1), date(2024, 5, 31))["customer_id"].tolist()
    ['a']

    Args:
        stock: ``product_id, date, in_stock``: the state from that day on.
        interest: ``customer_id, product_id, date``: purchases, wish lists or views; only those before the day count.
        start: First day of the period.
        end: Last day.

    Returns:
        ``customer_id, date, product_id``.

    Raises:
        BadInput: If columns are missing, a date is none, or a state is neither true nor false.
    """  # fmt: skip
    need_columns(stock.columns, ["product_id", "date", "in_stock"], "The table of stock")
    need_columns(interest.columns, ["customer_id", "product_id", "date"], "The table of interest")
    states = _with_ids(stock.assign(in_stock=_there(stock)), day=days_of(stock, "date", "The table of stock"))
    states = states.sort_values(["product_id", "day"], kind="stable")
    there = states["in_stock"]
    before = there.groupby(states["product_id"]).shift()
    back = states[there & (before == False)]  # noqa: E712 - missing where nothing was known before
    back = back[back["day"].between(day_number(start), day_number(end))][["product_id", "day"]]
    wanted = _with_ids(interest, seen=days_of(interest, "date", "The table of interest"))
    wanted = wanted[wanted["seen"] != NEVER]
    first = wanted.groupby(["customer_id", "product_id"], as_index=False)["seen"].min()
    both = first.merge(back, on="product_id")
    both = both[both["seen"] < both["day"]]
    return _events(both["customer_id"], both["day"].to_numpy(np.int64), both["product_id"])


def overdue(due: pd.DataFrame, purchases: pd.DataFrame, start: date, end: date, goes_on: float = 0.2) -> pd.DataFrame:
    """Messages due on the day after the interval of a due date ended without a purchase.

    >>> due = pd.DataFrame({"customer_id": ["a", "b"], "product_id": "tea", "hi": pd.Timestamp("2024-05-09"),
    ...     "goes_on": 0.9})
    >>> bought = pd.DataFrame({"customer_id": ["b"], "product_id": ["tea"], "date": ["2024-05-08"]})
    >>> overdue(due, bought, date(2024, 5, 1), date(2024, 5, 31))["customer_id"].tolist()
    ['a']

    Args:
        due: As `DueDates.to_frame` gives it, from what was known on the day before the period.
        purchases: ``customer_id, product_id, date`` of the period; those from its first day on count.
        start: First day of the period.
        end: Last day.
        goes_on: Least chance that the customer buys the product again.

    Returns:
        ``customer_id, date, product_id``.
    """  # fmt: skip
    need_columns(due.columns, ["customer_id", "product_id", "hi", "goes_on"], "The table of due dates")
    need_columns(purchases.columns, ["customer_id", "product_id", "date"], "The table of purchases")
    late = _with_ids(due, day=days_of(due, "hi", "The table of due dates") + 1)
    late = late[late["day"].between(day_number(start), day_number(end)) & (late["goes_on"] >= goes_on)]
    bought = _with_ids(purchases, bought=days_of(purchases, "date", "The table of purchases"))
    bought = bought[bought["bought"] >= day_number(start)]
    first = bought.groupby(["customer_id", "product_id"], as_index=False)["bought"].min()
    both = late.merge(first, on=["customer_id", "product_id"], how="left")
    both = both[~(both["bought"] < both["day"])]
    return _events(both["customer_id"], both["day"].to_numpy(np.int64), both["product_id"])


def after_purchase(
    purchases: pd.DataFrame, start: date, end: date, days: int = 14, *, first_only: bool = False
) -> pd.DataFrame:
    """Messages due some days after a purchase, one a customer and day.

    >>> bought = pd.DataFrame({"customer_id": ["a", "a"], "date": ["2024-05-01", "2024-05-20"]})
    >>> after_purchase(bought, date(2024, 5, 1), date(2024, 5, 31), 7, first_only=True)["date"].dt.day.tolist()
    [8]

    Args:
        purchases: ``customer_id, date``.
        start: First day of the period.
        end: Last day.
        days: After the purchase, 1 at least: on its own day it would count as an answer to its message.
        first_only: Whether only a customer's first purchase counts.

    Returns:
        ``customer_id, date, product_id``.

    Raises:
        BadInput: If columns are missing, a date is none, or `days` is below 1.
    """
    if days < 1:
        raise BadInput(f"days is {days}; it must be 1 or more, or the purchase would count as its own answer.")
    need_columns(purchases.columns, ["customer_id", "date"], "The table of purchases")
    bought = purchases[["customer_id"]].assign(day=days_of(purchases, "date", "The table of purchases"))
    bought = bought[bought["day"] != NEVER].sort_values(["customer_id", "day"], kind="stable")
    bought = bought.drop_duplicates(["customer_id"] if first_only else None)
    at = bought["day"].to_numpy(np.int64) + days
    inside = (at >= day_number(start)) & (at <= day_number(end))
    return _events(bought["customer_id"][inside], at[inside])


KINDS: dict[str, Callable[..., pd.DataFrame]] = {
    "birthday": birthdays, "back_in_stock": back_in_stock, "overdue": overdue, "post_purchase": after_purchase,
}  # fmt: skip
"""Kind of a rule to the function that finds its events."""
