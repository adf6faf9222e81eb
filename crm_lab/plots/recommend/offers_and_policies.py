"""Chances by place on a list, what lists gain over the plain sort, and what policies are worth."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.messages import Message
from crm_lab.plots.direct_labels import name_lines
from crm_lab.plots.drawing import draws
from crm_lab.plots.recommend.interval_rows import interval_rows
from crm_lab.plots.style import BLUE, GREY, ORANGE, new_axes
from crm_lab.recommend.off_policy.off_policy_result import LOGGED, OffPolicyResult
from crm_lab.recommend.offer_lists.list_worth_result import ListWorthResult
from crm_lab.recommend.offer_lists.offer_lists_result import OfferListsResult


def _text(key: str, **values: object) -> str:
    return Message(f"recommend.{key}", values).text()


@draws(OfferListsResult)
def plot_lists(result: OfferListsResult, *, ax: Axes | None = None) -> Axes:
    """Mean chance of being bought within the horizon by place, one line a list."""
    mean = result.to_frame().groupby(["list", "rank"])["chance"].mean().reset_index()
    ax = ax or new_axes()
    for name, color in (("remind", BLUE), ("try", ORANGE)):
        rows = mean[(mean["list"] == name) & mean["chance"].notna()]
        if len(rows):
            label = _text(f"lists.list_{name}")
            sns.lineplot(rows, x="rank", y="chance", marker="o", color=color, label=label, legend=False, ax=ax)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.set(
        title=_text("lists.plot_title", days=result.horizon_days), xlabel=_text("lists.plot_x"),
        ylabel=_text("lists.plot_y"),
    )  # fmt: skip
    ax.set_xticks(range(1, result.n + 1))
    if ax.lines:
        name_lines(ax)
    return ax


@draws(ListWorthResult)
def plot_worth(result: ListWorthResult, *, ax: Axes | None = None) -> Axes:
    """Paired gain of each list over the plain one with its joint interval."""
    frame = result.to_frame()
    rows = result.in_words(frame[frame["measure"] == result.measure])
    ax = ax or new_axes(height=1.6 + 0.5 * len(rows))
    interval_rows(ax, rows["list"], rows, "gain")
    ax.axvline(0, color=GREY, linewidth=1)
    ax.xaxis.set_major_formatter("{x:+.2f}")
    measure = _text(f"worth.measure_{result.measure}")
    ax.set(title=_text("worth.plot_title"), xlabel=_text("worth.plot_axis", measure=measure), ylabel="")
    return ax


@draws(OffPolicyResult)
def plot_policies(result: OffPolicyResult, *, ax: Axes | None = None) -> Axes:
    """Value of each policy and of what was shown, by the estimator that decides."""
    frame = result.to_frame()
    rows = frame[frame["estimator"] == result.estimator].reset_index(drop=True)
    names = rows["policy"].where(rows["policy"] != LOGGED, _text("off_policy.logged"))
    ax = ax or new_axes(height=1.6 + 0.5 * len(rows))
    interval_rows(ax, names.str.replace("$", r"\$", regex=False), rows, "value")
    ax.set(title=_text("off_policy.plot_title"), xlabel=_text("off_policy.plot_axis"), ylabel="")
    return ax
