"""How systems overlap: of the persons of one, how many are also known in another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from crm_lab.data.identity.accuracy.profile_coverage import match_rates
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result


@dataclass(frozen=True)
class SystemOverlap:
    """Match rates between the systems of the records.

    >>> records = pd.DataFrame({"customer_id": list("abc"), "system": ["shop", "app", "shop"]})
    >>> persons = pd.DataFrame({"customer_id": list("abc"), "person_id": ["a", "a", "c"]})
    >>> SystemOverlap(system="system").analyze(records, persons).to_frame()["matched_share"].tolist()
    [1.0, 0.5]

    Attributes:
        system: Column with the system.
    """

    system: str

    def analyze(self, records: pd.DataFrame, persons: pd.DataFrame) -> SystemOverlapResult:
        """Share of each system's persons who are in each other one.

        Args:
            records: `customer_id` and the system of each record.
            persons: `customer_id`, `person_id`.

        Returns:
            One row per ordered pair of systems.

        Raises:
            CannotAnswer: If no system, or one only, is named.

        >>> SystemOverlap(system="system").analyze(records.assign(system="shop"), persons)
        Traceback (most recent call last):
        crm_lab.checks.CannotAnswer: The records name 1 system; a match rate needs two. ...
        """
        n = int(records[self.system].nunique()) if self.system in records else 0
        if n < 2:
            raise cannot_answer("one_system", n=n)
        return SystemOverlapResult(match_rates(records, persons, system=self.system))


def _label(row: Mapping[str, Any]) -> Message:
    return Message("identity.overlap.share_of", {"system": row["system"], "other": row["other"]})


@dataclass(frozen=True, eq=False)
class SystemOverlapResult(Result):
    """Persons of each system who are also in each other one.

    >>> records = pd.DataFrame({"customer_id": list("abc"), "system": ["shop", "app", "shop"]})
    >>> persons = pd.DataFrame({"customer_id": list("abc"), "person_id": ["a", "a", "c"]})
    >>> overlap = SystemOverlap(system="system").analyze(records, persons)

    Attributes:
        rates: One row per ordered pair of systems.
    """

    name: ClassVar[str] = "system_overlap"
    formats: ClassVar[Mapping[str, str]] = {"matched_share": ".1%"}

    rates: pd.DataFrame = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """One row per ordered pair: `system`, `other`, `persons`, `matched`, `matched_share`.

        >>> overlap.to_frame()["matched"].tolist()
        [1, 1]
        """
        return self.rates.copy()

    def readout(self) -> Readout:
        """The pair of systems that overlap least and most, how it was counted, what follows for reach.

        >>> overlap.readout().finding.key
        'identity.overlap.finding'
        """
        ordered = self.rates.sort_values(["matched_share", "system", "other"], kind="stable")
        low, high = ordered.iloc[0], ordered.iloc[-1]
        values = {
            "low": float(low["matched_share"]), "low_system": low["system"], "low_other": low["other"],
            "high": float(high["matched_share"]), "high_system": high["system"], "high_other": high["other"],
            "persons": int(high["persons"]), "matched": int(high["matched"]),
        }  # fmt: skip
        return Readout.of("identity.overlap", values)

    def facts(self) -> tuple[Fact, ...]:
        """Each match rate.

        >>> [fact.id for fact in overlap.facts()]
        ['identity.overlap.app.shop', 'identity.overlap.shop.app']
        """
        return facts_of(
            self.rates, "identity.overlap.{system}.{other}", _label, "matched_share", "share", kind="estimate",
            n="persons",
        )  # fmt: skip
