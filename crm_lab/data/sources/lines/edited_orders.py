"""Orders that stand in two files in two versions: edited between two exports, so that only the latest one counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_lab.data.quoting import name_of
from crm_lab.data.sources.lines.row_meaning import in_part
from crm_lab.data.sources.lines.several_files import LAST, OVERLAP
from crm_lab.data.sources.sql import filled

_MONEY = ("amount", "price", "quantity")


def same_order(columns: Mapping[str, str], within: Sequence[str] = ()) -> str:
    """SQL of what makes an order one across files: its number, and within what it counts; its customer may be edited.

    Args:
        columns: Role to column.
        within: Roles within which an order number is one order's.
    """
    parts = [columns[role] for role in ("order_id", *within) if role in columns]
    key = f"concat_ws('|', {', '.join(map(filled, parts))})"
    return f"(case when {filled(columns['order_id'])} is not null then {key} end)"


def sells(columns: Mapping[str, str], parts: Mapping[str, str] | None = None) -> str:
    """SQL condition that nothing negative stands in a row, nor a name that says return: what it tells is a sale.

    Args:
        columns: Role to column.
        parts: What the name of a file or sheet holds to what its rows are.
    """
    held = [name_of(columns[role]) for role in _MONEY if role in columns]
    signs = [f"not regexp_matches(coalesce({c}, ''), '^\\s*[-−(]|-\\s*$')" for c in held]
    other = [f"not {in_part(word)}" for word, means in (parts or {}).items() if means != "sale"]
    return " and ".join(signs + other) or "true"


def latest_versions(
    raw: str, columns: Mapping[str, str], within: Sequence[str] = (), parts: Mapping[str, str] | None = None
) -> str:
    """SQL of the rows with `OVERLAP` also for those that the last file with their order does not have any more.

    Args:
        raw: SQL of the rows with `LAST` and `OVERLAP`.
        columns: Role to column.
        within: Roles within which an order number is one order's.
        parts: What the name of a file or sheet holds to what its rows are; returns are no version of a sale.
    """
    if "order_id" not in columns:
        return raw
    sold = f"broken_row is null and {sells(columns, parts)}"
    last = f"max({LAST}) filter ({sold}) over (partition by {same_order(columns, within)})"
    gone = f"{same_order(columns, within)} is not null and {sold} and {LAST} < {last}"
    return f"select * replace ({OVERLAP} or coalesce({gone}, false) as {OVERLAP}) from ({raw})"
