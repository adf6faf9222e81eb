"""Stores or cities by week: sales, margin, receipts and customers of whole weeks, by DuckDB."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from crm_lab.calendar import period_start, whole_periods
from crm_lab.checks import BadInput
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer

UnitKind = Literal["store", "city"]
LEAST_COSTED = 0.9  # share of sales whose cost must be known
_WEEK = timedelta(days=7)


class WorkspaceLike(Protocol):
    """What is read of a workspace."""

    @property
    def day_range(self) -> tuple[date, date]:
        """First and last day with a line."""
        ...

    def columns(self, name: str) -> dict[str, str]:
        """Columns of a stored table."""
        ...


class TablesLike(Protocol):
    """What is read of a workspace's tables."""

    @property
    def as_of(self) -> date:
        """Last day that counts."""
        ...

    @property
    def workspace(self) -> Any:
        """A `WorkspaceLike`."""
        ...

    def __contains__(self, name: str) -> bool: ...

    def sql(self, query: str) -> pd.DataFrame:
        """A query's result."""
        ...


@dataclass(frozen=True, eq=False)
class UnitWeeks:
    """What each store or city sold by week, and what was left out.

    >>> from crm_lab import open_workspace
    >>> panel = unit_weeks(open_workspace("complete_journey").at("2017-12-31"), weeks=26)

    Attributes:
        by: ``store`` or ``city``.
        frame: A row a unit and week from its first to its last week of trade, in order: ``unit``, ``week`` (its
            Monday), ``sales`` net of returns, ``gross_margin`` where costs are known, ``receipts``, ``customers``.
        first: Monday of the first week.
        weeks: How many weeks there are.
        unbalanced: Units that do not trade in each week: ``unit``, ``first_week``, ``last_week``, ``weeks_traded``, and
            ``empty_weeks`` without a line between these, which count as 0.
        cut_days: Days of the data in weeks begun before, or not ended: left out.
        cut_sales: Their net sales.
        unplaced_sales: Net sales of the weeks without a unit: left out.
        costed: Share of sales whose cost is known; the rest earns the margin of its unit.
    """

    by: UnitKind
    frame: pd.DataFrame
    first: date
    weeks: int
    unbalanced: pd.DataFrame
    cut_days: int
    cut_sales: float
    unplaced_sales: float
    costed: float

    @property
    def last(self) -> date:
        """The last day of the last week.

        >>> panel.last.isoformat()
        '2017-12-31'
        """
        return self.first + self.weeks * _WEEK - timedelta(days=1)

    @property
    def units(self) -> tuple[str, ...]:
        """All units, sorted.

        >>> len(panel.units)
        357
        """
        return tuple(self.frame["unit"].unique())

    @property
    def full(self) -> tuple[str, ...]:
        """Units with a line in each week.

        >>> len(panel.full)
        104
        """
        return tuple(unit for unit in self.units if unit not in set(self.unbalanced["unit"]))

    @property
    def throughout(self) -> tuple[str, ...]:
        """Units that trade from the first week to the last, weeks without a line in between counting as 0.

        >>> len(panel.throughout)
        114
        """
        last_week = pd.Timestamp(self.last - timedelta(days=6))
        table = self.unbalanced
        part = (table["first_week"] > pd.Timestamp(self.first)) | (table["last_week"] < last_week)
        return tuple(unit for unit in self.units if unit not in set(table.loc[part, "unit"]))

    def of(self, units: Collection[str]) -> pd.DataFrame:
        """Rows of some units.

        >>> len(panel.of(panel.full)) == 26 * len(panel.full)
        True

        Args:
            units: Their names.
        """
        return self.frame[self.frame["unit"].isin(list(units))].reset_index(drop=True)

    def notes(self) -> list[str]:
        """What was left out or filled, a sentence each, in the active language.

        >>> print(panel.notes()[0])
        26 weeks, Monday to Sunday, 2017-07-03 to 2017-12-31: 357 stores, 104 of them with sales in each week.
        """
        return [sentence.text() for sentence in self.said()]

    def said(self) -> list[Message]:
        """What was left out or filled, a sentence each.

        >>> panel.said()[0].key
        'unit_weeks.weeks'
        """
        kind = Message(f"unit_weeks.{self.by}")
        said = [
            Message("unit_weeks.weeks", {
                "n": self.weeks, "first": self.first, "last": self.last, "units": len(self.units), "kind": kind,
                "full": len(self.full),
            })
        ]  # fmt: skip
        if self.cut_days:
            said.append(Message("unit_weeks.cut", {"days": self.cut_days, "sales": self.cut_sales}))
        if self.unplaced_sales:
            total = self.frame["sales"].sum() + self.unplaced_sales
            share = self.unplaced_sales / total if total else np.nan
            said.append(Message("unit_weeks.unplaced", {"sales": self.unplaced_sales, "share": share, "kind": kind}))
        if len(self.unbalanced):
            said.append(Message("unit_weeks.unbalanced", self._unbalanced_values(kind)))
        if 0 < self.costed < 1 and "gross_margin" in self.frame:
            said.append(Message("unit_weeks.costed", {"costed": self.costed, "kind": kind}))
        return said

    def _unbalanced_values(self, kind: Message) -> dict[str, Any]:
        table, last_week = self.unbalanced, pd.Timestamp(self.last - timedelta(days=6))
        return {
            "n": len(table),
            "of": len(self.units),
            "kind": kind,
            "late": int((table["first_week"] > pd.Timestamp(self.first)).sum()),
            "early": int((table["last_week"] < last_week).sum()),
            "empty": int(table["empty_weeks"].sum()),
        }


