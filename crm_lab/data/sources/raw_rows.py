"""The door: a file becomes raw rows of text, one `source_row` each; what cannot be taken apart is kept whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from crm_lab.checks import BadInput
from crm_lab.data.quoting import name_of, path_of, text_of
from crm_lab.data.sources.opening.header_names import header_names
from crm_lab.data.sources.opening.json_rows import json_keys, json_rows
from crm_lab.data.sources.opening.parquet_columns import local_time, zones_of
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.opening.text_file import READ_ERRORS, csv_fields, is_gzip, open_bytes, open_text
from crm_lab.data.sources.opening.workbook import sheet_rows
from crm_lab.data.sources.refusal import refused

_BATCH = 50_000
PART = "lab_part"
"""Column with the sheet or file a row comes from, where there are several."""


def read_raw(connection: duckdb.DuckDBPyConnection, reading: Reading, folder: Path) -> str:
    """Write a file's rows as text into a folder and give the SQL that reads them.

    Args:
        connection: Where the SQL will run; it may read the folder.
        reading: How the file is read.
        folder: Empty; what is written there may go after the SQL has run.

    Returns:
        SQL of one Parquet file with ``source_row``, the file's columns as text, and ``broken_row``: the text of a
        row that could not be taken apart (its columns are null), else null.

    Raises:
        BadInput: If the file is damaged.
    """
    try:
        if reading.format == "csv":
            return _read_csv(connection, reading, folder)
        makers = {"parquet": _copied, "excel": _read_excel, "duckdb": _read_database, "json": _read_json}
        return _as_text(connection, makers[reading.format](reading, folder), reading, folder)
    except (duckdb.Error, pa.ArrowException, *READ_ERRORS) as error:
        if isinstance(error, BadInput):
            raise
        words = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")[:200]
        raise refused("unreadable", name=reading.path.name, form=reading.format, words=words) from error


def _as_text(connection: duckdb.DuckDBPyConnection, table: Path, reading: Reading, folder: Path) -> str:
    """SQL of a Parquet file's columns as text, under names of their own."""
    described = connection.execute(f"describe from read_parquet({path_of(table)})").fetchall()
    given = [row[0] for row in described]
    names = given if reading.format in ("excel", "json") else header_of(reading)
    zones = zones_of(reading.path) if reading.format == "parquet" else {}
    texts = [local_time(name_of(old), zones[old]) if old in zones else name_of(old) for old in given]
    columns = ", ".join(f"{sql}::text as {name_of(new)}" for sql, new in zip(texts, names, strict=True))
    rows = f"""select file_row_number + 1 as source_row, {columns}, null::text as broken_row
               from read_parquet({path_of(table)}, file_row_number = true)"""
    connection.execute(f"copy ({rows}) to {text_of(str(folder / 'text.parquet'))}")
    return f"from read_parquet({path_of(folder / 'text.parquet')})"


def _copied(reading: Reading, folder: Path) -> Path:
    """The file under a name of ours, in a folder that the connection may read."""
    shutil.copyfile(reading.path, folder / "input.parquet")
    return folder / "input.parquet"


def _read_excel(reading: Reading, folder: Path) -> Path:
    rows = sheet_rows(reading.path, reading.sheets, reading.skip_rows)
    _, header = next(rows, ("", []))
    several = len(reading.sheets) > 1
    names = [*header_names(header), *([PART] if several else [])]
    _write_text_table(names, ([*row, sheet] if several else row for sheet, row in rows), folder / "excel.parquet")
    return folder / "excel.parquet"


def _read_json(reading: Reading, folder: Path) -> Path:
    keys = json_keys(reading)
    names = header_names(keys)
    rows = ([row.get(key, "") for key in keys] for row in json_rows(reading))
    _write_text_table(names, rows, folder / "json.parquet")
    return folder / "json.parquet"


def _read_database(reading: Reading, folder: Path) -> Path:
    shutil.copyfile(reading.path, folder / "input.duckdb")
    with _database(folder / "input.duckdb") as database:
        database.execute(f"set allowed_directories = [{text_of(str(folder))}]")
        database.execute("set enable_external_access = false")
        database.execute("set lock_configuration = true")
        database.execute(f"copy ({reading.query}) to {text_of(str(folder / 'database.parquet'))}")
    return folder / "database.parquet"


