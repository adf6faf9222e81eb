"""Pictures of tags: the distribution of price shares, indices against the base, cells of style and scene."""

from __future__ import annotations

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from scipy import stats

from crm_lab.messages import Message, named
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.direct_labels import name_above, name_cells
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, PALE, SEQUENTIAL, SOFT, new_axes
from crm_lab.segmentation.personas.shopper_tags.price_shares.price_share import PriceShareResult
from crm_lab.segmentation.personas.shopper_tags.profile_cube.leading_value import NOT_TOLD
from crm_lab.segmentation.personas.shopper_tags.profile_cube.style_scene_cube import StyleSceneCubeResult, level_name
from crm_lab.segmentation.personas.shopper_tags.tag_index import TagIndexResult

_BINS = np.linspace(0, 1, 41)
_MOST = 16  # rows of the chart of indices


def _text(key: str, **values: object) -> str:
    return Message(f"persona_tags.{key}", values).text()


@draws(PriceShareResult)
def plot_price_share(result: PriceShareResult, *, ax: Axes | None = None) -> Axes:
    """Shares as counted as bars, the fitted true shares as a line, and the cuts between groups."""
    ax = ax or new_axes()
    shares = result.counts.sums.share
    ax.hist(shares, bins=_BINS.tolist(), color=PALE)
    middle, width = (_BINS[:-1] + _BINS[1:]) / 2, _BINS[1] - _BINS[0]
    expected = stats.beta.cdf(_BINS[1:], result.fit.a, result.fit.b) - stats.beta.cdf(
        _BINS[:-1], result.fit.a, result.fit.b
    )
    ax.plot(middle, expected * len(shares), color=BLUE, linewidth=2)
    told = result.groups().set_index("group")["of_customers"]
    by = Message(f"persona_tags.by_{result.counts.by}")
    ax.set(
        title=_text("price_plot_title", low=float(told["low"]), high=float(told["high"])), xlim=(0, 1),
        xlabel=_text("price_plot_axis", by=by), ylabel=_text("price_plot_height"),
    )  # fmt: skip
    ax.set_xlim(-width, 1 + width)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    for cut in result.cuts:
        ax.axvline(cut, color=GREY, linestyle="--", linewidth=1)
    ax.grid(visible=False, axis="x")
    name_above(ax, [(_text("price_plot_raw"), PALE), (_text("price_plot_true"), BLUE)])
    return ax


@draws(TagIndexResult)
def plot_index(result: TagIndexResult, *, ax: Axes | None = None) -> Axes:
    """Indices with their intervals on a logarithmic axis, those that differ in colour; the surest first."""
    rows = result.surest(_MOST)
    ax = ax or new_axes(height=1.2 + 0.3 * max(len(rows), 3))
    for place, (_, row) in enumerate(rows.iterrows()):
        low = max(row["index"], row["lo"])
        ends = [[low - row["lo"]], [max(row["hi"] - low, 0.0)]]
        ax.errorbar([low], [place], xerr=ends, fmt="o", capsize=3, color=ORANGE if row["differs"] else SOFT)
    names = [f"{s} · {t}" for s, t in zip(rows["segment"], rows["tag"], strict=True)]
    ax.set_xscale("log")
    ax.axvline(100, color=GREY, linewidth=1)
    ax.set_yticks(range(len(rows)), [wrapped(name, 34) for name in names])
    ticks = [
        tick
        for tick in (1, 2, 5, 10, 20, 50, 100, 200, 400, 800, 1600)
        if rows["lo"].min() / 2 < tick < rows["hi"].max() * 2
    ]
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.minorticks_off()
    ax.set(title=_text("index_plot_title"), xlabel=_text("index_plot_axis"), ylabel="")
    ax.margins(y=0.1)
    return ax


@draws(StyleSceneCubeResult)
def plot_cube(result: StyleSceneCubeResult, *, ax: Axes | None = None, price: str | None = None) -> Axes:
    """Customers of the cells of the first two axes in one group of the price share; hidden ones are empty."""
    frame = result.frame
    told = frame[frame["price"] != NOT_TOLD]
    known = told if told["customers"].notna().any() else frame
    price = price or str(known.groupby("price", sort=False)["customers"].sum().idxmax())
    rows = frame[frame["price"] == price]
    order = {axis: list(dict.fromkeys(rows[axis])) for axis in ("first", "second")}
    table = rows.pivot_table(
        index="first", columns="second", values="customers", dropna=False, observed=False, sort=False
    )
    table = table.reindex(index=order["first"], columns=order["second"])
    table = table.rename(index=level_name, columns=level_name)
    ax = ax or new_axes(height=1.4 + 0.42 * len(table))
    sns.heatmap(table, ax=ax, cmap=SEQUENTIAL, annot=True, fmt=",.0f", cbar=False, linewidths=1)
    words = {axis: named("column", getattr(result.spec, axis)) for axis in ("first", "second")}
    ax.set(
        title=f"{_text('cube_plot_title', **words)}: {level_name(price)}", xlabel=words["second"], ylabel=words["first"]
    )
    ax.tick_params(axis="both", rotation=0)
    ax.grid(visible=False)
    name_cells(ax)
    return ax
