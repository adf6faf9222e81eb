"""`draw(result)`: the drawing function registered for a result's type, inside the lab's style."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from matplotlib.axes import Axes

from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.style import GREY, new_axes, style
from crm_lab.results import NoAnswer, Result

_DRAWINGS: dict[type, Callable[..., Axes]] = {}
_SHOW_WHY: set[type] = set()


def draws(kind: type, *, shows_why: bool = False) -> Callable[[Callable[..., Axes]], Callable[..., Axes]]:
    """Decorator: register a function that draws results of a type.

    >>> from crm_lab.results import TableResult
    >>> class Mine(TableResult):
    ...     pass
    >>> @draws(Mine)
    ... def draw_mine(result, *, ax=None):
    ...     return ax
    >>> draw_mine.__name__
    'draw_mine'

    Args:
        kind: Type of the results.
        shows_why: Whether the drawing holds nothing but what a refusal rests on (counts, errors, sizes of arms);
            of other refused results the reason is shown in place of a picture.

    Returns:
        The decorator.
    """

    def register(function: Callable[..., Axes]) -> Callable[..., Axes]:
        _DRAWINGS[kind] = function
        if shows_why:
            _SHOW_WHY.add(kind)
        return function

    return register


def _no_picture(reason: str, ax: Axes | None) -> Axes:
    """The reason why there is nothing to draw, in place of empty axes."""
    ax = ax or new_axes(height=1.0)
    ax.text(0, 0.5, wrapped(reason, 95), va="center", color=GREY, transform=ax.transAxes)
    ax.set_axis_off()
    return ax


def draw(result: Result, **options: Any) -> Axes:
    """Draw a result by its type; the same as `result.plot()`.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation import RFM
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> axes = draw(RFM().fit(tables["customer_360"], as_of=tables.as_of))
    >>> type(axes).__name__
    'Axes'

    Args:
        result: What an analysis returned.
        options: Passed to the drawing function (each takes ``ax``).

    Returns:
        Axes.

    Raises:
        TypeError: If no drawing is registered for the result's type.
    """
    kind = type(result)
    if isinstance(result, NoAnswer):
        with style():
            return _no_picture(result.why, options.get("ax"))
    if kind not in _DRAWINGS:
        room = kind.__module__.split(".")[1]
        importlib.import_module(f"crm_lab.plots.{room}")
    if kind not in _DRAWINGS:
        raise TypeError(f"There is no plot for {kind.__name__}; its to_frame() has the numbers.")
    refused = result.refusal()
    with style():
        if refused is not None and (kind not in _SHOW_WHY or result.to_frame().empty):
            return _no_picture(refused.text(), options.get("ax"))
        return _DRAWINGS[kind](result, **options)
