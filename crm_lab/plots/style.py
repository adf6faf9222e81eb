"""One quiet, colour-blind-safe look for every figure, applied while drawing and never globally."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from crm_lab.messages import language

# told apart by people with any of the three kinds of colour blindness (tests/plots); grey is context, rust a target
BLUE, ORANGE, SKY, RUST, GREY, GREEN = "#00558a", "#c47a00", "#6bb0dc", "#963d00", "#66727f", "#3f9e7c"
PALE = "#b8c2cc"  # what is there for comparison
GOLD = "#6b4e00"  # words about what is orange
INK, SOFT, LINE = "#1f2933", "#52606d", "#dfe3e8"
PALETTE = (BLUE, ORANGE, SKY, RUST, GREY, GREEN)
SEQUENTIAL = sns.light_palette("#08578b", as_cmap=True)  # heat keeps its colours on a dark page
BELOW: dict[str, Any] = {"location": "bottom", "aspect": 45, "pad": 0.03}  # a scale of colours, under its map
WIDTH = 7.2  # inches; 100 dpi: reads at 390 px scaled down and at 1440 px as it is

_RC: dict[str, Any] = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.labelcolor": SOFT,
    "axes.edgecolor": "#9aa5b1",
    "axes.axisbelow": True,
    "axes.grid": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 0,
    "xtick.major.pad": 7,  # the first label below a drawing stays clear of the lowest one before it
    "ytick.major.size": 0,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.hashsalt": "crm-lab",
}


@contextmanager
def style() -> Iterator[None]:
    """Context manager: the lab's look for figures created inside, with letters for every language.

    Names in data are in any script, whatever the language of the report: each letter is taken from the first font
    that has it, and Noto Sans CJK has Chinese, Japanese and Korean ones.

    >>> with style():
    ...     axes = new_axes()
    >>> axes.get_title()
    ''
    """
    # loads the backend now: loaded inside, its interactive flag would be undone on leaving
    plt.draw_if_interactive()  # type: ignore[no-untyped-call]  # matplotlib has no types for it
    fonts = ["DejaVu Sans", _font_of_east_asia()]
    look: Any = dict(_RC)
    if language() == "zh":
        fonts.reverse()
        look["axes.titleweight"] = "normal"  # the font has one weight
    look["font.family"] = fonts
    with sns.axes_style("ticks"), sns.color_palette(PALETTE), mpl.rc_context(look):
        yield


def _font_of_east_asia() -> str:
    from crm_lab.fonts import FAMILY, chinese_font_file

    mpl.font_manager.fontManager.addfont(chinese_font_file())
    return FAMILY


def new_axes(height: float = 3.8, width: float = WIDTH) -> Axes:
    """Fresh axes of the lab's width (inches)."""
    axes: Axes = plt.subplots(figsize=(width, height))[1]
    return axes
