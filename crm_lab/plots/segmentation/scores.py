"""Drawings of segments: score grid, call list."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from crm_lab.messages import Message
from crm_lab.plots.direct_labels import name_cells, name_point
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BELOW, BLUE, GREY, PALE, SEQUENTIAL, SKY, SOFT, new_axes
from crm_lab.segmentation import CallListResult, RFMResult, ScoringDriftResult, SegmentStabilityResult
from crm_lab.segmentation.rfm.segment_rules import segment_name


@draws(RFMResult)
def plot_score_grid(result: RFMResult, *, ax: Axes | None = None) -> Axes:
    """Customers per recency and frequency score; the shade is the share of revenue."""
    ax = ax if ax is not None else new_axes(4.2)
    scored = result.to_frame()
    scores = range(1, result.scoring.bins + 1)
    count, money = (
        scored.pivot_table(index="f_score", columns="r_score", values="revenue", aggfunc=what)
        .reindex(index=scores[::-1])
        .reindex(columns=scores)
        .fillna(0)
        for what in ("count", "sum")
    )
    sns.heatmap(
        100 * money / money.to_numpy().sum(),
        annot=count,
        fmt=",.0f",
        cmap=SEQUENTIAL,
        linewidths=1,
        cbar_kws={**BELOW, "label": Message("segments.plot.grid_money").text(), "format": "%.0f%%"},
        ax=ax,
    )
    name_cells(ax)
    ax.set(
        title=Message("segments.plot.grid_title").text(),
        xlabel=Message("segments.plot.recency_score").text(),
        ylabel=Message("segments.plot.frequency_score").text(),
    )
    ax.tick_params(length=0)
    ax.tick_params(axis="y", rotation=0)
    ax.grid(visible=False)
    return ax


@draws(CallListResult)
def plot_calls(result: CallListResult, *, ax: Axes | None = None) -> Axes:
    """What each customer on the list spent, with the silence beside it."""
    calls = result.shown()
    ax = ax if ax is not None else new_axes(1.2 + 0.27 * max(len(calls), 1))
    sns.barplot(calls, y="customer_id", x="revenue_12m", color=BLUE, orient="h", saturation=1, ax=ax)
    several = calls["segment"].nunique() > 1
    for position, row in enumerate(calls.itertuples(index=False)):
        note = Message("segments.plot.calls_note", {"silent": row.recency_days, "gap": row.median_gap_days})
        ax.annotate(
            f"{note} · {row.segment}" if several else note.text(),
            (float(str(row.revenue_12m)), position),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size=8,
            color=SOFT,
        )
    ax.margins(x=0.25)
    ax.set(
        title=Message("segments.plot.calls_title").text(),
        xlabel=Message("segments.plot.calls_money", {"currency": result.currency}).text(),
        ylabel=Message("segments.plot.customer").text(),
    )
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return ax


@draws(ScoringDriftResult)
def plot_drift(result: ScoringDriftResult, *, ax: Axes | None = None) -> Axes:
    """Each segment's share then, now, and now under new cut points."""
    rows = result.shown()
    ax = ax if ax is not None else new_axes(1.4 + 0.42 * len(rows))
    columns = {"share_then": "drift_then", "share_now": "drift_now", "share_new_cuts": "drift_new"}
    shares = rows.melt("name", list(columns), "table", "share")
    sns.barplot(shares, y="name", x="share", hue="table", palette=[PALE, BLUE, SKY], saturation=1, legend=False, ax=ax)
    for bars, (column, key), color in zip(ax.containers, columns.items(), (PALE, BLUE, SKY), strict=True):
        widest = int(rows[list(columns)].min(axis=1).argmax())
        bar = bars[widest]  # the three are told by name where all have room
        at = (float(rows[column].iloc[widest]), bar.get_y() + bar.get_height() / 2)
        name_point(ax, at, Message(f"segments.plot.{key}").text(), color, (4, 0))
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    title, label = Message("segments.plot.drift_title").text(), Message("segments.plot.drift_x").text()
    ax.set(title=title, xlabel=label, ylabel="")
    return ax


@draws(SegmentStabilityResult)
def plot_stability(result: SegmentStabilityResult, *, ax: Axes | None = None) -> Axes:
    """How often the segment of each customer holds: mean and middle half of the customers of each segment."""
    frame = result.to_frame()
    order = [s for s in result.order if (frame["segment"] == s).any()]
    ax = ax if ax is not None else new_axes(1.2 + 0.32 * len(order))
    sns.barplot(
        frame,
        x="holds",
        y="segment",
        order=order,
        color=SKY,
        errorbar=("pi", 50),
        err_kws={"color": GREY},
        saturation=1,
        ax=ax,
    )
    ax.set_yticks(ax.get_yticks(), [segment_name(s).text() for s in order])
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set(
        title=Message("segments.plot.stability_title").text(),
        xlabel=Message("segments.plot.stability_holds").text(),
        ylabel="",
        xlim=(0, 1.02),
    )
    return ax
