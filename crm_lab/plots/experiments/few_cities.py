"""Pictures of pilots: what designs can see, cities drawn, lifts by method, the course with and without the pilot."""

from __future__ import annotations

from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator

from crm_lab.experiments.pilots.answers.city_mix import CityMixResult
from crm_lab.experiments.pilots.answers.pilot_effect import PilotEffectResult
from crm_lab.experiments.pilots.answers.pilot_return import PilotReturnResult
from crm_lab.experiments.pilots.answers.staggered_roll_out import StaggeredRollOutResult
from crm_lab.experiments.pilots.city_choice.city_draw import CityDrawResult
from crm_lab.experiments.pilots.city_choice.city_pairs import index_series
from crm_lab.experiments.pilots.city_choice.stepped_wedge import SteppedWedgeResult
from crm_lab.experiments.pilots.feasibility.pilot_plan import PilotPlanResult
from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.direct_labels import name_lines, name_vertical
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, SOFT, new_axes
from crm_lab.stats.panel.event_study import EventStudy
from crm_lab.stats.panel.panel import Panel

_NAME = 30  # letters of a method in a line
_COLORS = (BLUE, SOFT, ORANGE)


def _text(key: str, **values: object) -> str:
    return Message(f"experiments.pilots.{key}", values).text()


@draws(PilotPlanResult)
def plot_pilot_plan(result: PilotPlanResult, *, ax: Axes | None = None) -> Axes:
    """Smallest lift that designs see, by length, beside the lift that is needed and the one planned for."""
    ax, plan = ax or new_axes(), result.plan
    curves = result.curves()
    seen = curves[np.isfinite(curves["mde"])]
    for color, (key, rows) in zip(
        _COLORS, seen.groupby(["way", "treated_units", "control_units"], sort=False), strict=False
    ):
        way, treated, control = key
        label = _text("plot_design", treated=treated, control=control, way=Message(f"experiments.pilots.way_{way}"))
        sns.lineplot(rows, x="periods", y="mde", color=color, label=label, marker="o", legend=False, ax=ax)
    lengths = [min(result.noises), max(result.noises)]
    for value, key, style in ((result.planned.lift_needed, "plot_needed", "--"), (plan.lift, "plot_planned", ":")):
        ax.plot(lengths, [value, value], color=GREY, linestyle=style, label=_text(key))
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.set_ylim(bottom=0)
    every = Message(f"experiments.pilots.every_{plan.every}")
    ax.set(
        title=_text("plot_plan_title"), xlabel=_text("plot_plan_axis", every=every), ylabel=_text("plot_plan_height")
    )
    name_lines(ax)
    return ax


@draws(CityDrawResult)
def plot_draw(result: CityDrawResult, *, ax: Axes | None = None) -> Axes:
    """The past of the drawn cities and of those that they are compared with."""
    ax, chosen = ax or new_axes(), result.assignments.observed
    series = index_series(result.part)
    for rows, color, key in ((series[chosen], BLUE, "role_treated"), (series[~chosen], ORANGE, "role_control")):
        sns.lineplot(
            x=list(result.part.periods), y=rows.mean(axis=0), color=color, label=_text(key), legend=False, ax=ax
        )
    ax.set(title=_text("plot_draw_title"), xlabel="", ylabel=_text("plot_path_axis"))
    if isinstance(result.part.periods[0], date):
        ax.xaxis.set_major_locator(AutoDateLocator(maxticks=6))  # type: ignore[no-untyped-call] # of matplotlib
    name_lines(ax)
    return ax


@draws(SteppedWedgeResult)
def plot_wedge(result: SteppedWedgeResult, *, ax: Axes | None = None) -> Axes:
    """Which city starts when."""
    frame, spec = result.to_frame(), result.spec
    ax = ax or new_axes(height=1.4 + 0.24 * len(frame))
    end = spec.gap * (spec.waves + 1)
    places = np.arange(len(frame))[::-1]
    ax.hlines(places, 0, frame["starts"], color=GREY, linewidth=4)
    ax.hlines(places, frame["starts"], end, color=BLUE, linewidth=4)
    ax.set_yticks(places, [wrapped(name, _NAME) for name in frame["unit"]])
    every = Message(f"experiments.pilots.every_{spec.every}")
    ax.set(title=_text("plot_wedge_title"), xlabel=_text("plot_wedge_axis", every=every), ylabel="")
    return ax


@draws(PilotEffectResult)
def plot_pilot(
    result: PilotEffectResult, *, ax: Axes | None = None, kind: Literal["methods", "path", "leads"] = "methods"
) -> Axes:
    """Lift by each method; the course of the treated cities with and without the pilot; or an event study."""
    if kind == "leads":
        return _leads(result, ax)
    return _path(result, ax) if kind == "path" else _methods(result, ax)


