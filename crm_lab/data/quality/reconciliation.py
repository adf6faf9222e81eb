"""Reconciliation of the cleaning: rows and money in = rows and money out + quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from crm_lab.data.cleaning.part_of_source import ELSEWHERE, WHOLE
from crm_lab.data.cleaning.persons_of_source import PERSONS
from crm_lab.data.quality.quality import QualityResult
from crm_lab.data.sources.direct_ids import masked
from crm_lab.data.workspace import Tables
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

_COLUMNS = {
    "item": "step", "action": "action", "rows_touched": "rows", "money_touched": "money",
    "rows_out": "rows_set_aside", "money_out": "money_set_aside",
}  # fmt: skip
_CENT = 5e-5  # half of the smallest unit stored


@dataclass(frozen=True)
class ReconciliationResult(Result):
    """Reconciliation of the cleaning: rows and money in, touched and set aside by each rule, and out.

    >>> from crm_lab import open_workspace
    >>> books = reconcile(open_workspace("cdnow_sample").at())

    Attributes:
        ledger: One row per step: `position`, `item`, `action`, `rows_touched`, `money_touched`, `rows_out`,
            `money_out` (currency).
        title: Name of the data set.
        currency: ISO code.
        unread: Lines whose day, units or amount could not be read: they are in no sum of the tables.
        example: One of them, as far as may be shown.
        profiles: Customers, and how many of them have no complete profile; ``None`` where profiles were not looked at.
        on_persons: Of a source on persons, what became of accounts and of rows that met.
    """

    name: ClassVar[str] = "reconciliation"
    words: ClassVar[Mapping[str, str]] = {"action": "actions."}
    formats: ClassVar[Mapping[str, str]] = {"money": ",.2f", "money_set_aside": ",.2f"}

    ledger: pd.DataFrame
    title: str
    currency: str
    unread: int = 0
    example: str = ""
    profiles: tuple[int, int] | None = None
    on_persons: tuple[Message, ...] = ()

    def total(self, item: str) -> tuple[int, float]:
        """Rows and money of ``raw``, ``clean`` or ``quarantine``.

        >>> books.total("raw")[0]
        6919

        Args:
            item: ``raw``, ``clean`` or ``quarantine``.

        Returns:
            Number of rows, and money in currency.
        """
        (row,) = self.ledger[self.ledger["item"] == item].to_dict("records")
        return int(row["rows_touched"]), float(row["money_touched"])

    @property
    def is_of_part(self) -> bool:
        """Whether the data are a part of a source, such as one store.

        >>> books.is_of_part
        False
        """
        return ELSEWHERE in set(self.ledger["item"])

    @property
    def closes(self) -> bool:
        """Whether rows and money in equal those out plus quarantine, to the ten-thousandth.

        Of a part of a source, also whether what it has and what was left out equal the whole.

        >>> books.closes
        True
        """
        sums = [("raw", "clean", "quarantine"), *([(WHOLE, "raw", ELSEWHERE)] if self.is_of_part else [])]
        return all(self._adds_up(*map(self.total, items)) for items in sums)

    @staticmethod
    def _adds_up(of: tuple[int, float], one: tuple[int, float], other: tuple[int, float]) -> bool:
        return of[0] == one[0] + other[0] and abs(of[1] - one[1] - other[1]) < _CENT

    def to_frame(self) -> pd.DataFrame:
        """One row per step that touched anything, in the order applied.

        >>> list(books.to_frame())
        ['step', 'action', 'rows', 'money', 'rows_set_aside', 'money_set_aside']
        """
        steps = self.ledger[(self.ledger["rows_touched"] > 0) | (self.ledger["action"] == "total")]
        return steps[list(_COLUMNS)].set_axis(list(_COLUMNS.values()), axis=1).reset_index(drop=True)

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the reason of each step in words.

        >>> list(books.shown())
        ['step', 'what', 'action', 'rows', 'money', 'rows_set_aside', 'money_set_aside']
        """
        frame = super().shown()
        frame.insert(1, "what", [Message(f"rules.{item}").text() for item in frame["step"]])
        return frame

    def readout(self) -> Readout:
        """Whether the reconciliation closes, what was changed, what to check.

        >>> print(books.readout().finding)
        The books of CDNOW (1/10 sample) close exactly: 6,919 lines and 244,091.94 USD came in; ...
        """
        steps = self.ledger[~self.ledger["action"].isin(["total", ELSEWHERE, PERSONS])]
        touched = steps[steps["rows_touched"] > 0].sort_values("rows_touched", ascending=False)
        values: dict[str, Any] = {
            "title": self.title, "currency": self.currency, "n_rules": len(touched), "n_all": len(steps),
        }  # fmt: skip
        for item, place in (("raw", "in"), ("clean", "out"), ("quarantine", "aside")):
            values[f"rows_{place}"], values[f"money_{place}"] = self.total(item)
        action = Message("reconciliation.nothing_found")
        if len(touched):
            action = Message("reconciliation.read_first", {"rule": Message(f"rules.{touched['item'].iloc[0]}")})
        key = ("closes_but_for" if self.unread else "closes") if self.closes else "does_not_close"
        values |= {"unread": self.unread, "example": self.example}
        if key == "closes" and self.profiles and self.profiles[1]:
            key, values["customers"], values["without"] = "closes_without_profiles", *self.profiles
        finding = Message(f"reconciliation.{key}", values)
        if self.is_of_part:
            finding = Message("reconciliation.of_part", {"finding": finding, **self._left_out()})
        for told in self.on_persons[:1]:  # each rule is among the readings
            finding = Message("reconciliation.and", {"finding": finding, "told": told})
        return Readout(finding, Message("reconciliation.certainty", values), action)

    def _left_out(self) -> dict[str, Any]:
        """Of a part: rows and money of the whole, and what was left out of them."""
        (whole, money_whole), (left, money_left) = self.total(WHOLE), self.total(ELSEWHERE)
        return {"whole": whole, "money_whole": money_whole, "left": left, "money_left": money_left,
                "currency": self.currency}  # fmt: skip

    def facts(self) -> tuple[Fact, ...]:
        """Rows and money in, out and set aside; of a part also those left out.

        >>> {fact.id: fact.unit for fact in books.facts()[:2]}
        {'reconciliation.raw.rows': 'rows', 'reconciliation.raw.money': 'USD'}
        """
        facts: list[Fact] = []
        for item in ("raw", "clean", "quarantine", *([ELSEWHERE] if self.is_of_part else [])):
            (rows, money), start = self.total(item), f"reconciliation.{item}"
            facts += [
                Fact(f"{start}.rows", f"rules.{item}", rows, "rows"),
                Fact(f"{start}.money", f"reconciliation.amount_{item}", money, self.currency, n=rows),
            ]
        return tuple(facts)


