"""Pictures of targeting: effects by tenth of the predicted effect."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.experiments.uplift.uplift_result import UpliftResult
from crm_lab.messages import Message
from crm_lab.plots.direct_labels import name_above
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, new_axes


def _text(key: str) -> str:
    return Message(f"experiments.uplift.{key}").text()


@draws(UpliftResult)
def plot_uplift(result: UpliftResult, *, ax: Axes | None = None, arm: int = 1) -> Axes:
    """What each tenth of the predicted effect showed, with its interval, beside what was predicted."""
    tenths = result.tenths(arm)
    ax = ax or new_axes()
    reach = [tenths["effect"] - tenths["lo"], tenths["hi"] - tenths["effect"]]
    ax.errorbar(tenths["group"], tenths["effect"], yerr=reach, fmt="o", color=BLUE, capsize=3)
    sns.lineplot(tenths, x="group", y="predicted", color=ORANGE, ax=ax)
    ax.axhline(0, color=GREY, linewidth=1)
    name_above(ax, [(_text("seen"), BLUE), (_text("predicted"), ORANGE)])
    ax.set(title=_text("plot_title"), xlabel=_text("plot_axis"), ylabel="", xticks=tenths["group"])
    return ax
