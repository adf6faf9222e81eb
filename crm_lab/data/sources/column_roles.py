"""A first look at an unknown file: format, encoding, delimiter, marks, and which column holds what."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq

from crm_lab.checks import BadInput
from crm_lab.data.sources.raw_rows import Reading, csv_fields, excel_rows, is_gzip, open_text
from crm_lab.tables import Table

SAMPLE = 5_000
_Values = dict[str, list[str]]

_DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d-%m-%Y %H:%M", "%d-%m-%Y",
    "%m-%d-%Y", "%Y年%m月%d日",
)  # fmt: skip

_POINT = re.compile(r"-?\d{1,3}(,\d{3})*(\.\d+)?$|-?\d+(\.\d+)?$")
_COMMA = re.compile(r"-?\d{1,3}(\.\d{3})*(,\d+)?$|-?\d+(,\d+)?$")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a file seems to be.

    Attributes:
        reading: Format, delimiter and encoding.
        columns: Role to column; roles that no column fits are absent.
        decimal: Decimal mark.
        date_formats: Formats that fit all dates looked at; two or more are a question for the user.
        rows: Rows looked at.
        examples: Column to its first value.
        header: All columns.
    """

    reading: Reading
    columns: Mapping[str, str]
    decimal: str
    date_formats: tuple[str, ...]
    rows: int
    examples: Mapping[str, str]
    header: tuple[str, ...]

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns without a role."""
        return tuple(name for name in self.header if name not in self.columns.values())

    @property
    def missing(self) -> tuple[str, ...]:
        """Roles that the lab cannot do without and that no column seems to fit (a price will do for the amount)."""
        needed = [role for role in ("date", "customer_id") if role not in self.columns]
        return (*needed, *(() if "amount" in self.columns or "price" in self.columns else ("amount",)))


def propose(path: Path, given: Mapping[str, str] | None = None) -> Proposal:
    """Look at the first rows of a file and say how to read it.

    Args:
        path: The file.
        given: Role to column where the user knows better.

    Raises:
        BadInput: If there is no such file or it is empty.
    """
    reading, header, values, rows = _looked_at(path)
    columns = {**_roles(header, values), **(given or {})}
    numbers = [v for role in ("amount", "price", "quantity", "discount") for v in values.get(columns.get(role, ""), [])]
    return _proposal(reading, header, values, rows, columns, values.get(columns.get("date", ""), []), numbers)


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
    reading, header, values, rows = _looked_at(path)
    numbers = [value for seen in values.values() if is_numeric(seen) for value in seen]
    return Look(reading, tuple(header), values, rows, _decimal(numbers))


def _decimal(numbers: Sequence[str]) -> str:
    return "," if _fits(numbers, _COMMA) > _fits(numbers, _POINT) else "."


def _looked_at(path: Path) -> tuple[Reading, list[str], _Values, int]:
    """How a file is read, its column names, the values of its first rows by column, and how many rows that were."""
    if not path.is_file():
        raise BadInput(f"There is no file {path}; give the path of a CSV, Parquet or Excel file.")
    if path.stat().st_size == 0:
        raise BadInput(f"{path} is empty; give a file with column names and rows.")
    reading = _reading(path)
    header, *rows = list(islice(_rows(reading), SAMPLE + 1))
    values = {
        name: [row[i] for row in rows if i < len(row) and row[i] not in ("", None)] for i, name in enumerate(header)
    }
    return reading, header, values, len(rows)


def _proposal(
    reading: Reading,
    header: list[str],
    values: _Values,
    rows: int,
    columns: dict[str, str],
    dates: Sequence[str],
    numbers: Sequence[str],
) -> Proposal:
    return Proposal(
        reading=reading,
        columns=columns,
        decimal=_decimal(numbers),
        date_formats=date_formats(dates),
        rows=rows,
        examples={name: seen[0] for name, seen in values.items() if seen},
        header=tuple(header),
    )


def propose_table(path: Path, table: Table) -> Proposal:
    """Look at a file that should hold a further table of the contract; roles are the table's columns.

    Raises:
        BadInput: If there is no such file or it is empty.
    """
    reading, header, values, rows = _looked_at(path)
    plain = {_plain(name): name for name in header}
    known = {**_names_of(), **({table.known_on: _names_of()["date"]} if table.known_on else {})}
    columns: dict[str, str] = {}
    for column in table.columns:
        names = (_plain(column.name), *known.get(column.name, ()))
        found = next((plain[name] for name in names if name in plain), None)
        if found is not None and found not in columns.values():
            columns[column.name] = found
    dates = [v for c in table.columns if c.dtype == "date" for v in values.get(columns.get(c.name, ""), [])]
    money = [v for c in table.columns if c.dtype == "money" for v in values.get(columns.get(c.name, ""), [])]
    return _proposal(reading, header, values, rows, columns, dates, money)


def _reading(path: Path) -> Reading:
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic == b"PAR1":
        return Reading(path, "parquet")
    if magic[:2] == b"PK":
        return Reading(path, "excel")
    encoding = next(e for e in ("utf-8", "gb18030", "cp1252", "latin-1") if _decodes(path, e))
    return Reading(path, "csv", _delimiter(Reading(path, "csv", ",", encoding)), encoding)


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with open_text(Reading(path, "csv", ",", encoding)) as stream:
            text = stream.read(1 << 22)
    except UnicodeError:
        return False
    except (OSError, EOFError) as error:
        kind = "gzip" if is_gzip(path) else "text"
        raise BadInput(f"{path} cannot be read as {kind}: {error}.") from error
    if encoding != "gb18030":
        return True
    return sum("\u4e00" <= c <= "\u9fff" for c in text) > 0.3 * sum(not c.isascii() for c in text)


def _delimiter(reading: Reading) -> str:
    with open_text(reading) as stream:
        lines = [line for line in islice(stream, 50) if line.strip()]

    def evenness(mark: str) -> tuple[int, int]:
        widths = [len(csv_fields(line, mark)) for line in lines]
        common = max(set(widths), key=widths.count)
        return (0 if common == 1 else widths.count(common), common)

    return max((",", ";", "\t", "|"), key=evenness)


def _rows(reading: Reading) -> Iterator[list[str]]:
    if reading.format == "excel":
        yield from excel_rows(reading.path)
    elif reading.format == "parquet":
        with pq.ParquetFile(reading.path) as file:
            yield list(file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=SAMPLE):
                columns = [["" if v is None else str(v) for v in column.to_pylist()] for column in batch.columns]
                yield from (list(row) for row in zip(*columns, strict=True))
    else:
        import csv

        with open_text(reading) as stream:
            yield from csv.reader(stream, delimiter=reading.delimiter)


def _roles(header: Sequence[str], values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Each role's best column by name, or the only one with dates; amounts must hold numbers, dates dates."""
    fits: Mapping[str, Callable[[Sequence[str]], bool]] = {
        **dict.fromkeys(("quantity", "amount", "price", "discount"), is_numeric),
        "date": lambda seen: bool(date_formats(seen)),
    }
    plain = {_plain(name): name for name in header}
    chosen: dict[str, str] = {}
    for role, names in _names_of().items():
        for name in names:
            column = plain.get(name)
            if column and column not in chosen.values() and fits.get(role, bool)(values[column]):
                chosen[role] = column
                break
    dated = [name for name in header if name not in chosen.values() and fits["date"](values[name])]
    if "date" not in chosen and len(dated) == 1:
        chosen["date"] = dated[0]
    return chosen


