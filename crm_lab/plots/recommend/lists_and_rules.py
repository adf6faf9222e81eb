"""Gains over the plain sort, the surest pairs of products, and how many products fall due on each day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.messages import Message
from crm_lab.plots.drawing import draws
from crm_lab.plots.recommend.interval_rows import interval_rows
from crm_lab.plots.style import BLUE, GREY, ORANGE, new_axes
from crm_lab.recommend.association.association_rules import AssociationRulesResult
from crm_lab.recommend.offline_evaluation.ranker_comparison import RankerComparisonResult
from crm_lab.recommend.rankers.list_candidates import Scope
from crm_lab.recommend.replenishment.due_dates import DueDates


def _text(key: str, **values: object) -> str:
    return Message(f"recommend.{key}", values).text()


@draws(RankerComparisonResult)
def plot_gains(result: RankerComparisonResult, *, ax: Axes | None = None, scope: Scope = "all") -> Axes:
    """Paired gain of each ranker over the plain sort with its joint interval, in one scope."""
    frame = result.to_frame()
    kept = (frame["scope"] == scope) & (frame["ranker"] != result.plain) & frame["gain"].notna()
    rows = result.in_words(frame[kept])
    rows[["gain", "lo", "hi"]] *= 100
    ax = ax or new_axes(height=1.6 + 0.5 * len(rows))
    interval_rows(ax, rows["ranker"], rows, "gain")
    ax.axvline(0, color=GREY, linewidth=1)
    ax.xaxis.set_major_formatter("{x:+.1f}")
    measure = _text(f"measure_{result.spec.measure}")
    ax.set(
        title=_text("comparison.plot_title", scope=_text(f"scope_{scope}")),
        xlabel=_text("comparison.plot_axis", measure=measure, k=result.spec.k), ylabel="",
    )  # fmt: skip
    return ax


@draws(AssociationRulesResult)
def plot_rules(result: AssociationRulesResult, *, ax: Axes | None = None, first: int = 12) -> Axes:
    """Lift of the surest pairs with intervals, or where none is found of those looked at; 1 is what chance gives."""
    found = result.found()
    title = "plot_none" if found.empty else "plot_title"
    frame = result.to_frame() if found.empty else found
    rows = frame[frame["antecedent"].astype(str) < frame["consequent"].astype(str)].head(first)
    ax = ax or new_axes(height=1.6 + 0.4 * len(rows))
    names = rows["antecedent"].astype(str) + " · " + rows["consequent"].astype(str)
    interval_rows(ax, names.str.replace("$", r"\$", regex=False), rows, "lift")
    ax.axvline(1, color=ORANGE, linewidth=1)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set(title=_text(f"association.{title}"), xlabel=_text("association.plot_axis"), ylabel="")
    return ax


@draws(DueDates)
def plot_due(result: DueDates, *, ax: Axes | None = None, days: int = 28) -> Axes:
    """How many products fall due on each of the next days."""
    ahead = (result.to_frame()["due"] - pd.Timestamp(result.interactions.as_of)).dt.days
    counts = np.bincount(ahead[(ahead >= 1) & (ahead <= days)].astype(int), minlength=days + 1)[1:]
    ax = ax or new_axes()
    sns.barplot(x=np.arange(1, days + 1), y=counts, color=BLUE, ax=ax)
    ax.set_xticks(range(0, days, 7), [str(day + 1) for day in range(0, days, 7)])
    ax.set(
        title=_text("replenishment.plot_title"), ylabel=_text("replenishment.plot_height"),
        xlabel=_text("replenishment.plot_axis", as_of=result.interactions.as_of),
    )  # fmt: skip
    return ax
