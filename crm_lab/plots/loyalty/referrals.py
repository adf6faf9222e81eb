"""Pictures of referrals: the funnel, decay along chains, a group to review, the value of the referred, growth."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.outcomes.invitation_chains import InvitationChainsResult
from crm_lab.loyalty.referral.outcomes.invitations import InvitationsResult
from crm_lab.loyalty.referral.outcomes.member_growth import MemberGrowthResult
from crm_lab.loyalty.referral.outcomes.segment_reach import SegmentReachResult
from crm_lab.loyalty.referral.outcomes.value_result import ReferredValueResult
from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.direct_labels import name_above, name_lines
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, PALE, SOFT, new_axes

_NAME = 30  # letters of a name in a line
_STAGES = ("invited", "joined", "bought", "valid")


def _text(key: str, **values: object) -> str:
    return Message(f"referral.{key}", values).text()


@draws(InvitationsResult)
def plot_funnel(result: InvitationsResult, *, ax: Axes | None = None) -> Axes:
    """How many of the invited join, buy, and are valid new members."""
    row = result.funnel("all").iloc[0] if len(result.funnel("all")) else pd.Series(dict.fromkeys(_STAGES, 0))
    ax = ax or new_axes(height=2.6)
    counts = np.array([float(row[stage]) for stage in _STAGES])
    shares = counts / max(counts[0], 1)
    names = [_text(f"stage_{stage}") for stage in _STAGES]
    sns.barplot(x=shares, y=names, color=BLUE, ax=ax)
    for place, (count, share) in enumerate(zip(counts, shares, strict=True)):
        ax.annotate(
            f"{count:,.0f} · {share:.1%}", (share, place), (4, 0), textcoords="offset points", va="center", size=9
        )
    ax.set(
        title=_text("k.plot_title"), xlabel=_text("k.plot_axis"), ylabel="", xlim=(0, 1.25), xticks=np.linspace(0, 1, 6)
    )
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(visible=False, axis="y")
    return ax


@draws(InvitationChainsResult)
def plot_chains(result: InvitationChainsResult, *, ax: Axes | None = None) -> Axes:
    """Conversion of invitations by generation with intervals, and the fitted decay."""
    ax, frame = ax or new_axes(), result.to_frame()
    frame = frame[frame["conversion_lo"].notna()]
    reach = [frame["conversion"] - frame["conversion_lo"], frame["conversion_hi"] - frame["conversion"]]
    ax.errorbar(frame["generation"], frame["conversion"], yerr=reach, fmt="o", color=BLUE, capsize=3)
    decay, _ = result.decay
    x = frame["generation"].to_numpy(dtype=float)
    weight = 1 / (np.log(frame["conversion_hi"]) - np.log(frame["conversion_lo"])).to_numpy() ** 2
    level = np.average(np.log(frame["conversion"]) - x * np.log(decay), weights=weight)
    ax.plot(x, np.exp(level) * decay**x, color=ORANGE, linestyle="--", label=_text("chains.plot_decay", decay=decay))
    ax.set(
        title=_text("chains.plot_title"), xlabel=_text("chains.plot_axis"), ylabel=_text("chains.plot_height"),
        ylim=(0, None), xticks=x,
    )  # fmt: skip
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    name_lines(ax)
    return ax


@draws(ReferralFraudResult)
def plot_ring(result: ReferralFraudResult, *, ax: Axes | None = None, group: int = 0) -> Axes:
    """One group to review, without ids: arrows are invitations, pale lines marks in common; 0 has most at stake."""
    if result.to_frame().empty:
        return _nobody(ax)
    ax = ax or new_axes(height=4.4)
    graph = result.graph(group)
    plain: nx.Graph[int] = nx.Graph()
    plain.add_nodes_from(graph)
    plain.add_edges_from((a, b) for a, b in graph.edges() if a != b)
    place = nx.spring_layout(plain, seed=1)
    shares = [(a, b) for a, b, tie in graph.edges(data="tie") if tie == "shares"]
    invited = [(a, b) for a, b, tie in graph.edges(data="tie") if tie == "invited"]
    nx.draw_networkx_edges(graph, place, edgelist=shares, ax=ax, edge_color=PALE, width=1, arrows=False)
    nx.draw_networkx_edges(graph, place, edgelist=invited, ax=ax, edge_color=ORANGE, width=1.4, node_size=220)
    nx.draw_networkx_nodes(graph, place, ax=ax, node_color=BLUE, node_size=220)
    nx.draw_networkx_labels(graph, place, ax=ax, font_color="#ffffff", font_size=8)
    ax.set_axis_off()
    ax.set(title=_text("plot_ring_title", group=f"G{group + 1}"))
    name_above(ax, [(_text("plot_ring_invited"), ORANGE), (_text("plot_ring_shares"), PALE)])
    return ax


def _nobody(ax: Axes | None) -> Axes:
    ax = ax or new_axes(height=1.0)
    ax.text(0, 0.5, _text("plot_ring_none"), va="center", color=GREY, transform=ax.transAxes)
    ax.set_axis_off()
    return ax


@draws(ReferredValueResult)
def plot_value(result: ReferredValueResult, *, ax: Axes | None = None) -> Axes:
    """The difference as the groups are, among comparable members, and in second-order value."""
    frame = result.shown()
    ax = ax or new_axes(height=1.4 + 0.5 * len(frame))
    _dots(ax, frame["measure"], frame, "value")
    ax.xaxis.set_major_formatter("{x:+,.0f}")
    ax.set(title=_text("value.plot_title"), xlabel=result.fraud.currency, ylabel="")
    return ax


@draws(MemberGrowthResult)
def plot_growth(result: MemberGrowthResult, *, ax: Axes | None = None) -> Axes:
    """Change of the growth rate on each way of counting."""
    frame = result.shown()
    ax = ax or new_axes(height=1.4 + 0.5 * len(frame))
    _dots(ax, frame["counted"], frame, "change")
    ax.xaxis.set_major_formatter("{x:+.0%}")
    ax.set(title=_text("growth.plot_title"), xlabel="", ylabel="")
    return ax


@draws(SegmentReachResult)
def plot_reach(result: SegmentReachResult, *, ax: Axes | None = None) -> Axes:
    """Shares of the referred and of the others who reach the tier."""
    frame = result.shown()
    ax = ax or new_axes(height=1.4 + 0.5 * len(frame))
    _dots(ax, frame["origin"], frame, "share", zero=False)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set(title=_text("reach.plot_title", segment=result.spec.reached), xlabel="", ylabel="")
    return ax


def _dots(ax: Axes, names: pd.Series, frame: pd.DataFrame, value: str, zero: bool = True) -> None:
    """Values with their intervals, one below the other."""
    places = np.arange(len(frame))[::-1].astype(float)
    for place, (_, row) in zip(places, frame.iterrows(), strict=True):
        known = bool(np.isfinite([row["lo"], row["hi"]]).all())
        reach = [[row[value] - row["lo"]], [row["hi"] - row[value]]]
        ax.errorbar(
            [row[value]], [place], xerr=reach if known else None, fmt="o", color=BLUE if known else SOFT, capsize=3
        )
    ax.set_yticks(places, [wrapped(str(name), _NAME) for name in names])
    if zero:
        ax.axvline(0, color=GREY, linewidth=1)
    ax.margins(y=0.25)
