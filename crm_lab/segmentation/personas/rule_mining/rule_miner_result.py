"""The rules that hold: table, words, facts, and segments that other pages take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from operator import and_
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from crm_lab.data.rule_segments.condition_tree import Condition
from crm_lab.data.rule_segments.rule_segment import RuleSegment
from crm_lab.fact_rows import facts_of, id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.personas.rule_mining.feature_conditions import condition_of
from crm_lab.segmentation.personas.rule_mining.feature_periods import FeaturePeriods


class RuleMinerSettings(Protocol):
    """Settings of `RuleMiner` that its result is read by."""

    @property
    def least_lines(self) -> int:
        """Fewest lines of a condition."""
        ...

    @property
    def alpha(self) -> float:
        """Share of false rules."""
        ...

    @property
    def level(self) -> float:
        """Confidence level."""
        ...


@dataclass(frozen=True, eq=False)
class RuleMinerResult(Result):
    """Rules that were found and hold in other customers and later months.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.rule_mining import RuleMiner
    >>> mined = RuleMiner().analyze(open_workspace("simulated:personas,customers=2500").at("latest"))

    Attributes:
        spec: The settings.
        table: One row per rule, highest lift first.
        conditions: Of each rule, feature and least share of each condition.
        inside: Who meets each rule, shape (rules, customers).
        counts: What was searched.
        looked_at: Binary conditions that were looked at.
        sizes: Rules found before confirmation, customers searched, customers held out.
        currency: Of the revenue.
    """

    name: ClassVar[str] = "rule_miner"
    formats: ClassVar[Mapping[str, str]] = {
        "share": ".1%", "lift": ".2f", "lo": ".2f", "hi": ".2f", "p_value": "p", "p_holm": "p",
        "next_repurchase": ".1%",
        "repurchase_difference": "+.1%", "repurchase_difference_lo": "+.1%", "repurchase_difference_hi": "+.1%",
        "next_revenue": ",.0f", "revenue_difference": "+,.0f", "revenue_difference_lo": "+,.0f",
        "revenue_difference_hi": "+,.0f",
    }  # fmt: skip

    spec: RuleMinerSettings
    table: pd.DataFrame = field(repr=False)
    conditions: tuple[tuple[tuple[str, float], ...], ...]
    inside: np.ndarray = field(repr=False)
    counts: FeaturePeriods = field(repr=False)
    looked_at: int
    sizes: tuple[int, int, int]
    currency: str

    def names(self) -> list[str]:
        """A name for each rule, from its features.

        >>> "night_category_baby" in mined.names()
        True
        """
        return ["_".join(id_part(f.removesuffix("_share")) for f, _ in rule) for rule in self.conditions]

    def features(self) -> list[tuple[str, ...]]:
        """The features of each rule.

        >>> len(mined.features()) == len(mined.to_frame())
        True
        """
        return [tuple(f for f, _ in rule) for rule in self.conditions]

    def segments(self) -> tuple[RuleSegment, ...]:
        """The rules as segments, known on the last day that was searched; `write_segments` makes a file of them.

        >>> len(mined.segments()) == len(mined.to_frame())
        True
        """
        mined = 4
        day = self.counts.days[mined] - timedelta(days=1)
        window = (self.counts.days[mined] - self.counts.days[0]).days
        made = []
        for name, rule in zip(self.names(), self.conditions, strict=True):
            parts: list[Condition] = [condition_of(f, share, self.spec.least_lines) for f, share in rule]
            made.append(RuleSegment(name, reduce(and_, parts), day, window, *self._labels(rule)))
        return tuple(made)

    def _labels(self, rule: tuple[tuple[str, float], ...]) -> tuple[str, str]:
        return self._short(rule).text("en"), self._short(rule).text("zh")

    @staticmethod
    def _short(rule: tuple[tuple[str, float], ...]) -> Message:
        said = [
            Message("persona_rules.at_least", {"feature": feature_words(f), "share": f"{share:.0%}"})
            for f, share in rule
        ]
        return reduce(lambda a, b: Message("persona_rules.with", {"a": a, "b": b}), said)

    def members(self) -> pd.DataFrame:
        """Who meets which rule.

        >>> list(mined.members())
        ['customer_id', 'segment']
        """
        rule, row = np.nonzero(self.inside)
        return pd.DataFrame(
            {"customer_id": self.counts.customers[row], "segment": np.array(self.names(), dtype=object)[rule]}
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per rule: lift with interval, p values, customers, periods in which it held, what came next.

        >>> list(mined.to_frame())[:4]
        ['segment', 'lift', 'lo', 'hi']
        """
        frame = self.table.copy()
        frame.insert(0, "segment", self.names())
        return frame

    def shown(self) -> pd.DataFrame:
        """The table with rules in words, without p values: the interval of the lift says it.

        >>> mined.shown()["segment"].str.contains("%").all()
        np.True_
        """
        frame = self.to_frame().drop(columns=["p_value", "p_holm"])
        return frame.assign(segment=[self._short(rule).text() for rule in self.conditions])

    def readout(self) -> Readout:
        """What goes together most, how sure that is, what to do.

        >>> mined.readout().action.key
        'persona_rules.miner.use'
        """
        values: dict[str, Any] = {
            "rules": len(self.table), "found": self.sizes[0], "searched": self.sizes[1], "held_out": self.sizes[2],
            "looked_at": self.looked_at, "alpha": self.spec.alpha, "level": self.spec.level,
        }  # fmt: skip
        if self.table.empty:
            return Readout.of("persona_rules.miner", values, "none", "none_certainty", "none_action")
        row = self.table.iloc[0]
        values |= {name: row[name] for name in ("lift", "lo", "hi", "share")}
        values |= {name: int(row[name]) for name in ("customers", "periods_held")}
        values |= {"rule": self._short(self.conditions[0]), "periods": self.counts.periods}
        return Readout.of("persona_rules.miner", values, action="use")

    def facts(self) -> tuple[Fact, ...]:
        """Rules that hold, and the lift of each.

        >>> mined.facts()[0].id
        'persona_rules.rules'
        """
        kind = "simulated" if self.counts.simulated else "estimate"
        labels = dict(zip(self.names(), (self._short(rule) for rule in self.conditions), strict=True))
        count = Fact(
            "persona_rules.rules",
            "persona_rules.miner.rules",
            len(self.table),
            "rules",
            n=self.sizes[1],
            kind="simulated" if self.counts.simulated else "fact",
        )
        return (count, *facts_of(
            self.to_frame(), "persona_rules.{segment}.lift",
            lambda row: Message("persona_rules.miner.lift", {"rule": labels[row["segment"]]}), "lift", "ratio",
            ends=("lo", "hi"), level=self.spec.level, n="customers", kind=kind, better="up",
        ))  # fmt: skip


def feature_words(feature: str) -> Message | str:
    """A shopper feature as readers call it.

    >>> print(feature_words("category:baby"), feature_words("night_share"), sep=", ")
    baby, night

    Args:
        feature: Name of the feature.

    Returns:
        Its value, or a message.
    """
    column, _, value = feature.partition(":")
    return value if value else Message(f"persona_rules.feature.{column}")
