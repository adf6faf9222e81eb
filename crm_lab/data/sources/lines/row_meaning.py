"""What says that a row is no sale, or takes one back, beside its status: its file, its number, a mark, its product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.lines.line_columns import Columns
from crm_lab.data.sources.raw_rows import PART
from crm_lab.data.sources.sql import filled, small

NOTHING = (
    "0", "0.0", "0.00", "0,00", "n", "no", "nein", "non", "false", "f", "none", "null", "nan", "-", "否", "无",
    "未退款",
)  # fmt: skip
"""Values that say nothing, in lower case."""


@dataclass(frozen=True, slots=True)
class RowMarks:
    """What marks the rows that are no sale or take one back, beside a column of status.

    Attributes:
        parts: What the name of a file or sheet holds, in lower case, to ``sale``, ``no_sale`` or ``return``; where
            there is one file only, its name does not count and a meaning holds for all rows.
        order_prefixes: How an order number begins, in lower case, to a meaning.
        several: Whether the rows say from which file or sheet they are.
    """

    parts: Mapping[str, str] = field(default_factory=dict)
    order_prefixes: Mapping[str, str] = field(default_factory=dict)
    several: bool = False

    def conditions(self, meaning: str, columns: Columns) -> Iterator[str]:
        """SQL conditions of which one holds for a row of a meaning."""
        for word, means in self.parts.items():
            if means == meaning:
                yield in_part(word) if self.several else "true"
        for start, means in self.order_prefixes.items():
            if means == meaning and columns.order_id:
                yield begins_with(columns.order_id, start)
        if meaning == "return" and columns.returned:
            yield says_something(columns.returned)


def in_part(word: str) -> str:
    """SQL condition that a row is from a file or sheet whose name holds a word."""
    return f"contains(lower({PART}), {text_of(small(word))})"


def prefix_of(column: str) -> str:
    """SQL of the letters, in lower case, with which a column's number begins; empty where there are none."""
    return f"lower(regexp_extract(coalesce({filled(column)}, ''), '^(\\p{{L}}+)[-_/ .#]?\\d', 1))"


def begins_with(column: str, letters: str) -> str:
    """SQL condition that a column's number begins with these letters and no more of them."""
    return f"{prefix_of(column)} = {text_of(small(letters))}"


def says_something(column: str, words: Sequence[str] = ()) -> str:
    """SQL condition that a column says one of some words, or anything that is not no."""
    said = f"coalesce(lower({filled(column)}), '0')"
    return f"{said} {'' if words else 'not '}in ({', '.join(map(text_of, words or NOTHING))})"


def product_said(columns: Columns, said_in: Sequence[str], words: Sequence[str]) -> str:
    """SQL of a line's product: the word of another column where that says that it is no merchandise."""
    own = filled(columns.product_id) if columns.product_id else "null"
    if not (said_in and words):
        return own
    listed = ", ".join(map(text_of, words))
    cases = " ".join(f"when lower({filled(column)}) in ({listed}) then lower({filled(column)})" for column in said_in)
    return (
        f"(case {f'when lower({own}) in ({listed}) then {own} ' if columns.product_id else ''}{cases} else {own} end)"
    )
