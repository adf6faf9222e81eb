"""The books of the cleaning: rows and money in = rows and money out + quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from crm_lab.data.workspace import Tables
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

_CENT = 5e-5  # half of the smallest unit stored


@dataclass(frozen=True)
class ReconciliationResult(Result):
    """What came in, what each rule touched and set aside, what went out.

    Attributes:
        ledger: One row a step: `position`, `item`, `action`, `rows_touched`, `money_touched`, `rows_out`,
            `money_out` (currency).
        title: Name of the data set.
        currency: ISO code.
    """

    name: ClassVar[str] = "reconciliation"
    formats: ClassVar[Mapping[str, str]] = {"money": ",.2f", "money_set_aside": ",.2f"}

    ledger: pd.DataFrame
    title: str
    currency: str

    def total(self, item: str) -> tuple[int, float]:
        """Rows and money of ``raw``, ``clean`` or ``quarantine``."""
        (row,) = self.ledger[self.ledger["item"] == item].to_dict("records")
        return int(row["rows_touched"]), float(row["money_touched"])

    @property
    def closes(self) -> bool:
        """Whether rows and money in equal rows and money out plus quarantine, to the ten-thousandth."""
        raw, clean, aside = (self.total(item) for item in ("raw", "clean", "quarantine"))
        return raw[0] == clean[0] + aside[0] and abs(raw[1] - clean[1] - aside[1]) < _CENT

    def to_frame(self) -> pd.DataFrame:
        """One row a step that touched anything, in the order applied, with its reason in words."""
        shown = self.ledger[(self.ledger["rows_touched"] > 0) | (self.ledger["action"] == "total")]
        return pd.DataFrame(
            {
                "step": shown["item"],
                "what": [Message(f"rules.{item}").text() for item in shown["item"]],
                "action": [Message(f"actions.{action}").text() for action in shown["action"]],
                "rows": shown["rows_touched"],
                "money": shown["money_touched"],
                "rows_set_aside": shown["rows_out"],
                "money_set_aside": shown["money_out"],
            }
        ).reset_index(drop=True)

    def readout(self) -> Readout:
        """Whether the books close, what was done, what to look at."""
        (rows_in, money_in), (rows_out, money_out), (rows_aside, money_aside) = (
            self.total(item) for item in ("raw", "clean", "quarantine")
        )
        steps = self.ledger[self.ledger["action"] != "total"]
        touched = steps[steps["rows_touched"] > 0].sort_values("rows_touched", ascending=False)
        numbers = {
            "title": self.title,
            "currency": self.currency,
            "rows_in": rows_in,
            "money_in": money_in,
            "rows_out": rows_out,
            "money_out": money_out,
            "rows_aside": rows_aside,
            "money_aside": money_aside,
        }
        verdict = "closes" if self.closes else "does_not_close"
        rules = {"n_rules": len(touched), "n_all": len(steps)}
        largest = (
            Message("reconciliation.nothing_found")
            if touched.empty
            else Message("reconciliation.read_first", {"rule": Message(f"rules.{touched['item'].iloc[0]}")})
        )
        return Readout(
            Message(f"reconciliation.{verdict}", numbers), Message("reconciliation.certainty", rules), largest
        )

    def facts(self) -> tuple[Fact, ...]:
        """Rows and money in, out and set aside."""
        made = []
        for item in ("raw", "clean", "quarantine"):
            rows, money = self.total(item)
            label = Message(f"rules.{item}")
            made.append(Fact(f"reconciliation.{item}.rows", label, rows, "rows"))
            made.append(Fact(f"reconciliation.{item}.money", label, money, self.currency, n=rows))
        return tuple(made)


def reconcile(tables: Tables) -> ReconciliationResult:
    """The reconciliation of the workspace behind some tables (the whole of it: cleaning knows no as_of).

    >>> from crm_lab import open_workspace
    >>> reconcile(open_workspace("cdnow_sample").at()).closes
    True
    """
    workspace = tables.workspace
    return ReconciliationResult(workspace.stored("ledger"), str(workspace.about["title"]), tables.currency)


def rows_behind(tables: Tables, rule: str, rows: int = 10) -> pd.DataFrame:
    """Lines a rule touched, as they were in the source, so that every figure can be followed to its rows.

    Args:
        tables: Tables of the workspace.
        rule: Name of the rule, as in the reconciliation's ``step``.
        rows: At most this many.
    """
    return tables.sql(
        f"select raw.* from raw semi join (select source_row from judged where is_{rule}) using (source_row)"
        f" order by source_row limit {int(rows)}"
    )
