"""From page 01's revenue to the revenue that another page speaks of, part by part, to the cent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar, Literal

import pandas as pd

from crm_lab.data.quality.reconciliation import reconcile
from crm_lab.data.workspace import Tables
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, TableResult

Ending = Literal["named", "sales"]
ENDINGS: Mapping[Ending, tuple[str, ...]] = {
    "named": ("later", "fees", "unknown_sales", "unknown_returns", "without_purchase"),
    "sales": ("later", "fees", "unknown_sales", "unknown_returns", "without_purchase", "returns"),
}
_CENT = 5e-3  # half of one
_MUCH = 0.1  # of the sales: unknown customers that a plan has to know of
_PARTS = """
    with buyers as (select distinct customer_id from transactions where kind = 'sale' and customer_id is not null)
    select case when kind = 'fee' then 'fees'
                when t.customer_id is null then case when kind = 'sale' then 'unknown_sales' else 'unknown_returns' end
                when b.customer_id is null then 'without_purchase'
                when kind = 'sale' then 'sales' else 'returns' end as part,
           count(*) as lines, sum(net_amount) as amount
    from transactions t left join buyers b on t.customer_id = b.customer_id group by all"""


def revenue_bridge(tables: Tables, stated: float | None = None, *, to: Ending = "named") -> RevenueBridgeResult:
    """The way from page 01's revenue to that of a page; every step is counted from the clean lines.

    Args:
        tables: Tables as of a day.
        stated: Revenue as the page states it; what the way does not explain of it is a row of its own.
        to: Where the way ends: ``named`` is the revenue of named customers net of returns, as in ``customer_360``;
            ``sales`` are their sale lines before returns.

    >>> from crm_lab import open_workspace
    >>> way = revenue_bridge(open_workspace("cdnow_sample").at("1997-09-30"))
    >>> way.to_frame()["step"].tolist(), way.closes
    (['clean', 'later', 'named'], True)
    """
    found = tables.sql(_PARTS).set_index("part")
    lines, clean = reconcile(tables).total("clean")
    found.loc["later"] = (lines - int(found["lines"].sum()), clean - float(found["amount"].sum()))
    off = found.reindex(ENDINGS[to]).query("lines > 0")
    left, end = lines - int(off["lines"].sum()), round(clean - float(off["amount"].sum()), 4)
    steps = [(part, int(n), -money) for part, n, money in zip(off.index, off["lines"], off["amount"], strict=True)]
    rows = [("clean", lines, clean), *steps, (to, left, end)]
    gap = 0.0 if stated is None else round(stated - end, 4)
    if abs(gap) >= _CENT:
        rows.append(("unexplained", 0, gap))
    frame = pd.DataFrame(rows, columns=["step", "lines", "amount"])
    sales = float(found["amount"].reindex(["sales", "unknown_sales"]).sum())
    unknown = float(found["amount"].reindex(["unknown_sales"]).sum()) / sales if sales else 0.0
    return RevenueBridgeResult(frame, to, unknown, tables.as_of, tables.currency)


@dataclass(frozen=True, eq=False)
class RevenueBridgeResult(TableResult):
    """The steps between two revenues.

    Attributes:
        frame: One row a step: ``step``, ``lines``, ``amount`` (currency, signed as it enters the sum). First page
            01's revenue, last that of the page; ``unexplained`` follows where the page states another one.
        to: Where the way ends.
        unknown: Share of the sales whose customer is not known.
        as_of: Last day that counts.
        currency: ISO code.
    """

    frame: pd.DataFrame
    to: Ending
    unknown: float
    as_of: date
    currency: str

    name: ClassVar[str] = "revenue_bridge"
    words: ClassVar[Mapping[str, str]] = {"step": "revenue.step."}
    formats: ClassVar[Mapping[str, str]] = {"amount": ",.2f", "lines": ",d"}

    def amount(self, step: str) -> float:
        """Money of a step, 0 where there is none of it."""
        return float(self.frame.loc[self.frame["step"] == step, "amount"].sum())

    @property
    def closes(self) -> bool:
        """Whether the parts explain the page's revenue to the cent."""
        return not self.amount("unexplained")

    def readout(self) -> Readout:
        """Where the way ends, what lies between, what to quote."""
        between = self.frame[~self.frame["step"].isin(["clean", self.to])]
        values = {
            "clean": self.amount("clean"), "end": self.amount(self.to), "currency": self.currency,
            "what": Message(f"revenue.step.{self.to}"), "gap": self.amount("unexplained"), "unknown": self.unknown,
            "as_of": str(self.as_of),
        }  # fmt: skip
        if not self.closes:
            return Readout.of("revenue.bridge", values, "finding", "open", "open_action")
        if between.empty:
            return Readout.of("revenue.bridge", values, "same", "certainty", "same_action")
        largest = between.iloc[int(between["amount"].abs().to_numpy().argmax())]
        values |= {"part": Message(f"revenue.step.{largest['step']}"), "amount": float(largest["amount"])}
        action = "unknown_action" if self.unknown >= _MUCH else "action"
        return Readout.of("revenue.bridge", values, "finding", "certainty_parts", action)

    def facts(self) -> tuple[Fact, ...]:
        """Each step; the ids are the same on every page, so that two pages cannot say two things."""
        fact = partial(Fact, unit=self.currency, window=Message("revenue.fact.window", {"as_of": str(self.as_of)}))
        return tuple(
            fact(f"revenue.{row['step']}", f"revenue.step.{row['step']}", float(row["amount"]), n=int(row["lines"]))
            for row in self.frame.to_dict("records")
        )
