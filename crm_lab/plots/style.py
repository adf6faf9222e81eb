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

# Okabe & Ito's palette, dark enough for text where it has to be
BLUE, ORANGE, GREEN, PINK, SKY, RUST, YELLOW, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#6B7280",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, PINK, SKY, RUST, GREY)
SEQUENTIAL = "crest"
WIDTH = 7.2  # inches; 100 dpi: reads at 390 px scaled down and at 1440 px as it is

_RC: dict[str, Any] = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.labelcolor": "#374151",
    "axes.edgecolor": "#9CA3AF",
    "xtick.color": "#4B5563",
    "ytick.color": "#4B5563",
    "grid.color": "#E5E7EB",
    "legend.frameon": False,
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
    if language() == "zh":
        fonts.reverse()
    look: Any = {**_RC, "font.family": fonts}
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
