"""Words beside what is drawn, in its colour, where other charts have a legend.

All of them are called last: they stand where the limits of the axes put them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import same_color, to_rgb
from matplotlib.lines import Line2D

from crm_lab.messages.wrapped_text import columns, wrapped
from crm_lab.plots.style import GOLD, GREEN, INK, ORANGE, PALE, SKY, SOFT, WIDTH

SIZE: Final = 9
_WIDTH: Final = 17  # Latin letters in a line beside a drawing
_LETTER: Final = 5.4  # points
_LINE: Final = 0.17  # inches that a line of words needs
_WORDS: Final = {PALE: SOFT, SKY: INK, GREEN: INK, ORANGE: GOLD}
_SAME_LEVEL: Final = 0.08  # of the height: words of this distance meet
_ONE_PLACE: Final = 0.04  # of both sides: points this near have their names one above the other
_ON_HEAT: Final = ("#010101", "#ffffff")  # not the black of the ink, which a dark page turns light
_LIGHT: Final = (0.2126, 0.7152, 0.0722)
_AROUND: Final = 0.9  # inches of a figure's height that are not the drawing


def name_lines(ax: Axes, lines: Iterable[Line2D] | None = None) -> None:
    """The label of each line at its right end, none over another.

    Args:
        ax: With its lines and limits.
        lines: Which; all that have a label unless given.
    """
    named = [line for line in (ax.lines if lines is None else lines) if not str(line.get_label()).startswith("_")]
    ends = [float(np.asarray(line.get_ydata(), dtype=float)[_last(line)]) for line in named]
    name_right(ax, ends, [str(line.get_label()) for line in named], [line.get_color() for line in named])


def _last(line: Line2D) -> int:
    """Place of the last point that is drawn."""
    values = np.asarray(line.get_ydata(), dtype=float)
    return int(np.flatnonzero(np.isfinite(values))[-1])


def name_right(ax: Axes, heights: Sequence[float], names: Sequence[str], colors: Sequence[Any]) -> None:
    """Names to the right of a drawing at heights in its units, moved apart where they would meet."""
    texts = [wrapped(name, _WIDTH) for name in names]
    bottom, top = ax.get_ylim()
    room = max(ax.figure.bbox.height / ax.figure.dpi - _AROUND, 1.0)
    wanted = [(height - bottom) / (top - bottom) for height in heights]
    sizes = [_LINE * (text.count("\n") + 1) / room for text in texts]
    for text, color, y in zip(texts, colors, _apart(wanted, sizes), strict=True):
        ax.annotate(
            text, (1, y), (5, 0), xycoords="axes fraction", textcoords="offset points",
            va="center", size=SIZE, color=readable(color), annotation_clip=False,
        )  # fmt: skip


def _apart(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Places nearest to the wanted ones, each as far from the next as both are high: pushed up, then all moved back.

    >>> [round(place, 2) for place in _apart([0.5, 0.5], [0.1, 0.1])]
    [0.45, 0.55]
    """
    order = sorted(range(len(wanted)), key=lambda k: wanted[k])
    places = list(wanted)
    for below, k in pairwise(order):
        places[k] = max(places[k], places[below] + (sizes[below] + sizes[k]) / 2)
    moved = float(np.mean(places) - np.mean(wanted)) if order else 0.0
    return [place - moved for place in places]


def name_vertical(ax: Axes, *marks: tuple[float, str, Any]) -> None:
    """Words on top of vertical lines: where each stands, what it is, its colour; neighbours turn away."""
    marks = tuple(sorted(marks, key=lambda mark: mark[0]))
    left, right = ax.get_xlim()
    for place, (x, name, color) in enumerate(marks):
        share = (x - left) / (right - left)
        side = _side(share) if len(marks) == 1 else "right" if place == 0 else "left"
        ax.annotate(
            name, (x, 1), (0, 3), xycoords=ax.get_xaxis_transform(), textcoords="offset points",
            ha=side, va="bottom", size=SIZE, color=readable(color), annotation_clip=False,
        )  # fmt: skip
    ax.set_title(ax.get_title(loc="left"), loc="left", pad=20)


