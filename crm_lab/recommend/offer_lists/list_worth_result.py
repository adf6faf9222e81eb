"""How many listed products were bought later, by these lists and by the plain sort."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import pandas as pd

from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, TableResult

LISTS = ("remind", "try", "both")


@dataclass(frozen=True, eq=False)
class ListWorthResult(TableResult):
    """Own and plain lists a customer, with the paired gain.

    >>> import numpy as np
    >>> from crm_lab.recommend import Interactions, ListWorth, OfferLists
    >>> rng = np.random.default_rng(0)
    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k:03}" for k in range(150)], 48),
    ...     "product_id": [f"p{k:02}" for k in np.minimum(rng.geometric(0.08, 7_200), 40)],
    ...     "date": np.tile(pd.date_range("2024-01-01", periods=16, freq="9D").repeat(3), 150)})
    >>> result = ListWorth(lists=OfferLists(n=3)).analyze(Interactions.of(lines, "2024-05-20"), "2024-04-15")

    Attributes:
        frame: ``list, measure, own, plain, gain, lo, hi, p_holm``: means a customer.
        promised: ``list, said, came, ratio, lo, hi``: expected and real purchases of own lists a customer.
        by: What came first on the own lists.
        n: Products on each list.
        first_day: First day of the later purchases.
        last_day: Last day of them.
        customers: Customers of the past, all of whom count.
        level: Joint confidence level.
        simulated: Whether the purchases are made up.
    """  # fmt: skip

    frame: pd.DataFrame
    promised: pd.DataFrame
    by: str
    n: int
    first_day: date
    last_day: date
    customers: int
    level: float
    simulated: bool

    name: ClassVar[str] = "list_worth"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("own", "plain", "said", "came", "ratio"), ".3f"), "gain": "+.3f", "lo": "+.3f", "hi": "+.3f",
        "p_holm": "p",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"list": "recommend.lists.list_", "measure": "recommend.worth.measure_"}

    @property
    def measure(self) -> str:
        """What decides: the margin where it orders the lists, else purchases.

        >>> result.measure
        'purchases'
        """
        return "margin" if self.by == "margin" else "purchases"

    def better(self, name: str) -> bool:
        """Whether a list is surely better than the plain one.

        >>> result.better("remind")
        False

        Args:
            name: ``remind``, ``try`` or ``both``.

        Returns:
            Whether the joint interval of the gain lies above 0.
        """
        return bool(self._row(name).lo > 0)

    def said_and_came(self) -> pd.DataFrame:
        """Expected purchases of the own lists a customer, those that came, and their ratio with interval.

        >>> list(result.said_and_came())
        ['list', 'said', 'came', 'ratio', 'lo', 'hi']
        """
        return self.promised.copy()

    def _row(self, name: str) -> Any:
        rows = self.frame[(self.frame["list"] == name) & (self.frame["measure"] == self.measure)]
        return next(rows.itertuples(index=False))

    def readout(self) -> Readout:
        """Whether each list beats the plain one, how that was counted, and which to send.

        >>> result.readout().finding.key
        'recommend.worth.finding'
        """
        parts = {name: self._sentence(name) for name in LISTS[:2]}
        values = {
            "remind": parts["remind"], "new": parts["try"], "first": self.first_day, "last": self.last_day,
            "customers": self.customers, "level": self.level, "promise": self._promise(),
        }  # fmt: skip
        wins = [name for name in LISTS[:2] if self.better(name)]
        action = {0: "action_none", 1: f"action_{wins[0] if wins else ''}", 2: "action_both"}[len(wins)]
        return Readout.of("recommend.worth", values, "finding", "certainty", action)

    def _sentence(self, name: str) -> Message:
        row = self._row(name)
        sure = "better" if row.lo > 0 else "worse" if row.hi < 0 else "unsure"
        if row.gain == row.lo == row.hi == 0:
            sure = "same"
        values = {
            "list": Message(f"recommend.lists.list_{name}"), "own": row.own, "plain": row.plain, "gain": row.gain,
            "lo": row.lo, "hi": row.hi, "level": self.level, "n": self.n,
            "measure": Message(f"recommend.worth.measure_{self.measure}"),
        }  # fmt: skip
        return Message(f"recommend.worth.list_{sure}", values)

    def _promise(self) -> Message | str:
        if self.promised.empty:
            return Message("recommend.worth.promise_none")
        total = self.promised[["said", "came"]].sum()
        return Message("recommend.worth.promise", {"said": float(total["said"]), "came": float(total["came"])})

    def facts(self) -> tuple[Fact, ...]:
        """Gain of each list over the plain one, and what came of what was said.

        >>> result.facts()[0].id
        'recommend.worth.remind.purchases'
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        window = Message("recommend.worth.window", {"first": self.first_day, "last": self.last_day})
        found = []
        for row in self.frame.itertuples(index=False):
            label = Message("recommend.worth.fact_gain", self._named(row))
            ci = Interval(float(row.lo), float(row.hi), self.level)  # type: ignore[arg-type]
            found.append((f"{row.list}.{row.measure}", label, row.gain, ci))
        for row in self.promised.itertuples(index=False):
            label = Message("recommend.worth.fact_ratio", self._named(row))
            found.append((f"{row.list}.ratio", label, row.ratio, Interval(float(row.lo), float(row.hi), self.level)))  # type: ignore[arg-type]
        return tuple(
            Fact(f"recommend.worth.{part}", label, value, ci=ci, kind=kind, n=self.customers, window=window)  # type: ignore[arg-type]
            for part, label, value, ci in found
        )

    def _named(self, row: Any) -> dict[str, object]:
        measure = getattr(row, "measure", "purchases")
        return {
            "list": Message(f"recommend.lists.list_{row.list}"),
            "measure": Message(f"recommend.worth.measure_{measure}"),
        }  # fmt: skip