def unit_weeks(tables: TablesLike, by: UnitKind = "store", weeks: int | None = None) -> UnitWeeks:
    """Sales of each store or city by whole week, Monday to Sunday.

    A line belongs to its store; to its store's city, or, where its store has none (the online shop), to its customer's.
    Fees do not count; returns lower the sales of their own week.

    Args:
        tables: Tables of a workspace as of a day.
        by: ``store`` or ``city``.
        weeks: Only the last so many weeks; all of them if not given.

    Returns:
        The weeks, with what was left out.

    Raises:
        BadInput: If `by` is another word, or `weeks` is below 1.
        CannotAnswer: If no line has such a unit, or there are not so many whole weeks.

    >>> from crm_lab import open_workspace
    >>> panel = unit_weeks(open_workspace("simulated:pilot,customers=400").at("latest"), by="city")
    >>> list(panel.frame), panel.weeks
    (['unit', 'week', 'sales', 'gross_margin', 'receipts', 'customers'], 104)
    """
    if by not in ("store", "city"):
        raise BadInput(f"by is {by!r}; it must be store or city.")
    if weeks is not None and weeks < 1:
        raise BadInput(f"weeks is {weeks}; it must be 1 or more.")
    start = tables.workspace.day_range[0]
    whole = whole_periods(start, tables.as_of, "week")
    if len(whole) < (weeks or 1):
        raise cannot_answer("few_whole_weeks", n=len(whole), first=start, last=tables.as_of, weeks=weeks or 1)
    first, n = period_start(whole[-(weeks or len(whole))], "week"), weeks or len(whole)
    rows = tables.sql(_sql(tables, by, first, first + n * _WEEK))
    placed = rows[rows["unit"].notna()]
    if not len(placed):
        raise cannot_answer("no_unit_of_sale", kind=Message(f"unit_weeks.{by}"))
    costed = _share(rows["costed_sales"].sum(), rows["sales"].sum())
    frame, unbalanced = _filled(placed, first, n)
    if costed >= LEAST_COSTED:
        frame.insert(3, "gross_margin", _margins(frame))
    frame = frame.drop(columns=["costed_sales", "costed_margin"])
    cut = _cut(tables, first if weeks is None else start, first + n * _WEEK)
    unplaced = float(rows.loc[rows["unit"].isna(), "sales"].sum())
    return UnitWeeks(by, frame, first, n, unbalanced, *cut, unplaced, costed)


def member_changes(tables: TablesLike, by: UnitKind, end: date, weeks: int) -> pd.DataFrame:
    """What each customer spent in the weeks before a day, less what they spent in as many weeks before those.

    Args:
        tables: Tables of a workspace as of a day.
        by: ``store`` or ``city``: where a customer bought most often in those weeks.
        end: Day after the last week.
        weeks: How many weeks.

    Returns:
        One row a named customer who bought in either span: ``unit``, ``change``.
    """
    joins, unit = _unit_of_line(tables, by)
    middle, start = end - weeks * _WEEK, end - 2 * weeks * _WEEK
    return tables.sql(f"""
        with line as (
            select {unit} as unit, customer_id, net_amount::double * if(date >= date '{middle}', 1, -1) as signed
            from transactions{joins}
            where kind != 'fee' and customer_id is not null and date >= date '{start}' and date < date '{end}')
        select mode(unit) as unit, sum(signed) as change from line group by customer_id
        having mode(unit) is not null order by 1, 2""")


