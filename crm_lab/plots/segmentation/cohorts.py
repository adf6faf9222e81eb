"""Drawings of cohorts, repurchase, repeat rates, gaps and product cohorts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.direct_labels import name_cells, name_lines
from crm_lab.plots.drawing import draws
from crm_lab.plots.segmentation.moves import ranges, words
from crm_lab.plots.style import BELOW, BLUE, GREY, SEQUENTIAL, SOFT, new_axes
from crm_lab.segmentation.cohorts.cohorts import CohortResult
from crm_lab.segmentation.cohorts.interpurchase import InterpurchaseResult
from crm_lab.segmentation.cohorts.product_repurchase import ProductCohortsResult
from crm_lab.segmentation.cohorts.repeat_rates import RepeatRatesResult
from crm_lab.segmentation.cohorts.second_purchase import RepurchaseResult


@draws(CohortResult, shows_why=True)
def plot_triangle(result: CohortResult, *, ax: Axes | None = None) -> Axes:
    """The cohort triangle: unseen cells stay empty, the period that is not over is hatched."""
    triangle, cells = result.triangle(), result.to_frame()
    ax = ax if ax is not None else new_axes(1.4 + 0.3 * len(triangle))
    sns.heatmap(
        triangle,
        annot=len(triangle) <= 13,
        fmt=".0%",
        cmap=SEQUENTIAL,
        vmin=0,
        linewidths=1,
        annot_kws={"size": 8},
        cbar_kws={**BELOW, "label": words("cohorts_share"), "format": PercentFormatter(1, decimals=0)},
        ax=ax,
    )
    name_cells(ax)
    cut = set(cells.loc[cells["left_censored"], "cohort"])
    names = [words("cohorts_cut", cohort=c) if c in cut else str(c) for c in triangle.index]
    ax.set_yticks(np.arange(len(names)) + 0.5, names, rotation=0)
    _hatch(ax, cells[cells["partial"]], list(triangle.index))
    unit = Message(f"segments.unit.{result.spec.period}")
    ax.set(title=words("cohorts_title"), xlabel=words("cohorts_x", unit=unit), ylabel=words("cohorts_y"))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    return ax


def _hatch(ax: Axes, partial: pd.DataFrame, order: list[str]) -> None:
    for cohort, age in zip(partial["cohort"], partial["age"], strict=True):
        ax.add_patch(
            Rectangle((age, order.index(cohort)), 1, 1, fill=False, hatch="////", edgecolor="white", linewidth=0)
        )
    if len(partial):
        name = words("cohorts_partial")  # in the corner of what has not happened yet
        ax.text(0.99, 0.02, f"▨ {name}", color=SOFT, size=9, ha="right", va="bottom", transform=ax.transAxes)


@draws(RepurchaseResult, shows_why=True)
def plot_return(result: RepurchaseResult, *, ax: Axes | None = None) -> Axes:
    """The share who came back by each day, with its band; the horizons are marked."""
    ax = ax if ax is not None else new_axes(3.8)
    curve, marks = result.curve_frame(), result.to_frame()
    end = max(marks["days"].max() * 1.5, 30)
    curve = curve[curve["days"] <= end]
    ax.fill_between(curve["days"], curve["lo"], curve["hi"], step="post", color=BLUE, alpha=0.15, linewidth=0)
    ax.step(curve["days"], curve["share"], where="post", color=BLUE)
    ax.scatter(marks["days"], marks["share"], color=BLUE, zorder=3)
    for days, share in zip(marks["days"], marks["share"], strict=True):
        if np.isfinite(share):
            ax.annotate(f"{share:.0%}", (days, share), xytext=(6, -13), textcoords="offset points", size=9)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(title=words("survival_title"), xlabel=words("survival_x"), ylabel=words("survival_y"), ylim=(0, None))
    return ax


@draws(RepeatRatesResult)
def plot_rates(result: RepeatRatesResult, *, ax: Axes | None = None) -> Axes:
    """Every definition with its interval."""
    rows = result.shown()
    ax = ax if ax is not None else new_axes(3.2)
    ranges(ax, rows, [wrapped(text) for text in rows["meaning"]], [BLUE] * len(rows))
    ax.set(title=words("repeat_title"), xlabel=words("repeat_x"))
    return ax


@draws(InterpurchaseResult)
def plot_gaps(result: InterpurchaseResult, *, ax: Axes | None = None) -> Axes:
    """Quantiles with open gaps counted as open, beside the ended ones alone."""
    ax = ax if ax is not None else new_axes(3.4)
    rows = result.to_frame()
    rows = rows[np.isfinite(rows["days"])]
    ax.plot(rows["days"], rows["share"], "o-", color=BLUE, label=words("gaps_all"))
    ax.plot(rows["ended_only"], rows["share"], "o--", color=GREY, label=words("gaps_ended"))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(title=words("gaps_title"), xlabel=words("gaps_x"), ylabel=words("gaps_y"), ylim=(0, 1))
    name_lines(ax)
    return ax


@draws(ProductCohortsResult)
def plot_products(result: ProductCohortsResult, *, ax: Axes | None = None) -> Axes:
    """The share who bought the same group again, with intervals."""
    rows = result.ends()
    ax = ax if ax is not None else new_axes(1.2 + 0.3 * len(rows))
    if len(rows):
        ranges(ax, rows, [str(g).title() for g in rows[result.column]], [BLUE] * len(rows))
    ax.set(title=words("products_title", days=result.horizon), xlabel=words("repeat_x"))
    return ax
