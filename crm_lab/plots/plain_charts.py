"""Charts of a page's own table or series, in the lab's look: for questions that no result answers."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.messages import in_words, named
from crm_lab.plots.style import BLUE, SKY, new_axes, style


def line(values: pd.Series, title: str, unit: str) -> Axes:
    """A series over its dates, from zero.

    >>> ax = line(pd.Series([2.0, 3.0], pd.to_datetime(["2024-01-01", "2024-01-08"])), "page.weeks", "USD")
    >>> ax.get_title(loc="left"), float(ax.get_ylim()[0])
    ('Revenue by week', 0.0)

    Args:
        values: By date.
        title: What it shows: a key of the catalogue or words.
        unit: What it is counted in.
    """
    with style():
        ax = new_axes()
        ax.plot(values.index, values.to_numpy(), color=BLUE)
        ax.set(title=in_words(title), xlabel="", ylabel=in_words(unit), ylim=(0, None))
        ax.yaxis.set_major_formatter("{x:,.0f}")
    return ax


def log_histogram(values: pd.Series, title: str, unit: str, counted: str) -> Axes:
    """How many there are by size, on a scale on which equal steps are equal factors.

    Args:
        values: Positive numbers.
        title: What it shows: a key of the catalogue or words.
        unit: What the values are in.
        counted: What is counted, likewise.
    """
    with style():
        ax = new_axes()
        sns.histplot(x=values, log_scale=True, bins=40, color=BLUE, alpha=1, ax=ax)
        ax.set(title=in_words(title), xlabel=in_words(unit), ylabel=in_words(counted))
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.grid(visible=False, axis="x")
    return ax


def boxes(shares: pd.DataFrame, title: str, label: str) -> Axes:
    """The middle half, the median and the range of each column of shares.

    Args:
        shares: Numbers from 0 to 1, a column a box; its label is the column's. A column without numbers has no box.
        title: What it shows: a key of the catalogue or words.
        label: What the shares are of, likewise.
    """
    shares = shares.dropna(axis=1, how="all")
    parts = shares.rename(columns=lambda name: named("column", name)).melt(var_name="part", value_name="share")
    with style():
        ax = new_axes(1.4 + 0.5 * shares.shape[1])
        sns.boxplot(parts, x="share", y="part", color=SKY, saturation=1, showfliers=False, ax=ax)
        ax.set(title=in_words(title), xlabel=in_words(label), ylabel="")
        ax.xaxis.set_major_formatter("{x:.0%}")
    return ax


def cloud(points: pd.DataFrame, x: str, y: str, by: str) -> Axes:
    """Points in the colours of their groups; the groups lie over one another, so their names stand above.

    Args:
        points: A row a point.
        x: Column across; its label is the column's.
        y: Column up.
        by: Column of the groups.
    """
    with style():
        ax = new_axes()
        sns.scatterplot(points, x=x, y=y, hue=by, alpha=0.6, s=18, linewidth=0, ax=ax)
        sns.move_legend(ax, "lower left", bbox_to_anchor=(0, 1), ncols=2, title=None)
        for text in ax.get_legend().get_texts():  # type: ignore[union-attr]  # just moved
            text.set_text(named("level", text.get_text()))
        ax.set(xlabel=named("column", x), ylabel=named("column", y))
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.yaxis.set_major_formatter("{x:,.0f}")
    return ax
