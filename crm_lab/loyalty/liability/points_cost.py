"""What a point costs when it is redeemed: by kind of reward, with its rise over a year."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, ClassVar

import pandas as pd

from crm_lab.arrays import Booleans
from crm_lab.checks import Problems, as_date, check_settings, need_columns, not_levels, too_small
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import normal_interval, z_value

_S = "liability.cost"
ALL = "all"


@dataclass(frozen=True, kw_only=True)
class PointsCost:
    """Cost of a point redeemed.

    >>> rows = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b", "c", "a"],
    ...         "kind": "redeem",
    ...         "points": [-500, -1_000, -500, -500],
    ...         "date": pd.to_datetime(["2024-02-01", "2024-05-01", "2024-09-01", "2024-11-01"]),
    ...         "cost_amount": [3.0, 5.0, 3.5, 2.5],
    ...         "reward": ["voucher", "goods", "voucher", "goods"],
    ...     }
    ... )
    >>> found = PointsCost(by="reward", least_members=2).analyze(rows, as_of="2024-12-31")
    >>> found.to_frame().set_index("reward")["cost_per_point"].round(5).to_dict()
    {'all': 0.0056, 'goods': 0.005, 'voucher': 0.0065}

    Attributes:
        by: Column with the kind of reward (or the channel); none unless given.
        days: Length of the time whose cost is taken, up to the last day.
        level: Confidence level.
        least_members: Members who must have redeemed for an interval.
        currency: ISO code.
        simulated: Whether the ledger is simulated.
    """

    by: str | None = None
    days: int = 365
    level: float = 0.95
    least_members: int = 20
    currency: str = "USD"
    simulated: bool = False

    def __post_init__(self) -> None:
        check_settings(self, not_levels(self, "level"), too_small(self, days=1, least_members=2))

    def analyze(self, rewards: pd.DataFrame, as_of: str | date) -> PointsCostResult:
        """Measure it on the redemptions of a ledger.

        >>> round(PointsCost(least_members=2).analyze(rows, as_of="2024-12-31").cost, 4)
        0.0056

        Args:
            rewards: The ledger's rows: `customer_id`, `date`, `kind`, `points`, `cost_amount`.
            as_of: Last day that counts.

        Returns:
            Cost per point, in all and by kind of reward.

        Raises:
            BadInput: If costs are below nothing, or the kinds of reward are not there.
        """
        columns = ("customer_id", "date", "kind", "points", "cost_amount", *([self.by] if self.by else []))
        need_columns(rewards.columns, columns, "The ledger of points")
        end = pd.Timestamp(as_date(as_of)) + pd.Timedelta(days=1)
        rows = rewards[(rewards["kind"] == "redeem") & (rewards["date"] < end)]
        rows = rows[rows["date"] >= end - pd.Timedelta(days=2 * self.days)].reset_index(drop=True)
        problems = Problems("The redemptions")
        below = int((rows["cost_amount"] < 0).sum())
        problems.unless(not below, f"{below} have a cost below 0.")
        problems.raise_any()
        now = (rows["date"] >= end - pd.Timedelta(days=self.days)).to_numpy()
        return PointsCostResult(self, rows.assign(points=rows["points"].abs()), now, as_date(as_of))


@dataclass(frozen=True, eq=False)
class PointsCostResult(Result):
    """Cost of a point redeemed.

    >>> rows = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b", "c", "a"],
    ...         "kind": "redeem",
    ...         "points": [-500, -1_000, -500, -500],
    ...         "date": pd.to_datetime(["2024-02-01", "2024-05-01", "2024-09-01", "2024-11-01"]),
    ...         "cost_amount": [3.0, 5.0, 3.5, 2.5],
    ...         "reward": ["voucher", "goods", "voucher", "goods"],
    ...     }
    ... )
    >>> found = PointsCost(by="reward", days=182, least_members=2).analyze(rows, as_of="2024-12-31")

    Attributes:
        spec: Settings.
        rows: Redemptions of twice the time, points above 0.
        now: Which of them lie in the last time.
        as_of: Last day.
    """

    spec: PointsCost
    rows: pd.DataFrame
    now: Booleans
    as_of: date

    name: ClassVar[str] = "points_cost"
    formats: ClassVar[Mapping[str, str]] = {
        "points": ",.0f", "cost_amount": ",.2f", **dict.fromkeys(("cost_per_point", "lo", "hi"), ",.5f"),
        **dict.fromkeys(("share", "uncosted"), ".1%"),
    }  # fmt: skip

    @cached_property
    def _costed(self) -> Booleans:
        """Redemptions whose cost is known: 0 is none."""
        return (self.rows["cost_amount"].notna() & (self.rows["cost_amount"] > 0)).to_numpy()

    def refusal(self) -> Message | None:
        """Why there is no cost per point.

        >>> found.refusal() is None
        True
        """
        here = self.rows[self.now]
        if not len(here):
            return Message(f"{_S}.refused_none", {"days": self.spec.days, "day": self.as_of.isoformat()})
        if not self._costed[self.now].any():
            return Message(f"{_S}.refused_free", {"redemptions": len(here)})
        members = here["customer_id"].nunique()
        if members < self.spec.least_members:
            return Message(f"{_S}.refused_few", {"members": members, "least": self.spec.least_members})
        return None

    @property
    def cost(self) -> float:
        """Cost of a point redeemed; NaN where it is refused.

        >>> round(found.cost, 3)
        0.006
        """
        return float(self.to_frame()["cost_per_point"].iloc[0])

    @cached_property
    def inflation(self) -> tuple[float, Interval]:
        """Rise of the cost per point on the time before, with the same members' dependence in its interval.

        >>> round(found.inflation[0], 3)
        0.125
        """
        level, known = self.spec.level, self._costed
        sums = [self._by_member(known & self.now), self._by_member(known & ~self.now)]
        members = sums[0].index.union(sums[1].index)
        tables = [one.reindex(members, fill_value=0.0) for one in sums]
        if self.refusal() is not None or any(one["points"].sum() <= 0 for one in tables):
            return math.nan, Interval(math.nan, math.nan, level)
        rates = [float(one["cost_amount"].sum() / one["points"].sum()) for one in tables]
        parts = [
            (one["cost_amount"] - rate * one["points"]) / one["cost_amount"].sum()
            for one, rate in zip(tables, rates, strict=True)
        ]
        se = math.sqrt(float(((parts[0] - parts[1]) ** 2).sum()))
        rise, z = math.log(rates[0] / rates[1]), z_value(level)
        return math.expm1(rise), Interval(math.expm1(rise - z * se), math.expm1(rise + z * se), level)

    def _by_member(self, which: Booleans) -> pd.DataFrame:
        found: pd.DataFrame = self.rows[which].groupby("customer_id")[["points", "cost_amount"]].sum()
        return found.astype(float)

    def to_frame(self) -> pd.DataFrame:
        """Cost per point, in all and by kind of reward.

        >>> found.to_frame()["redemptions"].tolist()
        [2, 1, 1]

        Returns:
            One row in all, then one per kind of reward: `reward`, `redemptions`, `members`, `points`, `share` of all
            points, `cost_amount`, `cost_per_point` with `lo` and `hi` (none with too few members), and `uncosted`, the
            share of points redeemed without a known cost, which are in no cost per point.
        """
        here = self.rows[self.now]
        kinds = here[self.spec.by].astype("str").fillna("–") if self.spec.by else pd.Series(ALL, index=here.index)
        total = max(float(here["points"].sum()), 1e-300)
        names = [ALL, *(sorted(kinds.unique()) if self.spec.by else [])]
        rows = [self._row(name, here[(kinds == name) | (name == ALL)], total) for name in names]
        columns = ["reward", "redemptions", "members", "points", "share", "cost_amount", "cost_per_point", "lo", "hi"]
        return pd.DataFrame(rows, columns=[*columns, "uncosted"])

    def _row(self, name: str, part: pd.DataFrame, total: float) -> tuple[object, ...]:
        costed = part[(part["cost_amount"] > 0).fillna(value=False)]
        sums = costed.groupby("customer_id")[["points", "cost_amount"]].sum().astype(float)
        points, cost = float(sums["points"].sum()), float(sums["cost_amount"].sum())
        rate, n = cost / points if points > 0 and self.refusal() is None else math.nan, len(sums)
        lo = hi = math.nan
        if n >= self.spec.least_members and not math.isnan(rate):
            off = sums["cost_amount"] - rate * sums["points"]
            ci = normal_interval(rate, math.sqrt(float((off**2).sum()) * n / (n - 1)) / points, self.spec.level)
            lo, hi = max(ci.lo, 0.0), ci.hi
        size = float(part["points"].sum())
        without = 1 - float(costed["points"].sum()) / size if size > 0 else math.nan
        return name, len(part), n, size, size / total, cost, rate, lo, hi, without

    def readout(self) -> Readout:
        """The cost of a point, how sure it is, and its rise.

        >>> print(found.readout().finding)
        A point redeemed cost USD 0.00600 over the 182 days to 2024-12-31 (95% interval 0.00404 to 0.00796).
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, f"{_S}.certainty_refused", f"{_S}.action_refused")
        row, (rise, ci) = self.to_frame().iloc[0], self.inflation
        values = {
            "cost": row["cost_per_point"], "lo": row["lo"], "hi": row["hi"], "level": self.spec.level,
            "days": self.spec.days, "day": self.as_of.isoformat(), "currency": self.spec.currency,
            "members": row["members"], "uncosted": row["uncosted"],
            "rise": Message(f"{_S}.rise", {"rise": rise, "lo": ci.lo, "hi": ci.hi})
            if not math.isnan(rise) else Message(f"{_S}.rise_unknown"),
        }  # fmt: skip
        return Readout.of(_S, values)

    def facts(self) -> tuple[Fact, ...]:
        """Cost of a point by kind of reward, and its rise.

        >>> [fact.id for fact in found.facts()]
        ['cost_per_point.all', 'cost_per_point.goods', 'cost_per_point.voucher', 'cost_per_point.rise']
        """
        kind: Kind = "simulated" if self.spec.simulated else "estimate"
        refused, (rise, ci) = self.refusal(), self.inflation
        rows = facts_of(
            self.to_frame(), "cost_per_point.{reward}", _label, "cost_per_point", self.spec.currency,
            ends=("lo", "hi"), level=self.spec.level, n="members", kind=kind, refusal=refused, better="down",
        )  # fmt: skip
        unknown = math.isnan(rise)
        why = refused or (Message(f"{_S}.rise_unknown") if unknown else None)
        return (
            *rows,
            Fact("cost_per_point.rise", f"{_S}.fact_rise", None if unknown else rise, "share",
                 ci=None if unknown else ci, kind=kind, refusal=why, better="down"),
        )  # fmt: skip


def _label(row: Mapping[str, Any]) -> Message:
    """Label of a row's fact."""
    whole = row["reward"] == ALL
    return Message(f"{_S}.fact_all") if whole else Message(f"{_S}.fact", {"reward": row["reward"]})
