"""Pictures of the churn room: return curve, rankings, calibration."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from crm_lab.churn.calibration import Calibration
from crm_lab.churn.compare import ChurnReport, ranking_words
from crm_lab.churn.window import EVERYBODY, WindowEvidence
from crm_lab.messages import Message
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, PALETTE, new_axes


@draws(WindowEvidence)
def plot_window(result: WindowEvidence, *, ax: Axes | None = None) -> Axes:
    """Chance of return by length of silence, a line per segment, with the limit."""
    ax = ax or new_axes()
    for color, (segment, rows) in zip(PALETTE, result.to_frame().groupby("segment", sort=False), strict=False):
        label = Message("churn.plot.all").text() if segment == EVERYBODY else str(segment)
        ax.plot(rows["silent_days"], rows["chance"], color=color, marker="o", label=label)
        ax.fill_between(rows["silent_days"], rows["lo"], rows["hi"], color=color, alpha=0.2, lw=0)
    limit = result.spec.max_chance
    ax.axhline(limit, color=GREY, ls="--", lw=1, label=Message("churn.plot.limit", {"limit": limit}).text())
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_ylim(bottom=0)
    ax.set_title(Message("churn.plot.window_title").text())
    ax.set_xlabel(Message("churn.plot.window_x").text())
    ax.set_ylabel(Message("churn.plot.window_y", {"horizon": result.spec.horizon_days}).text())
    ax.legend()
    return ax


@draws(ChurnReport)
def plot_comparison(result: ChurnReport, *, ax: Axes | None = None) -> Axes:
    """AUC of every ranking with its interval, models in blue, rules in orange."""
    ax = ax or new_axes()
    rows = result.to_frame().iloc[::-1]
    for place, (_, row) in enumerate(rows.iterrows()):
        color = BLUE if row["kind"] == "model" else ORANGE
        ax.plot([row["auc_lo"], row["auc_hi"]], [place, place], color=color, lw=2)
        ax.plot(row["auc"], place, "o", color=color)
    ax.axvline(result.row(result.spec.baseline)["auc"], color=GREY, ls="--", lw=1)
    ax.set_yticks(range(len(rows)), [str(ranking_words(name)) for name in rows["ranking"]])
    ax.set_title(Message("churn.plot.compare_title").text())
    ax.set_xlabel(Message("churn.plot.compare_x").text())
    return ax


@draws(Calibration)
def plot_calibration(result: Calibration, *, ax: Axes | None = None) -> Axes:
    """Observed share of leavers against the stated one, with intervals and the diagonal."""
    ax = ax or new_axes(height=4.2, width=5.2)
    rows = result.to_frame()
    ax.axline((0, 0), slope=1, color=GREY, ls="--", lw=1, label=Message("churn.plot.perfect").text())
    ax.vlines(rows["stated"], rows["lo"], rows["hi"], color=BLUE, lw=2)
    sns.scatterplot(data=rows, x="stated", y="observed", color=BLUE, s=45, ax=ax, zorder=3)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_title(Message("churn.plot.calibration_title").text())
    ax.set_xlabel(Message("churn.plot.calibration_x").text())
    ax.set_ylabel(Message("churn.plot.calibration_y").text())
    ax.legend()
    return ax
