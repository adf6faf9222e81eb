"""The redemption triangle: how many of the points issued in a month were redeemed how many months later."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.calendar import period_index
from crm_lab.checks import as_date, need_columns

ISSUES = ("earn", "pending", "adjust", "transfer")
_GONE = ("reversed", "adjusted_out", "transferred_out")


def redeemed_by_month(
    lots: pd.DataFrame, uses: pd.DataFrame, as_of: str | date, *, kind: str = "redeem", issues: tuple[str, ...] = ISSUES
) -> pd.DataFrame:
    """Points redeemed by month of issue and age in months; lots of unknown age are left out.

    >>> day = pd.Timestamp("2024-01-05")
    >>> lots = pd.DataFrame(
    ...     {
    ...         "lot": [1],
    ...         "kind": ["earn"],
    ...         "customer_id": ["a"],
    ...         "issued_on": [day],
    ...         "points": [100],
    ...         "reversed": [0],
    ...         "adjusted_out": [0],
    ...         "transferred_out": [0],
    ...     }
    ... )
    >>> uses = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a"],
    ...         "lot": [1],
    ...         "kind": ["redeem"],
    ...         "points": [40],
    ...         "issued_on": [day],
    ...         "date": [pd.Timestamp("2024-03-01")],
    ...     }
    ... )
    >>> redeemed_by_month(lots, uses, "2024-04-30")["points"].tolist()
    [0, 0, 40, 0]

    Args:
        lots: Lots of a ledger.
        uses: Their uses.
        as_of: Last day that counts; a month that it does not end is there and not whole.
        kind: Of the uses that are counted.
        issues: Kinds of events whose lots count as issued.

    Returns:
        One row per month of issue and age: `issue_month` (first day), `age` (months from issue to use, from 0), `month`
        (of the use), `points`, `issued`, `withdrawn` (of those issued, taken back, adjusted away or transferred, at
        any time up to `as_of`) and `whole` (whether `month` has ended).
    """
    need_columns(lots.columns, ("kind", "issued_on", "points", *_GONE), "lots")
    need_columns(uses.columns, ("customer_id", "lot", "kind", "points", "issued_on", "date"), "uses")
    end = pd.Timestamp(as_date(as_of))
    lots = lots[lots["kind"].isin(issues) & lots["issued_on"].notna()]
    uses = uses[(uses["kind"] == kind) & uses["issued_on"].notna()]
    if set(issues) != set(ISSUES):
        keys = pd.MultiIndex.from_frame(lots[["customer_id", "lot"]])
        uses = uses[pd.MultiIndex.from_frame(uses[["customer_id", "lot"]]).isin(keys)]
    issued = lots.groupby(period_index(lots["issued_on"], "month"))[["points", *_GONE]].sum()
    last = int(period_index(pd.Series([end]), "month")[0])
    months = issued.index.to_numpy(dtype=np.int64)
    ages = last - months + 1
    start = np.repeat(months, ages)
    place = np.arange(len(start)) - np.repeat(np.cumsum(ages) - ages, ages)
    found = uses["points"].groupby(
        [period_index(uses["issued_on"], "month"), period_index(uses["date"], "month")]
    ).sum()  # fmt: skip
    cells = pd.MultiIndex.from_arrays([start, start + place])
    return triangle_frame(
        start, place, found.reindex(cells, fill_value=0).to_numpy(dtype=np.int64),
        np.repeat(issued["points"].to_numpy(dtype=np.int64), ages),
        np.repeat(issued[list(_GONE)].sum(axis=1).to_numpy(dtype=np.int64), ages), end,
    )  # fmt: skip


def triangle_frame(
    start: Integers, age: Integers, points: Integers, issued: Integers, withdrawn: Integers, end: pd.Timestamp
) -> pd.DataFrame:
    """Cells of a triangle with their months as dates.

    >>> one = np.ones(1, dtype=np.int64)
    >>> triangle_frame(one, one, one, one, one, pd.Timestamp("1970-03-31"))["whole"].tolist()
    [True]

    Args:
        start: Months of issue since 1970-01.
        age: Months from issue to use.
        points: Used.
        issued: In that month.
        withdrawn: Of them.
        end: Last day that counts.

    Returns:
        One row per cell.
    """
    month = start + age
    after = (month + 1).astype("datetime64[M]").astype("datetime64[s]")
    return pd.DataFrame({
        "issue_month": start.astype("datetime64[M]").astype("datetime64[s]"),
        "age": age,
        "month": month.astype("datetime64[M]").astype("datetime64[s]"),
        "points": points,
        "issued": issued,
        "withdrawn": withdrawn,
        "whole": after <= np.datetime64(end + pd.Timedelta(days=1)),
    })  # fmt: skip
