"""``crm-lab init`` for purchases: read the whole file, ask what can be read in two ways, write the suite."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crm_lab.data.quality.coverage import CoverageResult
    from crm_lab.data.sources.base import Source
    from crm_lab.data.sources.evidence.findings import Answers, Question
    from crm_lab.data.sources.evidence.whole_reading import WholeReading
    from crm_lab.data.sources.first_look.column_roles import Proposal
    from crm_lab.data.sources.first_look.files_given import FilesGiven
    from crm_lab.data.workspace import Tables

Parse = Callable[[list[str]], dict[str, Any]]
"""Reads words of the command line as `init` does."""

_WORDS = (
    "decimal", "date_format", "timezone", "keep_currency", "amount_is", "discount_is", "overlap", "repeats",
    "customer_case", "kind",
)  # fmt: skip
_SEVERAL = ("nobody", "somebody", "sheets", "ignored")
_LISTS = ("ignored", "status", "products", "parts", "prefixes", "nobody", "somebody", "rates", "sheets")


@dataclass(frozen=True, slots=True)
class PurchasesRead:
    """Files of purchases with all questions answered.

    Attributes:
        whole: Their reading and what speaks for it.
        settings: Keys of the source.
        others: Further tables of the contract.
        joined: Files that add columns.
        source: What the tables are built from.
    """

    whole: WholeReading
    settings: dict[str, Any]
    others: dict[str, dict[str, Any]]
    joined: list[dict[str, Any]]
    source: Source


def init_purchases(paths: Sequence[Path], target: Path, options: dict[str, Any], parse: Parse) -> None:
    """Read files of purchases, build their tables, and write a suite.

    Args:
        paths: As on the command line.
        target: The suite's file.
        options: Of the command line.
        parse: Reads the answer to a question, options as on the command line.

    Raises:
        BadInput: If something can be read in two ways or cannot be used; nothing is written then.
    """
    from crm_lab.cli.own_data.suite_text import suite_text
    from crm_lab.data.quality.coverage import what_can_be_answered
    from crm_lab.data.quality.reconciliation import reconcile
    from crm_lab.data.sources.evidence.findings import say
    from crm_lab.data.workspace import open_workspace
    from crm_lab.project import project_root

    read = read_purchases(paths, options, parse)
    tables = open_workspace(read.source).at("latest")
    coverage = what_can_be_answered(tables)
    columns = read.whole.settled.columns
    text = suite_text(read.settings, columns, read.others, read.joined, _pages(coverage, tables))
    target.write_text(text, encoding="utf-8")
    click.echo(f"\n{reconcile(tables).readout()}\n\n{coverage}\n")
    click.echo(
        say(
            "form.written", suite=target.relative_to(project_root()), name=shlex.quote(str(read.settings["name"]))
        ).text()
    )


def read_purchases(paths: Sequence[Path], options: dict[str, Any], parse: Parse) -> PurchasesRead:
    """Find out how files of purchases are read; what can be read in two ways is asked.

    Args:
        paths: As on the command line.
        options: Of the command line.
        parse: Reads the answer to a question, options as on the command line.

    Raises:
        BadInput: If a question is open and nobody can answer, or the files cannot be used.
    """
    from crm_lab.data.sources.files import described, file_source
    from crm_lab.data.sources.first_look.files_given import files_given

    given = files_given(paths)
    whole, options = _read(given, paths[0], options, parse)
    settings = _settings(paths, given.stacked, whole, options)
    others = _further_tables(dict(pair.partition("=")[::2] for pair in options["further"]), options, parse)
    joined = [_joined(path, key) for path, key in given.joined]
    table = {**settings, "columns": whole.settled.columns, "tables": others, "joined": joined}
    source = file_source(described(table, "The file as described", given.stacked[0].parent))
    return PurchasesRead(whole, settings, others, joined, source)


def _read(given: FilesGiven, place: Path, options: dict[str, Any], parse: Parse) -> tuple[WholeReading, dict[str, Any]]:
    """The reading with all questions answered: on a terminal here and now.

    Raises:
        BadInput: With all open questions, where nobody can answer.
    """
    from crm_lab.data.connection import connect, workspaces_dir
    from crm_lab.data.sources.evidence.whole_reading import read_whole
    from crm_lab.data.sources.lines.several_files import kept_parts

    files, keep = given.stacked, kept_parts(place) if place.is_dir() else None
    while True:
        home = workspaces_dir()
        whole = read_whole(connect(home).cursor(), home, files, given.joined, _answers(options), keep)
        whole.settled.findings[:0] = given.says
        _show(files, whole)
        if not whole.settled.questions:
            return whole, options
        if not sys.stdin.isatty():
            whole.settled.raise_questions()
        for question in whole.settled.questions:
            options = _with_answer(options, parse([str(files[0]), *shlex.split(_asked(question))]))


def _answers(options: dict[str, Any]) -> Answers:
    from crm_lab.data.sources.evidence.findings import Answers
    from crm_lab.data.sources.refusal import refused

    status = _pairs(options["status"])
    wrong = [f"{word}={means}" for word, means in status.items() if means not in ("", "sale", "no_sale", "return")]
    if wrong:
        raise refused("status_meaning", given=wrong[0])
    return Answers(
        columns=options["chosen"], rates=_rates(options["rates"]), status=status, products=_pairs(options["products"]),
        parts=_pairs(options["parts"]), prefixes=_pairs(options["prefixes"]),
        currency=(options["currency"] or "").upper(), counts_only=options["counts_only"],
        amount_unit=options["amount_unit"] or 0.0,
        **{name: options[name] or "" for name in _WORDS}, **{name: options[name] for name in _SEVERAL},
    )  # fmt: skip


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """``WORD=MEANING`` as a mapping; a word alone means nothing in particular."""
    return dict(pair.rpartition("=")[::2] if "=" in pair else (pair, "") for pair in given)


def _rates(pairs: Sequence[str]) -> dict[str, float]:
    from crm_lab.data.sources.refusal import refused

    made: dict[str, float] = {}
    for pair in [one for said in pairs for one in _rates_of_file(said)]:
        code, _, rate = pair.partition("=")
        try:
            given = float(rate)
        except ValueError:
            raise refused("rate", given=pair) from None
        if made.setdefault(code.strip().upper(), given) != given:
            raise refused("rates_twice", code=code.strip().upper())
    return made


def _rates_of_file(said: str) -> list[str]:
    """``CODE=RATE`` as it is, or each row of a file with a code and a rate, whose first row may be names."""
    if "=" in said or not Path(said).is_file():
        return [said]
    rows = [
        re.split("[,;\t]", line) for line in Path(said).read_text(encoding="utf-8-sig").splitlines() if line.strip()
    ]
    named = rows and not any(cell[:1].isdigit() for cell in rows[0])
    return ["=".join(cell.strip(' "') for cell in row) for row in rows[bool(named) :]]


def _asked(question: Question) -> str:
    """The flags of the answer that a person chooses, or types."""
    from crm_lab.data.sources.evidence.findings import say

    click.echo(f"\n{question.sentence}")
    for number, option in enumerate(question.options, start=1):
        click.echo(f"  {number}  {option.words}   [{option.flags}]")
    said = str(click.prompt(str(say("form.prompt"))))
    chosen = said.isdigit() and 1 <= int(said) <= len(question.options)
    return question.options[int(said) - 1].flags if chosen else said


def _with_answer(options: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    chosen = {**options["chosen"], **dict(pair.partition("=")[::2] for pair in said.pop("chosen"))}
    lists = {name: (*options[name], *said[name]) for name in _LISTS}
    plain = {name: value for name, value in said.items() if value and name in options and name not in _LISTS}
    return {**options, **plain, "chosen": chosen, **lists}


def _settings(
    paths: Sequence[Path], files: Sequence[Path], whole: WholeReading, options: dict[str, Any]
) -> dict[str, Any]:
    from crm_lab.data.sources.direct_ids import masked
    from crm_lab.data.sources.lines.several_files import files_in

    reading = whole.proposal.reading
    inside = files_in(paths[0]) if paths[0].is_dir() else ()
    folder = bool(inside) and set(inside) <= set(files)
    found = dict(whole.settled.settings)
    if options["timezone"]:
        found["timezone"] = options["timezone"]
    if options["cancelled"]:
        found["cancelled"] = options["cancelled"]
    more = [str(file.resolve()) for file in (files if folder else files[1:]) if not folder or file not in inside]
    form = {"skip_rows": reading.skip_rows, "sheets": list(reading.sheets), "query": reading.query, "more": more}
    return {
        "name": options["name"],
        "path": str((paths[0] if folder else files[0]).resolve()),
        "format": reading.format,
        "delimiter": reading.delimiter,
        "encoding": reading.encoding,
        **{key: value for key, value in form.items() if value},
        "timezone": "UTC",
        **found,
        "evidence": [masked(" ".join(str(line).split())) for line in whole.settled.findings],
    }


def _joined(path: Path, key: str) -> dict[str, Any]:
    from crm_lab.data.sources.first_look.column_roles import propose

    reading = propose(path).reading
    return {"path": str(path.resolve()), "on": key, "format": reading.format, "delimiter": reading.delimiter,
            "encoding": reading.encoding, "skip_rows": reading.skip_rows}  # fmt: skip


def _further_tables(given: dict[str, str], options: dict[str, Any], parse: Parse) -> dict[str, dict[str, Any]]:
    """How to read each further table, as its ``[source.tables.NAME]`` says it."""
    from crm_lab.cli.own_data.init_ledger import ledger_table
    from crm_lab.data.sources.first_look.column_roles import propose_table
    from crm_lab.data.sources.further_tables import FURTHER
    from crm_lab.data.sources.refusal import refused

    unknown = [name for name in given if name not in FURTHER]
    if unknown:
        raise refused("no_such_table", unknown=", ".join(unknown), known=", ".join(FURTHER))
    made: dict[str, dict[str, Any]] = {}
    for name, path in given.items():
        if name == "rewards":
            made[name] = ledger_table(Path(path), options, parse)
            continue
        seen = propose_table(Path(path), FURTHER[name])
        click.echo(f"{name}:")
        _show_form(Path(path), seen)
        dated = [c.name for c in FURTHER[name].columns if c.dtype == "date" and c.name in seen.columns]
        fits = options["date_format"] if options["date_format"] in seen.date_formats else None
        made[name] = {
            "path": str(Path(path).resolve()),
            **{key: getattr(seen.reading, key) for key in ("format", "delimiter", "encoding")},
            "decimal": seen.decimal,
            **({"date_format": fits or _only_format(seen, seen.columns[dated[0]])} if dated else {}),
            "columns": dict(seen.columns),
        }
    return made


def _only_format(proposal: Proposal, column: str) -> str:
    from crm_lab.data.sources.refusal import refused

    if len(proposal.date_formats) == 1:
        return proposal.date_formats[0]
    example = proposal.examples.get(column, "")
    if not proposal.date_formats:
        raise refused("no_date_format", example=example)
    raise refused("day_or_month", example=example, formats=" / ".join(map(repr, proposal.date_formats)))


def _show_form(path: Path, proposal: Proposal) -> None:
    from crm_lab.data.sources.direct_ids import masked
    from crm_lab.data.sources.evidence.findings import say

    reading = proposal.reading
    csv = reading.format == "csv"
    dress = say("form.csv", delimiter=reading.delimiter, encoding=reading.encoding).text() if csv else ""
    above = say("form.above", rows=reading.skip_rows).text() if reading.skip_rows else ""
    sheets = say("form.sheets", sheets=", ".join(reading.sheets)).text() if reading.sheets else ""
    click.echo(f"{path.name}: {reading.format}{dress}{sheets}{above}")
    for role, column in proposal.columns.items():
        example = masked(str(proposal.examples.get(column, say("form.nothing"))))
        click.echo(say("form.role", role=role, column=column, example=example).text())
    if proposal.unused:
        click.echo(say("form.unused", columns=", ".join(proposal.unused)).text())


def _show(files: Sequence[Path], whole: WholeReading) -> None:
    """The reading report: the form, the roles, and what speaks for each reading."""
    from crm_lab.data.sources.direct_ids import masked
    from crm_lab.data.sources.evidence.findings import say

    _show_form(files[0], whole.proposal)
    for file in files[1:]:
        click.echo(say("form.and_file", file=file.name).text())
    for finding in whole.settled.findings:
        click.echo(f"  {masked(str(finding))}")


def _pages(coverage: CoverageResult, tables: Tables) -> dict[str, dict[str, Any]]:
    """The pages that can answer, each with the parameters that the length of the history asks for."""
    from crm_lab.data.quality.page_windows import PageWindows
    from crm_lab.data.quality.reconciliation import reconcile
    from crm_lab.project import project_root

    able = ["00_start_here", *(answer.page for answer in coverage.answers if answer.verdict != "no")]
    there = [page for page in able if (project_root() / "notebooks" / f"{page}.ipynb").exists()]
    windows = PageWindows(coverage.size.days)
    fitting = windows.parameters(tables.as_of, categories="products" in tables)
    steps = reconcile(tables).ledger
    rules = steps[(steps["action"] != "total") & (steps["rows_touched"] > 0)].sort_values("rows_touched")
    largest = {"show_rule": str(rules["item"].iloc[-1])} if len(rules) else {}
    return {page: {**fitting.get(page, {}), **(largest if page.startswith("01_") else {})} for page in there}
