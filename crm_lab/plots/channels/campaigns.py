"""Stages of all campaigns, combinations of audiences, reach precision, arms of a hold-out, weeks around a campaign."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from crm_lab.channels.campaigns import (
    AudienceOverlapResult,
    CampaignFunnelResult,
    IncrementalResponseResult,
    PromotionDipResult,
    ReachPrecisionResult,
)
from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.direct_labels import name_lines
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BELOW, BLUE, GREY, ORANGE, PALE, SEQUENTIAL, SOFT, new_axes
from crm_lab.plots.upset import draw_upset

_NAME = 34  # letters of a name in a line
_MOST = 27  # campaigns in a picture


def _text(key: str, **values: object) -> str:
    return Message(f"channels.{key}", values).text()


@draws(CampaignFunnelResult)
def plot_funnel(result: CampaignFunnelResult, *, ax: Axes | None = None) -> Axes:
    """Share of messages at each stage that is known, over all campaigns, with its interval."""
    rates = result.rates()
    rates = rates[(rates["group"] == "all") & rates["definition"].str.endswith(" / sent")]
    names = [_text(f"stage.{d.split(' / ')[0]}", bought=result.spec.bought_days, again=result.spec.again_days)
             for d in rates["definition"]]  # fmt: skip
    ax = ax or new_axes(height=1.6 + 0.6 * len(rates))
    places = np.arange(len(rates))
    ax.barh(places, rates["rate"], color=BLUE, height=0.55)
    reach = np.maximum([rates["rate"] - rates["lo"], rates["hi"] - rates["rate"]], 0)
    ax.errorbar(rates["rate"], places, xerr=reach, fmt="none", ecolor=SOFT, capsize=3)
    ax.set_yticks(places, [wrapped(name, _NAME) for name in names])
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.grid(visible=False, axis="y")
    ax.set(
        title=_text("funnel.plot_title", messages=len(result.stages)), xlabel=_text("reach.plot_axis"), xlim=(0, None)
    )
    return ax


@draws(AudienceOverlapResult)
def plot_audiences(result: AudienceOverlapResult, *, ax: Axes | None = None, pairs: bool = False) -> Axes:
    """Combinations of the largest audiences (UpSet), or the Jaccard index of all pairs."""
    if pairs:
        matrix = result.jaccard()
        ax = ax or new_axes(height=1.6 + 0.2 * len(matrix))
        hidden = np.triu(np.ones(matrix.shape, dtype=bool))
        sns.heatmap(matrix, mask=hidden, cmap=SEQUENTIAL, vmin=0, cbar_kws=BELOW, square=True, ax=ax)
        ax.set(title=_text("overlap.plot_pairs"))
        return ax
    cells = result.cells.head(result.spec.most_combinations)
    sets = [(name, name, int(n)) for name, n in zip(result.names, result.sizes, strict=True)]
    bars = list(zip(cells["campaigns"], cells["customers"].tolist(), strict=True))
    return draw_upset(sets, bars, _text("overlap.plot_title"), ax)


@draws(ReachPrecisionResult)
def plot_precision(result: ReachPrecisionResult, *, ax: Axes | None = None) -> Axes:
    """Precision of each campaign with its interval; the last ones where there are many."""
    rows = result.frame.dropna(subset=["precision", "lo"]).tail(_MOST)
    ax = ax or new_axes(height=1.6 + 0.26 * len(rows))
    places = np.arange(len(rows))
    ax.hlines(places, rows["lo"], rows["hi"], colors=BLUE, linewidth=2)
    ax.scatter(rows["precision"], places, color=BLUE, s=30, zorder=3)
    ax.set_yticks(places, [wrapped(str(name), _NAME) for name in rows["campaign"]])
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set(title=_text("reach.plot_title"), xlabel=_text("reach.plot_axis"), xlim=(0, None))
    return ax


@draws(IncrementalResponseResult, shows_why=True)
def plot_arms(result: IncrementalResponseResult, *, ax: Axes | None = None) -> Axes:
    """Share of both arms who ordered; where it is refused, what the groups had spent before."""
    refused = result.why is not None
    if refused:
        rows = pd.Series(result.frame["spend_before"].to_numpy(), index=result.frame["group"])
    else:
        row = result.frame.set_index("outcome").loc["bought"]
        rows = pd.Series({name: row[name] for name in ("treatment", "control")})
    ax = ax or new_axes(height=2.4)
    bars = ax.barh(np.arange(2), rows, color=[BLUE, PALE], height=0.55)
    ax.bar_label(bars, [f"{x:,.0f}" if refused else f"{x:.1%}" for x in rows], padding=4, size=9, color=SOFT)
    ax.set_yticks(np.arange(2), [wrapped(_text(f"group.{name}"), _NAME) for name in rows.index])
    ax.invert_yaxis()
    ax.set_xticks([])
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    key = "plot_before" if refused else "plot_title"
    ax.set(title=_text(f"incremental.{key}", campaign=result.campaign, days=result.spec.days))
    ax.margins(x=0.12)
    return ax


@draws(PromotionDipResult, shows_why=True)
def plot_weeks(result: PromotionDipResult, *, ax: Axes | None = None) -> Axes:
    """Orders by week of those reached and of the comparison; an index where both ordered in the weeks before."""
    frame = result.frame
    indexed = bool(frame[["reached_index", "comparison_index"]].notna().all(axis=None))
    ax = ax or new_axes()
    for group, color in (("comparison", GREY), ("reached", BLUE)):
        values = frame[f"{group}_index" if indexed else f"{group}_orders"]
        ax.plot(frame["week"], values, color=color, marker="o", markersize=4, label=_text(f"dip.{group}"))
    ax.axvline(-0.5, color=ORANGE, linewidth=1, linestyle="--")
    height = "plot_height" if indexed else "plot_orders"
    ax.set(
        title=_text("dip.plot_title", campaign=result.campaign), xlabel=_text("dip.plot_axis"),
        ylabel=_text(f"dip.{height}"), ylim=(0, None),
    )  # fmt: skip
    name_lines(ax)
    return ax
