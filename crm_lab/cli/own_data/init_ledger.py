"""``crm-lab init`` for a ledger of points: columns, words and signs of an export are recognised or asked."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crm_lab.data.sources.point_ledgers.ledger_reading import OwnLedger


def ledger_table(path: Path, options: dict[str, Any], parse: Callable[[list[str]], dict[str, Any]]) -> dict[str, Any]:
    """How to read an export, as ``[source.tables.rewards]`` says it; what can be read in two ways is asked.

    Args:
        path: The file.
        options: Of the command line.
        parse: Reads the answer to a question, options as on the command line.

    Returns:
        Keys of the table.

    Raises:
        BadInput: If a question is open and nobody can answer, or the file cannot be used.
    """
    from crm_lab.data.sources.point_ledgers.ledger_reading import read_own_ledger

    kinds, columns = (_pairs(options[name]) for name in ("point_kinds", "point_columns"))
    while True:
        found = read_own_ledger(path, kinds, columns, options["date_format"] or "")
        _show(path, found)
        if not found.questions:
            return found.settings
        if not sys.stdin.isatty():
            found.raise_questions()
        for question in found.questions:
            said = parse([str(path), *shlex.split(_answer(question))])
            kinds |= _pairs(said["point_kinds"])
            columns |= _pairs(said["point_columns"])


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    """``WORD=MEANING`` as a mapping; the word may hold a sign of equality."""
    return dict(pair.rpartition("=")[::2] for pair in given)


def _answer(question: Any) -> str:
    from crm_lab.data.sources.evidence.findings import say

    click.echo(f"\n{question.sentence}")
    for number, option in enumerate(question.options, start=1):
        click.echo(f"  {number}  {option.words}   [{option.flags}]")
    said = str(click.prompt(str(say("form.prompt"))))
    chosen = said.isdigit() and 1 <= int(said) <= len(question.options)
    return str(question.options[int(said) - 1].flags) if chosen else said


def _show(path: Path, found: OwnLedger) -> None:
    from crm_lab.data.sources.evidence.findings import say

    click.echo(f"rewards: {path.name}")
    ledger = found.settings["ledger"]
    for role, column in {**ledger.get("roles", {}), **{v: k for k, v in ledger.get("parts", {}).items()}}.items():
        click.echo(say("ledger.role", role=role, column=column).text())
    for finding in found.findings:
        click.echo(f"  {finding}")
    if found.unused:
        click.echo(say("form.unused", columns=", ".join(found.unused)).text())
