"""Which of several files are read as one, and which are joined to them by what key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_lab.data.sources.first_look.column_roles import propose
from crm_lab.data.sources.first_look.first_rows import look_at
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
    """Tell files of purchases from files that add columns to them.

    Files with the first one's columns are read as one with it, and so are files that have its day, customer and
    amount, whatever else they have: a column that came later must not make them a list of something else.

    Args:
        paths: Files and folders, the one of sales lines first.

    Raises:
        BadInput: If there is no file, or one has nothing in common with those before it.
    """
    given = [file for path in paths for file in files_in(path)]
    if not given:
        raise refused("empty_folder", path=paths[0])
    first = given[0]
    left = [f"{path.name}: {', '.join(names)[:200]} not read" for path in paths if (names := files_left_out(path))]
    if len(given) == 1:
        return FilesGiven((first,), says=tuple(left))
    seen = propose(first)
    needed = {seen.columns[role] for role in ("date", "customer_id", "amount", "price") if role in seen.columns}
    known, stacked, joined, says = list(seen.header), [first], [], left
    for file in given[1:]:
        header = look_at(file).header
        if set(header) == set(seen.header) or (not seen.missing and needed <= set(header)):
            stacked.append(file)
            says += _differences(file, header, seen.header)
        else:
            joined.append((file, _key(file, known, first)))
        known += [name for name in header if name not in known]
    return FilesGiven(tuple(stacked), tuple(joined), tuple(says))


def _differences(file: Path, header: Sequence[str], first: Sequence[str]) -> list[str]:
    less, more = [c for c in first if c not in header], [c for c in header if c not in first]
    words = [f"lacks {', '.join(less)}"] * bool(less) + [f"has {', '.join(more)} besides"] * bool(more)
    return [f"{file.name} {' and '.join(words)}: read as one with the first, empty where it is not there"] * bool(words)


def _key(file: Path, known: Sequence[str], first: Path) -> str:
    """The column to join by: one that both have, named like a key, best one that never repeats in the file."""
    look = look_at(file)
    keys = [name for name in look.header if name in known and name.lower().rstrip("_. ").endswith(_KEYS)]
    if not keys:
        raise refused("no_common_key", name=file.name, first=first.name)
    return next((name for name in keys if len(set(look.values[name])) == len(look.values[name])), keys[0])
