"""A retailer's own file: CSV (also packed), Parquet, Excel or JSON lines, mapped onto the contract by a TOML table."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import duckdb
from pydantic import Field, ValidationError, field_validator

from crm_lab.checks import BadInput, Problems
from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.base import Action, Source
from crm_lab.data.sources.dates_and_times import has_hours
from crm_lab.data.sources.direct_ids import names_direct_ids
from crm_lab.data.sources.evidence.doubts.new_words import refuse_new_words
from crm_lab.data.sources.file_checks import refuse_unreadable, refuse_wrongly_described
from crm_lab.data.sources.further_tables import FurtherTable, doors_of, problems_of
from crm_lab.data.sources.lines.dimensions import dimensions_of
from crm_lab.data.sources.lines.ditto_marks import with_marks_read
from crm_lab.data.sources.lines.edited_orders import latest_versions
from crm_lab.data.sources.lines.line_columns import Columns
from crm_lab.data.sources.lines.line_mapping import BLANK, LineReading
from crm_lab.data.sources.lines.order_values import COMPUTED, SHIPPING, mapping_of, needed, with_order_values
from crm_lab.data.sources.lines.own_forms import with_one_date_form, with_one_mark
from crm_lab.data.sources.lines.page_breaks import with_page_breaks
from crm_lab.data.sources.lines.row_meaning import RowMarks
from crm_lab.data.sources.lines.several_files import (
    LAST,
    OVERLAP,
    files_in,
    joined,
    kept_parts,
    read_stacked,
    reading_beside,
)
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.raw_rows import PART
from crm_lab.data.sources.sql import filled, filled_down, small
from crm_lab.data.sources.toml_description import FileDescription

_NO_WORDS = ("guest", "guests", "n/a", "na", "null", "none", "nan", "nil", "-", "--", "anonymous", "unknown", "散客")


class JoinedFile(FileDescription):
    """A ``[[source.joined]]`` table: a further file whose columns the rows take over by a key.

    Attributes:
        on: Column that both have; it stands once in the further file.
    """

    on: str


class FileSource(FileDescription):
    """The ``[source]`` table of a suite file.

    Attributes:
        name: What the source is called in file names.
        columns: Which column holds what.
        more: Further files of the same form. Where ``path`` is a folder, all files in it are read.
        joined: Further files that add columns.
        title: What the source is called in reports.
        timezone: The retailer's, IANA; timestamps are taken as local time of `clock`.
        clock: Time zone of the timestamps where it differs.
        offsets: Times with an offset count in the retailer's zone (``converted``) or as they are ``written``.
        currency: ISO code of all amounts.
        keep_currency: Rows in other currencies are set aside.
        rates: Currency code to what one unit of it is in `currency`.
        currency_signs: Sign beside an amount, or ``""`` where none stands, to its code where it is not the usual one.
        amount_is: The amount is the line's (``line``), before discount (``gross``), or its order's (``order_total``).
        discount_is: The discount is in currency (``amount``), of each ``unit``, a ``share`` of 1, or ``percent``.
        amount_unit: What one of the file's amounts is in `currency`: 0.01 for cents, -1 where sales are negative.
        amount_with_tax: The column of tax is taken out of the amount.
        fill: What stands on an order's first line only holds for all its lines.
        pages: Headers, and titles above them, stand again on each page of a report.
        as_above: Columns in which ditto marks stand for what is above them.
        dash_as_above: A dash is such a mark where the day is one.
        fill_down: Columns that are empty below the first row of an order or customer: what stands there holds.
        order_within: Roles (``store_id``, ``date``, ``customer_id``) within which an order number is one order's.
        status: Word of the status column to ``sale``, ``no_sale`` or ``return``.
        customer_case: Customer numbers that differ only in capitals are the ``same`` or ``apart``.
        taken_back_words: Values of the column ``taken_back`` that say so; any where none is named.
        taken_back_says: Regular expression of what it says of such a row, where it holds notes.
        nobody: Customer numbers, in lower case, that are nobody's.
        totals_in: Columns in which rows that are totals of others say so.
        counts_only: There are no amounts.
        hours: Whether the times of day are real.
        other_mark_in: Names of files, among several, whose decimal mark is the other one.
        dates_in: Name of a file, among several, to the format of its dates where it has one of its own.
        licence: Licence or terms.
        cancelled: Regular expression on order numbers that take back an order.
        fee_products: Product codes that are no merchandise.
        not_sold: Products, in lower case, whose lines are no sale: payments, vouchers, tests.
        discounts: Products, in lower case, whose lines are a discount on the rest of their order.
        said_in: Columns beside the product's in which these words may stand, e.g. that of its name.
        parts: What the name of a file or sheet holds to ``sale``, ``no_sale`` or ``return``: what its rows are.
        order_prefixes: Letters with which order numbers begin to what these orders are.
        said_again: Columns in which a line that is said again differs from its twin: of a parcel, of a snapshot.
        versions: Of an order that stands in two files ``all`` rows count, or those of the ``latest`` file.
        returns_matched: Whether negative lines are matched to the sale they take back.
        simulated: Whether the data are made up.
        rules: Cleaning rule to action.
        tables: Further tables of the contract, each from a file of its own.
        evidence: What spoke for reading the files so, as `crm-lab init` found it; page 01 repeats it.
    """

    name: str
    columns: Columns
    more: tuple[Path, ...] = ()
    joined: tuple[JoinedFile, ...] = ()
    title: str = ""
    date_format: str = "%Y-%m-%d %H:%M:%S"
    timezone: str = "UTC"
    clock: str | None = None
    offsets: Literal["converted", "written"] = "converted"
    currency: str = "EUR"
    keep_currency: str | None = None
    rates: dict[str, float] = Field(default_factory=dict)
    currency_signs: dict[str, str] = Field(default_factory=dict)
    amount_is: Literal["line", "gross", "order_total"] = "line"
    discount_is: Literal["amount", "unit", "share", "percent", "paid_share"] = "amount"
    amount_unit: float = 1.0
    amount_with_tax: bool = False
    fill: bool = False
    pages: bool = False
    as_above: tuple[str, ...] = ()
    dash_as_above: bool = False
    fill_down: tuple[str, ...] = ()
    order_within: tuple[Literal["store_id", "date", "customer_id"], ...] = ()
    status: dict[str, Literal["sale", "no_sale", "return"]] = Field(default_factory=dict)
    taken_back_words: tuple[str, ...] = ()
    taken_back_says: str = ""
    customer_case: Literal["apart", "same"] = "apart"
    nobody: tuple[str, ...] = _NO_WORDS
    totals_in: tuple[str, ...] = ()
    counts_only: bool = False
    hours: bool = True
    other_mark_in: tuple[str, ...] = ()
    dates_in: dict[str, str] = Field(default_factory=dict)
    licence: str = "your own"
    cancelled: str | None = None
    fee_products: tuple[str, ...] = ()
    not_sold: tuple[str, ...] = ()
    discounts: tuple[str, ...] = ()
    said_in: tuple[str, ...] = ()
    parts: dict[str, Literal["sale", "no_sale", "return"]] = Field(default_factory=dict)
    order_prefixes: dict[str, Literal["sale", "no_sale", "return"]] = Field(default_factory=dict)
    said_again: tuple[str, ...] = ()
    versions: Literal["all", "latest"] = "all"
    returns_matched: bool = True
    simulated: bool = False
    rules: dict[str, Action] = Field(default_factory=dict)
    tables: dict[str, FurtherTable] = Field(default_factory=dict)
    evidence: tuple[str, ...] = ()

    @field_validator("timezone", "clock")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            close = get_close_matches(zone, available_timezones(), n=1)
            raise ValueError(f"is no time zone; did you mean {close[0] if close else 'Europe/London'}?")
        return zone

    def files(self) -> tuple[Path, ...]:
        """The files of rows, those of a folder one by one."""
        return (*files_in(self.path), *self.more)

    def keep(self) -> Path | None:
        """Where the rows of a folder's files stay, so that a new file is read and the others are not again."""
        return kept_parts(self.path) if self.path.is_dir() else None

    def several(self) -> bool:
        """Whether the rows are of several files or sheets."""
        return len(self.files()) > 1 or len(self.sheets) > 1

    def lines(self) -> LineReading:
        """How the columns are read."""
        return LineReading(
            columns=self.columns, decimal=self.decimal, date_format=self.date_format,
            written=self.offsets == "written", amount_is=self.amount_is, discount_is=self.discount_is,
            amount_with_tax=self.amount_with_tax, status=self.status, nobody=self.nobody,
            keep_currency=self.keep_currency, rates=self.rates, counts_only=self.counts_only, totals_in=self.totals_in,
            order_within=self.order_within, not_sold=self.not_sold, amount_unit=self.amount_unit,
            currency_signs=self.currency_signs, taken_back_words=self.taken_back_words,
            taken_back_says=self.taken_back_says,
            fees=tuple(small(code) for code in self.fee_products), discounts=self.discounts, said_in=self.said_in,
            marks=RowMarks(self.parts, self.order_prefixes, self.several()),
        )  # fmt: skip


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
    further = tuple(one.model_copy(update={"path": (beside / one.path).resolve()}) for one in spec.joined)
    more = tuple((beside / path).resolve() for path in spec.more)
    return spec.model_copy(
        update={"path": (beside / spec.path).resolve(), "tables": tables, "joined": further, "more": more}
    )


