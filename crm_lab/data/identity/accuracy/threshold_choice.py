"""What each threshold costs and saves: doubles that get one message less, wrong links, missed links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from crm_lab.checks import check_settings, too_small
from crm_lab.data.identity.accuracy.threshold_curve import ThresholdCurveResult
from crm_lab.data.identity.linkage.record_linkage import LinkageResult
from crm_lab.results import Fact, Readout, Result


@dataclass(frozen=True)
class ThresholdChoice:
    """What a threshold is worth in a year of messages.

    >>> ThresholdChoice(contact_cost=0.5, contacts=12).worth(100)
    600.0

    Attributes:
        contact_cost: Cost of one message to one customer, in the currency of the amounts.
        contacts: Messages to a customer in a year.

    Raises:
        BadInput: If a setting is negative.
    """

    contact_cost: float = 0.5
    contacts: int = 12

    def __post_init__(self) -> None:
        low = "" if self.contact_cost >= 0 else "it must not be negative"
        check_settings(self, too_small(self, contacts=0), contact_cost=low)

    def worth(self, doubles: float) -> float:
        """What a year without messages to doubles saves.

        >>> ThresholdChoice().worth(0)
        0.0

        Args:
            doubles: Customers that are somebody else's further account.

        Returns:
            An amount of money a year.
        """
        return float(doubles * self.contact_cost * self.contacts)

    def analyze(self, linked: LinkageResult, curve: ThresholdCurveResult) -> ThresholdChoiceResult:
        """Doubles, savings and expected mistakes at each threshold of the curve.

        Args:
            linked: Records with the probabilities of their pairs.
            curve: The figures at each threshold.

        Returns:
            One row per threshold.

        >>> from crm_lab.data.identity.example_records import example_linkage
        >>> from crm_lab.data.identity.accuracy.threshold_curve import ThresholdCurve
        >>> linked = example_linkage()
        >>> orders = pd.DataFrame({"customer_id": linked.records["record_id"], "date": "2025-01-01", "revenue": 1.0})
        >>> choice = ThresholdChoice().analyze(linked, ThresholdCurve((0.5, 0.9)).analyze(linked, orders))
        >>> choice.to_frame()["doubles"].is_monotonic_decreasing
        True
        """
        figures, probability = curve.to_frame(), linked.pairs["probability"].to_numpy()
        before = curve.row(1.0)["customers"]
        rows = []
        for threshold in figures["threshold"]:
            doubles = int(before - curve.row(threshold)["customers"])
            over = probability >= threshold if threshold < 1 else probability > 1
            rows.append(
                (threshold, doubles, self.worth(doubles), float((1 - probability[over]).sum()),
                 float(probability[~over].sum()))
            )  # fmt: skip
        columns = ["threshold", "doubles", "saved_a_year", "expected_wrong", "expected_missed"]
        return ThresholdChoiceResult(pd.DataFrame(rows, columns=columns), curve.chosen, curve.currency, self)


@dataclass(frozen=True, eq=False)
class ThresholdChoiceResult(Result):
    """What each threshold saves and what it gets wrong.

    >>> from crm_lab.data.identity.example_records import example_linkage
    >>> from crm_lab.data.identity.accuracy.threshold_curve import ThresholdCurve
    >>> linked = example_linkage()
    >>> orders = pd.DataFrame({"customer_id": linked.records["record_id"], "date": "2025-01-01", "revenue": 1.0})
    >>> choice = ThresholdChoice().analyze(linked, ThresholdCurve((0.5, 0.9)).analyze(linked, orders))

    Attributes:
        rows: One row per threshold, 1 without links.
        chosen: The threshold of the links.
        currency: ISO code.
        spec: Costs.
    """

    name: ClassVar[str] = "threshold_choice"
    formats: ClassVar[Mapping[str, str]] = {
        "threshold": ".3g", "doubles": ",.0f", "saved_a_year": ",.2f", "expected_wrong": ",.0f",
        "expected_missed": ",.0f",
    }  # fmt: skip

    rows: pd.DataFrame = field(repr=False)
    chosen: float
    currency: str
    spec: ThresholdChoice

    def to_frame(self) -> pd.DataFrame:
        """One row per threshold: `doubles`, `saved_a_year`, `expected_wrong` and `expected_missed` pairs.

        >>> float(choice.to_frame()["saved_a_year"].iloc[-1])
        0.0
        """
        return self.rows.copy()

    def readout(self) -> Readout:
        """What the chosen threshold saves, what it gets wrong by the model, and how to weigh one against the other.

        >>> choice.readout().finding.key
        'identity.choice.finding'
        """
        row = self.rows[self.rows["threshold"] == self.chosen].iloc[0]
        values = {
            "threshold": self.chosen, "doubles": int(row["doubles"]), "saved": float(row["saved_a_year"]),
            "currency": self.currency, "wrong": float(row["expected_wrong"]), "missed": float(row["expected_missed"]),
            "cost": self.spec.contact_cost, "contacts": self.spec.contacts,
        }  # fmt: skip
        return Readout.of(
            "identity.choice",
            values,
            action="balanced" if row["expected_wrong"] <= row["expected_missed"] else "strict",
        )

    def facts(self) -> tuple[Fact, ...]:
        """Doubles at the chosen threshold, what they cost in a year, and the mistakes expected.

        >>> [fact.id for fact in choice.facts()][:2]
        ['identity.choice.doubles', 'identity.choice.saved_a_year']
        """
        row, start = self.rows[self.rows["threshold"] == self.chosen].iloc[0], "identity.choice"
        units = {
            "doubles": "customers",
            "saved_a_year": self.currency,
            "expected_wrong": "pairs",
            "expected_missed": "pairs",
        }
        return tuple(
            Fact(f"{start}.{name}", f"{start}.{name}", float(row[name]), unit, kind="estimate")
            for name, unit in units.items()
        )
