"""The outcome of a test by week: columns week_01, week_02, ... in order of time."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from crm_lab.checks import BadInput, as_date, need_columns
from crm_lab.experiments.core.column_words import week_number
from crm_lab.experiments.core.experiment import Experiment

WEEK = "week_{:02d}"


def week_columns(experiment: Experiment) -> tuple[str, ...]:
    """Names of the experiment's weekly outcome columns, in order of time; empty if there are none.

    >>> from crm_lab.experiments import Experiment
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 2, "week_01": [1, 2, 3, 4], "week_02": [0, 1, 0, 2]})
    >>> week_columns(Experiment.from_frame(frame, arm="arm", outcomes=["week_02", "week_01"]))
    ('week_01', 'week_02')

    Args:
        experiment: The test.

    Returns:
        Names of columns.
    """
    found = {week: c for c in experiment.frame.columns if (week := week_number(str(c))) is not None}
    return tuple(found[number] for number in sorted(found))


def weekly_spend(orders: pd.DataFrame, units: Sequence[str] | pd.Series, *, start: str, weeks: int) -> pd.DataFrame:
    """Spend of each unit by week from a start day: columns week_01, week_02, ...; 0 without a purchase.

    >>> orders = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2024-01-09"]), "net_amount": [5.0]})
    >>> weekly_spend(orders, ["a", "b"], start="2024-01-01", weeks=2).to_numpy().tolist()
    [[0.0, 5.0], [0.0, 0.0]]

    Args:
        orders: Columns customer_id, date, net_amount; orders or their lines.
        units: Customer ids, one row each in this order.
        start: First day of the first week.
        weeks: How many whole weeks.

    Returns:
        One row per unit, one column per week, in currency.
    """
    need_columns(orders.columns, ["customer_id", "date", "net_amount"], "orders")
    if weeks < 1:
        raise BadInput(f"weeks is {weeks}; it must be 1 or more.")
    week = (orders["date"] - pd.Timestamp(as_date(start, "start"))).dt.days // 7
    rows = orders.assign(week=week)[(week >= 0) & (week < weeks)]
    table = rows.pivot_table(index="customer_id", columns="week", values="net_amount", aggfunc="sum")
    table = table.reindex(index=pd.Index(units), columns=range(weeks)).fillna(0.0)
    return table.set_axis([WEEK.format(w + 1) for w in range(weeks)], axis=1).reset_index(drop=True)