def file_source(spec: FileSource) -> Source:
    """A `Source` for a file; when it is built the file is looked at first, and refused with every problem at once.

    Raises:
        BadInput: If the file cannot be read as described.
    """
    _refuse_contradictions(spec)
    lines = spec.lines()
    by_order = needed(lines, spec.fill)
    fees = (*spec.fee_products, *((SHIPPING,) if spec.columns.shipping else ()))
    whole = bool(spec.columns.order_id and (spec.columns.product_id or spec.amount_is == "order_total"))
    return Source(
        name=spec.name,
        title=spec.title or spec.name,
        licence=spec.licence,
        currency=spec.currency,
        files=(*spec.files(), *(one.path for one in spec.joined), *(table.path for table in spec.tables.values())),
        door=lambda connection, folder: _opened(spec, connection, folder),
        mapping=mapping_of(lines) if by_order else lines.mapping(),
        readings=lines.readings,
        clock=_clock(spec),
        timezone=str(ZoneInfo(spec.timezone)),
        has_hours=spec.hours and (has_hours(spec.date_format)),
        dimensions={name: sql for name, sql in dimensions_of(lines).items() if name not in spec.tables},
        doors=doors_of(spec.tables),
        about_doors=repr((spec.model_dump(exclude={"path", "tables", "more", "joined", "evidence"}),
                          [one.model_dump(exclude={"path"}) for one in spec.joined],
                          {name: table.model_dump(exclude={"path"}) for name, table in spec.tables.items()})),
        broken="broken_row is not null",
        asides={**lines.asides(), **({"overlap": OVERLAP} if spec.several() else {})},
        plausible_days=True,
        computed=(PART, OVERLAP, LAST, BLANK, *COMPUTED, *spec.said_again),
        direct_customers=names_direct_ids(spec.columns.customer_id),
        same_case=spec.customer_case == "same",
        copies_files=True,
        fee=f"lower(s.product_id) in ({', '.join(text_of(small(code)) for code in fees)})" if fees else "false",
        cancelled=f"regexp_matches(s.order_id, {text_of(spec.cancelled)})" if spec.cancelled else "false",
        returns_matched=spec.returns_matched,
        actions={"repeated_line": "quarantine" if whole else "flag", **spec.rules},
        simulated=spec.simulated,
        evidence=spec.evidence,
    )  # fmt: skip


