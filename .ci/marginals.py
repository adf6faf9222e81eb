"""The table of docs/simulate.md: `make pictures` writes it, a slow test checks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crm_lab import open_workspace
from crm_lab.simulate import make_retailer, scenario_names

PAGE = Path(__file__).resolve().parents[1] / "docs" / "simulate.md"
REAL = {"complete_journey": "2017-12-31", "cdnow": "1998-06-30"}
_HEAD, _NONE = "| | complete_journey", "-"


def marginals(lines: pd.DataFrame) -> dict[str, Any]:
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


def as_cell(name: str, value: Any) -> str:
    """A figure as the table prints it."""
    if isinstance(value, tuple):
        return " · ".join(f"{v:.0f}" for v in value)
    if name == "buyers":
        return f"{value:,}"
    if name in {"bought on one day only", "discount share", "spend of the top fifth"}:
        return f"{value:.1%}"
    return f"{value:.2f}"


def column(name: str) -> dict[str, str]:
    """The table's column of a source or scenario, from its data."""
    real = open_workspace(name).at(REAL[name]) if name in REAL else make_retailer(name).tables
    cells = {row: as_cell(row, value) for row, value in marginals(pd.DataFrame(real["transactions"])).items()}
    return cells | (dict.fromkeys(["lines an order", "discount share"], _NONE) if name == "cdnow" else {})


def printed() -> dict[str, dict[str, str]]:
    """The table as it stands in the guide, by column."""
    head, _, *rows = ([cell.strip() for cell in line.strip("| ").split("|")] for line in _parts()[1].splitlines())
    return {name: {row[0]: row[i + 1] for row in rows} for i, name in enumerate(head)}


def write() -> None:
    """Make the table again."""
    names = [*REAL, *(name for name in printed() if name not in REAL)]
    names += [name for name in scenario_names() if name not in names]
    columns = {name: column(name) for name in names}
    rows = [["", *names], ["---"] * (len(names) + 1)]
    rows += [[row, *(columns[name][row] for name in names)] for row in columns[names[0]]]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines[0], lines[1] = lines[0].replace("|  |", "| |", 1), lines[1].replace(" ", "")
    before, _, after = _parts()
    PAGE.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def _parts() -> tuple[str, str, str]:
    """The guide before the table, the table, the guide after it."""
    text = PAGE.read_text(encoding="utf-8")
    start = text.index(_HEAD)
    end = text.index("\n\n", start)
    return text[:start], text[start:end], text[end:]
