"""Response rates in every definition side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import BadInput
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message, catalogue, named
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import wilson_interval

NUMERATORS = ("opened", "clicked", "redeemed", "bought")
DENOMINATORS = ("sent", "delivered", "opened")


@dataclass(frozen=True, kw_only=True)
class ResponseRates:
    """Response rates of messages under every definition that the columns allow.

    >>> messages = pd.DataFrame({"customer_id": range(100), "opened": [1, 0] * 50, "redeemed": [1, 0, 0, 0] * 25})
    >>> rates = ResponseRates(target=0.4).analyze(messages)
    >>> rates.to_frame()[["definition", "rate"]].to_numpy().tolist()
    [['opened / sent', 0.5], ['redeemed / sent', 0.25], ['redeemed / opened', 0.5]]

    Attributes:
        target: A claimed or wanted rate, e.g. 0.75, compared with every definition.
        by: Column whose values get their own rates below those of all messages, e.g. ``campaign_type``.
        level: Confidence level.
    """

    target: float | None = None
    by: str = ""
    level: float = 0.95

    def analyze(self, messages: IntoFrame | None) -> ResponseRatesResult:
        """Every rate that the columns allow; customers are the sampling unit if there is a customer_id.

        >>> ResponseRates().analyze(None).refusal() is None
        False

        Args:
            messages: 0/1 columns among sent, delivered, opened, clicked, redeemed, bought (missing where not
                known yet: such messages are left out of that rate); `sent` is 1 for every row unless given.
                ``None`` where there are none, which refuses the question.

        Returns:
            One row per definition.

        Raises:
            BadInput: If no numerator is there, or a column is not 0 or 1.
        """
        if messages is None:
            return ResponseRatesResult(self, ())
        messages = as_pandas(messages, "The table of messages")
        flags = messages if "sent" in messages else messages.assign(sent=1)
        have = [c for c in (*DENOMINATORS, *NUMERATORS) if c in flags.columns]
        if not set(have) & set(NUMERATORS):
            raise BadInput(f"No response column is there; give some of {', '.join(NUMERATORS)}.")
        for name in dict.fromkeys(have):
            odd = int((~flags[name].isin([0, 1]) & flags[name].notna()).sum())
            if odd:
                raise BadInput(f"{name} must be 0 or 1 for every message; {odd:,} have other values.")
        rates = self._rates(flags, have)
        if self.by in flags:
            for group, part in flags.groupby(self.by):
                rates += [{**rate, "group": str(group)} for rate in self._rates(part, have)]
        return ResponseRatesResult(self, tuple(rates))

    def _rates(self, flags: pd.DataFrame, have: Sequence[str]) -> list[dict[str, float | str]]:
        rows: list[dict[str, float | str]] = []
        pairs = [(top, bottom) for top in NUMERATORS for bottom in DENOMINATORS if {top, bottom} <= set(have)]
        for top, bottom in (pair for pair in pairs if pair[0] != pair[1]):
            known = flags[flags[[top, bottom]].notna().all(axis=1) & (flags[bottom] == 1)]
            n, hits, shrink = len(known), int(known[top].sum()), _design_effect(known, top)
            ci = wilson_interval(hits / shrink, n / shrink, self.level)
            cells = (f"{top} / {bottom}", "", hits, n, hits / n if n else math.nan, ci.lo, ci.hi)
            rows.append(dict(zip(_COLUMNS, cells, strict=True)))
        return rows


def _design_effect(messages: pd.DataFrame, top: str) -> float:
    """By how much messages of one customer say less than as many of different ones; 1 where nobody is named."""
    if "customer_id" not in messages or not 0 < messages[top].mean() < 1:
        return 1.0
    rate, n = float(messages[top].mean()), len(messages)
    gaps = (messages[top] - rate).groupby(messages["customer_id"]).sum()
    return max(float((gaps**2).sum()) / (n * rate * (1 - rate)), 1.0)


_COLUMNS = ["definition", "group", "responders", "of", "rate", "low", "high"]


def _parts(definition: object) -> list[Message | str]:
    """Numerator and denominator in words; columns of the data's own stand for themselves."""
    columns = str(definition).split(" / ")
    return [Message(f"column.{name}") if f"column.{name}" in catalogue("en") else name for name in columns]


