"""Drawings of tiers, moves between them, and stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from crm_lab.messages import Message
from crm_lab.plots.direct_labels import name_cells, name_vertical
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BELOW, BLUE, GREY, RUST, SEQUENTIAL, SOFT, new_axes
from crm_lab.segmentation.lifecycle import LifecycleResult
from crm_lab.segmentation.lifecycle_moves import STARTS, LifecycleMovesResult, start_name
from crm_lab.segmentation.tiers.migration import MigrationResult
from crm_lab.segmentation.tiers.move_baseline import MoveBaselineResult, TreatedMoveResult, state_name
from crm_lab.segmentation.tiers.tiers import TierResult


def words(key: str, **values: Any) -> str:
    """A label of the plots in the active language."""
    return Message(f"segments.plot.{key}", values).text()


@draws(TierResult)
def plot_lorenz(result: TierResult, *, ax: Axes | None = None) -> Axes:
    """The Lorenz curve beside the line of equality."""
    ax = ax if ax is not None else new_axes(4.2)
    curve = result.lorenz_frame()
    sns.lineplot(curve, x="customers", y="revenue", color=BLUE, ax=ax)
    ax.fill_between(curve["customers"], curve["revenue"], curve["customers"], color=BLUE, alpha=0.12)
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    ax.annotate(words("lorenz_equal"), (0.66, 0.71), color=SOFT, size=9, ha="right")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    ax.set(title=words("lorenz_title"), xlabel=words("lorenz_x"), ylabel=words("lorenz_y"), xlim=(0, 1), ylim=(0, 1))
    return ax


@draws(MigrationResult)
def plot_moves(result: MigrationResult, *, ax: Axes | None = None) -> Axes:
    """The latest matrix of moves, each row summing to 100 %."""
    moves = result.last_moves().rename(index=_state, columns=_state)
    earlier, later = result.pairs[-1]
    ax = _matrix(moves, ax if ax is not None else new_axes(3.8))
    ax.set(
        title=words("moves_title", earlier=earlier, later=later), xlabel=words("moves_to"), ylabel=words("moves_from")
    )
    return ax


@draws(LifecycleMovesResult)
def plot_stage_moves(result: LifecycleMovesResult, *, ax: Axes | None = None) -> Axes:
    """The latest moves between stages, each row summing to 100 %."""
    named = {stage: start_name(stage).text() for stage in STARTS}
    start, end = result.pairs[-1]
    ax = _matrix(result.last_moves().rename(index=named, columns=named), ax if ax is not None else new_axes(4.6))
    title, to, from_ = (
        Message(f"segments.stage_move.{key}", {"start": start, "end": end}).text() for key in ("title", "to", "from")
    )
    ax.set(title=title, xlabel=to, ylabel=from_)
    return ax


def _matrix(moves: pd.DataFrame, ax: Axes) -> Axes:
    sns.heatmap(
        moves,
        annot=True,
        fmt=".1%",
        cmap=SEQUENTIAL,
        linewidths=1,
        cbar_kws={**BELOW, "label": words("moves_share"), "format": PercentFormatter(1, decimals=0)},
        ax=ax,
    )
    name_cells(ax)
    ax.tick_params(length=0)
    ax.tick_params(axis="y", rotation=0)
    ax.grid(visible=False)
    return ax


def _state(state: str) -> str:
    return state_name(state).text()


@draws(MoveBaselineResult, shows_why=True)
def plot_baseline(result: MoveBaselineResult, *, ax: Axes | None = None) -> Axes:
    """One move in every window with its interval; the latest stands out."""
    rows = result.to_frame()
    ax = ax if ax is not None else new_axes(1.6 + 0.45 * len(rows))
    labels = [f"{a} → {b}" for a, b in zip(rows["from_period"], rows["to_period"], strict=True)]
    colours = [GREY] * (len(rows) - 1) + [BLUE]
    ranges(ax, rows, labels, colours)
    ax.axvline(result.usual, color=GREY, linestyle="--", linewidth=1)
    lines = [(result.usual, words("baseline_usual"), GREY)]
    if result.target is not None:
        ax.axvline(result.target, color=RUST, linewidth=1.5)
        lines.append((result.target, words("baseline_target"), RUST))
    ax.set(
        title=words("baseline_title", start=_state(result.start), end=_state(result.end)), xlabel=words("baseline_x")
    )
    name_vertical(ax, *lines)
    return ax


@draws(TreatedMoveResult)
def plot_treated(result: TreatedMoveResult, *, ax: Axes | None = None) -> Axes:
    """The share that moved in each arm, with its interval."""
    rows = result.shown()
    ax = ax if ax is not None else new_axes(2.4)
    ranges(ax, rows, rows["arm"].tolist(), [BLUE, GREY])
    ax.set(title=words("treated_title", start=_state(result.start), end=_state(result.end)), xlabel=words("baseline_x"))
    return ax


def ranges(ax: Axes, rows: pd.DataFrame, labels: list[str], colours: list[str]) -> None:
    """Shares with their intervals, one row each."""
    positions = np.arange(len(rows))
    ax.hlines(positions, rows["lo"], rows["hi"], colors=colours, linewidth=3)
    ax.scatter(rows["share"], positions, color=colours, s=45, zorder=3)
    ax.set_yticks(positions, labels)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.xaxis.set_major_formatter(PercentFormatter(1))


@draws(LifecycleResult)
def plot_stages(result: LifecycleResult, *, ax: Axes | None = None) -> Axes:
    """Customers per stage."""
    ax = ax if ax is not None else new_axes(3.4)
    sns.barplot(result.shown(), x="customers", y="name", color=BLUE, saturation=1, ax=ax)
    ax.bar_label(ax.containers[0], fmt="{:,.0f}", padding=3, color=SOFT)  # type: ignore[arg-type]  # bars
    ax.set(title=words("stages_title"), xlabel=words("stages_x"), ylabel="")
    return ax
