"""How a user describes a file: the settings that every kind of table has in common."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from crm_lab.data.sources.dates_and_times import problem_of
from crm_lab.data.sources.opening.reading import Reading


class FileDescription(BaseModel):
    """Where a file is and how it is read.

    Attributes:
        path: The file, absolute or relative to the suite file.
        format: What kind of file; ``json`` is one object a line.
        query: What to read from a DuckDB database: ``from TABLE`` or a select.
        delimiter: Of a CSV file.
        encoding: Python name, e.g. ``utf-8``, ``gb18030``, ``latin-1``.
        skip_rows: Lines above the header.
        sheets: Of an Excel file; the first where none is named.
        decimal: Decimal mark of numbers.
        date_format: strptime format, e.g. ``%d/%m/%Y %H:%M``, several with `` | `` in between; or ``epoch``,
            ``epoch_ms`` (since 1970, UTC), ``excel``, ``excel_days`` (since 1899-12-30).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    format: Literal["csv", "parquet", "excel", "json", "duckdb"] = "csv"
    query: str = ""
    delimiter: str = ","
    encoding: str = "utf-8"
    skip_rows: int = 0
    sheets: tuple[str, ...] = ()
    decimal: Literal[".", ",", ".,"] = "."
    date_format: str = "%Y-%m-%d"

    @field_validator("date_format")
    @classmethod
    def _known_format(cls, given: str) -> str:
        wrong = problem_of(given)
        if wrong:
            raise ValueError(wrong)
        return given

    @field_validator("delimiter")
    @classmethod
    def _one_mark(cls, given: str) -> str:
        if len(given) != 1 or given in '"\r\n':
            raise ValueError("must be one character that is no quote and no line end")
        return given

    def reading(self) -> Reading:
        """How the file is read."""
        return Reading(self.path, self.format, self.delimiter, self.encoding, self.query, self.skip_rows, self.sheets)
