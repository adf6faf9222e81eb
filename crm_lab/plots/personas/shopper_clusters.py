"""Pictures of kinds of shoppers: prediction strength, what sets them apart, flows between months, drift."""

from __future__ import annotations

from typing import Literal

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.direct_labels import name_above, name_cells, name_point
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BELOW, BLUE, GREY, ORANGE, PALE, RUST, SEQUENTIAL, new_axes
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import ClusterScoring
from crm_lab.segmentation.personas.shopper_clusters.segment_drift import SegmentDriftResult
from crm_lab.segmentation.personas.shopper_clusters.segment_keeping import SegmentMovesResult
from crm_lab.segmentation.personas.shopper_clusters.segment_passport import SegmentPassportResult
from crm_lab.segmentation.personas.shopper_clusters.segment_words import feature_words, marks, segment_names
from crm_lab.segmentation.personas.shopper_clusters.shopper_clusters import ShopperClustersResult
from crm_lab.stats.clustering.number_of_groups import ENOUGH

_MOST_FEATURES = 14


def _text(key: str, **values: object) -> str:
    return Message(f"persona_clusters.plot_{key}", values).text()


@draws(ShopperClustersResult)
def plot_clusters(
    result: ShopperClustersResult, *, ax: Axes | None = None, kind: Literal["strength", "index", ""] = ""
) -> Axes:
    """Prediction strength by number of kinds, or a heat map of what sets each kind apart."""
    chosen = kind or ("strength" if len(result.curve) > 1 else "index")
    if chosen == "index":
        return _index(result.scoring, ax)
    return _strength(result, ax or new_axes(3.4))


def _strength(result: ShopperClustersResult, ax: Axes) -> Axes:
    curve = result.curve
    ax.axhline(ENOUGH, color=GREY, linewidth=1, linestyle="--")
    ax.errorbar(curve["k"], curve["strength"], yerr=curve["se"], color=BLUE, marker="o", linewidth=1.5)
    own = curve[curve["k"] == result.k]
    ax.scatter(own["k"], own["strength"], s=110, color=ORANGE, zorder=5, linewidth=0)
    ax.set(title=_text("strength"), xlabel=_text("k"), ylabel=_text("strength_axis"), ylim=(0, 1.12))
    ax.set_xticks(curve["k"])
    ax.yaxis.set_major_formatter("{x:.1f}")
    ax.annotate(_text("bar"), (1, ENOUGH), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                va="center", size=9, color=GREY, annotation_clip=False)  # fmt: skip
    for k, strength in zip(own["k"], own["strength"], strict=True):
        name_point(ax, (k, float(strength)), _text("chosen", k=result.k), ORANGE, (0, 9))
    return ax


@draws(SegmentPassportResult)
def plot_passports(result: SegmentPassportResult, *, ax: Axes | None = None) -> Axes:
    """Share of lines by that of all customers, by feature and segment."""
    return _index(result.scoring, ax)


def _index(scoring: ClusterScoring, ax: Axes | None) -> Axes:
    table = marks(scoring)
    widest = table.groupby("feature")["distance"].agg(lambda d: d.abs().max()).nlargest(_MOST_FEATURES).index
    order = [name for name in scoring.features if name in widest]
    index = table.pivot_table(index="feature", columns="segment", values="index").loc[order, list(scoring.segments)]
    names = segment_names(scoring)
    index.index = [feature_words(name).text() for name in index.index]
    index.columns = [wrapped(names[segment].text(), 12) for segment in index.columns]
    ax = ax or new_axes(1.9 + 0.3 * len(index))
    sns.heatmap(
        index, annot=True, fmt=".1f", cmap=SEQUENTIAL, vmin=0, vmax=max(3.0, min(float(index.to_numpy().max()), 5.0)),
        linewidths=1, cbar_kws={**BELOW, "label": _text("index")}, ax=ax,
    )  # fmt: skip
    name_cells(ax)
    ax.set(title=_text("index_title"), xlabel="", ylabel="")
    ax.tick_params(length=0)
    ax.tick_params(axis="y", rotation=0)
    ax.tick_params(axis="x", rotation=0)
    ax.grid(visible=False)
    return ax


@draws(SegmentMovesResult)
def plot_moves_between_kinds(result: SegmentMovesResult, *, ax: Axes | None = None) -> Axes:
    """Customers who changed their kind, a bar a flow, the largest first."""
    frame = result.shown()
    frame = frame[frame["from_segment"] != frame["to_segment"]].nlargest(12, "customers")
    ax = ax or new_axes(1.4 + 0.34 * max(len(frame), 1))
    labels = [f"{a} → {b}" for a, b in zip(frame["from_segment"], frame["to_segment"], strict=True)]
    bars = ax.barh(np.arange(len(frame)), frame["customers"], color=BLUE, height=0.6)
    ax.bar_label(bars, fmt="{:,.0f}", padding=3, size=9)
    ax.set_yticks(np.arange(len(frame)), labels or None)
    ax.set_ylim(max(len(frame), 1) - 0.5, -0.5)
    if frame.empty:
        ax.text(0.5, 0.5, _text("nobody"), transform=ax.transAxes, ha="center", color=GREY)
    ax.set(title=_text("flows", end=str(result.after.end)), xlabel=_text("flows_axis"), ylabel="")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(visible=False, axis="y")
    return ax


@draws(SegmentDriftResult)
def plot_segment_drift(result: SegmentDriftResult, *, ax: Axes | None = None) -> Axes:
    """Share of customers of each segment before and now; what rings stands out."""
    frame = result.shown()
    ax, places = ax or new_axes(1.5 + 0.42 * len(frame)), np.arange(len(frame))
    rings = result.frame["alarm"] != "none"
    ax.hlines(places, frame["share_before"], frame["share_after"], color=PALE, linewidth=2)
    ax.scatter(frame["share_before"], places, color=GREY, s=40)
    ax.scatter(frame["share_after"], places, color=np.where(rings, RUST, BLUE), s=40)
    ax.set_yticks(places, list(frame["name"]))
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.set(title=_text("drift"), xlabel=Message("column.share").text(), ylabel="")
    ax.xaxis.set_major_formatter("{x:.0%}")
    name_above(ax, [(Message("column.share_before").text(), GREY), (Message("column.share_after").text(), BLUE)])
    return ax
