"""Submissions that are alike: code of exercises compared in pieces, what much of the class wrote left out.

A short answer has few ways to be written, so likeness is a reason to look, not a proof.
"""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from nbformat import NotebookNode

from crm_lab.teach.course.questions import parsed
from crm_lab.teach.grading.submissions import Submission

_PIECE: Final = 5  # tokens
_FEWEST: Final = 12  # pieces that both must have beside what is common
_COMMON: Final = 0.34  # of the class: then it is how one writes it
_SKIPPED: Final = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
                             tokenize.ENCODING, tokenize.ENDMARKER})  # fmt: skip
Pieces = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two submissions of one page, and the share of their pieces that both have."""

    page: str
    one: str
    other: str
    share: float
    pieces: int


def alike(
    submissions: Mapping[tuple[str, str], Submission], pages: Mapping[str, NotebookNode], least: float = 0.6
) -> tuple[Likeness, ...]:
    """Pairs that share at least so much, the most alike first.

    Args:
        submissions: By student and page.
        pages: The committed pages: what stands there is nobody's own.
        least: Share of pieces that both have, of those that either has.
    """
    found: list[Likeness] = []
    for page, content in pages.items():
        known = pieces_of(content)
        own = {
            student: pieces_of(one.notebook) - known
            for (student, name), one in submissions.items()
            if name == page and one.notebook is not None
        }
        found += _pairs(page, _without_common(own), least)
    return tuple(sorted(found, key=lambda pair: (-pair.share, -pair.pieces, pair.page, pair.one, pair.other)))


def _without_common(own: Mapping[str, Pieces]) -> dict[str, Pieces]:
    counted = Counter(piece for pieces in own.values() for piece in pieces)
    common = {piece for piece, n in counted.items() if n > max(2, _COMMON * len(own))}
    return {student: pieces - common for student, pieces in own.items()}


def _pairs(page: str, own: Mapping[str, Pieces], least: float) -> Iterator[Likeness]:
    """Only pairs with a piece in common are looked at."""
    holders = defaultdict[tuple[str, ...], list[str]](list)
    for student, pieces in own.items():
        for piece in pieces:
            holders[piece].append(student)
    both = Counter(pair for students in holders.values() for pair in combinations(sorted(students), 2))
    for (one, other), n in both.items():
        share = n / len(own[one] | own[other])
        if share >= least and min(len(own[one]), len(own[other])) >= _FEWEST:
            yield Likeness(page, one, other, round(share, 4), n)


def pieces_of(notebook: NotebookNode) -> Pieces:
    """Five tokens in a row, everywhere in a notebook's code; a variable of any name is the same variable."""
    found: set[tuple[str, ...]] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tokens = list(_tokens(str(cell.source)))
            found |= {tuple(tokens[i : i + _PIECE]) for i in range(len(tokens) - _PIECE + 1)}
    return frozenset(found)


def _tokens(source: str) -> Iterator[str]:
    tree = parsed(source)
    if tree is None:
        return
    own = frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type not in _SKIPPED:
                renamed = token.type == tokenize.NAME and token.string in own and not keyword.iskeyword(token.string)
                yield "name" if renamed else token.string
    except (tokenize.TokenError, SyntaxError, ValueError):
        return  # what was read up to here counts
