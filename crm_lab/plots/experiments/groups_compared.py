"""Pictures of groups beside each other: balance before and after a weighting."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.experiments.validity.association import AssociationResult
from crm_lab.messages import Message, named
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
    sns.scatterplot(frame, x="gap", y="covariate", hue="kind", palette=[ORANGE, BLUE], s=70, ax=ax)
    ax.axvspan(-0.1, 0.1, color=GREEN, alpha=0.12, linewidth=0)
    ax.axvline(0, color=GREY, linewidth=1)
    ax.legend(title="")
    ax.set(title=_text("association.plot_title"), xlabel=_text("association.plot_axis"), ylabel="")
    ax.margins(y=0.3)
    return ax
