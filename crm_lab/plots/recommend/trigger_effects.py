"""What the messages of each trigger rule cause."""

from __future__ import annotations

from matplotlib.axes import Axes

from crm_lab.messages import Message
from crm_lab.plots.drawing import draws
from crm_lab.plots.recommend.interval_rows import interval_rows
from crm_lab.plots.style import GREY, new_axes
from crm_lab.recommend.trigger_rules.trigger_report_result import TriggerReportResult


@draws(TriggerReportResult)
def plot_trigger_effects(result: TriggerReportResult, *, ax: Axes | None = None) -> Axes:
    """Effect of each rule that has a hold-out on the share of events with a purchase, with its joint interval."""
    rows = result.shown()
    rows = rows[rows["effect"].notna()].reset_index(drop=True)
    rows[["effect", "lo", "hi"]] *= 100
    ax = ax or new_axes(height=1.6 + 0.5 * len(rows))
    interval_rows(ax, rows["rule"], rows, "effect")
    ax.axvline(0, color=GREY, linewidth=1)
    ax.xaxis.set_major_formatter("{x:+.1f}")
    title = Message("recommend.trigger.plot_title", {"days": result.window_days}).text()
    ax.set(title=title, xlabel=Message("recommend.trigger.plot_axis").text(), ylabel="")
    return ax
