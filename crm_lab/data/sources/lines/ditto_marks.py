"""Marks that say "as above", as people write them under a day, a customer or an order."""

from __future__ import annotations

from collections.abc import Sequence

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.sql import filled

MARKS = (
    '"', '""', "''", "”", "“", "„", "″", "〃", "do.", "do", "ditto", "dito", "dto.", "dto", "idem", "id.", "same",
    "as above", "wie oben", "s. o.", "s.o.", "ídem", "comme ci-dessus", "同上", "同前", "〃〃",
)  # fmt: skip
"""Marks that mean nothing else, in lower case."""

DASHES = ("-", "--", "–", "—", "―", "－", "...", "…")
"""Marks that may also say that there is nothing."""


def is_mark(column: str, marks: Sequence[str] = MARKS) -> str:
    """SQL condition that a column holds one of some marks and nothing else."""
    return f"coalesce(lower({filled(column)}) in ({', '.join(map(text_of, marks))}), false)"


def with_marks_read(raw: str, columns: Sequence[str], day: str = "") -> str:
    """SQL of the rows in which a mark is what the last row above it says that has none.

    Args:
        raw: SQL of the rows.
        columns: In which marks stand.
        day: The column of the day, where dashes in it are such marks: then they are in these columns of its rows, too.
    """
    if not columns:
        return raw
    read = []
    for column in columns:
        dashed = f" or ({is_mark(day, (*MARKS, *DASHES))} and {is_mark(column, DASHES)})" if day else ""
        mark = f"({is_mark(column)}{dashed})"
        above = f"last_value(case when not {mark} then struct_pack(v := {name_of(column)}) end ignore nulls)"
        read.append(f"case when {mark} then ({above} over (order by source_row)).v else {name_of(column)} end"
                    f" as {name_of(column)}")  # fmt: skip
    return f"select * replace ({', '.join(read)}) from ({raw})"
