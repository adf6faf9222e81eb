"""A figure as SVG in the two widths of a report, text as text, without the title that the page says itself.

Works with the matplotlib that a notebook imported and imports none of it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from io import StringIO
from itertools import pairwise
from textwrap import fill
from typing import Any, Final

from crm_lab.run.in_kernel.figure_data import CATEGORICAL

WIDTHS: Final = {"wide": 7.2, "narrow": 3.75}  # inches: 720 and 375 px
LARGEST: Final = 90_000  # characters; a cloud of points is smaller as pixels
_NARROW_AXIS: Final = 40  # letters in a line below a narrow drawing
_NARROW_NAME: Final = 24  # and before it
_BETWEEN: Final = 4  # pixels between two labels below it
_CENTRE: Final = 0.5  # of the axes: where words below a drawing stand
_WIDE: Final = 0x2E80  # from here on a letter is as wide as two Latin ones
_UPRIGHT: Final = 90  # degrees
_LINE: Final = 0.19  # inches that a line of names needs
_AROUND: Final = 0.9  # and what stands around them
_NARROW_TEXTS: Final = 36  # words inside a drawing that a narrow one still has room for
_RC = {"svg.fonttype": "none", "svg.hashsalt": "crm-lab"}
_NOTHING = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_HEAD = re.compile(r"\A.*?(?=<svg)|<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", re.DOTALL)
_LONG = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
_TAG = re.compile(r"<[^>]*>")
_OWN_LINE = re.compile(r"(?<=.)\n(?=.)")
_BLANK = re.compile(r"\s*\n\s*")
_NAMED = re.compile(r' id="([^"]+)"')
_USED = re.compile(r'(?<=url\(#)[^)]+|(?<=href="#)[^"]+')
_FONT = re.compile(r"font: (?:normal )*(bold |[1-9]00 )?([\d.]+px) [^;\"]+")
_SIZE = re.compile(r'(?<=<svg)[^>]*?viewBox="([^"]+)"[^>]*')


def figure_drawings(figure: Any) -> dict[str, str]:
    """SVG of a figure by name of the width; empty where one would be larger than `LARGEST`."""
    from crm_lab.run.in_kernel.mark_values import marked  # it brings the catalogue, which a kernel starts without

    with _untitled(figure), marked(figure) as said, sys.modules["matplotlib"].rc_context(_RC):
        drawn = {name: _drawn(figure, width, said) for name, width in WIDTHS.items()}
    return drawn if all(len(svg) <= LARGEST for svg in drawn.values()) else {}


def _drawn(figure: Any, width: float, said: Mapping[str, Sequence[str]]) -> str:
    from crm_lab.run.in_kernel.mark_values import with_titles

    before, buffer = figure.get_size_inches().copy(), StringIO()
    tight = {} if figure.get_layout_engine() else {"bbox_inches": "tight"}
    with _in_lines(figure) if width < before[0] else nullcontext(0) as lines:
        figure.set_size_inches(min(width, before[0]), max(before[1], _AROUND + _LINE * lines))
        if width < before[0]:
            _thin_out(figure)
            _keep_inside(figure)
        figure.savefig(buffer, format="svg", transparent=True, metadata=_NOTHING, **tight)
    figure.set_size_inches(*before)
    return compact(with_titles(buffer.getvalue(), said))


@contextmanager
def _in_lines(figure: Any) -> Iterator[int]:
    """A figure for a narrow drawing: long words at the axes in several lines, ticks and words not too close.

    Yields:
        Lines of words before the drawing.
    """
    axes = figure.axes
    axises = [axis for ax in axes for axis in (ax.xaxis, ax.yaxis)]
    before = [(axis, axis.get_major_locator(), axis.get_major_formatter()) for axis in axises]
    labels = [ax.get_xlabel() for ax in axes]
    turned = [next((label.get_rotation() for label in ax.xaxis.get_ticklabels()), 0.0) for ax in axes]
    crowded = [text for ax in axes if len(ax.texts) > _NARROW_TEXTS for text in ax.texts]
    for text in crowded:
        text.set_visible(False)
    for ax in axes:
        ax.set_xlabel(_filled(ax.get_xlabel(), _NARROW_AXIS))
    yield max([_named_in_lines(ax) for ax in axes], default=0)
    for text in crowded:
        text.set_visible(True)
    for ax, label, rotation in zip(axes, labels, turned, strict=True):
        ax.set_xlabel(label)
        ax.tick_params(axis="x", rotation=rotation)
        ax.xaxis.label.set(ha="center", x=_CENTRE)
    for axis, locator, formatter in before:
        axis.set_major_locator(locator)
        axis.set_major_formatter(formatter)


def _named_in_lines(ax: Any) -> int:
    """Break names before a drawing into lines; count the lines."""
    if not _names_things(ax.yaxis):
        return 0
    names = [_filled(label.get_text(), _NARROW_NAME) for label in ax.yaxis.get_ticklabels()]
    ax.set_yticks(ax.get_yticks(), names)
    return len(names) * max([name.count("\n") + 1 for name in names], default=0)


def _thin_out(figure: Any) -> None:
    """Turn words below a drawing upright where neighbours meet; leave out every second number while they do."""
    figure.draw_without_rendering()
    for ax in figure.axes:
        low, high = sorted(ax.get_xlim())
        shown = [label for label in ax.xaxis.get_ticklabels() if label.get_text()]
        shown = [label for label in shown if low <= label.get_position()[0] <= high]
        places, step = [label.get_position()[0] for label in shown], 1
        boxes = [label.get_window_extent() for label in shown]
        if _names_things(ax.xaxis) and _are_words(shown) and _meet(boxes):
            ax.tick_params(axis="x", rotation=_UPRIGHT)
            continue
        while _meet(boxes[::step]):
            step *= 2
        if step > 1:
            ax.set_xticks(places[::step], [label.get_text() for label in shown[::step]])


def _meet(boxes: Sequence[Any]) -> bool:
    return any(b.x0 < a.x1 + _BETWEEN for a, b in pairwise(boxes))


def _are_words(labels: Sequence[Any]) -> bool:
    """Whether no label is a number or a date: of those, some stand for all."""
    return not any(letter.isdigit() for label in labels for letter in label.get_text())


def _keep_inside(figure: Any) -> None:
    """Words below a drawing that would leave the picture to the right end with their axis instead."""
    for ax in figure.axes:
        if ax.xaxis.label.get_window_extent().x1 > figure.bbox.x1:
            ax.xaxis.label.set(ha="right", x=1.0)


def _names_things(axis: Any) -> bool:
    fixed = type(axis.get_major_locator()).__name__ == "FixedLocator"
    return fixed or type(axis.get_major_formatter()).__name__ in CATEGORICAL


def _filled(text: str, width: int) -> str:
    """A text in lines of so many Latin letters, half as many of others; as it is where its own lines fit.

    No word, number or name is broken in scripts without spaces, and no line begins with a closing mark.
    """
    from crm_lab.messages.wrapped_text import columns, wrapped

    if all(columns(line) <= width for line in text.split("\n")):
        return text
    if not any(ord(letter) >= _WIDE for letter in text):
        return fill(text.replace("\n", " "), width)
    return wrapped(_OWN_LINE.sub(lambda end: "" if _is_wide(text, end.start()) else " ", text), width)


def _is_wide(text: str, end: int) -> bool:
    """Whether a line ends and the next begins in a script without spaces."""
    return all(ord(letter) >= _WIDE for letter in (text[end - 1], text[end + 1]))


@contextmanager
def _untitled(figure: Any) -> Iterator[None]:
    """A figure of one drawing without its title; several drawings keep theirs to be told apart."""
    titled = [axes for axes in figure.axes if axes.get_title(loc="left") or axes.get_title()]
    kept = [(axes, loc, axes.get_title(loc=loc)) for axes in titled for loc in ("left", "center")]
    if len(titled) == 1:
        for axes, loc, _ in kept:
            axes.set_title("", loc=loc)
    try:
        yield
    finally:
        for axes, loc, text in kept:
            axes.set_title(text, loc=loc)


def compact(svg: str) -> str:
    """Matplotlib's SVG without head, style sheet, unused and long names and more than a tenth of a point.

    >>> compact('<?xml?><svg height="9pt" viewBox="0 0 9.12345 9"><g id="axes_1"><path d="M 1.23456 2"/></g>0.25</svg>')
    '<svg viewBox="0 0 9.1 9"><g><path d="M 1.2 2"/></g>0.25</svg>'
    """
    svg = _SIZE.sub(lambda found: f' viewBox="{found[1]}"', _HEAD.sub("", svg), count=1)
    svg = svg.replace("xlink:href", "href")
    used = {name: f"n{place}" for place, name in enumerate(dict.fromkeys(_USED.findall(svg)))}
    svg = _NAMED.sub(lambda found: f' id="{used[found[1]]}"' if found[1] in used else "", svg)
    svg = _USED.sub(lambda found: used[found[0]], svg)
    svg = _FONT.sub(lambda found: f"font-size: {found[2]}" + ("; font-weight: 600" if found[1] else ""), svg)
    svg = _TAG.sub(lambda tag: _LONG.sub(_short, tag[0]), svg)
    return _BLANK.sub("\n", svg).replace(">\n<", "><").strip()


def _short(found: re.Match[str]) -> str:
    return f"{round(float(found[0]), 1) + 0.0:g}"
