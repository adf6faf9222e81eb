"""Several files as one: stacked, overlaps told, further columns joined by a key they share."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb

from crm_lab.data.connection import workspaces_dir, write_private
from crm_lab.data.quoting import name_of, path_of, text_of
from crm_lab.data.sources.opening.file_form import reading_of
from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.opening.text_file import READ_ERRORS, open_text
from crm_lab.data.sources.raw_rows import PART, header_of, read_raw
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import filled

OVERLAP = "lab_overlap"
"""Column that says that a row stood in an earlier file or sheet already."""

LAST = "lab_last_part"
"""Column with the last file or sheet in which a row stands."""


def files_in(path: Path) -> tuple[Path, ...]:
    """The file itself, or the files of a folder of the kind that is most there, in the order of their names."""
    if not path.is_dir():
        return (path,)
    seen = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith((".", "~")))
    kinds = Counter(_suffix(p) for p in seen)
    most = max(kinds, key=lambda kind: (kinds[kind], kind), default="")
    return tuple(p for p in seen if _suffix(p) == most)


def files_left_out(path: Path) -> tuple[str, ...]:
    """Names of the other files of a folder, hidden ones left out."""
    if not path.is_dir():
        return ()
    taken = set(files_in(path))
    return tuple(sorted(p.name for p in path.iterdir() if p.is_file() and p not in taken and p.name[0] not in ".~"))


def _suffix(path: Path) -> str:
    return path.name.lower().removesuffix(".gz").removesuffix(".zip").rpartition(".")[2]


def kept_parts(folder: Path) -> Path:
    """Where the rows of a folder's files are kept, beside the workspaces."""
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return workspaces_dir() / ".parts" / name


def read_stacked(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    paths: Sequence[Path],
    folder: Path,
    keep: Path | None = None,
) -> tuple[str, list[str]]:
    """SQL of the raw rows of files, one below the other, and their columns; a column that a file lacks is empty there.

    Args:
        connection: May read both folders.
        reading: How each file is read.
        paths: The files.
        folder: Empty, for what SQL reads.
        keep: Folder in which the rows of each file stay, so that next time only new files are read.

    Raises:
        BadInput: If a file cannot be read, or has no column of the first.
    """
    if len(paths) == 1 and keep is None:
        header = header_of(replace(reading, path=paths[0]))
        raw = read_raw(connection, replace(reading, path=paths[0]), folder)
        return (_marked(raw, header), header) if len(reading.sheets) > 1 else (raw, header)
    readings = [reading_beside(replace(reading, path=paths[0]), path) for path in paths]
    headers = [header_of(one) for one in readings]
    common = [name for name in headers[0] if all(name in header for header in headers)]
    if not common:
        raise refused("nothing_in_common", first=paths[0].name, last=paths[-1].name)
    parts = [_part(connection, one, folder, keep) for one in readings]
    sheet = f"|| ' ' || {PART}" if len(reading.sheets) > 1 else ""
    columns = f"* exclude ({PART})" if sheet else "*"
    stacked = " union all by name ".join(
        f"(select {columns}, {text_of(f'{place:05d} {file.name}')} {sheet} as {PART} from read_parquet("
        f"{path_of(part)}))"
        for place, (file, part) in enumerate(zip(paths, parts, strict=True))
    )
    if keep is not None:
        _forget(keep, parts)
    rows = f"select * replace (row_number() over (order by {PART}, source_row) as source_row) from ({stacked})"
    return _marked(rows, common), list(dict.fromkeys(name for header in headers for name in header))


def reading_beside(first: Reading, path: Path) -> Reading:
    """How a file is read beside another: as that one, or as it looks itself where it is text of another form.

    Args:
        first: How the other is read.
        path: The file.
    """
    beside = replace(first, path=path)
    if first.format != "csv" or path == first.path:
        return beside
    header = header_of(first)
    if _is_such_text(beside, header):
        return beside
    own = reading_of(path, lambda names: len(set(names) & set(header)))
    return own if own.format == "csv" else beside


def _is_such_text(reading: Reading, header: Sequence[str]) -> bool:
    """Whether a text file can be decoded and has some of the columns of another."""
    try:
        if not set(header_of(reading)) & set(header):
            return False
        with open_text(reading) as stream:
            while stream.read(1 << 20):
                pass
    except READ_ERRORS:
        return False
    return True


