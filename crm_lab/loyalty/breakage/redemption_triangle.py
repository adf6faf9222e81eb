"""The redemption triangle: points by month of issue and age in months, as far as they can be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.calendar import period_index, period_label, period_start
from crm_lab.checks import BadInput, Problems, as_date, need_columns

GROUPS = 200  # of members, as which the members' unlikeness is carried
_GONE = ("reversed", "adjusted_out", "transferred_out")
_ISSUES = ("earn", "pending")
_REACHED = 3  # months of issue that must be older than what events say of expiry
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class RedemptionTriangle:
    """Points issued by month and redeemed by age.

    >>> triangle = RedemptionTriangle(
    ...     first=648,
    ...     issued=np.array([100.0, 100.0, 100.0]),
    ...     redeemed=np.array([[10.0, 20.0, 5.0], [10.0, 30.0, 0.0], [5.0, 0.0, 0.0]]),
    ...     expires_after=2,
    ... )
    >>> triangle.to_frame()["redeemed"].tolist()
    [10.0, 20.0, 5.0, 10.0, 30.0, 5.0]

    Attributes:
        first: Number of the oldest month, counted from 1970.
        issued: Points issued in each month, less those taken back, shape (n,).
        redeemed: Of those, redeemed at each age in months, 0 where that is not seen yet, shape (n, n).
        expires_after: Age in months after which none can be redeemed; ``None`` where points do not expire.
        group_issued: `issued` of groups of members, shape (g, n); empty where members are not known.
        group_redeemed: `redeemed` of the same, shape (g, n, n).
        members: Members with any points; 0 where they are not known.
        redeemers: Members who redeemed any.
        withdrawn: Points taken off those issued, as they were taken back, adjusted away or handed on.
        unfinished: Whether a last month that had not ended was left out.
        expired: Points that expired up to the last month; NaN where that is not known.

    Raises:
        BadInput: With everything that makes it no triangle of redemptions.
    """

    first: int
    issued: Floats
    redeemed: Floats
    expires_after: int | None = None
    group_issued: Floats | None = None
    group_redeemed: Floats | None = None
    members: int = 0
    redeemers: int = 0
    withdrawn: float = 0.0
    unfinished: bool = False
    expired: float = math.nan

    def __post_init__(self) -> None:
        problems, n = Problems("The redemption triangle"), len(self.issued)
        problems.unless(n >= 2, f"it has {n} whole months of issue; two are the least.")
        problems.unless(self.redeemed.shape == (n, n), f"{self.redeemed.shape} is not its shape for {n} months.")
        problems.raise_any()
        problems.unless((self.issued >= 0).all(), self._named(self.issued < 0, "issued less than nothing"))
        less = (np.where(self.seen, self.redeemed, 0) < 0).any(axis=1)
        problems.unless(not less.any(), self._named(np.asarray(less), "redeemed less than nothing"))
        more = self.redeemed_so_far > self.issued
        problems.unless(not more.any(), self._named(more, "redeemed more points than were issued in them"))
        if self.expires_after is not None:
            late = float(self.redeemed[:, self.expires_after + 1 :].sum())
            problems.unless(
                late <= 0, f"{late:,.0f} points were redeemed when older than {self.expires_after} months, their last."
            )
        problems.raise_any()

    def _named(self, which: Booleans, did: str) -> str:
        months = [self.months[i] for i in np.flatnonzero(which)]
        more = f" and {len(months) - _SHOWN} more" if len(months) > _SHOWN else ""
        return f"{len(months)} months of issue {did} ({', '.join(months[:_SHOWN])}{more}); look into the ledger."

    @classmethod
    def from_frame(cls, cells: pd.DataFrame, expires_after: int | None = None) -> RedemptionTriangle:
        """A triangle of counted cells, as `redeemed_by_month` of the ledger gives them.

        >>> cells = pd.DataFrame(
        ...     {
        ...         "issue_month": ["2024-01", "2024-01", "2024-02"],
        ...         "age": [0, 1, 0],
        ...         "points": [10, 20, 5],
        ...         "issued": 100,
        ...     }
        ... )
        >>> RedemptionTriangle.from_frame(cells).redeemed.tolist()
        [[10.0, 20.0], [5.0, 0.0]]

        Args:
            cells: One row per month of issue and age: `issue_month`, `age`, `points` redeemed, `issued`; `withdrawn`
                points are taken off those issued, rows that are not `whole` left out, where these columns are there.
            expires_after: Age in months after which none can be redeemed.

        Returns:
            The triangle; months between without a row issued nothing.

        Raises:
            BadInput: If cells are missing, repeated or beyond the last month, or as the class itself.
        """
        need_columns(cells.columns, ("issue_month", "age", "points", "issued"), "The cells of the triangle")
        whole = cells["whole"].astype(bool) if "whole" in cells else pd.Series(True, index=cells.index)
        rows = cells[whole]
        month = period_index(pd.to_datetime(rows["issue_month"].astype(str)), "month")
        age = rows["age"].to_numpy(dtype=np.int64)
        problems = Problems("The cells of the triangle")
        problems.unless(len(rows), "there is no whole month.")
        problems.unless((age >= 0).all(), f"{(age < 0).sum()} have an age below 0.")
        problems.raise_any()
        keys, last = pd.MultiIndex.from_arrays([month, age]), int((month + age).max())
        repeated = int(keys.duplicated().sum())
        problems.unless(not repeated, f"{repeated} stand for a month and age that was there before.")
        lacking = sum(last - m + 1 for m in np.unique(month)) - len(keys.unique())
        problems.unless(
            lacking == 0, f"{lacking} are missing below the last month; a month without redemptions has a row with 0."
        )
        problems.raise_any()
        first = int(month.min())
        n = last - first + 1
        redeemed, issued, gone = np.zeros((n, n)), np.zeros(n), np.zeros(n)
        redeemed[month - first, age] = rows["points"].to_numpy(dtype=float)
        issued[month - first] = rows["issued"].to_numpy(dtype=float)
        if "withdrawn" in rows:
            gone[month - first] = rows["withdrawn"].to_numpy(dtype=float)
        return cls(
            first, issued - gone, redeemed, expires_after, withdrawn=float(gone.sum()), unfinished=not whole.all()
        )

    @classmethod
    def from_ledger(
        cls,
        lots: pd.DataFrame,
        uses: pd.DataFrame,
        as_of: str | date,
        expires_after: int | None = None,
        since: date | None = None,
    ) -> RedemptionTriangle:
        """A triangle of the lots of a ledger and their uses, with the members in groups.

        >>> lots = pd.DataFrame(
        ...     {
        ...         "customer_id": ["a", "b"],
        ...         "lot": [1, 1],
        ...         "kind": "earn",
        ...         "points": [100, 50],
        ...         "issued_on": pd.to_datetime(["2024-01-05", "2024-02-05"]),
        ...         "expires_on": pd.to_datetime(["2024-03-31", "2024-04-30"]),
        ...     }
        ... )
        >>> uses = pd.DataFrame(
        ...     {
        ...         "customer_id": ["a"],
        ...         "lot": [1],
        ...         "kind": ["redeem"],
        ...         "points": [40],
        ...         "date": pd.to_datetime(["2024-02-20"]),
        ...     }
        ... )
        >>> read = RedemptionTriangle.from_ledger(lots, uses, "2024-02-29")
        >>> read.redeemed.tolist(), read.expires_after, read.redeemers
        ([[0.0, 40.0], [0.0, 0.0]], 2, 1)

        Args:
            lots: One row per lot: `customer_id`, `lot`, `kind`, `issued_on`, `points`, `expires_on` where known, and
                what was `reversed`, `adjusted_out` or `transferred_out`.
            uses: One row per lot and use: `customer_id`, `lot`, `kind`, `date`, `points`.
            as_of: Last day that is known; a month that it does not end is left out.
            expires_after: Age in months after which none can be redeemed; by `expires_on` unless given, and without any
                last day by the events of expiry.
            since: A day in the oldest month; that of the oldest lot unless given.

        Returns:
            The triangle.

        Raises:
            BadInput: If some lots expire and others do not and nothing is said, or as the class itself.
        """
        need_columns(lots.columns, ("customer_id", "lot", "issued_on", "points"), "The lots")
        need_columns(uses.columns, ("customer_id", "lot", "kind", "date", "points"), "The uses")
        lots = lots[lots["issued_on"].notna()]
        if not len(lots):
            raise BadInput("No lot has a day of issue; a triangle needs when points were issued.")
        day = as_date(as_of)
        end = int(period_index(pd.Series(pd.to_datetime([day + timedelta(days=1)])), "month")[0]) - 1
        expires_after = expires_after if expires_after is not None else _expiry_age(lots, uses, end)
        start = lots["issued_on"].min() if since is None else pd.Timestamp(since)
        first = int(period_index(pd.Series([start]), "month")[0])
        return _counted(lots, uses, (first, end), expires_after, unfinished=(day + timedelta(days=1)).day != 1)

    @property
    def n(self) -> int:
        """Months of issue.

        >>> triangle.n
        3
        """
        return len(self.issued)

    @property
    def ages(self) -> int:
        """Ages that can be seen: up to the last month of the oldest points, and no further than they can be redeemed.

        >>> triangle.ages
        3
        """
        return self.n if self.expires_after is None else min(self.n, self.expires_after + 1)

    @cached_property
    def calendar(self) -> Integers:
        """Month in which each cell lies, counted from the first, shape (n, n).

        >>> triangle.calendar[1].tolist()
        [1, 2, 3]
        """
        return np.add.outer(np.arange(self.n), np.arange(self.n))

    @property
    def seen(self) -> Booleans:
        """Which cells lie in the past, shape (n, n).

        >>> triangle.seen.sum()
        np.int64(6)
        """
        return self.calendar < self.n

    @property
    def redeemed_so_far(self) -> Floats:
        """Points of each month of issue that are redeemed, shape (n,).

        >>> triangle.redeemed_so_far.tolist()
        [35.0, 40.0, 5.0]
        """
        total: Floats = np.where(self.seen, self.redeemed, 0).sum(axis=1)
        return total

    @property
    def months(self) -> list[str]:
        """Months of issue.

        >>> triangle.months
        ['2024-01', '2024-02', '2024-03']
        """
        return [period_label(self.first + i, "month") for i in range(self.n)]

    @property
    def as_of(self) -> date:
        """Last day that is seen.

        >>> triangle.as_of
        datetime.date(2024, 3, 31)
        """
        return period_start(self.first + self.n, "month") - timedelta(days=1)

    def until(self, n: int) -> RedemptionTriangle:
        """The triangle as it was seen after its first months; points taken back later are off it already.

        >>> triangle.until(2).redeemed_so_far.tolist()
        [30.0, 10.0]

        Args:
            n: Months, two or more.

        Returns:
            A smaller triangle.
        """
        seen = np.add.outer(np.arange(n), np.arange(n)) < n
        groups: dict[str, Any] = {}
        if self.group_issued is not None and self.group_redeemed is not None:
            groups = {"group_issued": self.group_issued[:, :n], "group_redeemed": self.group_redeemed[:, :n, :n] * seen}
        redeemed = np.where(seen, self.redeemed[:n, :n], 0.0)
        return replace(self, issued=self.issued[:n], redeemed=redeemed, unfinished=False, expired=math.nan, **groups)

    def to_frame(self) -> pd.DataFrame:
        """The cells that are seen.

        >>> list(triangle.to_frame())
        ['issue_month', 'age', 'redeemed', 'issued', 'share']

        Returns:
            One row per month of issue and age: points `redeemed`, points `issued`, `share` of those issued that are
            redeemed up to that age.
        """
        i, j = np.nonzero(self.seen & (np.arange(self.n) < self.ages))
        total = np.cumsum(self.redeemed, axis=1)[i, j]
        issued = self.issued[i]
        share = np.divide(total, issued, out=np.full(len(i), np.nan), where=issued > 0)
        months = np.array(self.months)[i]
        return pd.DataFrame(
            {"issue_month": months, "age": j, "redeemed": self.redeemed[i, j], "issued": issued, "share": share}
        )


def _expiry_age(lots: pd.DataFrame, uses: pd.DataFrame, end: int) -> int | None:
    """Age at which the last points can be redeemed, by the lots' own last days, or by the events of expiry.

    Points that were redeemed after their last day raise it. Lots that no sale or gift issued (a transfer, an
    adjustment) need no last day.
    """
    if "expires_on" not in lots or lots["expires_on"].isna().all():
        return _age_of_events(lots, uses, end)
    without = lots["expires_on"].isna()
    dated = lots[~without]
    age = int((period_index(dated["expires_on"], "month") - period_index(dated["issued_on"], "month")).max())
    issued = without & lots["kind"].isin(_ISSUES) if "kind" in lots else without
    if issued.any():
        raise BadInput(
            f"{int(without.sum())} of {len(lots)} lots never expire and the others do; set expires_after (months), "
            "or take their triangles one by one."
        )
    return max(age, int(_ages_of(lots, uses, "redeem").max(initial=0)))


def _age_of_events(lots: pd.DataFrame, uses: pd.DataFrame, end: int) -> int | None:
    """The oldest age at which points expired, if none older were redeemed or are open, and many months reached it."""
    expired = _ages_of(lots, uses, "expire")
    if not len(expired) or not {"active", "pending"} <= set(lots):
        return None
    age = int(expired.max())
    now = end - period_index(lots["issued_on"], "month")
    old = now > age
    still_open = ((lots["active"] + lots["pending"]) > 0).to_numpy()
    reached = len(np.unique(now[old])) >= _REACHED
    later = (_ages_of(lots, uses, "redeem") > age).any() or (still_open & old).any()
    return age if reached and not later else None


def _ages_of(lots: pd.DataFrame, uses: pd.DataFrame, kind: str) -> Integers:
    """Age in months of the points of each use of a kind."""
    took = uses.loc[uses["kind"] == kind, ["customer_id", "lot", "date"]].merge(
        lots[["customer_id", "lot", "issued_on"]], on=["customer_id", "lot"]
    )
    if not len(took):
        return np.zeros(0, dtype=np.int64)
    return np.asarray(period_index(took["date"], "month") - period_index(took["issued_on"], "month"))


def _counted(
    lots: pd.DataFrame, uses: pd.DataFrame, span: tuple[int, int], expires_after: int | None, *, unfinished: bool
) -> RedemptionTriangle:
    """Cells by group of members."""
    month = period_index(lots["issued_on"], "month")
    first, end = span
    n = end - first + 1
    if n < 2:
        raise BadInput(f"The ledger has {max(n, 0)} whole months; a triangle needs two.")
    group = (pd.util.hash_array(lots["customer_id"].astype(str).to_numpy(dtype=object)) % GROUPS).astype(np.int64)
    names = [name for name in _GONE if name in lots]
    gone = lots[names].sum(axis=1).to_numpy(dtype=float) if names else np.zeros(len(lots))
    inside = month <= end
    issued = np.zeros((GROUPS, n))
    np.add.at(issued, (group[inside], month[inside] - first), (lots["points"].to_numpy(dtype=float) - gone)[inside])
    taken = uses.loc[uses["kind"] == "redeem", ["customer_id", "lot", "date", "points"]].merge(
        pd.DataFrame(
            {"customer_id": lots["customer_id"], "lot": lots["lot"], "month": month - first, "group": group}
        ), on=["customer_id", "lot"], validate="many_to_one",
    )  # fmt: skip
    used = period_index(taken["date"], "month") - first if len(taken) else np.zeros(0, dtype=np.int64)
    start, age = taken["month"].to_numpy(dtype=np.int64), used - taken["month"].to_numpy(dtype=np.int64)
    if (age < 0).any():
        raise BadInput(f"{(age < 0).sum()} uses lie in a month before their points were issued; look into the ledger.")
    known = used < n
    redeemed = np.zeros((GROUPS, n, n))
    where = (taken["group"].to_numpy()[known], start[known], age[known])
    np.add.at(redeemed, where, taken["points"].to_numpy(dtype=float)[known])
    lapsed = uses[uses["kind"] == "expire"].merge(lots[["customer_id", "lot"]], on=["customer_id", "lot"])
    in_time = period_index(lapsed["date"], "month") <= end if len(lapsed) else np.zeros(0, dtype=bool)
    return RedemptionTriangle(
        first, issued.sum(axis=0), redeemed.sum(axis=0), expires_after, issued, redeemed,
        members=int(lots["customer_id"].nunique()), redeemers=int(taken.loc[known, "customer_id"].nunique()),
        withdrawn=float(gone[inside].sum()), unfinished=unfinished, expired=float(lapsed.loc[in_time, "points"].sum()),
    )  # fmt: skip
