"""A test in the contract's tables: one row per assigned unit, with its past, outcomes, funnel, money and weeks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

import numpy as np
import pandas as pd

from crm_lab.checks import as_date
from crm_lab.data.sources.refusal import refused
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.weeks import weekly_spend
from crm_lab.experiments.origins.unit_file import EVERY, one_treatment

_STAGES = ("enrolled", "active", "redeemed")


class TablesLike(Protocol):
    """What is read of the contract's tables."""

    @property
    def as_of(self) -> date:
        """Last day that counts."""
        ...

    def __contains__(self, name: str) -> bool: ...

    def __getitem__(self, name: str) -> pd.DataFrame: ...


@dataclass(frozen=True, kw_only=True)
class TableTest:
    """A test recorded in the tables `assignments` and `transactions`, with `enrolments`, `rewards` and `products`.

    The outcome is net spend, returns deducted on their own day, from a unit's assignment to the last day of the
    test, and orders (those with a sale line); the pre-period ends the day before the assignment. Late joiners,
    who never bought before, have no pre-period: a gap, not a 0. If unit costs are known, gross margin stands
    beside spend, and the window after the test is in margin, too.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("simulated:fashion,customers=800").at("latest")
    >>> origin = TableTest(experiment="loyalty", pre_days=90, until="2024-10-31")

    Attributes:
        experiment: Its name in `assignments`; empty for none.
        pre_days: Days of the pre-period.
        until: Last day of the outcome window.
        later_days: Days after it in which pulled-forward sales would be missing; 0 for none.
        treatment: Arm that is read against the control; needed where there are several.
    """

    experiment: str
    pre_days: int = 180
    until: str = "2017-12-31"
    later_days: int = 0
    treatment: str = ""

    @property
    def given(self) -> bool:
        """Whether an experiment is named.

        >>> origin.given, TableTest(experiment="").given
        (True, False)
        """
        return bool(self.experiment)

    def open(self, tables: TablesLike) -> Experiment:
        """One row per assigned unit: past and outcome spend and orders, weeks, funnel, reward cost, tier.

        >>> origin.open(tables).arms
        ('control', 'treatment')

        Args:
            tables: Tables of a workspace as of a day.

        Returns:
            The test, checked.

        Raises:
            BadInput: If there is no such experiment, a window has not ended, or the assignment came after it.
        """
        units = self._units(tables)
        lines = _lines_of(tables, units)
        day, start = lines["date"], lines["assigned_on"]
        end = pd.Timestamp(as_date(self.until, "until"))
        during = (day >= start) & (day <= end)
        after = (day > end) & (day <= end + timedelta(days=self.later_days))
        sums = ["spend", "orders", *(["margin"] if "margin" in lines else [])]
        units = _with_past(units, lines, self.pre_days)
        units = _summed(units, lines[during], {c: c for c in sums})
        units = _summed(units, lines[after], {sums[-1] if len(sums) > 2 else "spend": "later"})
        funnel = self._funnel(units, tables, lines[during], end)
        units = units.join(self._weeks(units, lines[during], end))
        known = (role for role in ("margin", "rewards", "member_spend") if role in units)
        money = {role: role for role in known if units[role].any()}
        money |= {"later": "later"} if self.later_days else {}
        outcomes = ["spend", "orders", *funnel, *money.values()]
        covariates = ["spend_before", "orders_before"]
        test = Experiment.from_frame(units, arm="arm", outcomes=outcomes, covariates=covariates, unit="customer_id")
        segments = (
            tuple(c for c in ("tier", "assigned_on") if units[c].notna().any()) if "tier" in units else ("assigned_on",)
        )
        window = f"{units['assigned_on'].min():%Y-%m-%d}", f"{end:%Y-%m-%d}"
        test = replace(test, window=window, pre_days=self.pre_days)
        return replace(test, funnel=tuple(funnel), money=money, segments=segments)

    def open_all(self, tables: TablesLike) -> Experiment:
        """The test with every treatment, whichever is read against the control elsewhere.

        >>> origin.open_all(tables).treatments
        ('treatment',)

        Args:
            tables: Tables of a workspace as of a day.

        Returns:
            The test.
        """
        return replace(self, treatment=EVERY).open(tables)

    def _units(self, tables: TablesLike) -> pd.DataFrame:
        drawn = tables["assignments"]
        names = sorted(drawn["experiment"].unique())
        if self.experiment not in names:
            raise refused("test_no_experiment", name=self.experiment, known=", ".join(names))
        last = as_date(self.until, "until") + timedelta(days=self.later_days)
        units = drawn.loc[drawn["experiment"] == self.experiment].drop(columns="experiment")
        if last > tables.as_of:
            raise refused("test_unfinished", n=len(units), last=last, as_of=tables.as_of)
        late = int((units["assigned_on"] > pd.Timestamp(as_date(self.until))).sum())
        if late:
            raise refused("test_assigned_late", n=late, until=self.until)
        units = one_treatment(units, "arm", "control", self.treatment)
        return units.reset_index(drop=True)

    def _funnel(self, units: pd.DataFrame, tables: TablesLike, during: pd.DataFrame, end: pd.Timestamp) -> list[str]:
        """Enrolled, active (enrolled and bought) and redeemed, 0 or 1 per unit, and rewards; names of the stages."""
        if "enrolments" in tables:
            inside = tables["enrolments"]
            inside = inside[(inside["programme"] == self.experiment) & (inside["enrolled_on"] <= end)]
            since = inside.set_index("customer_id")["enrolled_on"]
            units["enrolled"] = units["customer_id"].isin(since.index).astype(float)
            units["active"] = ((units["enrolled"] > 0) & (units["orders"] > 0)).astype(float)
            member = during[during["date"] >= during["customer_id"].map(since)]
            units["member_spend"] = _per_unit(units, member, "spend")
        if "rewards" in tables:
            ledger = tables["rewards"]
            ledger = ledger[ledger["date"] <= end]
            spent = ledger[ledger["kind"] == "redeem"]
            units["redeemed"] = units["customer_id"].isin(spent["customer_id"].unique()).astype(float)
            if spent["cost_amount"].notna().all():  # a ledger without costs does not say that rewards are free
                units["rewards"] = _per_unit(units, ledger, "cost_amount")
        return [stage for stage in _STAGES if stage in units]

    def _weeks(self, units: pd.DataFrame, during: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
        """Spend by week since the first assignment."""
        first = units["assigned_on"].min()
        weeks = int(((end - first).days + 1) // 7)
        if weeks < 1:
            return pd.DataFrame(index=units.index)
        lines = during.rename(columns={"spend": "net_amount"})
        return weekly_spend(lines, units["customer_id"], start=f"{first:%Y-%m-%d}", weeks=weeks)


def _per_unit(units: pd.DataFrame, rows: pd.DataFrame, column: str) -> pd.Series:
    sums = units["customer_id"].map(rows.groupby("customer_id")[column].sum())
    return sums.fillna(0.0).astype(float)


def _summed(units: pd.DataFrame, lines: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The units with sums of spend and margin and the number of orders of some lines, 0 where there are none."""
    groups = lines.groupby("customer_id")
    found = {new: groups[c].nunique() if c == "orders" else groups[c].sum() for c, new in names.items()}
    columns = {new: units["customer_id"].map(values).fillna(0.0).astype(float) for new, values in found.items()}
    return units.assign(**columns)


def past_as_of(tables: TablesLike, customers: pd.Series, pre_days: int) -> pd.DataFrame:
    """Spend and orders before of customers who would be assigned on the day after the tables' last one.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> past_as_of(tables, tables["orders"]["customer_id"].drop_duplicates(), 90).columns.tolist()
    ['customer_id', 'spend_before', 'orders_before']

    Args:
        tables: Tables of a workspace as of a day.
        customers: Ids of customers.
        pre_days: Days that are summed, as of a test's `TableTest.pre_days`.

    Returns:
        One row a customer, as a test in the tables has them.
    """
    units = pd.DataFrame({"customer_id": customers.to_numpy()})
    units["assigned_on"] = pd.Timestamp(tables.as_of) + timedelta(days=1)
    return _with_past(units, _lines_of(tables, units), pre_days).drop(columns="assigned_on")


def _lines_of(tables: TablesLike, units: pd.DataFrame) -> pd.DataFrame:
    """The units' lines: day, spend, order (of a sale line only: taking back an order is none), margin."""
    wanted = ["customer_id", "date", "order_id", "kind", "net_amount"]
    lines = tables["transactions"]
    costs = tables["products"] if "products" in tables else pd.DataFrame()
    if "unit_cost" in costs and {"product_id", "quantity"} <= set(lines.columns):
        unit_cost = lines["product_id"].map(costs.set_index("product_id")["unit_cost"].astype(float))
        if unit_cost.notna().all():  # a margin with gaps would be none
            lines = lines.assign(margin=lines["net_amount"].astype(float) - lines["quantity"] * unit_cost)
            wanted.append("margin")
    lines = lines[wanted].rename(columns={"net_amount": "spend"})
    lines["orders"] = lines["order_id"].where(lines["kind"] == "sale")
    return lines.merge(units[["customer_id", "assigned_on"]], on="customer_id")


def _with_past(units: pd.DataFrame, lines: pd.DataFrame, pre_days: int) -> pd.DataFrame:
    """The units with spend and orders of the days before their assignment; a gap for who never bought before."""
    day, start = lines["date"], lines["assigned_on"]
    before = (day < start) & (day >= start - timedelta(days=pre_days))
    units = _summed(units, lines[before], {c: f"{c}_before" for c in ("spend", "orders")})
    new = ~units["customer_id"].isin(lines.loc[day < start, "customer_id"].unique())
    units.loc[new, ["spend_before", "orders_before"]] = np.nan
    return units
