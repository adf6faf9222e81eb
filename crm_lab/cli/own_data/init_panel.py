"""``crm-lab init`` for a panel: a file of cities or stores over time becomes a suite of page 18."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_lab.checks import BadInput
from crm_lab.messages import Message

if TYPE_CHECKING:
    from crm_lab.experiments.origins.panels.column_roles_of_a_panel import PanelColumns
    from crm_lab.experiments.origins.panels.panel_checks import PanelChecks
    from crm_lab.experiments.origins.panels.panel_rows import TextTable

PAGE = "18_can_five_cities_decide"
_ROLES = ("unit", "date", "value", "treated_from", "treated", "after")
_TERMS = {"margin_share": 0.4, "cost": 5000.0, "roi_target": 1.5}
_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class PanelOptions:
    """What the user said on the command line, beside the path."""

    name: str
    columns: dict[str, str]
    sure: bool = False
    date_format: str = ""
    decimal: str = ""
    currency: str = ""
    ignored: tuple[str, ...] = ()
    missing: str = ""
    same_period: str = ""
    treated: str = ""
    start: str = ""
    until: str = ""
    every: str = ""
    margin_share: float | None = None
    cost: float | None = None
    cost_of: str = ""
    roi_target: float | None = None


def is_panel(path: Path, columns: dict[str, str], ignored: tuple[str, ...], *, purchases: bool) -> bool:
    """Whether a file's first rows are a panel.

    Raises:
        BadInput: If they can be read as purchases, too.
    """
    from crm_lab.data.sources.first_look.first_rows import SAMPLE
    from crm_lab.experiments.origins.panels.column_roles_of_a_panel import looks_like_a_panel
    from crm_lab.experiments.origins.panels.panel_rows import text_table

    return looks_like_a_panel(text_table(path, SAMPLE), columns, ignored, purchases=purchases)


def init_panel(path: Path, options: PanelOptions, target: Path) -> None:
    """Say what the file seems to be, check it, and write the suite.

    Raises:
        BadInput: If something can be read in two ways or the panel cannot be used; nothing is written then.
    """
    from crm_lab.experiments.origins.panels.column_roles_of_a_panel import recognise
    from crm_lab.experiments.origins.panels.panel_file import PanelFile
    from crm_lab.experiments.origins.panels.panel_rows import text_table

    table = text_table(path)
    found = recognise(
        table, options.columns, options.date_format, sure=options.sure, ignored=options.ignored
    )  # fmt: skip
    settings = _settings(path, table, found, options)
    click.echo(_text("is_one", file=path.name, layout=Message(f"door.panel.layout.{found.columns.layout}"),
                     rows=len(table.frame)))  # fmt: skip
    _show(table, found, settings)
    checks = PanelFile(**settings).checked()
    settings["every"] = checks.every
    target.write_text(_suite(options, settings), encoding="utf-8")
    _say(checks, options)
    click.echo(_text("written", file=f"{target.parent.name}/{target.name}", name=shlex.quote(options.name)))


def _text(key: str, **values: Any) -> str:
    """A sentence of `init` about a panel, in the language of who reads it."""
    return Message(f"door.panel.{key}", values).text()


def _settings(path: Path, table: TextTable, found: PanelColumns, options: PanelOptions) -> dict[str, Any]:
    """Keys of ``[panel]``, those that say nothing left out."""
    columns = found.columns
    named = {"unit": columns.unit, "date": columns.date, "value": columns.value}
    marks: dict[str, Any] = {"treated_from": found.treated_from, "treated": found.treated, "after": found.after}
    if options.treated:
        marks = {"treated": _who(table, columns.unit or "", columns.of, options.treated)}
    wide = columns.layout != "long"
    taken = {*named.values(), *columns.of, *(v for v in marks.values() if isinstance(v, str))}
    ignored = [name for name in table.header if name not in taken] if wide else []
    given: dict[str, Any] = {
        "file": str(path.resolve()), "layout": columns.layout, **named, **marks,
        "ignored": list(dict.fromkeys([*ignored, *(options.ignored if wide else ())])),
        "start": options.start, "until": options.until, "every": options.every, "date_format": options.date_format,
        "decimal": options.decimal if options.decimal in (".", ",") else "", "same_period": options.same_period,
        "missing": options.missing, "currency": options.currency, "margin_share": options.margin_share,
        "cost": options.cost, "cost_of": options.cost_of, "roi_target": options.roi_target,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value not in ("", None, [])}


def _who(table: TextTable, unit: str, of: tuple[str, ...], text: str) -> str | list[str]:
    """The units that a text names, separated by commas; or a column."""
    names = list(of) if not unit else table.frame[unit].str.strip().unique().tolist()
    if text in names:
        return [text]
    given = [name.strip() for name in text.split(",") if name.strip()]
    if all(name in names for name in given):
        return given
    if text in table.header:
        return text
    known = {name.casefold(): name for name in names}
    if all(name.casefold() in known for name in given):
        return [known[name.casefold()] for name in given]
    wrong = ", ".join(name for name in given if name.casefold() not in known)
    raise BadInput(_text("one_of_both", text=wrong, units=", ".join(sorted(names)[:_SHOWN])))


def _show(table: TextTable, found: PanelColumns, settings: dict[str, Any]) -> None:
    for role in _ROLES:
        column = settings.get(role)
        if isinstance(column, str):
            seen = table.frame[column].str.strip()
            seen = seen[seen != ""]
            example = Message("door.test.example", {"value": f"{seen.iloc[0]:.40}"}).text() if len(seen) else ""
            click.echo(f"  {_padded(_text(f'role.{role}'))} <- {column}{example}")
    if found.columns.of:
        role = "unit" if found.columns.layout == "columns" else "date"
        first = ", ".join(found.columns.of[:_SHOWN])
        click.echo(f"  {_padded(_text(f'role.{role}'))} <- {len(found.columns.of):,} ({first}, ...)")
    named = [value for value in settings.values() if isinstance(value, str)]
    if unused := [name for name in found.unused if name not in named]:
        click.echo(f"  {_text('unused', unused=', '.join(unused))}")


def _padded(label: str) -> str:
    """A label of 16 places, Chinese letters taking two."""
    return label + " " * (16 - len(label) - sum(ord(letter) > 0x2E80 for letter in label))


def _say(checks: PanelChecks, options: PanelOptions) -> None:
    from crm_lab.experiments.origins.panels.panel_rows import listed, shown

    click.echo("")
    for note in checks.notes:
        click.echo(note.text())
    starts: dict[str, list[str]] = {}
    for unit, first in checks.treatment.since.items():
        until = checks.treatment.until.get(unit)
        ended = f", {_text('treated_until', until=shown(until, checks.every))}" if until is not None else ""
        starts.setdefault(f"{shown(first, checks.every)}{ended}", []).append(unit)
    for start, units in sorted(starts.items()):
        click.echo(_text("treated_since", start=start, units=listed(units, _SHOWN)))
    if not starts:
        click.echo(_text("nobody"))
    if open_terms := [name for name in _TERMS if getattr(options, name) is None]:
        click.echo(f"{_text('terms_open', names=', '.join(open_terms))} {_text('no_money')}")
    click.echo(_text("pages") + "\n")


def _suite(options: PanelOptions, settings: dict[str, Any]) -> str:
    panel = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items())
    says = {"margin_share": "margin_says", "cost": "cost_says", "roi_target": "target_says"}
    asked = "".join(
        f"# {name} = {example}  # {_text(says[name])}\n" for name, example in _TERMS.items() if name not in settings
    )
    if "cost_of" not in settings:
        asked += f'# cost_of = "total"  # {_text("cost_of_says")}\n'
    return (
        f'title = "{_text("title", name=options.name)}"\nopen_box = false\n\n'
        f'[parameters]\nsource = ""  # {_text("no_tables")}\npanel_file = "suites/{options.name}.toml"\n\n'
        f'[panel]\n{panel}{asked}\n[[page]]\nnotebook = "{PAGE}"\n'
    )
