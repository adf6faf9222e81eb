"""A figure's data as JSON: what a reader could read off the chart, so that charts can be compared by numbers.

Reads matplotlib objects by what they answer and imports none of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_SHOWN = 40  # values kept of a long series, evenly spaced, beside its count, sum and range
_DIGITS = 8  # significant; far below the tolerance with which charts are compared
CATEGORICAL = ("StrCategoryFormatter", "FixedFormatter")


def figure_data(figure: Any) -> dict[str, Any]:
    """Titles, labels, categories and numbers of a matplotlib figure, axes by axes."""
    return {"title": figure.get_suptitle(), "axes": [_axes_data(axes) for axes in figure.axes]}


def figure_title(data: Any) -> str:
    """The titles in a figure's data, else what its axes show, as one line: the picture's alternative text.

    >>> figure_title({"title": "", "axes": [{"title": "Late customers"}, {"ylabel": "share"}]})
    'Late customers'
    >>> figure_title({"axes": [{"xlabel": "days", "ylabel": "customers"}]})
    'customers · days'
    """
    if not isinstance(data, dict):
        return ""
    parts = data.get("axes", [])
    titles = [data.get("title", ""), *(axes.get("title", "") for axes in parts)]
    named = titles if any(titles) else [axes.get(label, "") for axes in parts for label in ("ylabel", "xlabel")]
    return " · ".join(dict.fromkeys(text.replace("\n", " ") for text in named if text))


def _axes_data(axes: Any) -> dict[str, Any]:
    legend = axes.get_legend()
    parts = {
        "title": " ".join(filter(None, (axes.get_title(loc=side) for side in ("left", "center", "right")))),
        "xlabel": axes.get_xlabel(),
        "ylabel": axes.get_ylabel(),
        "xcategories": _categories(axes.xaxis),
        "ycategories": _categories(axes.yaxis),
        "legend": [] if legend is None else [text.get_text() for text in legend.get_texts()],
        "texts": [text.get_text() for text in axes.texts],
        "lines": [
            {"x": _numbers(line.get_xdata(orig=False)), "y": _numbers(line.get_ydata(orig=False))}
            for line in axes.lines
        ],
        "bars": _bars(axes.patches),
        "collections": [_collection(item) for item in axes.collections],
        "images": [_numbers(image.get_array()) for image in axes.images],
    }
    return {name: part for name, part in parts.items() if part}


def _categories(axis: Any) -> list[str]:
    if type(axis.get_major_formatter()).__name__ not in CATEGORICAL:
        return []
    return [label.get_text() for label in axis.get_ticklabels()]


def _bars(patches: Iterable[Any]) -> dict[str, str]:
    bars = [patch for patch in patches if hasattr(patch, "get_height")]
    sides = ("x", "y", "width", "height")
    return {side: _numbers([getattr(bar, f"get_{side}")() for bar in bars]) for side in sides} if bars else {}


def _collection(item: Any) -> dict[str, str]:
    data = {"offsets": _numbers(item.get_offsets())}
    if item.get_array() is not None:
        data["values"] = _numbers(item.get_array())
    if not len(item.get_offsets()) or len(item.get_paths()) > 1 or "Poly" in type(item).__name__:
        data["outlines"] = _numbers([xy for path in item.get_paths()[:_SHOWN] for xy in path.vertices])
    return data


def _numbers(values: Any) -> str:
    """Count, total size, range and a thinned copy of any array of numbers, on one line of a notebook's diff.

    Values are decimals throughout, so that all of them are compared with tolerance.
    """
    import numpy as np

    flat: Any = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan).ravel()
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return "no values"
    step = -(-flat.size // _SHOWN)
    size, least, most = (_short(value) for value in (np.abs(flat).sum(), flat.min(), flat.max()))
    shown = " ".join(_short(value) for value in flat[::step])
    return f"{flat.size} values, absolute sum {size}, from {least} to {most}: {shown}"


def _short(value: Any) -> str:
    return repr(float(f"{float(value):.{_DIGITS}g}") + 0.0)
