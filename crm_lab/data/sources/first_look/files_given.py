"""Which of several files are read as one, and which are joined to them by what key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_lab.data.sources.first_look.column_roles import propose
from crm_lab.data.sources.first_look.first_rows import Look, look_at
from crm_lab.data.sources.lines.several_files import files_in, files_left_out
from crm_lab.data.sources.refusal import refused

_KEYS = ("id", "no", "nr", "nummer", "number", "code", "key", "sku", "handle", "号", "编号")


@dataclass(frozen=True, slots=True)
class FilesGiven:
    """Files in the parts they play.

    Attributes:
        stacked: Files whose rows stand below each other.
        joined: Files that add columns, each with the column it is joined by.
        says: Where stacked files differ in their columns, how.
    """

    stacked: tuple[Path, ...]
    joined: tuple[tuple[Path, str], ...] = ()
    says: tuple[str, ...] = ()


def files_given(paths: Sequence[Path]) -> FilesGiven:
    """Tell files of purchases from files that add columns to them, in whatever order they are named.

    The lines of sales are those of the file whose rows have a key that others have once a value: a line names its
    order, an order its customer. Files with the same columns are read as one with it, and so are files that have its
    day, customer and amount, whatever else they have: a column that came later must not make them a list of something
    else.

    Args:
        paths: Files and folders.

    Raises:
        BadInput: If there is no file, or one has nothing in common with the others.
    """
    given = [file for path in paths for file in files_in(path)]
    if not given:
        raise refused("empty_folder", path=paths[0])
    left = tuple(f"{path.name}: {', '.join(names)[:200]} not read" for path in paths if (names := files_left_out(path)))
    if len(given) == 1:
        return FilesGiven((given[0],), says=left)
    looks = {file: look_at(file) for file in given}
    first = _lines_of_sales(given, looks)
    seen = propose(first)
    needed = {seen.columns[role] for role in ("date", "customer_id", "amount", "price") if role in seen.columns}

    def is_like_it(file: Path) -> bool:
        header = set(looks[file].header)
        return header == set(seen.header) or (not seen.missing and needed <= header)

    stacked = [file for file in given if is_like_it(file)]
    first, others = stacked[0], sorted(file for file in given if file not in stacked)
    columns = [looks[file].header for file in stacked]
    says = [words for file, own in zip(stacked, columns, strict=True) for words in _differences(file, own, columns[0])]
    known = list(dict.fromkeys(name for header in columns for name in header))
    return FilesGiven(tuple(stacked), tuple(_joined(others, looks, known, first)), (*left, *says))


def _lines_of_sales(given: Sequence[Path], looks: Mapping[Path, Look]) -> Path:
    """The first file whose rows no other file refers to; the one that refers to most where there are several."""
    refers = {one: [other for other in given if _refers(looks[one], looks[other])] for one in given}
    referred = {other for others in refers.values() for other in others}
    free = [file for file in given if file not in referred] or list(given)
    return max(free, key=lambda file: len(refers[file]))


def _refers(one: Look, other: Look) -> bool:
    """Whether a key of two files repeats in one and does not in the other, whose rows it names."""
    return any(_repeats(one, key) and not _repeats(other, key) for key in _keys(other, one.header))


def _repeats(look: Look, key: str) -> bool:
    return len(set(look.values[key])) < len(look.values[key])


def _joined(
    others: Sequence[Path], looks: Mapping[Path, Look], known: Sequence[str], first: Path
) -> Iterator[tuple[Path, str]]:
    """Files that add columns, each after those that hold its key."""
    columns, left = list(known), list(others)
    while left:
        file = next((file for file in left if _keys(looks[file], columns)), None)
        if file is None:
            raise refused("no_common_key", name=left[0].name, first=first.name)
        keys = _keys(looks[file], columns)
        yield file, next((key for key in keys if not _repeats(looks[file], key)), keys[0])
        columns += [name for name in looks[file].header if name not in columns]
        left.remove(file)


def _keys(look: Look, known: Sequence[str]) -> list[str]:
    """Columns that are known from elsewhere and called like a key."""
    return [name for name in look.header if name in known and name.lower().rstrip("_. ").endswith(_KEYS)]


def _differences(file: Path, header: Sequence[str], first: Sequence[str]) -> list[str]:
    less, more = [c for c in first if c not in header], [c for c in header if c not in first]
    words = [f"lacks {', '.join(less)}"] * bool(less) + [f"has {', '.join(more)} besides"] * bool(more)
    return [f"{file.name} {' and '.join(words)}: read as one with the first, empty where it is not there"] * bool(words)
