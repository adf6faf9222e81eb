"""The text of the suite that ``crm-lab init`` writes for purchases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def suite_text(
    settings: Mapping[str, Any],
    columns: Mapping[str, str],
    others: Mapping[str, Mapping[str, Any]],
    joined: Sequence[Mapping[str, Any]],
    pages: Mapping[str, Mapping[str, Any]],
) -> str:
    """A suite as TOML.

    Args:
        settings: Keys of the source.
        columns: Role to column.
        others: Further tables of the contract.
        joined: Files that add columns.
        pages: Pages with their parameters.
    """
    further = "".join(
        f"\n[source.tables.{name}]\n{_table({k: v for k, v in other.items() if not isinstance(v, dict)})}"
        f"{_tables_in(f'source.tables.{name}', other)}"
        for name, other in others.items()
    )
    more = "".join(f"\n[[source.joined]]\n{_table(one)}" for one in joined)
    runs = "".join(
        f'\n[[page]]\nnotebook = "{page}"\n' + (f"[page.parameters]\n{_table(chosen)}" if chosen else "")
        for page, chosen in pages.items()
    )
    plain = {key: value for key, value in settings.items() if not isinstance(value, dict)}
    nested = {key: value for key, value in settings.items() if isinstance(value, dict) and value}
    tables = "".join(f"\n[source.{key}]\n{_table(value)}" for key, value in nested.items())
    return (
        f'title = "{settings["name"]}: what these data can answer"\nopen_box = false\n\n'
        f'[parameters]\nsource = "suites/{settings["name"]}.toml"\nas_of = "latest"\n\n'
        f"[source]\n{_table(plain)}\n[source.columns]\n{_table(columns)}{tables}{more}{further}{runs}"
    )


def _tables_in(name: str, values: Mapping[str, Any]) -> str:
    """Tables inside a table, each under its name."""
    inside = ((f"{name}.{key}", value) for key, value in values.items() if isinstance(value, dict))
    return "".join(
        f"[{place}]\n{_table({k: v for k, v in value.items() if not isinstance(v, dict)})}{_tables_in(place, value)}"
        for place, value in inside
    )


def _table(values: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(key, value)}\n" for key, value in values.items())


def _value(key: str, value: Any) -> str:
    """JSON, which TOML reads, too; what speaks for the reading stands a line each, with a word on what it is."""
    if key != "evidence":
        return json.dumps(value, ensure_ascii=False)
    lines = "".join(f"    {json.dumps(line, ensure_ascii=False)},\n" for line in value)
    return f"[  # how the file is read, and what speaks for it; page 01 repeats it\n{lines}]"


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else json.dumps(name, ensure_ascii=False)
