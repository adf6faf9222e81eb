"""Pictures of experiments: effects forest, balance, waterfall, probability of a return."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from crm_lab.experiments.core.outcome_metrics import outcome_label
from crm_lab.experiments.effects.effects import EffectsResult
from crm_lab.experiments.effects.noncompliance import TakeUpResult
from crm_lab.experiments.effects.novelty import NoveltyResult
from crm_lab.experiments.effects.regression_to_mean import ChosenOnPastResult
from crm_lab.experiments.effects.response_rates import ResponseRatesResult
from crm_lab.experiments.payoff.programme_return import ProgrammeResult
from crm_lab.experiments.payoff.steady_state import SteadyStateResult
from crm_lab.experiments.planning.before_after_claim import BeforeAfterResult
from crm_lab.experiments.planning.decision_power import RoiDesignResult
from crm_lab.experiments.planning.design import DesignResult
from crm_lab.experiments.planning.run_time import RunTimeResult
from crm_lab.experiments.validity.sample_ratio import SampleRatiosResult
from crm_lab.experiments.validity.soundness import SoundnessResult
from crm_lab.messages import Message, named
from crm_lab.plots.direct_labels import name_lines, name_vertical
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREEN, GREY, INK, ORANGE, RUST, new_axes


def _text(key: str, **values: object) -> str:
    return Message(f"experiments.plot.{key}", values).text()


@draws(EffectsResult)
def plot_effects(table: EffectsResult, *, ax: Axes | None = None) -> Axes:
    """Each effect with its interval, relative ones for several metrics; a planted effect as a dashed line."""
    frame = table.shown().dropna(subset=["effect"])
    relative = len(set(frame["metric"])) > 1 and bool(frame[["rel_low", "rel_high"]].notna().all(axis=None))
    if relative:  # metrics of different units share no other scale
        frame = frame.assign(effect=frame["rel_effect"], low=frame["rel_low"], high=frame["rel_high"])
    ax = ax or new_axes(height=1.2 + 0.45 * len(frame))
    names = [str(outcome_label(name)) for name in frame["metric"]]
    labels = [f"{name} · {adjusted}" for name, adjusted in zip(names, frame["adjusted"], strict=True)]
    places = np.arange(len(frame))[::-1]
    _interval_points(ax, frame, places)
    ax.set_yticks(places, labels)
    ax.set_ylim(-0.7, len(frame) - 0.3)
    ax.axvline(0, color=GREY, linewidth=1)
    truth = table.truth.get(table.headline.metric.name)
    if truth is not None and not relative:
        ax.axvline(truth, color=RUST, linestyle="--")
    if relative:
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(title=_text("effect_title"), xlabel=_text("relative_axis" if relative else "effect_axis"))
    if truth is not None and not relative:
        name_vertical(ax, (truth, _text("planted"), RUST))
    return ax


@draws(SoundnessResult, shows_why=True)
def plot_balance(result: SoundnessResult, *, ax: Axes | None = None) -> Axes:
    """Standardised difference of each covariate before the start; the arms' sizes without covariates."""
    frame = result.to_frame()
    if "std_diff" not in frame:
        ax = ax or new_axes(height=2.6)
        sns.barplot(frame, x="units", y="arm", color=BLUE, saturation=1, ax=ax)
        return ax
    ax = ax or new_axes(height=1.2 + 0.4 * len(frame))
    sns.scatterplot(frame, x="std_diff", y="covariate", color=BLUE, s=70, ax=ax)
    ax.axvspan(-0.1, 0.1, color=GREEN, alpha=0.12, linewidth=0)
    ax.axvline(0, color=GREY, linewidth=1)
    reach = max(0.15, 1.2 * result.largest_gap)
    ax.set(xlim=(-reach, reach), title=_text("balance_title"), xlabel=_text("balance_axis"), ylabel="")
    ax.margins(y=0.3)
    return ax


@draws(ProgrammeResult)
def plot_programme(
    result: ProgrammeResult, *, kind: Literal["waterfall", "probability"] = "waterfall", ax: Axes | None = None
) -> Axes:
    """The waterfall from margin to net result, or the probability of each return."""
    return _waterfall(result, ax) if kind == "waterfall" else _p_return(result, ax)


def _waterfall(result: ProgrammeResult, ax: Axes | None) -> Axes:
    frame = result.shown()
    ax = ax or new_axes(height=1.4 + 0.5 * len(frame))
    amount = frame["per_unit"].to_numpy()
    start = np.concatenate([[0.0], np.cumsum(amount[:-1])])[: len(amount)]
    start[-1:] = 0.0
    places = np.arange(len(frame))[::-1]
    colours = [GREEN if v >= 0 else RUST for v in amount[:-1]] + [BLUE]
    ax.barh(places, amount, left=start, color=colours[: len(amount)], height=0.6)
    reach = np.abs(frame[["low", "high"]].to_numpy() - amount[:, None]).T
    ax.errorbar(start + amount, places, xerr=reach, fmt="none", color=INK, capsize=3, linewidth=1)
    ax.set_yticks(places, frame["part"].tolist())
    ax.axvline(0, color=GREY, linewidth=1)
    currency = result.spec.currency
    ax.set(title=_text("waterfall_title"), xlabel=_text("waterfall_axis", currency=currency))
    return ax


