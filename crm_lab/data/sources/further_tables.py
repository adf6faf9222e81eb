"""Further tables of a retailer beside the purchases: customers, products, messages, responses, costs and so on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import duckdb
from pydantic import Field

from crm_lab.checks import Problems
from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.file_checks import refuse_unreadable
from crm_lab.data.sources.point_ledgers.ledger_meaning import LedgerMeaning
from crm_lab.data.sources.point_ledgers.ledger_table import typed_ledger
from crm_lab.data.sources.raw_rows import read_raw
from crm_lab.data.sources.sql import customer, number
from crm_lab.data.sources.toml_description import FileDescription
from crm_lab.data.validation import breaches
from crm_lab.tables import GIVEN, Column, Table

FURTHER = {table.name: table for table in GIVEN if table.name != "transactions"}
"""The tables that may be given."""

_TRUE = ("1", "true", "t", "yes", "y", "ja", "j", "oui", "是")
_FALSE = ("0", "false", "f", "no", "n", "nein", "non", "否")


class FurtherTable(FileDescription):
    """A ``[source.tables.NAME]`` table: a file and which of its columns is which of the contract's.

    Attributes:
        columns: Column of the contract to column of the file; columns of the same name need no entry.
        ledger: Of ``rewards`` only: what the columns and words of an export mean, in place of `columns`.
    """

    columns: dict[str, str] = Field(default_factory=dict)
    ledger: LedgerMeaning | None = None


def problems_of(tables: Mapping[str, FurtherTable]) -> Iterator[str]:
    """What is wrong with the descriptions, before any file is opened."""
    for name, spec in tables.items():
        if name not in FURTHER:
            yield f"tables.{name}: there is no such table; the contract has {', '.join(FURTHER)}."
            continue
        unknown = [column for column in spec.columns if column not in FURTHER[name].column_names]
        if unknown:
            yield (
                f"tables.{name}.columns: the contract has no {', '.join(unknown)};"
                f" it has {', '.join(FURTHER[name].column_names)}."
            )
        if spec.ledger is not None and name != "rewards":
            yield f"tables.{name}.ledger: only the table rewards is a ledger of points."
        if not spec.path.is_file():
            yield f"tables.{name}.path: there is no file {spec.path}."


def doors_of(tables: Mapping[str, FurtherTable]) -> dict[str, partial[str]]:
    """For each table what reads, types and checks it when a workspace is built."""
    return {name: partial(_read, FURTHER[name], spec) for name, spec in tables.items()}


def _read(table: Table, spec: FurtherTable, connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
    """SQL of the table as the contract wants it.

    Raises:
        BadInput: If a value cannot be read, a needed one is missing or a key stands twice: all are listed.
    """
    refuse_unreadable(spec.reading(), spec.columns)
    own = folder / table.name
    own.mkdir()
    raw = read_raw(connection, spec.reading(), own)
    if spec.ledger is not None:
        made, problems = own / "typed.parquet", Problems(f"The table {table.name} ({spec.path.name})")
        problems.extend(typed_ledger(connection, raw, spec.ledger, spec.decimal, spec.date_format, made))
        if not problems.found:
            problems.extend(str(breach) for breach in breaches(connection.cursor().read_parquet(str(made)), table))
        problems.raise_any()
        return f"from read_parquet('{made}')"
    header = [row[0] for row in connection.execute(f"describe {raw}").fetchall()]
    chosen = {c.name: c.name for c in table.columns if c.name in header} | spec.columns
    problems = Problems(f"The table {table.name} ({spec.path.name})")
    problems.extend(
        f"has no column for {c.name} ({c.meaning.rstrip('.')}); set it in columns."
        for c in table.columns
        if c.name not in chosen and not c.nullable
    )
    problems.raise_any()
    given = [c for c in table.columns if c.name in chosen]
    problems.extend(_unreadable(connection, raw, {c: chosen[c.name] for c in given}, spec))
    typed = ", ".join(f"{_typed(c, chosen.get(c.name), spec)} as {c.name}" for c in table.columns if _wanted(c, chosen))
    made = own / "typed.parquet"
    connection.execute(f"copy (select {typed} from ({raw}) where broken_row is null) to '{made}'")
    if not problems.found:
        problems.extend(str(breach) for breach in breaches(connection.cursor().read_parquet(str(made)), table))
    problems.raise_any()
    return f"from read_parquet('{made}')"


def _wanted(column: Column, chosen: Mapping[str, str]) -> bool:
    return column.name in chosen or column.required


def _typed(column: Column, given: str | None, spec: FurtherTable) -> str:
    """SQL of one column of the contract; null where the file has none."""
    kind = {"text": "text", "integer": "bigint", "number": "double", "money": "decimal(18,4)"}.get(column.dtype)
    if given is None:
        return f"null::{kind or {'flag': 'boolean'}.get(column.dtype, column.dtype)}"
    plain = f"nullif(trim({name_of(given)}), '')"
    match column.dtype:
        case "text":
            return customer(plain) if column.name == "customer_id" else plain
        case "flag":
            words = {
                value: ", ".join(text_of(w) for w in group) for value, group in (("true", _TRUE), ("false", _FALSE))
            }
            cases = " ".join(f"when lower({plain}) in ({group}) then {value}" for value, group in words.items())
            return f"case {cases} end"
        case "date":
            return f"try_strptime({plain}, {text_of(spec.date_format)})::date"
        case "timestamp":
            return f"try_strptime({plain}, {text_of(spec.date_format)})"
        case _:
            return f"try_cast({number(given, spec.decimal)} as {kind})"


def _is_customer(column: Column) -> bool:
    return column.pii == "pseudonym" and column.name.endswith("_id")


def _unreadable(
    connection: duckdb.DuckDBPyConnection, raw: str, columns: Mapping[Column, str], spec: FurtherTable
) -> Iterator[str]:
    """Rows that could not be taken apart, and values that are there but are not what the contract wants."""
    conditions = {
        column: f"nullif(trim({name_of(given)}), '') is not null and {_typed(column, given, spec)} is null"
        for column, given in columns.items()
        if column.dtype != "text"
    }
    counts = ", ".join(
        f"count(*) filter ({condition}), min({name_of(columns[column])}) filter ({condition})"
        for column, condition in conditions.items()
    )
    row = connection.execute(
        f"select count(*), count(broken_row){', ' if counts else ''}{counts} from ({raw})"
    ).fetchone()
    rows, broken, *found = row or (0, 0)
    if not rows:
        yield "has column names but no rows."
    if broken:
        yield f"{broken:,} of {rows:,} rows have the wrong number of fields."
    for column, n, example in zip(conditions, found[::2], found[1::2], strict=True):
        if n:
            shape = f" ({spec.date_format})" if column.dtype in ("date", "timestamp") else ""
            values = f"{n:,} of {rows:,} values of {column.name}"
            yield f"{values} cannot be read as {column.dtype}{shape}, e.g. {example!r}."
