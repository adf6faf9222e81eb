"""``crm-lab claims FILE``: a deck's numbers put to the test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

    from crm_lab.scorecard import AuditResult


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", help="What is written.")
@click.option(
    "--measured",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of values measured on your data (page 23 writes one); without it those of Complete Journey.",
)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of the findings.")
def claims(file: Path, form: str, measured: Path | None, lang: str) -> None:
    """Check whether a deck's numbers hold together.

    FILE is YAML, one document a deck (docs/claims.md). The exit code is 0 without a finding, 1 with
    findings, 2 for a file that cannot be used.
    """
    from crm_lab.scorecard import Auditor, read_claims

    audit = Auditor().analyze(read_claims(file), _measured(measured))
    if form == "json":
        _write_json(audit, lang)
    elif form == "csv":
        from crm_lab.exports import defuse

        click.echo(defuse(audit.sentences(lang)).to_csv(index=False), nl=False)
    else:
        _write_table(audit, lang)
    sys.exit(1 if audit.findings else 0)


def _measured(path: Path | None) -> pd.DataFrame | None:
    if path is None:
        return None
    import pandas as pd

    from crm_lab.checks import BadInput

    try:
        return pd.read_csv(path, encoding="utf-8-sig")
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"'{path}' cannot be read as CSV: {error}. Write it with columns as page 23 does.") from error


def _counts(audit: AuditResult) -> dict[str, int]:
    facts = {fact.id.removeprefix("claims."): fact.value for fact in audit.facts()}
    counts = {name: int(facts[name] or 0) for name in ("wrong", "unclear", "holds")}
    return {"decks": len(audit.claims.decks), "claims": len(audit.claims.claims), **counts}


def _write_json(audit: AuditResult, lang: str) -> None:
    import json

    findings = audit.sentences(lang).to_dict("records")
    for row, finding in zip(findings, audit.findings, strict=True):
        row["claims"] = list(finding.names)
    click.echo(json.dumps({**_counts(audit), "findings": findings}, ensure_ascii=False, indent=2))


def _write_table(audit: AuditResult, lang: str) -> None:
    import shutil

    from rich.console import Console
    from rich.padding import Padding

    from crm_lab.messages import Message

    console = Console(width=max(60, shutil.get_terminal_size((100, 24)).columns), highlight=False, markup=False)
    console.print(Message("claims.cli.heading", _counts(audit)).text(lang))
    if not audit.findings:
        console.print(Message("claims.cli.clean").text(lang))
    for row in audit.shown(lang).to_dict("records"):
        console.print(f"\n{row['severity']} · {row['kind']} · {row['claims']}", style="bold")
        console.print(Padding(row["finding"], (0, 0, 0, 2)))
        console.print(Padding(Message("claims.cli.ask", {"ask": row["ask"]}).text(lang), (0, 0, 0, 2)), style="dim")
