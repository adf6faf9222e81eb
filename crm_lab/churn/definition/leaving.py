"""Whether customers leave at all, or all who are silent come back in the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_date
from crm_lab.checks import check_settings, not_inside, too_small
from crm_lab.data.kernels.purchase_log import order_table, purchase_log
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import z_value
from crm_lab.stats.return_chance import return_chance, spells_between

_FEWEST = 20  # silences still watched, below which a chance is not read further


class PurchaseStory(Protocol):
    """A fitted purchase model in which customers can leave."""

    def refusal(self) -> Message | None:
        """Why the data do not identify when customers leave, or ``None``."""
        ...


@dataclass(frozen=True)
class LeavingCheck:
    """Whether the silent have left: do nearly all come back, do purchases look as if nobody ever left?

    >>> from crm_lab import open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> leaving = LeavingCheck(window_days=182).analyze(orders, as_of="1998-06-30")
    >>> leaving.refusal() is None
    True

    Args:
        window_days: Silence after which a customer is called gone, days.
        nearly_all: Share of the silent who come back at least, from which on nobody is called gone.
        level: Level of the interval.
    """

    window_days: int = 91
    nearly_all: float = 0.90
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, window_days=1), not_inside(self, "nearly_all"))

    def analyze(
        self, orders: IntoFrame, *, as_of: str | date, story: PurchaseStory | None = None, **names: str
    ) -> Leaving:
        """Follow every silence that lasted `window_days`, as long as enough are still watched.

        >>> LeavingCheck().analyze(orders, as_of="1998-03-31").customers
        2357

        Args:
            orders: One row per purchase or order; a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark.
            as_of: Last day that counts.
            story: A purchase model with drop-out fitted to them (page 08's); if it gains nothing over one in which
                nobody leaves, nobody is seen to leave.
            names: Names of columns: customer, date.

        Returns:
            Chance of return by length of time after the window.
        """
        log = purchase_log(order_table(orders, **names), as_of)
        spells = spells_between(log.unit, log.day, log.as_of)
        at_risk, _ = spells.hazard()
        watched = max(int((at_risk >= _FEWEST).sum()) - 1 - self.window_days, 0)
        rows = []
        for ahead in np.unique(np.linspace(0, watched, 5).round().astype(int)):
            found = return_chance(spells, self.window_days, int(ahead))
            lo, hi = found.interval(z_value(self.level)) if 0 < found.chance < 1 else (np.nan, np.nan)
            rows.append({"days": ahead, "at_risk": found.at_risk, "chance": found.chance, "lo": lo, "hi": hi})
        frame = pd.DataFrame(rows).query("days > 0").reset_index(drop=True)
        why = None if story is None else story.refusal()
        nobody = why if why is not None and why.key == "clv.no_dropout" else None
        return Leaving(frame, self, day_date(log.as_of), len(log.ids), nobody)


@dataclass(frozen=True, eq=False)
class Leaving(TableResult):
    """How many of the silent come back in the end.

    >>> from crm_lab import open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> leaving = LeavingCheck(window_days=182).analyze(orders, as_of="1998-06-30")

    Attributes:
        frame: days (after the window), at_risk (silences that lasted it), chance (of having come back), lo, hi; no rows
            where too few were watched beyond the window.
        spec: What was asked.
        as_of: Last day counted.
        customers: Customers counted.
        nobody: Why purchases look as if nobody left, or ``None``.
    """

    frame: pd.DataFrame
    spec: LeavingCheck
    as_of: date
    customers: int
    nobody: Message | None

    name = "leaving"
    formats: ClassVar = dict.fromkeys(("chance", "lo", "hi"), ".1%")

    def refusal(self) -> Message | None:
        """Why nobody is called gone, or ``None``.

        >>> leaving.refusal() is None
        True
        """
        why = self._why()
        return None if why is None else Message("churn.leaving.nobody_gone", {"why": why})

    def _why(self) -> Message | None:
        if len(self.frame) and self.frame["lo"].iloc[-1] >= self.spec.nearly_all:
            return Message("churn.leaving.all_return", self._values())
        return self.nobody

    def _values(self) -> dict[str, Any]:
        last: dict[str, Any] = {str(name): value for name, value in self.frame.astype(object).iloc[-1].items()}
        return {**last, "n": last["at_risk"], "window": self.spec.window_days, "as_of": str(self.as_of)}

    def readout(self) -> Readout:
        """How many come back, and whether silence may be called leaving.

        >>> print(leaving.readout().finding)
        Of 2,323 silences of 182 days, 23.7% [21.7%, 25.9%] ended in a purchase within a further 362 days.
        """
        if self.frame.empty:
            values = {"window": self.spec.window_days}
            return Readout.of("churn.leaving", values, "short", self.nobody or "short_certainty", "short_action")
        values = {**self._values(), "customers": self.customers}
        action = "action" if self.refusal() is None else "nobody_action"
        return Readout.of("churn.leaving", values, certainty=self.nobody or "certainty", action=action)

    def facts(self) -> tuple[Fact, ...]:
        """Share of the silent who came back.

        >>> [fact.id for fact in leaving.facts()]
        ['churn.leaving.came_back.182']
        """
        if self.frame.empty:
            return ()
        last, values = self.frame.iloc[-1], self._values()
        ci = None if np.isnan(last["lo"]) else Interval(last["lo"], last["hi"], self.spec.level)
        silent, name = Message("churn.leaving.label", values), f"churn.leaving.came_back.{self.spec.window_days}"
        return (
            Fact(
                name, silent, float(last["chance"]), "share", ci, "estimate", int(last["at_risk"]),
                Message("churn.fact.days", values), "churn.fact.silences",
            ),
        )  # fmt: skip
