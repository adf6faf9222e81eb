"""Pictures of tiers: density and outcome at a threshold, contribution, near misses, pressure, rewards, other rules."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from crm_lab.arrays import Floats
from crm_lab.loyalty.programme_rules.rule_what_if import RuleWhatIfResult
from crm_lab.loyalty.tier_economics.member_comparison import MemberComparisonResult
from crm_lab.loyalty.tier_economics.near_miss import NearMissResult
from crm_lab.loyalty.tier_economics.points_pressure import PointsPressureResult
from crm_lab.loyalty.tier_economics.reward_behaviour import RewardBehaviourResult
from crm_lab.loyalty.tier_economics.threshold_effect import ThresholdEffectResult
from crm_lab.loyalty.tier_economics.threshold_what_if import ThresholdWhatIfResult
from crm_lab.loyalty.tier_economics.tier_profit import TierProfitResult
from crm_lab.messages import Message
from crm_lab.plots.direct_labels import name_above, name_lines, name_points, name_vertical
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, PALE, RUST, SKY, new_axes

_COSTS = (("contribution", BLUE), ("points_cost", ORANGE), ("perk_cost", RUST), ("service_cost", SKY))


def _text(key: str, **values: object) -> str:
    return Message(f"tier_economics.{key}", values).text()


@draws(ThresholdEffectResult, shows_why=True)
def plot_threshold(
    result: ThresholdEffectResult, *, ax: Axes | None = None, kind: Literal["effect", "density", ""] = ""
) -> Axes:
    """Means of the outcome beside the threshold; how many members lie there where no effect is stated."""
    ax = ax or new_axes()
    chosen = kind or ("effect" if result.why == "stated" else "density")
    if chosen == "density":
        _density(result, ax)
    else:
        _effect(result, ax)
    line = ax.axvline(result.spec.threshold, color=GREY, linewidth=1)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    name_vertical(ax, (float(np.asarray(line.get_xdata(orig=False))[0]), _text("plot_threshold"), GREY))
    return ax


def _effect(result: ThresholdEffectResult, ax: Axes) -> None:
    means = result.means
    for above, color in ((False, GREY), (True, BLUE)):
        side = means[means["above"] == above]
        ax.scatter(side["at"], side["mean"], s=8 + 60 * side["n"] / means["n"].max(), color=color, linewidth=0)
    jump, cut = result.jump, result.spec.threshold
    if result.why == "stated" and jump.first_stage is None:
        ax.plot([cut, cut], [jump.below, jump.below + jump.effect], color=ORANGE, linewidth=3)
    tier, what = result.spec.tier, Message(f"tier_economics.what_{result.spec.outcome}")
    money = result.spec.currency if result.spec.outcome in ("spend", "margin") else ""
    ax.set(title=_text("plot_effect", tier=tier), xlabel=_text("plot_amount"), ylabel=f"{what.text()} {money}".strip())
    ax.yaxis.set_major_formatter("{x:.0%}" if result.spec.outcome == "left" else "{x:,.0f}")


def _density(result: ThresholdEffectResult, ax: Axes) -> None:
    bins, cut = result.density.bins, result.spec.threshold
    colors = np.where(bins["at"] < cut, PALE, SKY)
    ax.bar(bins["at"], bins["n"], width=result.density.width, color=colors, linewidth=0)
    if "fitted" in bins:
        for side in (bins["at"] < cut, bins["at"] >= cut):
            ax.plot(bins.loc[side, "at"], bins.loc[side, "fitted"], color=BLUE)
    ax.set(
        title=_text("plot_density", tier=result.spec.tier), xlabel=_text("plot_amount"), ylabel=_text("plot_members")
    )
    ax.yaxis.set_major_formatter("{x:,.0f}")


@draws(TierProfitResult)
def plot_tier_profit(result: TierProfitResult, *, ax: Axes | None = None) -> Axes:
    """Margin of a member-year in each tier: what points, perks and service take, and what is left."""
    frame = result.to_frame()
    frame = frame[frame["member_years"] > 0]
    ax = ax or new_axes(height=1.6 + 0.5 * len(frame))
    places, left = np.arange(len(frame)), np.zeros(len(frame))
    for column, color in _COSTS:
        width = (frame[column] / frame["member_years"]).to_numpy()
        ax.barh(places, width, left=left, color=color, height=0.6)
        left = left + width
    ax.set_yticks(places, list(frame["tier"]))
    currency = result.spec.currency
    ax.set(title=_text("plot_profit"), xlabel=_text("plot_profit_axis", currency=currency).strip(), ylabel="")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(visible=False, axis="y")
    name_above(ax, [(Message(f"column.{column}").text(), color) for column, color in _COSTS])
    return ax


@draws(ThresholdWhatIfResult)
def plot_threshold_what_if(result: ThresholdWhatIfResult, *, ax: Axes | None = None) -> Axes:
    """Members of each tier above the lowest, now and under the other thresholds."""
    frame = result.to_frame().iloc[1:]
    ax = ax or new_axes(height=1.6 + 0.6 * len(frame))
    places = np.arange(len(frame))
    for column, color, shift in (("members_now", PALE, 0.2), ("members_then", BLUE, -0.2)):
        ax.barh(places + shift, frame[column], color=color, height=0.36)
    ax.set_yticks(places, list(frame["tier"]))
    ax.set(title=_text("plot_what_if"), xlabel=_text("plot_members"), ylabel="")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(visible=False, axis="y")
    name_above(ax, [(_text("plot_now"), PALE), (_text("plot_then"), BLUE)])
    return ax


@draws(MemberComparisonResult)
def plot_comparison(result: MemberComparisonResult, *, ax: Axes | None = None) -> Axes:
    """Difference as members are, and among comparable ones with its interval."""
    frame = result.shown()
    ax, places = ax or new_axes(height=2.2), np.arange(len(frame))[::-1]
    reach = np.nan_to_num([frame["difference"] - frame["lo"], frame["hi"] - frame["difference"]])
    ax.errorbar(frame["difference"], places, xerr=reach, fmt="o", color=BLUE)
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(places, list(frame["adjusted"]))
    ax.set_ylim(-0.6, len(frame) - 0.4)
    currency = result.spec.currency if result.spec.measure == "spend" else ""
    axis = _text("plot_comparison_axis", currency=currency).strip()
    ax.set(title=_text("plot_comparison", group=result.spec.group), xlabel=axis, ylabel="")
    return ax


@draws(NearMissResult)
def plot_near_miss(result: NearMissResult, *, ax: Axes | None = None) -> Axes:
    """Share that left of each group, and what was expected of near misses."""
    frame = result.shown()
    ax = ax or new_axes(height=2.6)
    places = np.arange(len(frame))[::-1]
    reach = [frame["left_share"] - frame["lo"], frame["hi"] - frame["left_share"]]
    ax.errorbar(frame["left_share"], places, xerr=reach, fmt="o", color=BLUE)
    ax.plot(frame["expected"], places, marker="|", markersize=18, color=ORANGE, linestyle="")
    ax.set_yticks(places, list(frame["group"]))
    ax.set(title=_text("plot_near", tier=result.spec.tier), xlabel=_text("plot_near_axis"), ylabel="")
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter("{x:.0%}")
    name_above(ax, [(_text("plot_seen"), BLUE), (_text("plot_expected"), ORANGE)])
    return ax


@draws(PointsPressureResult)
def plot_pressure(result: PointsPressureResult, *, ax: Axes | None = None) -> Axes:
    """Orders as the reward comes near, by members' own means, and at false goals."""
    ax, frame = ax or new_axes(), result.to_frame().iloc[::-1]
    for column, color, key in (("rate_placebo", GREY, "plot_false_goals"), ("rate", BLUE, "plot_reward")):
        sns.lineplot(x=frame["band"], y=frame[column], color=color, label=_text(key), marker="o", legend=False, ax=ax)
    ax.set(title=_text("plot_pressure"), xlabel=_text("plot_pressure_axis"), ylabel=_text("plot_rate"))
    ax.set_ylim(bottom=0)
    name_lines(ax)
    return ax


