"""The outcome of a test by week: columns week_01, week_02, ... in order of time."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from crm_lab.checks import BadInput, as_date, need_columns
from crm_lab.experiments.core.experiment import Experiment

WEEK = "week_{:02d}"


def week_columns(experiment: Experiment) -> tuple[str, ...]:
    """The experiment's columns with an outcome by week, in order of time; none if it has none."""
    found = {int(week[1]): c for c in experiment.frame.columns if (week := re.fullmatch(r"week_(\d+)", str(c)))}
    return tuple(found[number] for number in sorted(found))


def weekly_spend(orders: pd.DataFrame, units: Sequence[str] | pd.Series, *, start: str, weeks: int) -> pd.DataFrame:
    """Spend of each unit in each week from a day on: columns week_01, week_02, ...; 0 where nothing was bought.

    Args:
        orders: Columns customer_id, date, net_amount; orders or their lines.
        units: Customer ids, one row each in this order.
        start: First day of the first week.
        weeks: How many whole weeks.
    """
    need_columns(orders.columns, ["customer_id", "date", "net_amount"], "orders")
    if weeks < 1:
        raise BadInput(f"weeks is {weeks}; it must be 1 or more.")
    week = (orders["date"] - pd.Timestamp(as_date(start, "start"))).dt.days // 7
    rows = orders.assign(week=week)[(week >= 0) & (week < weeks)]
    table = rows.pivot_table(index="customer_id", columns="week", values="net_amount", aggfunc="sum")
    table = table.reindex(index=pd.Index(units), columns=range(weeks)).fillna(0.0)
    return table.set_axis([WEEK.format(w + 1) for w in range(weeks)], axis=1).reset_index(drop=True)
