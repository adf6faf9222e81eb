"""Purchase summary per customer: frequency, recency, T and monetary value."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from crm_lab.arrays import Floats, Integers
from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import BadInput
from crm_lab.data.kernels.dataframes import purchase_table

Unit = Literal["D", "W", "M", "Y"]
UNIT_DAYS: dict[str, float] = {"D": 1.0, "W": 7.0, "M": 365.25 / 12, "Y": 365.25}


def purchase_summary(
    purchases: IntoFrame,
    as_of: str | date,
    *,
    unit: Unit = "W",
    first_purchase_in_money: bool = False,
    keep_zero: bool = True,
    customer: str = "customer_id",
    date: str = "date",
    amount: str = "net_amount",
) -> pd.DataFrame:
    """Frequency, recency, T and mean spend of each customer as of a date: the input of purchase models.

    Purchases of one customer on one day are one purchase. Rows without a customer, after `as_of`, or
    (where the frame has a column ``kind``) of another kind than ``sale`` are left out.

    >>> orders = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "a", "a", "b"],
    ...         "date": pd.to_datetime(["2024-01-01", "2024-01-15", "2024-01-15", "2024-01-08"]),
    ...         "net_amount": [10.0, 20.0, 5.0, 7.0],
    ...     }
    ... )
    >>> purchase_summary(orders, "2024-01-29")
      customer_id  frequency  recency    T  monetary_value
    0           a        1.0      2.0  4.0            25.0
    1           b        0.0      0.0  3.0             0.0

    Args:
        purchases: One row per purchase, order or line: a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark.
        as_of: Last day that counts.
        unit: Unit of recency and T: days, weeks (7 days), months (30.4375 days) or years (365.25 days).
            The resolution stays one day.
        first_purchase_in_money: Whether the first purchase counts in the mean spend; the column is then
            called ``monetary_value_with_first``, otherwise ``monetary_value``.
        keep_zero: Whether a day whose amounts sum to zero or less is a purchase.
        customer: Column with the customer.
        date: Column with the date: dates, stamps (of one with a time zone the day on its own clock), or text like
            2024-01-31. Without a column ``date``, a column ``day`` (days since 1970-01-01) will do.
        amount: Column with the amount.

    Returns:
        A pandas frame: ``customer_id`` (ascending), ``frequency`` (repeat purchase days), ``recency`` (last minus first
        purchase), ``T`` (as_of minus first purchase), and the mean spend per purchase day, 0 where a
        customer has none that counts. ``attrs["unit"]`` names the unit, ``attrs["log_gaps"]`` is the sum of the
        logarithms of the times between purchases, from which regularity is told.

    Raises:
        BadInput: If columns are missing, a date or an amount is missing or cannot be read, the unit is unknown, or
            no purchase is left.

    Source:
        Fader, Hardie & Lee (2005) for the definitions of frequency, recency and T.
    """
    if unit not in UNIT_DAYS:
        raise BadInput(f"unit is {unit!r}; it must be one of {', '.join(UNIT_DAYS)}.")
    end = day_number(as_of)
    table = _sales(purchases, customer, date, amount)
    return _summary(*_daily(table, end, keep_zero), end, unit, first_purchase_in_money)


def calibration_holdout(
    purchases: IntoFrame,
    calibration_end: str | date,
    as_of: str | date,
    *,
    unit: Unit = "W",
    keep_zero: bool = True,
    customer: str = "customer_id",
    date: str = "date",
    amount: str = "net_amount",
) -> pd.DataFrame:
    """The purchase summary at the end of a calibration period, and the purchases after it.

    >>> days = pd.to_datetime(["2024-01-01", "2024-01-15", "2024-02-20"])
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "a"], "date": days, "net_amount": [10.0, 20.0, 5.0]})
    >>> split = calibration_holdout(orders, "2024-01-31", "2024-02-29", unit="D")
    >>> split[["frequency", "holdout_purchases", "holdout_spend"]].to_numpy().tolist()
    [[1.0, 1.0, 5.0]]

    Args:
        purchases: As in `purchase_summary`.
        calibration_end: Last day of the calibration period.
        as_of: Last day of the holdout period.
        unit: Unit of time.
        keep_zero: As in `purchase_summary`.
        customer: Column with the customer.
        date: Column with the date.
        amount: Column with the amount.

    Returns:
        A pandas frame: the columns of `purchase_summary`, then ``holdout_purchases`` (purchase days in the holdout),
        ``holdout_spend`` (currency) and ``holdout_duration`` (units of time).

    Raises:
        BadInput: If the holdout does not end after the calibration period, or nobody bought in it.

    >>> sales = pd.DataFrame({"cust": ["a", "a"], "when": ["2024-01-01", "2024-02-01"], "eur": [10.0, 25.0]})
    >>> calibration_holdout(sales, "2024-01-15", "2024-02-15", customer="cust", date="when", amount="eur")[
    ...     ["holdout_purchases", "holdout_spend"]
    ... ].values.tolist()
    [[1.0, 25.0]]
    """
    cut, end = day_number(calibration_end, "calibration_end"), day_number(as_of)
    if end <= cut:
        raise BadInput(f"as_of is {as_of} and calibration_end {calibration_end}; the holdout must end later.")
    table = _sales(purchases, customer, date, amount)
    summary = purchase_summary(table, calibration_end, unit=unit, keep_zero=keep_zero)
    customers, days = _daily(table, end, keep_zero)
    later = days.day > cut
    at = pd.Index(summary["customer_id"]).get_indexer(pd.Index(customers))[days.customer]
    later &= at >= 0
    count = np.bincount(at[later], minlength=len(summary)).astype(float)
    spend = np.bincount(at[later], weights=days.amount[later], minlength=len(summary))
    return summary.assign(holdout_purchases=count, holdout_spend=spend, holdout_duration=(end - cut) / UNIT_DAYS[unit])


def purchase_days(purchases: IntoFrame, as_of: str | date, *, keep_zero: bool = True) -> pd.DataFrame:
    """One row per customer and purchase day: ``customer_id``, ``day``, ``amount``, in that order.

    Raises:
        BadInput: If columns are missing or no purchase is left.
    """
    customers, days = _daily(_sales(purchases), day_number(as_of), keep_zero)
    return pd.DataFrame(
        {"customer_id": customers.take(days.customer), "day": days.day.astype(np.int64), "amount": days.amount}
    )


class _Daily:
    """Purchase days sorted by customer and day."""

    __slots__ = ("amount", "day", "start")

    def __init__(self, start: NDArray[Any], day: NDArray[Any], amount: Floats) -> None:
        self.start = start
        self.day = day
        self.amount = amount

    @property
    def customer(self) -> NDArray[Any]:
        """Number of the customer of each purchase day."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def _sales(
    purchases: IntoFrame, customer: str = "customer_id", date: str = "date", amount: str = "net_amount"
) -> pd.DataFrame:
    return purchase_table(purchases, customer=customer, date=date, amount=amount, also=["kind"])


