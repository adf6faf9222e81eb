"""Drawings of the customer-base audit and of what moved revenue."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.messages import Message
from crm_lab.plots.direct_labels import name_point, name_right
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, INK, PALE, RUST, new_axes
from crm_lab.segmentation.customer_base import CustomerBaseResult
from crm_lab.segmentation.revenue.revenue_tree import RevenueTreeResult


@draws(CustomerBaseResult)
def plot_customer_base(result: CustomerBaseResult, *, of: str = "deciles", ax: Axes | None = None) -> Axes:
    """Revenue by tenth of customers (``of="deciles"``), or new and returning customers (``of="periods"``)."""
    return _plot_deciles(result, ax) if of == "deciles" else _plot_periods(result, ax)


def _plot_deciles(result: CustomerBaseResult, ax: Axes | None) -> Axes:
    ax = ax if ax is not None else new_axes(3.4)
    deciles = result.deciles.assign(share=100 * result.deciles["share"])
    sns.barplot(deciles, x="decile", y="share", color=BLUE, saturation=1, ax=ax)
    for bars in ax.containers:
        ax.bar_label(bars, fmt="%.0f%%", fontsize=9)  # type: ignore[arg-type]  # bars, not error bars
    ax.set(
        title=Message("customer_base.plot.deciles").text(),
        xlabel=Message("customer_base.plot.decile").text(),
        ylabel=Message("customer_base.plot.share").text(),
    )
    return ax


def _plot_periods(result: CustomerBaseResult, ax: Axes | None) -> Axes:
    ax = ax if ax is not None else new_axes(3.4)
    periods = result.periods
    names = [Message(f"customer_base.plot.{who}").text() for who in ("returning", "new")]
    old = periods["customers"] - periods["new_customers"]
    bars = [
        *ax.bar(periods["period"], old, color=PALE),
        *ax.bar(periods["period"], periods["new_customers"], bottom=old, color=BLUE),
    ]
    unfinished = ~periods["complete"].to_numpy(dtype=bool)
    for bar, is_unfinished in zip(bars, [*unfinished, *unfinished], strict=True):
        if is_unfinished:
            bar.set(hatch="///", alpha=0.5, edgecolor="white")
    axis = "customer_base.plot.period_unfinished" if unfinished.any() else "customer_base.plot.period"
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set(
        title=Message("customer_base.plot.periods").text(),
        xlabel=Message(axis).text(),
        ylabel=Message("customer_base.plot.customers").text(),
    )
    last = old.iloc[-1], periods["new_customers"].iloc[-1]
    name_right(ax, [last[0] / 2, last[0] + last[1] / 2], names, [PALE, BLUE])
    return ax


@draws(RevenueTreeResult)
def plot_revenue_tree(result: RevenueTreeResult, *, ax: Axes | None = None) -> Axes:
    """One bar a leaf: what it contributed to the change of revenue, up or down."""
    ax = ax if ax is not None else new_axes(3.0)
    leaves = result.leaves
    names = [Message(f"revenue.node.{node}").text() for node in leaves["node"]]
    colors = [BLUE if part >= 0 else RUST for part in leaves["contribution"]]
    ax.barh(names, leaves["contribution"], color=colors)
    for place, part in enumerate(leaves["contribution"]):  # words of a fall stand across from it, clear of the names
        name_point(ax, (max(part, 0.0), place), f"{part:+,.0f}".replace("-", "−"), INK, (4, 0))
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.grid(visible=False, axis="y")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.invert_yaxis()
    ax.margins(x=0.18)
    ax.set(
        title=Message("revenue.plot.tree_title").text(),
        xlabel=Message("revenue.plot.tree_axis", {"currency": result.currency}).text(),
        ylabel="",
    )
    return ax