def _p_return(result: ProgrammeResult, ax: Axes | None) -> Axes:
    ax = ax or new_axes()
    curve = result.probabilities()
    sns.lineplot(curve, x="multiple", y="probability", color=BLUE, linewidth=2, ax=ax)
    needed = 1 + result.spec.roi_needed
    ax.axvline(needed, color=RUST, linestyle="--")
    ax.plot([needed], [result.p_needed], "o", color=RUST)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(title=_text("p_title"), xlabel=_text("p_axis"), ylabel=_text("p_probability"), ylim=(0, 1.02))
    name_vertical(ax, (needed, _text("needed"), RUST))
    return ax


@draws(DesignResult, shows_why=True)
def plot_power(result: DesignResult, *, ax: Axes | None = None) -> Axes:
    """Power of the first metric by number of units, plain and with the pre-period."""
    ax = ax or new_axes()
    curves = result.in_words(result.power_curve())
    for color, (name, rows) in zip((BLUE, ORANGE), curves.groupby("adjusted", sort=False), strict=False):
        ax.plot(rows["units"], rows["power"], color=color, linewidth=2, label=str(name))
    ax.axhline(result.spec.power, color=GREY, linewidth=1, linestyle=":")
    ax.axvline(result.available, color=RUST, linestyle="--")
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(title=_text("power_title"), xlabel=_text("power_units"), ylabel=_text("power_axis"), ylim=(0, 1.02))
    name_lines(ax)
    name_vertical(ax, (result.available, _text("at_hand"), RUST))
    return ax


@draws(RoiDesignResult, shows_why=True)
def plot_p_ship(result: RoiDesignResult, *, ax: Axes | None = None) -> Axes:
    """Probability that the test ends in ship, by number of units."""
    ax = ax or new_axes()
    sns.lineplot(result.curve(), x="units", y="p_ship", color=BLUE, linewidth=2, ax=ax)
    ax.axhline(result.spec.power, color=GREY, linewidth=1, linestyle=":")
    ax.axvline(result.available, color=RUST, linestyle="--")
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(title=_text("p_ship_title"), xlabel=_text("power_units"), ylabel=_text("p_ship_axis"), ylim=(0, 1.02))
    name_vertical(ax, (result.available, _text("at_hand"), RUST))
    return ax


@draws(RunTimeResult)
def plot_gaps(result: RunTimeResult, *, ax: Axes | None = None) -> Axes:
    """Share of repeat customers whose usual gap is at most so many days."""
    ax = ax or new_axes()
    sns.ecdfplot(x=result.gaps, color=BLUE, linewidth=2, ax=ax)
    ax.axhline(result.spec.quantile, color=GREY, linewidth=1, linestyle=":")
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(title=_text("gap_title"), xlabel=_text("gap_axis"), ylabel=_text("gap_share"))
    return ax


@draws(BeforeAfterResult)
def plot_readings(result: BeforeAfterResult, *, ax: Axes | None = None) -> Axes:
    """The effect in both readings of a claim."""
    frame = result.shown()
    ax = ax or new_axes(height=2.2)
    sns.barplot(x=frame["effect"] * 100, y=frame["reading"], color=BLUE, saturation=1, ax=ax)
    for place, effect in enumerate(frame["effect"]):
        ax.annotate(
            f"{effect * 100:.2f}", (effect * 100, place), xytext=(4, 0), textcoords="offset points", va="center"
        )
    ax.set(title=_text("readings_title"), xlabel=_text("readings_axis"), ylabel="")
    return ax


@draws(NoveltyResult)
def plot_novelty(result: NoveltyResult, *, ax: Axes | None = None) -> Axes:
    """Effect per week with its interval; the launch weeks shaded."""
    frame = result.to_frame()
    ax = ax or new_axes()
    _interval_points(ax, frame, frame["week"].to_numpy(), vertical=True)
    ax.axhline(0, color=GREY, linewidth=1)
    ax.axvspan(0.5, result.spec.launch + 0.5, color=GREY, alpha=0.12, linewidth=0)
    ax.set(title=_text("novelty_title"), xlabel=_text("novelty_axis"), ylabel=_text("effect_axis"))
    name_vertical(ax, (0.5 + result.spec.launch / 2, _text("launch"), GREY))
    return ax