def _database(path: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(path), read_only=True)


def header_of(reading: Reading) -> list[str]:
    """Names for the columns of a file, each of its own."""
    return header_names(given_header(reading))


def given_header(reading: Reading) -> list[str]:
    """The names in a file's header, as they stand there."""
    if reading.format == "parquet":
        return list(pq.read_schema(reading.path).names)
    if reading.format == "excel":
        return next(sheet_rows(reading.path, reading.sheets, reading.skip_rows), ("", []))[1]
    if reading.format == "json":
        return json_keys(reading)
    if reading.format == "duckdb":
        with _database(reading.path) as database:
            return [str(row[0]) for row in database.execute(f"describe {reading.query}").fetchall()]
    with open_text(reading) as stream:
        line = next(islice(stream, reading.skip_rows, None), "")
    return csv_fields(line, reading.delimiter)


def _write_text_table(names: list[str], rows: Iterator[list[str]], path: Path) -> None:
    if not names:
        raise refused("sheet_without_header")
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
    columns = ", ".join(f"{text_of(name)}: 'varchar'" for name in header_of(reading))
    try:
        _copy_good(connection, path, columns, reading, folder)
    except duckdb.InvalidInputException:  # line ends of several kinds: make them one
        _copy_good(connection, _one_line_end(reading, folder), columns, reading, folder)
    good = f"from read_parquet({path_of(folder / 'good.parquet')})"
    known = [row[0] for row in connection.execute("show tables").fetchall()]
    if "reject_errors" not in known:
        return good
    broken = f"""
        select (select coalesce(max(source_row), 0) {good}) + row_number() over (order by line) as source_row,
               'line ' || line || ': ' || min(csv_line) as broken_row
        from reject_errors group by line, line_byte_position"""
    rows = folder / "rows.parquet"
    connection.execute(f"copy ({good} union all by name ({broken})) to {text_of(str(rows))}")
    (folder / "good.parquet").unlink()
    return f"from read_parquet({path_of(rows)})"


def _copy_good(connection: duckdb.DuckDBPyConnection, path: Path, columns: str, reading: Reading, folder: Path) -> None:
    """Write the rows that can be taken apart to ``good.parquet``; the others stand in ``reject_errors``."""
    for table in ("reject_errors", "reject_scans"):
        connection.execute(f"drop table if exists {table}")
    rows = f"""read_csv({path_of(path)}, auto_detect = false, header = true, columns = {{{columns}}},
        delim = {text_of(reading.delimiter)}, quote = '"', escape = '"', store_rejects = true, rejects_limit = 0,
        strict_mode = true, max_line_size = 33554432, skip = {int(reading.skip_rows)})"""
    connection.execute(
        f"copy (select row_number() over () as source_row, *, null::text as broken_row from {rows})"
        f" to {text_of(str(folder / 'good.parquet'))}"
    )


def _one_line_end(reading: Reading, folder: Path) -> Path:
    copy = folder / "lines.csv"
    with open_text(reading) as source, copy.open("w", encoding="utf-8", newline="\n") as target:
        for chunk in iter(lambda: source.read(1 << 20), ""):
            target.write(chunk.replace("\r\n", "\n").replace("\r", "\n"))
    return copy


def _utf8(reading: Reading, folder: Path) -> Path:
    """A copy of the file in UTF-8 without a mark, unpacked, under a name of ours."""
    plain = reading.encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii")
    with open_bytes(reading.path) as stream:
        marked = stream.read(3) == b"\xef\xbb\xbf"
    copy = folder / ("input.csv.gz" if is_gzip(reading.path) and plain and not marked else "input.csv")
    if plain and not marked and not _zipped(reading.path):
        shutil.copyfile(reading.path, copy)
        return copy
    copy = folder / "input.csv"
    try:
        with open_text(reading) as source, copy.open("w", encoding="utf-8", newline="") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    except UnicodeDecodeError as error:
        raise refused("encoding", name=reading.path.name, encoding=reading.encoding, byte=error.start) from error
    return copy


def _zipped(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"PK"
