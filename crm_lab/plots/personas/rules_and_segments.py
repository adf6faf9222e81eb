"""Pictures of rules, lookalikes, overlapping segments (UpSet) and selection rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.direct_labels import name_vertical
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, RUST, SOFT, new_axes
from crm_lab.plots.upset import draw_upset
from crm_lab.segmentation.personas.rule_mining.rule_miner_result import RuleMinerResult
from crm_lab.segmentation.personas.segment_use.lookalike_result import LookalikesResult
from crm_lab.segmentation.personas.segment_use.segment_overlap import SegmentOverlapResult
from crm_lab.segmentation.personas.segment_use.selection_rates_result import SelectionRatesResult

_NAME = 34  # letters of a name in a line
_MOST = 15  # rules in a picture


def _text(key: str, **values: object) -> str:
    return Message(f"persona_rules.{key}", values).text()


@draws(RuleMinerResult)
def plot_rules(result: RuleMinerResult, *, ax: Axes | None = None) -> Axes:
    """Lift of each rule with its interval; the line is what chance gives."""
    frame = result.shown().head(_MOST)
    if frame.empty:
        ax = ax or new_axes(height=1.0)
        ax.text(0, 0.5, wrapped(result.readout().finding.text(), 95), va="center", color=GREY, transform=ax.transAxes)  # type: ignore[union-attr]  # a message
        ax.set_axis_off()
        return ax
    ax = ax or new_axes(height=1.4 + 0.42 * len(frame))
    _ranges(ax, frame["segment"], frame, "lift", [BLUE] * len(frame))
    ax.axvline(1, color=GREY, linewidth=1)
    ax.set(title=_text("miner.plot_title"), xlabel=_text("miner.plot_axis"))
    return ax


@draws(LookalikesResult)
def plot_deciles(result: LookalikesResult, *, ax: Axes | None = None) -> Axes:
    """Lift of held-out seeds by tenth of the score."""
    frame, ax = result.to_frame(), ax or new_axes()
    ax.bar(frame["decile"], frame["lift"], color=BLUE, width=0.7)
    reach = [frame["lift"] - frame["lo"], frame["hi"] - frame["lift"]]
    ax.errorbar(frame["decile"], frame["lift"], yerr=np.maximum(reach, 0), fmt="none", ecolor=SOFT, capsize=3)
    ax.axhline(1, color=GREY, linewidth=1, linestyle="--")
    title, below, beside = (_text(f"lookalikes.plot_{part}") for part in ("title", "x", "y"))
    ax.set(title=title, xlabel=below, ylabel=beside, xticks=frame["decile"])
    return ax


@draws(SegmentOverlapResult)
def plot_upset(result: SegmentOverlapResult, *, ax: Axes | None = None) -> Axes:
    """Exclusive intersections: a bar of customers above the dots of the segments that they are in."""
    cells = result.cells[result.cells["degree"] > 0].head(result.spec.most_intersections)
    names = result.sizes["segment"].tolist()
    sets = list(zip(names, map(result.label, names), result.sizes["customers"].tolist(), strict=True))
    bars = list(zip(cells["segments"], cells["customers"].tolist(), strict=True))
    return draw_upset(sets, bars, _text("overlap.plot_title"), ax)


@draws(SelectionRatesResult)
def plot_rates(result: SelectionRatesResult, *, ax: Axes | None = None) -> Axes:
    """Selection rate of each group with its interval; dashed is the least rate of the four-fifths rule."""
    frame = result.shown()
    ax = ax or new_axes(height=1.4 + 0.42 * len(frame))
    colours = [ORANGE if flag == "below" else BLUE for flag in result.table["flag"]]
    _ranges(ax, frame["group"], frame, "rate", colours)
    (highest,) = result.table.loc[result.table["group"] == result.best, "rate"]
    least = float(highest) * result.spec.least_ratio
    ax.axvline(least, color=RUST, linewidth=1, linestyle="--")
    name_vertical(ax, (least, _text("rates.plot_least", ratio=result.spec.least_ratio), RUST))
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set(title=_text("rates.plot_title"), xlabel=_text("rates.plot_x"))
    return ax


def _ranges(ax: Axes, names: pd.Series, frame: pd.DataFrame, value: str, colours: list[str]) -> None:
    places = np.arange(len(frame))
    ax.hlines(places, frame["lo"], frame["hi"], colors=colours, linewidth=3)
    ax.scatter(frame[value], places, color=colours, s=45, zorder=3)
    ax.set_yticks(places, [wrapped(str(name), _NAME) for name in names])
    ax.set_ylim(len(frame) - 0.5, -0.5)
