"""The sheets of a workbook by its content: .xlsx, the older .xls, .xlsb, .ods, or a web page that is named .xls."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.data.sources.refusal import refused

WEB_PAGE = (b"<html", b"<!doctype", b"<table", b"<meta", b"<head", b"<style", b"<body", b"<div")
"""How a web page begins, in lower case."""

_OLD = b"\xd0\xcf\x11\xe0"
_WHOLE = 2**53
_SMALL = 2**19  # bytes of workbooks whose cells stay in memory


def is_web_page(head: bytes) -> bool:
    """Whether a file's first bytes are those of a web page.

    >>> is_web_page(b"  <TABLE><tr>"), is_web_page(b"date,amount")
    (True, False)
    """
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(WEB_PAGE)


def sheet_names(path: Path) -> list[str]:
    """The names of a workbook's sheets, in its order; tables of a web page are ``table 1``, ``table 2``, ….

    Raises:
        BadInput: If the workbook is damaged.
    """
    return list(_names(path, _stamp(path))[0])


def hidden_sheets(path: Path) -> set[str]:
    """Sheets that a person who opens the workbook does not see.

    Raises:
        BadInput: If the workbook is damaged.
    """
    return set(_names(path, _stamp(path))[1])


def cells(path: Path, name: str) -> Iterator[list[str]]:
    """The rows of a sheet as text: dates in ISO form, empty cells empty; nothing where the sheet is a chart.

    Raises:
        BadInput: If the workbook is damaged.
    """
    content = _content(path)
    yield from map(list, _cells_of(path, content, name)) if content else _cells(path, name)


def _content(path: Path) -> str:
    """What a small workbook holds, as a hash: it is read once, however often it is looked at; empty for a large one."""
    if path.stat().st_size > _SMALL:
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _stamp(path: Path) -> str:
    return _content(path) or "{0.st_size} {0.st_mtime_ns}".format(path.stat())


@lru_cache(maxsize=8)
def _names(path: Path, stamp: str) -> tuple[tuple[str, ...], frozenset[str]]:  # noqa: ARG001 - part of the key
    """All sheets, and those that are hidden."""
    try:
        kind = _kind(path)
        if kind == "web":
            return tuple(_web_tables(path, path.stat().st_mtime_ns)), frozenset()
        if kind == "other":
            book = _other(path)
            hidden = (s.name for s in book.sheets_metadata if not str(s.visible).endswith(".Visible"))
            return tuple(book.sheet_names), frozenset(hidden)
        book = _xlsx(path)
        try:
            hidden = (name for name in book.sheetnames if getattr(book[name], "sheet_state", "visible") != "visible")
            return tuple(book.sheetnames), frozenset(hidden)
        finally:
            book.close()
    except Exception as error:  # whatever a damaged workbook makes the library raise
        raise _damaged(path, error) from error


@lru_cache(maxsize=4)
def _cells_of(path: Path, content: str, name: str) -> tuple[tuple[str, ...], ...]:  # noqa: ARG001 - part of the key
    return tuple(map(tuple, _cells(path, name)))


def _cells(path: Path, name: str) -> Iterator[list[str]]:
    try:
        rows = {"web": _web_rows, "xlsx": _xlsx_rows, "other": _other_rows}[_kind(path)](path, name)
        for row in rows:
            yield [_cell_text(cell) for cell in row]
    except Exception as error:  # whatever a damaged workbook makes the library raise
        raise _damaged(path, error) from error


def _kind(path: Path) -> str:
    """``web``, ``xlsx`` (openpyxl keeps long numbers whole), or ``other`` (calamine)."""
    with path.open("rb") as stream:
        head = stream.read(512)
    if is_web_page(head):
        return "web"
    if head.startswith(_OLD):
        return "other"
    import zipfile

    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return "other" if "xl/workbook.bin" in names or "content.xml" in names else "xlsx"


def _xlsx(path: Path) -> Any:
    from openpyxl import load_workbook

    named_so = path.suffix.lower() in (".xlsx", ".xlsm", ".xltx", ".xltm")  # the library looks at the name of a path
    return load_workbook(path if named_so else BytesIO(path.read_bytes()), read_only=True, data_only=True)


def _xlsx_rows(path: Path, name: str) -> Iterator[tuple[Any, ...]]:
    book = _xlsx(path)
    try:
        sheet = book[name]
        if hasattr(sheet, "reset_dimensions"):  # a chart has none
            sheet.reset_dimensions()  # what a file says of its size may be missing or wrong
            yield from sheet.iter_rows(values_only=True)
    finally:
        book.close()


def _other(path: Path) -> Any:
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_path(str(path))


def _other_rows(path: Path, name: str) -> Iterator[list[Any]]:
    book = _other(path)
    kinds = {sheet.name: str(sheet.typ) for sheet in book.sheets_metadata}
    if kinds.get(name, "").endswith("WorkSheet"):
        yield from book.get_sheet_by_name(name).iter_rows()


def _web_rows(path: Path, name: str) -> Iterator[list[str]]:
    yield from _web_tables(path, path.stat().st_mtime_ns)[name]


@lru_cache(maxsize=1)
def _web_tables(path: Path, changed: int) -> Mapping[str, list[list[str]]]:  # noqa: ARG001 - part of the key
    """The tables of a web page that hold no other table, each cell as it reads."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup(path.read_bytes(), "html.parser")
    leaves = [table for table in page.find_all("table") if table.find("table") is None]
    return {
        f"table {place}": [
            [" ".join(cell.get_text(" ").split()) for cell in row.find_all(("td", "th"))]
            for row in table.find_all("tr")
        ]
        for place, table in enumerate(leaves, start=1)
    }


def _damaged(path: Path, error: Exception) -> BadInput:
    if isinstance(error, BadInput):
        return error
    words = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")[:200]
    return refused("unreadable", name=path.name, form="Excel", words=words)


def _cell_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return f"{cell.isoformat()} 00:00:00"  # a day is the moment it begins, as cells of dates and times are
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _WHOLE else repr(cell)
    return str(cell)
