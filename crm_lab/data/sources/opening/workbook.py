"""Excel files and their like: which sheets hold the rows, and those rows as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from crm_lab.data.sources.opening.text_file import header_at
from crm_lab.data.sources.opening.workbook_cells import cells, hidden_sheets, sheet_names
from crm_lab.data.sources.refusal import refused

_LOOKED_AT = 60


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it seems.

    Attributes:
        name: Its name.
        skip_rows: Rows above its header.
        header: Names of its columns; empty where it holds no table.
        rows: Rows below it among the first ones looked at.
        hidden: Whether a person who opens the workbook does not see it.
    """

    name: str
    skip_rows: int
    header: tuple[str, ...]
    rows: int
    hidden: bool = False


def sheets_of(path: Path) -> list[Sheet]:
    """The sheets of a workbook, in its order.

    Raises:
        BadInput: If the workbook is damaged.
    """
    made, hidden = [], hidden_sheets(path)
    for name in sheet_names(path):
        rows = list(islice(cells(path, name), _LOOKED_AT))
        place = header_at(rows)
        header = _trimmed(rows[place]) if place < len(rows) else ()
        table = tuple(header) if len(header) > 1 else ()
        made.append(Sheet(name, place, table, max(0, len(rows) - place - 1), name in hidden))
    return made


def sheet_rows(path: Path, sheets: Sequence[str], skip_rows: int) -> Iterator[tuple[str, list[str]]]:
    """The header and rows of the sheets one after the other, each with its sheet's name.

    Rows are as wide as the first header and in the order of its columns; later headers are left out, wherever they
    stand among a sheet's first rows.

    Raises:
        BadInput: If the workbook is damaged, has no such sheet, or a later sheet has other columns.
    """
    names = sheet_names(path)
    missing = [sheet for sheet in sheets if sheet not in names]
    if missing:
        raise refused("no_sheet", name=path.name, missing=", ".join(missing), there=", ".join(names))
    first, *others = sheets or names[:1]
    rows = islice(cells(path, first), skip_rows, None)
    header = _trimmed(next(rows, []))
    yield first, header
    width = len(header)
    yield from ((first, [*row[:width], *[""] * (width - len(row))]) for row in rows)
    for name in others:
        yield from ((name, row) for row in _below_header(path, name, header))


def _below_header(path: Path, name: str, header: Sequence[str]) -> Iterator[list[str]]:
    """The rows below a sheet's own header, cells in the order of another sheet's."""
    rows = cells(path, name)
    top = list(islice(rows, _LOOKED_AT))
    wanted = sorted(header)
    place = next((i for i, row in enumerate(top) if sorted(_trimmed(row)) == wanted), None)
    if place is None:
        raise refused("sheet_of_other_columns", sheet=name, name=path.name)
    order = _places(_trimmed(top[place]), header)
    for row in chain(top[place + 1 :], rows):
        yield [row[i] if i < len(row) else "" for i in order]


def _places(own: Sequence[str], header: Sequence[str]) -> list[int]:
    """Where each name of a header stands in another one with the same names; names may stand twice."""
    free = list(range(len(own)))
    places = []
    for name in header:
        place = next(i for i in free if own[i] == name)
        free.remove(place)
        places.append(place)
    return places


def _trimmed(row: Sequence[str]) -> list[str]:
    kept = list(row)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
