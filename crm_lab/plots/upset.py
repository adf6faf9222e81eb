"""UpSet drawing: exclusive intersections as bars above the dots of the sets that they are in (Lex et al. 2014)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.axes import Axes

from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.style import BLUE, PALE, SOFT, new_axes

_NAME = 34  # letters of a name in a line
_STEP = 0.13  # of the highest bar, between rows of dots


def draw_upset(
    sets: Sequence[tuple[str, str, int]], cells: Sequence[tuple[Collection[str], int]], title: str, ax: Axes | None
) -> Axes:
    """Bars of the members of each intersection, and below each the sets that make it.

    Args:
        sets: Name, label and size of each set, in the order of the rows.
        cells: Names of the sets of each intersection, and its members, in the order of the bars.
        title: What is shown.
        ax: Where; new axes unless given.
    """
    ax = ax or new_axes(height=2.6 + 0.3 * len(sets))
    places = np.arange(len(cells))
    heights = [n for _, n in cells]
    bars = ax.bar(places, heights, color=BLUE, width=0.6)
    ax.bar_label(bars, [f"{n:,}" for n in heights], padding=2, size=8, color=SOFT)
    rows = {name: -float(max(heights)) * _STEP * (k + 1) for k, (name, _, _) in enumerate(sets)}
    for name, y in rows.items():
        ax.scatter(places, np.full(len(places), y), color=PALE, s=26, zorder=2)
        inside = [place for place, (of, _) in zip(places, cells, strict=True) if name in of]
        ax.scatter(inside, np.full(len(inside), y), color=BLUE, s=30, zorder=4)
    for place, (of, _) in zip(places, cells, strict=True):
        ends = [rows[name] for name in of]
        ax.plot([place, place], [max(ends), min(ends)], color=BLUE, linewidth=1.4, zorder=3)
    ax.set_yticks(list(rows.values()), [f"{wrapped(label, _NAME)} · {n:,}" for _, label, n in sets])
    ax.set_xticks([])
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    ax.margins(y=0.08)
    ax.set(title=title, xlim=(-0.6, max(len(cells), 6) - 0.4))
    return ax
