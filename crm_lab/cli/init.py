"""``crm-lab init PATH``: look at a retailer's file, propose how to read it, write a suite for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    from crm_lab.data.quality.coverage import CoverageResult
    from crm_lab.data.sources.column_roles import Look, Proposal
    from crm_lab.data.workspace import Tables


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the suite; by default the file's.")
@click.option("--date-format", help="strptime format of the dates, e.g. '%d/%m/%Y %H:%M'.")
@click.option("--currency", default="EUR", show_default=True, help="ISO code of the amounts.")
@click.option("--timezone", default="UTC", show_default=True, help="The retailer's time zone, e.g. Europe/London.")
@click.option("--cancelled", help="Regular expression on order numbers that take back an order, e.g. '^C'.")
@click.option(
    "--column", "chosen", multiple=True, metavar="ROLE=COLUMN", help="Set or correct a column, e.g. amount=Net."
)
@click.option(
    "--table",
    "further",
    multiple=True,
    metavar="NAME=PATH",
    help="A further table of the contract, e.g. costs=costs.csv.",
)
@click.option(
    "--as", "kind", type=click.Choice(["purchases", "test"]), help="What the file holds; seen by itself as a rule."
)
@click.option("--control", default="", help="In a test: name of the control arm.")
@click.option("--treatment", default="", help="In a test: name of the arm read against it, where there are several.")
@click.option("--control-share", type=click.FloatRange(0, 1), help="In a test: planned share of the control arm.")
@click.option(
    "--missing-outcome", type=click.Choice(["zero", "drop"]), help="In a test: what a unit without an outcome is."
)
@click.option("--as-of", metavar="DATE", help="In a test: day the file was written; outcome windows must have ended.")
@click.option("--force", is_flag=True, help="Write over a suite of that name.")
def init(path: Path, **options: Any) -> None:
    """Look at a file, propose how to read it, and write a suite of the pages it can answer.

    PATH is a file of purchases, or a test with one row per unit (an arm, outcomes, what was known before).
    """
    from crm_lab.data.sources.column_roles import look_at
    from crm_lab.project import project_root

    options["name"] = options["name"] or _plain(path.name.split(".")[0])
    options["chosen"] = dict(pair.partition("=")[::2] for pair in options["chosen"])
    target = project_root() / "suites" / f"{options['name']}.toml"
    look = look_at(path)
    test = options["kind"] == "test" or (options["kind"] is None and _is_test(path, look, options["chosen"]))
    if target.exists() and not options["force"]:
        raise BadInput(f"There is a suite {target.name} already; choose another --name, or --force to write over it.")
    if not test:
        _init_purchases(path, target, options)
        return
    from crm_lab.cli.init_test import TestOptions, init_test

    given = TestOptions(
        options["name"], options["chosen"], options["control"], options["control_share"], options["as_of"],
        options["date_format"] or "", options["currency"], options["treatment"],
        options["missing_outcome"] or "",
    )  # fmt: skip
    init_test(path, look, given, target)


def _is_test(path: Path, look: Look, chosen: dict[str, str]) -> bool:
    from crm_lab.data.sources.column_roles import propose
    from crm_lab.experiments.origins.column_roles_of_a_test import looks_like_a_test

    return looks_like_a_test(look, chosen.get("arm", ""), purchases=not propose(path).missing)


def _init_purchases(path: Path, target: Path, options: dict[str, Any]) -> None:
    from crm_lab.data.quality.coverage import what_can_be_answered
    from crm_lab.data.quality.reconciliation import reconcile
    from crm_lab.data.sources.column_roles import propose
    from crm_lab.data.sources.files import described, file_source
    from crm_lab.data.workspace import open_workspace
    from crm_lab.project import project_root

    proposal = propose(path, options["chosen"])
    _refuse_corrections(options["chosen"], proposal)
    columns = dict(proposal.columns)
    _show(path, proposal)
    _need_roles(proposal)
    settings = {
        "name": options["name"],
        "path": str(path.resolve()),
        "format": proposal.reading.format,
        "delimiter": proposal.reading.delimiter,
        "encoding": proposal.reading.encoding,
        "decimal": proposal.decimal,
        "date_format": options["date_format"] or _only_format(proposal, proposal.columns["date"]),
        **{key: options[key] for key in ("timezone", "currency", "cancelled") if options[key]},
    }
    others = _further_tables(dict(pair.partition("=")[::2] for pair in options["further"]), options["date_format"])
    described_source = {**settings, "columns": columns, "tables": others}
    source = file_source(described(described_source, "The file as described", path.parent))
    tables = open_workspace(source).at("latest")
    coverage = what_can_be_answered(tables)
    target.write_text(_suite(settings, columns, others, _pages(coverage, tables)), encoding="utf-8")
    click.echo(f"\n{reconcile(tables).readout()}\n\n{coverage}\n")
    click.echo(f"Written: {target.relative_to(project_root())}\nNext:    crm-lab run {settings['name']}")


def _plain(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text.lower()).strip("_") or "shop"


def _refuse_corrections(corrections: dict[str, str], proposal: Proposal) -> None:
    from crm_lab.data.sources.files import Columns

    problems = [f"there is no role {role!r}; roles are {', '.join(Columns.model_fields)}." for role in corrections
                if role not in Columns.model_fields]  # fmt: skip
    problems += [f"there is no column {column!r}; the file has {', '.join(proposal.header)}."
                 for column in corrections.values() if column not in proposal.header]  # fmt: skip
    if problems:
        raise BadInput("The --column options", problems)


def _need_roles(proposal: Proposal) -> None:
    missing = proposal.missing
    if missing:
        raise BadInput(
            f"No column seems to hold {' and '.join(missing)}; name it, e.g. --column {missing[0]}=YOUR_COLUMN."
        )


def _further_tables(given: dict[str, str], date_format: str | None) -> dict[str, dict[str, Any]]:
    """How to read each further table, as its ``[source.tables.NAME]`` says it."""
    from crm_lab.data.sources.column_roles import propose_table
    from crm_lab.data.sources.further_tables import FURTHER

    unknown = [name for name in given if name not in FURTHER]
    if unknown:
        raise BadInput(f"--table: there is no table {', '.join(unknown)}; the contract has {', '.join(FURTHER)}.")
    made: dict[str, dict[str, Any]] = {}
    for name, path in given.items():
        seen = propose_table(Path(path), FURTHER[name])
        click.echo(f"{name}:")
        _show(Path(path), seen)
        dated = [c.name for c in FURTHER[name].columns if c.dtype == "date" and c.name in seen.columns]
        fits = date_format if date_format in seen.date_formats else None
        made[name] = {
            "path": str(Path(path).resolve()),
            "format": seen.reading.format,
            "delimiter": seen.reading.delimiter,
            "encoding": seen.reading.encoding,
            "decimal": seen.decimal,
            **({"date_format": fits or _only_format(seen, seen.columns[dated[0]])} if dated else {}),
            "columns": dict(seen.columns),
        }
    return made


def _only_format(proposal: Proposal, column: str) -> str:
    if len(proposal.date_formats) == 1:
        return proposal.date_formats[0]
    example = proposal.examples.get(column, "")
    if not proposal.date_formats:
        raise BadInput(f"The dates, e.g. {example!r}, have no format known here; give it with --date-format.")
    raise BadInput(
        f"Day and month cannot be told apart in {example!r} and all other dates looked at;"
        f" say which it is with --date-format: {' or '.join(map(repr, proposal.date_formats))}."
    )


def _show(path: Path, proposal: Proposal) -> None:
    reading = proposal.reading
    dress = f", delimiter {reading.delimiter!r}, encoding {reading.encoding}" if reading.format == "csv" else ""
    click.echo(
        f"{path.name}: {reading.format}{dress}, decimal mark {proposal.decimal!r}; {proposal.rows:,} rows looked at"
    )
    for role, column in proposal.columns.items():
        click.echo(f"  {role:<12} <- {column}  (e.g. {proposal.examples.get(column, 'nothing')!s:.40})")
    if proposal.unused:
        click.echo(f"  not used: {', '.join(proposal.unused)}")


def _pages(coverage: CoverageResult, tables: Tables) -> dict[str, dict[str, Any]]:
    """The pages that can answer, each with the parameters that the length of the history asks for."""
    from crm_lab.data.quality.page_windows import PageWindows
    from crm_lab.project import project_root

    able = ["00_start_here", *(answer.page for answer in coverage.answers if answer.verdict != "no")]
    there = [page for page in able if (project_root() / "notebooks" / f"{page}.ipynb").exists()]
    windows = PageWindows(coverage.size.days)
    fitting = windows.parameters(tables.as_of, categories="products" in tables)
    return {page: fitting.get(page, {}) for page in there}


def _suite(
    settings: dict[str, str],
    columns: dict[str, str],
    others: dict[str, dict[str, Any]],
    pages: dict[str, dict[str, Any]],
) -> str:
    import json

    def table(values: dict[str, Any]) -> str:
        return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())

    further = "".join(
        f"\n[source.tables.{name}]\n{table({k: v for k, v in other.items() if k != 'columns'})}"
        f"[source.tables.{name}.columns]\n{table(other['columns'])}"
        for name, other in others.items()
    )
    runs = "".join(
        f'\n[[page]]\nnotebook = "{page}"\n' + (f"[page.parameters]\n{table(chosen)}" if chosen else "")
        for page, chosen in pages.items()
    )
    return (
        f'title = "{settings["name"]}: what these data can answer"\nopen_box = false\n\n'
        f'[parameters]\nsource = "suites/{settings["name"]}.toml"\nas_of = "latest"\n\n'
        f"[source]\n{table(settings)}\n[source.columns]\n{table(columns)}{further}{runs}"
    )
