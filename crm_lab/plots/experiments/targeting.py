"""Pictures of targeting: effects by tenth, the uplift curve, lists side by side in money, groups of the small tree."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.experiments.uplift.effect_tree import EffectTreeResult
from crm_lab.experiments.uplift.targeting_list import TargetingListResult
from crm_lab.experiments.uplift.uplift_result import UpliftResult
from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.direct_labels import name_above, name_lines
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, new_axes

_NAME = 34  # letters of a list's name in a line


def _text(key: str, **values: object) -> str:
    return Message(f"experiments.uplift.{key}", values).text()


@draws(UpliftResult)
def plot_uplift(
    result: UpliftResult, *, ax: Axes | None = None, arm: int = 1, kind: Literal["tenths", "curve", "money"] = "tenths"
) -> Axes:
    """What each tenth of the predicted effect showed beside what was predicted; the uplift curve; lists in money."""
    if kind == "money":
        return _money(result.shown(), result.currency, ax)
    return _curve(result, ax) if kind == "curve" else _tenths(result, ax, arm)


def _tenths(result: UpliftResult, ax: Axes | None, arm: int) -> Axes:
    tenths = result.tenths(arm)
    ax = ax or new_axes()
    reach = [tenths["effect"] - tenths["lo"], tenths["hi"] - tenths["effect"]]
    ax.errorbar(tenths["group"], tenths["effect"], yerr=reach, fmt="o", color=BLUE, capsize=3)
    sns.lineplot(tenths, x="group", y="predicted", color=ORANGE, ax=ax)
    ax.axhline(0, color=GREY, linewidth=1)
    ax.set(title=_text("plot_title"), xlabel=_text("plot_axis"), ylabel="", xticks=tenths["group"])
    name_above(ax, [(_text("seen"), BLUE), (_text("predicted"), ORANGE)])
    return ax


def _curve(result: UpliftResult, ax: Axes | None) -> Axes:
    """What treating the first units gained in the test, per treated unit, beside treating as many by lot."""
    ax = ax or new_axes()
    if result.curve is not None:
        frame = result.curve.frame
        share, gain = frame["units"] / frame["units"].iloc[-1], frame["gain"] / int(result.curve.treated.sum())
        ax.plot(share, gain, color=BLUE, label=_text("curve_ranked"))
        ax.plot([0, 1], [0, gain.iloc[-1]], color=GREY, linestyle="--", label=_text("curve_lot"))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.set(title=_text("curve_title"), xlabel=_text("curve_axis"), ylabel=_text("curve_height"))
    name_lines(ax)
    return ax


def _money(frame: pd.DataFrame, currency: str, ax: Axes | None) -> Axes:
    """Profit of each list above treating nobody: doubly robust, and by weights alone."""
    ax = ax or new_axes(height=1.6 + 0.55 * len(frame))
    places = np.arange(len(frame))[::-1].astype(float)
    for name, color, shift in (("gain", BLUE, 0.12), ("ipw", ORANGE, -0.12)):
        reach = [frame[name] - frame[f"{name}_lo"], frame[f"{name}_hi"] - frame[name]]
        ax.errorbar(frame[name], places + shift, xerr=reach, fmt="o", color=color, capsize=3)
    ax.set_yticks(places, [wrapped(name, _NAME) for name in frame["strategy"]])
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set(title=_text("money_title"), xlabel=_text("money_axis", currency=currency), ylabel="")
    name_above(ax, [(_text("by_dr"), BLUE), (_text("by_ipw"), ORANGE)])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return ax


@draws(EffectTreeResult)
def plot_tree(result: EffectTreeResult, *, ax: Axes | None = None) -> Axes:
    """Profit of treating one customer of each group, with its interval."""
    frame = result.shown()
    ax = ax or new_axes(height=1.6 + 0.6 * len(frame))
    places = np.arange(len(frame))[::-1].astype(float)
    reach = [frame["net"] - frame["net_lo"], frame["net_hi"] - frame["net"]]
    ax.errorbar(frame["net"], places, xerr=reach, fmt="o", color=BLUE, capsize=3)
    ax.set_yticks(places, [wrapped(rule, _NAME) for rule in frame["rule"]])
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set(title=_text("tree.plot_title"), xlabel=_text("tree.plot_axis", currency=result.currency), ylabel="")
    return ax


@draws(TargetingListResult)
def plot_list(result: TargetingListResult, *, ax: Axes | None = None) -> Axes:
    """What the list is expected to earn beside treating everybody, with intervals."""
    ax = ax or new_axes(height=2.2)
    rows = [
        (_text("list.plot_list"), result.expected, BLUE),
        (_text(f"list.plot_{'all' if result.as_many is None else 'lot'}"), result.everybody, ORANGE),
    ]
    for place, (_, (value, lo, hi), color) in enumerate(reversed(rows)):
        ax.errorbar([value], [place], xerr=[[value - lo], [hi - value]], fmt="o", color=color, capsize=3)
    ax.set_yticks([1, 0], [name for name, _, _ in rows])
    ax.axvline(0, color=GREY, linewidth=1)
    ax.margins(y=0.4)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(title=_text("list.plot_title"), xlabel=_text("money_axis", currency=result.currency), ylabel="")
    return ax
