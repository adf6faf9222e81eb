"""Whether a points programme lives: who uses it, how soon, who hoards, and what a point costs to earn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import check_settings, need_columns, not_levels, too_small
from crm_lab.loyalty.points.ledger_result import PointsLedgerResult
from crm_lab.messages import Message
from crm_lab.results import Better, Fact, Interval, Readout, Result
from crm_lab.stats.intervals import ratio_by_customer, wilson_interval
from crm_lab.stats.survival import SurvivalCurve, kaplan_meier

_S = "points.health"
_YEAR = 365
_USED = ("earn", "pending", "redeem")
_HELD = 50  # first months and last months that the change of the rate compares have at least so many orders


@dataclass(frozen=True)
class ProgrammeHealth:
    """Measure a programme on its ledger.

    >>> rng = np.random.default_rng(1)
    >>> rewards = pd.DataFrame(
    ...     {
    ...         "customer_id": np.repeat([f"m{i}" for i in range(50)], 3),
    ...         "event": [1, 2, 3] * 50,
    ...         "date": pd.Timestamp("2024-01-01")
    ...         + pd.to_timedelta(np.sort(rng.integers(0, 365, (50, 3))).ravel(), "D"),
    ...         "kind": ["earn", "earn", "redeem"] * 50,
    ...         "points": [100, 100, -120] * 50,
    ...     }
    ... )
    >>> from crm_lab.loyalty.points import PointsLedger
    >>> health = ProgrammeHealth().analyze(PointsLedger().analyze(rewards, "2024-12-31"))
    >>> health.to_frame()["metric"].tolist()
    ['active_rate', 'redeemed_in_a_year', 'hoarders', 'hoarded_points']

    Attributes:
        active_days: Days without earning or redeeming after which a member is not active.
        hoard_days: Days without a redemption after which a member who could redeem hoards.
        level: Confidence level.
    """

    active_days: int = 90
    hoard_days: int = 365
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse settings without a meaning."""
        check_settings(self, too_small(self, active_days=1, hoard_days=1), not_levels(self, "level"))

    def analyze(
        self, ledger: PointsLedgerResult, customers: pd.DataFrame | None = None, orders: pd.DataFrame | None = None
    ) -> ProgrammeHealthResult:
        """Measure a programme.

        Args:
            ledger: A ledger with lots.
            customers: One row per ``customer_id`` of the whole base, for the enrolment rate.
            orders: `order_id` and `net_amount`, for points per unit of money.

        Returns:
            The measures.

        Raises:
            BadInput: If columns are missing.

        >>> ProgrammeHealth(active_days=30).analyze(health.ledger).active[1]
        50
        """
        frame, end = ledger.rows.frame, pd.Timestamp(ledger.as_of)
        events = frame[frame["kind"].isin(_USED) & (frame["points"] != 0)]
        members = ledger.rows.members
        since = events[events["date"] > end - pd.Timedelta(days=self.active_days)]
        enrolled: tuple[int, int] | None = None
        if customers is not None:
            need_columns(customers.columns, ("customer_id",), "customers")
            base = customers["customer_id"].dropna().astype("str").unique()
            enrolled = (int(np.isin(base, members.to_numpy()).sum()), len(base))
        rate = _points_per_money(frame, orders) if orders is not None else None
        return ProgrammeHealthResult(
            ledger=ledger, spec=self, active=(int(since["customer_id"].nunique()), len(members)), enrolled=enrolled,
            first_burn=_first_burn(events, end, self.level), rate=rate,
            hoards=_hoards(ledger, events, end, self.hoard_days),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class ProgrammeHealthResult(Result):
    """Measures of a programme.

    >>> from crm_lab.loyalty.points import PointsLedger
    >>> rewards = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "a", "b", "c"],
    ...         "event": [1, 2, 1, 1],
    ...         "kind": ["earn", "redeem", "earn", "earn"],
    ...         "date": pd.to_datetime(["2023-01-05", "2023-02-01", "2023-01-09", "2024-12-01"]),
    ...         "points": [99, -50, 70, 9],
    ...     }
    ... )
    >>> health = ProgrammeHealth().analyze(PointsLedger().analyze(rewards, as_of="2024-12-31"))

    Attributes:
        ledger: What was measured.
        spec: How.
        active: Members who earned or redeemed in the last days, and all.
        enrolled: Customers with an account of points, and all; nothing where customers were not given.
        first_burn: Days from a member's first points to its first redemption; nothing where nobody ever had points.
        hoards: Per member: `customer_id`, `active` points, `hoards`.
        rate: Per month: `month`, `points` earned with orders, `amount` of these orders, `points_per_money`, `orders`.
    """

    name: ClassVar[str] = "programme_health"
    formats: ClassVar[Mapping[str, str]] = {"value": ".3g", "lo": ".3g", "hi": ".3g"}
    words: ClassVar[Mapping[str, str]] = {"metric": f"{_S}.metric_"}
    ledger: PointsLedgerResult
    spec: ProgrammeHealth
    active: tuple[int, int]
    enrolled: tuple[int, int] | None
    first_burn: SurvivalCurve | None
    hoards: pd.DataFrame
    rate: pd.DataFrame | None

    def to_frame(self) -> pd.DataFrame:
        """One row per measure.

        >>> health.to_frame().set_index("metric")["value"].round(3).to_dict()
        {'active_rate': 0.333, 'redeemed_in_a_year': 0.333, 'hoarders': 0.333, 'hoarded_points': 0.547}

        Returns:
            `metric`, `value`, `lo`, `hi`, `n`.
        """
        hoards = self.hoards["hoards"].to_numpy()
        points = self.hoards["active"].to_numpy(dtype=float)
        rows = [self._share("active_rate", *self.active)]
        if self.enrolled is not None:
            rows.append(self._share("enrolment_rate", *self.enrolled))
        if self.first_burn is not None and np.isfinite(self.first_burn.happened_by(_YEAR)[0]):
            share, ci = self.first_burn.happened_by(_YEAR)
            rows.append(("redeemed_in_a_year", share, ci.lo, ci.hi, self.first_burn.n))
        rows.append(self._share("hoarders", int(hoards.sum()), len(hoards)))
        if points.sum() > 0 and len(points) > 1:
            share, ci = ratio_by_customer(points * hoards, points, self.spec.level)
            rows.append(("hoarded_points", share, ci.lo, ci.hi, len(points)))
        if (change := self.rate_change()) is not None:
            rows.append(("points_inflation", change, np.nan, np.nan, len(self.rate)))  # type: ignore[arg-type]
        return pd.DataFrame(rows, columns=["metric", "value", "lo", "hi", "n"]).astype({"metric": "str"})

    def _share(self, metric: str, n: int, of: int) -> tuple[str, float, float, float, int]:
        ci = wilson_interval(n, of, self.spec.level)
        return metric, n / of, ci.lo, ci.hi, of

    def rate_change(self) -> float | None:
        """By how much points per unit of money grew from the first months to the last, 0.1 for a tenth.

        >>> health.rate_change() is None
        True
        """
        if self.rate is None:
            return None
        known = self.rate[self.rate["orders"] >= _HELD]
        if len(known) < 2:
            return None
        part = min(3, len(known) // 2)
        before, after = (side["points"].sum() / side["amount"].sum() for side in (known.head(part), known.tail(part)))
        return float(after / before - 1)

    def facts(self) -> tuple[Fact, ...]:
        """The measures, and the median days to the first redemption.

        >>> [fact.id for fact in health.facts()][:2]
        ['points.health.active_rate', 'points.health.redeemed_in_a_year']
        """
        better: dict[str, Better] = {
            "active_rate": "up",
            "enrolment_rate": "up",
            "redeemed_in_a_year": "up",
            "hoarders": "down",
        }
        days = {"days": self.spec.active_days, "hoard": self.spec.hoard_days}
        found = tuple(self._fact(row, better.get(str(row["metric"]), "none"), days) for row in self._rows)
        if self.first_burn is None:
            return found
        median = self.first_burn.median
        never = Message(f"{_S}.never_half") if not np.isfinite(median) else None
        first = Fact(
            "points.health.days_to_first_burn", f"{_S}.fact_first_burn", None if never else median, "days",
            kind="estimate", n=self.first_burn.n, better="down", refusal=never,
        )  # fmt: skip
        return (*found, first)

    @property
    def _rows(self) -> list[dict[str, Any]]:
        """The measures one by one."""
        return [{str(name): cell for name, cell in row.items()} for row in self.to_frame().to_dict("records")]

    def _fact(self, row: dict[str, Any], better: Better, values: dict[str, int]) -> Fact:
        """A measure as a fact; one without interval is counted."""
        counted = bool(pd.isna(row["lo"]))
        key = row["metric"]
        return Fact(
            f"points.health.{key}", f"{_S}.metric_{key}", float(row["value"]), "share", n=int(row["n"]),
            ci=None if counted else Interval(float(row["lo"]), float(row["hi"]), self.spec.level), better=better,
            kind="fact" if counted else "estimate", definition=Message(f"{_S}.definition_{key}", values),
        )  # fmt: skip

    def readout(self) -> Readout:
        """Who uses the programme, how soon, and what to look at.

        >>> print(health.readout().finding)
        1 of 3 members (33.3% [6.1%, 79.2%]) earned or redeemed in the last 90 days; 33.3% redeem within a year.
        """
        measures: dict[str, dict[str, Any]] = {row["metric"]: row for row in self._rows}
        active, nothing = measures["active_rate"], {"value": np.nan}
        change = self.rate_change()
        values = {
            "n": self.active[0], "members": self.active[1], "rate": float(active["value"]), "lo": float(active["lo"]),
            "hi": float(active["hi"]), "days": self.spec.active_days, "hoard": self.spec.hoard_days,
            "burn": float(measures.get("redeemed_in_a_year", nothing)["value"]),
            "hoarders": float(measures["hoarders"]["value"]),
            "hoarded": float(measures.get("hoarded_points", nothing)["value"]),
            "change": np.nan if change is None else change,
        }  # fmt: skip
        return Readout.of(_S, values, action="action" if change is None else "action_rate")


def _first_burn(events: pd.DataFrame, end: pd.Timestamp, level: float) -> SurvivalCurve | None:
    """Kaplan-Meier of the days from the first points to the first redemption; who has not yet is censored."""
    first = events[events["points"] > 0].groupby("customer_id")["date"].min()
    if not len(first):
        return None
    burn = events[events["kind"] == "redeem"].groupby("customer_id")["date"].min().reindex(first.index)
    known = burn.isna() | (burn >= first)  # who redeemed points from before the ledger had its first ones earlier
    first, burn = first[known], burn[known]
    days = (burn.fillna(end) - first).dt.days
    return kaplan_meier(days.to_numpy(), burn.notna().to_numpy(), level=level) if len(days) else None


def _hoards(ledger: PointsLedgerResult, events: pd.DataFrame, end: pd.Timestamp, days: int) -> pd.DataFrame:
    """Members who could redeem as much as redemptions usually take, and have not for long."""
    spent = events.loc[events["kind"] == "redeem", "points"].abs()
    usual = float(spent.median()) if len(spent) else np.inf
    balances = ledger.balances()[["customer_id", "active"]]
    who = balances["customer_id"]
    first = events.groupby("customer_id")["date"].min().reindex(who)
    burn = events[events["kind"] == "redeem"].groupby("customer_id")["date"].max().reindex(who)
    idle = (end - burn.fillna(first)).dt.days.to_numpy() >= days
    return balances.assign(hoards=idle & (balances["active"].to_numpy() >= usual))


def _points_per_money(frame: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Points earned with orders per unit of money in them, by month."""
    need_columns(orders.columns, ("order_id", "net_amount"), "orders")
    need_columns(frame.columns, ("order_id",), "The ledger of points")
    earned = frame[frame["kind"].isin(("earn", "pending")) & frame["order_id"].notna()]
    by_order = earned.groupby("order_id").agg(points=("points", "sum"), date=("date", "min"))
    amount = orders.groupby("order_id")["net_amount"].sum()
    amount.index = amount.index.astype("str")
    by_order["amount"] = amount.reindex(by_order.index.astype("str")).to_numpy()
    by_order = by_order[by_order["amount"] > 0]
    month = by_order["date"].dt.to_period("M").dt.to_timestamp()
    table = by_order.groupby(month).agg(points=("points", "sum"), amount=("amount", "sum"), orders=("points", "size"))
    table["points_per_money"] = table["points"] / table["amount"]
    return table.rename_axis("month").reset_index()
