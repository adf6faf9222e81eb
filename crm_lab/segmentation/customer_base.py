"""Customer-base audit: concentration of revenue, change over time, new against returning customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import BadInput, as_date, need_columns
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.revenue.amounts_by_kind import net_of_named_customers
from crm_lab.segmentation.revenue.concentration import concentration_facts, revenue_concentration
from crm_lab.stats.inequality import Inequality, top_count

_NEEDED = ("order_id", "customer_id", "date", "net_amount")
_FACTS = ("customers", "revenue", "kept")


@dataclass(frozen=True)
class CustomerBaseAudit:
    """Audit a customer base: concentration of revenue, change over time, new against returning customers.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> audit = CustomerBaseAudit().analyze(tables["orders"], as_of=tables.as_of, currency="USD")
    >>> round(audit.concentration.top_share, 3)
    0.674

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

    def analyze(self, orders: IntoFrame, *, as_of: str | date, currency: str = "") -> CustomerBaseResult:
        """Audit the base on its orders.

        >>> CustomerBaseAudit(period="M").analyze(tables["orders"], as_of=tables.as_of).to_frame()["period"].iloc[-1]
        '1998-06'

        Args:
            orders: One row an order, or an order and ``kind`` of line (`amounts_by_kind`): returns then lower the
                revenue of their own day, as in ``customer_360``. Orders without a customer are left out and counted.
            as_of: Last day that counts; later orders are refused.
            currency: ISO code, for reports.

        Returns:
            The audit.

        Raises:
            BadInput: If columns are missing, orders lie after `as_of`, or fewer than two customers bought.
        """
        orders = purchase_table(orders, "orders", also=(*_NEEDED, "kind"))
        need_columns(orders.columns, _NEEDED, "orders")
        end = as_date(as_of)
        late = int((orders["date"] > pd.Timestamp(end)).sum())
        if late:
            raise BadInput(f"{late:,} orders lie after as_of {end}; take the orders of tables at that day.")
        known = net_of_named_customers(orders)
        spend = known.groupby("customer_id")["net_amount"].sum().round(4)
        if len(spend) < 2:
            raise cannot_answer("one_customer", n=len(spend))
        nobody = orders["customer_id"].isna() & (orders["kind"] == "sale" if "kind" in orders else True)
        return CustomerBaseResult(
            periods=_periods(known, self.period, end),
            deciles=_deciles(spend),
            concentration=revenue_concentration(spend.to_numpy(), top=self.top, level=self.level),
            top=self.top,
            as_of=end,
            currency=currency,
            without_customer=int(orders.loc[nobody, "order_id"].nunique()),
        )


@dataclass(frozen=True)
class CustomerBaseResult(Result):
    """The audit of a base.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> audit = CustomerBaseAudit().analyze(tables["orders"], as_of=tables.as_of, currency="USD")

    Attributes:
        periods: One row per period: `period`, `customers`, `new_customers`, `kept` (share of the previous period's
            customers who bought again), `orders`, `orders_per_customer`, `revenue_per_order`, `revenue`,
            `new_share` (revenue of customers first seen in the period), `complete`.
        deciles: One row per tenth of the customers, best first: `decile`, `customers`, `revenue`, `share`,
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
        """One row per period.

        >>> list(audit.to_frame())
        ['period', 'customers', 'new_customers', 'orders', 'revenue', 'orders_per_customer',
        'revenue_per_order', 'new_share', 'kept', 'complete']
        """
        return self.periods.copy()

    def readout(self) -> Readout:
        """Concentration, how sure, whom to give a named owner.

        >>> print(audit.readout().finding)
        The best 20% of 2,357 customers (471) bring 67.4% [65.1%, 69.9%] of 244,092 USD, returns ...
        """
        spread, customers = self.concentration, int(self.deciles["customers"].sum())
        values = {
            "customers": customers, "best": spread.top_n,
            "revenue": float(self.deciles["revenue"].sum()),
            "currency": self.currency, "top": self.top, "share": spread.top_share, "lo": spread.top_share_ci.lo,
            "hi": spread.top_share_ci.hi, "level": spread.top_share_ci.level,
            "unnamed": Message("customer_base.unnamed", {"n": self.without_customer}) if self.without_customer else "",
        }  # fmt: skip
        return Readout.of("customer_base", values)

    def facts(self) -> tuple[Fact, ...]:
        """Customers, revenue, concentration and repeat buying.

        >>> {fact.id: fact.unit for fact in audit.facts()[:2]}
        {'base.customers': 'customers', 'base.revenue': 'USD'}
        """
        customers = int(self.deciles["customers"].sum())
        label = {key: Message(f"customer_base.fact.{key}") for key in _FACTS}
        kept = self.periods[self.periods["complete"]].tail(1)
        return (
            Fact("base.customers", label["customers"], customers, "customers"),
            Fact("base.revenue", label["revenue"], float(self.deciles["revenue"].sum()), self.currency),
            *concentration_facts(self.concentration),
            *(
                Fact("base.kept", label["kept"], float(row["kept"]), "share", window=str(row["period"]), better="up")
                for row in kept.to_dict("records")
            ),
        )


def _periods(orders: pd.DataFrame, period: str, end: date) -> pd.DataFrame:
    """The base period by period; a period that the data or `end` cut off is marked as not complete."""
    span, sale = orders["date"].dt.to_period(period), orders["sale"]
    first = span.where(sale).groupby(orders["customer_id"]).transform("min")
    bought = orders[sale].groupby(span)
    frame = pd.DataFrame(
        {
            "customers": bought["customer_id"].nunique(),
            "new_customers": orders[sale & (span == first)].groupby(span)["customer_id"].nunique(),
            "orders": bought["order_id"].nunique(),
            "revenue": orders.groupby(span)["net_amount"].sum(),
            "new_revenue": orders[span <= first].groupby(span)["net_amount"].sum(),  # returns before a sale included
        }
    ).fillna(0)
    frame[["customers", "orders"]] = frame[["customers", "orders"]].astype(int)
    frame["orders_per_customer"] = frame["orders"] / frame["customers"]
    frame["revenue_per_order"] = frame["revenue"] / frame["orders"]
    frame["new_share"] = frame["new_revenue"] / frame["revenue"]
    frame["kept"] = _kept(pd.crosstab(orders.loc[sale, "customer_id"], span[sale]) > 0)
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
    """Customers in ten groups of equal size by revenue, best first; the first k hold `top_count` of k tenths."""
    ranked = spend.sort_values(ascending=False, kind="stable")
    ends = [top_count(tenths / 10, len(ranked)) for tenths in range(1, 10)]
    groups = np.searchsorted(ends, np.arange(len(ranked)), side="right") + 1
    frame = ranked.groupby(groups).agg(["count", "sum"]).set_axis(["customers", "revenue"], axis=1)
    frame["share"] = frame["revenue"] / frame["revenue"].sum()
    frame["revenue_per_customer"] = frame["revenue"] / frame["customers"]
    frame["cumulative_share"] = frame["share"].cumsum()
    return frame.rename_axis("decile").reset_index()
