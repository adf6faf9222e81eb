"""Named segments: an editable table of score ranges that gives every customer exactly one name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Integers
from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.messages import Message, catalogue
from crm_lab.project import project_root

LEVELS = 5
_BOUNDS = ("r_min", "r_max", "f_min", "f_max", "m_min", "m_max")


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """A box of scores and its segment; bounds are included, on levels 1 (worst) to 5 (best).

    >>> rule = SegmentRule("best", r=(5, 5), f=(4, 5))

    Attributes:
        segment: Name of the segment.
        r: Lowest and highest recency level.
        f: Lowest and highest frequency level.
        m: Lowest and highest monetary level.
    """

    segment: str
    r: tuple[int, int] = (1, LEVELS)
    f: tuple[int, int] = (1, LEVELS)
    m: tuple[int, int] = (1, LEVELS)

    def problems(self) -> list[str]:
        """What is wrong with the bounds, one sentence each.

        >>> rule.problems()
        []
        >>> SegmentRule("best", r=(5, 6)).problems()
        ["The rule for 'best' has r = 5 to 6; bounds are whole numbers with 1 <= low <= high <= 5."]
        """
        return [
            f"The rule for {self.segment!r} has {name} = {lo} to {hi}; "
            f"bounds are whole numbers with 1 <= low <= high <= {LEVELS}."
            for name, (lo, hi) in (("r", self.r), ("f", self.f), ("m", self.m))
            if not 1 <= lo <= hi <= LEVELS
        ]


@dataclass(frozen=True)
class SegmentRules:
    """Rules that cover every score exactly once; a segment may have several rows.

    Scores of any number of bins are read on five levels: worst 1, best 5, evenly between.

    >>> TEN_SEGMENTS.names[:3]
    ('champions', 'loyal', 'potential_loyalist')
    >>> SegmentRules((SegmentRule("all"), SegmentRule("recent", r=(5, 5))))
    Traceback (most recent call last):
    crm_lab.checks.BadInput: segment rules:
      - R5 F1 M1 (and 24 more scores) belongs to all and recent; give each score to one segment.
    >>> rules = THREE_SEGMENTS

    Attributes:
        rules: The rules, in the order in which segments are shown.

    Raises:
        BadInput: If bounds are wrong, rules overlap, or scores are left out.
    """

    rules: tuple[SegmentRule, ...]
    _cells: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        problems = Problems("segment rules")
        for rule in self.rules:
            problems.extend(rule.problems())
        problems.raise_any()
        levels = range(1, LEVELS + 1)
        owners = {cell: self._owners(*cell) for cell in product(levels, levels, levels)}
        problems.extend(_overlaps(owners))
        problems.extend(_gaps(owners))
        problems.raise_any()
        object.__setattr__(self, "_cells", tuple(names[0] for names in owners.values()))

    def _owners(self, r: int, f: int, m: int) -> tuple[str, ...]:
        names = (
            rule.segment
            for rule in self.rules
            if rule.r[0] <= r <= rule.r[1] and rule.f[0] <= f <= rule.f[1] and rule.m[0] <= m <= rule.m[1]
        )
        return tuple(dict.fromkeys(names))

    @property
    def names(self) -> tuple[str, ...]:
        """The segments in the order of the table.

        >>> rules.names
        ('high_value_loyal', 'potential_to_nurture', 'dormant_to_wake')
        """
        return tuple(dict.fromkeys(rule.segment for rule in self.rules))

    def assign(self, r: Integers, f: Integers, m: Integers, bins: int = LEVELS) -> NDArray[np.object_]:
        """The segment of each customer from scores 1 … bins.

        >>> rules.assign(np.array([5, 1]), np.array([5, 3]), np.array([5, 2])).tolist()
        ['high_value_loyal', 'dormant_to_wake']

        Args:
            r: Recency scores, shape (n,).
            f: Frequency scores, shape (n,).
            m: Monetary scores, shape (n,).
            bins: The highest score.

        Returns:
            Names of segments, shape (n,).
        """
        steps, span = 2 * (LEVELS - 1), bins - 1
        r, f, m = ((steps * (np.asarray(s, dtype=np.int64) - 1) + span) // (2 * span) for s in (r, f, m))
        names: NDArray[np.object_] = np.array(self._cells, dtype=object)[(r * LEVELS + f) * LEVELS + m]
        return names

    def to_frame(self) -> pd.DataFrame:
        """The rules as a table, one row per rule: edit it and give it to `from_frame`.

        >>> rules.to_frame().iloc[0].tolist()
        ['high_value_loyal', np.int64(3), np.int64(5), np.int64(4), np.int64(5), np.int64(4), np.int64(5)]
        """
        return pd.DataFrame(
            [(rule.segment, *rule.r, *rule.f, *rule.m) for rule in self.rules], columns=["segment", *_BOUNDS]
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> SegmentRules:
        """Rules from a table like that of `to_frame`.

        >>> SegmentRules.from_frame(rules.to_frame()) == rules
        True

        Args:
            frame: ``segment``, ``r_min``, ``r_max``, ``f_min``, ``f_max``, ``m_min``, ``m_max``.

        Returns:
            The rules.

        Raises:
            BadInput: If columns are missing, rules overlap or leave gaps.
        """
        need_columns(frame.columns, ["segment", *_BOUNDS], "The rule table")
        bounds = frame[list(_BOUNDS)].astype("int64").to_numpy().tolist()
        return cls(
            tuple(
                SegmentRule(str(segment), (r0, r1), (f0, f1), (m0, m1))
                for segment, (r0, r1, f0, f1, m0, m1) in zip(frame["segment"], bounds, strict=True)
            )
        )


def _overlaps(owners: dict[tuple[int, int, int], tuple[str, ...]]) -> list[str]:
    groups: dict[tuple[str, ...], list[tuple[int, int, int]]] = {}
    for cell, names in owners.items():
        if len(names) > 1:
            groups.setdefault(names, []).append(cell)
    return [
        f"{_cell(cells)} belongs to {' and '.join(names)}; give each score to one segment."
        for names, cells in groups.items()
    ]


def _gaps(owners: dict[tuple[int, int, int], tuple[str, ...]]) -> list[str]:
    empty = [cell for cell, names in owners.items() if not names]
    return [f"{_cell(empty)} belongs to no segment; add a rule for it."] if empty else []


def _cell(cells: list[tuple[int, int, int]]) -> str:
    r, f, m = cells[0]
    more = f" (and {len(cells) - 1} more scores)" if len(cells) > 1 else ""
    return f"R{r} F{f} M{m}{more}"


def segment_name(segment: str) -> Message:
    """What readers call a segment; a name that is not in the catalogue stands for itself."""
    key = f"segments.name.{segment}"
    return Message(key) if key in catalogue("en") else Message("segments.own_name", {"name": segment})


def with_names(frame: pd.DataFrame) -> pd.DataFrame:
    """A table by segment with what readers call each, in the active language."""
    named = frame.copy()
    named.insert(1, "name", [segment_name(s).text() for s in frame["segment"]])
    return named


def joined(parts: Sequence[Message]) -> Message:
    """Several messages as one enumeration: "A, B and C"."""
    whole, *rest = reversed(parts)
    for position, part in enumerate(rest):
        word = Message("segments.and" if position == 0 else "segments.comma")
        whole = Message("segments.pair", {"left": part, "word": word, "right": whole})
    return whole


TEN_SEGMENTS = SegmentRules(
    (
        SegmentRule("champions", r=(5, 5), f=(4, 5)),
        SegmentRule("loyal", r=(3, 4), f=(4, 5)),
        SegmentRule("potential_loyalist", r=(4, 5), f=(2, 3)),
        SegmentRule("new", r=(5, 5), f=(1, 1)),
        SegmentRule("promising", r=(4, 4), f=(1, 1)),
        SegmentRule("need_attention", r=(3, 3), f=(3, 3)),
        SegmentRule("about_to_sleep", r=(3, 3), f=(1, 2)),
        SegmentRule("cannot_lose", r=(1, 2), f=(5, 5)),
        SegmentRule("at_risk", r=(1, 2), f=(3, 4)),
        SegmentRule("hibernating", r=(1, 2), f=(1, 2)),
    )
)
THREE_SEGMENTS = SegmentRules(
    (
        SegmentRule("high_value_loyal", r=(3, 5), f=(4, 5), m=(4, 5)),
        SegmentRule("potential_to_nurture", r=(3, 5), f=(1, 3)),
        SegmentRule("potential_to_nurture", r=(3, 5), f=(4, 5), m=(1, 3)),
        SegmentRule("dormant_to_wake", r=(1, 2)),
    )
)


def load_rules(name: str | Path) -> SegmentRules:
    """The rules of that name (``ten``, ``three``), or those of a CSV file like `SegmentRules.to_frame`.

    >>> load_rules("three").names
    ('high_value_loyal', 'potential_to_nurture', 'dormant_to_wake')

    Args:
        name: ``ten``, ``three``, or the path of a CSV file.

    Returns:
        The rules.

    Raises:
        BadInput: If the name is unknown and there is no such file, or its rules overlap or leave gaps.
    """
    known = {"ten": TEN_SEGMENTS, "three": THREE_SEGMENTS}
    if str(name) in known:
        return known[str(name)]
    file = project_root() / name
    if not file.is_file():
        raise BadInput(f"rules is {str(name)!r}; give ten, three, or the path of a CSV file with rules.")
    return SegmentRules.from_frame(pd.read_csv(file))
