"""What a table of the contract is: its columns, types, units, key, privacy class and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Dtype = Literal["text", "integer", "number", "money", "date", "timestamp", "flag"]
Pii = Literal["none", "pseudonym", "direct", "sensitive"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract; `empty_says` is what an empty value says where that is an answer and no gap."""

    name: str
    dtype: Dtype
    meaning: str
    unit: str = ""
    nullable: bool = False
    required: bool = True
    pii: Pii = "none"
    empty_says: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the contract; `known_on` is the column with the day a row became known.

    `ahead` are dates that a row tells of beforehand, such as the last day of a voucher; every other date that lies
    ahead is not known yet. `learnt` are pairs of a column and the date column with the day it became known, where that
    is later than the row's.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    known_on: str | None = None
    derived: bool = False
    ahead: tuple[str, ...] = ()
    learnt: tuple[tuple[str, str], ...] = ()

    @property
    def person_columns(self) -> tuple[str, ...]:
        """Columns that name a person or something of a person's, and so need pseudonyms."""
        return tuple(c.name for c in self.columns if c.pii == "pseudonym")

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: If the table has no such column.
        """
        return {c.name: c for c in self.columns}[name]

    @property
    def column_names(self) -> tuple[str, ...]:
        """All column names, in order."""
        return tuple(c.name for c in self.columns)
