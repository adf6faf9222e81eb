"""Picture of segments by rule: customers in each."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from crm_lab.data.rule_segments.segment_sizes import SegmentSizesResult
from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, new_axes

_NAME = 34  # letters of a name in a line


@draws(SegmentSizesResult)
def plot_sizes(result: SegmentSizesResult, *, ax: Axes | None = None) -> Axes:
    """Customers in each segment by rule."""
    frame = result.shown()
    ax = ax or new_axes(height=1.4 + 0.42 * len(frame))
    places = np.arange(len(frame))
    bars = ax.barh(places, frame["customers"], color=BLUE, height=0.6)
    ax.bar_label(bars, [f"{n:,} · {s:.1%}" for n, s in zip(frame["customers"], frame["share"], strict=True)], padding=3)
    ax.set_yticks(places, [wrapped(str(name), _NAME) for name in frame["segment"]])
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.grid(visible=False, axis="y")
    ax.set(
        title=Message("rule_segments.sizes.plot_title").text(), xlabel=Message("persona_rules.overlap.plot_y").text()
    )
    return ax
