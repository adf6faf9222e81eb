"""Households apart: who shares a telephone, an e-mail or an address, and would be one person by that alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.data.identity.linkage.person_clusters import connected
from crm_lab.data.identity.linkage.record_linkage import LinkageResult
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

_SHARED: Final = {"phone": ("phone",), "email": ("email",), "address": ("street", "house_number", "postcode")}


@dataclass(frozen=True)
class HouseholdsApart:
    """Which persons share what a household shares.

    >>> from crm_lab.data.identity.example_records import example_linkage
    >>> HouseholdsApart().analyze(example_linkage()).to_frame()["shared_by"].tolist()
    ['phone', 'email', 'address']
    """

    def analyze(self, linked: LinkageResult) -> HouseholdsResult:
        """Count what several persons share, and the persons that a rule by it alone would take for one.

        Args:
            linked: Records with their persons.

        Returns:
            One row for each field that households share.

        >>> HouseholdsApart().analyze(example_linkage()).persons == example_linkage().n_persons
        True
        """
        person = pd.factorize(linked.persons["person_id"])[0].astype(np.int64)
        rows = []
        for name, fields in _SHARED.items():
            if set(fields) - {"postcode"} <= set(linked.columns):
                known = [c for c in fields if c in linked.columns]
                rows.append((name, *_shared(linked.records[known], person, linked.n_persons)))
        columns = ["shared_by", "values_shared", "persons_sharing", "persons_lost"]
        return HouseholdsResult(pd.DataFrame(rows, columns=columns), linked.n_persons)


def _shared(values: pd.DataFrame, person: Any, n: int) -> tuple[int, int, int]:
    """Values of two or more persons, those persons, and how many fewer persons there would be by the value alone."""
    known = values[values.notna().all(axis=1)].astype(str).agg("\n".join, axis=1)
    pairs = pd.DataFrame(
        {"value": known, "person": pd.Series(person, index=values.index)[known.index]}
    ).drop_duplicates()
    several = pairs[pairs.groupby("value")["person"].transform("nunique") > 1]
    if several.empty:
        return 0, 0, 0
    value = pd.factorize(several["value"])[0].astype(np.int64) + n
    group = connected(several["person"].to_numpy(dtype=np.int64), value, n + int(value.max()) - n + 1)
    return (int(several["value"].nunique()), int(several["person"].nunique()), n - len(np.unique(group[:n])))


def _apart_of(row: Mapping[str, Any]) -> Message:
    return Message("identity.households.lost_by", {"field": Message(f"identity.field.{row['shared_by']}")})


@dataclass(frozen=True, eq=False)
class HouseholdsResult(Result):
    """Persons who share a telephone, an e-mail or an address.

    >>> from crm_lab.data.identity.example_records import example_linkage
    >>> households = HouseholdsApart().analyze(example_linkage())

    Attributes:
        shared: One row per field.
        persons: All persons.
    """

    name: ClassVar[str] = "households_apart"
    words: ClassVar[Mapping[str, str]] = {"shared_by": "identity.field."}

    shared: pd.DataFrame = field(repr=False)
    persons: int

    def to_frame(self) -> pd.DataFrame:
        """One row per field: `shared_by`, `values_shared`, `persons_sharing`, `persons_lost` by that field alone.

        >>> bool((households.to_frame()["persons_lost"] <= households.to_frame()["persons_sharing"]).all())
        True
        """
        return self.shared.copy()

    def readout(self) -> Readout:
        """How many persons share most, what a rule by it would do, and what to do instead.

        >>> households.readout().finding.key
        'identity.households.finding'
        """
        if not self.shared["persons_sharing"].sum():
            return Readout.of("identity.households", {"persons": self.persons}, "none", "none_certainty", "nothing")
        most = self.shared.sort_values(["persons_lost", "shared_by"], ascending=[False, True]).iloc[0]
        values = {
            "persons": self.persons, "sharing": int(most["persons_sharing"]), "lost": int(most["persons_lost"]),
            "field": Message(f"identity.field.{most['shared_by']}"), "share": int(most["persons_lost"]) / self.persons,
        }  # fmt: skip
        return Readout.of("identity.households", values)

    def facts(self) -> tuple[Fact, ...]:
        """Persons that a rule by each field alone would lose.

        >>> [fact.id for fact in households.facts()][0]
        'identity.households.phone'
        """
        return facts_of(
            self.shared, "identity.households.{shared_by}", _apart_of, "persons_lost", "persons", kind="estimate",
            n=self.persons,
        )  # fmt: skip
