"""The first rows of a file as text, whatever its format; and all of them, for those who take it as it is."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from pyarrow import ArrowException

from crm_lab.checks import BadInput
from crm_lab.data.sources.first_look.column_vocabulary import known_names
from crm_lab.data.sources.opening.file_form import reading_of
from crm_lab.data.sources.opening.header_names import header_names
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.opening.text_file import READ_ERRORS, open_text
from crm_lab.data.sources.opening.workbook import sheet_rows
from crm_lab.data.sources.raw_rows import read_raw
from crm_lab.data.sources.refusal import refused

SAMPLE = 5_000
"""Rows looked at."""

Values = dict[str, list[str]]
"""Column to its values, empty ones left out."""

_POINT = re.compile(r"-?\d{1,3}(,\d{3})*(\.\d+)?$|-?\d+(\.\d+)?$")
_COMMA = re.compile(r"-?\d{1,3}(\.\d{3})*(,\d+)?$|-?\d+(,\d+)?$")


@dataclass(frozen=True, slots=True)
class Look:
    """The first rows of a file.

    Attributes:
        reading: Format, delimiter and encoding.
        header: Its columns.
        values: Column to the values in those rows, as text, empty ones left out.
        rows: Rows looked at.
        decimal: Decimal mark of its numbers.
    """

    reading: Reading
    header: tuple[str, ...]
    values: Mapping[str, Sequence[str]]
    rows: int
    decimal: str


def look_at(path: Path) -> Look:
    """The first rows of a file, whatever its format.

    Raises:
        BadInput: If there is no such file or it is empty.
    """
    reading, header, values, rows = looked_at(path)
    numbers = [value for seen in values.values() if is_numeric(seen) for value in seen]
    return Look(reading, tuple(header), values, rows, decimal_mark(numbers))


def looked_at(path: Path, sheets: Sequence[str] = ()) -> tuple[Reading, list[str], Values, int]:
    """How a file is read, its column names, the values of its first rows by column, and how many rows that were."""
    if not path.is_file():
        raise refused("no_file", path=path)
    if path.stat().st_size == 0:
        raise refused("empty", path=path)
    reading = reading_of(path, known_names, sheets)
    try:  # days beyond the year 9999 overflow
        given, *rows = list(islice(text_rows(reading), SAMPLE + 1)) or [[]]
    except (*READ_ERRORS, ArrowException, OverflowError, duckdb.Error) as error:
        words = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")[:200]
        raise (
            error
            if isinstance(error, BadInput)
            else refused("unreadable", name=path.name, form=reading.format, words=words)
        ) from error
    header = header_names(given)
    values = {
        name: [row[i] for row in rows if i < len(row) and row[i] not in ("", None)] for i, name in enumerate(header)
    }
    return reading, header, values, len(rows)


def text_rows(reading: Reading) -> Iterator[list[str]]:
    """A file's header and rows as text, one by one."""
    if reading.format == "excel":
        yield from (row for _, row in sheet_rows(reading.path, reading.sheets, reading.skip_rows))
    elif reading.format == "parquet":
        with pq.ParquetFile(reading.path) as file:
            yield list(file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=SAMPLE):
                columns = [["" if v is None else str(v) for v in column.to_pylist()] for column in batch.columns]
                yield from (list(row) for row in zip(*columns, strict=True))
    elif reading.format in ("json", "duckdb"):
        yield from _rows_by_sql(reading)
    else:
        with open_text(reading) as stream:
            yield from csv.reader(islice(stream, reading.skip_rows, None), delimiter=reading.delimiter)


def _rows_by_sql(reading: Reading) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        raw = read_raw(connection, reading, Path(folder))
        rows = connection.execute(f"select * exclude (source_row, broken_row) from ({raw})")
        yield [str(column[0]) for column in rows.description or ()]
        while batch := rows.fetchmany(SAMPLE):
            yield from (["" if v is None else v for v in row] for row in batch)


def decimal_mark(numbers: Sequence[str]) -> str:
    """The mark under which more of some numbers can be read; a point where it makes no difference."""
    return "," if _fits(numbers, _COMMA) > _fits(numbers, _POINT) else "."


def is_numeric(seen: Sequence[str]) -> bool:
    """Whether nine of ten values are numbers, with a decimal point or comma."""
    return len(seen) > 0 and max(_fits(seen, _POINT), _fits(seen, _COMMA)) > 0.9 * len(seen)


def _fits(seen: Sequence[str], pattern: re.Pattern[str]) -> int:
    return sum(pattern.match(value.strip()) is not None for value in seen)
