"""The scale of points: whether what a point is changed on some day by a factor, such as 10 or 100."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.calendar import day_number, period_index, period_start
from crm_lab.checks import BadInput

_LEAST = 5.0  # a smaller jump may be a promotion
_APART = 2.0  # earned and redeemed points jump by the same factor, give or take this one
_MONTHS = 6
_ROWS = 20


@dataclass(frozen=True)
class ScaleChange:
    """A jump of earned and redeemed points alike.

    Attributes:
        month: First day of the month in which it lies.
        factor: By how much an event's points grew, the nearest power of ten where it is one.
        earned: Typical points of an earn event before and after.
        redeemed: The same of a redemption.
    """

    month: date
    factor: float
    earned: tuple[float, float]
    redeemed: tuple[float, float]

    def __str__(self) -> str:
        return (
            f"points change their scale by about {self.factor:g} in {self.month:%Y-%m}: an earn event has "
            f"{self.earned[0]:,.0f} points before and {self.earned[1]:,.0f} after, a redemption "
            f"{self.redeemed[0]:,.0f} and {self.redeemed[1]:,.0f}. If one point became another, say so with the day "
            f"of the change: scale_changes={{'{self.month}': {self.factor:g}}}; if they mean what they say, "
            f"scale_changes={{}} (on the page: -p 'scale_changes={self.month} = {self.factor:g}', or none)."
        )


def scale_change(months: pd.DataFrame) -> ScaleChange | None:
    """Find a jump that earned and redeemed points make together and that lasts.

    >>> months = pd.DataFrame(
    ...     {
    ...         "month": [*range(8)] * 2,
    ...         "kind": ["earn"] * 8 + ["redeem"] * 8,
    ...         "rows": 50,
    ...         "median": [20.0] * 4 + [2000.0] * 4 + [300.0] * 4 + [30000.0] * 4,
    ...     }
    ... )
    >>> scale_change(months).factor
    100.0

    Args:
        months: One row per month (since 1970-01) and kind: `month`, `kind`, `rows`, `median` (of the absolute points).

    Returns:
        The largest one, or nothing.
    """
    known = months[(months["rows"] > 0) & (months["median"] > 0)]
    if not len(known):
        return None
    span = np.arange(int(known["month"].min()), int(known["month"].max()) + 1)
    logs, rows = {}, {}
    for kind in ("earn", "redeem"):
        mine = known[known["kind"] == kind].set_index("month").reindex(span)
        logs[kind], rows[kind] = np.log(mine["median"].to_numpy(dtype=float)), mine["rows"].fillna(0).to_numpy()
    best: tuple[float, int] | None = None
    for at in range(1, len(span)):
        jumps = [_jump(logs[kind], rows[kind], at) for kind in logs]
        if any(jump is None for jump in jumps):
            continue
        low, high = sorted(float(jump) for jump in jumps if jump is not None)
        alike = low * high > 0 and high - low < math.log(_APART)
        large = min(abs(low), abs(high)) >= math.log(_LEAST)
        if alike and large and (best is None or abs(low + high) > best[0]):
            best = (abs(low + high), at)
    if best is None:
        return None
    earned, redeemed = (_sides(logs[kind], best[1]) for kind in ("earn", "redeem"))
    factor = earned[1] / earned[0]
    ten = 10.0 ** round(math.log10(factor))
    nearest = ten if abs(math.log(factor / ten)) < math.log(_APART) else float(f"{factor:.2g}")
    return ScaleChange(period_start(int(span[best[1]]), "month"), nearest, earned, redeemed)


def _jump(logs: Floats, rows: Floats, at: int) -> float | None:
    """Log of the jump at a month, between the months beside it and also between all before and all after."""
    near = slice(max(at - _MONTHS, 0), at), slice(at, at + _MONTHS)
    if min(rows[side].sum() for side in near) < _ROWS:
        return None
    local = float(np.nanmean(logs[near[1]]) - np.nanmean(logs[near[0]]))  # largest where no month is on a wrong side
    lasting = float(np.nanmedian(logs[at:]) - np.nanmedian(logs[:at]))
    return local if local * lasting > 0 and abs(lasting) > math.log(_LEAST) / 2 else 0.0


def _sides(logs: Floats, at: int) -> tuple[float, float]:
    return float(np.exp(np.nanmedian(logs[:at]))), float(np.exp(np.nanmedian(logs[at:])))


def monthly_medians(frame: pd.DataFrame) -> pd.DataFrame:
    """Typical points of a ledger's events by month.

    >>> monthly_medians(
    ...     pd.DataFrame({"date": pd.to_datetime(["1970-02-01"]), "kind": ["earn"], "points": [5]})
    ... ).to_dict("records")
    [{'month': 1, 'kind': 'earn', 'rows': 1, 'median': 5.0}]

    Args:
        frame: Rows of a ledger.

    Returns:
        One row per month and kind, as `scale_change` takes them.
    """
    some = frame[frame["kind"].isin(("earn", "redeem")) & (frame["points"] != 0)]
    if not len(some):
        return pd.DataFrame({"month": [], "kind": [], "rows": [], "median": []})
    month = pd.Series(period_index(some["date"], "month"), index=some.index, name="month")
    points = some["points"].abs().groupby([month, some["kind"]]).agg(["size", "median"])
    return points.reset_index().rename(columns={"size": "rows"})


def converted(frame: pd.DataFrame, changes: Mapping[str, float]) -> tuple[pd.DataFrame, int]:
    """A ledger in one scale: in that of its later points where they grew, of the earlier ones where they shrank.

    >>> rows = pd.DataFrame({"date": pd.to_datetime(["2024-01-01", "2024-07-01"]), "points": [3, 300]})
    >>> converted(rows, {"2024-07-01": 100})[0]["points"].tolist()
    [300, 300]

    Args:
        frame: Rows of a ledger.
        changes: First day of a new scale to what one old point is in new ones.

    Returns:
        The rows, and how many of them were converted.

    Raises:
        BadInput: If a factor is no whole number and no share of one.
    """
    points, touched = frame["points"].copy(), np.zeros(len(frame), dtype=bool)
    for day, factor in changes.items():
        start = np.datetime64(pd.Timestamp("1970-01-01") + pd.Timedelta(days=day_number(day, "scale_changes")))
        whole = round(factor) if factor >= 1 else round(1 / factor) if factor > 0 else 0
        if whole < 1 or not math.isclose(whole if factor >= 1 else 1 / whole, factor, rel_tol=1e-9):
            raise BadInput(
                f"scale_changes: {factor} is neither a whole number (one old point is so many new ones) nor one over a "
                "whole number."
            )
        these = (frame["date"] < start) if factor >= 1 else (frame["date"] >= start)
        points = points.where(~these, points * whole)
        touched |= these.to_numpy()
    return frame.assign(points=points), int(touched.sum())
