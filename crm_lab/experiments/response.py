"""Response rates: every definition side by side, and what the treatment added."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from crm_lab.checks import BadInput, need_columns
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import wilson

NUMERATORS = ("opened", "clicked", "redeemed", "bought")
DENOMINATORS = ("sent", "delivered", "opened")


@dataclass(frozen=True, kw_only=True)
class ResponseRates:
    """Response rates of messages, one row per customer and campaign.

    Attributes:
        target: The rate somebody claims or wants, e.g. 0.75; it is held against every definition.
        level: Confidence level.
    """

    target: float | None = None
    level: float = 0.95

    def analyze(self, messages: pd.DataFrame) -> ResponseTable:
        """Every rate that the columns allow, customers being the unit only if each got one message.

        Args:
            messages: 0/1 columns among sent, delivered, opened, clicked, redeemed, bought; `sent` is 1
                for every row unless given.

        Raises:
            BadInput: If no numerator is there, or a column is not 0 or 1.
        """
        flags = messages if "sent" in messages else messages.assign(sent=1)
        have = [c for c in (*DENOMINATORS, *NUMERATORS) if c in flags.columns]
        if not set(have) & set(NUMERATORS):
            raise BadInput(f"No response column is there; give some of {', '.join(NUMERATORS)}.")
        for name in dict.fromkeys(have):
            if not flags[name].isin([0, 1]).all():
                raise BadInput(f"{name} must be 0 or 1 for every message.")
        return ResponseTable(self, tuple(self._rates(flags, have)))

    def _rates(self, flags: pd.DataFrame, have: Sequence[str]) -> list[dict[str, float | str]]:
        rows: list[dict[str, float | str]] = []
        for top in (n for n in NUMERATORS if n in have):
            for bottom in (d for d in DENOMINATORS if d in have and d != top):
                n = int(flags[bottom].sum())
                hits = int((flags[top] * flags[bottom]).sum())
                lo, hi = wilson(hits, n, self.level)
                row: dict[str, float | str] = {"responders": hits, "of": n, "rate": hits / n if n else math.nan}
                rows.append({"definition": f"{top} / {bottom}", **row, "low": float(lo), "high": float(hi)})
        return rows


@dataclass(frozen=True)
class ResponseTable(Result):
    """Response rates by definition."""

    spec: ResponseRates
    rates: tuple[Mapping[str, float | str], ...]

    name: ClassVar[str] = "response"
    formats: ClassVar[dict[str, str]] = {"rate": ".1%", "low": ".1%", "high": ".1%"}

    def to_frame(self) -> pd.DataFrame:
        """One row per definition: responders, of how many, rate with Wilson's interval."""
        frame = pd.DataFrame(list(self.rates))
        need_columns(frame.columns, ["definition"], "The rates")
        if self.spec.target is not None:
            frame["reaches_target"] = frame["low"] > self.spec.target
        return frame

    def readout(self) -> Readout:
        """How far the definitions are apart, and which reach the target."""
        frame = self.to_frame()
        by_rate = frame.sort_values("rate")
        low, high = by_rate.iloc[0], by_rate.iloc[-1]
        values = {"lowest": low["definition"], "lo": low["rate"], "highest": high["definition"], "hi": high["rate"]}
        finding = Message("experiments.response.finding", values)
        certainty = Message("experiments.response.certainty", {"level": self.spec.level})
        if self.spec.target is None:
            return Readout(finding, certainty, Message("experiments.response.action"))
        count = int(frame["reaches_target"].sum())
        target = {"target": self.spec.target, "count": count, "of": len(frame)}
        return Readout(finding, certainty, Message("experiments.response.action_target", target))

    def facts(self) -> tuple[Fact, ...]:
        """Every rate with its interval, numerator and denominator named."""
        return tuple(
            Fact(
                id=f"response.{str(r['definition']).replace(' / ', '_per_')}",
                label=Message("experiments.fact.response", {"definition": r["definition"]}),
                value=float(r["rate"]),
                unit="share",
                ci=Interval(float(r["low"]), float(r["high"]), self.spec.level),
                kind="estimate",
                n=int(r["of"]),
                denominator=str(r["definition"]).partition(" / ")[2],
                better="up",
            )
            for r in self.rates
        )
