"""How a user describes a file: the settings that every kind of table has in common."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from crm_lab.data.sources.raw_rows import Reading


class FileDescription(BaseModel):
    """Where a file is and how it is read.

    Attributes:
        path: The file, absolute or relative to the suite file.
        format: What kind of file.
        query: What to read from a DuckDB database: ``from TABLE`` or a select.
        delimiter: Of a CSV file.
        encoding: Python name, e.g. ``utf-8``, ``gb18030``, ``latin-1``.
        decimal: Decimal mark of numbers.
        date_format: strptime format, e.g. ``%d/%m/%Y %H:%M``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    format: Literal["csv", "parquet", "excel", "duckdb"] = "csv"
    query: str = ""
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    date_format: str = "%Y-%m-%d"

    def reading(self) -> Reading:
        """How the file is read."""
        return Reading(self.path, self.format, self.delimiter, self.encoding, self.query)
