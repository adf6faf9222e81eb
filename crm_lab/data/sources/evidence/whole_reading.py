"""How a file of purchases is read: roles, days, money, what counts; each with what speaks for it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crm_lab.checks import BadInput
from crm_lab.data.sources.evidence.amount_alone import ask_of_rivals
from crm_lab.data.sources.evidence.amount_meaning import settle_amount
from crm_lab.data.sources.evidence.columns_left import (
    ask_for_roles,
    ask_of_a_list_of_customers,
    settle_taken_back,
    settle_unread_columns,
)
from crm_lab.data.sources.evidence.days.date_forms import settle_dates
from crm_lab.data.sources.evidence.days.plausible_days import refuse_other_calendars
from crm_lab.data.sources.evidence.days.swapped_days import ask_of_swapped_days, refuse_swapped_days
from crm_lab.data.sources.evidence.doubts.contradictions import refuse_unknown_columns, say_contradictions
from crm_lab.data.sources.evidence.doubts.file_by_file import settle_files
from crm_lab.data.sources.evidence.doubts.money_twice import ask_of_money_twice
from crm_lab.data.sources.evidence.doubts.names_and_numbers import ask_of_the_name, settle_parts, settle_prefixes
from crm_lab.data.sources.evidence.doubts.no_list_of_sales import refuse_no_list_of_sales
from crm_lab.data.sources.evidence.doubts.order_versions import settle_versions
from crm_lab.data.sources.evidence.doubts.other_lists import refuse_lists_of_one_day, refuse_lists_without_customers
from crm_lab.data.sources.evidence.doubts.said_again import ask_of_lines_said_again
from crm_lab.data.sources.evidence.doubts.status_history import refuse_a_status_history
from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.money_forms import settle_decimal
from crm_lab.data.sources.evidence.order_numbers import (
    settle_first_rows,
    settle_marks_of_above,
    settle_order_numbers,
    settle_page_breaks,
)
from crm_lab.data.sources.evidence.overlaps import settle_overlaps, settle_repeats
from crm_lab.data.sources.evidence.roles.local_amount import settle_local_amount
from crm_lab.data.sources.evidence.roles.order_column import settle_order_column
from crm_lab.data.sources.evidence.roles.row_currency import settle_currency
from crm_lab.data.sources.evidence.sales_and_buyers import (
    refuse_lost_digits,
    settle_buyers,
    settle_rows_that_are_none,
    settle_status,
)
from crm_lab.data.sources.evidence.special_lines import settle_special_lines
from crm_lab.data.sources.evidence.whole_file import WholeFile, opened
from crm_lab.data.sources.exporters.exporter_forms import ExporterForm, form_of_header
from crm_lab.data.sources.first_look.column_roles import Proposal, propose, propose_from
from crm_lab.data.sources.first_look.column_vocabulary import names_purchases
from crm_lab.data.sources.opening.json_rows import nesting_of
from crm_lab.data.sources.opening.parquet_columns import zones_of
from crm_lab.data.sources.opening.reading import Reading

_FORM_SETTLES = ("amount_is", "discount_is", "date_format", "fill", "cancelled", "rules")


@dataclass(frozen=True, slots=True)
class WholeReading:
    """A file's reading.

    Attributes:
        proposal: Its form and roles.
        settled: Settings, findings, questions.
        form: The exporter, where it is known.
    """

    proposal: Proposal
    settled: Settled
    form: ExporterForm | None


def read_whole(
    connection: duckdb.DuckDBPyConnection,
    home: Path,
    paths: Sequence[Path],
    further: Sequence[tuple[Path, str]],
    answers: Answers,
    keep: Path | None = None,
) -> WholeReading:
    """Look at all rows of some files and say how to read them.

    Args:
        connection: May read ``home``.
        home: Folder in which a folder of its own is made and removed.
        paths: Files of one form.
        further: Files that add columns, each with the column it is joined by.
        answers: What the user said.
        keep: Where the rows of each file stay for the next time.

    Raises:
        BadInput: If the files cannot be read, or are of a form that cannot be used.
    """
    first = propose(paths[0], sheets=answers.sheets)
    joined = tuple((propose(path).reading, key) for path, key in further)
    _refuse(first, bool(further))
    home.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=home, prefix=".look-") as folder,
        opened(connection, first.reading, tuple(paths), joined, Path(folder), keep) as file,
    ):
        return _settle(file, first.reading, answers)


def _refuse(first: Proposal, is_joined: bool) -> None:
    form = form_of_header(first.header)
    if form is not None and form.refused and not is_joined:
        raise BadInput(f"{first.reading.path.name} is of {form.title}. {form.refused}")


def _settle(file: WholeFile, reading: Reading, answers: Answers) -> WholeReading:
    header = tuple(name for name in file.header if not name.startswith("lab_"))
    form = form_of_header(header)
    sample = file.rows("select * exclude (source_row, broken_row) from looked where broken_row is null limit 5000")
    names = [row[0] for row in file.rows("describe select * exclude (source_row, broken_row) from looked")]
    values = {
        name: [row[i] for row in sample if row[i] not in ("", None)] for i, name in enumerate(names) if name in header
    }
    columns = _columns(form, header)
    given = {role: column for role, column in answers.columns.items() if column}
    proposal = propose_from(reading, list(header), values, len(sample), {**columns, **given}, by_name=form is None)
    if form is not None and proposal.missing:  # another edition of the form: by the columns' names
        named = propose_from(reading, list(header), values, len(sample), {**columns, **given}).columns
        lacking = {role: named[role] for role in proposal.missing if role in named}
        proposal = propose_from(
            reading, list(header), values, len(sample), {**columns, **lacking, **given}, by_name=False
        )
    settled = Settled(columns={r: c for r, c in proposal.columns.items() if answers.columns.get(r, c)})
    if form is not None:
        settled.take(say("file.exporter", title=form.described()), **form.settings)
    for words in file.says:
        settled.take(words)
    _say_what_is_inside(reading, settled)
    _settle_sheets(reading, answers, settled)
    refuse_unknown_columns(answers, header)
    refuse_no_list_of_sales(proposal, values)
    refuse_lists_without_customers(proposal, values)
    if proposal.missing and not (answers.counts_only and proposal.missing == ("amount",)):
        ask_for_roles(proposal, values, settled)
        return WholeReading(proposal, settled, form)
    _settle_all(file, answers, settled, form)
    return WholeReading(proposal, settled, form)


def _say_what_is_inside(reading: Reading, settled: Settled) -> None:
    """Say which lists inside orders are their lines and refunds, and which times stand in a zone of their own."""
    if reading.format == "json":
        nesting = nesting_of(reading)
        if nesting.lines:
            settled.take(say("file.lines_inside", lines=nesting.lines))
        if nesting.refunds:
            settled.take(say("file.refunds_inside", refunds=nesting.refunds))
    if reading.format == "parquet":
        for column, zone in zones_of(reading.path).items():
            settled.take(say("file.own_zone", column=column, zone=zone))


def _settle_sheets(reading: Reading, answers: Answers, settled: Settled) -> None:
    """Say which sheets are not read; ask where one of them seems to hold purchases, too."""
    for name, header in reading.unread:
        settled.take(say("file.unread_sheet", name=name, n=", ".join(header)[:120]))
    rivals = [name for name, header in reading.unread if names_purchases(header)]
    if rivals and not answers.sheets:
        choices = [(names, " and ".join(names)) for names in (list(reading.sheets), *([r] for r in rivals))]
        settled.ask(
            "sheets",
            say("file.several_sheets", n=" and ".join(map(repr, (*reading.sheets, *rivals)))),
            *((words, " ".join(f"--sheet {shell(name)}" for name in names)) for names, words in choices),
        )


def _columns(form: ExporterForm | None, header: Sequence[str]) -> dict[str, str]:
    there = {name.lower(): name for name in header}
    return {role: there[c.lower()] for role, c in form.columns.items() if c.lower() in there} if form else {}


def _settle_all(file: WholeFile, answers: Answers, settled: Settled, form: ExporterForm | None) -> None:
    kept = {key: value for key, value in settled.settings.items() if key in _FORM_SETTLES}
    if "date_format" in kept and not answers.date_format:
        answers = _with(answers, date_format=str(kept["date_format"]))
    if form is not None and "timezone" in form.settings and not answers.timezone:
        settled.settings["timezone"] = form.settings["timezone"]
    settle_page_breaks(file, settled)
    settle_marks_of_above(file, settled)
    settle_first_rows(file, settled)
    refuse_lost_digits(file, settled)
    settle_files(file, answers, settled)
    shapes = settle_dates(file, answers, settled)
    if not answers.date_format:
        ask_of_swapped_days(shapes, settled)
    refuse_other_calendars(file, settled)
    refuse_swapped_days(file, settled)
    _settle_orders_and_currency(file, answers, settled, form)
    if form is None:
        refuse_a_status_history(file, answers, settled)
        refuse_lists_of_one_day(file, answers, settled)
    _settle_what_counts(file, answers, settled, form)
    settle_repeats(file, answers, settled)
    if form is None:
        ask_of_lines_said_again(file, answers, settled)
    if "amount_is" in kept and not answers.amount_is:
        settled.settings.setdefault("discount_is", "amount")
    else:
        settle_amount(file, answers, settled)
    if form is None:
        ask_of_rivals(file, answers, settled)
    say_contradictions(file, answers, settled)


def _settle_orders_and_currency(file: WholeFile, answers: Answers, settled: Settled, form: ExporterForm | None) -> None:
    if form is None:
        settle_order_column(file, answers, settled)
    settle_overlaps(file, answers, settled)
    settle_order_numbers(file, settled)
    settle_parts(file, answers, settled)
    settle_versions(file, answers, settled)
    settle_decimal(file, answers, settled)
    if form is None:
        settle_local_amount(file, answers, settled)
    currency = answers.currency or str(settled.settings.get("currency", ""))
    settle_currency(file, _with(answers, currency=currency), settled)


def _settle_what_counts(file: WholeFile, answers: Answers, settled: Settled, form: ExporterForm | None) -> None:
    """Which rows are sales, by their status, their number, their buyer, their product and their marks."""
    settle_status(file, answers, settled, dict(form.status) if form else {})
    settle_prefixes(file, answers, settled)
    settle_buyers(file, answers, settled)
    settle_rows_that_are_none(file, settled)
    settle_taken_back(file, settled)
    if form is None or not form.all_goods:
        settle_special_lines(file, answers, settled)
    if form is None:
        ask_of_money_twice(file, answers, settled)
        settle_unread_columns(file, answers, settled)
        ask_of_a_list_of_customers(file, answers, settled)
        if len(file.names) == 1:
            ask_of_the_name(file, file.names[0], answers, settled)


def _with(answers: Answers, **changes: str) -> Answers:
    from dataclasses import replace

    return replace(answers, **changes)  # type: ignore[arg-type]  # texts stay texts
