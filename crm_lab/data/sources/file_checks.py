"""A look at a file before any work: every problem at once, with counts and examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from crm_lab.checks import Problems
from crm_lab.data.sources.direct_ids import masked
from crm_lab.data.sources.lines.line_mapping import LineReading
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.opening.text_file import READ_ERRORS, is_gzip, open_text
from crm_lab.data.sources.raw_rows import given_header, header_of

UNREADABLE_SHARE = 0.05
"""A file of which more than this share of dates or amounts cannot be read is taken for wrongly described."""

_READ_ERRORS = (*READ_ERRORS, pa.ArrowException, KeyError, duckdb.Error)
_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


def refuse_unreadable(reading: Reading, columns: Mapping[str, str]) -> None:
    """Refuse a file that cannot be opened, decoded or mapped, naming all that is wrong.

    Args:
        reading: How the file is said to be read.
        columns: Role to column of the file.

    Raises:
        BadInput: With one sentence a problem.
    """
    problems = Problems(f"The file {reading.path.name}")
    problems.extend(_unopenable(reading))
    problems.raise_any()
    header = header_of(reading)
    problems.extend(_bad_header(given_header(reading), reading, columns))
    problems.extend(_unmapped(header, columns))
    problems.raise_any()


def _unopenable(reading: Reading) -> Iterator[str]:
    path = reading.path
    if not path.is_file():
        yield f"there is no such file at {path}."
    elif path.stat().st_size == 0:
        yield "it is empty."
    elif path.suffix == ".gz" and not is_gzip(path):
        yield "its name ends in .gz but it is not gzip data; rename it or compress it."
    else:
        try:
            yield from _undecodable(reading)
        except _READ_ERRORS as error:
            yield f"it cannot be read as {_kind(reading)}: {_first_line(error)}."


def _kind(reading: Reading) -> str:
    names = {"csv": "CSV", "parquet": "Parquet", "excel": "Excel", "duckdb": "a DuckDB database", "json": "JSON lines"}
    return f"gzipped {names[reading.format]}" if is_gzip(reading.path) else names[reading.format]


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


def _undecodable(reading: Reading) -> Iterator[str]:
    if reading.format == "parquet":
        pq.ParquetFile(reading.path).close()
        return
    if reading.format in ("excel", "duckdb", "json"):
        header_of(reading)
        return
    try:
        with open_text(reading) as stream:
            first = next(islice(stream, reading.skip_rows, None), "")
            while stream.read(1 << 20):
                pass
    except UnicodeError as error:
        yield f"it is not {reading.encoding} text ({_first_line(error)}); set `encoding`, e.g. gb18030 or cp1252."
        return
    except LookupError:
        yield f"there is no encoding {reading.encoding!r}; try utf-8, gb18030 or cp1252."
        return
    if not first.strip():
        yield "its first line is empty; it must hold the column names."
    elif "\x00" in first:
        yield "its first line holds zero bytes: it is no text, or UTF-16; set `encoding`."


def _bad_header(header: list[str], reading: Reading, columns: Mapping[str, str]) -> Iterator[str]:
    used = {column.strip().lower() for column in columns.values()}
    twice = [
        name
        for name, n in Counter(name.strip().lower() for name in header).items()
        if n > 1 and name in used and f"{name}_2" not in used
    ]
    if twice:
        yield f"column names stand twice: {', '.join(repr(n) for n in twice)}; rename them."
    if len(header) == 1 and reading.format == "csv":
        better = [words for mark, words in _DELIMITERS.items() if mark != reading.delimiter and mark in header[0]]
        if better:
            yield (
                f"with the delimiter {reading.delimiter!r} it has one column only; the first line suggests {better[0]}."
            )


def _unmapped(header: list[str], columns: Mapping[str, str]) -> Iterator[str]:
    for role, column in columns.items():
        if column not in header:
            yield f"the column {column!r} for {role} is not there; the file has {', '.join(map(repr, header[:30]))}."


def refuse_wrongly_described(
    connection: duckdb.DuckDBPyConnection, raw: str, mapping: Mapping[str, str], lines: LineReading
) -> None:
    """Refuse a file whose dates or amounts mostly cannot be read: the description is wrong, not the rows.

    Fewer unreadable rows than `UNREADABLE_SHARE` go to quarantine one by one; rows that are no lines do not count.

    Args:
        connection: May read what the SQL reads.
        raw: SQL of the raw rows.
        mapping: SQL of each staged column, as `lines` gives it.
        lines: How the columns are read.

    Raises:
        BadInput: With counts and an example for each column.
    """
    roles = {"moment": "dates", "quantity": "quantities", "net_amount": "amounts"}
    aside = " or ".join(f"coalesce({sql}, false)" for sql in lines.asides().values())
    counts = ", ".join(f"count(*) filter ({mapping[role]} is null) as {role}" for role in roles)
    kept = f"select * from ({lines.with_readings(raw)}) where not ({aside})"
    row = connection.execute(f"select count(*) as n, count(broken_row), {counts} from ({kept})").fetchone()
    n, broken, *unread = row or (0, 0, 0, 0, 0)
    problems = Problems("The file cannot be used as described")
    problems.unless(n > 0, "it has column names but no rows.")
    problems.unless(broken <= UNREADABLE_SHARE * n, f"{broken:,} of {n:,} rows have the wrong number of fields.")
    for (role, words), count in zip(roles.items(), unread, strict=True):
        bad = count - broken
        if n and bad > UNREADABLE_SHARE * n:
            example = _example(connection, kept, mapping[role], list(lines.columns.used().values()))
            problems.extend([f"{bad:,} of {n:,} {words} cannot be read, e.g. {example}."])
    problems.raise_any()


def _example(connection: duckdb.DuckDBPyConnection, raw: str, expression: str, used: list[str]) -> str:
    """A row that cannot be read, its columns that have a role, addresses in it masked."""
    cursor = connection.execute(f"select * from ({raw}) where {expression} is null and broken_row is null limit 1")
    names = [d[0] for d in cursor.description or ()]
    row = cursor.fetchone() or ()
    shown = {name: value for name, value in zip(names, row, strict=False) if name in used}
    return masked("; ".join(f"{name}={value!r}" for name, value in shown.items()))[:200]
