"""What further messages leave of opens, how they make customers opt out, what they are worth, and who gets credit."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from crm_lab.channels.attribution import AttributionResult
from crm_lab.channels.fatigue import ContactCapResult, FatigueSlopeResult, OptOutHazardResult
from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, SOFT, new_axes

_NAME = 34  # letters of a name in a line
_MOST = 15  # names in a picture


def _text(key: str, **values: object) -> str:
    return Message(f"channels.{key}", values).text()


@draws(FatigueSlopeResult)
def plot_fatigue(result: FatigueSlopeResult, *, ax: Axes | None = None) -> Axes:
    """Outcome at each dose relative to the lowest, within customers; the line is the slope."""
    frame, ax = result.frame, ax or new_axes()
    lowest = float(frame["dose"].min()) if len(frame) else 0.0
    _with_intervals(ax, frame["dose"], frame["relative"], frame)
    x = np.linspace(lowest, float(frame["dose"].max()) if len(frame) else 1.0, 50)
    ax.plot(x, np.exp(result.fit.coef[0] * (x - lowest)), color=ORANGE, linewidth=1.5, zorder=1)
    days = result.doses.memory_days
    outcome = _text(f"fatigue.outcome_{result.spec.outcome}", days=result.spec.order_days)
    ax.set(
        title=_text("fatigue.plot_title", outcome=outcome), xlabel=_text("fatigue.plot_axis", days=days),
        ylabel=_text("fatigue.plot_height"), ylim=(0, None),
    )  # fmt: skip
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    return ax


@draws(OptOutHazardResult)
def plot_opt_out(result: OptOutHazardResult, *, ax: Axes | None = None) -> Axes:
    """Chance of opting out at each dose with its interval; the line is the fitted rise."""
    frame, ax = result.frame, ax or new_axes()
    _with_intervals(ax, frame["dose"], frame["hazard"], frame)
    x = frame["dose"].to_numpy(dtype=float)
    ax.plot(x, np.maximum(result.coef[0] + result.coef[1] * x, 0), color=ORANGE, linewidth=1.5, zorder=1)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    axis = _text("opt_out.plot_axis", days=result.doses.memory_days)
    ax.set(title=_text("opt_out.plot_title"), xlabel=axis, ylim=(0, None))
    return ax


@draws(ContactCapResult)
def plot_cap(result: ContactCapResult, *, ax: Axes | None = None) -> Axes:
    """Net worth of the first, second, ... message with its interval; below the line it does not pay."""
    frame, ax = result.frame, ax or new_axes()
    _with_intervals(ax, frame["message"], frame["net_worth"], frame)
    ax.axhline(0, color=GREY, linewidth=1)
    ax.set(
        title=_text("cap.plot_title"), xlabel=_text("cap.plot_axis", days=result.slope.doses.memory_days),
        ylabel=result.slope.doses.log.currency,
    )  # fmt: skip
    return ax


@draws(AttributionResult)
def plot_credit(result: AttributionResult, *, ax: Axes | None = None) -> Axes:
    """Least and most orders that any rule gives to each channel or campaign, the most credited first."""
    names = result.shown()["touch"]
    rows = result.spread().assign(name=names).sort_values("most", ascending=False, kind="stable").head(_MOST)
    ax = ax or new_axes(height=1.6 + 0.4 * len(rows))
    places = np.arange(len(rows))
    ax.hlines(places, rows["least"], rows["most"], colors=BLUE, linewidth=4)
    for end in ("least", "most"):
        ax.scatter(rows[end], places, color=BLUE, s=40, zorder=3)
    ax.set_yticks(places, [wrapped(str(name), _NAME) for name in rows["name"]])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(title=_text("attribution.plot_title"), xlabel=_text("attribution.plot_axis"), xlim=(0, None))
    return ax


def _with_intervals(ax: Axes, x: pd.Series, y: pd.Series, frame: pd.DataFrame) -> None:
    known = frame[["lo", "hi"]].notna().all(axis=1)
    reach = np.maximum(np.vstack([y - frame["lo"], frame["hi"] - y])[:, known], 0)
    ax.errorbar(x[known], y[known], yerr=reach, fmt="o", color=BLUE, ecolor=SOFT, capsize=3, zorder=3)
    ax.plot(x[~known], y[~known], "o", color=BLUE, zorder=3)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(x=0.1)
