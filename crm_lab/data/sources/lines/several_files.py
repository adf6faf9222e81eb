"""Several files of one form as one: stacked, overlaps told, further columns joined by a key they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from crm_lab.checks import BadInput
from crm_lab.data.quoting import name_of, path_of, text_of
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.raw_rows import PART, header_of, read_raw
from crm_lab.data.sources.sql import filled

OVERLAP = "lab_overlap"
"""Column that says that a row stood in an earlier file or sheet already."""


def files_in(path: Path) -> tuple[Path, ...]:
    """The file itself, or the files of a folder in the order of their names, hidden ones left out."""
    if not path.is_dir():
        return (path,)
    return tuple(sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith((".", "~"))))


def read_stacked(
    connection: duckdb.DuckDBPyConnection, reading: Reading, paths: Sequence[Path], folder: Path
) -> tuple[str, list[str]]:
    """SQL of the raw rows of files of one form, one below the other, and their columns.

    Raises:
        BadInput: If a file has other columns than the first.
    """
    header = header_of(replace(reading, path=paths[0]))
    if len(paths) == 1:
        raw = read_raw(connection, replace(reading, path=paths[0]), folder)
        return (_marked(raw, header), header) if len(reading.sheets) > 1 else (raw, header)
    for place, path in enumerate(paths):
        own = header_of(replace(reading, path=path))
        if sorted(own) != sorted(header):
            raise BadInput(
                f"{path.name} has other columns than {paths[0].name}: {', '.join(own)}; files that are read as one"
                " need the same."
            )
        (folder / f"{place}").mkdir()
        raw = read_raw(connection, replace(reading, path=path), folder / f"{place}")
        target = text_of(str(folder / f"part_{place:05d}.parquet"))
        part = text_of(f"{place:05d} {path.name}")
        connection.execute(f"copy (select *, {part} as {PART} from ({raw})) to {target}")
    parts = " union all by name ".join(
        f"(select * from read_parquet({path_of(folder / f'part_{place:05d}.parquet')}))" for place in range(len(paths))
    )
    rows = f"select * replace (row_number() over (order by {PART}, source_row) as source_row) from ({parts})"
    return _marked(rows, header), header


def _marked(raw: str, header: Sequence[str]) -> str:
    """The rows with `OVERLAP`: the n-th copy of a row in a part is the n-th copy of it in an earlier one."""
    same = ", ".join(name_of(column) for column in header)
    return f"""
        select * exclude (lab_copy),
               broken_row is null
               and row_number() over (partition by {same}, lab_copy order by source_row) > 1 as {OVERLAP}
        from (select *, row_number() over (partition by {PART}, {same} order by source_row) as lab_copy from ({raw}))"""


def joined(
    connection: duckdb.DuckDBPyConnection, raw: str, header: list[str], further: Reading, on: str, folder: Path
) -> tuple[str, list[str]]:
    """The rows with the columns of a further file that they lack, by a key that stands in it once.

    Raises:
        BadInput: If the key is not in both files, or stands twice in the further one.
    """
    (folder / further.path.stem).mkdir()
    rows = read_raw(connection, further, folder / further.path.stem)
    own = header_of(further)
    if on not in own or on not in header:
        raise BadInput(f"{further.path.name} cannot be joined: both files need the column {on!r}.")
    key = filled(on)
    twice = connection.execute(
        f"select count(*) from (select {key} from ({rows}) where {key} is not null group by 1 having count(*) > 1)"
    ).fetchone()
    if twice != (0,):
        raise BadInput(f"{further.path.name} cannot be joined by {on}: {(twice or (0,))[0]:,} of its keys stand twice.")
    new = [column for column in own if column not in header]
    columns = "".join(f", f.{name_of(c)}" for c in new)
    keyed = f"(select *, {key} as lab_key from ({rows}) where broken_row is null)"
    both = f"(select *, {key} as lab_on from ({raw})) r left join {keyed} f on r.lab_on = f.lab_key"
    return f"select r.* exclude (lab_on){columns} from {both}", [*header, *new]


def unmatched(connection: duckdb.DuckDBPyConnection, one: str, other: str, on: str) -> int:
    """How many rows of one relation have a key that the other lacks."""
    key = filled(on)
    row = connection.execute(
        f"select count(*) from ({one}) where {key} is null or {key} not in"
        f" (select {key} from ({other}) where {key} is not null)"
    ).fetchone()
    return int((row or (0,))[0])