@draws(RewardBehaviourResult)
def plot_reward(result: RewardBehaviourResult, *, ax: Axes | None = None) -> Axes:
    """Purchase rate by week after a reward, against the member's other days, and after false rewards."""
    ax, frame = ax or new_axes(), result.to_frame()
    for column, color, key in (("rate_placebo", GREY, "plot_false_rewards"), ("rate", BLUE, "plot_with_reward")):
        sns.lineplot(x=frame["week"], y=frame[column], color=color, label=_text(key), marker="o", legend=False, ax=ax)
    ax.set(title=_text("plot_reward_title"), xlabel=_text("plot_weeks"), ylabel=_text("plot_own"))
    ax.set_ylim(0, 1.1 * float(np.nanmax(frame[["rate", "rate_placebo"]])))
    name_lines(ax)
    return ax


@draws(RuleWhatIfResult)
def plot_rules(result: RuleWhatIfResult, *, ax: Axes | None = None) -> Axes:
    """Change of profit against change of liability of each set of rules, with their intervals."""
    ax, frame = ax or new_axes(), result.shown()
    as_before = frame["response"] == 0
    for rows, color in ((frame[as_before], BLUE), (frame[~as_before], PALE)):
        ax.errorbar(
            rows["liability_change"], rows["profit_change"], fmt="o", color=color, elinewidth=1,
            xerr=_ends(rows, "liability_change"), yerr=_ends(rows, "profit_change"),
        )  # fmt: skip
    ax.axhline(0, color=GREY, linewidth=1)
    ax.axvline(0, color=GREY, linewidth=1)
    currency = result.spec.currency
    ax.set(
        title=Message("programme_rules.plot_title").text(),
        xlabel=Message("programme_rules.plot_liability", {"currency": currency}).text().strip(),
        ylabel=Message("programme_rules.plot_profit", {"currency": currency}).text().strip(),
    )
    ax.xaxis.set_major_formatter("{x:+,.0f}")
    ax.yaxis.set_major_formatter("{x:+,.0f}")
    named = frame[as_before]
    points = list(zip(named["liability_change"], named["profit_change"], strict=True))
    name_points(ax, points, list(named["rule"]))
    if not as_before.all():
        kinds = [("plot_as_before", BLUE), ("plot_if_spend", PALE)]
        name_above(ax, [(Message(f"programme_rules.{key}").text(), color) for key, color in kinds])
    return ax


def _ends(rows: pd.DataFrame, name: str) -> Floats:
    """How far the interval reaches to both sides, shape (2, rows)."""
    low, high = rows[name] - rows[f"{name}_lo"], rows[f"{name}_hi"] - rows[name]
    return np.asarray(np.clip(np.array([low, high], dtype=float), 0, None))
