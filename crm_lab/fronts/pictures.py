"""Small pictures for a card: hand-written SVG of 300 x 96 from a few numbers, at most 1 KB.

Colours are classes that the page's style sheet fills in: ``on`` and ``off`` (filled), ``ons`` and ``offs`` (lines),
``tg`` (a target), ``ax`` (an axis), ``m`` and ``v`` (words, quiet and strong).
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

WIDTH: Final = 300
HEIGHT: Final = 96
LARGEST: Final = 1024  # bytes
_FRAME: Final = 200  # of them for what stands around the shapes: the sentence that a picture says
_LABELS: Final = 132  # as wide as labels may become
_WIDE: Final = 0x2E80  # from here on a letter is as wide as it is high
_TILE: Final = 40
_FOOT: Final = 16  # height of the words below a line


class Bar(NamedTuple):
    """A bar: what it is, its size and the words behind it."""

    label: str
    size: float
    text: str
    strong: bool = False


class Dot(NamedTuple):
    """A value with its interval and, where there is one, its own target."""

    label: str
    value: float
    lo: float
    hi: float
    strong: bool = False
    target: float | None = None


class Mark(NamedTuple):
    """A point of a curve with words beside it."""

    x: float
    y: float
    text: str


def svg(body: str, alt: str) -> str:
    """A picture with the sentence that says what it shows.

    >>> svg("", "Half & half")
    '<svg viewBox="0 0 300 96" role="img" aria-label="Half &amp; half"></svg>'
    """
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(alt)}">{body}</svg>'


def bars(rows: Sequence[Bar]) -> str:
    """Horizontal bars from zero, the words of each behind it; the first ones where not all have room in a picture.

    >>> bars([Bar("on list", 1, "$1", True)]).count("<rect")
    1
    """
    drawn = _bars(rows)
    return drawn if len(rows) <= 1 or len(drawn.encode()) <= LARGEST - _FRAME else bars(rows[:-1])


def _bars(rows: Sequence[Bar]) -> str:
    most, start = max([row.size for row in rows] + [1e-9]), _start(rows)
    room = WIDTH - start - 8 - max([_length(row.text) for row in rows] + [0])
    step = HEIGHT / max(len(rows), 1)
    height = min(step - 5, 30)
    parts = []
    for place, row in enumerate(rows):
        top, width = place * step + (step - height) / 2, max(room * row.size / most, 1)
        middle = top + height / 2 + 4
        parts.append(
            _text(start - 6, middle, _cut(row.label), "m", "end")
            + f'<rect x="{start:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" '
            f'class="{_fill(row.strong)}"/>' + _text(start + width + 5, middle, row.text, "v" if row.strong else "m")
        )
    return "".join(parts)


def dots(rows: Sequence[Dot], line: float | None = None, words: str = "") -> str:
    """Values with their intervals on one scale; a dashed line, or a tick for each row's own target.

    >>> dots([Dot("C to B", 0.16, 0.14, 0.18)], 0.18, "promised 18%").count("<circle")
    1
    """
    rows = [row for row in rows if all(map(math.isfinite, (row.lo, row.hi, row.value)))]
    if not rows:
        return ""
    known = [v for row in rows for v in (row.lo, row.hi, row.value, row.target) if v is not None]
    known += [line] if line is not None else []
    least, most, start = min(known), max(known), _start(rows)
    pad = 0.06 * (most - least) or 1.0

    def at(value: float) -> float:
        return start + (WIDTH - 8 - start) * (value - least + pad) / (most - least + 2 * pad)

    bottom = HEIGHT - (_FOOT if words else 0)
    step, parts = bottom / max(len(rows), 1), []
    if line is not None:
        parts.append(f'<path d="M{at(line):.0f} 0V{bottom:.0f}" class="tg"/>')
    if words:
        x = at(line) if line is not None else WIDTH - 8.0
        half = _length(words) / 2
        x = min(max(x, half), WIDTH - half) if line is not None else x
        parts.append(_text(x, HEIGHT - 3, words, "m", "middle" if line is not None else "end"))
    for place, row in enumerate(rows):
        y, kind = (place + 0.5) * step, _fill(row.strong)
        parts.append(_text(start - 8, y + 4, _cut(row.label), "m", "end"))
        if row.hi > row.lo:
            parts.append(f'<path d="M{at(row.lo):.0f} {y:.0f}H{at(row.hi):.0f}" class="ci {kind}s"/>')
        parts.append(f'<circle cx="{at(row.value):.0f}" cy="{y:.0f}" r="4.5" class="{kind}"/>')
        if row.target is not None:
            parts.append(f'<path d="M{at(row.target):.0f} {y - 9:.0f}v18" class="tg"/>')
    return "".join(parts)


def columns(sizes: Sequence[float], strong: int, words: str, foot: str) -> str:
    """Upright bars from zero, the first ones strong, with words above these and below all.

    >>> columns([3, 2, 1], 1, "half", "by third").count("<rect")
    3
    """
    most, step, base = max([*sizes, 1e-9]), (WIDTH - 16) / max(len(sizes), 1), HEIGHT - _FOOT - 2
    parts = [_text(8 + strong * step + 6, 14, words, "v"), _text(8, HEIGHT - 3, foot, "m")]
    for place, size in enumerate(sizes):
        height = max(base * max(size, 0) / most, 1)
        parts.append(
            f'<rect x="{8 + place * step:.0f}" y="{base - height:.0f}" width="{step - 3:.0f}" '
            f'height="{height:.0f}" class="{_fill(place < strong)}"/>'
        )
    return "".join(parts)


def curve(points: Sequence[tuple[float, float]], marks: Sequence[Mark], zero: float | None = 0.0) -> str:
    """A line through points, the words of the marks beside it, an axis where it is zero.

    >>> curve([(0, 0), (30, 0.6), (90, 0.8)], [Mark(30, 0.6, "60% by day 30")]).count("<circle")
    1
    """
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min([*ys, zero or 0.0]), max(ys)

    def at(x: float, y: float) -> tuple[float, float]:
        across = 8 + (WIDTH - 20) * (x - min(xs)) / (max(xs) - min(xs) or 1)
        return across, HEIGHT - 14 - (HEIGHT - 36) * (y - low) / (high - low or 1)

    path = " ".join(f"{a:.0f},{b:.0f}" for a, b in (at(x, y) for x, y in points))
    parts = [f'<polyline points="{path}" class="ln"/>']
    if zero is not None:
        level = at(min(xs), zero)[1]
        parts.insert(0, f'<path d="M8 {level:.0f}H292" class="ax"/>')
    for mark in marks:
        x, y = at(mark.x, mark.y)
        late = x + 6 + _length(mark.text) > WIDTH
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" class="on"/>')
        parts.append(_text(x - 2, y - 9, mark.text, "v", "end") if late else _text(x + 6, y + 15, mark.text, "v"))
    return "".join(parts)


def tiles(counts: Sequence[tuple[int, str]], foot: str) -> str:
    """A tile for each of a few things, those of a kind in one class (``on``, ``half``, ``off``), words below.

    >>> tiles([(2, "on"), (1, "off")], "2 of 3").count("M")
    3
    """
    kinds = [kind for n, kind in counts for _ in range(n)]
    rows = 1 if len(kinds) <= 8 else 2
    across = -(-len(kinds) // rows)
    step = min((WIDTH - 16) / max(across, 1), (HEIGHT - _FOOT - 8) / rows, _TILE)
    side = f"{step - 4:.0f}"
    square = f"h{side}v{side}h-{side}z"
    drawn: dict[str, str] = {}
    for place, kind in enumerate(kinds):
        corner = f"M{8 + place % across * step:.0f} {4 + place // across * step:.0f}"
        drawn[kind] = drawn.get(kind, "") + corner + square
    return "".join(f'<path class="{kind}" d="{d}"/>' for kind, d in drawn.items()) + _text(8, HEIGHT - 3, foot, "m")


def _fill(strong: bool) -> str:
    return "on" if strong else "off"


def _length(text: str) -> float:
    """The width of a text, in the units of the picture."""
    return sum(12.0 if ord(sign) >= _WIDE else 7.4 for sign in text)


def _start(rows: Sequence[Bar] | Sequence[Dot]) -> float:
    """Where bars and scales begin: behind the longest label."""
    return min(max([_length(row.label) for row in rows] + [40.0]), _LABELS) + 10


def _cut(text: str) -> str:
    """A label that fits in front of the bars."""
    while _length(text) > _LABELS + 2:
        text = text.removesuffix("…")[:-1].rstrip() + "…"
    return text


def _text(x: float, y: float, words: str, kind: str, anchor: str = "") -> str:
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}"{side}>{html.escape(words)}</text>' if words else ""
