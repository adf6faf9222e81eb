"""Cohorts by period of the first purchase; cells that are not yet observed stay empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Integers
from crm_lab.calendar import UNITS, Unit, period_end, period_index, period_label, period_start
from crm_lab.checks import as_date, check_settings, not_among
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.data.kernels.receipts import run_starts
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result, table_html
from crm_lab.segmentation.known_purchases import known_purchases
from crm_lab.stats.intervals import wilson, wilson_interval


@dataclass(frozen=True)
class Cohorts:
    """Group customers by the period of their first purchase and count who buys in each later one.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> cohorts = Cohorts(period="quarter", starts_new=True)
    >>> cohorts.analyze(tables["orders"], as_of=tables.as_of).labels[:2]
    ('1997-Q1', '1997-Q2')

    Attributes:
        period: week, month or quarter of the calendar.
        starts_new: Whether the data begin with the first customers ever. If not, the first cohort holds
            old customers too and is marked left-censored.
        level: Confidence level of the cells.

    Raises:
        BadInput: If the period is unknown.
    """

    period: Unit = "month"
    starts_new: bool = False
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, period=UNITS))

    def analyze(
        self,
        orders: IntoFrame,
        *,
        as_of: str | date | datetime,
        settled: date | None = None,
        customer: str = "customer_id",
        date: str = "date",
    ) -> CohortResult:
        """Count the cohorts.

        >>> cohorts.analyze(tables["orders"], as_of="1998-03-31").labels[-1]
        '1998-Q1'

        Args:
            orders: One row per purchase, order or line with a sale; a DataFrame of pandas, Polars, DuckDB, PyArrow or
                PySpark.
            as_of: Last day that counts.
            settled: Day from which who is first seen is new; cohorts with days before it hold old customers.
            customer: Column with the customer.
            date: Column with the date.

        Returns:
            The cohort triangle.

        Raises:
            BadInput: If columns are missing or there is no order up to the day.
        """
        table = purchase_table(orders, customer=customer, date=date, amount=None)
        day = as_date(as_of)
        known = known_purchases(table.iloc[run_starts(table["customer_id"], table["date"])], day)
        code, _ = pd.factorize(known["customer_id"])
        index = period_index(known["date"], self.period)
        first, last = int(index.min()), int(period_index(pd.Series([pd.Timestamp(day)]), self.period)[0])
        active = cohort_counts(code, index - first, last - first + 1)
        labels = tuple(period_label(i, self.period) for i in range(first, last + 1))
        partial = period_end(last, self.period) > day
        old = 0 if self.starts_new else 1
        if settled is not None:
            at = int(period_index(pd.Series([pd.Timestamp(settled)]), self.period)[0])
            old = max(old, at - first + int(period_start(at, self.period) < settled))
        return CohortResult(active, labels, self, partial=partial, as_of=day, old=min(old, len(labels)))


def cohort_counts(code: Integers, index: Integers, k: int) -> Integers:
    """Customers active per cohort and age: entry (c, a) counts those first seen in c who bought in c + a.

    Args:
        code: Customer number of each purchase, 0 or more.
        index: Its period, 0 … k - 1.
        k: Periods.

    Returns:
        Shape (k, k); cells with c + a >= k are 0: they lie in the future.

    >>> cohort_counts(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [1, 0]]
    """
    n = int(code.max()) + 1
    seen = np.zeros(n * k, dtype=bool)
    seen[code * k + index] = True
    bought = seen.reshape(n, k)
    cohort = np.argmax(bought, axis=1)
    who, when = np.nonzero(bought)
    cells = cohort[who] * k + when - cohort[who]
    return np.bincount(cells, minlength=k * k).reshape(k, k).astype(np.int64)


@dataclass(frozen=True, eq=False)
class CohortResult(Result):
    """The cohort triangle.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> result = Cohorts(starts_new=True).analyze(tables["orders"], as_of=tables.as_of)

    Attributes:
        active: Customers per cohort and age, shape (k, k); only cells with cohort + age < k are observed.
        labels: The periods.
        spec: How they were made.
        partial: Whether the last period ends after `as_of`.
        as_of: Last day that counts.
        old: First cohorts that hold customers who bought before the data begin.
    """

    active: Integers = field(repr=False)
    labels: tuple[str, ...]
    spec: Cohorts
    partial: bool
    as_of: date
    old: int = 0

    name: ClassVar[str] = "cohorts"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%", "customers": ",.0f"}

    @property
    def observed(self) -> np.ndarray:
        """Which cells lie up to `as_of`: booleans of shape (k, k).

        >>> int(result.observed.sum())
        171
        """
        k = len(self.labels)
        return np.add.outer(np.arange(k), np.arange(k)) < k

    def to_frame(self) -> pd.DataFrame:
        """One row per cohort and age: size, active customers, share (0-1) with interval, marks.

        >>> list(result.to_frame())
        ['cohort', 'age', 'size', 'customers', 'share', 'lo', 'hi', 'observed', 'partial', 'left_censored']

        Returns:
            ``age`` counts periods since the first purchase; cells that are not yet observed are missing.
        """
        k = len(self.labels)
        cohort, age = (a.ravel() for a in np.indices((k, k)))
        size = np.repeat(self.active[:, 0], k)
        count, seen = self.active.ravel(), self.observed.ravel()
        lo, hi = wilson(count, size, self.spec.level)
        known = seen & (size > 0)
        share = np.divide(count, size, out=np.full(k * k, np.nan), where=known)
        return pd.DataFrame(
            {
                "cohort": np.array(self.labels)[cohort],
                "age": age,
                "size": size,
                "customers": np.where(seen, count, np.nan),
                "share": share,
                "lo": np.where(known, lo, np.nan),
                "hi": np.where(known, hi, np.nan),
                "observed": seen,
                "partial": seen & (cohort + age == k - 1) & self.partial,
                "left_censored": cohort < self.old,
            }
        )

    def triangle(self) -> pd.DataFrame:
        """Shares (0-1) by cohort (rows) and age in periods (columns); unobserved cells are missing.

        >>> result.triangle().round(3).iloc[0, :3].tolist()
        [1.0, 0.159, 0.122]
        """
        frame = self.to_frame()
        return frame.pivot_table(index="cohort", columns="age", values="share", dropna=False)

    def _repr_html_(self) -> str:
        shown = self.triangle().reset_index()
        return table_html(shown, {str(age): ".0%" for age in shown.columns[1:]}, rows=len(shown))

    def returned(self, age: int = 1) -> tuple[int, int]:
        """How many customers are active at an age, and how many could have been.

        Left-censored cohorts, cohorts that have not reached the age, and the partial period are left out.

        >>> result.returned(age=1)
        (345, 2357)

        Args:
            age: Periods since the first purchase.

        Returns:
            Active customers, and customers observed at that age.
        """
        k = len(self.labels)
        cohorts = slice(self.old, max(k - age - int(self.partial), 0))
        return int(self.active[cohorts, age].sum()) if age < k else 0, int(self.active[cohorts, 0].sum())

    def refusal(self) -> Message | None:
        """A sentence if no cohort is old enough, else ``None``.

        >>> result.refusal() is None
        True
        """
        return None if self.returned()[1] else Message("segments.cohorts.too_early", {"as_of": str(self.as_of)})

    def readout(self) -> Readout:
        """Who is active in the period after the first, and what the triangle cannot say.

        >>> print(result.readout().finding)
        14.6% [13.3%, 16.1%] of 2,357 new customers bought again in the month after their first.
        """
        moved, n = self.returned()
        ci = wilson_interval(moved, n, self.spec.level)
        values = {
            "share": moved / n if n else 0.0, "lo": ci.lo, "hi": ci.hi, "n": n,
            "unit": Message(f"segments.unit.{self.spec.period}"),
            "cells": int(self.observed.sum()), "first": self.labels[0], "last": self.labels[max(self.old - 1, 0)],
        }  # fmt: skip
        certainty = ("certainty", "certainty_left", "certainty_left_more")[min(self.old, 2)]
        finding = self.refusal() or Message("segments.cohorts.finding", values)
        return Readout(finding, Message(f"segments.cohorts.{certainty}", values), "segments.cohorts.action")

    def facts(self) -> tuple[Fact, ...]:
        """Observed cells, and the pooled share active one period after the first.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'cohorts.observed_cells': 'cells', 'cohorts.active_after_1_month': 'share'}
        """
        moved, n = self.returned()
        return (
            Fact("cohorts.observed_cells", "segments.cohorts.fact_cells", int(self.observed.sum()), "cells"),
            Fact(
                f"cohorts.active_after_1_{self.spec.period}",
                Message("segments.cohorts.fact_next", {"unit": Message(f"segments.unit.{self.spec.period}")}),
                moved / n if n else None,
                "share",
                ci=wilson_interval(moved, n, self.spec.level) if n else None,
                kind="estimate",
                n=n,
                denominator="segments.about.whole_cohorts",
                better="up",
                refusal=self.refusal(),
            ),
        )
