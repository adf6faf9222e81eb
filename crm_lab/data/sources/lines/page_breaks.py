"""Reports on pages: the header, and a title above it, stand again among the rows."""

from __future__ import annotations

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.sql import filled

_TITLES = 3
"""Rows of a page's foot and of the next one's title, above its header."""


def with_page_breaks(raw: str, date: str, customer: str) -> str:
    """SQL of the rows with ``lab_page``: whether a row is a header again, or belongs to the title or foot above it.

    Args:
        raw: SQL of the rows.
        date: Column of the day.
        customer: Column of the customer.
    """
    again = " and ".join(f"coalesce({filled(c)} = {text_of(c)}, false)" for c in (date, customer))
    below = " or ".join(f"lead(lab_again, {place}, false) over w" for place in range(1, _TITLES + 1))
    empty = f"{filled(date)} is null and {filled(customer)} is null"
    return (
        f"select * exclude (lab_again), lab_again or ({empty} and ({below})) as lab_page"
        f" from (select *, {again} as lab_again from ({raw})) window w as (order by source_row)"
    )
