"""Pictures of groups beside each other: balance before and after a weighting, effects by segment."""

from __future__ import annotations

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.experiments.effects.segment_effects import SegmentEffectsResult
from crm_lab.experiments.validity.association import AssociationResult
from crm_lab.messages import Message, named
from crm_lab.plots.direct_labels import name_above
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREEN, GREY, ORANGE, new_axes

_MOST = 15  # columns shown, those that differed most


def _text(key: str) -> str:
    return Message(f"experiments.{key}").text()


@draws(AssociationResult)
def plot_association(result: AssociationResult, *, ax: Axes | None = None) -> Axes:
    """Standardised difference of each column of the past, as it is and weighted."""
    balance = result.balance.sort_values("std_diff", key=abs, ascending=False).head(_MOST)
    kinds = {"std_diff": _text("association.as_it_is"), "std_diff_weighted": _text("association.weighted")}
    frame = balance.rename(columns=kinds).melt("covariate", list(kinds.values()), "kind", "gap")
    frame["covariate"] = [named("column", name) for name in frame["covariate"]]
    ax = ax or new_axes(height=1.4 + 0.4 * len(balance))
    sns.scatterplot(frame, x="gap", y="covariate", hue="kind", palette=[ORANGE, BLUE], s=70, legend=False, ax=ax)
    ax.axvspan(-0.1, 0.1, color=GREEN, alpha=0.12, linewidth=0)
    ax.axvline(0, color=GREY, linewidth=1)
    name_above(ax, list(zip(kinds.values(), (ORANGE, BLUE), strict=True)))
    ax.set(title=_text("association.plot_title"), xlabel=_text("association.plot_axis"), ylabel="")
    ax.margins(y=0.3)
    return ax


@draws(SegmentEffectsResult)
def plot_segments(result: SegmentEffectsResult, *, ax: Axes | None = None) -> Axes:
    """Each segment's effect with its interval, and the same drawn to the other segments."""
    frame = result.shown()
    several = frame["arm"].nunique() > 1
    ax = ax or new_axes(height=1.6 + 0.5 * len(frame))
    places = np.arange(len(frame))[::-1].astype(float)
    looks = (
        ("effect", "low", "high", ORANGE, "own", 0.12),
        ("shrunk", "shrunk_low", "shrunk_high", BLUE, "drawn", -0.12),
    )
    for value, low, high, color, _, shift in looks:
        reach = np.abs(frame[[low, high]].to_numpy(dtype=float) - frame[[value]].to_numpy(dtype=float)).T
        ax.errorbar(frame[value], places + shift, xerr=reach, fmt="o", color=color, capsize=3)
    names = frame["segment"] + (" · " + frame["arm"] if several else "")
    ax.set_yticks(places, names.tolist())
    ax.axvline(0, color=GREY, linewidth=1)
    name_above(ax, [(_text(f"segments.{label}"), color) for _, _, _, color, label, _ in looks])
    ax.set(title=_text("segments.plot_title"), xlabel=_text("plot.effect_axis"), ylabel="")
    return ax
