"""Pictures of who customers are: revenue per customer by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crm_lab.messages import Message, named
from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, SOFT, new_axes
from crm_lab.segmentation.demographics import UNKNOWN, DemographicsResult

_ROW = 0.26  # inches


@draws(DemographicsResult)
def plot_demographics(result: DemographicsResult, *, ax: Axes | None = None, attribute: str = "") -> Axes:
    """Revenue per customer of each group with its interval; one attribute, the first unless named."""
    rows = result.to_frame()
    rows = rows[rows["attribute"] == (attribute or rows["attribute"].iloc[0])]
    ax = ax or new_axes(height=1.3 + _ROW * max(len(rows), 4))
    names = result.shown().loc[rows.index, "group"]
    places = np.arange(len(rows))[::-1].astype(float)
    for place, (_, row) in zip(places, rows.iterrows(), strict=True):
        ends = [[row["revenue_per_customer"] - row["lo"]], [row["hi"] - row["revenue_per_customer"]]]
        known = bool(np.isfinite(np.ravel(ends)).all())
        ax.errorbar(
            [row["revenue_per_customer"]], [place], xerr=ends if known else None, fmt="o", capsize=3,
            color=SOFT if row["group"] == UNKNOWN else BLUE,
        )  # fmt: skip
    ax.axvline(_mean(rows), color=GREY, linewidth=1)
    labels = [f"{name} · {share:.0%}" for name, share in zip(names, rows["share"], strict=True)]
    ax.set_yticks(places, [wrapped(label, 30) for label in labels])
    ax.set(
        title=Message("persona_tags.demographics_plot_title").text(),
        xlabel=f"{named('column', 'revenue_per_customer')}, {result.currency}".removesuffix(", "),
        ylabel=named("column", str(rows["attribute"].iloc[0])),
    )
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.margins(y=0.15)
    return ax


def _mean(rows: pd.DataFrame) -> float:
    return float(np.average(rows["revenue_per_customer"], weights=rows["customers"]))
