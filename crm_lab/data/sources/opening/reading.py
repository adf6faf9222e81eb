"""How a file is read: what the description of a source says of its form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read.

    Attributes:
        path: The file.
        format: ``csv``, ``parquet``, ``excel``, ``json`` (one object a line) or ``duckdb``.
        delimiter: Of a CSV file.
        encoding: Of a CSV file.
        query: What to read from a DuckDB database: ``from TABLE`` or a select.
        skip_rows: Lines above the header: titles, ``sep=;``.
        sheets: Of an Excel file, all of one form; the first sheet where none is named.
        unread: Other sheets that hold a table, each with its columns; known where the file was looked at.
    """

    path: Path
    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    query: str = ""
    skip_rows: int = 0
    sheets: tuple[str, ...] = ()
    unread: tuple[tuple[str, tuple[str, ...]], ...] = ()