def _names_of() -> dict[str, list[str]]:
    """What people call their columns, by role."""
    return tomllib.loads(resources.files(__package__).joinpath("column_names.toml").read_text(encoding="utf-8"))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def is_numeric(seen: Sequence[str]) -> bool:
    """Whether nine of ten values are numbers, with a decimal point or comma."""
    return len(seen) > 0 and max(_fits(seen, _POINT), _fits(seen, _COMMA)) > 0.9 * len(seen)


def _fits(seen: Sequence[str], pattern: re.Pattern[str]) -> int:
    return sum(pattern.match(value.strip()) is not None for value in seen)


def date_formats(seen: Sequence[str]) -> tuple[str, ...]:
    """The formats that read at least 95 % of the values; only those that read most are kept."""
    sample = [value.strip() for value in seen]
    if not sample:
        return ()
    counts = {fmt: sum(_is_date(value, fmt) for value in sample) for fmt in _DATE_FORMATS if _is_any(sample[:20], fmt)}
    best = max(counts.values(), default=0)
    return tuple(fmt for fmt, n in counts.items() if n == best and n >= 0.95 * len(sample))


def _is_any(sample: Sequence[str], fmt: str) -> bool:
    return any(_is_date(value, fmt) for value in sample)


def _is_date(value: str, fmt: str) -> bool:
    try:
        return 1900 <= datetime.strptime(value, fmt).year <= 2100  # noqa: DTZ007 - the zone is asked for apart
    except ValueError:
        return False
