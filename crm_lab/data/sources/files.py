"""A retailer's own file: CSV (also gzipped), Parquet or Excel, mapped onto the contract by a TOML table."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from crm_lab.checks import BadInput, Problems
from crm_lab.data.sources.base import Action, Source
from crm_lab.data.sources.file_checks import refuse_unreadable, refuse_wrongly_described
from crm_lab.data.sources.further_tables import FurtherTable, doors_of, problems_of
from crm_lab.data.sources.raw_rows import read_raw
from crm_lab.data.sources.sql import customer, name_of, number, text_of
from crm_lab.data.sources.toml_description import FileDescription


class Columns(BaseModel):
    """Which column of the file holds what. Either `amount` (of the line) or `price` (of one unit) is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: str
    customer_id: str
    order_id: str | None = None
    product_id: str | None = None
    store_id: str | None = None
    quantity: str | None = None
    amount: str | None = None
    price: str | None = None
    discount: str | None = None
    category: str | None = None
    region: str | None = None

    def used(self) -> dict[str, str]:
        """Role to column, for the roles that are given."""
        return {role: column for role, column in self.model_dump().items() if column}


class FileSource(FileDescription):
    """The ``[source]`` table of a suite file.

    Attributes:
        name: What the source is called in file names.
        columns: Which column holds what.
        title: What the source is called in reports.
        timezone: The retailer's, IANA; timestamps are taken as local time of `clock`.
        clock: Time zone of the timestamps where it differs.
        currency: ISO code of all amounts.
        licence: Licence or terms.
        cancelled: Regular expression on order numbers that take back an order.
        fee_products: Product codes that are no merchandise.
        returns_matched: Whether negative lines are matched to the sale they take back.
        simulated: Whether the data are made up.
        rules: Cleaning rule to action.
        tables: Further tables of the contract, each from a file of its own.
    """

    name: str
    columns: Columns
    title: str = ""
    date_format: str = "%Y-%m-%d %H:%M:%S"
    timezone: str = "UTC"
    clock: str | None = None
    currency: str = "EUR"
    licence: str = "your own"
    cancelled: str | None = None
    fee_products: tuple[str, ...] = ()
    returns_matched: bool = True
    simulated: bool = False
    rules: dict[str, Action] = Field(default_factory=dict)
    tables: dict[str, FurtherTable] = Field(default_factory=dict)

    @field_validator("timezone", "clock")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            close = get_close_matches(zone, available_timezones(), n=1)
            raise ValueError(f"is no time zone; did you mean {close[0] if close else 'Europe/London'}?")
        return zone


def from_toml(path: Path) -> Source:
    """The source described by the ``[source]`` table of a TOML file.

    Raises:
        BadInput: If the file is missing, or the table has mistakes: all are listed.
    """
    if not path.is_file():
        raise BadInput(f"There is no file {path}; `crm-lab init YOUR_FILE` makes one.")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("source")
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not valid TOML: {error}.") from error
    if table is None:
        raise BadInput(f"{path} has no [source] table; `crm-lab init YOUR_FILE` makes one.")
    return file_source(described(table, f"The [source] table of {path}", path.parent))


def described(table: Mapping[str, Any], what: str, beside: Path) -> FileSource:
    """A checked description of a file; a relative path counts from the folder `beside`.

    Raises:
        BadInput: If the description has mistakes: all are listed.
    """
    try:
        spec = FileSource.model_validate(table)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise BadInput(what, problems) from error
    tables = {
        name: table.model_copy(update={"path": (beside / table.path).resolve()}) for name, table in spec.tables.items()
    }
    return spec.model_copy(update={"path": (beside / spec.path).resolve(), "tables": tables})


def file_source(spec: FileSource) -> Source:
    """A `Source` for a file; when it is built the file is looked at first, and refused with every problem at once.

    Raises:
        BadInput: If the file cannot be read as described.
    """
    columns = spec.columns
    problems = Problems(f"The source {spec.name}")
    problems.unless(spec.path.is_file(), f"there is no file {spec.path}; set `path` in the [source] table.")
    problems.extend(problems_of(spec.tables))
    problems.raise_any()
    mapping = _mapping(columns, spec)

    def door(connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
        refuse_unreadable(spec.reading(), columns.used())
        raw = read_raw(connection, spec.reading(), folder)
        refuse_wrongly_described(connection, raw, mapping)
        return raw

    return Source(
        name=spec.name,
        title=spec.title or spec.name,
        licence=spec.licence,
        currency=spec.currency,
        files=(spec.path, *(table.path for table in spec.tables.values())),
        door=door,
        mapping=mapping,
        clock=spec.clock or spec.timezone,
        timezone=str(ZoneInfo(spec.timezone)),
        has_hours="%H" in spec.date_format,
        dimensions={name: sql for name, sql in _dimensions(columns).items() if name not in spec.tables},
        doors=doors_of(spec.tables),
        about_doors=repr({name: table.model_dump(exclude={"path"}) for name, table in spec.tables.items()}),
        broken="broken_row is not null",
        fee=f"s.product_id in ({', '.join(text_of(code) for code in spec.fee_products)})"
        if spec.fee_products
        else "false",
        cancelled=f"regexp_matches(s.order_id, {text_of(spec.cancelled)})" if spec.cancelled else "false",
        returns_matched=spec.returns_matched,
        actions={"repeated_line": "quarantine" if columns.order_id else "flag", **spec.rules},
        simulated=spec.simulated,
    )


def _mapping(columns: Columns, spec: FileSource) -> dict[str, str]:
    def text(column: str | None) -> str:
        return name_of(column) if column else "null"

    def amount(column: str | None) -> str:
        return number(str(column), spec.decimal)

    quantity = amount(columns.quantity) if columns.quantity else "1"
    net = amount(columns.amount) if columns.amount else f"({quantity} * {amount(columns.price)})::decimal(18,4)"
    discount = f"coalesce({amount(columns.discount)}, 0)" if columns.discount else "0::decimal(18,4)"
    moment = f"try_strptime({name_of(columns.date)}, {text_of(spec.date_format)})"
    return {
        "order_id": text(columns.order_id)
        if columns.order_id
        else f"pseudonym({text(columns.customer_id)}) || ' ' || {moment}::date",
        "customer_id": customer(text(columns.customer_id)),
        "product_id": text(columns.product_id),
        "store_id": text(columns.store_id),
        "moment": moment,
        "quantity": quantity,
        "gross_amount": f"{net} + {discount}",
        "discount_amount": discount,
        "net_amount": net,
    }


def _dimensions(columns: Columns) -> dict[str, str]:
    made = {}
    if columns.product_id and columns.category:
        made["products"] = (
            f"select {name_of(columns.product_id)} as product_id, min({name_of(columns.category)}) as category"
            f" from raw where {name_of(columns.product_id)} is not null group by 1"
        )
    if columns.region:
        key = customer(name_of(columns.customer_id))
        made["customers"] = (
            f"select {key} as customer_id, min({name_of(columns.region)}) as region"
            f" from raw where {key} is not null group by 1"
        )
    return made
