"""Tables that cannot be a list of sales, whatever their columns are called: no header, no rows, months as columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crm_lab.data.sources.first_look.column_roles import Proposal
from crm_lab.data.sources.first_look.column_vocabulary import known_names
from crm_lab.data.sources.first_look.value_looks import is_period, looks_like_numbers, reads_as_date
from crm_lab.data.sources.refusal import refused

_MONTHS = 3
_QUOTED = 0.9


def refuse_no_list_of_sales(proposal: Proposal, values: Mapping[str, Sequence[str]]) -> None:
    """Refuse a table without rows, without names of columns, with periods as columns, or in single quotes.

    Raises:
        BadInput: With what to do.
    """
    name, header = proposal.reading.path.name, proposal.header
    if proposal.rows == 0:
        raise refused("header_only", name=name)
    periods = [column for column in header if _is_period(column) or _is_period(column.rpartition("_")[0])]
    if len(periods) >= _MONTHS and "date" not in proposal.columns:
        raise refused("crosstab", name=name, columns=", ".join(periods[:3]))
    days = [column for column in header if reads_as_date([column])]
    numbers = [column for column in header if looks_like_numbers([column])]
    if not known_names(header) and (days or len(numbers) > 1):
        raise refused("no_header", name=name, columns=", ".join(header[:4]))
    quoted = [seen for seen in values.values() if seen and all(_is_quoted(value) for value in seen[:50])]
    if len(quoted) >= _QUOTED * len(header):
        raise refused("single_quotes", name=name)


def _is_period(column: str) -> bool:
    return is_period(column) or re.fullmatch(r"(?:19|20)\d\d", column) is not None


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] == "'"
