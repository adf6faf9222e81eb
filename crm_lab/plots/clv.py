"""Drawings of customer value: maps, histories, tracking, calibration, concentration."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from crm_lab.clv.models.model_registry import model_title
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.validation.backtest import BackTestResult
from crm_lab.clv.validation.empirical_forecast import RecordForecast
from crm_lab.clv.validation.holdout import HoldoutResult
from crm_lab.clv.validation.left_truncation import FirstPurchases
from crm_lab.clv.validation.tracking import TrackingResult
from crm_lab.clv.value.acquisition_payback import PaybackResult
from crm_lab.clv.value.alive_history import AliveHistory
from crm_lab.clv.value.customer_value import CustomerValueResult
from crm_lab.clv.value.group_value import GroupValueResult, group_label
from crm_lab.clv.value.growth import PARTS, GrowthResult
from crm_lab.clv.value.recency_map import RecencyMap
from crm_lab.messages import Message, named
from crm_lab.plots.direct_labels import name_lines, name_point
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREEN, GREY, ORANGE, PALE, RUST, SEQUENTIAL, new_axes


def _words(name: str, **values: object) -> str:
    return Message(f"clv.plot.{name}", values).text()


@draws(PurchaseFit)
def plot_parameters(result: PurchaseFit, *, ax: Axes | None = None) -> Axes:
    """Estimates with their intervals, on a log scale."""
    ax = ax or new_axes(height=2.6)
    frame = result.to_frame()
    error = np.abs(frame[["lo", "hi"]].to_numpy().T - frame["estimate"].to_numpy())
    ax.errorbar(frame["estimate"], frame["parameter"], xerr=error, fmt="o", color=BLUE, capsize=3)
    ax.set(xscale="log", xlabel=_words("estimate"), ylabel="", title=result.model.title)
    ax.invert_yaxis()
    return ax


@draws(RecencyMap)
def plot_recency_map(result: RecencyMap, *, what: str = "expected_purchases", ax: Axes | None = None) -> Axes:
    """`what` (expected_purchases or p_alive) over recency and frequency."""
    ax = ax or new_axes(height=4.4)
    table = result.to_frame().pivot_table(index="recency", columns="frequency", values=what)
    mesh = ax.pcolormesh(table.columns, table.index, table.to_numpy(), cmap=SEQUENTIAL, rasterized=True)
    ax.figure.colorbar(mesh, ax=ax, label=_words(what))
    unit = _words(f"unit_{result.fit.model.unit}")
    ax.set(xlabel=_words("frequency_axis"), ylabel=_words("recency_axis", unit=unit), title=_words(f"map_{what}"))
    return ax


@draws(AliveHistory)
def plot_alive_history(result: AliveHistory, *, ax: Axes | None = None) -> Axes:
    """P(alive) by day, with a mark at every purchase."""
    ax = ax or new_axes(height=3.2)
    frame = result.to_frame()
    bought = frame.loc[frame["purchase"], "date"]
    ax.plot(frame["date"], frame["p_alive"], color=BLUE)
    ax.vlines(bought, 0, 1, color=GREY, linewidth=0.8, linestyle=":")
    ax.set(ylim=(0, 1.02), xlabel=_words("date"), ylabel=_words("p_alive"))
    ax.set_title(_words("history_title", customer=result.customer_id))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    if len(bought):
        name_point(ax, (bought.iloc[0], 1.02), _words("purchase"), GREY, (0, 2))
    return ax


@draws(TrackingResult)
def plot_tracking(result: TrackingResult, *, ax: Axes | None = None) -> Axes:
    """Cumulative repeat purchases, actual and expected, with the end of the calibration."""
    ax = ax or new_axes()
    frame = result.to_frame()
    ax.plot(frame["week"], frame["actual"], color=GREY, label=_words("actual"))
    ax.plot(frame["week"], frame["expected"], color=BLUE, linestyle="--", label=result.model)
    cut = frame.loc[frame["date"] <= result.calibration_end, "week"].max()
    ax.axvline(cut, color=RUST, linewidth=0.9)
    ax.text(cut + 0.8, 0, _words("calibration_ends"), color=RUST, va="bottom")
    ax.set(xlabel=_words("week"), ylabel=_words("cumulative"))
    ax.set_title(_words("tracking_title", model=result.model))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    name_lines(ax)
    return ax


@draws(HoldoutResult)
def plot_calibration_by_frequency(result: HoldoutResult, *, ax: Axes | None = None) -> Axes:
    """Mean holdout purchases by number of repeat purchases: a bar for what happened, a line a model."""
    ax = ax or new_axes()
    frame = result.by_frequency
    models = list(frame["model"].unique())
    first = frame[frame["model"] == models[0]]
    ax.bar(first["repeat_purchases"], first["actual"], color=PALE)
    for model, color, marker in zip(models, (BLUE, ORANGE, RUST, GREY), "os^D", strict=False):
        rows = frame[frame["model"] == model]
        ax.plot(rows["repeat_purchases"], rows["expected"], color=color, marker=marker, label=model)
    ticks = first["repeat_purchases"].tolist()
    ax.set_xticks(ticks, [str(t) if t < result.spec.most else f"{t}+" for t in ticks])
    ax.set(xlabel=_words("repeat_purchases"), ylabel=_words("mean_holdout"), title=_words("holdout_title"))
    name_lines(ax)
    name_point(ax, (ticks[-1], float(first["actual"].iloc[-1])), _words("actual"), PALE, (0, 2))
    return ax


@draws(CustomerValueResult)
def plot_lorenz(result: CustomerValueResult, *, ax: Axes | None = None) -> Axes:
    """Share of value against share of customers, most valuable first."""
    ax = ax or new_axes()
    frame = result.to_frame()
    share = frame["rank"] / len(frame)
    step = max(len(frame) // 500, 1)
    ax.plot([0, *share[::step], 1], [0, *frame["value_share"][::step], 1], color=BLUE)
    ax.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    ax.annotate(_words("equal"), (0.5, 0.5), xytext=(6, -10), textcoords="offset points", color=GREY, size=9)
    top = max(len(frame) // 10, 1)
    at = float(frame["value_share"].iloc[top - 1])
    ax.plot([top / len(frame)], [at], "o", color=RUST)
    ax.annotate(_words("top_tenth", share=at), (top / len(frame), at), xytext=(8, -4), textcoords="offset points")
    ax.set(xlabel=_words("customers_share"), ylabel=_words("value_share"), title=_words("lorenz_title"))
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    return ax


@draws(GroupValueResult)
def plot_groups(result: GroupValueResult, *, ax: Axes | None = None) -> Axes:
    """Value of each group with its predictive interval."""
    frame = result.to_frame()
    ax = ax or new_axes(height=1.2 + 0.45 * len(frame))
    error = np.abs(frame[["lo", "hi"]].to_numpy().T - frame["value"].to_numpy())
    ax.barh(
        [str(group_label(group)) for group in frame["group"]],
        frame["value"],
        xerr=error,
        color=BLUE,
        ecolor=GREY,
        capsize=3,
        height=0.6,
    )
    ax.invert_yaxis()
    ax.set(xlabel=_words("group_value", currency=result.currency), ylabel="", title=_words("groups_title"))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return ax


@draws(BackTestResult, shows_why=True)
def plot_back_test(result: BackTestResult, *, what: str = "deviance", ax: Axes | None = None) -> Axes:
    """A score (deviance, mae, bias, gini, decile_error) of every model at every origin, least error on top."""
    frame = result.to_frame()
    ax = ax or new_axes(height=1.4 + 0.36 * len(frame))
    place = {key: at for at, key in enumerate(frame["model"])}
    scores = result.scores
    ax.scatter(scores[what], scores["model"].map(place), color=GREY, s=26)
    ax.scatter(frame[what], range(len(frame)), color=BLUE, marker="|", s=300, linewidth=2.5)
    ax.set_yticks(range(len(frame)), [model_title(key).text() for key in frame["model"]])
    ax.invert_yaxis()
    ax.set(xlabel=_words(what), ylabel="", title=_words("back_test_title", days=result.spec.horizon_days))
    if what in ("bias", "decile_error"):
        ax.axvline(0, color=GREY, linewidth=0.8)
        ax.xaxis.set_major_formatter(PercentFormatter(1))
    top = scores.loc[scores["model"] == frame["model"].iloc[0], what]
    name_point(ax, (float(frame[what].iloc[0]), 0), _words("mean"), BLUE, (0, 10))
    name_point(ax, (float(top.max()), 0), _words("origin"), GREY)
    ax.margins(y=0.12)
    return ax


@draws(RecordForecast)
def plot_record_forecast(result: RecordForecast, *, ax: Axes | None = None) -> Axes:
    """Value of each tenth of customers in the next period, most valuable first."""
    ax = ax or new_axes(height=3.2)
    ax.bar(range(1, 11), result.by_tenth, color=BLUE)
    ax.set_xticks(range(1, 11))
    ax.set(xlabel=_words("tenth"), ylabel=_words("group_value", currency=result.currency))
    ax.set_title(_words("record_title", days=result.days))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    return ax


@draws(FirstPurchases)
def plot_first_purchases(result: FirstPurchases, *, ax: Axes | None = None) -> Axes:
    """Customers first seen, by week."""
    ax = ax or new_axes(height=3.0)
    frame = result.to_frame()
    ax.bar(frame["week"], frame["customers"], color=RUST if result.truncated else BLUE)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set(xlabel=_words("week"), ylabel=_words("first_seen"), title=_words("first_title"))
    return ax


@draws(PaybackResult)
def plot_payback(result: PaybackResult, *, ax: Axes | None = None) -> Axes:
    """Cumulative contribution of one customer by channel, against the cost of one."""
    ax = ax or new_axes()
    colors = (BLUE, ORANGE, GREEN, RUST, GREY)
    for at, (name, rows) in enumerate(result.curves.groupby("channel", sort=False)):
        color = colors[at % len(colors)]
        ax.plot(rows["day"], rows["value"], color=color, label=named("level", str(name)))
        ax.axhline(rows["cost"].iloc[0], color=color, linestyle=":", linewidth=1)
    ax.set(
        xlabel=_words("day_since"),
        ylabel=_words("contribution", currency=result.spec.currency),
        title=_words("payback_title"),
        ylim=(0, None),
    )
    name_point(ax, (0, float(result.curves["cost"].max())), _words("cost_line"), GREY, (2, 3))
    name_lines(ax)
    return ax


@draws(GrowthResult)
def plot_growth(result: GrowthResult, *, ax: Axes | None = None) -> Axes:
    """Change in value by part, in currency."""
    ax = ax or new_axes(height=2.8)
    frame = result.to_frame().set_index("part").loc[list(PARTS)]
    colors = [BLUE if v >= 0 else RUST for v in frame["currency"]]
    ax.barh([_words(f"part_{part}") for part in PARTS], frame["currency"], color=colors, height=0.6)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.invert_yaxis()
    ax.set_xlabel(_words("growth_currency", currency=result.spec.currency))
    ax.set_title(_words("growth_title"))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return ax
