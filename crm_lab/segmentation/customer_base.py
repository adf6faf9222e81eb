"""A customer-base audit: how different customers are, how the base changed, new against old, how concentrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, CannotAnswer, as_date, need_columns
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.inequality import Inequality, inequality

_NEEDED = ("order_id", "customer_id", "date", "net_amount")
_FACTS = ("customers", "revenue", "top_share", "gini", "kept")
_LEVERS = ("customers", "orders_per_customer", "revenue_per_order")


def split_change(before: Floats, after: Floats) -> Floats:
    """How much of a product's change each factor brings: the logarithmic mean Divisia split, which adds up.

    ``part_k = L(R1, R0) · ln(x1_k / x0_k)`` with ``R = Π x_k`` and ``L`` the logarithmic mean
    (Ang 2005, Energy Policy 33, eq. 4).

    Args:
        before: Factors before, positive, shape (k,).
        after: Factors after, positive, shape (k,).

    Returns:
        Parts, shape (k,); their sum is ``after.prod() - before.prod()``.

    >>> parts = split_change(np.array([100.0, 2.0]), np.array([110.0, 2.0]))
    >>> parts.round(6).tolist()
    [20.0, 0.0]
    """
    logs = np.log(after / before)
    d = logs.sum()
    mean = before.prod() * (np.expm1(d) / d if d else 1.0)
    parts: Floats = mean * logs
    return parts


@dataclass(frozen=True)
class CustomerBaseAudit:
    """What to audit.

    Attributes:
        period: Calendar unit of comparison: ``Q`` quarter or ``M`` month.
        top: Share of customers whose hold on revenue is measured.
        level: Confidence level of the concentration's interval.
    """

    period: Literal["Q", "M"] = "Q"
    top: float = 0.2
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse settings without a meaning."""
        if self.period not in ("Q", "M"):
            raise BadInput(f"period is {self.period!r}; it must be Q (quarter) or M (month).")
        if not 0 < self.top < 1:
            raise BadInput(f"top is {self.top!r}; it is a share of customers between 0 and 1, e.g. 0.2.")

    def analyze(self, orders: IntoFrame, *, as_of: str | date, currency: str = "", rng: int = 0) -> CustomerBaseResult:
        """Audit the base on its orders.

        Args:
            orders: One row an order (`tables["orders"]`); orders without a customer are left out and counted.
            as_of: Last day that counts; later orders are refused.
            currency: ISO code, for reports.
            rng: Seed of the bootstrap over customers.

        Raises:
            BadInput: If columns are missing, orders lie after `as_of`, or fewer than two customers bought.
        """
        orders = purchase_table(orders, "orders", also=_NEEDED)
        need_columns(orders.columns, _NEEDED, "orders")
        end = as_date(as_of)
        late = int((orders["date"] > pd.Timestamp(end)).sum())
        if late:
            raise BadInput(f"{late:,} orders lie after as_of {end}; take the orders of tables at that day.")
        known = orders[orders["customer_id"].notna()]
        spend = known.groupby("customer_id")["net_amount"].sum()
        if len(spend) < 2:
            raise CannotAnswer(f"{len(spend)} customers bought; an audit of differences needs two or more.")
        return CustomerBaseResult(
            periods=_periods(known, self.period, end),
            deciles=_deciles(spend),
            concentration=inequality(spend.clip(lower=0).to_numpy(), top=self.top, level=self.level, rng=rng),
            top=self.top,
            as_of=end,
            currency=currency,
            without_customer=len(orders) - len(known),
        )


