"""Drawings of segments: score grid, call list."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from crm_lab.messages import Message
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, PALE, PALETTE, SEQUENTIAL, SKY, SOFT, legend_above, new_axes
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
        cbar_kws={"label": Message("segments.plot.grid_money").text(), "format": "%.0f%%"},
        ax=ax,
    )
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
    sns.barplot(
        calls,
        y="customer_id",
        x="revenue_12m",
        hue="segment",
        palette=PALETTE[: calls["segment"].nunique()],
        dodge=False,
        orient="h",
        saturation=1,
        ax=ax,
    )
    for position, row in enumerate(calls.itertuples(index=False)):
        note = Message("segments.plot.calls_note", {"silent": row.recency_days, "gap": row.median_gap_days})
        ax.annotate(
            note.text(),
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
    if calls["segment"].nunique() > 1:
        legend_above(ax, title=None)
    elif legend := ax.get_legend():
        legend.remove()
    return ax


@draws(ScoringDriftResult)
def plot_drift(result: ScoringDriftResult, *, ax: Axes | None = None) -> Axes:
    """Each segment's share then, now, and now under new cut points."""
    ax = ax if ax is not None else new_axes(4.6)
    columns = {"share_then": "drift_then", "share_now": "drift_now", "share_new_cuts": "drift_new"}
    columns = {column: Message(f"segments.plot.{key}").text() for column, key in columns.items()}
    shares = result.shown().rename(columns=columns).melt("name", list(columns.values()), "table", "share")
    sns.barplot(shares, y="name", x="share", hue="table", palette=[PALE, BLUE, SKY], saturation=1, ax=ax)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    title, label = Message("segments.plot.drift_title").text(), Message("segments.plot.drift_x").text()
    ax.set(title=title, xlabel=label, ylabel="")
    legend_above(ax, title=None)
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