def _part(connection: duckdb.DuckDBPyConnection, reading: Reading, folder: Path, keep: Path | None) -> Path:
    """A file's rows as Parquet, made only where they are not kept yet."""
    digest = hashlib.sha256(_code() + repr(replace(reading, path=Path(reading.path.name), unread=())).encode())
    with reading.path.open("rb") as stream:
        digest.update(hashlib.file_digest(stream, "sha256").digest())
    part = (keep or folder) / f"{digest.hexdigest()[:24]}.parquet"
    if not part.exists():
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = folder / f"{part.stem}-rows"
        own.mkdir()
        fresh = own / "part.parquet"
        raw = read_raw(connection, reading, own)
        write_private(connection, raw, fresh)
        fresh.replace(part)
    return part


@cache
def _code() -> bytes:
    """The code that reads files: other code, other rows."""
    files = sorted(Path(str(resources.files("crm_lab.data.sources"))).rglob("*.py"))
    return b"".join(file.read_bytes() for file in files)


def _forget(keep: Path, parts: Sequence[Path]) -> None:
    """Remove the kept rows of files that are no longer there."""
    for old in set(keep.glob("*.parquet")) - set(parts):
        old.unlink(missing_ok=True)


def _marked(raw: str, common: Sequence[str]) -> str:
    """The rows with `OVERLAP` and `LAST`: the n-th copy of a row in a part is the n-th copy of it in an earlier one.

    Rows are alike where they agree in the columns that all parts have.
    """
    same = ", ".join(name_of(column) for column in common)
    return f"""
        select * exclude (lab_copy),
               broken_row is null
               and row_number() over (partition by {same}, lab_copy order by source_row) > 1 as {OVERLAP},
               max({PART}) over (partition by {same}, lab_copy) as {LAST}
        from (select *, row_number() over (partition by {PART}, {same} order by source_row) as lab_copy from ({raw}))"""


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """Rows that took over the columns of a further file.

    Attributes:
        sql: Of the rows.
        header: Their columns.
        says: What was taken over, and how many rows and keys found no other.
    """

    sql: str
    header: list[str]
    says: str


def joined(
    connection: duckdb.DuckDBPyConnection, raw: str, header: list[str], further: Reading, on: str, folder: Path
) -> JoinedRows:
    """The rows with the columns of a further file that they lack, by a key that stands in it once.

    Args:
        connection: May read the folder.
        raw: SQL of the rows.
        header: Their columns.
        further: How the further file is read.
        on: The key.
        folder: In which a folder of the file's name is made.

    Raises:
        BadInput: If the key is not in both files, stands twice in the further one, or no row finds its own there.
    """
    (folder / further.path.stem).mkdir()
    rows = read_raw(connection, further, folder / further.path.stem)
    own = header_of(further)
    if on not in own or on not in header:
        raise refused("no_key_in_both", name=further.path.name, column=on)
    key = filled(on)
    twice = connection.execute(
        f"select count(*) from (select {key} from ({rows}) where {key} is not null group by 1 having count(*) > 1)"
    ).fetchone()
    if twice != (0,):
        raise refused("keys_twice", name=further.path.name, column=on, n=(twice or (0,))[0])
    new = [column for column in own if column not in header]
    columns = "".join(f", f.{name_of(c)}" for c in new)
    keyed = f"(select *, {key} as lab_key from ({rows}) where broken_row is null)"
    both = f"(select *, {key} as lab_on from ({raw})) r left join {keyed} f on r.lab_on = f.lab_key"
    left, of = unmatched(connection, raw, rows, on)
    if left == of > 0:
        raise refused("no_match", name=further.path.name, column=on)
    unused, keys = unmatched(connection, rows, raw, on)
    kept = [column for column in own if column in header and column != on]
    says = (
        f"{further.path.name} joined by {on}: {left:,} of {of:,} rows find no key there,"
        f" {unused:,} of its {keys:,} rows are of no row; adds {', '.join(new) or 'nothing'}"
        + (f"; of the first file are {', '.join(kept)}" if kept else "")
    )
    return JoinedRows(f"select r.* exclude (lab_on){columns} from {both}", [*header, *new], says)


def unmatched(connection: duckdb.DuckDBPyConnection, one: str, other: str, on: str) -> tuple[int, int]:
    """How many rows of one relation have a key that the other lacks, of how many."""
    key = filled(on)
    row = connection.execute(
        f"select count(*) filter (k is null or k not in (select {key} from ({other}) where {key} is not null)),"
        f" count(*) from (select {key} as k from ({one}) where broken_row is null)"
    ).fetchone()
    return row or (0, 0)