def _unit_of_line(tables: TablesLike, by: UnitKind) -> tuple[str, str]:
    """SQL of the tables joined to the lines, and of the store or city of a line; null where none has it."""
    if by == "store":
        return "", "store_id" if _has(tables, "transactions", "store_id") else "null::varchar"
    joins, cities = "", []
    if _has(tables, "stores", "city") and _has(tables, "transactions", "store_id"):
        joins += " left join (select store_id, city as store_city from stores) using (store_id)"
        cities.append("store_city")
    if _has(tables, "customers", "city"):
        joins += " left join (select customer_id, city as home_city from customers) using (customer_id)"
        cities.append("home_city")
    return joins, f"coalesce({', '.join(cities)})" if cities else "null::varchar"


def _sql(tables: TablesLike, by: UnitKind, first: date, end: date) -> str:
    """A row a unit and week with a line; the unit is null where there is none."""
    (joins, unit), cost = _unit_of_line(tables, by), "null::double"
    if _has(tables, "products", "unit_cost"):
        joins += " left join (select product_id, any_value(unit_cost) as unit_cost from products group by 1)"
        joins += " using (product_id)"
        cost = "quantity * unit_cost::double"
    return f"""
        with line as (
            select {unit} as unit, date_trunc('week', date)::date as week, order_id, customer_id, net_amount,
                   kind = 'sale' as sale, {cost} as cost
            from transactions{joins}
            where kind != 'fee' and date >= date '{first}' and date < date '{end}')
        select unit, week, sum(net_amount) as sales, count(distinct order_id) filter (sale) as receipts,
               count(distinct customer_id) filter (sale) as customers,
               coalesce(sum(net_amount) filter (cost is not null), 0) as costed_sales,
               coalesce(sum(net_amount::double - cost), 0) as costed_margin
        from line group by 1, 2 order by 1, 2"""


def _has(tables: TablesLike, name: str, column: str) -> bool:
    return name in tables and column in tables.workspace.columns(name)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


def _filled(rows: pd.DataFrame, first: date, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with empty weeks between a unit's first and last filled by 0, and the units without a line in some week."""
    week = (rows["week"] - pd.Timestamp(first)).dt.days.to_numpy() // 7
    rows = rows.assign(number=week)
    spans = rows.groupby("unit")["number"].agg(["min", "max", "size"])
    length = (spans["max"] - spans["min"] + 1).to_numpy()
    number = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length - spans["min"].to_numpy(), length)
    every = pd.DataFrame({"unit": np.repeat(spans.index.to_numpy(), length), "number": number}).astype(
        {"unit": rows["unit"].dtype}
    )
    frame = every.merge(rows.drop(columns="week"), on=["unit", "number"], how="left").fillna(
        dict.fromkeys(("sales", "receipts", "customers", "costed_sales", "costed_margin"), 0)
    )
    frame.insert(1, "week", pd.Timestamp(first) + pd.to_timedelta(7 * frame.pop("number"), unit="D"))
    frame = frame.astype({"receipts": "int64", "customers": "int64"})
    part = spans[spans["size"] < n]
    monday = pd.Timestamp(first)
    unbalanced = pd.DataFrame(
        {
            "unit": part.index.astype("str"),
            "first_week": monday + pd.to_timedelta(7 * part["min"].to_numpy(), unit="D"),
            "last_week": monday + pd.to_timedelta(7 * part["max"].to_numpy(), unit="D"),
            "weeks_traded": part["size"].to_numpy(),
            "empty_weeks": (part["max"] - part["min"] + 1 - part["size"]).to_numpy(),
        }
    )
    return frame, unbalanced


def _margins(frame: pd.DataFrame) -> pd.Series:
    """Margin of each row; sales without a known cost earn the margin of their unit, or that of all."""
    known = frame.groupby("unit")[["costed_sales", "costed_margin"]].transform("sum")
    base = frame["costed_margin"].sum() / frame["costed_sales"].sum()
    rate = (known["costed_margin"] / known["costed_sales"]).where(known["costed_sales"] > 0, base)
    margin: pd.Series = (frame["costed_margin"] + (frame["sales"] - frame["costed_sales"]) * rate).round(4)
    return margin


def _cut(tables: TablesLike, first: date, end: date) -> tuple[int, float]:
    """Days of trade outside the whole weeks, and their net sales."""
    found = tables.sql(f"""
        select count(distinct date) as days, coalesce(sum(net_amount), 0) as sales from transactions
        where kind != 'fee' and (date < date '{first}' or date >= date '{end}')""")
    return int(found["days"].item()), float(found["sales"].item())