@draws(SteadyStateResult)
def plot_steady(result: SteadyStateResult, *, ax: Axes | None = None) -> Axes:
    """ROI of all weeks and of those after the launch, with their intervals."""
    frame = result.to_frame().rename(columns={"roi": "effect"}).dropna(subset=["effect"])
    ax = ax or new_axes(height=2.2)
    places = np.arange(len(frame))[::-1]
    _interval_points(ax, frame, places)
    ax.set_yticks(places, [_text("weeks", weeks=weeks) for weeks in frame["weeks"]])
    ax.set_ylim(-0.6, max(len(frame), 1) - 0.4)
    ax.axvline(result.answer.spec.roi_needed, color=RUST, linestyle="--")
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(title=_text("steady_title"), xlabel=_text("steady_axis"))
    name_vertical(ax, (result.answer.spec.roi_needed, _text("needed"), RUST))
    return ax


@draws(ResponseRatesResult)
def plot_responses(result: ResponseRatesResult, *, ax: Axes | None = None) -> Axes:
    """Each definition's rate with its interval, groups below all messages; the target as a dashed line."""
    frame = result.shown().rename(columns={"rate": "effect"}).dropna(subset=["effect"])
    ax = ax or new_axes(height=1.4 + 0.3 * len(frame))
    places = np.arange(len(frame))[::-1]
    _interval_points(ax, frame, places)
    groups = frame["group"] if "group" in frame else pd.Series("", index=frame.index)
    ax.set_yticks(places, (frame["definition"] + "  " + groups).str.strip().tolist())
    if result.spec.target is not None:
        ax.axvline(result.spec.target, color=RUST, linestyle="--")
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(title=_text("response_title"), xlabel=_text("response_axis"), xlim=(0, 1))
    if result.spec.target is not None:
        name_vertical(ax, (result.spec.target, _text("target"), RUST))
    return ax


@draws(ChosenOnPastResult)
def plot_chosen(result: ChosenOnPastResult, *, ax: Axes | None = None) -> Axes:
    """Change of the chosen segment in each arm, and the difference."""
    frame = result.shown().rename(columns={"change": "effect"})
    ax = ax or new_axes(height=2.6)
    places = np.arange(len(frame))[::-1]
    _interval_points(ax, frame, places)
    ax.set_yticks(places, [named("level", str(arm)) for arm in frame["arm"]])
    ax.set_ylim(-0.6, len(frame) - 0.4)
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set(title=_text("chosen_title"), xlabel=_text("chosen_axis"))
    return ax


@draws(SampleRatiosResult, shows_why=True)
def plot_sample_ratio(result: SampleRatiosResult, *, ax: Axes | None = None) -> Axes:
    """Share of the last arm overall and by group, against chance's 95 % range around the plan."""
    frame = result.to_frame().head(30)
    ax = ax or new_axes(height=1.4 + 0.22 * len(frame))
    arm, total = result.arms[-1], frame[list(result.arms)].sum(axis=1).to_numpy(dtype=float)
    share = frame[arm].to_numpy(dtype=float) / total
    places = np.arange(len(frame))[::-1]
    names = [_group_name(str(by), str(group)) for by, group in zip(frame["by"], frame["group"], strict=True)]
    planned = result.planned[arm]
    reach = 1.96 * np.sqrt(planned * (1 - planned) / total)
    ax.hlines(places, planned - reach, planned + reach, color=GREY, alpha=0.35, linewidth=6)
    ax.plot(share, places, "o", color=BLUE)
    ax.set_yticks(places, names)
    ax.axvline(planned, color=GREY, linewidth=1)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(title=_text("ratio_title"), xlabel=_text("ratio_axis", arm=named("level", arm)))
    return ax


def _group_name(by: str, group: str) -> str:
    """What a group is called: the column that tells it apart and its value, both in words."""
    if not by:
        return _text("overall")
    return f"{named('column', by).replace('_', ' ')} {named('level', group).replace('_', ' ')}"


@draws(TakeUpResult)
def plot_take_up(result: TakeUpResult, *, ax: Axes | None = None) -> Axes:
    """Effect of the offer, of taking it up, and the wrong comparison."""
    frame = result.shown().dropna(subset=["effect"])
    ax = ax or new_axes(height=2.6)
    places = np.arange(len(frame))[::-1]
    _interval_points(ax, frame.fillna({"low": frame["effect"], "high": frame["effect"]}), places)
    ax.set_yticks(places, frame["reading"].tolist())
    ax.set_ylim(-0.6, len(frame) - 0.4)
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set(title=_text("take_up_title"), xlabel=_text("effect_axis"))
    return ax


def _interval_points(ax: Axes, frame: pd.DataFrame, places: np.ndarray, *, vertical: bool = False) -> None:
    """Points with their intervals: columns effect, low, high."""
    reach = np.abs(frame[["low", "high"]].to_numpy(dtype=float) - frame[["effect"]].to_numpy(dtype=float)).T
    look: dict[str, Any] = {"fmt": "o", "color": BLUE, "capsize": 4, "linewidth": 2}
    if vertical:
        ax.errorbar(places, frame["effect"], yerr=reach, **look)
    else:
        ax.errorbar(frame["effect"], places, xerr=reach, **look)
