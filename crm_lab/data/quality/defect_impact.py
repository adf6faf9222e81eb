"""What each defect would do to the headline figures if it were left in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import duckdb
import pandas as pd

from crm_lab.data.cleaning.build import clean_sql
from crm_lab.data.cleaning.cleaning_rules import recorded
from crm_lab.data.quoting import path_of
from crm_lab.data.workspace import Tables
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

_KPIS = """
    select sum(net_amount)::double as revenue, sum(quantity) as units,
           count(distinct order_id) filter (kind = 'sale') as orders,
           count(distinct customer_id) filter (kind = 'sale') as customers, count(distinct date) as trading_days,
           sum(net_amount)::double / count(distinct order_id) filter (kind = 'sale') as revenue_per_order,
           sum(quantity) / count(distinct order_id) filter (kind = 'sale') as units_per_order
    from lines"""
_NOT_WHOLE = ("revenue", "revenue_per_order", "units_per_order")
KPIS = ("revenue", "units", "orders", "customers", "trading_days", "revenue_per_order", "units_per_order")


@dataclass(frozen=True)
class DefectImpactResult(Result):
    """Headline figures with one defect at a time left in, beside the clean ones.

    >>> from crm_lab import open_workspace
    >>> impact = defect_impact(open_workspace("cdnow_sample").at())

    Attributes:
        values: One row per defect that was repaired or set aside (and ``clean``), one column a figure.
        currency: ISO code.
    """

    name: ClassVar[str] = "impact"
    formats: ClassVar[Mapping[str, str]] = {"clean": ",.2f", "left_in": ",.2f", "change": "+.2%"}

    values: pd.DataFrame
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """Tidy: one row per defect and figure that it changes: `defect`, `figure`, `clean`, `left_in`, `change`.

        >>> list(impact.to_frame())
        ['defect', 'figure', 'clean', 'left_in', 'change']
        """
        clean = self.values.T["clean"]
        left = self.values.drop(index="clean").rename_axis("defect").reset_index()
        tidy = left.melt("defect", var_name="figure", value_name="left_in").astype({"left_in": float})
        tidy["clean"] = clean.reindex(tidy["figure"]).to_numpy()
        tidy["change"] = tidy["left_in"] / tidy["clean"] - 1
        moved = tidy[tidy["left_in"] != tidy["clean"]].sort_values("change", key=lambda c: -c.abs())
        return moved[["defect", "figure", "clean", "left_in", "change"]].reset_index(drop=True)

    def readout(self) -> Readout:
        """The defect that would move a headline figure most.

        >>> print(impact.readout().finding)
        No defect that was repaired or set aside changes a headline figure.
        """
        moved, certainty = self.to_frame(), Message("impact.certainty", {"n": len(self.values) - 1})
        if moved.empty:
            return Readout("impact.nothing", certainty, "impact.keep")
        worst = moved.to_dict("records")[0]
        names = {"defect": Message(f"rules.{worst['defect']}"), "figure": Message(f"kpis.{worst['figure']}")}
        worst_of = "impact.worst" if worst["figure"] in _NOT_WHOLE else "impact.worst_count"
        return Readout(Message(worst_of, {str(k): v for k, v in worst.items()} | names), certainty, "impact.keep")

    def facts(self) -> tuple[Fact, ...]:
        """The clean headline figures.

        >>> {fact.id: fact.unit for fact in impact.facts()[:2]}
        {'kpis.revenue': 'USD', 'kpis.units': ''}
        """
        clean = self.values.T["clean"].to_dict()
        money = ("revenue", "revenue_per_order")
        return tuple(
            Fact(f"kpis.{figure}", f"kpis.{figure}", float(clean[figure]), self.currency if figure in money else "")
            for figure in KPIS
        )


def defect_impact(tables: Tables) -> DefectImpactResult:
    """Effect of each data defect on the headline figures, if it were left in.

    Flags change no figure and are left out. Cleaning is undone on the whole data set.

    >>> from crm_lab import open_workspace
    >>> list(defect_impact(open_workspace("cdnow_sample").at()).to_frame())
    ['defect', 'figure', 'clean', 'left_in', 'change']

    Args:
        tables: Tables of a workspace as of a day.

    Returns:
        One row per defect and figure that it changes.
    """
    workspace = tables.workspace
    actions = recorded(workspace.about["rules"])
    touched = workspace.stored("ledger").set_index("item")["rows_touched"].to_dict()
    cursor = workspace.cursor()
    cursor.execute(
        f"create or replace temp view judged as from read_parquet({path_of(workspace.folder / 'judged.parquet')})"
    )
    rows = {"clean": _kpis(cursor, clean_sql(actions))}
    for rule, action in actions.items():
        if action in ("fix", "quarantine") and touched[rule.name] > 0:
            rows[rule.name] = _kpis(cursor, clean_sql({**actions, rule: "ignore"}))
    return DefectImpactResult(pd.DataFrame.from_dict(rows, orient="index", columns=list(KPIS)), tables.currency)


def _kpis(cursor: duckdb.DuckDBPyConnection, lines: str) -> tuple[float, ...]:
    cursor.execute(f"create or replace temp view lines as {lines}")
    row: tuple[float, ...] = cursor.execute(_KPIS).fetchone()
    return row
