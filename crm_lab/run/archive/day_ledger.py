"""What the rows of a source were on each day, and how two states of it differ: new, late, changed, removed rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Day = tuple[int, str]


@dataclass(frozen=True, slots=True)
class DataDifference:
    """How the data of one source differ from what they were.

    Attributes:
        source: Name of the source.
        new_rows: Rows on days after the last day that was there before.
        late_rows: Rows more, on days that were there before.
        changed_days: Days with as many rows as before, but other ones.
        removed_rows: Rows fewer, on days that were there before.
        first_day: The first day before which nothing differs; empty where nothing does.
    """

    source: str
    new_rows: int = 0
    late_rows: int = 0
    changed_days: int = 0
    removed_rows: int = 0
    first_day: str = ""

    @property
    def causes(self) -> tuple[str, ...]:
        """Which kinds of difference there are, by name."""
        kinds = ("new_rows", "late_rows", "changed_days", "removed_rows")
        return tuple(kind for kind in kinds if getattr(self, kind))


def compare_ledgers(source: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> DataDifference:
    """Compare what a source was with what it is.

    >>> before = {"day": ["2024-01-01", "2024-01-02"], "rows": [3, 2], "digest": ["a", "b"]}
    >>> after = {"day": ["2024-01-01", "2024-01-02", "2024-01-03"], "rows": [4, 2, 5], "digest": ["c", "b", "d"]}
    >>> compare_ledgers("shop", before, after)
    DataDifference(source='shop', new_rows=5, late_rows=1, changed_days=0, removed_rows=0, first_day='2024-01-01')

    Args:
        source: Name of the source.
        before: Columns ``day`` (ISO dates), ``rows`` and ``digest`` of equal length.
        after: The same, later.
    """
    old, new = _days(before), _days(after)
    last = max(old, default="")
    nothing: Day = (0, "")
    differing = sorted(day for day in old.keys() | new.keys() if old.get(day, nothing) != new.get(day, nothing))
    more = {day: new.get(day, nothing)[0] - old.get(day, nothing)[0] for day in differing}
    known = {day: rows for day, rows in more.items() if day <= last}
    return DataDifference(
        source,
        new_rows=sum(rows for day, rows in more.items() if day > last),
        late_rows=sum(rows for rows in known.values() if rows > 0),
        changed_days=sum(rows == 0 for rows in known.values()),
        removed_rows=-sum(rows for rows in known.values() if rows < 0),
        first_day=differing[0] if differing else "",
    )


def _days(ledger: Mapping[str, Any]) -> dict[str, Day]:
    columns = zip(ledger["day"], ledger["rows"], ledger["digest"], strict=True)
    return {day: (rows, digest) for day, rows, digest in columns}
