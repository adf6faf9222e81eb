"""The door: a file becomes raw rows of text, one `source_row` each; what cannot be taken apart is kept whole."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from crm_lab.checks import BadInput

_BATCH = 50_000


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read.

    Attributes:
        path: The file.
        format: ``csv``, ``parquet``, ``excel`` or ``duckdb``.
        delimiter: Of a CSV file.
        encoding: Of a CSV file.
        query: What to read from a DuckDB database: ``from TABLE`` or a select.
    """

    path: Path
    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    query: str = ""


def read_raw(connection: duckdb.DuckDBPyConnection, reading: Reading, folder: Path) -> str:
    """Write a file's rows as text into a folder and give the SQL that reads them.

    Args:
        connection: Where the SQL will run.
        reading: How the file is read.
        folder: Empty; what is written there may go after the SQL has run.

    Returns:
        SQL with ``source_row``, the file's columns as text, and ``broken_row``: the text of a row that
        could not be taken apart (its columns are null), else null.
    """
    if reading.format == "csv":
        return _read_csv(connection, reading, folder)
    table = {"parquet": _as_it_is, "excel": _read_excel, "duckdb": _read_database}[reading.format](reading, folder)
    return f"""
        select file_row_number + 1 as source_row, columns(* exclude (file_row_number))::text,
               null::text as broken_row from read_parquet('{_sql_path(table)}', file_row_number = true)"""


def _as_it_is(reading: Reading, folder: Path) -> Path:  # noqa: ARG001 - one signature for all formats
    return reading.path


def _read_excel(reading: Reading, folder: Path) -> Path:
    _write_text_table(excel_rows(reading.path), folder / "excel.parquet")
    return folder / "excel.parquet"


def _read_database(reading: Reading, folder: Path) -> Path:
    with duckdb.connect(str(reading.path), read_only=True) as database:
        database.execute(f"copy ({reading.query}) to '{folder}/database.parquet'")
    return folder / "database.parquet"


def header_of(reading: Reading) -> list[str]:
    """The names in a file's first row, as they stand there."""
    if reading.format == "parquet":
        return list(pq.read_schema(reading.path).names)
    if reading.format == "excel":
        return next(excel_rows(reading.path), [])
    if reading.format == "duckdb":
        with duckdb.connect(str(reading.path), read_only=True) as database:
            return [str(row[0]) for row in database.execute(f"describe {reading.query}").fetchall()]
    with open_text(reading) as stream:
        line = stream.readline()
    return csv_fields(line, reading.delimiter)


def csv_fields(line: str, delimiter: str) -> list[str]:
    """The fields of one CSV line, quotes taken off."""
    import csv

    return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])


def open_text(reading: Reading) -> IO[str]:
    """A CSV file as text, unzipped and without a byte-order mark."""
    encoding = "utf-8-sig" if reading.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else reading.encoding
    if is_gzip(reading.path):
        return gzip.open(reading.path, "rt", encoding=encoding, newline="")
    return reading.path.open("r", encoding=encoding, newline="")


def is_gzip(path: Path) -> bool:
    """Whether a file's first bytes are those of gzip, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def excel_rows(path: Path) -> Iterator[list[str]]:
    """The rows of an Excel file's first sheet as text; dates in ISO form, empty cells as empty text."""
    from openpyxl import load_workbook

    with path.open("rb") as stream:
        book = load_workbook(stream, read_only=True, data_only=True)
        for row in book.worksheets[0].iter_rows(values_only=True):
            yield ["" if cell is None else _cell_text(cell) for cell in row]
        book.close()


def _cell_text(cell: Any) -> str:
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat(sep=" ") if hasattr(cell, "hour") and hasattr(cell, "year") else cell.isoformat())
    return repr(cell) if isinstance(cell, float) and not cell.is_integer() else str(int(cell) if _whole(cell) else cell)


def _whole(cell: Any) -> bool:
    return isinstance(cell, float) and cell.is_integer()


def _write_text_table(rows: Iterator[list[str]], path: Path) -> None:
    names = next(rows)
    schema = pa.schema([(name, pa.string()) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        batch: list[list[str]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                writer.write_table(_table(batch, schema))
                batch = []
        writer.write_table(_table(batch, schema))


def _table(rows: list[list[str]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table([[value or None for value in column] for column in columns], schema=schema)


def _read_csv(connection: duckdb.DuckDBPyConnection, reading: Reading, folder: Path) -> str:
    path = _utf8(reading, folder)
    names = header_of(reading)
    columns = ", ".join(f"{_literal(name)}: 'varchar'" for name in names)
    try:
        _copy_good(connection, path, columns, reading.delimiter, folder)
    except duckdb.InvalidInputException:  # line ends of several kinds: make them one
        _copy_good(connection, _one_line_end(reading, folder), columns, reading.delimiter, folder)
    good = f"select *, null::text as broken_row from read_parquet('{folder}/good.parquet')"
    known = [row[0] for row in connection.execute("show tables").fetchall()]
    if "reject_errors" not in known:
        return good
    return f"""
        {good} union all by name
        select (select coalesce(max(source_row), 0) from read_parquet('{folder}/good.parquet'))
               + row_number() over (order by line) as source_row,
               'line ' || line || ': ' || min(csv_line) as broken_row
        from reject_errors group by line, line_byte_position"""


def _copy_good(connection: duckdb.DuckDBPyConnection, path: Path, columns: str, delimiter: str, folder: Path) -> None:
    """Write the rows that can be taken apart to ``good.parquet``; the others stand in ``reject_errors``."""
    for table in ("reject_errors", "reject_scans"):
        connection.execute(f"drop table if exists {table}")
    rows = f"""read_csv('{_sql_path(path)}', auto_detect = false, header = true, columns = {{{columns}}},
        delim = {_literal(delimiter)}, quote = '"', escape = '"', store_rejects = true, rejects_limit = 0,
        strict_mode = true, max_line_size = 33554432)"""
    connection.execute(f"copy (select row_number() over () as source_row, * from {rows}) to '{folder}/good.parquet'")


def _one_line_end(reading: Reading, folder: Path) -> Path:
    copy = folder / "lines.csv"
    with open_text(reading) as source, copy.open("w", encoding="utf-8", newline="\n") as target:
        for chunk in iter(lambda: source.read(1 << 20), ""):
            target.write(chunk.replace("\r\n", "\n").replace("\r", "\n"))
    return copy


def _utf8(reading: Reading, folder: Path) -> Path:
    """The file itself where it is UTF-8 without a mark, else a copy that is."""
    plain = reading.encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii")
    zipped = is_gzip(reading.path)
    with reading.path.open("rb") as stream:
        marked = stream.read(3) == b"\xef\xbb\xbf"
    if plain and not marked and (not zipped or reading.path.suffix == ".gz"):
        return reading.path
    copy = folder / "utf8.csv"
    try:
        with open_text(reading) as source, copy.open("w", encoding="utf-8", newline="") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{reading.path.name} is not {reading.encoding} text: byte {error.start} cannot be read; set `encoding`."
        ) from error
    return copy


def _sql_path(path: Path) -> str:
    return str(path).replace("'", "''")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
