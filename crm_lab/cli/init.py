"""``crm-lab init PATH…``: look at a retailer's file, propose how to read it, write a suite for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_lab.checks import as_name

if TYPE_CHECKING:
    from crm_lab.data.sources.first_look.first_rows import Look


@click.command("init")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", help="Name of the suite; by default the file's.")
@click.option("--date-format", help="strptime format of the dates, e.g. '%d/%m/%Y %H:%M', epoch or excel.")
@click.option("--currency", help="ISO code of the amounts; by default the file's, else EUR.")
@click.option("--keep-currency", help="Of several currencies the one to keep.")
@click.option(
    "--rate",
    "rates",
    multiple=True,
    metavar="CODE=RATE|FILE",
    help="What a unit of CODE is in --currency; or a file of codes and rates.",
)
@click.option("--timezone", help="The retailer's time zone, e.g. Europe/London; by default UTC.")
@click.option("--cancelled", help="Regular expression on order numbers that take back an order, e.g. '^C'.")
@click.option(
    "--decimal", type=click.Choice([".", ",", ".,"]), help="Decimal mark; '.,' where each number has its own."
)
@click.option("--amount-is", type=click.Choice(["line", "gross", "order_total"]), help="What the amount is of.")
@click.option(
    "--discount-is",
    type=click.Choice(["amount", "unit", "share", "percent", "paid_share"]),
    help="What the discount is in.",
)
@click.option(
    "--status",
    multiple=True,
    metavar="WORD=MEANING",
    help="What a status means: sale, no_sale or return; 'usual' takes the proposal.",
)
@click.option(
    "--product",
    "products",
    multiple=True,
    metavar="WORD=MEANING",
    help="What a product is that is no merchandise: sale, fee, no_sale or discount; 'usual' takes the proposal.",
)
@click.option(
    "--part",
    "parts",
    multiple=True,
    metavar="WORD=MEANING",
    help="What files or sheets are whose name holds a word: sale, no_sale or return.",
)
@click.option(
    "--order-prefix",
    "prefixes",
    multiple=True,
    metavar="LETTERS=MEANING",
    help="What orders are whose numbers begin with some letters: sale, no_sale or return.",
)
@click.option("--nobody", multiple=True, metavar="ID", help="A customer number that is nobody's.")
@click.option("--somebody", multiple=True, metavar="ID", help="A customer number that is somebody's all the same.")
@click.option("--customer-case", type=click.Choice(["same", "apart"]), help="Customer numbers that differ in capitals.")
@click.option("--ignore", "ignored", multiple=True, metavar="COLUMN", help="A column that is not to be read.")
@click.option("--repeats", type=click.Choice(["set_aside", "kept"]), help="What a line twice in an order is.")
@click.option(
    "--overlap",
    type=click.Choice(["once", "kept", "latest"]),
    help="What rows that stand in two files count; latest: of an order in two versions only the last file's.",
)
@click.option("--sheet", "sheets", multiple=True, metavar="NAME", help="Of a workbook a sheet to read.")
@click.option("--amount-unit", type=float, help="What one of the amounts is in the currency: 0.01 for cents.")
@click.option("--counts-only", is_flag=True, help="The file has no amounts.")
@click.option(
    "--column",
    "chosen",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="Set or correct a column, e.g. amount=Net; ROLE= takes a role away.",
)
@click.option(
    "--table",
    "further",
    multiple=True,
    metavar="NAME=PATH",
    help="A further table of the contract, e.g. costs=costs.csv.",
)
@click.option(
    "--point-kind",
    "point_kinds",
    multiple=True,
    metavar="WORD=KIND",
    help="In a ledger of points: what a word means: earn, redeem, expire, ...; + and - are signs without a word.",
)
@click.option(
    "--point-column",
    "point_columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="In a ledger of points: set a column, e.g. points=Delta; ROLE= takes a role away.",
)
@click.option(
    "--as",
    "kind",
    type=click.Choice(["purchases", "test", "panel"]),
    help="What the file holds; seen by itself as a rule.",
)
@click.option("--control", default="", help="In a test: name of the control arm.")
@click.option("--treatment", default="", help="In a test: name of the arm read against it, where there are several.")
@click.option("--control-share", type=click.FloatRange(0, 1), help="In a test: planned share of the control arm.")
@click.option(
    "--missing-outcome",
    type=click.Choice(["zero", "drop"]),
    help="In a test or panel: what a unit, or a period of one, without a value is.",
)
@click.option("--assignment", type=click.Choice(["random", "chosen"]), help="In a test: how units came into their arm.")
@click.option("--as-of", metavar="DATE", help="In a test: day the file was written; outcome windows must have ended.")
@click.option("--treated", default="", metavar="NAMES", help="In a panel: the treated units, or a column that says so.")
@click.option("--start", default="", metavar="DATE", help="In a panel: first day of the treatment of all of them.")
@click.option("--until", default="", metavar="DATE", help="In a panel: last day of it, where it ended.")
@click.option(
    "--every",
    type=click.Choice(["day", "week", "month", "quarter", "year", "number"]),
    help="In a panel: what days are put together to; as in the file unless given.",
)
@click.option(
    "--same-period",
    type=click.Choice(["sum", "copies"]),
    help="In a panel: what several rows of a unit and period are.",
)
@click.option("--margin-share", type=click.FloatRange(0, 1, min_open=True), help="In a panel: gross margin as a share.")
@click.option("--cost", type=click.FloatRange(0), help="In a panel: what the programme cost.")
@click.option(
    "--cost-of",
    type=click.Choice(["total", "unit", "unit_period"]),
    help="In a panel: whether that is in all, of a treated unit, or of one and a period.",
)
@click.option("--roi-target", type=float, help="In a panel: the return on investment that was asked for.")
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language of the questions and of what is reported.")
@click.option("--force", is_flag=True, help="Write over a suite of that name.")
def init(paths: tuple[Path, ...], **options: Any) -> None:
    """Look at files, propose how to read them, and write a suite of the pages they can answer.

    PATHS are files of purchases in any order (several of one form or a folder of them are read as one; others are
    joined to the lines of sales by a column they share), a test with one row per unit (an arm, outcomes, what was
    known before), or a panel of cities or stores over time (unit, date, value).
    """
    with _speaking(options["lang"]):
        _init(paths, options)


@contextmanager
def _speaking(lang: str | None) -> Iterator[None]:
    """A language for what is asked and reported inside."""
    before = os.environ.get("CRM_LAB_LANG")
    os.environ.update({"CRM_LAB_LANG": lang} if lang else {})
    try:
        yield
    finally:
        os.environ.pop("CRM_LAB_LANG", None)
        os.environ.update({"CRM_LAB_LANG": before} if before else {})


def _init(paths: tuple[Path, ...], options: dict[str, Any]) -> None:
    from crm_lab.cli.own_data.init_purchases import init_purchases
    from crm_lab.data.sources.first_look.first_rows import look_at
    from crm_lab.data.sources.lines.several_files import files_in
    from crm_lab.data.sources.refusal import refused
    from crm_lab.project import project_root

    own = _plain(paths[0].resolve().name.split(".")[0])
    options["name"] = as_name(own if options["name"] is None else options["name"], "name of the suite")
    options["chosen"] = dict(pair.partition("=")[::2] for pair in options["chosen"])
    target = project_root() / "suites" / f"{options['name']}.toml"
    first = next(iter(files_in(paths[0])), paths[0])
    look = look_at(first)
    alone = len(paths) == 1 and first == paths[0]
    kind = options["kind"] or (_kind(first, look, options) if alone else "purchases")
    if target.exists() and not options["force"]:
        raise refused("suite_exists", name=target.name)
    if kind == "panel":
        _panel(first, target, options)
        return
    if kind == "purchases":
        init_purchases(paths, target, options, lambda words: init.make_context("init", words).params)
        return
    from crm_lab.cli.own_data.init_test import TestOptions, init_test

    given = TestOptions(
        options["name"], options["chosen"], options["control"], options["control_share"], options["as_of"],
        options["date_format"] or "", options["currency"] or "EUR", options["treatment"],
        options["missing_outcome"] or "", options["assignment"] or "",
    )  # fmt: skip
    init_test(first, look, given, target)


def _kind(path: Path, look: Look, options: dict[str, Any]) -> str:
    """What a file holds: a panel, a test with one row per unit, or else purchases."""
    from crm_lab.cli.own_data.init_panel import is_panel
    from crm_lab.data.sources.first_look.column_roles import propose
    from crm_lab.experiments.origins.column_roles_of_a_test import looks_like_a_test

    purchases, chosen = not propose(path).missing, options["chosen"]
    if is_panel(path, chosen, tuple(options["ignored"]), purchases=purchases):
        return "panel"
    return "test" if looks_like_a_test(look, chosen.get("arm", ""), purchases=purchases) else "purchases"


def _panel(path: Path, target: Path, options: dict[str, Any]) -> None:
    from crm_lab.cli.own_data.init_panel import PanelOptions, init_panel

    said = ("same_period", "treated", "start", "until", "every", "cost_of", "date_format", "decimal", "currency")
    words: dict[str, Any] = {name: options[name] or "" for name in said}
    words |= {name: options[name] for name in ("margin_share", "cost", "roi_target")}
    given = PanelOptions(
        name=options["name"], columns=options["chosen"], sure=options["kind"] == "panel",
        ignored=tuple(options["ignored"]), missing=options["missing_outcome"] or "", **words,
    )  # fmt: skip
    init_panel(path, given, target)


def _plain(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text.lower()).strip("_") or "shop"