def _side(share: float) -> str:
    """How words stand to a line that is so far to the right: always over the drawing."""
    return "left" if share < 0.25 else "right" if share > 0.75 else "center"


def name_horizontal(ax: Axes, y: float, name: str, color: Any) -> None:
    """Words on a horizontal line, at its left end."""
    ax.annotate(
        name, (0, y), (4, 2), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
        ha="left", va="bottom", size=SIZE, color=readable(color),
    )  # fmt: skip


def name_point(ax: Axes, at: tuple[Any, float], name: str, color: Any, offset: tuple[float, float] = (7, 0)) -> None:
    """Words beside a point, so many points away."""
    ax.annotate(
        name, at, offset, textcoords="offset points", size=SIZE, color=readable(color),
        ha="left" if offset[0] > 0 else "center",
        va="center" if not offset[1] else "bottom" if offset[1] > 0 else "top", annotation_clip=False,
    )  # fmt: skip


def name_points(ax: Axes, points: Sequence[tuple[float, float]], names: Sequence[str]) -> None:
    """Names beside points, each on the side where no other stands; of points in one place, one above the other."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    places = [((x - left) / (right - left), (y - bottom) / (top - bottom)) for x, y in points]
    for k, (at, name, (x, y)) in enumerate(zip(points, names, places, strict=True)):
        under = sum(abs(other - x) < _ONE_PLACE and abs(height - y) < _ONE_PLACE for other, height in places[:k])
        room = _LETTER * columns(name) / 72 / WIDTH
        level = [other for other, height in places if abs(height - y) < _SAME_LEVEL and (other, height) != (x, y)]
        turned = any(x < other < x + room for other in level) and x > room
        ax.annotate(
            name, at, (-7 if turned else 7, under * (SIZE + 2)), textcoords="offset points", size=SIZE - 1,
            ha="right" if turned else "left", va="center", annotation_clip=False,
        )  # fmt: skip


def name_above(ax: Axes, kinds: Sequence[tuple[str, Any]]) -> None:
    """What the colours of stacked bars are, in a row over the drawing: parts may be too small to hold their names."""
    at = 0.0
    for name, color in kinds:
        place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
        ax.annotate("■", (0, 1), (at, 3), size=SIZE, color=color, annotation_clip=False, **place)
        ax.annotate(name, (0, 1), (at + SIZE + 2, 3), size=SIZE, color=INK, annotation_clip=False, **place)
        at += 2 * SIZE + _LETTER * columns(name)
    ax.set_title(ax.get_title(loc="left"), loc="left", pad=20)


def name_cells(ax: Axes) -> None:
    """Numbers in the cells of a heat map in ink or in white, whichever stands out more from its cell."""
    (mesh,) = (drawn for drawn in ax.collections if isinstance(drawn, QuadMesh))
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]  # a subfigure cannot, and is none here
    colors = np.asarray(mesh.get_facecolor())
    across = np.asarray(mesh.get_array()).shape[-1]
    for text in ax.texts:
        x, y = text.get_position()
        cell = to_rgb(tuple(colors[int(y) * across + int(x)][:3]))
        text.set_color(max(_ON_HEAT, key=lambda color: _contrast(to_rgb(color), cell)))


def _contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """How far two colours stand apart in light (WCAG 2): 1 to 21."""
    channels = np.array([one, other])
    lights = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4) @ _LIGHT
    return float((lights.max() + 0.05) / (lights.min() + 0.05))


def readable(color: Any) -> Any:
    """The colour of words for what is drawn in a colour: pale ones are too light to be read.

    >>> readable("#00558a"), readable("#b8c2cc") == SOFT
    ('#00558a', True)
    """
    return next((words for light, words in _WORDS.items() if same_color(color, light)), color)
