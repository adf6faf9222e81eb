"""Names and texts of users as SQL: the only functions that quote them."""

from __future__ import annotations

from pathlib import Path


def name_of(column: str) -> str:
    """A column's name as SQL."""
    return '"' + column.replace('"', '""') + '"'


def text_of(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def path_of(path: Path) -> str:
    """A file's path as SQL for a reading function, which would take ``[1]``, ``*`` and ``?`` for patterns.

    >>> path_of(Path("/shop/sales[1].csv"))
    "'/shop/sales[[]1].csv'"
    """
    return text_of(no_pattern(path))


def no_pattern(path: Path) -> str:
    """A path as a pattern that only fits itself."""
    return "".join(f"[{c}]" if c in "[*?" else c for c in str(path))
