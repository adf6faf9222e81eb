"""What a plan of next actions is expected to earn, beside other strategies within the same caps."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, SOFT, new_axes
from crm_lab.recommend.next_best_action.next_best_action_result import NextBestActionResult

_NAME = 34  # letters of a name in a line


@draws(NextBestActionResult)
def plot_strategies(result: NextBestActionResult, *, ax: Axes | None = None) -> Axes:
    """Expected gain of each strategy as a bar, with its interval where effects have standard errors."""
    rows = result.comparison[result.comparison["strategy"] != "nothing"]
    places = np.arange(len(rows))[::-1].astype(float)
    ax = ax or new_axes(height=1.6 + 0.5 * len(rows))
    ax.barh(places, rows["gain"], height=0.6, color=[BLUE if name == "plan" else SOFT for name in rows["strategy"]])
    known = rows[["lo", "hi"]].notna().all(axis=1).to_numpy()
    reach = np.vstack([rows["gain"] - rows["lo"], rows["hi"] - rows["gain"]])
    ax.errorbar(rows["gain"][known], places[known], xerr=reach[:, known], fmt="none", color=GREY, capsize=3)
    names = [Message(f"recommend.next_action.strategy_{name}").text() for name in rows["strategy"]]
    ax.set_yticks(places, [wrapped(name, _NAME) for name in names])
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set(
        title=Message("recommend.next_action.plot_title").text(), ylabel="",
        xlabel=Message("recommend.next_action.plot_axis", {"currency": result.currency}).text(),
    )  # fmt: skip
    return ax
