"""What a programme of whole cities truly did: by city and week, and in all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_lab.simulate.programme.pilot import PILOT_SUMS
from crm_lab.simulate.scenario.scenario import Scenario

_COLUMNS = tuple(f"{name}_{what}" for name in ("sales", "margin") for what in ("without", "with", "effect"))


@dataclass(frozen=True)
class PilotTruth:
    """A programme of whole cities with both outcomes of every city, of the same customers and the same chance.

    >>> from crm_lab.simulate import make_retailer, open_key
    >>> truth = open_key(make_retailer("pilot", n_customers=200)).pilot_truth()
    >>> len(truth.treated), truth.start.isoformat(), truth.weeks
    (5, '2023-07-03', 14)

    Attributes:
        treated: Cities that got it.
        start: Its first day, a Monday.
        weeks: How many weeks it ran.
        frame: A row a city and week from the start to the end of the data: ``city``, ``week`` (Monday), ``treated``,
            ``running``, ``sales_without``, ``sales_with``, ``sales_effect``, ``margin_without``, ``margin_with``,
            ``margin_effect``, ``cost``; sales net of returns, each on its own day. Of cities that did not get it, what
            they would have done with it.
    """

    treated: tuple[str, ...]
    start: date
    weeks: int
    frame: pd.DataFrame

    @property
    def end(self) -> date:
        """Its last day.

        >>> truth.end.isoformat()
        '2023-10-08'
        """
        return self.start + timedelta(days=7 * self.weeks - 1)

    def totals(self, after: bool = False) -> pd.Series:
        """What it brought in the treated cities: sales and margin, cost, margin over cost and ROI.

        >>> list(truth.totals().index)
        ['sales_without', 'sales_effect', 'lift', 'margin_effect', 'cost', 'margin_per_cost', 'roi']

        Args:
            after: Whether the weeks after its end count, in which goods bought in it come back.

        Returns:
            Money; ``lift`` is relative to sales without it, ``roi`` is margin less cost, over cost.
        """
        kept = self.frame["treated"] & (self.frame["running"] | after)
        sums = self.frame.loc[kept, ["sales_without", "sales_effect", "margin_effect", "cost"]].sum()
        per_cost = sums["margin_effect"] / sums["cost"] if sums["cost"] else np.nan
        return pd.Series(
            {
                "sales_without": sums["sales_without"],
                "sales_effect": sums["sales_effect"],
                "lift": sums["sales_effect"] / sums["sales_without"] if sums["sales_without"] else np.nan,
                "margin_effect": sums["margin_effect"],
                "cost": sums["cost"],
                "margin_per_cost": per_cost,
                "roi": per_cost - 1,
            }
        )


def pilot_truth(scenario: Scenario, rows: pd.DataFrame, treated: tuple[str, ...]) -> PilotTruth:
    """The truth of a programme of whole cities.

    Args:
        scenario: The planted parameters.
        rows: A row a customer and week, as the key has them.
        treated: Cities that got it.
    """
    given = scenario.pilot
    start = scenario.start + timedelta(days=given.start)
    weeks = pd.date_range(start, scenario.last_date, freq="7D")
    every = pd.MultiIndex.from_product([list(scenario.stores.cities), weeks], names=["city", "week"])
    sums = rows.groupby(["city", "week"])[list(PILOT_SUMS)].sum().reindex(every, fill_value=0.0).round(2)
    frame = sums.reset_index()
    frame.insert(2, "treated", frame["city"].isin(treated))
    frame.insert(3, "running", (frame["week"] - pd.Timestamp(start)).dt.days < 7 * given.weeks)
    for name in ("sales", "margin"):
        frame[f"{name}_effect"] = (frame[f"{name}_with"] - frame[f"{name}_without"]).round(2)
    frame["cost"] = np.where(frame["treated"] & frame["running"], given.cost, 0.0)
    frame = frame[["city", "week", "treated", "running", *_COLUMNS, "cost"]]
    return PilotTruth(treated, start, given.weeks, frame)
