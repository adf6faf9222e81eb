"""Names for the columns of a file that SQL can tell apart, whatever its header says."""

from __future__ import annotations

from collections.abc import Iterable

OURS = ("source_row", "broken_row", "file_row_number")
"""Columns that the lab adds to raw rows, beside all that begin with `OURS_BEGIN`."""

OURS_BEGIN = "lab_"


def header_names(header: Iterable[str]) -> list[str]:
    """A name of its own for each column: none empty, none twice (case does not count), none of the lab's.

    >>> header_names(["", "Date", "date", "source_row", " Total "])
    ['column_1', 'Date', 'date_2', 'source_row_2', 'Total']
    """
    made: list[str] = []
    taken = set(OURS)
    for position, given in enumerate(header, start=1):
        name = _plain(given) or f"column_{position}"
        number, free = 1, name
        while free.lower() in taken:
            number += 1
            free = f"{name}_{number}"
        taken.add(free.lower())
        made.append(free)
    return made


def _plain(given: str) -> str:
    name = " ".join(str(given).replace("\x00", "").replace("\ufeff", "").split())
    return f"file_{name}" if name.lower().startswith(OURS_BEGIN) else name
