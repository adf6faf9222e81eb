"""Which products are bought again by their first buyers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import as_date
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.cohorts.second_purchase import Repurchase, first_and_second
from crm_lab.segmentation.known_purchases import known_purchases
from crm_lab.stats.survival import kaplan_meier

_OF_ONE = ("description", "launched_on")  # columns of products that group nothing
_SHOWN = 15  # groups in table and chart; the first and the last of the order are among them
_FIRST = 10


def product_repurchase(
    lines: IntoFrame,
    products: IntoFrame | None,
    column: str,
    *,
    as_of: str | date | datetime,
    spec: Repurchase | None = None,
    least: int = 50,
) -> ProductCohortsResult:
    """How soon the first buyers of a product group buy from it again.

    >>> days = pd.to_datetime(["2024-01-01", "2024-01-10", "2024-01-03", "2024-02-20"])
    >>> lines = pd.DataFrame({"customer_id": list("aabb"), "date": days, "product_id": ["tea", "tea", "tea", "milk"]})
    >>> products = pd.DataFrame({"product_id": ["tea", "milk"], "department": ["drinks", "dairy"]})
    >>> again = product_repurchase(
    ...     lines, products, "department", as_of="2024-04-30", spec=Repurchase(guard_days=0), least=2
    ... )
    >>> again.to_frame()[["department", "first_buyers", "share"]].to_numpy().tolist()
    [['drinks', 2, 0.5]]

    Args:
        lines: ``customer_id``, ``date``, ``product_id`` and, where there are returns, ``kind``.
        products: ``product_id`` and `column`; if it is missing, the result is a refusal.
        column: What is bought again: ``department``, ``category``, ``product_id``.
        as_of: Last day that counts.
        spec: Horizons and the guard against first purchases before the data.
        least: Groups with fewer first buyers are left out and counted.

    Returns:
        One share and median per group, or a refusal.

    Raises:
        BadInput: If columns are missing or no group is large enough.
    """
    day, spec = as_date(as_of), spec or Repurchase()
    empty = pd.DataFrame(columns=[column, "first_buyers", "share", "lo", "hi", "median_days"])
    named = None if products is None else as_pandas(products, "The table of products")
    if named is None or column not in named:
        words = () if named is None else named.select_dtypes(exclude=["number", "bool", "datetime"]).columns
        others = tuple(str(name) for name in words if name not in ("product_id", *_OF_ONE))
        return ProductCohortsResult(empty, column, spec.horizons[-1], 0, day, others)
    known = known_purchases(lines, day, ["customer_id", "date", "product_id"])
    start = day_number(spec.new_from(known["date"].min().date()))
    group = known["product_id"].map(named.set_index("product_id")[column])
    use = group.notna() & ((known["kind"] == "sale") if "kind" in known else True)
    label, names = pd.factorize(group[use], sort=True)
    customer, _ = pd.factorize(known.loc[use, "customer_id"])
    code, pairs = pd.factorize(customer * max(len(names), 1) + label)
    if not len(names):
        return ProductCohortsResult(empty, column, spec.horizons[-1], 0, day)
    first, gap, again = first_and_second(code, day_numbers(known.loc[use, "date"]), day_number(day))
    new = first >= start
    buyers = np.bincount(pairs[new] % len(names), minlength=len(names))
    rows = []
    for g in np.flatnonzero(buyers >= least):
        chosen = new & (pairs % len(names) == g)
        curve = kaplan_meier(gap[chosen], again[chosen], level=spec.level)
        share, ci = curve.happened_by(spec.horizons[-1])
        rows.append((names[int(g)], curve.n, share, ci.lo, ci.hi, curve.median))
    if not rows:
        raise cannot_answer("too_few_first_buyers", column=column, least=least)
    frame = pd.DataFrame(rows, columns=empty.columns)
    frame = frame.sort_values(["share", column], ascending=[False, True]).reset_index(drop=True)
    return ProductCohortsResult(frame, column, spec.horizons[-1], int((buyers < least).sum()), day)


@dataclass(frozen=True, eq=False)
class ProductCohortsResult(Result):
    """Repurchase by product group.

    >>> days = pd.to_datetime(["2024-01-01", "2024-01-10", "2024-01-03", "2024-02-20"])
    >>> lines = pd.DataFrame({"customer_id": list("aabb"), "date": days, "product_id": ["tea", "tea", "tea", "milk"]})
    >>> products = pd.DataFrame({"product_id": ["tea", "milk"], "department": ["drinks", "dairy"]})
    >>> again = product_repurchase(
    ...     lines, products, "department", as_of="2024-04-30", spec=Repurchase(guard_days=0), least=1
    ... )

    Attributes:
        frame: the group under the name of `column`, first_buyers (customers), share (0-1), lo, hi, median_days.
        column: What was grouped.
        horizon: Days.
        small: Groups left out because too few bought from them.
        as_of: Last day that counts.
        others: Columns of the products that could be named instead, where `column` is not among them.
    """

    frame: pd.DataFrame = field(repr=False)
    column: str
    horizon: int
    small: int
    as_of: date
    others: tuple[str, ...] = ()

    name: ClassVar[str] = "product_cohorts"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%", "median_days": ".0f"}

    def to_frame(self) -> pd.DataFrame:
        """One row per group, the one most often bought again first.

        >>> list(again.to_frame())
        ['department', 'first_buyers', 'share', 'lo', 'hi', 'median_days']
        """
        return self.frame.copy()

    def ends(self) -> pd.DataFrame:
        """The groups that fit on a page: the first and the last of the order, both of which the readout names."""
        if len(self.frame) <= _SHOWN:
            return self.frame
        return pd.concat([self.frame.head(_FIRST), self.frame.tail(_SHOWN - _FIRST)])

    def shown(self) -> pd.DataFrame:
        """The groups bought again most and least."""
        return self.ends()

    def refusal(self) -> Message | None:
        """A sentence if no products are known, else ``None``.

        >>> again.refusal() is None
        True
        """
        return None if len(self.frame) else Message("segments.products.unknown", {"column": self.column})

    def columns_of_data(self) -> tuple[str, ...]:
        """The column by which products are grouped.

        >>> again.columns_of_data()
        ('department',)
        """
        return (self.column,)

    def readout(self) -> Readout:
        """Best and worst group.

        >>> print(again.readout().finding)
        Of first buyers of drinks 50.0% buy it again within 90 days, of dairy –.
        """
        unknown = self.refusal()
        if unknown:
            named = Message("segments.products.name_another", {"others": ", ".join(self.others)})
            supply = named if self.others else Message("segments.products.supply")
            return Readout(unknown, "segments.products.why", supply)
        best, worst = self.frame.iloc[0], self.frame.iloc[-1]
        values = {
            "best": best[self.column], "best_share": best["share"], "worst": worst[self.column],
            "worst_share": worst["share"], "days": self.horizon, "small": self.small, "groups": len(self.frame),
        }  # fmt: skip
        finding, sure, action = (
            Message(f"segments.products.{key}", values) for key in ("finding", "certainty", "action")
        )
        if len(self.frame) > _SHOWN:
            cut = {"said": sure, "first": _FIRST, "last": _SHOWN - _FIRST, "groups": len(self.frame)}
            sure = Message("segments.products.ends", cut)
        return Readout(finding, sure, action)

    def facts(self) -> tuple[Fact, ...]:
        """The share of every group.

        >>> {fact.id: fact.unit for fact in again.facts()[:2]}
        {'product_repurchase.drinks': 'share'}
        """
        rows = self.frame[self.frame["share"].notna()].rename(columns={self.column: "group"}).assign(days=self.horizon)
        return facts_of(
            rows, "product_repurchase.{group}", "segments.products.fact", "share", "share",
            ends=("lo", "hi"), n="first_buyers", kind="estimate", better="up",
        )  # fmt: skip
