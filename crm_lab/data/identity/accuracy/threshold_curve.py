"""What the threshold does to the figures: customers, repurchase, value and coverage as persons are linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from crm_lab.checks import BadInput, Problems, check_settings, need_columns
from crm_lab.data.identity.linkage.person_map import mapped_share, on_persons
from crm_lab.data.identity.linkage.record_linkage import LinkageResult
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Kind, Readout, Result

FIGURES = ("customers", "repurchase_rate", "value_per_customer")


@dataclass(frozen=True)
class ThresholdCurve:
    """The headline figures on the persons of several thresholds.

    >>> from crm_lab.data.identity.example_records import example_linkage
    >>> linked = example_linkage()
    >>> who = [*linked.records["record_id"], *["c0000001"] * len(linked.records)]
    >>> days = pd.date_range("2025-01-01", periods=len(who))
    >>> orders = pd.DataFrame({"customer_id": who, "date": days, "revenue": 10.0})
    >>> curve = ThresholdCurve(thresholds=(0.5, 0.9)).analyze(linked, orders)
    >>> curve.to_frame()["threshold"].tolist()
    [0.5, 0.9, 1.0]

    Attributes:
        thresholds: Probabilities, rising; that of the links is added.

    Raises:
        BadInput: If they do not rise inside (0, 1).
    """

    thresholds: tuple[float, ...] = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)

    def __post_init__(self) -> None:
        rising = sorted(set(self.thresholds)) == list(self.thresholds) and self.thresholds
        inside = all(0 < value < 1 for value in self.thresholds)
        rule = "" if rising and inside else "it must be rising probabilities between 0 and 1"
        check_settings(self, thresholds=rule)

    def analyze(
        self, linked: LinkageResult, orders: pd.DataFrame, *, customer: str = "customer_id", date: str = "date",
        value: str = "revenue", currency: str = "",
    ) -> ThresholdCurveResult:  # fmt: skip
        """Put the orders on the persons of each threshold and count.

        Args:
            linked: Records with the probabilities of their pairs.
            orders: One row per order (or line): customer, day and amount.
            customer: Column with the customer.
            date: Column with the day.
            value: Column with the amount.
            currency: ISO code of the amounts.

        Returns:
            The figures at each threshold, and without links at 1.

        Raises:
            BadInput: If columns are missing, days or amounts cannot be read, or no order has a linked customer.

        >>> ThresholdCurve((0.9,)).analyze(linked, orders.assign(customer_id="nobody"))
        Traceback (most recent call last):
        crm_lab.checks.CannotAnswer: Not one of 582 orders has a customer of the linked records; their ids differ.
        """
        need_columns(orders.columns, (customer, date, value), "The orders")
        days, amounts = pd.to_datetime(orders[date], errors="coerce"), pd.to_numeric(orders[value], errors="coerce")
        problems = Problems("The orders")
        problems.unless(days.notna().all(), f"{int(days.isna().sum()):,} of {len(orders):,} have no day in {date}.")
        problems.unless(
            amounts.notna().all(), f"{int(amounts.isna().sum()):,} of {len(orders):,} have no amount in {value}."
        )
        problems.raise_any()
        covered = mapped_share(orders, linked.persons, customer=customer)
        if not covered > 0:
            raise cannot_answer("no_linked_orders", n=len(orders))
        named = orders[customer].notna()
        plain = pd.DataFrame({"customer_id": orders[customer], "day": days.dt.normalize(), "value": amounts})[named]
        rows = []
        for threshold in sorted({*self.thresholds, linked.spec.threshold}):
            found = linked.at(threshold)
            rows.append({"threshold": threshold, **_figures(plain, found.persons), **_sizes(found)})
        alone = linked.persons.assign(person_id=linked.persons["customer_id"])
        several = {"persons": len(alone), "linked_records": 0.0}
        rows.append({"threshold": 1.0, **_figures(plain, alone), **several})
        table = pd.DataFrame(rows).assign(coverage=covered)
        return ThresholdCurveResult(table, linked.spec.threshold, len(orders), currency)


def _figures(orders: pd.DataFrame, persons: pd.DataFrame) -> dict[str, float]:
    """Customers who bought, share who bought on two days or more, value per customer."""
    placed = on_persons(orders, persons)
    known = placed[placed["customer_id"].isin(persons["person_id"])]
    by = known.groupby("customer_id").agg(days=("day", "nunique"), value=("value", "sum"))
    return {
        "customers": len(by), "repurchase_rate": float((by["days"] > 1).mean()),
        "value_per_customer": float(by["value"].mean()),
    }  # fmt: skip


def _sizes(linked: LinkageResult) -> dict[str, float]:
    size = linked.persons["person_id"].map(linked.persons["person_id"].value_counts())
    return {"persons": linked.n_persons, "linked_records": float((size > 1).mean())}


@dataclass(frozen=True, eq=False)
class ThresholdCurveResult(Result):
    """The headline figures at each threshold.

    >>> from crm_lab.data.identity.example_records import example_linkage
    >>> linked = example_linkage()
    >>> who = [*linked.records["record_id"], *["c0000001"] * len(linked.records)]
    >>> days = pd.date_range("2025-01-01", periods=len(who))
    >>> orders = pd.DataFrame({"customer_id": who, "date": days, "revenue": 10.0})
    >>> curve = ThresholdCurve().analyze(linked, orders)

    Attributes:
        figures: One row per threshold.
        chosen: The threshold of the links.
        orders: Orders counted.
        currency: ISO code of the amounts.
    """

    name: ClassVar[str] = "threshold_curve"
    formats: ClassVar[Mapping[str, str]] = {
        "threshold": ".3g", "customers": ",.0f", "repurchase_rate": ".1%", "value_per_customer": ",.2f",
        "persons": ",.0f", "linked_records": ".1%", "coverage": ".1%",
    }  # fmt: skip

    figures: pd.DataFrame = field(repr=False)
    chosen: float
    orders: int
    currency: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row per threshold, 1 without links: customers who bought, repurchase rate, value, persons, coverage.

        >>> list(curve.to_frame())
        ['threshold', 'customers', 'repurchase_rate', 'value_per_customer', 'persons', 'linked_records', 'coverage']
        """
        return self.figures.copy()

    def changes(self) -> pd.DataFrame:
        """Each figure against that without links, as a share; missing where that is 0.

        >>> curve.changes().iloc[-1].tolist()
        [1.0, 0.0, 0.0, 0.0]
        """
        frame = self.figures.set_index("threshold")[list(FIGURES)]
        return (frame / frame.iloc[-1].where(frame.iloc[-1] != 0) - 1).reset_index()

    def row(self, threshold: float) -> Mapping[str, float]:
        """The figures at one threshold.

        >>> curve.row(1.0)["linked_records"]
        0.0

        Args:
            threshold: One of the table.

        Returns:
            Column to value.

        Raises:
            BadInput: If it is not in the table.
        """
        rows = self.figures[self.figures["threshold"] == threshold]
        if rows.empty:
            raise BadInput(f"{threshold} is none of the thresholds {', '.join(map(str, self.figures['threshold']))}.")
        return {str(name): float(value) for name, value in rows.iloc[0].items()}

    def readout(self) -> Readout:
        """What linking does to the figures, how much hangs on the threshold, and what to settle first.

        >>> curve.readout().finding.key
        'identity.curve.finding'
        """
        chosen, alone = self.row(self.chosen), self.row(1.0)
        linked = self.figures[self.figures["threshold"] < 1]
        rates = linked["repurchase_rate"]
        points = float((rates.max() - rates.min()) * 100)
        values = {
            "threshold": self.chosen, "customers": int(chosen["customers"]), "before": int(alone["customers"]),
            "rate": chosen["repurchase_rate"], "rate_before": alone["repurchase_rate"],
            "value": chosen["value_per_customer"], "value_before": alone["value_per_customer"],
            "lowest": float(rates.min()), "highest": float(rates.max()), "first": float(linked["threshold"].min()),
            "last": float(linked["threshold"].max()), "coverage": chosen["coverage"],
            "points": points, "money": f" {self.currency}" if self.currency else "",
        }  # fmt: skip
        return Readout.of("identity.curve", values, action="settle" if points >= 1 else "use")

    def facts(self) -> tuple[Fact, ...]:
        """The figures at the chosen threshold and without links.

        >>> [fact.id for fact in curve.facts()][:2]
        ['identity.curve.customers', 'identity.curve.customers_before']
        """
        start = "identity.curve"
        units = {"customers": "customers", "repurchase_rate": "share", "value_per_customer": self.currency}
        both: tuple[tuple[str, float, Kind], ...] = (("", self.chosen, "estimate"), ("_before", 1.0, "fact"))
        return tuple(
            Fact(f"{start}.{name}{end}", f"{start}.{name}{end}", self.row(at)[name], unit, kind=kind, n=self.orders)
            for name, unit in units.items()
            for end, at, kind in both
        )