def reconcile(tables: Tables, quality: QualityResult | None = None) -> ReconciliationResult:
    """Reconciliation of the workspace behind some tables (all of it: cleaning does not depend on `as_of`).

    Args:
        tables: Of the workspace.
        quality: Its checks: books that close say nothing of customers without a profile, so the readout does.

    >>> from crm_lab import open_workspace
    >>> reconcile(open_workspace("cdnow_sample").at()).closes
    True

    Args:
        tables: Tables of a workspace as of a day.

    Returns:
        The reconciliation, one row per step.
    """
    workspace = tables.workspace
    profiles = None if quality is None else quality.counted("profile_of_all_customers")
    unread = tables.sql(
        "select count(*) as n, min(source_row) as first from judged"
        " where (net_amount is null or reason = 'unreadable')"
        " and coalesce(reason, '') not in ('blank_row', 'subtotal_row')"
    )
    n = int(unread["n"].item())
    where = f"where source_row = {int(unread['first'].item())}" if n else "limit 0"
    texts = tables.sql(f"select raw_row from quarantine {where}")["raw_row"]
    example = masked(str(texts.iloc[0]))[:160] if len(texts) else ""
    ledger, title = workspace.stored("ledger"), workspace.title
    notes = tuple(workspace.notes_on_persons())
    return ReconciliationResult(ledger, title, tables.currency, n, example, profiles, notes)


def rows_behind(tables: Tables, rule: str, rows: int = 10) -> pd.DataFrame:
    """Source lines that a cleaning rule touched, so that every figure can be traced to its rows.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at()
    >>> len(rows_behind(tables, "repeated_line", rows=2)) <= 2
    True

    Args:
        tables: Tables of the workspace.
        rule: Name of the rule, as in the reconciliation's ``step``.
        rows: At most this many.

    Returns:
        The lines as they were in the source.
    """
    found = tables.sql(
        f"select raw.* from raw semi join (select source_row from judged where is_{rule}) using (source_row)"
        f" order by source_row limit {int(rows)}"
    )
    found = found.drop(columns=[c for c in found if str(c).startswith("lab_")])
    texts = found.select_dtypes(include=["object", "string"]).columns
    return found.assign(**{c: found[c].map(lambda v: masked(v) if isinstance(v, str) else v) for c in texts})
