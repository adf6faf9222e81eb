"""Pictures of what the data hold and what cleaning did to them."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.data.identity.accuracy.threshold_curve import FIGURES, ThresholdCurveResult
from crm_lab.data.quality.coverage import CoverageResult
from crm_lab.data.quality.defect_impact import DefectImpactResult
from crm_lab.data.quality.reconciliation import ReconciliationResult
from crm_lab.messages import Message, named
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.direct_labels import name_lines, name_vertical
from crm_lab.plots.drawing import draws
from crm_lab.plots.personas import rule_segment_sizes as rule_segment_sizes  # noqa: PLC0414 - registers its drawing
from crm_lab.plots.style import BLUE, GREEN, GREY, ORANGE, PALE, new_axes

_VERDICTS = ("yes", "partly", "no")


@draws(ReconciliationResult)
def draw_reconciliation(result: ReconciliationResult, *, ax: Axes | None = None) -> Axes:
    """Lines each rule touched, those that were changed in blue, with what was done about them."""
    table = result.shown()
    steps = table[~table["step"].isin(["whole", "elsewhere", "persons", "raw", "clean", "quarantine"])].sort_values(
        "rows", ascending=False
    )
    ax = ax or new_axes(height=0.9 + 0.42 * max(len(steps), 1))
    marked = Message("actions.flag").text()
    colors = [PALE if action == marked else BLUE for action in steps["action"]]
    names = [
        wrapped(_in_brackets(what, action), 40) for what, action in zip(steps["what"], steps["action"], strict=True)
    ]
    bars = ax.barh(names, steps["rows"], color=colors, height=0.7)
    ax.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=9)
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(visible=False, axis="y")
    ax.set(xlabel=Message("plots.data.lines_touched").text(), ylabel="")
    ax.set_title(Message("plots.data.rules").text())
    return ax


def _in_brackets(what: str, action: str) -> str:
    return Message("format.brackets", {"what": what, "more": action}).text()


@draws(DefectImpactResult)
def draw_impact(result: DefectImpactResult, *, ax: Axes | None = None) -> Axes:
    """How far each defect would move each headline figure, if left in."""
    moved = result.to_frame()
    labels = [
        f"{Message(f'kpis.{figure}')} · {named('level', str(defect))}"
        for figure, defect in zip(moved["figure"], moved["defect"], strict=True)
    ]
    ax = ax or new_axes(height=1.2 + 0.4 * max(len(moved), 1))
    bars = ax.barh([wrapped(label, 40) for label in labels], moved["change"] * 100, color=BLUE, height=0.7)
    ax.bar_label(bars, [f"{change:+,.1%}" for change in moved["change"]], padding=3, fontsize=9)
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(visible=False, axis="y")
    ax.set(xlabel=Message("plots.data.change").text(), ylabel="")
    ax.set_title(Message("plots.data.left_in").text())
    ax.axvline(0, color=GREY, linewidth=1)
    return ax


@draws(CoverageResult)
def draw_coverage(result: CoverageResult, *, ax: Axes | None = None) -> Axes:
    """Questions by verdict."""
    counts = pd.DataFrame(
        {"verdict": [Message(f"coverage.{v}").text() for v in _VERDICTS], "n": [result.count(v) for v in _VERDICTS]}
    )
    ax = ax or new_axes(height=2.2)
    sns.barplot(counts, x="n", y="verdict", orient="h", color=BLUE, saturation=1, ax=ax)
    ax.bar_label(ax.containers[0], padding=3)  # type: ignore[arg-type]  # bars
    ax.set(xlabel=Message("plots.data.questions").text(), ylabel="")
    ax.set_title(Message("plots.data.coverage").text())
    return ax


@draws(ThresholdCurveResult)
def draw_threshold_curve(result: ThresholdCurveResult, *, ax: Axes | None = None) -> Axes:
    """Each headline figure against that without links, by the probability from which records are linked."""
    changes = result.changes().iloc[:-1]  # without links is the line at 0
    ax = ax or new_axes(height=3.2)
    places = range(len(changes))
    for name, color in zip(FIGURES, (BLUE, ORANGE, GREEN), strict=True):
        label = Message(f"identity.curve_plot.{name}").text()
        if changes[name].isna().all():
            continue  # nothing to compare with
        ax.plot(places, changes[name] * 100, color=color, label=label, marker="o", markersize=4)
    lines = list(ax.lines)
    ax.axhline(0, color=GREY, linewidth=1)
    ax.set_xticks(list(places), [f"{threshold:.3g}" for threshold in changes["threshold"]])
    ax.yaxis.set_major_formatter("{x:+,.0f}")
    ax.set(xlabel=Message("identity.curve_plot.threshold").text(), ylabel=Message("identity.curve_plot.change").text())
    ax.set_title(Message("identity.curve_plot.title").text())
    chosen = int((changes["threshold"] == result.chosen).to_numpy().argmax())
    ax.axvline(chosen, color=GREY, linewidth=1, linestyle=":")
    name_lines(ax, lines)
    name_vertical(ax, (chosen, Message("identity.curve_plot.chosen").text(), GREY))
    return ax
