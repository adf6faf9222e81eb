"""``crm-lab activate``: SQL of a saved scoring for a warehouse, files for a tool that sends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    import pandas as pd

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def activate() -> None:
    """Bring segments and lists to where they are used: a warehouse, a tool that sends."""


@activate.command()
@click.argument("scoring", type=click.Path(path_type=Path))
@click.option("--dialect", default="duckdb", show_default=True, help="duckdb, snowflake, bigquery or postgres.")
@click.option("--table", default="transactions", show_default=True, help="The receipt lines, with their schema.")
@click.option("--column", "columns", multiple=True, metavar="OURS=THEIRS", help="A column's name there; empty: none.")
@click.option("--other", "tables", multiple=True, metavar="OURS=THEIRS", help="products, stores, customers or tiers.")
@click.option("--as-of", help="Last day that counts: a day, or today for that of each run (default: the scoring's).")
@click.option("--window-days", type=int, help="Days that end with it (default: the segment's own, else all).")
@click.option("--segment", default="", help="Which segment of a file with several rules.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write instead of showing the query.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of what is said.")
def sql(
    scoring: Path, columns: tuple[str, ...], tables: tuple[str, ...], out: Path | None, lang: str, **given: Any
) -> None:
    """SQL that computes every customer's segment from the receipt lines.

    SCORING is a file that a page saved: an RFM scoring, shopper segments, or segments by rule.
    """
    from crm_lab.activation import segment_sql
    from crm_lab.exports import write_whole
    from crm_lab.messages import Message

    names, others = _pairs(columns, "--column"), _pairs(tables, "--other")
    text = segment_sql(scoring.absolute(), columns=names, tables=others, **given)
    if out is None:
        click.echo(text)
        return
    write_whole(out, f"{text}\n".encode())
    click.echo(Message("activate.sql_written", {"dialect": given["dialect"], "file": out}).text(lang))


@activate.command()
@click.argument("file", type=_FILE)
@click.option("--target", default="plain", show_default=True, help="klaviyo, braze, hubspot, wecom or plain.")
@click.option("--arm", default="arm", show_default=True, help="Column with the arm; empty where there is none.")
@click.option("--held-out", "held_out", multiple=True, help="An arm that nobody sends to (default: control, holdout).")
@click.option("--nobody-held-out", is_flag=True, help="Say that every arm is sent to.")
@click.option(
    "--consent", default="consent", show_default=True, help="Column with consent; empty: the tool keeps to it."
)
@click.option(
    "--property", "properties", multiple=True, help="A column that goes along (default: segment, action, ...)."
)
@click.option("--country", default="", help="ISO code of telephone numbers without a country's, e.g. CN.")
@click.option("--addresses", type=_FILE, help="CSV or Parquet with customer_id and addresses.")
@click.option("--map-back", "identities", type=_FILE, help="Turn pseudonyms into the ids they stand for, by this map.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@click.option("--name", default="audience", show_default=True, help="What the files' names begin with.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of what is said.")
def audience(  # noqa: PLR0913, PLR0917 - one argument per option
    file: Path, held_out: tuple[str, ...], nobody_held_out: bool, properties: tuple[str, ...], addresses: Path | None,
    identities: Path | None, out: Path, name: str, lang: str, **given: Any,
) -> None:  # fmt: skip
    """The file that a tool imports, from a list of customers; who is held out is in a file of its own.

    FILE is CSV or Parquet with customer_id, the arm, consent and what the tool is to know.
    """
    from crm_lab.activation import Audience
    from crm_lab.messages import Message, as_message

    if held_out and nobody_held_out:
        raise BadInput("Both --held-out and --nobody-held-out are given; leave one out.")
    if held_out or nobody_held_out:
        given["held_out"] = held_out
    if properties:
        given["properties"] = properties
    spec = Audience(**given, map_back=identities is not None)
    found = spec.analyze(_table(file), *(None if path is None else _table(path) for path in (addresses, identities)))
    paths = found.save(out, name)
    said = found.readout()
    click.echo("\n".join(as_message(part).text(lang) for part in (said.finding, said.certainty, said.action)))
    files = ", ".join(path.name for path in paths)
    click.echo(Message("activate.audience_written", {"folder": out, "files": files}).text(lang))


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise BadInput(f"{option} is {', '.join(map(repr, wrong))}; write OURS=THEIRS.")
    return {ours.strip(): theirs.strip() for ours, _, theirs in (text.partition("=") for text in given)}


def _table(path: Path) -> pd.DataFrame:
    """A list as text, so that no id loses a zero; Parquet as it is."""
    import pandas as pd

    if path.suffix.lower() != ".parquet":
        return _csv(path)
    try:
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise BadInput(f"{path.name} cannot be read as Parquet: {error}.") from error


def _csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} cannot be read as CSV: {error}. Write it as UTF-8 with commas.") from error
