"""Facts of a table's rows, and names of groups as parts of facts' ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from crm_lab.messages import Message
from crm_lab.number_format import table_html as table_html  # noqa: PLC0414 - found here by others
from crm_lab.results import Fact, Interval


def id_part(name: object) -> str:
    """A group's name as part of a fact's id: letters and digits of any script, joined by underscores.

    >>> id_part("Cannot lose"), id_part("top_1_percent"), id_part("核心客户")
    ('cannot_lose', 'top_1_percent', '核心客户')
    """
    return "_".join(re.findall(r"\w+", str(name).lower())) or "unnamed"


def facts_of(
    frame: pd.DataFrame,
    id: str,  # noqa: A002 - what a fact calls it
    label: str | Callable[[Mapping[str, Any]], Message],
    value: str,
    unit: str = "",
    *,
    ends: tuple[str, str] | None = None,
    level: float = 0.95,
    n: str | int | None = None,
    **shared: Any,
) -> tuple[Fact, ...]:
    """One fact for each row of a table.

    Args:
        frame: The table.
        id: Id with the columns that go into it, as in ``tiers.{tier}.share``.
        label: Key of the label, which finds the row's columns as its values; or what makes a label of a row.
        value: Column with the number; a missing one is no number.
        unit: As in `Fact`.
        ends: Columns with the ends of the interval; rows without them have none.
        level: Of the intervals.
        n: Column with the units a row rests on, or their number for all.
        **shared: What else they have in common: kind, window, ...; a refusal may be a column of reasons or nothing.

    >>> table = pd.DataFrame({"tier": ["A", "B"], "share": [0.5, 0.3], "customers": [20, 30]})
    >>> [(fact.id, fact.value, fact.n) for fact in facts_of(table, "t.{tier}", "t", "share", "share", n="customers")]
    [('t.a', 0.5, 20), ('t.b', 0.3, 30)]
    """
    facts, reason = [], shared.get("refusal")
    rows: Any = frame.rename(columns=str).to_dict("records")
    for row in rows:
        number = None if pd.isna(row[value]) else row[value]
        lo, hi = (row[ends[0]], row[ends[1]]) if ends else (None, None)
        ci = None if ends is None or pd.isna(lo) or pd.isna(hi) else Interval(lo, hi, level)
        name = id.format_map({column: id_part(cell) for column, cell in row.items()})
        count = int(row[n]) if isinstance(n, str) else n
        words = Message(label, row) if isinstance(label, str) else label(row)
        own = {"refusal": row[reason] or None} if isinstance(reason, str) else {}
        facts.append(Fact(name, words, number, unit, ci=ci, n=count, **shared | own))
    return tuple(facts)