def _daily(sales: pd.DataFrame, end: int, keep_zero: bool) -> tuple[Any, _Daily]:
    customer, day, amount = _columns(sales, end)
    if not len(day):
        raise BadInput("The purchases hold no sale of a known customer up to as_of; name a later date.")
    codes, customers = _numbered(customer)
    first = int(day.min())
    span = int(day.max()) - first + 1
    place, amount = _sorted_by(codes.astype(np.int64, copy=False) * span + (day - first), amount)
    place, amount = _merged(place, amount)
    if not keep_zero:
        place, amount = place[amount > 0], amount[amount > 0]
        if not len(place):
            raise BadInput("No purchase day has an amount above zero up to as_of; set keep_zero, or name a later date.")
    who = place // span
    since = place - who * span
    start = np.flatnonzero(_starts(who))
    if len(start) < len(customers):
        customers = customers[who[start]]
    return customers, _Daily(np.append(start, len(who)), since + first, amount)


def _merged(ascending: Integers, amount: Floats) -> tuple[Integers, Floats]:
    """Each value once, with the sum of its amounts."""
    new = _starts(ascending)
    again = np.flatnonzero(~new)
    sums = amount[new]
    np.add.at(sums, again - np.arange(1, len(again) + 1), amount[again])
    return ascending[new], sums


def _starts(ascending: Integers) -> NDArray[np.bool_]:
    """Where a run of equal values begins."""
    return np.concatenate(([True], ascending[1:] != ascending[:-1]))


def _sorted_by(key: Integers, amount: Floats) -> tuple[Integers, Floats]:
    """Both in ascending order of the key, equal keys in their old order.

    Sorting one number that carries its row is three times as fast as an argsort, and fits 63 bits
    for a million rows of a million customers over twenty years.
    """
    bits = len(key).bit_length()
    if int(key.max()).bit_length() + bits > 63:
        order = np.argsort(key, kind="stable")
        return key[order], amount[order]
    packed = np.sort((key << bits) | np.arange(len(key)))
    return packed >> bits, amount[packed & ((1 << bits) - 1)]


def _numbered(customer: Any) -> tuple[NDArray[Any], Any]:
    """Customers as numbers in ascending order; whole-number ids that lie close together are their own."""
    values = customer.to_numpy()
    if values.dtype.kind in "iu" and 0 <= int(values.max()) - int(values.min()) < 4 * len(values):
        low = int(values.min())
        return values - low, pd.Index(np.arange(low, int(values.max()) + 1, dtype=values.dtype))
    codes, customers = pd.factorize(customer, sort=True)
    return codes, customers


def _columns(frame: pd.DataFrame, end: int) -> tuple[Any, Integers, Floats]:
    day = day_numbers(frame["date"])
    keep = day <= end
    if frame["customer_id"].hasnans:
        keep &= frame["customer_id"].notna().to_numpy()
    if "kind" in frame:
        keep &= (frame["kind"] == "sale").to_numpy(dtype=bool)
    customer, amount = frame["customer_id"], frame["net_amount"].to_numpy(dtype=float)
    if not keep.all():
        customer, day, amount = customer[keep], day[keep], amount[keep]
    return customer, day, amount


def _summary(customers: Any, days: _Daily, end: int, unit: Unit, with_first: bool) -> pd.DataFrame:
    first, last = days.start[:-1], days.start[1:] - 1
    frequency = (last - first).astype(float)
    spend = np.bincount(days.customer, weights=days.amount)
    if with_first:
        name, money = "monetary_value_with_first", spend / (frequency + 1)
    else:
        spend = np.where(frequency > 0, spend - days.amount[first], 0.0)
        name, money = "monetary_value", spend / np.maximum(frequency, 1)
    length = UNIT_DAYS[unit]
    summary = pd.DataFrame(
        {
            "customer_id": customers,
            "frequency": frequency,
            "recency": (days.day[last] - days.day[first]) / length,
            "T": (end - days.day[first]) / length,
            name: money,
        }
    )
    summary.attrs["unit"] = unit
    gaps = np.diff(days.day)[np.diff(days.customer) == 0]
    summary.attrs["log_gaps"] = float(np.log(gaps / length).sum())
    return summary
