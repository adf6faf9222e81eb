"""Files among several that write days or numbers in a form of their own, rewritten into the form of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.dates_and_times import formats_of, moment
from crm_lab.data.sources.raw_rows import PART

MONEY_ROLES = (
    "amount", "price", "price_unit", "quantity", "discount", "refund", "tax", "cost", "line_cost", "order_discount",
    "shipping",
)  # fmt: skip
"""Roles of numbers, which share a decimal mark."""


def in_file(name: str) -> str:
    """SQL condition that a row comes from a file of that name."""
    return f"ends_with({PART}, {text_of(' ' + name)})"


def with_one_mark(raw: str, columns: Mapping[str, str], files: Sequence[str]) -> str:
    """SQL of the rows, point and comma exchanged in the numbers of some files."""
    if not files:
        return raw
    numbers = dict.fromkeys(column for role, column in columns.items() if role in MONEY_ROLES)
    here = " or ".join(map(in_file, files))
    return _replaced(raw, (f"case when {here} then translate({name_of(c)}, '.,', ',.') else {name_of(c)} end"
                           f" as {name_of(c)}" for c in numbers))  # fmt: skip


def with_one_date_form(raw: str, column: str, form: str, files: Mapping[str, str]) -> str:
    """SQL of the rows, the days of some files written as in the others.

    Args:
        raw: SQL of the rows.
        column: With the days.
        form: Of the others.
        files: Name to format.
    """
    if not files:
        return raw
    text, target = name_of(column), text_of(formats_of(form)[0])
    cases = " ".join(
        f"when {in_file(name)} then strftime({moment(text, own)}, {target})" for name, own in files.items()
    )
    return _replaced(raw, (f"case {cases} else {text} end as {text}",))


def _replaced(raw: str, columns: Iterable[str]) -> str:
    return f"select * replace ({', '.join(columns)}) from ({raw})"
