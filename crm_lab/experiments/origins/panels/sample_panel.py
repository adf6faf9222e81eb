"""A simulated panel of cities, as a retailer's analyst would export it."""

from __future__ import annotations

import pandas as pd

from crm_lab.data.workspace import open_workspace
from crm_lab.experiments.origins.panels.table_pilot import TablePilot

SOURCE = "simulated:pilot"
UNTIL = "2023-10-08"
_FIRST = "2022-07-04"


def city_sales_rows() -> pd.DataFrame:
    """Weekly sales of the cities of the scenario ``pilot`` up to the pilot's last week, a row a city and week.

    `treated_from` is empty where nothing was done.
    """
    panel = TablePilot(experiment="pilot", until=UNTIL).open(open_workspace(SOURCE).at(UNTIL))
    rows = panel.frame[panel.frame["period"] >= _FIRST]
    start = rows["unit"].map({unit: f"{day:%Y-%m-%d}" for unit, day in panel.treated_from.items()})
    return pd.DataFrame(
        {
            "city": rows["unit"],
            "week": rows["period"].dt.strftime("%Y-%m-%d"),
            "sales": rows["sales"].round(2),
            "treated_from": start.fillna(""),
            "simulated": "yes",
        }
    )
