"""What segments need of tables and of the workspace they come from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pandas as pd


class TablesOfADay(Protocol):
    """Tables as of a day, as `workspace.at` gives them."""

    @property
    def as_of(self) -> date:
        """Last day that is known."""
        ...

    @property
    def currency(self) -> str:
        """Of all amounts."""
        ...

    @property
    def workspace(self) -> BuiltTables:
        """Where they come from."""
        ...

    def __contains__(self, name: str) -> bool: ...

    def sql(self, query: str) -> pd.DataFrame:
        """Result of a query over the tables."""
        ...


class BuiltTables(Protocol):
    """The built tables of a source."""

    @property
    def folder(self) -> Path:
        """Where they are stored."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """What the build recorded."""
        ...

    @property
    def source(self) -> str:
        """Name of the source."""
        ...

    @property
    def key(self) -> str:
        """Hash of what they were made from."""
        ...

    @property
    def day_range(self) -> tuple[date, date]:
        """First and last day."""
        ...

    @property
    def last_complete_day(self) -> date:
        """Last day that is complete."""
        ...

    def at(self, as_of: str | date = "latest") -> TablesOfADay:
        """The tables as of a day."""
        ...

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor that may read and write them."""
        ...

    def columns(self, name: str) -> dict[str, str]:
        """Columns of a stored table."""
        ...