def _leads(result: PilotEffectResult, ax: Axes | None) -> Axes:
    """Treated less other cities in each period from the start, over the one before it."""
    ax, pilot = ax or new_axes(), result.pilot
    study = EventStudy().fit(Panel(pilot.index, pilot.panel.units, pilot.panel.periods), pilot.mask, pilot.start)
    reach = [study.table["effect"] - study.table["lo"], study.table["hi"] - study.table["effect"]]
    ax.errorbar(
        study.table["lead"], study.table["effect"], yerr=reach, fmt="o", color=BLUE, markersize=3, linewidth=0.8
    )
    ax.axhline(0, color=GREY, linewidth=1)
    ax.axvline(-0.5, color=GREY, linestyle="--", linewidth=1)
    ax.yaxis.set_major_formatter("{x:+.0%}")
    every = Message(f"experiments.pilots.every_{pilot.every}")
    ax.set(title=_text("plot_leads_title"), xlabel=_text("plot_staggered_axis", every=every), ylabel="")
    return ax


def _methods(result: PilotEffectResult, ax: Axes | None) -> Axes:
    frame = result.shown().replace([np.inf, -np.inf], np.nan)
    ax = ax or new_axes(height=1.4 + 0.5 * len(frame))
    _dots(ax, frame["method"], frame, "rel_effect", "+.0%")
    ax.set(title=_text("plot_effect_title"), xlabel=_text("plot_effect_axis"), ylabel="")
    return ax


def _path(result: PilotEffectResult, ax: Axes | None) -> Axes:
    ax, pilot, path = ax or new_axes(), result.pilot, result.path()
    ax.plot(path["period"], path["without"], color=ORANGE, linestyle="--", label=_text("plot_without"))
    ax.plot(path["period"], path["seen"], color=BLUE, label=_text("plot_seen"))
    line = ax.axvline(path["period"].iloc[pilot.first], color=GREY, linewidth=1)
    ax.set(title=_text("plot_path_title"), xlabel="", ylabel=_text("plot_path_axis"))
    name_lines(ax, ax.lines[:2])
    name_vertical(ax, (float(np.asarray(line.get_xdata(orig=False))[0]), _text("plot_start"), GREY))
    return ax


@draws(PilotReturnResult)
def plot_pilot_return(result: PilotReturnResult, *, ax: Axes | None = None) -> Axes:
    """The return on each basis with its interval, beside the number that it must beat."""
    frame = result.shown().replace([np.inf, -np.inf], np.nan)
    ax = ax or new_axes(height=1.4 + 0.6 * len(frame))
    _dots(ax, frame["basis"], frame, "roi", "+.1f")
    ax.axvline(result.terms.roi_needed, color=ORANGE, linestyle="--", linewidth=1)
    ax.set(title=_text("plot_return_title", target=result.terms.roi_needed), xlabel="", ylabel="")
    return ax


@draws(CityMixResult)
def plot_mix(result: CityMixResult, *, ax: Axes | None = None) -> Axes:
    """Each treated city's own lift, the larger the dot the larger its weight."""
    frame = result.to_frame()
    ax = ax or new_axes(height=1.4 + 0.3 * len(frame))
    places = np.arange(len(frame))[::-1]
    ax.scatter(frame["rel_effect"], places, s=40 + 400 * frame["weight"], color=BLUE, alpha=0.7, linewidth=0)
    ax.set_yticks(places, [wrapped(name, _NAME) for name in frame["unit"]])
    ax.axvline(0, color=GREY, linewidth=1)
    ax.margins(y=0.2)
    ax.xaxis.set_major_formatter("{x:+.0%}")
    ax.set(title=_text("plot_mix_title"), xlabel=_text("plot_effect_axis"), ylabel="")
    return ax


@draws(StaggeredRollOutResult)
def plot_staggered(result: StaggeredRollOutResult, *, ax: Axes | None = None) -> Axes:
    """Lift by periods since the start, those before it included."""
    ax, frame = ax or new_axes(), result.to_frame()
    reach = [frame["rel_effect"] - frame["lo"], frame["hi"] - frame["rel_effect"]] if result.interval else None
    ax.errorbar(frame["lead"], frame["rel_effect"], yerr=reach, fmt="o", color=BLUE, capsize=2)
    ax.axhline(0, color=GREY, linewidth=1)
    ax.axvline(-0.5, color=GREY, linestyle="--", linewidth=1)
    ax.yaxis.set_major_formatter("{x:+.0%}")
    every = Message(f"experiments.pilots.every_{result.spec.every}")
    ax.set(
        title=_text("plot_staggered_title"),
        xlabel=_text("plot_staggered_axis", every=every),
        ylabel=_text("plot_effect_axis"),
    )
    return ax


def _dots(ax: Axes, names: pd.Series, frame: pd.DataFrame, value: str, form: str) -> None:
    """Values with their intervals, one below the other, the first on top and in colour."""
    places = np.arange(len(frame))[::-1].astype(float)
    for i, place in enumerate(places):
        row = frame.iloc[i]
        reach = [[row[value] - row["lo"]], [row["hi"] - row[value]]]
        known = np.isfinite(reach).all()
        color = BLUE if i == 0 else SOFT
        ax.errorbar([row[value]], [place], xerr=reach if known else None, fmt="o", color=color, capsize=3)
    ax.set_yticks(places, [wrapped(name, _NAME) for name in names])
    ax.axvline(0, color=GREY, linewidth=1)
    ax.margins(y=0.25)
    ax.xaxis.set_major_formatter("{x:" + form + "}")