def _refuse_contradictions(spec: FileSource) -> None:
    problems = Problems(f"The source {spec.name}")
    files = spec.files()
    problems.unless(files, f"there is no file in {spec.path}.")
    problems.extend(
        f"there is no file {path}; set `path` in the [source] table."
        for path in (*files, *(one.path for one in spec.joined))
        if not path.is_file()
    )
    columns = spec.columns
    problems.unless(
        columns.amount or columns.price or spec.counts_only,
        "neither `amount` nor `price` has a column; name one, or set counts_only = true.",
    )
    spread = spec.fill or spec.amount_is == "order_total"
    problems.unless(not spread or columns.order_id, "values of whole orders need a column for order_id.")
    problems.unless(
        columns.price or spec.amount_is != "order_total" or columns.amount, "amount_is needs a column for amount."
    )
    problems.unless(not spec.cancelled or _is_pattern(str(spec.cancelled)), "`cancelled` is no regular expression.")
    problems.extend(problems_of(spec.tables))
    problems.raise_any()


def _is_pattern(text: str) -> bool:
    try:
        with duckdb.connect() as nowhere:
            nowhere.execute("select regexp_matches('x', $1)", [text])
    except duckdb.Error:
        return False
    return True


def _clock(spec: FileSource) -> str:
    """Zone of the timestamps that the mapping gives."""
    if "%z" in spec.date_format:
        return spec.timezone if spec.offsets == "written" else "UTC"
    if spec.date_format.startswith("epoch"):
        return "UTC"
    return spec.clock or spec.timezone


