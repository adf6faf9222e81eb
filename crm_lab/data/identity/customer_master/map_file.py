"""The map of persons as a file of the run, and the source that puts every page on persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.data.cleaning.persons_of_source import LEAST_COVERED
from crm_lab.data.identity.linkage.person_map import check_map, mapped_share
from crm_lab.exports import write_csv
from crm_lab.results import Fact, Readout, Result

FILE: Final = "persons.csv"


@dataclass(frozen=True, eq=False)
class PersonMap(Result):
    """Whose each account is, as a file for the option ``persons=`` of a source.

    >>> persons = pd.DataFrame({"customer_id": ["a", "b", "c"], "person_id": ["a", "a", "c"]})
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "z", None]})
    >>> made = PersonMap.of(persons, orders, "shop.toml")

    Attributes:
        persons: `customer_id`, `person_id`.
        source: Name of the source with accounts.
        covered: Share of the orders with a customer whose customer is in the map.
    """

    name: ClassVar[str] = "person_map"
    formats: ClassVar[Mapping[str, str]] = {"covered_orders": ".1%"}

    persons: pd.DataFrame = field(repr=False)
    source: str
    covered: float

    @classmethod
    def of(cls, persons: pd.DataFrame, orders: pd.DataFrame, source: str) -> PersonMap:
        """The map of some persons.

        >>> PersonMap.of(persons, orders, "shop.toml").covered.__round__(3)
        0.667

        Args:
            persons: `customer_id`, `person_id`, as `LinkageResult.persons` gives it.
            orders: One row per order, with `customer_id`.
            source: Name of the source with accounts.

        Returns:
            The map.

        Raises:
            BadInput: If an account has no person or several.
        """
        check_map(persons)
        named = orders[orders["customer_id"].notna()]
        return cls(persons[["customer_id", "person_id"]], source, mapped_share(named, persons))

    def write(self) -> Path:
        """Write the map into the folder of the page's files, sorted by account.

        >>> made.write().name
        'persons.csv'

        Returns:
            The file.

        Raises:
            BadInput: If ids begin like a formula: a spreadsheet would change them.
        """
        ids = self.persons.astype(str)
        odd = int(ids.apply(lambda column: column.str.match(r"[=+\-@\t\r]")).any(axis=1).sum())
        if odd:
            raise BadInput(
                f"{odd:,} ids begin with =, +, - or @, which a spreadsheet takes for a formula; rename them."
            )
        return write_csv(self.persons.sort_values("customer_id", ignore_index=True), FILE)

    @property
    def line(self) -> str:
        """The source that puts a page on persons; PATH is the folder of the file.

        >>> made.line
        'shop.toml,persons=PATH/persons.csv'
        """
        return f"{self.source},persons=PATH/{FILE}"

    def to_frame(self) -> pd.DataFrame:
        """One row: `accounts`, `persons`, `accounts_linked`, `covered_orders`.

        >>> made.to_frame().iloc[0].round(3).tolist()
        [3.0, 2.0, 2.0, 0.667]
        """
        size = self.persons["person_id"].map(self.persons["person_id"].value_counts())
        return pd.DataFrame(
            {
                "accounts": [len(self.persons)], "persons": [self.persons["person_id"].nunique()],
                "accounts_linked": [int((size > 1).sum())], "covered_orders": [self.covered],
            }
        )  # fmt: skip

    def readout(self) -> Readout:
        """What the map holds, what it covers, and the line that uses it.

        >>> made.readout().action.key
        'identity.map.use'
        """
        row = self.to_frame().iloc[0]
        values = {
            "accounts": int(row["accounts"]), "persons": int(row["persons"]), "linked": int(row["accounts_linked"]),
            "covered": self.covered, "line": self.line, "file": FILE, "least": LEAST_COVERED,
        }  # fmt: skip
        return Readout.of("identity.map", values, action="use" if self.covered >= LEAST_COVERED else "too_thin")

    def facts(self) -> tuple[Fact, ...]:
        """Accounts, persons, and the share of orders covered.

        >>> [fact.id for fact in made.facts()]
        ['identity.map.accounts', 'identity.map.persons', 'identity.map.covered']
        """
        row, start = self.to_frame().iloc[0], "identity.map"
        return (
            Fact(f"{start}.accounts", f"{start}.n_accounts", int(row["accounts"]), ""),
            Fact(f"{start}.persons", f"{start}.n_persons", int(row["persons"]), "persons", kind="estimate"),
            Fact(f"{start}.covered", f"{start}.covered", self.covered, "share", better="up"),
        )
