"""What kind of file this is, by its content and not by its name."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from crm_lab.data.quoting import name_of
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.opening.text_file import READ_ERRORS, columns_by_position, encoding_of, form_of
from crm_lab.data.sources.opening.workbook import Sheet, sheets_of
from crm_lab.data.sources.opening.workbook_cells import is_web_page
from crm_lab.data.sources.refusal import refused

_PLAN = re.compile(
    r"(?i)budget|\bplan|forecast|target|old\b|archiv|copy|kopie|template|vorlage|prognose|预算|计划|目标|副本"
)
_SQL = re.compile(
    rb"(?is)\s*(?:(?:--[^\n]*\n|/\*.*?\*/;?)\s*)*(?:insert\s+into|create\s+(?:table|database)|drop\s+table|set\s+\w+\s*=|use\s+\S+;)"
)
_XML = re.compile(rb"(?i)<\?xml|<[a-z_][\w.:-]*(?:\s+[\w.:-]+\s*=|\s*/?>\s*<)")
_NOT_READ = {b"%PDF": "pdf", b"SQLi": "sqlite", b"ARRO": "arrow", b"\x89PNG": "picture"}


def reading_of(path: Path, known: Callable[[Sequence[str]], int], sheets: Sequence[str] = ()) -> Reading:
    """How a file is read, as far as its content tells.

    Args:
        path: The file.
        known: How many of some column names somebody calls a column.
        sheets: Of a workbook the sheets to read; by default those whose names of columns are known best.

    Raises:
        BadInput: If it is of a kind that is not read, or damaged.
    """
    with path.open("rb") as stream:
        head = stream.read(512)
    for magic, kind in _NOT_READ.items():
        if head.startswith(magic):
            raise refused(kind, name=path.name)
    if head.startswith(b"PAR1"):
        return Reading(path, "parquet")
    if head[8:12] == b"DUCK":
        return _database(path)
    if head.startswith(b"\xd0\xcf\x11\xe0") or is_web_page(head) or (head.startswith(b"PK") and _is_workbook(path)):
        return _workbook(path, known, sheets)
    return _text(path, head, known)


def _text(path: Path, head: bytes, known: Callable[[Sequence[str]], int]) -> Reading:
    if _XML.match(head.lstrip(b"\xef\xbb\xbf \r\n\t")):
        raise refused("xml", name=path.name)
    if _SQL.match(head):
        raise refused("sql_dump", name=path.name)
    encoding = encoding_of(path, lambda line: known([part.strip(' "\r\n') for part in _parts(line)]))
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"{", b"[{", b"[\n", b"[\r", b"[ ", b"[\t")):
        return Reading(path, "json", encoding=encoding)
    try:
        text = Reading(path, "csv", ",", encoding)
        columns = columns_by_position(text)
        delimiter, skipped = form_of(text)
    except READ_ERRORS as error:
        raise refused("unreadable", name=path.name, form="text", words=str(error).splitlines()[0]) from error
    if columns:
        raise refused("fixed_positions", name=path.name, columns=", ".join(columns)[:120])
    return Reading(path, "csv", delimiter, encoding, skip_rows=skipped)


def _parts(line: str) -> list[str]:
    for mark in ";\t|":
        line = line.replace(mark, ",")
    return line.split(",")


def _is_workbook(path: Path) -> bool:
    """Whether a zip archive is a workbook; a damaged one is taken for one, and refused when it is opened."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return True
    return any(name.startswith("xl/") or name in ("[Content_Types].xml", "content.xml") for name in names)


def _workbook(path: Path, known: Callable[[Sequence[str]], int], chosen: Sequence[str]) -> Reading:
    tables = [sheet for sheet in sheets_of(path) if sheet.header]
    if not tables:
        raise refused("no_table_in_sheets", name=path.name)
    missing = [name for name in chosen if name not in [sheet.name for sheet in tables]]
    if missing:
        there = ", ".join(sheet.name for sheet in tables)
        raise refused("no_sheet_with_table", name=path.name, missing=", ".join(missing), there=there)

    def score(sheet: Sheet) -> tuple[int, int]:
        return known(sheet.header), sheet.rows

    shown = [sheet for sheet in tables if not sheet.hidden and not _PLAN.search(sheet.name)] or tables
    best = max(shown, key=score)
    same = [s for s in tables if s.name in chosen] or [s for s in shown if sorted(s.header) == sorted(best.header)]
    unread = tuple((sheet.name, sheet.header) for sheet in tables if sheet not in same)
    names = tuple(sheet.name for sheet in same)
    return Reading(path, "excel", sheets=names, skip_rows=same[0].skip_rows, unread=unread)


def _database(path: Path) -> Reading:
    try:
        with duckdb.connect(str(path), read_only=True) as database:
            tables = [row[0] for row in database.execute("select table_name from duckdb_tables()").fetchall()]
    except duckdb.Error as error:
        raise refused("unreadable", name=path.name, form="DuckDB", words=str(error).splitlines()[0]) from error
    if len(tables) != 1:
        raise refused("several_tables", name=path.name, n=len(tables), tables=", ".join(tables[:10]))
    return Reading(path, "duckdb", query=f"from {name_of(tables[0])}")
