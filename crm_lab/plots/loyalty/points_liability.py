"""Pictures of points: redemption triangle, ultimate rates, calendar effects, roll-forward, expiry, cost."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from crm_lab.loyalty.breakage.burn_rate import BurnRateResult
from crm_lab.loyalty.breakage.calendar_effect import CalendarEffectResult
from crm_lab.loyalty.breakage.redemption_by_group import RedemptionByGroupResult
from crm_lab.loyalty.breakage.ultimate_redemption import UltimateRedemptionResult
from crm_lab.loyalty.liability.contract_revenue import ContractRevenueResult
from crm_lab.loyalty.liability.expiry_calendar import ExpiryCalendarResult
from crm_lab.loyalty.liability.liability_rollforward import LiabilityRollForwardResult
from crm_lab.loyalty.liability.liability_states import MOVES
from crm_lab.loyalty.liability.member_statement import MemberStatementResult
from crm_lab.loyalty.liability.points_concentration import PointsConcentrationResult
from crm_lab.loyalty.liability.points_cost import ALL, PointsCostResult
from crm_lab.messages import Message
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.number_format import ShortMoney
from crm_lab.plots.direct_labels import name_above, name_cells, name_horizontal, name_lines, name_vertical
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BELOW, BLUE, GREEN, GREY, INK, ORANGE, RUST, SEQUENTIAL, SOFT, new_axes

_NAME = 24  # Latin letters of a name beside a bar
_SHOWN = 13  # months up to which cells have numbers


def _text(room: str, key: str, **values: object) -> str:
    return Message(f"{room}.plot.{key}", values).text()


@draws(UltimateRedemptionResult, shows_why=True)
def plot_ultimate(
    result: UltimateRedemptionResult, *, ax: Axes | None = None, kind: Literal["rates", "triangle"] = "rates"
) -> Axes:
    """The ultimate rate by month of issue with its interval; or the triangle, all there is where it is refused."""
    return _triangle(result, ax) if kind == "triangle" or result.refusal() is not None else _rates(result, ax)


def _triangle(result: UltimateRedemptionResult, ax: Axes | None) -> Axes:
    cells = result.triangle.to_frame()
    table = cells.pivot_table(index="issue_month", columns="age", values="share", dropna=False)
    ax = ax or new_axes(1.6 + 0.22 * len(table))
    sns.heatmap(
        table, annot=len(table) <= _SHOWN, fmt=".0%", cmap=SEQUENTIAL, vmin=0,
        vmax=max(float(np.nanmax(table.to_numpy(dtype=float))), 0.01), linewidths=0.5, annot_kws={"size": 8},
        cbar_kws={**BELOW, "label": _text("breakage", "triangle_scale"), "format": PercentFormatter(1, decimals=0)},
        ax=ax,
    )  # fmt: skip
    if len(table) <= _SHOWN:
        name_cells(ax)
    for i, j in zip(*np.nonzero(table.isna().to_numpy()), strict=True):
        ax.add_patch(Rectangle((j, i), 1, 1, fill=False, hatch="////", edgecolor="#d5dbe1", linewidth=0))
    blank = _text("breakage", "triangle_blank")
    ax.annotate(blank, (0.99, 0.02), xycoords="axes fraction", ha="right", va="bottom", size=9, color=SOFT,
                backgroundcolor="white")  # fmt: skip
    ax.set(title=_text("breakage", "triangle_title"), xlabel=_text("breakage", "triangle_axis"), ylabel="")
    return ax


def _rates(result: UltimateRedemptionResult, ax: Axes | None) -> Axes:
    frame, ax = result.to_frame(), ax or new_axes()
    places = np.arange(len(frame))
    so_far = (frame["redeemed"] / frame["issued"].where(frame["issued"] > 0)).to_numpy()
    ax.fill_between(places, frame["lo"].to_numpy(), frame["hi"].to_numpy(), color=BLUE, alpha=0.15, linewidth=0)
    ax.plot(places, frame["redemption_rate"], color=BLUE, label=_text("breakage", "rate_end"))
    ax.plot(places, so_far, color=ORANGE, label=_text("breakage", "rate_so_far"))
    ax.set_ylim(0, 1)
    _months(ax, frame["issue_month"])
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(title=_text("breakage", "rate_title"), ylabel=_text("breakage", "rate_axis"), xlabel="")
    name_lines(ax)
    return ax


def _months(ax: Axes, months: pd.Series) -> None:
    """Names of months on the axis, as many as fit."""
    places = np.arange(0, len(months), max(1, int(np.ceil(len(months) / 7))))
    ax.set_xticks(places, months.iloc[places].tolist())


@draws(CalendarEffectResult)
def plot_calendar(result: CalendarEffectResult, *, ax: Axes | None = None) -> Axes:
    """Points redeemed in each calendar month beside those expected of it, and the largest step."""
    frame, ax = result.to_frame(), ax or new_axes()
    places = np.arange(len(frame))
    ax.plot(places, frame["expected"], color=GREY, linestyle="--", label=_text("breakage", "calendar_expected"))
    ax.plot(places, frame["redeemed"], color=BLUE, label=_text("breakage", "calendar_seen"))
    color = RUST if result.changed else GREY
    ax.axvline(result.at, color=color, linewidth=1)
    ax.set_ylim(bottom=0)
    _months(ax, frame["month"])
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set(title=_text("breakage", "calendar_title"), xlabel="", ylabel="")
    name_lines(ax, ax.lines[:2])
    name_vertical(ax, (result.at, f"{_text('breakage', 'calendar_step')} · {result.month}", color))
    return ax


@draws(BurnRateResult)
def plot_burn(result: BurnRateResult, *, ax: Axes | None = None) -> Axes:
    """The burn rate over time, and the ultimate rate that it is taken for."""
    frame, ax = result.to_frame(), ax or new_axes()
    ax.plot(np.arange(len(frame)), frame["burn_rate"], color=ORANGE, label=_text("breakage", "burn_rate"))
    rate = result.ultimate.rate
    ax.set_ylim(0, max(1.0, float(frame["burn_rate"].max()) * 1.05))
    if np.isfinite(rate):
        ax.axhline(rate, color=BLUE, linewidth=1)
        name_horizontal(ax, rate, _text("breakage", "burn_ultimate"), BLUE)
    _months(ax, frame["month"])
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(title=_text("breakage", "burn_title"), xlabel="", ylabel="")
    name_lines(ax, ax.lines[:1])
    return ax


@draws(RedemptionByGroupResult)
def plot_groups(result: RedemptionByGroupResult, *, ax: Axes | None = None) -> Axes:
    """The rate of each group that has one, with its interval."""
    frame = result.to_frame().dropna(subset=["redemption_rate"])
    ax = ax or new_axes(1.4 + 0.4 * len(frame))
    _dots(ax, frame["group"], frame, "redemption_rate")
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(title=_text("breakage", "groups_title"), xlabel="", ylabel="")
    return ax


def _dots(ax: Axes, names: pd.Series, frame: pd.DataFrame, value: str) -> None:
    places = np.arange(len(frame))[::-1]
    reach = np.abs(frame[["lo", "hi"]].to_numpy() - frame[[value]].to_numpy()).T
    ax.errorbar(frame[value], places, xerr=np.nan_to_num(reach), fmt="o", color=BLUE, capsize=3)
    ax.set_yticks(places, [wrapped(str(name), _NAME) for name in names])
    ax.set_ylim(-0.7, len(frame) - 0.3)
    ax.margins(x=0.15)


@draws(LiabilityRollForwardResult)
def plot_rollforward(
    result: LiabilityRollForwardResult,
    *,
    ax: Axes | None = None,
    part: Literal["contract_liability", "cost_to_fulfil", "provision"] = "contract_liability",
    months: int | None = None,
) -> Axes:
    """The waterfall of a liability from its opening to its closing, over the last months or all of them."""
    frame = result.to_frame()
    frame = frame[frame["part"] == part].tail(months or result.n)
    moves = frame[list(MOVES)].sum()
    moves = moves[moves != 0]
    opening, closing = float(frame["opening"].iloc[0]), float(frame["closing"].iloc[-1])
    amounts = np.array([opening, *moves, closing])
    start = np.concatenate([[0.0], opening + np.concatenate([[0.0], np.cumsum(moves)[:-1]]), [0.0]])[: len(amounts)]
    names = [_text("liability", "opening"), *(Message(f"liability.journal.move_{name}").text() for name in moves.index)]
    names.append(_text("liability", "closing"))
    ax = ax or new_axes(1.4 + 0.45 * len(amounts))
    places = np.arange(len(amounts))[::-1]
    colours = [BLUE, *(GREEN if move < 0 else RUST for move in moves), BLUE]
    ax.barh(places, amounts, left=start, color=colours, height=0.6)
    for place, left, amount in zip(places, start, amounts, strict=True):
        ends = max(left, left + amount)
        ax.annotate(str(ShortMoney.of(amount, result.spec.currency)), (ends, place), (4, 0), va="center", size=9,
                    textcoords="offset points", color=INK)  # fmt: skip
    ax.set_yticks(places, [wrapped(name, _NAME) for name in names])
    ax.axvline(0, color=GREY, linewidth=1)
    ax.margins(x=0.15)
    key = "waterfall_axis" if part == "contract_liability" else f"waterfall_axis_{part}"
    _money(ax, result.spec.currency, 5)
    ax.set(title=_text("liability", "waterfall_title"), xlabel=_text("liability", key), ylabel="")
    return ax


def _money(ax: Axes, currency: str, ticks: int) -> None:
    ax.xaxis.set_major_locator(MaxNLocator(ticks))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: str(ShortMoney.of(x, currency))))


@draws(ExpiryCalendarResult, shows_why=True)
def plot_expiry(result: ExpiryCalendarResult, *, ax: Axes | None = None) -> Axes:
    """Open points by the month of their last day: those redeemed before, and those that expire."""
    frame, ax = result.to_frame(), ax or new_axes()
    places, known = np.arange(len(frame)), result.refusal() is None
    before = frame["redeemed_before"].to_numpy() if known else np.zeros(len(frame))
    ax.bar(places, frame["points"] - before, color=RUST if known else GREY, width=0.8)
    kinds = [(_text("liability", "expiry_axis"), GREY)]
    if known:
        ax.bar(places, before, bottom=frame["expiring"], color=BLUE, width=0.8)
        kinds = [(_text("liability", "expiry_left"), RUST), (_text("liability", "expiry_before"), BLUE)]
    _months(ax, frame["month"])
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set(title=_text("liability", "expiry_title"), xlabel="", ylabel=_text("liability", "expiry_axis"))
    name_above(ax, kinds)
    return ax


@draws(PointsCostResult)
def plot_cost(result: PointsCostResult, *, ax: Axes | None = None) -> Axes:
    """Cost of a point by kind of reward, with its interval."""
    frame = result.to_frame().dropna(subset=["cost_per_point"])
    ax = ax or new_axes(1.4 + 0.4 * len(frame))
    names = frame["reward"].where(frame["reward"] != ALL, _text("liability", "all"))
    _dots(ax, names, frame, "cost_per_point")
    ax.set_xlim(0, 1.2 * float(np.nanmax(frame[["cost_per_point", "hi"]].to_numpy(dtype=float))))
    ax.set(title=_text("liability", "cost_title"), xlabel=result.spec.currency, ylabel="")
    return ax


@draws(ContractRevenueResult)
def plot_contract(result: ContractRevenueResult, *, ax: Axes | None = None) -> Axes:
    """The contract liability after each period."""
    frame, ax = result.to_frame(), ax or new_axes(1.4 + 0.35 * len(result.to_frame()))
    places = np.arange(len(frame))[::-1]
    ax.barh(places, frame["liability"], color=BLUE, height=0.6)
    ax.set_yticks(places, frame["period"].tolist())
    _money(ax, result.sale.currency, 6)
    ax.set(title=_text("liability", "revenue_title"), xlabel="", ylabel="")
    return ax


@draws(MemberStatementResult)
def plot_member(result: MemberStatementResult, *, ax: Axes | None = None) -> Axes:
    """What is owed on a member's points at the end of each month."""
    owed, ax = result.by_month.groupby("month")["liability"].sum(), ax or new_axes(3.0)
    ax.step(np.arange(len(owed)), owed, where="mid", color=BLUE)
    _months(ax, pd.Series(owed.index))
    ax.set_ylim(bottom=0)
    currency = result.rollforward.spec.currency
    ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: str(ShortMoney.of(x, currency))))
    ax.set(title=_text("liability", "member_title"), xlabel="", ylabel="")
    return ax


@draws(PointsConcentrationResult)
def plot_concentration(result: PointsConcentrationResult, *, ax: Axes | None = None) -> Axes:
    """The share of open points that the largest holders have."""
    ax, n = ax or new_axes(), result.holders
    ax.plot(np.arange(n + 1) / n, np.append(0.0, np.cumsum(result.points)) / result.held, color=BLUE)
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    title = _text("liability", "concentration_title")
    ax.set(title=title, xlabel=_text("liability", "concentration_axis"), ylabel="")
    return ax