def _named(definition: object) -> Message:
    """A definition in words."""
    top, bottom = _parts(definition)
    return Message("experiments.response.per", {"top": top, "bottom": bottom})


def _of_group(rate: Mapping[str, float | str]) -> Message:
    """A definition in words, with the group that it is counted in."""
    said = _named(rate["definition"])
    return (
        Message("experiments.response.in_group", {"rate": said, "group": named("level", str(rate["group"]))})
        if rate["group"]
        else said
    )


def _id(rate: Mapping[str, float | str]) -> str:
    name = f"response.{str(rate['definition']).replace(' / ', '_per_')}"
    return f"{name}.{id_part(rate['group'])}" if rate["group"] else name


@dataclass(frozen=True)
class ResponseRatesResult(Result):
    """Response rates by definition.

    >>> messages = pd.DataFrame({"customer_id": range(100), "opened": [1, 0] * 50, "redeemed": [1, 0, 0, 0] * 25})
    >>> rates = ResponseRates(target=0.4).analyze(messages)

    Attributes:
        spec: What was asked.
        rates: One per definition and group.
    """

    spec: ResponseRates
    rates: tuple[Mapping[str, float | str], ...]

    name: ClassVar[str] = "response"
    formats: ClassVar[dict[str, str]] = {"rate": ".1%", "low": ".1%", "high": ".1%"}

    def to_frame(self) -> pd.DataFrame:
        """One row per definition (and group): responders, denominator, rate (0-1) with Wilson's interval.

        >>> list(rates.to_frame())
        ['definition', 'responders', 'of', 'rate', 'low', 'high', 'reaches_target']
        """
        frame = pd.DataFrame(list(self.rates), columns=_COLUMNS)
        if not (frame["group"] != "").any():
            frame = frame.drop(columns="group")
        if self.spec.target is not None:
            frame["reaches_target"] = frame["low"] > self.spec.target
        return frame

    def shown(self) -> pd.DataFrame:
        """`to_frame` with each definition, and groups that the lab knows, in words."""
        frame = self.to_frame().assign(
            definition=lambda d: [_named(definition).text() for definition in d["definition"]]
        )
        return frame.assign(group=[named("level", name) for name in frame["group"]]) if "group" in frame else frame

    def refusal(self) -> Message | None:
        """A sentence if there are no messages, else ``None``.

        >>> rates.refusal() is None
        True
        """
        return None if self.rates else Message("experiments.response.no_messages")

    def readout(self) -> Readout:
        """How far the definitions are apart, and which reach the target.

        >>> print(rates.readout().finding)
        The same messages have a response rate of 25.0% (redeemed / sent) or 50.0% (redeemed / ...
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, "experiments.effect.certainty_refused", "experiments.response.action_refused")
        frame = ResponseRatesResult(self.spec, tuple(r for r in self.rates if not r["group"])).to_frame()
        by_rate = frame.sort_values("rate")
        low, high = by_rate.iloc[0], by_rate.iloc[-1]
        values = {
            "lowest": _named(low["definition"]), "lo": low["rate"],
            "highest": _named(high["definition"]), "hi": high["rate"],
        }  # fmt: skip
        finding = Message("experiments.response.finding", values)
        certainty = Message("experiments.response.certainty", {"level": self.spec.level})
        if self.spec.target is None:
            return Readout(finding, certainty, "experiments.response.action")
        count = int(frame["reaches_target"].sum())
        target = {"target": self.spec.target, "count": count, "of": len(frame)}
        return Readout(finding, certainty, Message("experiments.response.action_target", target))

    def facts(self) -> tuple[Fact, ...]:
        """Every rate with its interval, numerator and denominator named.

        >>> {fact.id: fact.unit for fact in rates.facts()[:2]}
        {'response.opened_per_sent': 'share', 'response.redeemed_per_sent': 'share'}
        """
        if not self.rates:
            label = Message("experiments.fact.response", {"definition": "-"})
            return (Fact("response", label, None, refusal=self.refusal()),)
        return tuple(
            Fact(
                _id(r),
                Message("experiments.fact.response", {"definition": _of_group(r)}),
                float(r["rate"]),
                "share",
                ci=Interval(float(r["low"]), float(r["high"]), self.spec.level),
                kind="estimate",
                n=int(r["of"]),
                denominator=_parts(r["definition"])[-1],
                better="up",
            )
            for r in self.rates
        )
