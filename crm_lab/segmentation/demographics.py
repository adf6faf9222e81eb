"""Who customers are where the data say: age, income, household, city; how many are unknown, what each group buys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, need_columns, not_inside, too_small
from crm_lab.data.kernels.dataframes import as_pandas, plain_ids
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message, named
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import wilson, z_value

ATTRIBUTES: Final = ("age_group", "income_group", "household_size", "city")
UNKNOWN: Final = "unknown"
SMALL: Final = "small_groups"
_SAID: Final = 30  # customers of a group that is named as the highest, where there are such groups
_COLUMNS: Final = [
    "attribute", "group", "customers", "share", "share_lo", "share_hi", "revenue_share", "revenue_per_customer",
    "lo", "hi", "orders_per_customer", "orders_per_customer_lo", "orders_per_customer_hi", "index",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Demographics:
    """Settings of the mix by what is known of customers.

    >>> customers = pd.DataFrame({"customer_id": range(90), "age_group": ["18-24", "65+", None] * 30})
    >>> bought = pd.DataFrame({"customer_id": range(90), "n_orders": 2, "revenue": [10.0, 20.0, 15.0] * 30})
    >>> found = Demographics().analyze(bought, customers)
    >>> found.to_frame()["group"].tolist()
    ['18-24', '65+', 'unknown']

    Attributes:
        attributes: Columns of the customers to look at; those that are not there are left out.
        least: Customers of a group below which it is put together with other small ones.
        level: Confidence level.
    """

    attributes: tuple[str, ...] = ATTRIBUTES
    least: int = 10
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_inside(self, "level"),
            too_small(self, least=2),
            attributes=not self.attributes and "name one column or more",
        )

    def analyze(
        self,
        customer_360: Any,
        customers: Any = None,
        *,
        currency: str = "",
        order: Mapping[str, list[str]] | None = None,
    ) -> DemographicsResult:
        """Mix, revenue and orders per customer by group, the unknown as a group of their own.

        >>> found.to_frame().loc[0, ["share", "revenue_per_customer"]].tolist()
        [0.3333333333333333, 10.0]

        Args:
            customer_360: Any engine's table, a row a customer who bought: ``customer_id, n_orders, revenue``.
            customers: Any engine's table with ``customer_id`` and attributes; nothing where the source has none.
            currency: ISO code of the revenue.
            order: Attribute to its groups in reading order; by their first number, then by name, unless given.

        Returns:
            One row an attribute and group; refused where nothing is known of anybody who bought.

        Raises:
            BadInput: If columns are missing, or a customer stands twice.
        """
        bought = as_pandas(customer_360, "The customers who bought", ("customer_id", "n_orders", "revenue"))
        need_columns(bought.columns, ("customer_id", "n_orders", "revenue"), "The customers who bought")
        known = _known(customers, self.attributes)
        rows = bought.merge(known, on="customer_id", how="left", validate="one_to_one")
        present = [name for name in self.attributes if name in known and rows[name].notna().any()]
        made = [self._groups(rows, name, (order or {}).get(name)) for name in present]
        frame = pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=_COLUMNS)
        return DemographicsResult(self, frame, len(rows), currency)

    def _groups(self, rows: pd.DataFrame, attribute: str, order: list[str] | None) -> pd.DataFrame:
        group = rows[attribute].astype("string").fillna(UNKNOWN)
        size = group.map(group.value_counts())
        group = group.where((size >= self.least) | (group == UNKNOWN), SMALL)
        by = rows.groupby(group, sort=False)
        n = by.size()
        n = n.loc[_reading_order(list(n.index), order)]
        lo, hi = wilson(n.to_numpy(), np.full(len(n), len(rows)), self.level)
        revenue, orders = (_means(by[column], n, self.level) for column in ("revenue", "n_orders"))
        mean = float(rows["revenue"].mean())
        total = float(rows["revenue"].sum())
        made = {
            "attribute": attribute, "group": n.index, "customers": n.to_numpy(), "share": n.to_numpy() / len(rows),
            "share_lo": lo, "share_hi": hi,
            "revenue_share": revenue[0] * n.to_numpy() / total if total > 0 else math.nan,
            "revenue_per_customer": revenue[0], "lo": revenue[1], "hi": revenue[2],
            "orders_per_customer": orders[0], "orders_per_customer_lo": orders[1], "orders_per_customer_hi": orders[2],
            "index": 100 * revenue[0] / mean if mean > 0 else math.nan,
        }  # fmt: skip
        return pd.DataFrame(made)


def _known(customers: Any, attributes: tuple[str, ...]) -> pd.DataFrame:
    if customers is None:
        return pd.DataFrame({"customer_id": pd.Series(dtype="string")})
    table = as_pandas(customers, "The customers", ("customer_id", *attributes))
    need_columns(table.columns, ("customer_id",), "The customers")
    twice = int(table["customer_id"].duplicated().sum())
    if twice:
        raise BadInput(f"The customers: {twice:,} rows repeat a customer; keep one row each.")
    kept = table[["customer_id", *(name for name in attributes if name in table)]]
    return kept.assign(customer_id=plain_ids(kept["customer_id"]))


def _reading_order(groups: list[str], order: list[str] | None) -> list[str]:
    """Groups by their first number (``Under 15K`` first), then by name; small ones and the unknown last."""
    if order:
        return [*(g for g in order if g in groups), *(g for g in groups if g not in order)]
    return sorted(groups, key=lambda g: (g == UNKNOWN, g == SMALL, _number(g), g))


def _number(group: str) -> float:
    digits = "".join(c if c.isdigit() or c == "." else " " for c in group).split()
    first = float(digits[0]) if digits and digits[0].strip(".") else math.inf
    return first - 0.5 if group.lower().startswith(("under", "<", "below")) else first


def _means(by: Any, n: pd.Series, level: float) -> tuple[Floats, Floats, Floats]:
    """Mean of each group, and the ends of its interval; none for a single customer."""
    mean = by.mean().loc[n.index].to_numpy(dtype=float)
    half = z_value(level) * (by.std().loc[n.index].to_numpy(dtype=float) / np.sqrt(n.to_numpy()))
    return mean, mean - half, mean + half


@dataclass(frozen=True, eq=False)
class DemographicsResult(TableResult):
    """Mix and spending by what is known of customers.

    >>> customers = pd.DataFrame({"customer_id": range(90), "age_group": ["18-24", "65+", None] * 30})
    >>> bought = pd.DataFrame({"customer_id": range(90), "n_orders": 2, "revenue": [10.0, 20.0, 15.0] * 30})
    >>> found = Demographics().analyze(bought, customers)

    Attributes:
        spec: The settings.
        frame: ``attribute, group, customers, share`` with ``share_lo, share_hi``, ``revenue_share``,
            ``revenue_per_customer`` with ``lo, hi``, ``orders_per_customer`` with its ends, and ``index``
            (revenue per customer, 100 is the base).
        customers: Customers who bought.
        currency: ISO code of the revenue.
    """

    spec: Demographics
    frame: pd.DataFrame
    customers: int
    currency: str

    name: ClassVar[str] = "demographics"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("share", "share_lo", "share_hi", "revenue_share"), ".1%"),
        "customers": ",.0f", "index": ",.0f",
        **dict.fromkeys(("revenue_per_customer", "lo", "hi"), ",.0f"),
        **dict.fromkeys(("orders_per_customer", "orders_per_customer_lo", "orders_per_customer_hi"), ",.1f"),
    }  # fmt: skip

    def shown(self) -> pd.DataFrame:
        """The table with attributes and the two groups that are no group of the data in words.

        >>> found.shown()["attribute"].iloc[0]
        'age group'
        """
        rows = self.to_frame()
        return rows.assign(
            attribute=[named("column", name) for name in rows["attribute"]],
            group=[group_name(group) for group in rows["group"]],
        )

    def coverage(self) -> dict[str, float]:
        """Share of customers of whom each attribute is known.

        >>> round(found.coverage()["age_group"], 3)
        0.667
        """
        known = self.frame[self.frame["group"] != UNKNOWN]
        counted = known.groupby("attribute", sort=False)["customers"].sum()
        return {str(name): int(count) / self.customers for name, count in counted.items()}

    def refusal(self) -> Message | None:
        """Said where nothing is known of anybody.

        >>> Demographics().analyze(bought).refusal().key
        'persona_tags.demographics_refused'
        """
        return Message("persona_tags.demographics_refused", self._values()) if self.frame.empty else None

    def readout(self) -> Readout:
        """What is known of how many, the group that spends most, and what to do.

        >>> found.readout().finding.key
        'persona_tags.demographics_finding'
        """
        why = self.refusal()
        if why is not None:
            key = "demographics_certainty_refused"
            return Readout.of("persona_tags", self._values(), why, key, "demographics_action_refused")
        return Readout.of(
            "persona_tags", self._values(), "demographics_finding", "demographics_certainty", "demographics_action"
        )

    def facts(self) -> tuple[Fact, ...]:
        """Coverage of each attribute, and revenue per customer by group.

        >>> [fact.id for fact in found.facts()][:2]
        ['demographics.age_group.coverage', 'demographics.age_group.18_24.revenue']
        """
        if self.frame.empty:
            label = Message("persona_tags.fact_attribute", {"attribute": Message("column.attribute")})
            return (Fact("demographics.coverage", label, None, "share", refusal=self.refusal()),)
        made: list[Fact] = []
        for attribute, share in self.coverage().items():
            label = Message("persona_tags.fact_attribute", {"attribute": Message(f"column.{attribute}")})
            lo, hi = wilson(share * self.customers, self.customers, self.spec.level)
            ci = Interval(float(lo), float(hi), self.spec.level)
            made.append(Fact(f"demographics.{attribute}.coverage", label, share, "share", ci=ci, n=self.customers))
            made += facts_of(
                self.frame[self.frame["attribute"] == attribute], "demographics.{attribute}.{group}.revenue", _label,
                "revenue_per_customer", self.currency, ends=("lo", "hi"), level=self.spec.level, n="customers",
                kind="estimate",
            )  # fmt: skip
        return tuple(made)

    def _values(self) -> dict[str, Any]:
        covered = self.coverage() if len(self.frame) else {}
        least = min(covered, key=covered.__getitem__, default="")
        rows = self.frame[~self.frame["group"].isin([UNKNOWN, SMALL])]
        rows = rows[rows["customers"] >= _SAID] if (rows["customers"] >= _SAID).any() else rows
        top = rows.loc[[rows["index"].idxmax()]] if len(rows) and rows["index"].notna().any() else rows.head(0)
        row: Any = top.to_dict("records")[0] if len(top) else {}
        return {
            "customers": self.customers, "attributes": len(covered),
            "least_known": Message(f"column.{least or 'attribute'}"),
            "least_share": covered.get(least, 0.0), "attribute": Message(f"column.{row.get('attribute', 'attribute')}"),
            "group": row.get("group", ""), "level": self.spec.level, "currency": self.currency,
            "amount": row.get("revenue_per_customer", math.nan), "index": row.get("index", math.nan),
            "lo": row.get("lo", math.nan), "hi": row.get("hi", math.nan), "n": row.get("customers", 0),
        }  # fmt: skip


def group_name(group: object) -> str:
    """A group as people read it: the unknown and small ones in words, others as the data have them.

    >>> group_name("unknown"), group_name("65+")
    ('unknown', '65+')
    """
    return Message(f"persona_tags.group_{group}").text() if group in (UNKNOWN, SMALL) else str(group)


def _label(row: Mapping[str, Any]) -> Message:
    values = {"attribute": Message(f"column.{row['attribute']}"), "group": group_name(row["group"])}
    return Message("persona_tags.fact_group_revenue", values)