@dataclass(frozen=True)
class CustomerBaseResult(Result):
    """The audit of a base.

    Attributes:
        periods: One row a period: `period`, `customers`, `new_customers`, `kept` (share of the previous period's
            customers who bought again), `orders`, `orders_per_customer`, `revenue_per_order`, `revenue`,
            `new_share` (revenue of customers first seen in the period), `complete`.
        deciles: One row a tenth of the customers, best first: `decile`, `customers`, `revenue`, `share`,
            `revenue_per_customer`, `cumulative_share`.
        concentration: Gini and top share with intervals.
        top: Share of customers of the top share.
        as_of: Last day that counts.
        currency: ISO code.
        without_customer: Orders left out because nobody is named.
    """

    name: ClassVar[str] = "customer_base"
    formats: ClassVar[Mapping[str, str]] = {
        "kept": ".1%",
        "new_share": ".1%",
        "revenue": ",.0f",
        "orders_per_customer": ".2f",
        "revenue_per_order": ",.2f",
    }

    periods: pd.DataFrame
    deciles: pd.DataFrame
    concentration: Inequality
    top: float
    as_of: date
    currency: str
    without_customer: int

    def to_frame(self) -> pd.DataFrame:
        """One row a period."""
        return self.periods.copy()

    def change(self) -> pd.DataFrame:
        """Why revenue changed from the first to the last complete period: `lever`, `part` (currency), `share`.

        The first period of the data is no period of new customers only: everybody is seen there for the first
        time. The split does not use who is new, so it holds all the same.
        """
        complete = self.periods[self.periods["complete"]]
        if len(complete) < 2:
            raise CannotAnswer("A change needs two complete periods; choose a shorter period or more history.")
        before, after = (complete.iloc[i][list(_LEVERS)].to_numpy(dtype=float) for i in (0, -1))
        parts = split_change(before, after)
        return pd.DataFrame({"lever": _LEVERS, "part": parts, "share": parts / before.prod()})

    def readout(self) -> Readout:
        """Concentration, the largest lever of change, and what to do."""
        spread = self.concentration
        values = {
            "customers": int(self.deciles["customers"].sum()), "revenue": float(self.deciles["revenue"].sum()),
            "currency": self.currency, "top": self.top, "share": spread.top_share, "lo": spread.top_share_ci.lo,
            "hi": spread.top_share_ci.hi, "level": spread.top_share_ci.level, "without": self.without_customer,
        }  # fmt: skip
        finding, certainty = (Message(f"customer_base.{key}", values) for key in ("finding", "certainty"))
        if self.periods["complete"].sum() < 2:
            return Readout(finding, certainty, Message("customer_base.wait", values))
        change = self.change()
        lever = change.iloc[int(change["part"].abs().to_numpy().argmax())]
        advice = {
            "change": float(change["share"].sum()), "part": float(lever["share"]),
            **{key: Message(f"customer_base.{key}.{lever['lever']}") for key in ("lever", "advice")},
        }  # fmt: skip
        return Readout(finding, certainty, Message("customer_base.action", advice))

    def facts(self) -> tuple[Fact, ...]:
        """Customers, revenue, concentration, repeat buying and the change over the window."""
        spread, customers = self.concentration, int(self.deciles["customers"].sum())
        estimate = partial(Fact, kind="estimate", n=customers)
        label = {key: Message(f"customer_base.fact.{key}", {"top": self.top}) for key in _FACTS}
        kept = self.periods[self.periods["complete"]].tail(1)
        return (
            Fact("base.customers", label["customers"], customers, "customers"),
            Fact("base.revenue", label["revenue"], float(self.deciles["revenue"].sum()), self.currency),
            estimate("base.top_share", label["top_share"], spread.top_share, "share", ci=spread.top_share_ci),
            estimate("base.gini", label["gini"], spread.gini, ci=spread.gini_ci),
            *(
                Fact("base.kept", label["kept"], float(row["kept"]), "share", window=str(row["period"]), better="up")
                for row in kept.to_dict("records")
            ),
        )


def _periods(orders: pd.DataFrame, period: str, end: date) -> pd.DataFrame:
    """The base period by period; a period that the data or `end` cut off is marked as not complete."""
    span = orders["date"].dt.to_period(period)
    first = span.groupby(orders["customer_id"]).transform("min")
    grouped = orders.groupby(span)
    frame = pd.DataFrame(
        {
            "customers": grouped["customer_id"].nunique(),
            "new_customers": orders[span == first].groupby(span)["customer_id"].nunique(),
            "orders": grouped["order_id"].nunique(),
            "revenue": grouped["net_amount"].sum(),
            "new_revenue": orders[span == first].groupby(span)["net_amount"].sum(),
        }
    ).fillna({"new_customers": 0, "new_revenue": 0.0})
    frame["orders_per_customer"] = frame["orders"] / frame["customers"]
    frame["revenue_per_order"] = frame["revenue"] / frame["orders"]
    frame["new_share"] = frame["new_revenue"] / frame["revenue"]
    frame["kept"] = _kept(pd.crosstab(orders["customer_id"], span) > 0)
    begins, ends = orders["date"].min(), pd.Timestamp(end)
    periods = pd.PeriodIndex(frame.index)
    frame["complete"] = (periods.start_time >= begins.normalize()) & (periods.end_time.normalize() <= ends)
    frame["new_customers"] = frame["new_customers"].astype(int)
    frame = frame.drop(columns="new_revenue").rename_axis("period").reset_index()
    return frame.assign(period=frame["period"].astype(str))


def _kept(bought: pd.DataFrame) -> pd.Series:
    """Share of each period's predecessors' customers who bought again; missing for the first period."""
    before, now = bought.to_numpy()[:, :-1], bought.to_numpy()[:, 1:]
    shares = (before & now).sum(axis=0) / np.maximum(before.sum(axis=0), 1)
    return pd.Series([np.nan, *shares], index=bought.columns)


def _deciles(spend: pd.Series) -> pd.DataFrame:
    """Customers in ten groups of equal size by revenue, best first."""
    ranked = spend.sort_values(ascending=False, kind="stable")
    groups = np.minimum(np.arange(len(ranked)) * 10 // len(ranked), 9) + 1
    frame = ranked.groupby(groups).agg(["count", "sum"]).set_axis(["customers", "revenue"], axis=1)
    frame["share"] = frame["revenue"] / frame["revenue"].sum()
    frame["revenue_per_customer"] = frame["revenue"] / frame["customers"]
    frame["cumulative_share"] = frame["share"].cumsum()
    return frame.rename_axis("decile").reset_index()
