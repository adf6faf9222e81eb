"""Excel files: which sheets hold the rows, and their cells as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.data.sources.opening.text_file import header_at

_LOOKED_AT = 60


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it seems.

    Attributes:
        name: Its name.
        skip_rows: Rows above its header.
        header: Names of its columns; empty where it holds no table.
        rows: Rows below it among the first ones looked at.
    """

    name: str
    skip_rows: int
    header: tuple[str, ...]
    rows: int


def sheets_of(path: Path) -> list[Sheet]:
    """The sheets of a workbook, in its order.

    Raises:
        BadInput: If the workbook is damaged.
    """
    made = []
    for name in _open(path).sheetnames:
        rows = list(islice(_rows(path, name), _LOOKED_AT))
        place = header_at(rows)
        header = _trimmed(rows[place]) if place < len(rows) else ()
        made.append(Sheet(name, place, tuple(header) if len(header) > 1 else (), max(0, len(rows) - place - 1)))
    return made


def sheet_rows(path: Path, sheets: Sequence[str], skip_rows: int) -> Iterator[tuple[str, list[str]]]:
    """The header and rows of the sheets one after the other, each with its sheet's name.

    Rows are as wide as the header; dates are in ISO form, empty cells empty text. Headers after the first are left out.

    Raises:
        BadInput: If the workbook is damaged or has no such sheet.
    """
    names = _open(path).sheetnames
    missing = [sheet for sheet in sheets if sheet not in names]
    if missing:
        raise BadInput(f"{path.name} has no sheet {', '.join(missing)}; it has {', '.join(names)}.")
    width = 0
    for place, name in enumerate(sheets or names[:1]):
        rows = islice(_rows(path, name), skip_rows, None)
        header = _trimmed(next(rows, []))
        if place == 0:
            width = len(header)
            yield name, header
        for row in rows:
            yield name, [*row[:width], *[""] * (width - len(row))]


def _trimmed(row: Sequence[str]) -> list[str]:
    kept = list(row)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _open(path: Path) -> Any:
    from openpyxl import load_workbook

    try:
        return load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # whatever a damaged workbook makes the library raise
        raise _damaged(path, error) from error


def _rows(path: Path, name: str) -> Iterator[list[str]]:
    book = _open(path)
    try:
        sheet = book[name]
        if not hasattr(sheet, "reset_dimensions"):
            return  # a chart
        sheet.reset_dimensions()  # what a file says of its size may be missing or wrong
        for row in sheet.iter_rows(values_only=True):
            yield ["" if cell is None else _cell_text(cell) for cell in row]
    except Exception as error:  # whatever a damaged workbook makes the library raise
        raise _damaged(path, error) from error
    finally:
        book.close()


def _damaged(path: Path, error: Exception) -> BadInput:
    words = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")[:200]
    return BadInput(f"The file {path.name} cannot be read as Excel: {words}.")


def _cell_text(cell: Any) -> str:
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat(sep=" ") if hasattr(cell, "hour") and hasattr(cell, "year") else cell.isoformat())
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)
