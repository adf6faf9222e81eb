"""A customer master as a file: any usual form, every entry as text, and nothing guessed about ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from crm_lab.checks import BadInput, Problems
from crm_lab.data.identity.standards.field_roles import is_role_name
from crm_lab.data.sources.first_look.first_rows import text_rows
from crm_lab.data.sources.opening.file_form import reading_of
from crm_lab.data.sources.opening.text_file import READ_ERRORS
from crm_lab.messages import Message
from crm_lab.project import project_root

CUT_OFF: Final = re.compile(r"\s*\d(?:[.,]\d+)?[eE]\+?\d{1,2}\s*")
"""A long number as a spreadsheet writes it: 1.38E+10."""
_BROKEN: Final = 0.05


def read_master(file: str | Path) -> pd.DataFrame:
    r"""The records of a file: CSV in any encoding, Excel, Parquet or JSON; every entry is text, an empty one missing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "kunden.csv"
    ...     _ = file.write_bytes("Kundennummer;Nachname;PLZ\n007;Müller;01067\n".encode("cp1252"))
    ...     read_master(file).to_numpy().tolist()
    [['007', 'Müller', '01067']]

    Args:
        file: Its path, from the project's folder where it is not from here.

    Returns:
        One row per record, columns as they are called.

    Raises:
        BadInput: If the file is missing, empty or damaged, two columns have one name, or rows have more fields than
            the header.
    """
    path = _found(file)
    if not path.stat().st_size:
        raise BadInput(f"The customer master {path.name} is empty.")
    reading = reading_of(path, _known)
    try:
        rows = [[str(cell).strip() for cell in row] for row in text_rows(reading)]
    except READ_ERRORS as error:
        if isinstance(error, BadInput):
            raise
        words = str(error).splitlines()[0][:120]
        raise BadInput(f"The customer master {path.name} cannot be read ({words}); save it again.") from None
    return _table(rows, path.name)


def _found(file: str | Path) -> Path:
    given = Path(file).expanduser()
    path = given if given.is_absolute() or given.exists() else project_root() / given
    if not path.is_file():
        raise BadInput(Message("identity.master.no_file", {"file": str(file)}).text())
    return path


def _known(header: Sequence[str]) -> int:
    return sum(is_role_name(name) for name in header)


def _table(rows: list[list[str]], name: str) -> pd.DataFrame:
    header, body = (rows[0] if rows else []), [row for row in rows[1:] if any(row)]
    problems = Problems(f"The customer master {name}")
    named = [column for column in header if column]
    twice = sorted({column for column in named if named.count(column) > 1})
    problems.unless(named, "it has no header.")
    problems.unless(not twice, f"several columns are called {', '.join(twice)}; give each its own name.")
    problems.unless(body, "it has a header and no record.")
    long = sum(len(row) > len(header) and any(row[len(header) :]) for row in body)
    problems.unless(
        long <= _BROKEN * len(body),
        f"{long:,} of {len(body):,} rows have more fields than the header; put texts with the delimiter in quotes.",
    )
    problems.raise_any()
    width = len(header)
    kept = [row[:width] + [""] * (width - len(row)) for row in body if len(row) <= width or not any(row[width:])]
    table = pd.DataFrame(kept, columns=header, dtype=object)[named]
    return table.where(table != "", None)
