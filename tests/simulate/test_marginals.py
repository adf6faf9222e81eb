"""The table in docs/simulate.md is what the data give."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_lab.simulate import make_retailer, scenario_names

PAGE = Path(__file__).parents[2] / "docs" / "simulate.md"


def marginals(lines):
    """What customers' orders look like from outside, from transaction lines."""
    sales = lines[(lines["kind"] == "sale") & lines["customer_id"].notna()]
    orders = sales.groupby(["customer_id", "order_id"], as_index=False).agg(
        day=("day", "min"), value=("net_amount", "sum"), gross=("gross_amount", "sum"), lines=("net_amount", "size")
    )
    days = orders.drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"])
    gaps = days.groupby("customer_id")["day"].diff().dropna()
    own = gaps.groupby(days["customer_id"]).agg(["mean", "std", "size"]).query("size >= 5")
    spend = np.sort(orders.groupby("customer_id")["value"].sum().to_numpy())
    top = spend[-round(0.2 * spend.size) :].sum() / spend.sum()
    rank = np.arange(1, spend.size + 1)
    gini = (2 * rank - spend.size - 1) @ spend / (spend.size * spend.sum())
    each = orders.groupby("customer_id").agg(n=("day", "size"), mean=("value", "mean")).query("n >= 2 and mean > 0")
    span = (lines["day"].max() - lines["day"].min() + 1) / 365.25
    return {
        "buyers": orders["customer_id"].nunique(),
        "orders a buyer and year": len(orders) / orders["customer_id"].nunique() / span,
        "bought on one day only": (days.groupby("customer_id").size() == 1).mean(),
        "gap in days, quartiles": tuple(gaps.quantile([0.25, 0.5, 0.75])),
        "spread of own gaps (sd/mean)": (own["std"] / own["mean"]).median(),
        "order value, mean": orders["value"].mean(),
        "order value, median": orders["value"].median(),
        "order value, sd/mean": orders["value"].std() / orders["value"].mean(),
        "lines an order": orders["lines"].mean(),
        "discount share": 1 - orders["value"].sum() / orders["gross"].sum(),
        "spend of the top fifth": top,
        "Gini of spend": gini,
        "correlation, log orders and log mean order": np.corrcoef(np.log(each["n"]), np.log(each["mean"]))[0, 1],
    }


def table():
    lines = iter(PAGE.read_text(encoding="utf-8").splitlines())
    head = next(line for line in lines if line.startswith("| | complete_journey"))
    names = [cell.strip() for cell in head.strip("| ").split("|")]
    next(lines)
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in iter(lines.__next__, "")]
    return {name: {row[0]: row[i + 1] for row in rows} for i, name in enumerate(names)}


def as_cell(name, value):
    if isinstance(value, tuple):
        return " · ".join(f"{v:.0f}" for v in value)
    if name == "buyers":
        return f"{value:,}"
    if name in {"bought on one day only", "discount share", "spend of the top fifth"}:
        return f"{value:.1%}"
    return f"{value:.2f}"


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_names())
def test_the_page_shows_what_the_scenario_gives(name):
    found = marginals(make_retailer(name).tables["transactions"])
    assert table()[name] == {row: as_cell(row, value) for row, value in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["complete_journey", "cdnow"])
def test_the_page_shows_what_the_real_data_give(name, request):
    found = marginals(pd.DataFrame(request.getfixturevalue(name)["transactions"]))
    if name == "cdnow":
        found |= dict.fromkeys(["lines an order", "discount share"], "-")
    assert table()[name] == {row: value if value == "-" else as_cell(row, value) for row, value in found.items()}
