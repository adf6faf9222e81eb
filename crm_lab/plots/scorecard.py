"""Pictures of claims: what became of each deck's, claimed against measured, targets against intervals."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from crm_lab.messages import Message
from crm_lab.plots.direct_labels import name_above
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, PALE, RUST, SKY, new_axes
from crm_lab.scorecard.audit import AuditResult
from crm_lab.scorecard.claimed_vs_measured import RecomputationResult
from crm_lab.scorecard.targets_and_plan import PlanResult

_COLORS = {"wrong": RUST, "unclear": SKY, "holds": PALE}


@draws(AuditResult)
def draw_audit(result: AuditResult, *, ax: Axes | None = None) -> Axes:
    """Claims of each deck by what became of them."""
    table = result.per_deck()
    ax = ax or new_axes(height=1.4 + 0.4 * max(len(table), 1))
    left = pd.Series(0, index=table.index)
    for state, color in _COLORS.items():
        ax.barh(table["deck"], table[state], left=left, color=color)
        left = left + table[state]
    ax.invert_yaxis()
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel=Message("claims.plot.claims").text(), ylabel=Message("claims.plot.deck").text())
    ax.set_title(Message("claims.plot.decks").text())
    name_above(ax, [(Message(f"claims.severity.{state}").text(), color) for state, color in _COLORS.items()])
    return ax


@draws(RecomputationResult)
def draw_recomputed(result: RecomputationResult, *, ax: Axes | None = None) -> Axes:
    """What is claimed beside what was measured, with its interval."""
    rows = result.shown()
    ax = ax or new_axes(height=1.4 + 0.55 * max(len(rows), 1))
    names = [f"{row.claim}\n{row.measured_as}" for row in rows.itertuples()]
    _intervals(ax, rows["measured"], rows["lo"], rows["hi"], names)
    ax.plot(rows["claimed"], range(len(rows)), "o", mfc="none", mec=RUST, mew=2, ms=9)
    ax.set_title(Message("claims.plot.recomputed").text())
    return ax


@draws(PlanResult)
def draw_plan(result: PlanResult, *, ax: Axes | None = None) -> Axes:
    """Each target as a line, what was measured as a point with its interval."""
    rows = result.shown()
    ax = ax or new_axes(height=1.4 + 0.5 * max(len(rows), 1))
    names = [f"{row.metric}\n{row.verdict}" for row in rows.itertuples()]
    _intervals(ax, rows["actual"], rows["lo"], rows["hi"], names)
    ax.plot(rows["target"], range(len(rows)), "|", color=RUST, mew=3, ms=18)
    ax.set_title(Message("claims.plot.plan").text())
    return ax


def _intervals(ax: Axes, value: pd.Series, lo: pd.Series, hi: pd.Series, names: list[str]) -> None:
    places = range(len(names))
    ax.hlines(places, lo, hi, color=BLUE, lw=3)
    ax.plot(value, places, "o", color=BLUE)
    ax.set_yticks(list(places), names)
    ax.invert_yaxis()
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, 1.02)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel(Message("claims.plot.share").text())
