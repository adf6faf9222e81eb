"""Pictures of a ledger of points: where points went, where two ledgers differ, how soon members redeem."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from crm_lab.loyalty.points.ledger_result import PointsLedgerResult
from crm_lab.loyalty.points.ledger_totals import IN
from crm_lab.loyalty.points.programme_health import ProgrammeHealthResult
from crm_lab.loyalty.points.two_ledgers import TwoLedgersResult
from crm_lab.messages import Message
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, RUST, new_axes


def _words(name: str) -> str:
    return Message(f"points.plot.{name}").text()


@draws(PointsLedgerResult)
def plot_parts(result: PointsLedgerResult, *, ax: Axes | None = None) -> Axes:
    """Points by part: grey what came in, blue what is left and what went."""
    ax = ax or new_axes()
    rows = result.to_frame()
    rows = rows[rows["points"] != 0].iloc[::-1]
    places = np.arange(len(rows))
    colors = [GREY if part in IN else BLUE for part in rows["part"]]
    ax.barh(places, rows["points"], color=colors)
    ax.set_yticks(places, list(result.in_words(rows)["part"]))
    for place, points in zip(places, rows["points"], strict=True):
        ax.annotate(f"{points:,.0f}", (max(points, 0), place), (4, 0), textcoords="offset points", va="center", size=9)
    ax.margins(x=0.15)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.set(title=_words("parts_title"), xlabel=_words("parts_axis"))
    return ax


@draws(TwoLedgersResult)
def plot_mismatch(result: TwoLedgersResult, *, ax: Axes | None = None) -> Axes:
    """Mismatch rate of each kind of event with its interval."""
    ax = ax or new_axes()
    rows = result.in_words(result.to_frame()).iloc[::-1]
    places = np.arange(len(rows))
    ax.hlines(places, rows["lo"], rows["hi"], color=BLUE, lw=2)
    ax.plot(rows["mismatch_rate"], places, "o", color=BLUE)
    ax.set_yticks(places, list(rows["kind"]))
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    ax.set(title=_words("mismatch_title"), xlabel=_words("mismatch_axis"))
    return ax


@draws(ProgrammeHealthResult)
def plot_first_burn(result: ProgrammeHealthResult, *, ax: Axes | None = None) -> Axes:
    """Share of members who have redeemed, by days since their first points."""
    ax = ax or new_axes()
    curve = result.first_burn
    if curve is not None and len(curve.times):
        days = np.concatenate([[0.0], curve.times, [curve.last]])
        ax.step(days, 1 - np.concatenate([[1.0], curve.survival, curve.survival[-1:]]), where="post", color=BLUE)
        lo, hi = (1 - np.concatenate([[1.0], end, end[-1:]]) for end in (curve.hi, curve.lo))
        ax.fill_between(days, lo, hi, step="post", color=BLUE, alpha=0.2, lw=0)
        if np.isfinite(curve.median):
            ax.axvline(curve.median, color=RUST, ls="--", lw=1)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(title=_words("burn_title"), xlabel=_words("burn_axis"))
    return ax
