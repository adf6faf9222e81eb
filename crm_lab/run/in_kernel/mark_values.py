"""What single marks of a figure stand for, as ``<title>`` in its SVG: a reader points at one and reads its value.

Reads matplotlib objects by what they answer and imports none of it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from crm_lab.messages import Message
from crm_lab.number_format import per_cent, three_digits
from crm_lab.run.in_kernel.figure_data import CATEGORICAL

MOST: Final = 60  # marks of a figure; with more of them nobody looks for one
_NEAR: Final = 0.45  # of the distance of two names on an axis
_NAMED: Final = ("FixedLocator", "FuncFormatter")  # what `set_xticks(places, names)` leaves
_GROUP = re.compile(r"<g\b[^>]*>|</g>")
_DEFINED = re.compile(r"<defs>.*?</defs>", re.DOTALL)
_SHAPE = re.compile(r"<(use|path)\b([^>]*?)/>")


@dataclass(frozen=True)
class _Marks:
    """An artist and what each of its marks says; a bar is one mark."""

    artist: Any
    said: tuple[str, ...]


@contextmanager
def marked(figure: Any) -> Iterator[Mapping[str, Sequence[str]]]:
    """A figure whose few marks can be found in its SVG.

    Yields:
        What the marks of an artist say, by the name of its group.
    """
    found = [marks for axes in figure.axes for marks in _of_axes(axes)]
    if sum(len(marks.said) for marks in found) > MOST:
        found = []
    for number, marks in enumerate(found):
        marks.artist.set_gid(f"mark{number}")
    try:
        yield {f"mark{number}": marks.said for number, marks in enumerate(found)}
    finally:
        for marks in found:
            marks.artist.set_gid(None)


def _of_axes(axes: Any) -> Iterator[_Marks]:
    for container in axes.containers:
        if getattr(container, "orientation", None):
            across = container.orientation == "horizontal"
            for bar in container.patches:
                yield _Marks(bar, (_bar(axes, bar, across=across),))
    for line in axes.lines:
        if line.get_marker() not in ("None", None, "", " ") and line.get_transform() == axes.transData:
            points = zip(line.get_xdata(orig=False), line.get_ydata(orig=False), strict=True)
            yield _Marks(line, tuple(_point(axes, x, y) for x, y in points if _is_finite(x) and _is_finite(y)))
    for cloud in axes.collections:
        if "Path" in type(cloud).__name__ and len(cloud.get_offsets()):
            offsets = cloud.get_offsets()
            yield _Marks(cloud, tuple(_point(axes, x, y) for x, y in offsets if _is_finite(x) and _is_finite(y)))


def _is_finite(value: Any) -> bool:
    return bool(abs(float(value)) < float("inf"))


def _bar(axes: Any, bar: Any, *, across: bool) -> str:
    x, y, width, height = bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()
    middle = y + height / 2 if across else x + width / 2
    value, along, names = (width, axes.xaxis, axes.yaxis) if across else (height, axes.yaxis, axes.xaxis)
    return _said(_written(names, middle), _written(along, value))


def _point(axes: Any, x: Any, y: Any) -> str:
    """A point by the name on the axis that has names, else by its place across."""
    if _name(axes.yaxis, float(y)):
        return _said(_written(axes.yaxis, y), _written(axes.xaxis, x))
    return _said(_written(axes.xaxis, x), _written(axes.yaxis, y))


def _said(name: str, value: str) -> str:
    return f"{name}{Message('format.colon').text()}{value}"


def _written(axis: Any, value: Any) -> str:
    """A value as its axis writes it: a name, a day, per cent, or three digits."""
    value, formatter = float(value), axis.get_major_formatter()
    kind = type(formatter).__name__
    if name := _name(axis, value):
        return name
    if "Date" in kind:
        return _day(value)
    if kind == "PercentFormatter":
        return per_cent(value / formatter.xmax)
    if kind == "StrMethodFormatter":
        return str(formatter(value))
    return (f"{value:,.0f}" if value == round(value) else three_digits(value)).replace("-", "−")


def _day(value: float) -> str:
    """A day of matplotlib's calendar, which counts from 1970."""
    return str(date(1970, 1, 1) + timedelta(days=int(value)))


def _name(axis: Any, value: float) -> str:
    """The name at a place of an axis that names things."""
    kinds = type(axis.get_major_locator()).__name__, type(axis.get_major_formatter()).__name__
    if kinds != _NAMED and kinds[1] not in CATEGORICAL:
        return ""
    near = [
        label.get_text()
        for place, label in zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=False)
        if abs(place - value) <= _NEAR
    ]
    return " ".join(near[0].split()) if near else ""


def with_titles(svg: str, said: Mapping[str, Sequence[str]]) -> str:
    """An SVG whose named groups tell what their marks stand for.

    >>> with_titles('<svg><g id="mark0"><use x="1"/><use x="2"/></g></svg>', {"mark0": ("a: 1", "b: 2")})
    '<svg><g id="mark0"><use x="1"><title>a: 1</title></use><use x="2"><title>b: 2</title></use></g></svg>'
    >>> with_titles('<svg><g id="mark0"><path d="M"/></g></svg>', {"mark0": ("a: 1", "b: 2")})
    '<svg><g id="mark0"><path d="M"/></g></svg>'

    Args:
        svg: As matplotlib writes it.
        said: What the marks of a group say; where it has another number of shapes, nothing is said.
    """
    for name, texts in said.items():
        start, end = _span(svg, f'<g id="{name}">')
        svg = svg[:start] + _titled(svg[start:end], texts) + svg[end:]
    return svg


def _span(svg: str, head: str) -> tuple[int, int]:
    """Where a group begins and ends; nowhere if it is not drawn."""
    start, depth = svg.find(head), 0
    if start < 0:
        return 0, 0
    for tag in _GROUP.finditer(svg, start):
        depth += -1 if tag[0] == "</g>" else 1
        if not depth:
            return start, tag.end()
    return 0, 0


def _titled(group: str, texts: Sequence[str]) -> str:
    defined = [(found.start(), found.end()) for found in _DEFINED.finditer(group)]
    shapes = [shape for shape in _SHAPE.finditer(group) if not any(a <= shape.start() < b for a, b in defined)]
    marks = [shape for shape in shapes if shape[1] == "use"] or shapes
    if len(marks) != len(texts):
        return group
    for shape, text in reversed(list(zip(marks, texts, strict=True))):
        titled = f"<{shape[1]}{shape[2]}><title>{html.escape(text)}</title></{shape[1]}>"
        group = group[: shape.start()] + titled + group[shape.end() :]
    return group
