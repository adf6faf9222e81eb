"""Pieces of SQL that every file source is read with."""

from __future__ import annotations


def name_of(column: str) -> str:
    """A column's name as SQL."""
    return '"' + column.replace('"', '""') + '"'


def text_of(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def number(column: str, decimal: str) -> str:
    """A column of text as an exact number, marks of thousands left out; null where it is none."""
    digits = (
        f"replace(replace({name_of(column)}, '.', ''), ',', '.')"
        if decimal == ","
        else (f"replace({name_of(column)}, ',', '')")
    )
    return f"try_cast(trim({digits}) as decimal(18,4))"


def customer(expression: str) -> str:
    """A customer number; where it went through a float column the ``.0`` is taken off."""
    return rf"regexp_replace({expression}, '^(\d+)\.0$', '\1')"