def _opened(spec: FileSource, connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
    """SQL of the raw rows, all that the files say of a line in its row."""
    files, lines = spec.files(), spec.lines()
    reading: Reading = spec.reading()
    for path in files:
        refuse_unreadable(
            reading_beside(replace(reading, path=files[0]), path), {} if spec.joined else spec.columns.used()
        )
    raw, header = read_stacked(connection, reading, files, folder, spec.keep())
    for one in spec.joined:
        rows = joined(connection, raw, header, one.reading(), one.on, folder)
        raw, header = rows.sql, rows.header
    if spec.pages:
        raw = with_page_breaks(raw, spec.columns.date, spec.columns.customer_id)
        empty = ", ".join(f"case when not lab_page then {name_of(c)} end as {name_of(c)}" for c in header)
        raw = f"select * exclude (lab_page) replace ({empty}) from ({raw})"
    raw = with_marks_read(raw, spec.as_above, spec.columns.date if spec.dash_as_above else "")
    refuse_new_words(connection, raw, lines, spec.currency, grows=spec.path.is_dir())
    raw = with_one_mark(raw, spec.columns.used(), spec.other_mark_in)
    raw = with_one_date_form(raw, spec.columns.date, spec.date_format, spec.dates_in)
    if spec.versions == "latest" and spec.several():
        raw = latest_versions(raw, spec.columns.used(), spec.order_within, spec.parts)
    raw = f"select *, coalesce({', '.join(map(filled, header))}) is null as {BLANK} from ({raw})"
    if spec.fill_down:
        below = filled(str(spec.columns.product_id or spec.columns.date))
        down = ", ".join(f"{filled_down(column, below)} as {name_of(column)}" for column in spec.fill_down)
        raw = f"select * replace ({down}) from ({raw})"
    if needed(lines, spec.fill):
        raw = with_order_values(raw, lines, header, spec.fill, spec.several())
        lines = spec.lines()
        refuse_wrongly_described(connection, raw, mapping_of(lines), lines)
    else:
        refuse_wrongly_described(connection, raw, lines.mapping(), lines)
    return raw
